//! The judgement which addresses may be dialed, and in which order of preference (D1, D2).

mod contradicted;
mod precedence;
mod ready;

use core::fmt;
use std::time::Duration;

use crate::candidate::{Candidate, Certified};
use crate::refusal::Refusal;
use crate::scopes::Scopes;

pub use contradicted::RefuseContradicted;
pub use precedence::{Precedence, PrecedenceBuilder, PrecedenceError};
pub use ready::{Any, CertifiedFirst, CertifiedOnly, UserAndCertified};

/// When a stage of a plan begins.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[expect(clippy::exhaustive_enums, reason = "a dialer has to do each")]
pub enum Start {
    /// At once.
    Now,
    /// At once, and only where the better stages have no address. Where they have one, the addresses
    /// of this stage are refused.
    IfNone,
    /// When every address of the better stages failed.
    AfterFailure,
    /// So long after the stage before it began, or when that failed.
    After(Duration),
}

/// `now`, `if-none`, `after-failure`, or `after-ms:250`.
impl fmt::Display for Start {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Now => f.pad("now"),
            Self::IfNone => f.pad("if-none"),
            Self::AfterFailure => f.pad("after-failure"),
            Self::After(delay) => f.pad(&format!("after-ms:{}", delay.as_millis())),
        }
    }
}

/// Which addresses may be dialed, and in which stage.
///
/// A policy judges one address at a time, from what the [`Candidate`] says; it is pure, and cheap
/// enough to be asked on every change (D8). The number of a stage is its preference: 0 is the best.
pub trait DialPolicy: Send + Sync {
    /// A short name, for people and logs.
    fn name(&self) -> &str;

    /// When each stage begins, the best first. The first begins at once, whatever it says.
    fn stages(&self) -> &[Start];

    /// The stage of an address, or why it has none. What is wrong with every address, whatever the
    /// policy, is not asked: see [`plan`](crate::plan).
    ///
    /// # Errors
    ///
    /// The reason for which it must not be dialed.
    fn judge(&self, candidate: &Candidate) -> Result<usize, Refusal>;

    /// Who may dial which scope (D4).
    fn scopes(&self) -> &Scopes {
        const { &Scopes::DEFAULT }
    }

    /// The same policy, for those who would rather not dial by a record that the peer contradicted by
    /// another with the same sequence number (D7).
    ///
    /// Every address of either record was signed by the peer, and honest implementations that number
    /// in seconds produce such records at start-up: by relaying two honest records of one second,
    /// anybody can make this policy refuse both.
    fn refuse_contradicted(self) -> RefuseContradicted<Self>
    where
        Self: Sized,
    {
        RefuseContradicted::new(self)
    }
}

impl<P: DialPolicy + ?Sized> DialPolicy for &P {
    fn name(&self) -> &str {
        (**self).name()
    }

    fn stages(&self) -> &[Start] {
        (**self).stages()
    }

    fn judge(&self, candidate: &Candidate) -> Result<usize, Refusal> {
        (**self).judge(candidate)
    }

    fn scopes(&self) -> &Scopes {
        (**self).scopes()
    }
}

/// This stage for an address that somebody claims.
fn if_live(candidate: &Candidate, stage: usize) -> Result<usize, Refusal> {
    if candidate.is_live() { Ok(stage) } else { Err(why_not_certified(candidate)) }
}

/// What an address lacks that is no certified one.
pub(crate) fn why_not_certified(candidate: &Candidate) -> Refusal {
    match (candidate.certified(), candidate.class()) {
        (Certified::Over, _) => Refusal::RecordOver,
        (_, Some(class)) => Refusal::Class(class),
        (_, None) => Refusal::NotLive,
    }
}

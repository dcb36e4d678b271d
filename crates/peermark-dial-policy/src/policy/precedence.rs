//! Policies of one's own: stages, each for some classes or by a predicate.

use core::fmt;
use std::sync::Arc;

use super::{DialPolicy, Start, why_not_certified};
use crate::candidate::Candidate;
use crate::classes::Classes;
use crate::refusal::Refusal;
use crate::scopes::Scopes;

/// A policy put together from stages (D1): an address goes to the first stage that admits it.
///
/// # Examples
///
/// What the user said, and what was dialed before; then the peer's record, with a head start of a
/// second for the former; the rest not at all:
///
/// ```
/// use std::time::Duration;
/// use peermark_dial_policy::{Classes, DialPolicy as _, Precedence, Start};
/// use peermark_provenance::TrustClass;
///
/// let known = Classes::of([TrustClass::User, TrustClass::Dialed]);
/// let policy = Precedence::builder("known-first")
///     .stage(known)
///     .then(Start::After(Duration::from_secs(1)), Classes::of([TrustClass::Certified]))
///     .build()?;
/// assert_eq!(policy.stages().len(), 2);
/// # Ok::<(), peermark_dial_policy::PrecedenceError>(())
/// ```
#[derive(Clone, Debug)]
pub struct Precedence {
    name: String,
    starts: Vec<Start>,
    admits: Vec<Admits>,
    scopes: Scopes,
}

#[derive(Clone)]
enum Admits {
    Classes(Classes),
    Where(Predicate),
}

type Predicate = Arc<dyn Fn(&Candidate) -> bool + Send + Sync>;

impl fmt::Debug for Admits {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Classes(classes) => fmt::Debug::fmt(classes, f),
            Self::Where(_) => f.write_str("a predicate"),
        }
    }
}

/// Puts a [`Precedence`] together.
#[derive(Clone, Debug)]
#[must_use = "a builder does nothing until it builds"]
pub struct PrecedenceBuilder(Precedence);

/// Why stages make no policy.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum PrecedenceError {
    /// There is no stage: nothing would ever be dialed.
    #[error("a policy needs a stage")]
    NoStage,
    /// More stages than a plan has.
    #[error("{got} stages exceed the limit of {limit}")]
    TooManyStages {
        /// The limit.
        limit: usize,
        /// How many there are.
        got: usize,
    },
}

impl Precedence {
    /// The most stages that a policy may have.
    pub const MAX_STAGES: usize = 16;

    /// A policy of this name, without a stage yet.
    pub fn builder(name: impl Into<String>) -> PrecedenceBuilder {
        PrecedenceBuilder(Self {
            name: name.into(),
            starts: Vec::new(),
            admits: Vec::new(),
            scopes: Scopes::default(),
        })
    }
}

impl PrecedenceBuilder {
    /// The first stage: addresses with a claim of one of these classes.
    pub fn stage(self, classes: Classes) -> Self {
        self.then(Start::Now, classes)
    }

    /// A further stage: addresses with a claim of one of these classes that are in none before it.
    pub fn then(self, start: Start, classes: Classes) -> Self {
        self.add(start, Admits::Classes(classes))
    }

    /// A further stage, of the live addresses that a predicate admits and that are in none before it.
    /// The predicate has to be pure.
    pub fn then_where(
        self,
        start: Start,
        admits: impl Fn(&Candidate) -> bool + Send + Sync + 'static,
    ) -> Self {
        self.add(start, Admits::Where(Arc::new(admits)))
    }

    /// Who may dial which scope.
    pub fn scopes(mut self, scopes: Scopes) -> Self {
        self.0.scopes = scopes;
        self
    }

    /// The policy.
    ///
    /// # Errors
    ///
    /// There is no stage, or more than [`Precedence::MAX_STAGES`].
    pub fn build(self) -> Result<Precedence, PrecedenceError> {
        let (limit, got) = (Precedence::MAX_STAGES, self.0.starts.len());
        match got {
            0 => Err(PrecedenceError::NoStage),
            _ if got > limit => Err(PrecedenceError::TooManyStages { limit, got }),
            _ => Ok(self.0),
        }
    }

    fn add(mut self, start: Start, admits: Admits) -> Self {
        let start = if self.0.starts.is_empty() { Start::Now } else { start };
        self.0.starts.push(start);
        self.0.admits.push(admits);
        self
    }
}

impl DialPolicy for Precedence {
    fn name(&self) -> &str {
        &self.name
    }

    fn stages(&self) -> &[Start] {
        &self.starts
    }

    fn judge(&self, candidate: &Candidate) -> Result<usize, Refusal> {
        if !candidate.is_live() {
            return Err(why_not_certified(candidate));
        }
        let admits = |admits: &Admits| match admits {
            Admits::Classes(classes) => candidate.classes().meets(*classes),
            Admits::Where(predicate) => predicate(candidate),
        };
        let stage = self.admits.iter().position(admits);
        stage.ok_or_else(|| why_not_certified(candidate))
    }

    fn scopes(&self) -> &Scopes {
        &self.scopes
    }
}

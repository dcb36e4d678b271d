//! One address of a plan, and the groups that slots are shared between.

use std::time::Duration;

use peermark_provenance::TrustClass;
use peermark_scope::Scope;

use crate::classes::Classes;
use crate::key::{Group, Kind, family_of, group_of, kind_of, place_of};
use crate::traits::{Family, Transport};

/// One address of a plan.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Dial {
    pub(crate) key: u64,
    pub(crate) stage: u16,
    pub(crate) after: Option<u16>,
    /// Of all spellings of it that the policy admits.
    pub(crate) classes: Classes,
    /// A number for the time in which a plan is made.
    pub(crate) scratch: u16,
    pub(crate) delay: Duration,
}

impl Dial {
    /// Returns which of the candidates it is.
    #[must_use]
    pub fn candidate(&self) -> usize {
        place_of(self.key)
    }

    /// Returns when it is dialed, counted from the beginning of its stage. Where [`Self::after`] names
    /// another, it is [`Duration::MAX`]: it waits until that failed, and is due at once then.
    #[must_use]
    pub const fn delay(&self) -> Duration {
        self.delay
    }

    /// For rankers: dial it so long after the beginning of the stage.
    pub const fn set_delay(&mut self, delay: Duration) {
        self.delay = delay;
    }

    /// Returns the candidate that supersedes it: a better transport on the same host and port. It is
    /// dialed when that one failed (D9).
    #[must_use]
    pub fn after(&self) -> Option<usize> {
        self.after.map(usize::from)
    }

    /// Returns the best class of all spellings of the address that the policy admits (D9).
    #[must_use]
    pub fn class(&self) -> Option<TrustClass> {
        self.classes.best()
    }

    /// Returns the group that it is ranked in.
    #[must_use]
    pub const fn group(&self) -> Group {
        group_of(self.key)
    }

    /// Returns the kind of its transport.
    #[must_use]
    pub const fn kind(&self) -> Kind {
        kind_of(self.key)
    }

    /// Returns the family of its host; of transports of another kind than QUIC and TCP,
    /// [`Family::Neither`].
    #[must_use]
    pub const fn family(&self) -> Family {
        family_of(self.key)
    }

    /// What dials are sorted by before they have delays, as one number.
    pub(crate) fn order(&self) -> u128 {
        (u128::from(self.stage) << 65) | self.waits() | u128::from(self.key)
    }

    /// What the dials of a stage are sorted by when they have delays, as one number: to compare
    /// parts takes a guess for each, and most guesses are wrong.
    pub(crate) fn when(&self) -> u128 {
        let nanos = u64::try_from(self.delay.as_nanos()).unwrap_or(u64::MAX);
        (u128::from(nanos) << 64) | u128::from(self.key)
    }

    fn waits(&self) -> u128 {
        u128::from(self.after.is_some()) << 64
    }
}

/// The groups that slots are shared between: no group starves another (D11).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[expect(clippy::exhaustive_structs, reason = "the three that the rule names")]
pub struct SlotGroup {
    /// The best class of the address.
    pub class: Option<TrustClass>,
    /// Where the host is; `None` where there is none.
    pub scope: Option<Scope>,
    /// How to get there.
    pub transport: Transport,
}

//! What happens to a dial: each address behaves in its own way.

use std::collections::BTreeMap;
use std::time::Duration;

use multiaddr::Multiaddr;
use peermark_provenance::DialOutcome;

use crate::rng::Rng;

/// How an address behaves.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(clippy::exhaustive_enums, reason = "tests take each")]
pub enum Behaviour {
    /// The peer is there, within milliseconds.
    Fast,
    /// The peer is there, after seconds.
    Slow,
    /// Nobody answers, until whoever dials gives up.
    BlackHole,
    /// Nobody listens there, which is told at once.
    Refused,
    /// Somebody else is there.
    WrongPeer,
    /// Now this, now that.
    Flapping,
}

impl Behaviour {
    /// All of them.
    pub const ALL: [Self; 6] =
        [Self::Fast, Self::Slow, Self::BlackHole, Self::Refused, Self::WrongPeer, Self::Flapping];

    /// What becomes of a dial, and when.
    pub fn dial(self, rng: &mut Rng) -> (Duration, DialOutcome) {
        let jitter = |rng: &mut Rng, from: u64, to: u64| {
            let width = usize::try_from(to - from).unwrap_or(1);
            Duration::from_millis(from + u64::try_from(rng.below(width)).unwrap_or(0))
        };
        match self {
            Self::Fast => (jitter(rng, 2, 200), DialOutcome::Success),
            Self::Slow => (jitter(rng, 1_000, 8_000), DialOutcome::Success),
            Self::BlackHole => (Duration::from_secs(15), DialOutcome::Failure),
            Self::Refused => (jitter(rng, 1, 20), DialOutcome::Failure),
            Self::WrongPeer => (jitter(rng, 5, 100), DialOutcome::WrongPeer),
            Self::Flapping => {
                let other = *rng.pick(&[Self::Fast, Self::Refused, Self::BlackHole]);
                other.dial(rng)
            }
        }
    }
}

/// How each address behaves.
#[derive(Clone, Debug, Default)]
pub struct Network(BTreeMap<Multiaddr, Behaviour>);

impl Network {
    /// An address behaves like this.
    pub fn set(&mut self, address: Multiaddr, behaviour: Behaviour) {
        self.0.insert(address, behaviour);
    }

    /// How an address behaves: where nobody said so, nobody listens.
    #[must_use]
    pub fn behaviour(&self, address: &Multiaddr) -> Behaviour {
        self.0.get(address).copied().unwrap_or(Behaviour::Refused)
    }
}

//! When each address of a stage is dialed (D6).

use std::time::Duration;

use crate::candidate::{Candidate, Experience};
use crate::dial::Dial;
use crate::key::{Group, Kind};
use crate::traits::Family;

/// The addresses of one stage, as a [`Ranker`] sees them.
#[derive(Debug)]
pub struct Ranking<'a> {
    before: &'a [Dial],
    dials: &'a mut [Dial],
    candidates: &'a [Candidate],
}

impl<'a> Ranking<'a> {
    pub(crate) const fn new(
        before: &'a [Dial],
        dials: &'a mut [Dial],
        candidates: &'a [Candidate],
    ) -> Self {
        Self { before, dials, candidates }
    }

    /// Returns the dials of the stage. They come in the order of group, transport, family and port,
    /// and equals in the order of the candidates.
    #[must_use]
    pub const fn dials(&self) -> &[Dial] {
        self.dials
    }

    /// Returns the dials of the stage, to give each its delay. They may be moved about, but each has to
    /// stay there once.
    pub const fn dials_mut(&mut self) -> &mut [Dial] {
        self.dials
    }

    /// Returns the dials of the better stages, with their delays.
    #[must_use]
    pub const fn before(&self) -> &[Dial] {
        self.before
    }

    /// Returns the candidate of a dial, with its traits, class and history; `None` for a dial of
    /// another plan.
    #[must_use]
    pub fn candidate(&self, dial: &Dial) -> Option<&'a Candidate> {
        self.candidates.get(dial.candidate())
    }
}

/// Says when each address of a stage is dialed, counted from the beginning of the stage.
///
/// A dialer that sees one fail dials the next at once; the delays are for those that do not answer.
pub trait Ranker: Send + Sync {
    /// Gives each dial of one stage its delay; the plan sorts them by that.
    ///
    /// Superseded addresses (D9) are not among them: they wait for another.
    fn rank(&self, ranking: &mut Ranking<'_>);
}

impl<R: Ranker + ?Sized> Ranker for &R {
    fn rank(&self, ranking: &mut Ranking<'_>) {
        (**self).rank(ranking);
    }
}

/// All at once: for simultaneous dials through a NAT.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
#[expect(clippy::exhaustive_structs, reason = "there is nothing to say")]
pub struct NoDelay;

impl Ranker for NoDelay {
    fn rank(&self, ranking: &mut Ranking<'_>) {
        for dial in ranking.dials_mut() {
            dial.set_delay(Duration::ZERO);
        }
    }
}

/// The happy-eyeballs schedule of go-libp2p's dial ranker: QUIC before TCP, IPv6 then IPv4, the rest
/// behind them; relays behind a public direct address; other transports a second later. An address
/// with nothing before it is dialed at once.
///
/// What dialing taught counts within a class: of the delays that the addresses of one class have, those
/// that answered before take the earliest, and those that only failed the latest.
///
/// # Examples
///
/// ```
/// use std::time::Duration;
/// use peermark_dial_policy::HappyEyeballs;
///
/// let mut patient = HappyEyeballs::default();
/// patient.public = Duration::from_millis(500);
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct HappyEyeballs {
    /// Between two steps on the public Internet: 250 ms, about a round trip (RFC 8305).
    pub public: Duration,
    /// Between two steps on this host, link or site: 30 ms.
    pub private: Duration,
    /// How long relays wait where there is a public direct address: 500 ms.
    pub relay: Duration,
    /// How long other transports of the public Internet wait behind the last QUIC or TCP: 1 s.
    pub other: Duration,
    /// The same on this host, link or site: 100 ms.
    pub private_other: Duration,
}

impl Default for HappyEyeballs {
    fn default() -> Self {
        Self {
            public: Duration::from_millis(250),
            private: Duration::from_millis(30),
            relay: Duration::from_millis(500),
            other: Duration::from_secs(1),
            private_other: Duration::from_millis(100),
        }
    }
}

impl Ranker for HappyEyeballs {
    fn rank(&self, ranking: &mut Ranking<'_>) {
        let dials = ranking.dials_mut();
        let (private, rest) = split(dials, Group::Private);
        let (public, rest) = split(rest, Group::Public);
        let (relay, other) = split(rest, Group::Relay);
        let offset = if public.is_empty() { Duration::ZERO } else { self.relay };
        schedule(private, self.private, self.private_other, Duration::ZERO);
        schedule(public, self.public, self.other, Duration::ZERO);
        schedule(relay, self.public, self.other, offset);
        let last = relay.last().or(public.last()).or(private.last());
        // With nothing before them, there is nothing to wait for.
        let begin = last.map_or(Duration::ZERO, |dial| dial.delay().saturating_add(self.other));
        for dial in other {
            dial.set_delay(begin);
        }
        let is_tried = |dial: &Dial| {
            let candidate = ranking.candidate(dial);
            candidate.is_some_and(|candidate| candidate.experience() != Experience::Untried)
        };
        if ranking.dials().iter().any(is_tried) {
            by_experience(ranking);
        }
    }
}

/// The dials of a group in front of the others; they come sorted by group.
fn split(dials: &mut [Dial], group: Group) -> (&mut [Dial], &mut [Dial]) {
    let count = dials.iter().take_while(|dial| dial.group() == group).count();
    dials.split_at_mut(count.min(dials.len()))
}

/// The schedule of one group: `step` between two of its steps, `other` behind the last.
fn schedule(dials: &mut [Dial], step: Duration, other: Duration, offset: Duration) {
    let quic = dials.iter().take_while(|dial| dial.kind() == Kind::Quic).count();
    let (quic, rest) = dials.split_at_mut(quic.min(dials.len()));
    let tcp = rest.iter().take_while(|dial| dial.kind() == Kind::Tcp).count();
    let (tcp, others) = rest.split_at_mut(tcp.min(rest.len()));

    let mut last = None;
    let mut begin = offset;
    for steps in [quic, tcp] {
        let both = second_family_second(steps);
        for (place, dial) in steps.iter_mut().enumerate() {
            // The first; one step later the second, of the other family where there is one; the
            // rest with it, or one more step later.
            let waits = match place {
                0 => Duration::ZERO,
                1 => step,
                _ if both => step.saturating_add(step),
                _ => step,
            };
            let delay = begin.saturating_add(waits);
            dial.set_delay(delay);
            last = Some(delay);
        }
        if let (Some(last), false) = (last, steps.is_empty()) {
            begin = last.saturating_add(step);
        }
    }
    // Where nothing is before them in the group, they begin where the group begins.
    let begin = last.map_or(offset, |last| last.saturating_add(other));
    for dial in others {
        dial.set_delay(begin);
    }
}

/// Where the first is of IPv6, moves the first of IPv4 to the second place. Returns whether there
/// is one.
fn second_family_second(dials: &mut [Dial]) -> bool {
    if dials.first().is_none_or(|dial| dial.family() != Family::Ip6) {
        return false;
    }
    let Some(at) = dials.iter().position(|dial| dial.family() == Family::Ip4) else {
        return false;
    };
    if let Some(between) = dials.get_mut(1..=at) {
        between.rotate_right(1);
    }
    true
}

/// Deals the delays of each class out again: first to what answered before, last to what only failed.
fn by_experience(ranking: &mut Ranking<'_>) {
    /// As many as one attempt dials: more take an allocation.
    const USUAL: usize = 64;
    let candidates = ranking.candidates;
    let experience = |dial: &Dial| {
        let candidate = candidates.get(dial.candidate());
        candidate.map_or(Experience::Untried, Candidate::experience)
    };
    ranking.dials.sort_by_key(|dial| (dial.class(), dial.delay()));
    for class in ranking.dials.chunk_by_mut(|a, b| a.class() == b.class()) {
        let (mut few, mut many) = ([Duration::ZERO; USUAL], Vec::new());
        let delays = match few.get_mut(..class.len()) {
            Some(few) => few,
            None => {
                many.resize(class.len(), Duration::ZERO);
                many.as_mut_slice()
            }
        };
        for (delay, dial) in delays.iter_mut().zip(&*class) {
            *delay = dial.delay();
        }
        class.sort_unstable_by_key(|dial| (experience(dial), dial.when()));
        for (delay, dial) in delays.iter().zip(class) {
            dial.set_delay(*delay);
        }
    }
}

//! The plan: stages of addresses with delays, and every refused address with its reason (D2, D3).

use std::time::Duration;

use multiaddr::{Multiaddr, PeerId, Protocol};

use crate::candidate::Candidate;
use crate::policy::{DialPolicy, Start};
use crate::rank::{Group, Ranker, fingerprint_of, group_of, place_of};
use crate::refusal::Refusal;

/// Who dials whom.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Target<'a> {
    /// The peer to be dialed.
    pub peer: PeerId,
    /// This node's peer id: it does not dial itself.
    pub local: Option<PeerId>,
    /// The addresses that this node listens on, as they are seen from outside: nobody else is there.
    /// Circuits among them do not count: others listen behind the same relay.
    pub own: &'a [Multiaddr],
    /// How many addresses one attempt dials at most.
    pub most: usize,
}

impl Target<'_> {
    /// How many addresses one attempt dials when nobody says otherwise.
    pub const MOST: usize = 64;
    /// How many candidates are looked at; those behind are refused.
    pub const MAX_CANDIDATES: usize = 65_536;

    /// A peer, by a node that says nothing of itself.
    #[must_use]
    pub const fn new(peer: PeerId) -> Self {
        Self { peer, local: None, own: &[], most: Self::MOST }
    }
}

/// One address of a plan.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Dial {
    pub(crate) key: u64,
    pub(crate) stage: u16,
    pub(crate) delay: Duration,
}

impl Dial {
    /// Which of the candidates it is.
    #[must_use]
    pub fn candidate(&self) -> usize {
        place_of(self.key)
    }

    /// When it is dialed, counted from the beginning of its stage.
    #[must_use]
    pub const fn delay(&self) -> Duration {
        self.delay
    }

    /// For rankers: dial it so long after the beginning of the stage.
    pub const fn set_delay(&mut self, delay: Duration) {
        self.delay = delay;
    }

    /// The group that it is ranked in.
    #[must_use]
    pub const fn group(&self) -> Group {
        group_of(self.key)
    }
}

/// One address that is not dialed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(clippy::exhaustive_structs, reason = "which, and why")]
pub struct Refused {
    /// Which of the candidates it is.
    pub candidate: usize,
    /// Why it is not dialed.
    pub reason: Refusal,
}

/// Stages of addresses with delays, and what is not dialed.
///
/// It names candidates by their places in the slice that it was made from; every one of them is in
/// it once, dialed or refused.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DialPlan {
    starts: Vec<(u16, Start)>,
    dials: Vec<Dial>,
    refused: Vec<Refused>,
}

/// Why a plan dials nothing (D3).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, thiserror::Error)]
#[expect(clippy::exhaustive_enums, reason = "there are two ways to have nothing")]
pub enum Nothing {
    /// No address is known.
    #[error("no address is known")]
    NoAddress,
    /// Addresses are known, and each is refused.
    #[error("every known address is refused")]
    AllRefused,
}

/// One stage of a plan.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Stage<'a> {
    /// Its number in the policy: what [`DialPolicy::judge`] answered for its addresses.
    pub number: usize,
    /// When it begins. The first begins at once: [`Start::Now`], or [`Start::IfNone`] where it is
    /// there because the better ones are empty.
    pub start: Start,
    /// Its addresses, in the order of their delays.
    pub dials: &'a [Dial],
}

impl DialPlan {
    /// The stages that have an address, the best first.
    pub fn stages(&self) -> impl Iterator<Item = Stage<'_>> {
        self.starts.iter().map(|(stage, start)| {
            let from = self.dials.partition_point(|dial| dial.stage < *stage);
            let to = self.dials.partition_point(|dial| dial.stage <= *stage);
            let dials = self.dials.get(from..to).unwrap_or_default();
            Stage { number: usize::from(*stage), start: *start, dials }
        })
    }

    /// All addresses that are dialed, by stage and delay.
    #[must_use]
    pub fn dials(&self) -> &[Dial] {
        &self.dials
    }

    /// All addresses that are not, in the order of the candidates.
    #[must_use]
    pub fn refused(&self) -> &[Refused] {
        &self.refused
    }

    /// Why nothing is dialed; `None` where something is.
    #[must_use]
    pub fn nothing(&self) -> Option<Nothing> {
        match (self.dials.is_empty(), self.refused.is_empty()) {
            (false, _) => None,
            (true, true) => Some(Nothing::NoAddress),
            (true, false) => Some(Nothing::AllRefused),
        }
    }

    /// The stage of a candidate, counted from the best that has an address; `None` where it is
    /// refused.
    #[must_use]
    pub fn stage_of(&self, candidate: usize) -> Option<usize> {
        let dial = self.dials.iter().find(|dial| dial.candidate() == candidate)?;
        self.starts.iter().position(|(stage, _)| *stage == dial.stage)
    }
}

/// Judges and ranks the candidates: which are dialed in which stage and when, and which are not.
///
/// What is wrong with an address whatever the policy is told first: port 0, an end of this node, a
/// circuit that cannot be (D5). Then the policy judges, then scopes (D4). What stands among the
/// candidates twice is dialed once. Of more than [`Target::most`], those that would be dialed last
/// are refused, and so is everything behind the first [`Target::MAX_CANDIDATES`].
///
/// # Examples
///
/// ```
/// use peermark_dial_policy::{Candidate, CertifiedOnly, HappyEyeballs, Nothing, Target, plan};
///
/// let peer = "12D3KooWLKi1Mxitw7NPQHaqxYYW4iCdxBJXXrCHYjegHkuwjbhJ".parse()?;
/// let typed = Candidate::explicit("/ip4/1.2.3.4/tcp/4001".parse()?);
/// let plan = plan(&Target::new(peer), &[typed], &CertifiedOnly::default(), &HappyEyeballs::default());
/// assert_eq!(plan.nothing(), Some(Nothing::AllRefused));
/// assert_eq!(plan.refused()[0].reason.to_string(), "the policy does not admit user addresses");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[must_use]
pub fn plan(
    target: &Target<'_>,
    candidates: &[Candidate],
    policy: &(impl DialPolicy + ?Sized),
    ranker: &(impl Ranker + ?Sized),
) -> DialPlan {
    let stages = policy.stages();
    let mut dials = Vec::with_capacity(candidates.len().min(Target::MAX_CANDIDATES));
    let mut refusals = Refusals { list: Vec::new(), most: candidates.len() };
    for (place, candidate) in candidates.iter().enumerate() {
        match judge(target, place, candidate, policy) {
            Ok(dial) => dials.push(dial),
            Err(reason) => refusals.add(place, reason),
        }
    }
    let judged = refusals.list.len();
    refuse_repeated(&mut dials, &mut refusals, candidates);
    dials.sort_unstable_by_key(Dial::order);
    let best = dials.first().map(|dial| dial.stage);
    dials.retain(|dial| {
        let is_spare = stages.get(usize::from(dial.stage)) == Some(&Start::IfNone);
        let keeps = !is_spare || best == Some(dial.stage);
        if !keeps {
            refusals.add(dial.candidate(), Refusal::BetterKnown);
        }
        keeps
    });
    for stage in dials.chunk_by_mut(|a, b| a.stage == b.stage) {
        ranker.rank(stage);
        stage.sort_unstable_by_key(Dial::when);
    }
    for dial in dials.iter().skip(target.most) {
        refusals.add(dial.candidate(), Refusal::TooMany);
    }
    dials.truncate(target.most);
    let mut refused = refusals.list;
    if refused.len() > judged {
        refused.sort_unstable_by_key(|refused| refused.candidate);
    }
    DialPlan { starts: starts(&dials, stages), dials, refused }
}

impl Dial {
    /// What dials are sorted by before they have delays, as one number.
    fn order(&self) -> u128 {
        (u128::from(self.stage) << 64) | u128::from(self.key)
    }

    /// What the dials of a stage are sorted by when they have delays, as one number: to compare
    /// parts takes a guess for each, and most guesses are wrong.
    fn when(&self) -> u128 {
        let nanos = u64::try_from(self.delay.as_nanos()).unwrap_or(u64::MAX);
        (u128::from(nanos) << 64) | u128::from(self.key)
    }
}

/// What is refused, in one allocation if in any.
struct Refusals {
    list: Vec<Refused>,
    most: usize,
}

impl Refusals {
    fn add(&mut self, candidate: usize, reason: Refusal) {
        if self.list.capacity() == 0 {
            self.list.reserve_exact(self.most);
        }
        self.list.push(Refused { candidate, reason });
    }
}

/// A dial of a candidate, or the first reason against it.
fn judge(
    target: &Target<'_>,
    place: usize,
    candidate: &Candidate,
    policy: &(impl DialPolicy + ?Sized),
) -> Result<Dial, Refusal> {
    let place = u16::try_from(place).map_err(|_| Refusal::TooMany)?;
    check_address(target, candidate)?;
    let stage = policy.judge(candidate)?;
    check_scope(candidate, policy)?;
    // More stages than anybody has; a number that no stage has comes last.
    let stage = u16::try_from(stage).unwrap_or(u16::MAX);
    Ok(Dial { key: candidate.key().at(place), stage, delay: Duration::ZERO })
}

/// Whether an address leads where the policy lets addresses like it lead (D4): to be asked again for
/// each address that a name resolved to.
///
/// # Errors
///
/// [`Refusal::Scope`]; [`Refusal::Ambiguous`] where it names two hosts, of which a scope would say
/// nothing.
pub fn check_scope(
    candidate: &Candidate,
    policy: &(impl DialPolicy + ?Sized),
) -> Result<(), Refusal> {
    match candidate.scope() {
        _ if candidate.traits().ambiguous => Err(Refusal::Ambiguous),
        Some(scope) if !policy.scopes().admits(scope, candidate.classes()) => {
            Err(Refusal::Scope(scope))
        }
        _ => Ok(()),
    }
}

/// What is wrong with an address whatever the policy (D5): to be asked again, with [`check_scope`],
/// for each address that a `dnsaddr` stands for.
///
/// # Errors
///
/// It is one's own, ambiguous, at port 0, of another peer, or a circuit that cannot be.
pub fn check_address(target: &Target<'_>, candidate: &Candidate) -> Result<(), Refusal> {
    let traits = candidate.traits();
    if target.local == Some(target.peer) || is_own(target, candidate) {
        return Err(Refusal::Oneself);
    }
    if traits.ambiguous {
        return Err(Refusal::Ambiguous);
    }
    if traits.port == Some(0) {
        return Err(Refusal::PortZero);
    }
    if traits.target.is_some_and(|end| end != target.peer) {
        return Err(Refusal::OtherPeer);
    }
    let Some(circuit) = &traits.circuit else {
        return Ok(());
    };
    match &circuit.relay {
        _ if circuit.hops != 1 => Err(Refusal::ManyRelays),
        None => Err(Refusal::UnnamedRelay),
        Some(relay) if *relay == target.peer || Some(*relay) == target.local => {
            Err(Refusal::RelayIsAnEnd)
        }
        Some(_) => Ok(()),
    }
}

/// Whether this node listens there, whatever peer id either has at its end.
fn is_own(target: &Target<'_>, candidate: &Candidate) -> bool {
    let is_part = |part: &Protocol<'_>| !matches!(part, Protocol::P2p(_));
    let is_same = |own: &Multiaddr| {
        // That they begin alike is quick to see, and seldom so.
        own.as_ref().starts_with(candidate.bare())
            && own.iter().filter(is_part).eq(candidate.address().iter().filter(is_part))
    };
    !candidate.traits().is_circuit() && target.own.iter().any(is_same)
}

/// Refuses what is dialed already: equal addresses get to stand side by side, the best one first.
fn refuse_repeated(dials: &mut Vec<Dial>, refusals: &mut Refusals, candidates: &[Candidate]) {
    if !may_repeat(dials) {
        return;
    }
    let bytes = |dial: &Dial| candidates.get(dial.candidate()).map(Candidate::bare);
    dials.sort_unstable_by(|a, b| {
        let fingerprints = fingerprint_of(a.key).cmp(&fingerprint_of(b.key));
        // A comparison of addresses is for those that are equal, and for those of one who is at
        // pains to make this slow: sorted, they cost no more than a logarithm.
        fingerprints.then_with(|| bytes(a).cmp(&bytes(b))).then_with(|| a.order().cmp(&b.order()))
    });
    dials.dedup_by(|dial, kept| {
        let is_same =
            fingerprint_of(dial.key) == fingerprint_of(kept.key) && bytes(dial) == bytes(kept);
        if is_same {
            refusals.add(dial.candidate(), Refusal::Repeated);
        }
        is_same
    });
}

/// Whether two fingerprints are perhaps equal: seldom so where none are, and cheaper than sorting.
fn may_repeat(dials: &[Dial]) -> bool {
    let mut seen = [0u64; 256];
    dials.iter().any(|dial| {
        let fingerprint = fingerprint_of(dial.key);
        let word = usize::try_from((fingerprint >> 6) & 0xff).unwrap_or_default();
        let bit = 1u64 << (fingerprint & 63);
        seen.get_mut(word).is_none_or(|word| {
            let was = *word & bit != 0;
            *word |= bit;
            was
        })
    })
}

/// When each stage that has a dial begins.
fn starts(dials: &[Dial], stages: &[Start]) -> Vec<(u16, Start)> {
    let numbers = dials.chunk_by(|a, b| a.stage == b.stage).filter_map(|stage| stage.first());
    let count = numbers.clone().count();
    let mut starts = Vec::with_capacity(count);
    for (place, dial) in numbers.enumerate() {
        let start = match stages.get(usize::from(dial.stage)) {
            Some(Start::IfNone) => Start::IfNone,
            _ if place == 0 => Start::Now,
            Some(start) => *start,
            // The policy has no such stage: the worst of all is better than the best.
            None => Start::AfterFailure,
        };
        starts.push((dial.stage, start));
    }
    starts
}

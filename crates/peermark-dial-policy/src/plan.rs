//! The plan: stages of addresses with delays, and every refused address with its reason (D2, D3).

use std::time::Duration;

use multiaddr::{Multiaddr, PeerId};

use crate::candidate::Candidate;
use crate::policy::{DialPolicy, Start};
use crate::rank::{Group, Ranker, group_of};
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
    pub own: &'a [Multiaddr],
    /// How many addresses one attempt dials at most.
    pub most: usize,
}

impl Target<'_> {
    /// How many addresses one attempt dials when nobody says otherwise.
    pub const MOST: usize = 64;

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
        usize::try_from(self.key & 0xffff).unwrap_or(usize::MAX)
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
            Stage { start: *start, dials: self.dials.get(from..to).unwrap_or_default() }
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
/// circuit that cannot be (D5). Then the policy judges, then scopes (D4). At most 65,535 candidates
/// are looked at; the rest is refused.
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
    let mut dials = Vec::with_capacity(candidates.len().min(usize::from(u16::MAX)));
    let mut refused = Vec::new();
    for (place, candidate) in candidates.iter().enumerate() {
        let judged = judge(target, candidate, policy);
        let judged = judged.and_then(|stage| {
            let stage = u16::try_from(stage).map_err(|_| Refusal::TooMany)?;
            let key = candidate.key().at(u16::try_from(place).map_err(|_| Refusal::TooMany)?);
            Ok(Dial { key, stage, delay: Duration::ZERO })
        });
        match judged {
            Ok(dial) => dials.push(dial),
            Err(reason) => refused.push(Refused { candidate: place, reason }),
        }
    }
    dials.sort_unstable_by_key(|dial| (dial.stage, dial.key));
    let before = refused.len();
    let (stages, best) = (policy.stages(), dials.first().map_or(0, |dial| dial.stage));
    refuse(&mut dials, &mut refused, Refusal::BetterKnown, |_, dial| {
        dial.stage != best && stages.get(usize::from(dial.stage)) == Some(&Start::IfNone)
    });
    let most = target.most;
    refuse(&mut dials, &mut refused, Refusal::TooMany, move |place, _| place >= most);
    if refused.len() > before {
        refused.sort_unstable_by_key(|refused| refused.candidate);
    }
    let starts = rank(&mut dials, policy.stages(), ranker);
    DialPlan { starts, dials, refused }
}

/// The stage of a candidate, or the first reason against it.
fn judge(
    target: &Target<'_>,
    candidate: &Candidate,
    policy: &(impl DialPolicy + ?Sized),
) -> Result<usize, Refusal> {
    check_address(target, candidate)?;
    let stage = policy.judge(candidate)?;
    check_scope(candidate, policy)?;
    Ok(stage)
}

/// Whether an address leads where the policy lets addresses like it lead (D4): to be asked again for
/// each address that a name resolved to.
///
/// # Errors
///
/// [`Refusal::Scope`].
pub fn check_scope(
    candidate: &Candidate,
    policy: &(impl DialPolicy + ?Sized),
) -> Result<(), Refusal> {
    match candidate.scope() {
        Some(scope) if !policy.scopes().admits(scope, candidate.classes()) => {
            Err(Refusal::Scope(scope))
        }
        _ => Ok(()),
    }
}

/// What is wrong with an address whatever the policy.
fn check_address(target: &Target<'_>, candidate: &Candidate) -> Result<(), Refusal> {
    let traits = candidate.traits();
    if target.local == Some(target.peer) || target.own.contains(candidate.address()) {
        return Err(Refusal::Oneself);
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

/// Moves dials to what is refused.
fn refuse(
    dials: &mut Vec<Dial>,
    refused: &mut Vec<Refused>,
    reason: Refusal,
    is_refused: impl Fn(usize, &Dial) -> bool,
) {
    let mut place = 0usize;
    dials.retain(|dial| {
        let out = is_refused(place, dial);
        place = place.saturating_add(1);
        if out {
            refused.push(Refused { candidate: dial.candidate(), reason });
        }
        !out
    });
}

/// Ranks each stage, and answers when each begins.
fn rank(
    dials: &mut [Dial],
    starts: &[Start],
    ranker: &(impl Ranker + ?Sized),
) -> Vec<(u16, Start)> {
    let mut begun = Vec::new();
    for stage in dials.chunk_by_mut(|a, b| a.stage == b.stage) {
        let Some(number) = stage.first().map(|dial| dial.stage) else { continue };
        ranker.rank(stage);
        stage.sort_unstable_by_key(|dial| (dial.delay, dial.key));
        let start = match starts.get(usize::from(number)) {
            Some(Start::IfNone) => Start::IfNone,
            Some(start) if !begun.is_empty() => *start,
            _ => Start::Now,
        };
        begun.push((number, start));
    }
    begun
}

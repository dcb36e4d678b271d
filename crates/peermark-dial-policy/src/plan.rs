//! The plan: stages of addresses with delays, and every refused address with its reason (D2, D3).

use std::time::Duration;

use crate::candidate::Candidate;
use crate::check::{Target, check_address, check_scope};
use crate::dial::Dial;
use crate::merge::merge;
use crate::policy::{DialPolicy, Start};
use crate::rank::{Ranker, Ranking};
use crate::refusal::Refusal;
use crate::share::share;

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
/// What is wrong with an address whatever the policy is told first: port 0, an end of this node, no
/// transport (D10), a circuit that cannot be (D5). Then the policy judges, then scopes (D4).
///
/// One host is one dial, whatever its spelling (D9): the plain spelling of the best stage is dialed, and
/// has the best class of all. Of several transports on one host and port, those that are superseded
/// wait until the better one failed: see [`Dial::after`]. Of more than [`Target::most`], the groups
/// of class, scope and transport keep one each in turn (D11); the rest is refused, and so is everything
/// behind the first [`Target::MAX_CANDIDATES`].
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
    merge(&mut dials, candidates, stages, target.has_ipv4, |place, dialed| {
        refusals.add(place, Refusal::Repeated { dialed });
    });
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
    rank(&mut dials, candidates, ranker);
    share(&mut dials, candidates, target.most, |place| refusals.add(place, Refusal::TooMany));
    let mut refused = refusals.list;
    if refused.len() > judged {
        refused.sort_unstable_by_key(|refused| refused.candidate);
    }
    DialPlan { starts: starts(&dials, stages), dials, refused }
}

/// Ranks each stage. What is superseded comes behind the rest of its stage.
fn rank(dials: &mut [Dial], candidates: &[Candidate], ranker: &(impl Ranker + ?Sized)) {
    let mut from = 0usize;
    while let Some((before, rest)) = dials.split_at_mut_checked(from) {
        let Some(stage) = rest.first().map(|dial| dial.stage) else { break };
        let count = rest.iter().take_while(|dial| dial.stage == stage).count();
        let ranked = rest.iter().take_while(|dial| dial.stage == stage && dial.after.is_none());
        let ranked = ranked.count();
        if let Some((now, waiting)) =
            rest.get_mut(..count).and_then(|rest| rest.split_at_mut_checked(ranked))
        {
            if !now.is_empty() {
                ranker.rank(&mut Ranking::new(before, now, candidates));
                now.sort_unstable_by_key(Dial::when);
            }
            // By time alone they never come: a failure makes them due.
            waiting.iter_mut().for_each(|dial| dial.set_delay(Duration::MAX));
        }
        from = from.saturating_add(count);
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
    let classes = candidate.classes();
    let key = candidate.key().at(place);
    Ok(Dial { key, stage, after: None, classes, scratch: 0, delay: Duration::ZERO })
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

//! Dial plans: any candidates, under any policy and ranker.

mod program;

use std::collections::{BTreeMap, HashSet};
use std::time::Duration;

use multiaddr::Protocol;
use peermark_dial_policy::{
    Candidate, Dial, DialPlan, Family, Group, Refusal, Start, Transport, check_scope, plan,
};

use peermark_provenance::TrustClass;

use program::Program;

/// Rules D2 to D8 over any candidates, target, policy and ranker.
///
/// Every candidate is dialed or refused, once; stages come in the order of the policy, and delays
/// in theirs; no more is dialed than may be, nothing twice, nothing that the policy or the scopes do
/// not admit, and nothing that no dialer should be given. The same candidates make the same plan,
/// and in another order one of the same schedule. A timeline of it has a line for each, and no
/// control characters.
///
/// # Panics
///
/// When that does not hold.
pub fn dial_plan(data: &[u8]) {
    let program = Program::decode(data);
    let made = program.plan();
    assert_eq!(made, program.plan(), "the same candidates make the same plan");
    accounts_for_all(&program, &made);
    keeps_order(&program, &made);
    waits_rightly(&program, &made);
    for dial in made.dials() {
        may_be_dialed(&program, &program.candidates[dial.candidate()]);
    }
    let standing = standing(&made);
    for refused in made.refused() {
        is_refused_rightly(&program, &standing, refused.candidate, refused.reason);
    }
    is_shown(&program, &made);
    resolves(&program);

    let mut other = program.clone();
    other.candidates.reverse();
    // Which of equals is dialed where not all can be is told by their order, and they may be of
    // several groups.
    if made.refused().iter().all(|no| no.reason != Refusal::TooMany) {
        assert_eq!(schedule(&program, &made), schedule(&other, &other.plan()), "in another order");
    }
    assert_eq!(reasons(&made), reasons(&other.plan()), "in another order");
}

impl Program {
    fn plan(&self) -> DialPlan {
        plan(&self.target(), &self.candidates, &*self.policy, &*self.ranker)
    }
}

/// Dialed or refused, once (D3).
fn accounts_for_all(program: &Program, made: &DialPlan) {
    let all = made.dials().iter().map(Dial::candidate);
    let mut all: Vec<_> = all.chain(made.refused().iter().map(|no| no.candidate)).collect();
    all.sort_unstable();
    assert!(all.into_iter().eq(0..program.candidates.len()), "{made:?}");
    assert!(made.refused().is_sorted_by_key(|no| no.candidate), "{made:?}");
    assert_eq!(made.nothing().is_none(), !made.dials().is_empty());
    let mut once = HashSet::new();
    for dial in made.dials() {
        let key = program.candidates[dial.candidate()].dial_key();
        assert!(once.insert(key.clone()), "{} is dialed twice", key.address());
    }
}

/// Stages, delays and the cap (D2, D6).
fn keeps_order(program: &Program, made: &DialPlan) {
    let most = program.target().most;
    assert!(made.dials().len() <= most, "{made:?}");
    let too_many = made.refused().iter().any(|no| no.reason == Refusal::TooMany);
    assert!(!too_many || made.dials().len() == most, "{made:?}");
    let starts = program.policy.stages();
    let mut last = None;
    for (place, stage) in made.stages().enumerate() {
        assert!(stage.dials.is_sorted_by_key(Dial::delay), "{made:?}");
        let judged = |dial: &Dial| program.policy.judge(&program.candidates[dial.candidate()]);
        let number = judged(&stage.dials[0]).expect("a stage of what is dialed");
        assert!(last < Some(number), "stages come in order: {made:?}");
        last = Some(number);
        for dial in stage.dials {
            assert_eq!(judged(dial), Ok(number), "one stage of the policy is one of the plan");
            assert_eq!(made.stage_of(dial.candidate()), Some(place));
        }
        match (place, starts[number]) {
            (0, start) => assert!([Start::Now, Start::IfNone].contains(&stage.start), "{start}"),
            (_, start) => assert!(stage.start == start && start != Start::IfNone, "{start}"),
        }
    }
    assert_eq!(made.stages().map(|stage| stage.dials.len()).sum::<usize>(), made.dials().len());
}

/// What no dialer should be given is not in a plan (D4, D5).
fn may_be_dialed(program: &Program, candidate: &Candidate) {
    let (target, address) = (program.target(), candidate.address());
    assert_eq!(check_scope(candidate, &*program.policy), Ok(()), "{address}");
    assert!(program.policy.name() != "certified-only" || candidate.is_certified(), "{address}");
    assert!(candidate.is_live(), "{address}");
    assert_ne!(target.local, Some(target.peer), "{address}");
    assert!(candidate.traits().is_circuit() || !target.own.contains(address), "{address}");
    let (mut hosts, mut ports, mut circuits, mut named) = (0, 0, 0, None);
    for component in address.iter() {
        match component {
            Protocol::Ip4(_) | Protocol::Ip6(_) | Protocol::Unix(_) | Protocol::Memory(_) => {
                hosts += 1;
            }
            Protocol::Dns(_) | Protocol::Dns4(_) | Protocol::Dns6(_) | Protocol::Dnsaddr(_) => {
                hosts += 1;
            }
            Protocol::Tcp(port) | Protocol::Udp(port) => {
                ports += 1;
                assert_ne!(port, 0, "{address}");
            }
            Protocol::P2pCircuit => {
                let relay = named.take();
                assert!(relay.is_some() && relay != Some(target.peer), "{address}");
                assert!(relay != target.local, "{address}");
                circuits += 1;
            }
            Protocol::P2p(peer) => named = Some(peer),
            _ => {}
        }
    }
    assert!(hosts <= 1 && ports <= 1 && circuits <= 1, "{address}");
    assert!(named.is_none_or(|peer| peer == target.peer), "{address}");
}

/// The reasons that can be seen from here (D3).
fn is_refused_rightly(program: &Program, standing: &HashSet<usize>, place: usize, reason: Refusal) {
    let candidate = &program.candidates[place];
    let judged = program.policy.judge(candidate);
    match reason {
        Refusal::Scope(scope) => {
            assert_eq!(check_scope(candidate, &*program.policy), Err(reason));
            assert_eq!(candidate.scope(), Some(scope));
        }
        Refusal::Class(_) | Refusal::NotLive | Refusal::RecordOver | Refusal::RecordContested => {
            assert_eq!(judged, Err(reason), "{candidate:?}");
        }
        Refusal::BetterKnown => {
            let stage = judged.expect("a stage that does not begin");
            assert_eq!(program.policy.stages()[stage], Start::IfNone, "{candidate:?}");
        }
        Refusal::Repeated { dialed } => {
            assert!(standing.contains(&dialed), "{candidate:?} stands nowhere else");
            let other = &program.candidates[dialed];
            assert_eq!(other.dial_key(), candidate.dial_key(), "another dial");
            let best = program.policy.judge(other).ok();
            assert!(best.is_some() && best <= judged.ok(), "the best stage is dialed");
        }
        Refusal::NoTransport | Refusal::NoHost | Refusal::NoZone | Refusal::EmptyZone => {
            assert_eq!(candidate.traits().defect(), Some(reason), "{candidate:?}");
        }
        _ => {}
    }
}

/// The addresses that are dialed, or would be, were there fewer or worse ones.
fn standing(made: &DialPlan) -> HashSet<usize> {
    let spare = |reason| [Refusal::TooMany, Refusal::BetterKnown].contains(&reason);
    let refused = made.refused().iter().filter(|no| spare(no.reason)).map(|no| no.candidate);
    made.dials().iter().map(Dial::candidate).chain(refused).collect()
}

fn is_shown(program: &Program, made: &DialPlan) {
    let target = program.target();
    let text = made.show(&target, program.policy.name(), &program.candidates).to_string();
    assert!(!text.chars().any(|c| c.is_control() && c != '\n'), "{text:?}");
    let heads = 1 + made.stages().count();
    let heads = heads + usize::from(made.nothing().is_some());
    let heads = heads + usize::from(!made.refused().is_empty());
    // The scale.
    let heads = heads
        + usize::from(
            made.dials().iter().any(|dial| dial.after().is_none() && dial.delay().as_millis() > 0),
        );
    assert_eq!(text.lines().count(), heads + program.candidates.len(), "{text}");
}

/// A name that is resolved keeps its provenance, and leads where its address does (D4).
fn resolves(program: &Program) {
    for candidate in program.candidates.iter().take(8) {
        let resolved = candidate.resolved([169, 254, 169, 254].into());
        assert_eq!(resolved.classes(), candidate.classes());
        assert_eq!(resolved.certified(), candidate.certified());
        if resolved != *candidate {
            // The metadata service is for the user alone.
            let is_users = resolved.classes().contains(TrustClass::User);
            assert!(is_users || check_scope(&resolved, &*program.policy).is_err(), "{resolved:?}");
        }
    }
}

/// What an address is ranked by.
type Rank = (Group, Transport, Option<(Family, Option<u16>)>);

/// When each stage begins and what is dialed when, whichever of equals it is.
fn schedule(program: &Program, made: &DialPlan) -> Vec<(Start, Vec<(Rank, Duration)>)> {
    let rank = |dial: &Dial| {
        let traits = program.candidates[dial.candidate()].traits();
        let family = if traits.family() == Family::Ip4 { Family::Ip4 } else { Family::Ip6 };
        let is_other = matches!(traits.transport(), Transport::WebRtcDirect | Transport::Other);
        let more = (!is_other).then_some((family, traits.port()));
        ((dial.group(), traits.transport(), more), dial.delay())
    };
    let stages = made.stages();
    stages.map(|stage| (stage.start, stage.dials.iter().map(rank).collect())).collect()
}

/// How often each reason is given.
fn reasons(made: &DialPlan) -> BTreeMap<String, usize> {
    let mut counts = BTreeMap::new();
    for refused in made.refused() {
        *counts.entry(refused.reason.to_string()).or_default() += 1;
    }
    counts
}

/// What is superseded waits for a better address of at least its class on the same host (D9).
fn waits_rightly(program: &Program, made: &DialPlan) {
    for (place, dial) in made.dials().iter().enumerate() {
        let Some(after) = dial.after() else { continue };
        let before = made.dials()[..place].iter().find(|dial| dial.candidate() == after);
        let before = before.expect("what it waits for is dialed, and before it");
        assert_eq!(dial.delay(), Duration::MAX, "{made:?}");
        assert!(before.class() >= dial.class() && before.after().is_none(), "{made:?}");
        let host = |dial: &Dial| program.candidates[dial.candidate()].dial_key().host();
        assert_eq!(host(before), host(dial), "one host");
    }
}

//! D8: a plan is cheap: it reads candidates once, allocates its own lists, and has caps.

use std::cell::Cell;

use peermark_dial_policy::{
    Any, Candidate, CertifiedFirst, CertifiedOnly, DialPolicy, HappyEyeballs, NoDelay, Refusal,
    Scopes, Start, Target, plan,
};
use peermark_provenance::TrustClass::{Certified, ThirdParty};

use crate::support::{checked, hearsay, of, target};

/// Addresses of all kinds, every third certified.
fn crowd(count: usize) -> Vec<Candidate> {
    let kinds =
        ["/tcp/4001", "/udp/4001/quic-v1", "/udp/4001/quic-v1/webtransport", "/tcp/443/tls/ws"];
    let text = |n: usize| {
        let (a, b, c) = (n / 65_536 + 1, n / 256 % 256, n % 256);
        let kind = kinds[n / 2 % kinds.len()];
        match n % 2 {
            0 => format!("/ip4/77.{a}.{b}.{c}{kind}"),
            _ => format!("/ip6/2a00::{a:x}:{b:x}:{c:x}{kind}"),
        }
    };
    (0..count).map(|n| of(&text(n), &[if n % 3 == 0 { Certified } else { ThirdParty }])).collect()
}

#[test]
fn d8_a_plan_allocates_its_lists_once_each() {
    let ranker = HappyEyeballs::default();
    let check = |candidates: &[Candidate], most: usize, policy: &dyn DialPolicy, lists: u64| {
        let mut target = target();
        target.most = most;
        let mut made = None;
        let took = allocation_counter::measure(|| {
            made = Some(plan(&target, candidates, policy, &ranker));
        });
        let made = made.unwrap();
        assert_eq!(took.count_total, lists, "{} of {}", policy.name(), candidates.len());
        // 40 bytes for each dial, 24 for each refusal, and a few for the stages.
        assert!(took.bytes_total <= 64 * candidates.len() as u64 + 256, "{took:?}");
        assert_eq!(made.dials().len() + made.refused().len(), candidates.len());
    };
    let all = crowd(64);
    // Dials, stages.
    check(&all, 64, &Any::default(), 2);
    check(&all, 64, &CertifiedFirst::default(), 2);
    // And what is refused: by the policy, as repeated, by the cap.
    check(&all, 64, &CertifiedOnly::default(), 3);
    check(&[all.clone(), all.clone()].concat(), 64, &Any::default(), 3);
    check(&all, 7, &Any::default(), 3);
    // Without a dial there is no stage.
    check(&all[1..3], 64, &CertifiedOnly::default(), 2);
    check(&[], 64, &Any::default(), 0);
    // Equal addresses, and equal ranks.
    check(&vec![all[0].clone(); 64], 64, &Any::default(), 3);
}

/// A policy that counts how often it is asked.
struct Counting(Cell<usize>);

impl DialPolicy for Counting {
    fn name(&self) -> &'static str {
        "counting"
    }

    fn stages(&self) -> &[Start] {
        &[Start::Now]
    }

    fn judge(&self, _: &Candidate) -> Result<usize, Refusal> {
        self.0.set(self.0.get() + 1);
        Ok(0)
    }

    fn scopes(&self) -> &Scopes {
        &Scopes::LOCAL
    }
}

#[test]
fn d8_a_candidate_is_judged_once() {
    let policy = Counting(Cell::new(0));
    let candidates = crowd(64);
    let _ = checked(&target(), &candidates, &policy, &HappyEyeballs::default());
    assert_eq!(policy.0.get(), 64);
}

#[test]
fn d6_one_attempt_dials_no_more_than_it_may_the_earliest() {
    let candidates = crowd(100);
    let ranker = HappyEyeballs::default();
    let policy = CertifiedFirst::default();
    let mut target = target();
    target.most = usize::MAX;
    let all = checked(&target, &candidates, &policy, &ranker);
    let all: Vec<_> = all.dials().iter().map(|dial| (dial.candidate(), dial.delay())).collect();
    assert_eq!(all.len(), 100);
    for most in [0, 1, 33, 34, 35, 64, 99, 100, 101] {
        target.most = most;
        let plan = checked(&target, &candidates, &policy, &ranker);
        let got: Vec<_> =
            plan.dials().iter().map(|dial| (dial.candidate(), dial.delay())).collect();
        assert_eq!(got, all[..most.min(100)], "{most}");
        let stages = [0, 1, 35].iter().position(|from| most < *from).map_or(2, |n| n - 1);
        assert_eq!(plan.stages().count(), stages, "{most}");
        assert!(plan.refused().iter().all(|refused| refused.reason == Refusal::TooMany));
    }
    assert_eq!(Target::new(target.peer).most, 64);
}

#[test]
fn d6_addresses_that_are_near_do_not_crowd_out_the_public_ones() {
    // 70 addresses of one's own network, from a stranger, and one that leads somewhere.
    let mut candidates: Vec<_> =
        (0..70).map(|n| hearsay(&format!("/ip4/10.0.0.{n}/tcp/1"))).collect();
    candidates.push(hearsay("/ip4/1.2.3.4/tcp/1"));
    let plan = checked(&target(), &candidates, &Any::default(), &HappyEyeballs::default());
    assert_eq!(plan.dials().len(), 64);
    assert_eq!(plan.stage_of(70), Some(0));
}

#[test]
fn d8_candidates_beyond_what_is_looked_at_are_refused() {
    let mut target = target();
    let limit = Target::MAX_CANDIDATES;
    let candidates = vec![hearsay("/ip4/1.2.3.4/tcp/1"); limit + 2];
    let plan = checked(&target, &candidates, &Any::default(), &NoDelay);
    assert_eq!(plan.dials().len(), 1);
    let reason = |place: usize| plan.refused()[place - 1].reason;
    assert_eq!(reason(limit - 1), Refusal::Repeated);
    assert_eq!(reason(limit), Refusal::TooMany);
    assert_eq!(reason(limit + 1), Refusal::TooMany);
    // The last of those that are looked at is found again.
    let others = crowd(limit);
    target.most = usize::MAX;
    let plan = checked(&target, &others, &Any::default(), &NoDelay);
    assert_eq!(plan.dials().len(), limit);
    assert_eq!(plan.stage_of(limit - 1), Some(0));
    assert_eq!(plan.stage_of(limit), None);
}

//! D8: a plan is cheap: it reads candidates once, allocates its own lists, and has caps.

use std::sync::atomic::{AtomicUsize, Ordering};

use peermark_dial_policy::{
    Any, Candidate, CertifiedFirst, CertifiedOnly, DialPolicy, HappyEyeballs, NoDelay, Refusal,
    Scopes, Start, Target, plan,
};
use peermark_provenance::TrustClass::{Certified, ThirdParty, User};

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
struct Counting(AtomicUsize);

impl DialPolicy for Counting {
    fn name(&self) -> &'static str {
        "counting"
    }

    fn stages(&self) -> &[Start] {
        &[Start::Now]
    }

    fn judge(&self, _: &Candidate) -> Result<usize, Refusal> {
        self.0.fetch_add(1, Ordering::Relaxed);
        Ok(0)
    }

    fn scopes(&self) -> &Scopes {
        &Scopes::DEFAULT
    }
}

#[test]
fn d8_a_candidate_is_judged_once() {
    let policy = Counting(AtomicUsize::new(0));
    let candidates = crowd(64);
    let _ = checked(&target(), &candidates, &policy, &HappyEyeballs::default());
    assert_eq!(policy.0.into_inner(), 64);
}

#[test]
fn d6_one_attempt_dials_no_more_than_it_may_the_earliest() {
    // Of one group: the earliest.
    let candidates: Vec<_> = (0..100).map(|n| hearsay(&format!("/ip4/77.0.0.{n}/tcp/1"))).collect();
    let mut target = target();
    for most in [0, 1, 63, 64, 99, 100, 101] {
        target.most = most;
        let plan = checked(&target, &candidates, &Any::default(), &HappyEyeballs::default());
        let got: Vec<_> = plan.dials().iter().map(|dial| dial.candidate()).collect();
        assert_eq!(got, (0..most.min(100)).collect::<Vec<_>>(), "{most}");
        assert!(plan.refused().iter().all(|refused| refused.reason == Refusal::TooMany));
    }
    assert_eq!(Target::new(target.peer).most, 64);
}

#[test]
fn d11_where_more_are_known_than_may_be_dialed_the_groups_take_turns() {
    let candidates = crowd(100);
    let ranker = HappyEyeballs::default();
    let policy = CertifiedFirst::default();
    let mut target = target();
    for most in [0, 1, 6, 7, 8, 13, 64, 99, 100, 101] {
        target.most = most;
        let plan = checked(&target, &candidates, &policy, &ranker);
        assert_eq!(plan.dials().len(), most.min(100));
        let group = |place: usize| candidates[place].slot_group();
        let count = |of| plan.dials().iter().filter(|dial| group(dial.candidate()) == of).count();
        for refused in plan.refused() {
            assert_eq!(refused.reason, Refusal::TooMany);
            // Whose group lacks one, no other group has two more of.
            let (lacks, others) = (count(group(refused.candidate)), plan.dials().iter());
            assert!(others.map(|dial| count(group(dial.candidate()))).all(|n| n <= lacks + 1));
        }
    }
}

#[test]
fn d11_a_public_address_is_planned_at_its_own_time_whatever_else_is_known() {
    // Addresses of one's own network and of the Internet, and one of another transport.
    let check = |near: usize, public: usize, certified: &str, latest: u128| {
        let near =
            (0..near).map(|n| of(&format!("/ip4/10.0.{}.{}/tcp/1", n / 250, n % 250), &[User]));
        let public = (0..public)
            .map(|n| of(&format!("/ip4/77.0.{}.{}/udp/1/quic-v1", n / 250, n % 250), &[Certified]));
        let last = of(certified, &[Certified]);
        let candidates: Vec<_> = near.chain(public).chain([last]).collect();
        let plan = checked(&target(), &candidates, &Any::default(), &HappyEyeballs::default());
        let place = candidates.len() - 1;
        let dial = plan.dials().iter().find(|dial| dial.candidate() == place).unwrap();
        assert!(dial.delay().as_millis() <= latest, "{dial:?}");
    };
    check(29, 0, "/ip4/1.2.3.4/tcp/1", 0);
    check(200, 0, "/ip4/1.2.3.4/tcp/1", 0);
    check(0, 63, "/ip4/1.2.3.4/tcp/1", 500);
    check(300, 300, "/ip4/1.2.3.4/tcp/1", 500);
}

#[test]
fn d8_candidates_beyond_what_is_looked_at_are_refused() {
    let mut target = target();
    let limit = Target::MAX_CANDIDATES;
    let candidates = vec![hearsay("/ip4/1.2.3.4/tcp/1"); limit + 2];
    let plan = checked(&target, &candidates, &Any::default(), &NoDelay);
    assert_eq!(plan.dials().len(), 1);
    let reason = |place: usize| plan.refused()[place - 1].reason;
    assert_eq!(reason(limit - 1), Refusal::Repeated { dialed: 0 });
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

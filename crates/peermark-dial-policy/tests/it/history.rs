//! D6: what dialing taught counts within a class, and rankers see it.

use std::time::Duration;

use peermark_dial_policy::{Any, Candidate, Experience, HappyEyeballs, Ranker, Ranking};
use peermark_provenance::TrustClass::{self, Certified, ThirdParty};
use peermark_provenance::{DialHistory, Provenance};

use crate::support::{LATER, NOW, address, checked, claim, target};

const Q1: &str = "/ip4/1.2.3.4/udp/1/quic-v1";
const Q2: &str = "/ip4/1.2.3.4/udp/2/quic-v1";
const T1: &str = "/ip4/1.2.3.5/tcp/1";
const T2: &str = "/ip4/1.2.3.4/tcp/2";
const T3: &str = "/ip4/1.2.3.4/tcp/3";

/// An address of this class that answered so often, and failed so often since.
fn tried(text: &str, class: TrustClass, successes: u32, failures: u32) -> Candidate {
    let mut dials = DialHistory::default();
    (0..successes).for_each(|_| dials.succeeded(NOW));
    (0..failures).for_each(|_| dials.failed(NOW));
    let provenance = Provenance::new([claim(class, LATER)]).with_dials(dials);
    Candidate::new(address(text), &provenance, NOW)
}

fn delays(candidates: &[Candidate]) -> Vec<(usize, u128)> {
    let plan = checked(&target(), candidates, &Any::default(), &HappyEyeballs::default());
    plan.dials().iter().map(|dial| (dial.candidate(), dial.delay().as_millis())).collect()
}

#[test]
fn d6_what_answered_before_comes_first_and_what_only_failed_last() {
    let failed = |text| tried(text, Certified, 0, 100);
    let answered = |text| tried(text, Certified, 1, 0);
    let untried = |text| tried(text, Certified, 0, 0);
    // Whatever the transport; the delays stay those of the schedule.
    assert_eq!(delays(&[failed(Q1), answered(T1)]), [(1, 0), (0, 250)]);
    assert_eq!(delays(&[failed(T2), answered(T3)]), [(1, 0), (0, 250)]);
    assert_eq!(delays(&[failed(Q1), untried(T1)]), [(1, 0), (0, 250)]);
    assert_eq!(
        delays(&[failed(Q1), untried(Q2), answered(T1), untried(T2)]),
        [(2, 0), (1, 250), (3, 500), (0, 750)]
    );
    // One that failed since it answered is behind one that did not, and before the others.
    let since = tried(T2, Certified, 1, 1);
    assert_eq!(delays(&[untried(Q1), since, answered(T3)]), [(2, 0), (1, 250), (0, 500)]);
    assert_eq!(answered(T1).experience(), Experience::Answers);
    // More than one attempt dials.
    let many = (1..100).map(|n| tried(&format!("/ip4/1.2.3.{n}/tcp/1"), Certified, 0, 1));
    let many: Vec<_> = many.chain([answered("/ip4/9.9.9.9/tcp/9")]).collect();
    assert_eq!(delays(&many)[0], (99, 0));
}

#[test]
fn d6_history_counts_within_a_class() {
    let failed = tried(Q1, Certified, 0, 100);
    let heard = tried(T1, ThirdParty, 1, 0);
    let both = [failed, heard];
    // A stranger's address that answered does not push back the certified one that did not.
    assert_eq!(delays(&both), [(0, 0), (1, 250)]);
    let more = [both[0].clone(), both[1].clone(), tried(T2, Certified, 0, 0)];
    assert_eq!(delays(&more), [(2, 0), (1, 250), (0, 500)]);
}

/// A ranker by what the candidates are, and by what is before them.
struct ByHistory;

impl Ranker for ByHistory {
    fn rank(&self, ranking: &mut Ranking<'_>) {
        let after = ranking.before().len() as u64;
        let delays: Vec<_> = ranking
            .dials()
            .iter()
            .map(|dial| {
                let candidate = ranking.candidate(dial).unwrap();
                let failures = u64::from(candidate.dials().failures);
                let port = u64::from(candidate.traits().port().unwrap());
                let is_certified = u64::from(candidate.class() == Some(Certified));
                Duration::from_millis(failures + 10 * port + 1_000 * is_certified + 5_000 * after)
            })
            .collect();
        for (dial, delay) in ranking.dials_mut().iter_mut().zip(delays) {
            dial.set_delay(delay);
        }
    }
}

#[test]
fn d6_a_ranker_sees_traits_class_history_and_what_is_before() {
    let candidates =
        [tried(T1, Certified, 0, 3), tried(T2, ThirdParty, 0, 4), tried(T3, ThirdParty, 0, 0)];
    let of = |policy: &dyn peermark_dial_policy::DialPolicy| {
        let plan = checked(&target(), &candidates, policy, &ByHistory);
        let dials = plan.dials().iter();
        dials.map(|dial| (dial.candidate(), dial.delay().as_millis())).collect::<Vec<_>>()
    };
    assert_eq!(of(&Any::default()), [(1, 24), (2, 30), (0, 1_013)]);
    let first = peermark_dial_policy::CertifiedFirst::default();
    assert_eq!(of(&first), [(0, 1_013), (1, 5_024), (2, 5_030)]);
}

//! D2: stages, and when each begins.

use std::time::Duration;

use peermark_dial_policy::{
    Candidate, Classes, DialPolicy, HappyEyeballs, Precedence, Refusal, Start,
};
use peermark_provenance::TrustClass::{Certified, Dialed, Direct, ThirdParty, User};

use crate::support::{checked, of, target};

const HALF: Duration = Duration::from_millis(500);

/// User; certified if there is none; dialed half a second later; direct after failure; hearsay if
/// there is nothing else.
fn policy() -> Precedence {
    Precedence::builder("each")
        .stage(Classes::of([User]))
        .then(Start::IfNone, Classes::of([Certified]))
        .then(Start::After(HALF), Classes::of([Dialed]))
        .then(Start::AfterFailure, Classes::of([Direct]))
        .then(Start::IfNone, Classes::of([ThirdParty]))
        .build()
        .unwrap()
}

#[test]
fn d2_each_stage_begins_as_the_policy_says() {
    let user = of("/ip4/1.2.3.4/tcp/1", &[User]);
    let certified = of("/ip4/1.2.3.4/tcp/2", &[Certified]);
    let dialed = of("/ip4/1.2.3.4/tcp/3", &[Dialed]);
    let direct = of("/ip4/1.2.3.4/tcp/4", &[Direct]);
    let hearsay = of("/ip4/1.2.3.4/tcp/5", &[ThirdParty]);
    let policy = policy();
    // Candidates in any order; for each stage when it begins and its candidates; the others are
    // refused for better ones.
    let check = |given: &[&Candidate], stages: &[(Start, &[usize])]| {
        let candidates: Vec<_> = given.iter().map(|candidate| (*candidate).clone()).collect();
        let plan = checked(&target(), &candidates, &policy, &HappyEyeballs::default());
        let got: Vec<(Start, Vec<usize>)> = plan
            .stages()
            .map(|stage| (stage.start, stage.dials.iter().map(|d| d.candidate()).collect()))
            .collect();
        let expected: Vec<_> =
            stages.iter().map(|(start, places)| (*start, places.to_vec())).collect();
        assert_eq!(got, expected, "{}", plan.show(&target(), policy.name(), &candidates));
        assert!(plan.refused().iter().all(|refused| refused.reason == Refusal::BetterKnown));
        for (number, (_, places)) in stages.iter().enumerate() {
            assert!(places.iter().all(|place| plan.stage_of(*place) == Some(number)));
            // Delays count from the beginning of each stage.
            assert_eq!(plan.stages().nth(number).unwrap().dials[0].delay(), Duration::ZERO);
        }
        for refused in plan.refused() {
            assert_eq!(plan.stage_of(refused.candidate), None);
        }
    };
    let (now, none) = (Start::Now, Start::IfNone);
    check(&[&user], &[(now, &[0])]);
    check(&[&hearsay, &certified, &user], &[(now, &[2])]);
    check(&[&hearsay, &certified], &[(none, &[1])]);
    check(&[&hearsay], &[(none, &[0])]);
    check(
        &[&hearsay, &hearsay.resolved_to("/ip4/9.9.9.9/tcp/1".parse().unwrap())],
        &[(none, &[1, 0])],
    );
    // The first that has an address begins at once, though its stage would wait for others.
    check(&[&dialed], &[(now, &[0])]);
    check(&[&direct], &[(now, &[0])]);
    check(&[&direct, &dialed], &[(now, &[1]), (Start::AfterFailure, &[0])]);
    check(&[&direct, &certified], &[(none, &[1]), (Start::AfterFailure, &[0])]);
    check(
        &[&hearsay, &direct, &dialed, &certified, &user],
        &[(now, &[4]), (Start::After(HALF), &[2]), (Start::AfterFailure, &[1])],
    );
    check(&[], &[]);
}

#[test]
fn d2_starts_have_text() {
    let check = |start: Start, text: &str| assert_eq!(start.to_string(), text);
    check(Start::Now, "now");
    check(Start::IfNone, "if-none");
    check(Start::AfterFailure, "after-failure");
    check(Start::After(Duration::from_millis(250)), "after-ms:250");
    check(Start::After(Duration::from_micros(1_999)), "after-ms:1");
    assert_eq!(format!("{:>8}|", Start::Now), "     now|");
}

/// A policy that answers the number of a stage that it does not have.
struct Lost;

impl DialPolicy for Lost {
    fn name(&self) -> &'static str {
        "lost"
    }

    fn stages(&self) -> &[Start] {
        &[Start::Now]
    }

    fn judge(&self, candidate: &Candidate) -> Result<usize, Refusal> {
        Ok(if candidate.is_certified() { 0 } else { usize::MAX })
    }
}

#[test]
fn d2_a_stage_that_a_policy_does_not_have_comes_last() {
    let candidates =
        [of("/ip4/1.2.3.4/tcp/1", &[ThirdParty]), of("/ip4/1.2.3.4/tcp/2", &[Certified])];
    let plan = checked(&target(), &candidates, &Lost, &HappyEyeballs::default());
    let starts: Vec<_> = plan.stages().map(|stage| stage.start).collect();
    assert_eq!(starts, [Start::Now, Start::AfterFailure]);
    assert_eq!(plan.stage_of(0), Some(1));
    let alone = checked(&target(), &candidates[..1], &Lost, &HappyEyeballs::default());
    assert_eq!(alone.stages().next().unwrap().start, Start::Now);
    assert_eq!(Lost.scopes(), &peermark_dial_policy::Scopes::DEFAULT);
}

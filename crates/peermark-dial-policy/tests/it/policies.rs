//! D1: the ready policies have names and stages, and the builder makes others.

use std::time::Duration;

use peermark_dial_policy::{
    Any, CertifiedFirst, CertifiedOnly, Classes, DialPolicy, HappyEyeballs, Precedence,
    PrecedenceError, Refusal, Scope, Scopes, Start, UserAndCertified,
};
use peermark_provenance::TrustClass::{self, Certified, Dialed, Direct, ThirdParty, User};

use crate::support::{checked, hearsay, of, target};

const HALF: Duration = Duration::from_millis(500);

#[test]
fn d1_ready_policies_have_names_and_stages() {
    let check = |policy: &dyn DialPolicy, name: &str, stages: &[Start]| {
        assert_eq!(policy.name(), name);
        assert_eq!(policy.stages(), stages, "{name}");
        assert_eq!(policy.scopes(), &Scopes::default(), "{name}");
        // A reference to a policy is one.
        assert_eq!((&policy as &dyn DialPolicy).name(), name);
        assert_eq!((&policy as &dyn DialPolicy).scopes(), policy.scopes());
    };
    check(&CertifiedOnly::default(), "certified-only", &[Start::Now]);
    check(&Any::default(), "any", &[Start::Now]);
    let first = CertifiedFirst::default();
    check(&first, "certified-first", &[Start::Now, Start::AfterFailure]);
    check(&first.with_head_start(HALF), "certified-first", &[Start::Now, Start::After(HALF)]);
    check(&UserAndCertified::default(), "user-certified", &[Start::Now, Start::IfNone]);
}

#[test]
fn d1_scopes_are_given_when_the_policy_is_made() {
    let near = of("/ip4/192.168.1.7/tcp/1", &[Certified, User]);
    let check = |policy: &dyn DialPolicy| {
        let plan =
            checked(&target(), std::slice::from_ref(&near), policy, &HappyEyeballs::default());
        assert_eq!(plan.refused()[0].reason, Refusal::Scope(Scope::Private), "{}", policy.name());
    };
    let (mut only, mut any, mut user) =
        (CertifiedOnly::default(), Any::default(), UserAndCertified::default());
    (only.scopes, any.scopes, user.scopes) = (Scopes::PUBLIC, Scopes::PUBLIC, Scopes::PUBLIC);
    check(&only);
    check(&any);
    check(&user);
    check(&CertifiedFirst::default().with_scopes(Scopes::PUBLIC));
    let own = Precedence::builder("own").stage(Classes::ALL).scopes(Scopes::PUBLIC).build();
    check(&own.unwrap());
}

#[test]
fn d1_an_address_goes_to_the_first_stage_that_admits_it() {
    let policy = Precedence::builder("own")
        .stage(Classes::of([User]))
        .then(Start::AfterFailure, Classes::of([Certified, Dialed]))
        .then(Start::AfterFailure, Classes::of([User, Direct]))
        .build()
        .unwrap();
    assert_eq!(policy.name(), "own");
    let check = |classes: &[TrustClass], expected: Result<usize, Refusal>| {
        let judged = policy.judge(&of("/ip4/1.2.3.4/tcp/1", classes));
        assert_eq!(judged, expected, "{classes:?}");
    };
    check(&[User], Ok(0));
    check(&[User, Certified], Ok(0));
    check(&[Certified], Ok(1));
    check(&[ThirdParty, Dialed], Ok(1));
    check(&[Direct, Certified], Ok(1));
    check(&[Direct], Ok(2));
    check(&[ThirdParty], Err(Refusal::Class(ThirdParty)));
    check(&[], Err(Refusal::NotLive));
}

#[test]
fn d1_predicates_see_what_a_candidate_is_and_only_live_ones() {
    let policy = Precedence::builder("direct")
        .then_where(Start::IfNone, |candidate| !candidate.traits().is_circuit())
        .build()
        .unwrap();
    // The first stage begins at once, whatever was asked for.
    assert_eq!(policy.stages(), [Start::Now]);
    let circuit = format!("/ip4/1.2.3.4/tcp/1/p2p/{}/p2p-circuit", crate::support::RELAY);
    assert_eq!(policy.judge(&hearsay("/ip4/1.2.3.4/tcp/1")), Ok(0));
    assert_eq!(policy.judge(&hearsay(&circuit)), Err(Refusal::Class(ThirdParty)));
    assert_eq!(policy.judge(&of("/ip4/1.2.3.4/tcp/1", &[])), Err(Refusal::NotLive));
    // Its parts have something to show, and no address of a function in it.
    let shown = format!("{policy:?}");
    assert!(shown.contains("a predicate") && shown.contains("Now"), "{shown}");
}

#[test]
fn d1_a_policy_has_a_stage_and_not_too_many() {
    let build = |count: usize| {
        let stages = (0..count).fold(Precedence::builder("own"), |builder, _| {
            builder.then(Start::AfterFailure, Classes::ALL)
        });
        stages.build().map(|policy| policy.stages().len())
    };
    let limit = Precedence::MAX_STAGES;
    assert_eq!(build(0), Err(PrecedenceError::NoStage));
    assert_eq!(build(1), Ok(1));
    assert_eq!(build(limit), Ok(limit));
    let error = PrecedenceError::TooManyStages { limit, got: limit + 1 };
    assert_eq!(build(limit + 1), Err(error));
    assert_eq!(error.to_string(), "17 stages exceed the limit of 16");
    assert_eq!(PrecedenceError::NoStage.to_string(), "a policy needs a stage");
}

#[test]
fn d1_sets_of_classes() {
    let check = |classes: &[TrustClass], best: Option<TrustClass>| {
        let set = Classes::of(classes.iter().copied());
        assert_eq!(set, classes.iter().copied().collect(), "{classes:?}");
        assert_eq!(set.best(), best, "{classes:?}");
        assert_eq!(set.is_empty(), classes.is_empty());
        for class in TrustClass::ALL {
            let is_in = classes.contains(&class);
            assert_eq!(set.contains(class), is_in, "{classes:?} {class}");
            assert_eq!(set.meets(Classes::of([class])), is_in, "{classes:?} {class}");
            assert!(set.with(class).contains(class) && !set.without(class).contains(class));
            assert!(set.union(Classes::of([class])).contains(class));
        }
        assert_eq!(set.union(Classes::NONE), set);
    };
    check(&[], None);
    check(&[ThirdParty], Some(ThirdParty));
    check(&[Certified, ThirdParty, Direct], Some(Certified));
    check(&[User, Dialed], Some(User));
    check(&TrustClass::ALL, Some(User));
    assert_eq!(Classes::of(TrustClass::ALL), Classes::ALL);
    assert_eq!(format!("{:?}", Classes::of([User, Direct])), "{Direct, User}");
}

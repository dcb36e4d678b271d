//! Peers, claims and candidates to test with.

use std::collections::BTreeSet;

use peermark_dial_policy::{
    Candidate, DialPlan, DialPolicy, Multiaddr, PeerId, Ranker, Target, plan,
};
use peermark_provenance::{
    Certification, Claim, Expiry, Provenance, Seq, Source, SourceKind, SourceKinds, Timestamp,
    TrustClass,
};

/// The peer that is dialed.
pub(crate) const PEER: &str = "12D3KooWLKi1Mxitw7NPQHaqxYYW4iCdxBJXXrCHYjegHkuwjbhJ";
/// A relay.
pub(crate) const RELAY: &str = "QmYyQSo1c1Ym7orWxLYvCrM2EmxFTANf8wXmmE7DWjhx5N";
/// Somebody else.
pub(crate) const OTHER: &str = "QmcgpsyWgH8Y8ajJz1Cu72KnS5uo2Aa2LpzU7kinSupNKC";

pub(crate) const NOW: Timestamp = Timestamp::from_secs(1_000);
pub(crate) const LATER: Expiry = Expiry::At(Timestamp::from_secs(2_000));
/// Over at [`NOW`], by not a nanosecond more than it must be.
pub(crate) const OVER: Expiry = Expiry::At(NOW);

pub(crate) fn peer(text: &str) -> PeerId {
    text.parse().unwrap()
}

pub(crate) fn address(text: &str) -> Multiaddr {
    text.parse().unwrap_or_else(|error| panic!("{text}: {error}"))
}

pub(crate) fn target() -> Target<'static> {
    Target::new(peer(PEER))
}

/// A claim that alone gives this class.
pub(crate) fn claim(class: TrustClass, until: Expiry) -> Claim {
    let report = |source| Claim::reported(source, Timestamp::EPOCH, until);
    match class {
        TrustClass::ThirdParty => report(Source::DHT),
        TrustClass::Direct => report(Source::identify(peer(PEER))),
        TrustClass::Certified => certified(SourceKinds::NONE, until),
        TrustClass::Dialed => Claim::dialed(Timestamp::EPOCH, until),
        TrustClass::User => report(Source::MANUAL),
    }
}

/// That a record certifies it, which the user handed in, or a stranger.
pub(crate) fn certified(by: SourceKinds, until: Expiry) -> Claim {
    let proof = Certification::dangerous_assume_verified(Seq::new(7), by);
    Claim::certified(proof, Timestamp::EPOCH, until)
}

pub(crate) const BY_USER: fn() -> SourceKinds = || SourceKinds::from(SourceKind::Manual);

/// An address with a claim of each of these classes.
pub(crate) fn of(text: &str, classes: &[TrustClass]) -> Candidate {
    let claims = classes.iter().map(|class| claim(*class, LATER));
    Candidate::new(address(text), &Provenance::new(claims), NOW)
}

pub(crate) fn hearsay(text: &str) -> Candidate {
    of(text, &[TrustClass::ThirdParty])
}

/// A plan, of which holds what holds of every plan.
pub(crate) fn checked(
    target: &Target<'_>,
    candidates: &[Candidate],
    policy: &dyn DialPolicy,
    ranker: &dyn Ranker,
) -> DialPlan {
    let plan = plan(target, candidates, policy, ranker);
    let dialed = plan.dials().iter().map(|dial| dial.candidate());
    let places: Vec<_> = dialed.chain(plan.refused().iter().map(|no| no.candidate)).collect();
    let once: BTreeSet<_> = places.iter().copied().collect();
    assert_eq!(places.len(), candidates.len(), "{plan:?}");
    assert_eq!(once, (0..candidates.len()).collect(), "{plan:?}");
    assert!(plan.refused().is_sorted_by_key(|no| no.candidate), "{plan:?}");
    for stage in plan.stages() {
        assert!(!stage.dials.is_empty(), "{plan:?}");
        assert!(stage.dials.is_sorted_by_key(|dial| dial.delay()), "{plan:?}");
    }
    let in_stages: usize = plan.stages().map(|stage| stage.dials.len()).sum();
    assert_eq!(in_stages, plan.dials().len(), "{plan:?}");
    assert!(plan.dials().len() <= target.most, "{plan:?}");
    plan
}

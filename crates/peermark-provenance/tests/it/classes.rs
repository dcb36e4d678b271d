//! P1, P2, P5: what claims amount to.

use std::time::Duration;

use peermark_provenance::{
    Certification, Claim, Expiry, Provenance, Seq, Source, SourceKind, SourceKinds, Timestamp,
    TrustClass,
};

const NOON: Timestamp = Timestamp::from_secs(1_000);

fn at(secs: u64) -> Expiry {
    Expiry::At(Timestamp::from_secs(secs))
}

fn somebody() -> peermark_provenance::PeerId {
    "12D3KooWLKi1Mxitw7NPQHaqxYYW4iCdxBJXXrCHYjegHkuwjbhJ".parse().unwrap()
}

fn certified(delivered_by: SourceKinds) -> Claim {
    Claim::certified(
        Certification::dangerous_assume_verified(Seq::new(7), delivered_by),
        NOON,
        at(2_000),
    )
}

#[test]
fn p5_classes_are_ordered_and_derived_from_claims() {
    assert!(TrustClass::ALL.is_sorted_by(|a, b| a < b));
    let check = |claim: Claim, expected| assert_eq!(claim.class(), expected, "{claim:?}");
    for kind in SourceKind::ALL {
        let expected = match kind {
            SourceKind::Manual | SourceKind::Bootstrap => TrustClass::User,
            SourceKind::Identify => TrustClass::Direct,
            _ => TrustClass::ThirdParty,
        };
        check(Claim::reported(Source::of(kind), NOON, at(2_000)), expected);
        check(Claim::reported(Source::of(kind).reported_by(somebody()), NOON, at(2_000)), expected);
        let expected = if kind.is_user() { TrustClass::User } else { TrustClass::Certified };
        check(certified(kind.into()), expected);
    }
    check(Claim::dialed(NOON, at(2_000)), TrustClass::Dialed);
    check(certified(SourceKinds::NONE), TrustClass::Certified);
}

#[test]
fn p1_an_address_has_the_class_of_its_best_claim_and_lives_as_long_as_its_last() {
    let hearsay = Claim::reported(Source::DHT, NOON, at(9_000));
    let direct = Claim::reported(Source::identify(somebody()), NOON, at(3_000));
    let provenance = Provenance::new([hearsay, certified(SourceKinds::NONE), direct]);
    assert_eq!(provenance.class(), Some(TrustClass::Certified));
    assert_eq!(provenance.expiry(), Some(at(9_000)));
    assert_eq!(provenance.certification().map(Certification::seq), Some(Seq::new(7)));

    let none = Provenance::default();
    assert_eq!((none.class(), none.expiry(), none.is_certified()), (None, None, false));
    // While the peer is connected, no moment is later than "after it disconnects" (S7).
    let connected = Claim::dialed(NOON, Expiry::AfterDisconnect(Duration::ZERO));
    assert_eq!(
        Provenance::new([hearsay, connected]).expiry(),
        Some(Expiry::AfterDisconnect(Duration::ZERO))
    );
}

#[test]
fn p2_no_source_makes_an_address_certified() {
    for kind in SourceKind::ALL {
        let claim = Claim::reported(Source::of(kind), NOON, at(2_000));
        assert!(!Provenance::new([claim]).is_certified(), "{kind}");
    }
    assert!(Provenance::new([certified(SourceKinds::NONE)]).is_certified());
}

#[test]
fn p6_successes_end_a_row_of_failures_and_times_do_not_go_back() {
    let mut dials = Provenance::default().dials().to_owned();
    dials.failed(Timestamp::from_secs(5));
    dials.failed(Timestamp::from_secs(4));
    assert_eq!((dials.failures, dials.last_failure), (2, Some(Timestamp::from_secs(5))));
    dials.succeeded(Timestamp::from_secs(6));
    dials.succeeded(Timestamp::from_secs(3));
    assert_eq!((dials.failures, dials.last_success), (0, Some(Timestamp::from_secs(6))));
    assert_eq!(dials.last_failure, Some(Timestamp::from_secs(5)));
}

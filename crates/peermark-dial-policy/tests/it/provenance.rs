//! D7: what a candidate reads of its claims.

use peermark_dial_policy::{Candidate, Certified, Classes, Traits, Transport};
use peermark_provenance::TrustClass::{self, Dialed, Direct, ThirdParty, User};
use peermark_provenance::{Claim, DialHistory, Expiry, Provenance, SourceKinds};

use crate::support::{BY_USER, LATER, NOW, OVER, address, certified, claim, hearsay, of};

const HERE: &str = "/ip4/1.2.3.4/tcp/4001";

fn candidate(claims: &[Claim]) -> Candidate {
    Candidate::new(address(HERE), &Provenance::new(claims.iter().copied()), NOW)
}

fn check(candidate: &Candidate, certified: Certified, classes: &[TrustClass]) {
    assert_eq!(candidate.certified(), certified, "{candidate:?}");
    assert_eq!(candidate.is_certified(), certified == Certified::Yes, "{candidate:?}");
    assert_eq!(candidate.classes(), Classes::of(classes.iter().copied()), "{candidate:?}");
    assert_eq!(candidate.class(), classes.iter().max().copied(), "{candidate:?}");
    assert_eq!(candidate.is_live(), !classes.is_empty(), "{candidate:?}");
}

#[test]
fn d7_claims_that_are_over_do_not_count() {
    check(&candidate(&[]), Certified::No, &[]);
    check(&candidate(&[claim(User, OVER)]), Certified::No, &[]);
    let both = [claim(User, OVER), claim(Direct, LATER)];
    check(&candidate(&both), Certified::No, &[Direct]);
    let connected = Expiry::AfterDisconnect(std::time::Duration::ZERO);
    check(&candidate(&[claim(Dialed, connected)]), Certified::No, &[Dialed]);
    let nano = Expiry::At(NOW.saturating_add(std::time::Duration::from_nanos(1)));
    check(&candidate(&[claim(Dialed, nano)]), Certified::No, &[Dialed]);
}

#[test]
fn d7_a_record_that_holds_certifies_whatever_else_is_over() {
    let (current, over) = (certified(SourceKinds::NONE, LATER), certified(BY_USER(), OVER));
    check(&candidate(&[current]), Certified::Yes, &[TrustClass::Certified]);
    check(&candidate(&[current, over]), Certified::Yes, &[TrustClass::Certified]);
    check(&candidate(&[over, current]), Certified::Yes, &[TrustClass::Certified]);
    check(&candidate(&[over]), Certified::Over, &[]);
    check(&candidate(&[claim(Direct, LATER), over]), Certified::Over, &[Direct]);
}

#[test]
fn d7_a_record_that_the_user_handed_in_is_the_users_and_certified() {
    let record = certified(BY_USER(), LATER);
    check(&candidate(&[record]), Certified::Yes, &[TrustClass::Certified, User]);
    // Contradicted, it was signed all the same (D7).
    check(&candidate(&[record]).contested(), Certified::Yes, &[TrustClass::Certified, User]);
}

#[test]
fn d7_only_what_certifies_can_be_contradicted() {
    assert!(!hearsay(HERE).contested().is_contradicted());
    let over = candidate(&[certified(SourceKinds::NONE, OVER)]).contested();
    check(&over, Certified::Over, &[]);
    assert!(!over.is_contradicted());
    let once = of(HERE, &[TrustClass::Certified, Dialed]).contested();
    check(&once, Certified::Yes, &[TrustClass::Certified, Dialed]);
    assert!(once.is_contradicted());
    assert_eq!(once.clone().contested(), once);
}

#[test]
fn d8_candidates_without_provenance() {
    check(&Candidate::unknown(address(HERE)), Certified::No, &[ThirdParty]);
    let certified = Candidate::dangerous_certified(address(HERE));
    check(&certified, Certified::Yes, &[TrustClass::Certified]);
    assert_eq!(certified, of(HERE, &[TrustClass::Certified]));
    assert_eq!(Candidate::unknown(address(HERE)), hearsay(HERE));
}

#[test]
fn d7_what_the_user_types_in_keeps_what_is_known_of_it() {
    check(&Candidate::explicit(address(HERE)), Certified::No, &[User]);
    let known = of(HERE, &[TrustClass::Certified]).by_user();
    check(&known, Certified::Yes, &[TrustClass::Certified, User]);
    check(&known.contested(), Certified::Yes, &[TrustClass::Certified, User]);
}

#[test]
fn d8_a_candidate_has_what_policies_ask_for() {
    let mut dials = DialHistory::default();
    dials.failed(NOW);
    let provenance = Provenance::new([claim(Direct, LATER)]).with_dials(dials);
    let candidate = Candidate::new(address(HERE), &provenance, NOW);
    assert_eq!(candidate.dials(), &dials);
    assert_eq!(candidate.address(), &address(HERE));
    let check = |text: &str, transport: Transport, name: &str, port: Option<u16>| {
        let traits = Traits::of(&address(text));
        assert_eq!((traits.transport(), traits.port()), (transport, port), "{text}");
        assert_eq!(transport.to_string(), name);
    };
    check("/ip4/1.2.3.4/udp/7/quic-v1", Transport::QuicV1, "quic-v1", Some(7));
    check("/ip4/1.2.3.4/udp/7/quic", Transport::Quic, "quic", Some(7));
    let web = "/ip4/1.2.3.4/udp/7/quic-v1/webtransport";
    check(web, Transport::WebTransport, "webtransport", Some(7));
    check("/dns/example.com/tcp/443/tls/ws", Transport::Tcp, "tcp", Some(443));
    check("/ip6/2a00::2/udp/7/webrtc-direct", Transport::WebRtcDirect, "webrtc-direct", Some(7));
    check("/ip4/1.2.3.4/udp/7", Transport::Other, "other", Some(7));
    check("/memory/7", Transport::Other, "other", None);
}

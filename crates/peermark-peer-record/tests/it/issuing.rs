//! R1 and R5: what is issued verifies, and nothing is signed again for nothing.

use std::cell::Cell;
use std::time::Duration;

use multiaddr::{Multiaddr, Protocol};
use peermark_identity::{Keypair, PublicKey, SignError, Signer};
use peermark_peer_record::{
    AddressDefect, CertifiedRecord, Dialect, Dialects, IssueError, Issued, Issuer, MAX_ADDRESS_LEN,
    MAX_ADDRESSES, PeerRecord, Publish, Seq,
};
use peermark_provenance::Timestamp;

use crate::{keypair, multiaddr, texts};

/// Counts its signatures; signs for another key or fails when told to.
struct Probe {
    key: Keypair,
    signatures: Cell<usize>,
    answer: Cell<Answer>,
}

#[derive(Clone, Copy)]
enum Answer {
    Good,
    Garbage,
    Failure,
}

impl Probe {
    fn new() -> Self {
        Self { key: keypair(1), signatures: Cell::new(0), answer: Cell::new(Answer::Good) }
    }
}

impl Signer for Probe {
    fn public_key(&self) -> &PublicKey {
        self.key.public_key()
    }

    fn sign(&self, message: &[u8]) -> Result<Vec<u8>, SignError> {
        self.signatures.set(self.signatures.get() + 1);
        match self.answer.get() {
            Answer::Good => self.key.sign(message),
            Answer::Garbage => Ok(vec![1; 64]),
            Answer::Failure => Err(SignError::Unavailable),
        }
    }
}

fn addresses(texts: &[&str]) -> Vec<Multiaddr> {
    texts.iter().map(|text| multiaddr(text)).collect()
}

#[test]
fn r5_only_another_set_of_addresses_is_signed() {
    let probe = Probe::new();
    let own = keypair(1).peer_id();
    let mut issuer = Issuer::new(&probe);
    let mut check = |texts: &[&str], signatures: usize| {
        let before = issuer.last_seq();
        match issuer.issue(&addresses(texts), Timestamp::EPOCH).unwrap() {
            Issued::New(record) => assert!(record.seq() > before, "{texts:?}"),
            Issued::Resigned(record) => panic!("{record:?} is not old"),
            Issued::Unchanged(record) => assert_eq!(record.seq(), before, "{texts:?}"),
        }
        assert_eq!(probe.signatures.get(), signatures, "{texts:?}");
    };
    let (a, b) = ("/ip4/192.0.2.1/tcp/1", "/ip4/192.0.2.1/tcp/2");
    check(&[a, b], 1);
    check(&[a, b], 1);
    check(&[b, a], 1);
    check(&[a, b, a], 1);
    check(&[a, &format!("{b}/p2p/{own}")], 1);
    check(&[a], 2);
    check(&[b], 3);
    check(&[], 4);
    check(&[], 4);
    check(&[a, b], 5);
}

#[test]
fn r5_the_filter_keeps_addresses_out_that_are_not_public() {
    let listening =
        addresses(&["/ip4/127.0.0.1/tcp/1", "/ip4/1.1.1.1/tcp/1", "/ip4/10.0.0.1/tcp/1"]);
    let mut issuer = Issuer::new(keypair(1)).with_publish(Publish::PublicOnly);
    let record = issuer.issue(&listening, Timestamp::EPOCH).unwrap().record();
    assert_eq!(texts(record), ["/ip4/1.1.1.1/tcp/1"]);
    // A private address that comes or goes changes nothing that is published.
    assert!(matches!(
        issuer.issue(&listening[1..], Timestamp::EPOCH).unwrap(),
        Issued::Unchanged(_)
    ));
    let mut open = Issuer::new(keypair(1)).with_publish(Publish::All);
    assert_eq!(open.issue(&listening, Timestamp::EPOCH).unwrap().record().addresses().len(), 3);
}

#[test]
fn what_is_issued_verifies_everywhere() {
    for dialect in [Dialect::PeerRecord, Dialect::RoutingState] {
        let mut issuer = Issuer::new(keypair(1)).with_dialect(dialect);
        let issued =
            issuer.issue(&addresses(&["/dns4/example.com/tcp/443/tls/ws"]), Timestamp::EPOCH);
        let issued = issued.unwrap().record().clone();
        let received = CertifiedRecord::verify(issued.as_bytes(), Dialects::Any).unwrap();
        assert_eq!(received, issued);
        assert_eq!(received.dialect(), dialect);
        assert_eq!(issuer.current(), Some(&issued));
        let plain = PeerRecord::from(&received);
        assert_eq!(
            plain.certify(&keypair(1), dialect).unwrap(),
            issued,
            "Ed25519 is deterministic"
        );
    }
}

#[test]
fn r4_an_issuer_continues_above_the_stored_seq() {
    let mut issuer = Issuer::new(keypair(1)).with_last_seq(Seq::new(1 << 62));
    assert_eq!(issuer.issue(&[], Timestamp::EPOCH).unwrap().record().seq().value(), (1 << 62) + 1);
    let mut last = Issuer::new(keypair(1)).with_last_seq(Seq::MAX);
    assert!(matches!(last.issue(&[], Timestamp::EPOCH).unwrap_err(), IssueError::Seq(_)));
}

#[test]
fn r1_a_signer_that_lies_issues_nothing_certified() {
    let probe = Probe::new();
    let mut issuer = Issuer::new(&probe);
    let first = addresses(&["/ip4/192.0.2.1/tcp/1"]);
    let seq = issuer.issue(&first, Timestamp::EPOCH).unwrap().record().seq();
    for answer in [Answer::Garbage, Answer::Failure] {
        probe.answer.set(answer);
        match (answer, issuer.issue(&[], Timestamp::EPOCH).unwrap_err()) {
            (Answer::Garbage, IssueError::Signer(_)) | (Answer::Failure, IssueError::Seal(_)) => {}
            (_, other) => panic!("{other:?}"),
        }
        // A failed attempt leaves the record and the sequence number as they were.
        assert_eq!(issuer.current().unwrap().addresses().len(), 1);
        assert_eq!(issuer.last_seq(), seq);
    }
}

#[test]
fn r1_nobody_certifies_a_record_of_another_peer() {
    let probe = Probe::new();
    let (record, signer) = (keypair(2).peer_id(), keypair(1).peer_id());
    let foreign = PeerRecord::new(record, 1.into(), []);
    let error = foreign.certify(&probe, Dialect::PeerRecord).unwrap_err();
    assert_eq!(error, IssueError::OtherPeer { record, signer });
    assert_eq!(probe.signatures.get(), 0, "a foreign record was signed");
}

#[test]
fn r4_a_stored_seq_never_lowers_one_that_was_issued() {
    let mut issuer = Issuer::new(keypair(1));
    let late = Timestamp::from_secs(1_000);
    let issued = issuer.issue(&[], late).unwrap().record().seq();
    let mut issuer = issuer.with_last_seq(Seq::new(0));
    let next = issuer.issue(&addresses(&["/ip4/192.0.2.1/tcp/1"]), Timestamp::EPOCH).unwrap();
    assert!(next.record().seq() > issued);
}

#[test]
fn r6_one_sequence_serves_both_dialects() {
    let probe = Probe::new();
    let mut issuer = Issuer::new(&probe);
    let mut last = Seq::new(0);
    let dialects = [Dialect::PeerRecord, Dialect::RoutingState, Dialect::PeerRecord];
    for (round, dialect) in dialects.into_iter().enumerate() {
        issuer = issuer.with_dialect(dialect);
        let record = issuer.issue(&[], Timestamp::EPOCH).unwrap().record().clone();
        assert_eq!(record.dialect(), dialect);
        assert!(record.seq() > last, "{dialect}");
        assert_eq!(probe.signatures.get(), round + 1, "a dialect is signed anew");
        last = record.seq();
    }
}

#[test]
fn r5_a_restart_alone_signs_nothing() {
    let probe = Probe::new();
    let listening = addresses(&["/ip4/192.0.2.1/tcp/1"]);
    let late = Timestamp::from_secs(1_000);
    let stored = Issuer::new(&probe).issue(&listening, late).unwrap().record().clone();
    let mut restarted = Issuer::new(&probe).with_current(stored.clone(), late).unwrap();
    assert_eq!(restarted.issue(&listening, Timestamp::EPOCH).unwrap(), Issued::Unchanged(&stored));
    assert_eq!(probe.signatures.get(), 1);
    assert!(restarted.issue(&[], Timestamp::EPOCH).unwrap().record().seq() > stored.seq());

    let foreign = Issuer::new(keypair(2)).issue(&[], late).unwrap().record().clone();
    let (record, signer) = (keypair(2).peer_id(), keypair(1).peer_id());
    let error = Issuer::new(&probe).with_current(foreign, late).err().unwrap();
    assert_eq!(error, IssueError::OtherPeer { record, signer });
}

const HOUR: Duration = Duration::from_secs(3_600);

fn hours(hours: u32) -> Timestamp {
    Timestamp::EPOCH.saturating_add(500_000 * HOUR).saturating_add(hours * HOUR)
}

/// Whether the record of one address is signed again, and that all is well with it if it is.
#[track_caller]
fn resigns<S: Signer>(issuer: &mut Issuer<S>, now: Timestamp) -> bool {
    let before = issuer.last_seq();
    match issuer.issue(&addresses(&["/ip4/192.0.2.1/tcp/1"]), now).unwrap() {
        Issued::New(record) => panic!("{record:?} was issued before"),
        Issued::Unchanged(record) => {
            assert_eq!(record.seq(), before);
            false
        }
        Issued::Resigned(record) => {
            assert!(record.seq() > before);
            assert_eq!(texts(record), ["/ip4/192.0.2.1/tcp/1"]);
            true
        }
    }
}

fn issuer_at<S: Signer>(signer: S, now: Timestamp) -> Issuer<S> {
    let mut issuer = Issuer::new(signer);
    assert!(issuer.issue(&addresses(&["/ip4/192.0.2.1/tcp/1"]), now).unwrap().is_new());
    issuer
}

#[test]
fn r5_a_record_is_signed_again_before_receivers_forget_it() {
    let mut issuer = issuer_at(keypair(1), hours(0));
    for (now, expected) in [(1, false), (23, false), (24, true), (25, false), (47, false)] {
        assert_eq!(resigns(&mut issuer, hours(now)), expected, "hour {now}");
    }
    assert!(resigns(&mut issuer, hours(1_000)));
    assert!(!resigns(&mut issuer, hours(1_023)));

    let mut issuer = issuer_at(keypair(1), hours(0)).with_resign_after(2 * HOUR);
    assert!(!resigns(&mut issuer, hours(1)) && resigns(&mut issuer, hours(2)));
    let mut issuer = issuer_at(keypair(1), hours(0)).with_resign_after(Duration::MAX);
    assert!(!resigns(&mut issuer, hours(100_000_000)));
    // Another set of addresses is a new record, however old the last one is.
    assert!(matches!(issuer.issue(&[], hours(100_000_000)).unwrap(), Issued::New(_)));
}

#[test]
fn r5_a_restart_makes_no_record_younger() {
    let restart = |issuer: Issuer<Keypair>| {
        let (current, at) = (issuer.current().unwrap().clone(), issuer.signed_at().unwrap());
        let last = issuer.last_seq();
        Issuer::new(keypair(1)).with_current(current, at).unwrap().with_last_seq(last)
    };
    let mut issuer = issuer_at(keypair(1), hours(0));
    assert_eq!(issuer.signed_at(), Some(hours(0)));
    for now in [6, 12, 18] {
        assert!(!resigns(&mut issuer, hours(now)));
        issuer = restart(issuer);
    }
    assert!(resigns(&mut issuer, hours(24)));
    assert_eq!(issuer.signed_at(), Some(hours(24)));
    issuer = restart(issuer);
    assert!(!resigns(&mut issuer, hours(47)) && resigns(&mut issuer, hours(48)));
    assert_eq!(Issuer::new(keypair(1)).signed_at(), None);
}

#[test]
fn r5_no_clock_makes_an_issuer_panic_or_sign_in_a_loop() {
    let probe = Probe::new();
    // Back and forth between two times, a year apart, one of them the epoch.
    for (early, late) in [(hours(0), hours(8_760)), (Timestamp::EPOCH, hours(0))] {
        let mut issuer = issuer_at(&probe, late);
        for _ in 0..100 {
            assert!(!resigns(&mut issuer, early));
            assert!(!resigns(&mut issuer, late));
        }
        // It ages again as soon as time passes on either side.
        assert!(!resigns(&mut issuer, early));
        assert!(resigns(&mut issuer, early.saturating_add(24 * HOUR)));
    }
    // A clock that was ahead when the record was signed, and was set right in a restart.
    let ahead = hours(1_000_000);
    let stored = issuer_at(&probe, ahead).current().unwrap().clone();
    let mut issuer = Issuer::new(&probe).with_current(stored, ahead).unwrap();
    assert!(!resigns(&mut issuer, hours(0)) && !resigns(&mut issuer, hours(23)));
    assert!(resigns(&mut issuer, hours(24)));
    // A board that starts in 1970 and is set right soon after.
    let stored = issuer_at(&probe, hours(0)).current().unwrap().clone();
    let mut issuer = Issuer::new(&probe).with_current(stored, hours(0)).unwrap();
    assert!(!resigns(&mut issuer, Timestamp::EPOCH) && !resigns(&mut issuer, hours(1)));
    // The ends of what a clock can show.
    for edge in [Timestamp::EPOCH, Timestamp::MAX] {
        let mut issuer = issuer_at(&probe, edge);
        resigns(&mut issuer, hours(0));
        resigns(&mut issuer, edge);
        issuer.signed_at().unwrap();
    }
}

#[test]
fn r5_what_is_skipped_today_is_not_published_further() {
    let listening = addresses(&["/ip4/192.0.2.1/tcp/1"]);
    let no_name = Multiaddr::empty().with(Protocol::Dns("".into()));
    let entries = [listening[0].as_ref(), no_name.as_ref()];
    let old = crate::payload(&keypair(1).peer_id(), 5, entries);
    let old = crate::verify_payload(&old).unwrap();
    assert_eq!(old.skipped_addresses().total(), 1);
    let mut issuer = Issuer::new(keypair(1)).with_current(old, hours(0)).unwrap();
    assert!(resigns(&mut issuer, hours(0)));
}

#[test]
fn r5_one_payload_is_signed_in_both_dialects() {
    let probe = Probe::new();
    let mut issuer = issuer_at(&probe, hours(0));
    let current = issuer.current().unwrap().clone();
    assert_eq!(issuer.in_dialect(Dialect::PeerRecord).unwrap(), Some(&current));
    assert_eq!(probe.signatures.get(), 1);
    for _ in 0..3 {
        let other = issuer.in_dialect(Dialect::RoutingState).unwrap().unwrap().clone();
        assert_eq!((other.payload(), other.seq()), (current.payload(), current.seq()));
        assert_eq!(other.dialect(), Dialect::RoutingState);
        let received = CertifiedRecord::verify(other.as_bytes(), Dialect::RoutingState.into());
        assert_eq!(received.unwrap(), other);
    }
    assert_eq!(probe.signatures.get(), 2, "signed once, however often it is asked for");
    // It follows what is issued.
    assert!(resigns(&mut issuer, hours(24)));
    let other = issuer.in_dialect(Dialect::RoutingState).unwrap().unwrap().clone();
    assert_eq!(other.payload(), issuer.current().unwrap().payload());
    assert_eq!(Issuer::new(&probe).in_dialect(Dialect::PeerRecord).unwrap(), None);

    let error = current.in_dialect(Dialect::RoutingState, &keypair(2)).unwrap_err();
    let (record, signer) = (keypair(1).peer_id(), keypair(2).peer_id());
    assert_eq!(error, IssueError::OtherPeer { record, signer });
    probe.answer.set(Answer::Garbage);
    let error = current.in_dialect(Dialect::RoutingState, &probe).unwrap_err();
    assert!(matches!(error, IssueError::Signer(_)), "{error:?}");
}

#[test]
fn r5_what_is_not_published_is_not_judged() {
    let long = multiaddr(&format!("/dns/{}.local", "a".repeat(300)));
    let mut issuer = Issuer::new(keypair(1)).with_publish(Publish::PublicOnly);
    assert_eq!(issuer.issue(&[long], Timestamp::EPOCH).unwrap().record().addresses().len(), 0);
}

#[test]
fn r2_addresses_that_no_receiver_keeps_are_not_issued() {
    let other = keypair(2).peer_id();
    let good = multiaddr("/ip4/192.0.2.1/tcp/1");
    let long = multiaddr(&format!("/dns/{}", "a".repeat(MAX_ADDRESS_LEN)));
    let name = |name: &str| Multiaddr::empty().with(Protocol::Dns(name.into()));
    let no_path = good.clone().with(Protocol::HttpPath("".into()));
    let foreign = multiaddr(&format!("/ip4/192.0.2.1/tcp/1/p2p/{other}"));
    for (bad, defect) in [
        (Multiaddr::empty(), AddressDefect::Empty),
        (long, AddressDefect::TooLong),
        (foreign, AddressDefect::ForeignPeerId),
        (name(""), AddressDefect::EmptyValue),
        (no_path, AddressDefect::EmptyValue),
        (name("a/b"), AddressDefect::SlashInName),
    ] {
        let given = [good.clone(), bad];
        let expected = IssueError::Address { index: 1, defect };
        let record = PeerRecord::new(keypair(1).peer_id(), 1.into(), given.clone());
        assert_eq!(record.certify(&keypair(1), Dialect::PeerRecord).unwrap_err(), expected);
        assert_eq!(Issuer::new(keypair(1)).issue(&given, Timestamp::EPOCH).unwrap_err(), expected);
    }
}

#[test]
fn r2_at_most_256_addresses_are_issued() {
    let many: Vec<_> =
        (0..=MAX_ADDRESSES).map(|port| multiaddr(&format!("/ip4/192.0.2.1/tcp/{port}"))).collect();
    let certify = |addresses: &[Multiaddr]| {
        let record = PeerRecord::new(keypair(1).peer_id(), 1.into(), addresses.iter().cloned());
        record.certify(&keypair(1), Dialect::PeerRecord)
    };
    assert_eq!(certify(&many[..256]).unwrap().addresses().len(), 256);
    let error = IssueError::TooManyAddresses { limit: 256, got: 257 };
    assert_eq!(certify(&many).unwrap_err(), error);
    let with_duplicate = [&many[..256], &many[..1]].concat();
    assert_eq!(certify(&with_duplicate).unwrap().addresses().len(), 256);
}

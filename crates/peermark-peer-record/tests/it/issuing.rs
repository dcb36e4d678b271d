//! R1 and R5: what is issued verifies, and nothing is signed again for nothing.

use std::cell::Cell;
use std::time::UNIX_EPOCH;

use multiaddr::{Multiaddr, Protocol};
use peermark_identity::{Keypair, PublicKey, SignError, Signer};
use peermark_peer_record::{
    AddressDefect, CertifiedRecord, Dialect, Dialects, IssueError, Issued, Issuer, MAX_ADDRESS_LEN,
    MAX_ADDRESSES, PeerRecord, Publish, Seq,
};

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
        match issuer.issue(&addresses(texts), UNIX_EPOCH).unwrap() {
            Issued::New(record) => assert!(record.seq() > before, "{texts:?}"),
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
    let record = issuer.issue(&listening, UNIX_EPOCH).unwrap().record();
    assert_eq!(texts(record), ["/ip4/1.1.1.1/tcp/1"]);
    // A private address that comes or goes changes nothing that is published.
    assert!(matches!(issuer.issue(&listening[1..], UNIX_EPOCH).unwrap(), Issued::Unchanged(_)));
    let mut open = Issuer::new(keypair(1)).with_publish(Publish::All);
    assert_eq!(open.issue(&listening, UNIX_EPOCH).unwrap().record().addresses().len(), 3);
}

#[test]
fn what_is_issued_verifies_everywhere() {
    for dialect in [Dialect::PeerRecord, Dialect::RoutingState] {
        let mut issuer = Issuer::new(keypair(1)).with_dialect(dialect);
        let issued = issuer.issue(&addresses(&["/dns4/example.com/tcp/443/tls/ws"]), UNIX_EPOCH);
        let issued = issued.unwrap().record().clone();
        let received = CertifiedRecord::decode(issued.as_bytes(), Dialects::Any).unwrap();
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
    assert_eq!(issuer.issue(&[], UNIX_EPOCH).unwrap().record().seq().value(), (1 << 62) + 1);
    let mut last = Issuer::new(keypair(1)).with_last_seq(Seq::MAX);
    assert!(matches!(last.issue(&[], UNIX_EPOCH).unwrap_err(), IssueError::Seq(_)));
}

#[test]
fn r1_a_signer_that_lies_issues_nothing_certified() {
    let probe = Probe::new();
    let mut issuer = Issuer::new(&probe);
    let first = addresses(&["/ip4/192.0.2.1/tcp/1"]);
    let seq = issuer.issue(&first, UNIX_EPOCH).unwrap().record().seq();
    for answer in [Answer::Garbage, Answer::Failure] {
        probe.answer.set(answer);
        match (answer, issuer.issue(&[], UNIX_EPOCH).unwrap_err()) {
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
    let late = UNIX_EPOCH + std::time::Duration::from_secs(1_000);
    let issued = issuer.issue(&[], late).unwrap().record().seq();
    let mut issuer = issuer.with_last_seq(Seq::new(0));
    let next = issuer.issue(&addresses(&["/ip4/192.0.2.1/tcp/1"]), UNIX_EPOCH).unwrap();
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
        let record = issuer.issue(&[], UNIX_EPOCH).unwrap().record().clone();
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
    let late = UNIX_EPOCH + std::time::Duration::from_secs(1_000);
    let stored = Issuer::new(&probe).issue(&listening, late).unwrap().record().clone();
    let mut restarted = Issuer::new(&probe).with_current(stored.clone()).unwrap();
    assert_eq!(restarted.issue(&listening, UNIX_EPOCH).unwrap(), Issued::Unchanged(&stored));
    assert_eq!(probe.signatures.get(), 1);
    assert!(restarted.issue(&[], UNIX_EPOCH).unwrap().record().seq() > stored.seq());

    let foreign = Issuer::new(keypair(2)).issue(&[], late).unwrap().record().clone();
    let (record, signer) = (keypair(2).peer_id(), keypair(1).peer_id());
    let error = Issuer::new(&probe).with_current(foreign).err().unwrap();
    assert_eq!(error, IssueError::OtherPeer { record, signer });
}

#[test]
fn r5_what_is_not_published_is_not_judged() {
    let long = multiaddr(&format!("/dns/{}.local", "a".repeat(300)));
    let mut issuer = Issuer::new(keypair(1)).with_publish(Publish::PublicOnly);
    assert_eq!(issuer.issue(&[long], UNIX_EPOCH).unwrap().record().addresses().len(), 0);
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
        assert_eq!(Issuer::new(keypair(1)).issue(&given, UNIX_EPOCH).unwrap_err(), expected);
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

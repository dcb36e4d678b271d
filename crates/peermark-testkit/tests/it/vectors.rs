//! Every vector of every implementation does what it says.

use peermark_envelope::Envelope;
use peermark_identity::{KeyType, PeerId, PeerIdExt as _, PublicKey};
use peermark_peer_record::{CertifiedRecord, Dialect, Dialects, PEER_RECORD, ROUTING_STATE};
use peermark_testkit::keys;
use peermark_testkit::model;
use peermark_testkit::vectors::{self, Expect, Expected, Vector};
use peermark_wire::{EnvelopeMessage, PeerRecordMessage};

#[test]
fn every_vector_is_accepted_or_refused_as_it_says() {
    let mut counts = [0, 0];
    for vector in vectors::all() {
        let result = CertifiedRecord::verify(&vector.envelope, vector.dialects);
        let title = format!("{}/{} ({})", vector.source.name(), vector.name, vector.note);
        match (vector.expect, &result) {
            (Expect::Accept, Ok(_)) => counts[0] += 1,
            (Expect::Refuse, Err(_)) => counts[1] += 1,
            (expect, result) => panic!("{title}: {expect:?}, but {result:?}"),
        }
        // Asking for both dialects finds the same record, or none for the same reason; what was
        // refused for its dialect alone stays refused, because its signature is that of neither.
        let any = CertifiedRecord::verify(&vector.envelope, Dialects::Any);
        match (result, any) {
            (Ok(one), Ok(any)) => assert_eq!(one, any, "{title}"),
            (Err(_), Err(_)) => {}
            (one, any) => panic!("{title}: {one:?} with one dialect, {any:?} with both"),
        }
    }
    assert_eq!(counts, [50 + 14 + 43 + 1 + 1 + 8, 3 + 44 + 29], "accepted and refused");
}

#[test]
fn accepted_vectors_decode_to_their_fields() {
    for vector in vectors::good() {
        let expected = vector.expected.as_ref().unwrap();
        check_fields(&vector, expected);
        check_record(&vector, expected);
    }
}

fn check_fields(vector: &Vector, expected: &Expected) {
    let title = format!("{}/{}", vector.source.name(), vector.name);
    let message = EnvelopeMessage::decode(&vector.envelope).unwrap();
    assert_eq!(message.payload_type, expected.payload_type, "{title}");
    assert_eq!(message.payload, expected.payload, "{title}");
    assert_eq!(message.signature, expected.signature, "{title}");

    // py-libp2p leaves the type out of RSA keys, inside and outside of what it calls fields.
    let key = model::key(&expected.public_key).unwrap();
    let purpose = expected.dialect.purpose();
    let opened = Envelope::decode(&vector.envelope).unwrap().open(purpose).unwrap();
    assert_eq!(opened.signer().encode(), key.canonical(), "{title}");
    assert_eq!(opened.payload(), expected.payload, "{title}");
    assert_eq!(opened.purpose().payload_type(), expected.payload_type, "{title}");

    // W7: what they wrote is canonical already, but for a key without its type.
    let canonical = opened.envelope().as_bytes();
    let written = model::envelope(&vector.envelope).unwrap();
    if written.public_key.key_type.is_some() {
        assert_eq!(canonical, vector.envelope, "{title}");
    } else {
        assert_eq!(opened.signer().key_type(), KeyType::Rsa, "{title}");
        assert_eq!(canonical.len(), vector.envelope.len() + 2, "{title}");
        let again = CertifiedRecord::verify(canonical, Dialects::Any).unwrap();
        assert_eq!(again.as_bytes(), canonical, "{title}");
    }
}

fn check_record(vector: &Vector, expected: &Expected) {
    let title = format!("{}/{}", vector.source.name(), vector.name);
    let expected_record = &expected.record;
    let record = CertifiedRecord::verify(&vector.envelope, vector.dialects).unwrap();
    assert_eq!(record.dialect(), expected.dialect, "{title}");
    assert_eq!(record.peer_id().to_string(), expected_record.peer_id, "{title}");
    assert_eq!(*record.peer_id().multihash_bytes(), *expected_record.peer_id_bytes, "{title}");
    assert_eq!(PeerId::parse_text(&expected_record.peer_id), Ok(record.peer_id()), "{title}");
    assert_eq!(record.seq().value(), expected_record.seq, "{title}");
    assert_eq!(record.skipped_addresses().total(), expected_record.skipped_addresses, "{title}");
    if expected_record.skipped_addresses == 0 {
        let bytes: Vec<_> = record.addresses().map(|a| a.as_bytes().to_vec()).collect();
        assert_eq!(bytes, expected_record.address_bytes, "{title}");
        let texts: Vec<_> = record.addresses().map(|a| a.to_string()).collect();
        let expected: Vec<_> = expected_record.addresses.iter().map(|a| our_text(a)).collect();
        assert_eq!(texts, expected, "{title}");
    } else {
        let kept = record.addresses().len() + usize::from(expected_record.skipped_addresses);
        assert_eq!(kept, expected_record.address_bytes.len(), "{title}");
    }
}

/// The one text that differs: js-libp2p writes the path `foo/bar` with a slash in front into the
/// bytes and leaves it out of the text. The text here says what the bytes say.
fn our_text(theirs: &str) -> String {
    theirs.replace("/http-path/foo%2Fbar", "/http-path/%2Ffoo%2Fbar")
}

#[test]
fn addresses_that_js_writes_in_its_own_way_are_read_or_skipped() {
    let differing: Vec<_> =
        vectors::files().into_iter().flat_map(|file| file.differing_addresses).collect();
    let kept = |bytes: &[u8]| model::address(bytes, &[]).map(|address| address.to_vec());
    for address in &differing {
        assert_ne!(address.js, address.other, "{}", address.name);
        assert_eq!(kept(&address.other), Ok(address.other.clone()), "{}", address.name);
    }
    let js = |name: &str| {
        let found = differing.iter().find(|address| address.name == name);
        kept(&found.unwrap_or_else(|| panic!("{name}")).js)
    };
    assert!(js("kind_http_path").is_ok(), "a path of another name");
    assert!(js("kind_memory").is_err(), "a number with a length in front");
}

#[test]
fn private_keys_lead_to_the_same_public_key_and_peer_id() {
    let keys = vectors::files().into_iter().flat_map(|file| file.keys).collect::<Vec<_>>();
    assert_eq!(keys.len(), 6 + 4 + 1 + 8);
    for key in keys {
        let title = format!("{}/{} ({})", key.source.name(), key.name, key.note);
        if key.expect == Expect::Refuse {
            assert!(PublicKey::decode(&key.public_key).is_err(), "{title}");
            continue;
        }
        let keypair = keys::import(&key.private);
        let type_name = keypair.key_type().to_string().to_lowercase();
        assert!(key.type_name.to_lowercase().starts_with(&type_name), "{title}");
        assert_eq!(keypair.public_key().encode(), key.public_key, "{title}");
        let in_envelopes = key.envelope_public_key.as_ref().unwrap_or(&key.public_key);
        assert_eq!(PublicKey::decode(in_envelopes).as_ref(), Ok(keypair.public_key()), "{title}");
        assert_eq!(keypair.peer_id().to_string(), key.peer_id, "{title}");
        assert_eq!(*keypair.peer_id().multihash_bytes(), *key.peer_id_bytes, "{title}");
        assert_eq!(
            PeerId::from_multihash_bytes(&key.peer_id_bytes),
            Ok(keypair.peer_id()),
            "{title}"
        );
    }
}

#[test]
fn deterministic_signatures_come_out_the_same() {
    let keys = vectors::keys();
    let mut same = 0;
    for vector in vectors::good() {
        let expected = vector.expected.unwrap();
        let public_key = model::key(&expected.public_key).unwrap().canonical();
        let key = keys.iter().find(|key| key.public_key == public_key).unwrap();
        let keypair = keys::import(&key.private);
        let purpose = expected.dialect.purpose();
        let sealed = Envelope::seal(purpose, &expected.payload, &keypair).unwrap();
        // Ed25519 and PKCS#1 v1.5 leave no choice, and all four make secp256k1 nonces by RFC 6979.
        if keypair.key_type() != KeyType::Ecdsa {
            let canonical = Envelope::decode(&vector.envelope).unwrap();
            assert_eq!(sealed, canonical, "{}/{}", vector.source.name(), vector.name);
            same += 1;
        }
        assert!(sealed.open(purpose).is_ok(), "{}", vector.name);
    }
    assert!(same > 90, "{same} signatures");
}

#[test]
fn the_envelope_of_another_purpose_opens_for_that_alone() {
    let envelopes: Vec<_> = vectors::files().into_iter().flat_map(|file| file.envelopes).collect();
    assert_eq!(envelopes.len(), 1);
    for other in envelopes {
        let envelope = Envelope::decode(&other.envelope).unwrap();
        assert_eq!(envelope.as_bytes(), other.envelope);
        let opened = envelope.clone().open(other.purpose).unwrap();
        assert_eq!(opened.payload(), other.payload);
        for purpose in [PEER_RECORD, ROUTING_STATE] {
            assert!(envelope.clone().open(purpose).is_err(), "{}", purpose.domain());
        }
        assert!(CertifiedRecord::verify(&other.envelope, Dialects::Any).is_err());
        assert_ne!(other.altered, other.envelope);
        let altered = Envelope::decode(&other.altered).map(|altered| altered.open(other.purpose));
        assert!(!matches!(altered, Ok(Ok(_))), "the altered copy opens");
    }
}

#[test]
fn the_bare_payload_decodes() {
    let payloads: Vec<_> = vectors::files().into_iter().flat_map(|file| file.payloads).collect();
    assert_eq!(payloads.len(), 1);
    for other in payloads {
        let record = PeerRecordMessage::decode(&other.payload, 256).unwrap();
        let peer_id = PeerId::from_multihash_bytes(record.peer_id()).unwrap();
        assert_eq!(peer_id.to_string(), other.peer_id);
        assert_eq!(record.seq(), other.seq);
        let model = model::record(&other.payload, &peer_id.multihash_bytes()).unwrap();
        let texts: Vec<_> = model.addresses.iter().map(ToString::to_string).collect();
        assert_eq!(texts, other.addresses);
        assert!(model.skipped.is_empty());
        let mut written = Vec::new();
        let addresses = model.addresses.iter().map(AsRef::as_ref);
        PeerRecordMessage::encode(record.peer_id(), record.seq(), addresses, &mut written);
        assert_eq!(written, other.payload, "what go-libp2p writes, we write");
    }
}

#[test]
fn all_key_types_and_both_dialects_are_covered() {
    let records: Vec<_> = vectors::good()
        .into_iter()
        .map(|vector| CertifiedRecord::verify(&vector.envelope, vector.dialects).unwrap())
        .collect();
    for key_type in keys::TYPES {
        for dialect in [Dialect::PeerRecord, Dialect::RoutingState] {
            let covered = records.iter().any(|record| {
                record.signer().key_type() == key_type && record.dialect() == dialect
            });
            assert!(covered, "{key_type} {dialect}");
        }
    }
}

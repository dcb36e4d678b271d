//! From the written form of the files to the one that tests use.
//!
//! Every struct is taken apart by naming all of its fields: one that is not used does not compile.

use std::collections::BTreeMap;

use peermark_envelope::Purpose;
use peermark_peer_record::{Dialect, Dialects, PEER_RECORD, ROUTING_STATE};
use serde::de::Error as _;
use serde_json::Error;

use super::raw::{self, Hex};
use super::{
    DifferingAddress, Expect, Expected, ExpectedRecord, File, Key, OtherEnvelope, OtherPayload,
    PrivateKey, Source, Vector,
};

impl File {
    /// Reads the text of a vector file.
    ///
    /// # Errors
    ///
    /// It is not JSON, lacks an attribute, has one that nobody reads or one twice, or contradicts
    /// itself.
    pub fn read(source: Source, json: &str) -> Result<Self, Error> {
        match source {
            Source::Js | Source::Py | Source::Go => common(source, serde_json::from_str(json)?),
            Source::Rust => rust(serde_json::from_str(json)?),
        }
    }
}

/// Keys that a file holds and that no other implementation reads: js-libp2p writes ECDSA keys in a
/// form of its own, not as SubjectPublicKeyInfo.
const UNREADABLE_KEYS: &[&str] = &["ecdsa_p256_js"];

fn common(source: Source, file: raw::Common) -> Result<File, Error> {
    let raw::Common {
        format,
        generator,
        versions,
        domain,
        payload_type,
        ecdsa_js_api,
        ecdsa,
        skipped,
        multiaddr_bytes_differ_from_js,
        keys,
        implementations,
        vectors,
        bad,
        other,
    } = file;
    check(domain.is_none_or(|domain| domain == PEER_RECORD.domain()), "domain")?;
    let expected_type = PEER_RECORD.payload_type();
    check(payload_type.is_none_or(|Hex(bytes)| bytes == expected_type), "payload type")?;
    check(skipped.is_empty(), "something was skipped")?;
    let notes = [versions, ecdsa_js_api, ecdsa, implementations].into_iter().flatten();
    let about = [format, generator]
        .into_iter()
        .chain(notes.map(|(name, value)| format!("{name} {value}")))
        .collect();

    let mut keys: Vec<Key> =
        keys.into_iter().map(|(name, key)| of_key(source, name, key)).collect();
    let mut read = Vec::new();
    for vector in vectors {
        let (vector, key) = good(source, vector)?;
        read.push(vector);
        keys.extend(key);
    }
    read.extend(bad.into_iter().map(|vector| of_bad(source, vector)));

    let mut file = File {
        source,
        about,
        keys,
        vectors: read,
        differing_addresses: differing(multiaddr_bytes_differ_from_js)?,
        envelopes: Vec::new(),
        payloads: Vec::new(),
    };
    if let Some(raw::Other { go_envelope_testing, go_peer_record_payload }) = other {
        file.envelopes.push(other_envelope(&mut file.about, go_envelope_testing)?);
        file.payloads.push(other_payload(&mut file.about, go_peer_record_payload));
    }
    Ok(file)
}

fn differing(raw: BTreeMap<String, raw::Differ>) -> Result<Vec<DifferingAddress>, Error> {
    let mut all = Vec::new();
    for (name, raw::Differ { js, py }) in raw {
        check(js.len() == py.len(), "as many addresses on both sides")?;
        let pairs = js.into_iter().zip(py);
        all.extend(pairs.map(|(Hex(js), Hex(other))| DifferingAddress {
            name: name.clone(),
            js,
            other,
        }));
    }
    Ok(all)
}

fn of_key(source: Source, name: String, key: raw::Key) -> Key {
    let raw::Key {
        key_type,
        private_key_protobuf: Hex(private),
        public_key_protobuf: Hex(public_key),
        envelope_public_key_protobuf,
        peer_id_bytes: Hex(peer_id_bytes),
        peer_id,
        note,
    } = key;
    let refuse = UNREADABLE_KEYS.contains(&name.as_str());
    Key {
        source,
        type_name: key_type,
        private: PrivateKey::Protobuf(private),
        envelope_public_key: envelope_public_key_protobuf
            .map(|Hex(bytes)| bytes)
            .filter(|bytes| *bytes != public_key),
        public_key,
        peer_id,
        peer_id_bytes,
        expect: if refuse { Expect::Refuse } else { Expect::Accept },
        name,
        note: note.unwrap_or_default(),
    }
}

fn good(source: Source, vector: raw::Good) -> Result<(Vector, Option<Key>), Error> {
    let raw::Good {
        name,
        key,
        generator,
        source: origin,
        private_key_protobuf,
        envelope: Hex(envelope),
        domain,
        fields,
        expected,
        expect,
        expected_skipped_addresses: skipped_addresses,
    } = vector;
    let raw::Fields {
        public_key: Hex(public_key),
        payload_type: Hex(payload_type),
        payload: Hex(payload),
        signature: Hex(signature),
    } = fields;
    let raw::Expected { peer_id, peer_id_bytes: Hex(peer_id_bytes), seq, addrs, addrs_bytes } =
        expected;
    let dialect = dialect(&domain)?;
    let private_key = private_key_protobuf.map(|Hex(private)| Key {
        source,
        name: key.clone(),
        note: String::new(),
        type_name: "Ed25519".to_owned(),
        private: PrivateKey::Protobuf(private),
        public_key: public_key.clone(),
        envelope_public_key: None,
        peer_id: peer_id.clone(),
        peer_id_bytes: peer_id_bytes.clone(),
        expect: Expect::Accept,
    });
    let notes = [Some(key), generator, origin].into_iter().flatten();
    let vector = Vector {
        source,
        name,
        note: notes.collect::<Vec<_>>().join(", "),
        envelope,
        dialects: Dialects::Only(dialect),
        expect: expect.map_or(Expect::Accept, of_expect),
        expected: Some(Expected {
            dialect,
            public_key,
            payload_type,
            payload,
            signature,
            record: ExpectedRecord {
                peer_id,
                peer_id_bytes,
                seq: seq.0,
                addresses: addrs,
                address_bytes: bytes(addrs_bytes),
                skipped_addresses,
            },
        }),
    };
    Ok((vector, private_key))
}

fn of_bad(source: Source, vector: raw::Bad) -> Vector {
    let raw::Bad { name, note, envelope: Hex(envelope), expect, purpose } = vector;
    let dialect = match purpose {
        None | Some(raw::PurposeName::PeerRecord) => Dialect::PeerRecord,
        Some(raw::PurposeName::RoutingState) => Dialect::RoutingState,
    };
    Vector {
        source,
        name: format!("bad/{name}"),
        note,
        envelope,
        dialects: Dialects::Only(dialect),
        expect: of_expect(expect),
        expected: None,
    }
}

fn other_envelope(
    about: &mut Vec<String>,
    other: raw::OtherEnvelope,
) -> Result<OtherEnvelope, Error> {
    let raw::OtherEnvelope {
        source,
        domain,
        payload_type_utf8,
        payload_utf8,
        envelope: Hex(envelope),
        altered_must_fail: Hex(altered),
    } = other;
    about.push(source);
    check(domain == TESTING.domain(), "domain")?;
    check(payload_type_utf8.as_bytes() == TESTING.payload_type(), "payload type")?;
    Ok(OtherEnvelope { purpose: TESTING, payload: payload_utf8.into_bytes(), envelope, altered })
}

/// The purpose of go-libp2p's tests of envelopes.
const TESTING: Purpose = peermark_envelope::purpose!("libp2p-testing", b"/libp2p/testdata");

fn other_payload(about: &mut Vec<String>, other: raw::OtherPayload) -> OtherPayload {
    let raw::OtherPayload { source, payload: Hex(payload), peer_id, seq, addrs } = other;
    about.push(source);
    OtherPayload { payload, peer_id, seq: seq.0, addresses: addrs }
}

fn rust(file: raw::Rust) -> Result<File, Error> {
    let raw::Rust { generator, vectors } = file;
    let mut read = File {
        source: Source::Rust,
        about: vec![generator],
        keys: Vec::new(),
        vectors: Vec::new(),
        differing_addresses: Vec::new(),
        envelopes: Vec::new(),
        payloads: Vec::new(),
    };
    for (index, vector) in vectors.into_iter().enumerate() {
        let (vector, key) = rust_vector(index, vector)?;
        read.vectors.push(vector);
        read.keys.push(key);
    }
    Ok(read)
}

fn rust_vector(index: usize, vector: raw::RustVector) -> Result<(Vector, Key), Error> {
    let raw::RustVector {
        source: origin,
        domain,
        key_type,
        private_key_protobuf_hex,
        private_key_pkcs8_der_hex,
        private_key_note,
        public_key_protobuf_hex: Hex(public_key),
        peer_id,
        peer_id_hex: Hex(peer_id_bytes),
        seq,
        addresses,
        addresses_hex,
        payload_type_hex: Hex(payload_type),
        payload_hex: Hex(payload),
        envelope_hex: Hex(envelope),
        envelope_len,
    } = vector;
    check(envelope.len() == envelope_len, "envelope_len")?;
    let dialect = dialect(&domain)?;
    let private = match (private_key_protobuf_hex, private_key_pkcs8_der_hex) {
        (Some(Hex(bytes)), None) => PrivateKey::Protobuf(bytes),
        (None, Some(Hex(bytes))) => PrivateKey::Pkcs8(bytes),
        _ => return Err(Error::custom("one private key")),
    };
    let key = Key {
        source: Source::Rust,
        name: key_type.clone(),
        note: private_key_note.unwrap_or_default(),
        type_name: key_type.clone(),
        private,
        public_key: public_key.clone(),
        envelope_public_key: None,
        peer_id: peer_id.clone(),
        peer_id_bytes: peer_id_bytes.clone(),
        expect: Expect::Accept,
    };
    // This file does not tell the signature apart. It is what stands behind its length at the end.
    let signature = signature_at_the_end(&envelope)?;
    let vector = Vector {
        source: Source::Rust,
        name: format!("{index}/{key_type}/{dialect}"),
        note: origin,
        envelope,
        dialects: Dialects::Only(dialect),
        expect: Expect::Accept,
        expected: Some(Expected {
            dialect,
            public_key,
            payload_type,
            payload,
            signature,
            record: ExpectedRecord {
                peer_id,
                peer_id_bytes,
                seq,
                addresses,
                address_bytes: bytes(addresses_hex),
                skipped_addresses: 0,
            },
        }),
    };
    Ok((vector, key))
}

/// Field 5 of an envelope that ends with it.
fn signature_at_the_end(envelope: &[u8]) -> Result<Vec<u8>, Error> {
    // RSA-2048 signatures have a length of two bytes, all others of one.
    let (rsa, rest) = envelope.split_at(envelope.len().saturating_sub(256));
    if rsa.ends_with(&[0x2a, 0x80, 0x02]) {
        return Ok(rest.to_vec());
    }
    (64..=72u8)
        .map(|len| envelope.split_at(envelope.len().saturating_sub(usize::from(len))))
        .find(|(front, signature)| {
            u8::try_from(signature.len()).is_ok_and(|len| front.ends_with(&[0x2a, len]))
        })
        .map(|(_, signature)| signature.to_vec())
        .ok_or_else(|| Error::custom("no signature at the end"))
}

fn dialect(domain: &str) -> Result<Dialect, Error> {
    [(PEER_RECORD, Dialect::PeerRecord), (ROUTING_STATE, Dialect::RoutingState)]
        .into_iter()
        .find_map(|(purpose, dialect)| (purpose.domain() == domain).then_some(dialect))
        .ok_or_else(|| Error::custom("unknown domain"))
}

fn of_expect(expect: raw::Expect) -> Expect {
    match expect {
        raw::Expect::Accept => Expect::Accept,
        raw::Expect::Refuse => Expect::Refuse,
    }
}

fn bytes(hex: Vec<Hex>) -> Vec<Vec<u8>> {
    hex.into_iter().map(|Hex(bytes)| bytes).collect()
}

fn check(holds: bool, what: &str) -> Result<(), Error> {
    if holds { Ok(()) } else { Err(Error::custom(what)) }
}

//! The vector files as they are written: one struct for each object, and no attribute that a
//! struct does not name.
//!
//! Every struct refuses unknown attributes, serde refuses doubled and missing ones, and whoever
//! takes a struct apart names all of its fields, so that an attribute that nobody consumes does
//! not compile.

use std::collections::BTreeMap;

use data_encoding::HEXLOWER;
use serde::Deserialize;
use serde::de::{Deserializer, Error as _};

/// Bytes, written as lower-case hexadecimal digits.
#[derive(Clone, Debug)]
pub(super) struct Hex(pub(super) Vec<u8>);

impl<'de> Deserialize<'de> for Hex {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        HEXLOWER.decode(text.as_bytes()).map(Self).map_err(D::Error::custom)
    }
}

/// A number, written as a string of decimal digits.
#[derive(Clone, Copy, Debug)]
pub(super) struct Decimal(pub(super) u64);

impl<'de> Deserialize<'de> for Decimal {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        text.parse().map(Self).map_err(D::Error::custom)
    }
}

/// The form of the js, py and go files.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Common {
    pub(super) format: String,
    pub(super) generator: String,
    #[serde(default)]
    pub(super) versions: BTreeMap<String, String>,
    pub(super) domain: Option<String>,
    pub(super) payload_type: Option<Hex>,
    #[serde(default)]
    pub(super) ecdsa_js_api: BTreeMap<String, String>,
    #[serde(default)]
    pub(super) ecdsa: BTreeMap<String, String>,
    #[serde(default)]
    pub(super) skipped: BTreeMap<String, String>,
    #[serde(default)]
    pub(super) multiaddr_bytes_differ_from_js: BTreeMap<String, Differ>,
    #[serde(default)]
    pub(super) keys: BTreeMap<String, Key>,
    #[serde(default)]
    pub(super) implementations: BTreeMap<String, String>,
    pub(super) vectors: Vec<Good>,
    pub(super) bad: Vec<Bad>,
    pub(super) other: Option<Other>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Differ {
    pub(super) js: Vec<Hex>,
    pub(super) py: Vec<Hex>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Key {
    #[serde(rename = "type")]
    pub(super) key_type: String,
    pub(super) private_key_protobuf: Hex,
    pub(super) public_key_protobuf: Hex,
    pub(super) envelope_public_key_protobuf: Option<Hex>,
    pub(super) peer_id_bytes: Hex,
    pub(super) peer_id: String,
    pub(super) note: Option<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Good {
    pub(super) name: String,
    pub(super) key: String,
    pub(super) generator: Option<String>,
    pub(super) source: Option<String>,
    pub(super) private_key_protobuf: Option<Hex>,
    pub(super) envelope: Hex,
    pub(super) domain: String,
    pub(super) fields: Fields,
    pub(super) expected: Expected,
    /// Where it is left out, the envelope is good.
    pub(super) expect: Option<Expect>,
    #[serde(default)]
    pub(super) expected_skipped_addresses: u16,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Fields {
    pub(super) public_key: Hex,
    pub(super) payload_type: Hex,
    pub(super) payload: Hex,
    pub(super) signature: Hex,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Expected {
    pub(super) peer_id: String,
    pub(super) peer_id_bytes: Hex,
    pub(super) seq: Decimal,
    pub(super) addrs: Vec<String>,
    pub(super) addrs_bytes: Vec<Hex>,
}

#[derive(Clone, Copy, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum Expect {
    Accept,
    Refuse,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Bad {
    pub(super) name: String,
    pub(super) note: String,
    pub(super) envelope: Hex,
    pub(super) expect: Expect,
    pub(super) purpose: Option<PurposeName>,
}

#[derive(Clone, Copy, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub(super) enum PurposeName {
    PeerRecord,
    RoutingState,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Other {
    pub(super) go_envelope_testing: OtherEnvelope,
    pub(super) go_peer_record_payload: OtherPayload,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct OtherEnvelope {
    pub(super) source: String,
    pub(super) domain: String,
    pub(super) payload_type_utf8: String,
    pub(super) payload_utf8: String,
    pub(super) envelope: Hex,
    pub(super) altered_must_fail: Hex,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct OtherPayload {
    pub(super) source: String,
    pub(super) payload: Hex,
    pub(super) peer_id: String,
    pub(super) seq: Decimal,
    pub(super) addrs: Vec<String>,
}

/// The form of the rust file.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Rust {
    pub(super) generator: String,
    pub(super) vectors: Vec<RustVector>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RustVector {
    pub(super) source: String,
    pub(super) domain: String,
    pub(super) key_type: String,
    pub(super) private_key_protobuf_hex: Option<Hex>,
    pub(super) private_key_pkcs8_der_hex: Option<Hex>,
    pub(super) private_key_note: Option<String>,
    pub(super) public_key_protobuf_hex: Hex,
    pub(super) peer_id: String,
    pub(super) peer_id_hex: Hex,
    pub(super) seq: u64,
    pub(super) addresses: Vec<String>,
    pub(super) addresses_hex: Vec<Hex>,
    pub(super) payload_type_hex: Hex,
    pub(super) payload_hex: Hex,
    pub(super) envelope_hex: Hex,
    pub(super) envelope_len: usize,
}

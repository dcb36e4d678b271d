//! Records, keys and envelopes that other implementations made, with what they must decode to.
//!
//! The files are in `vectors/`, and the README there says where each comes from. They are read so
//! that nothing in them goes unnoticed: an attribute that the reader does not know is an error,
//! because a vector whose expectation nobody checks proves nothing.

mod raw;
mod read;

use std::collections::BTreeMap;

use peermark_envelope::Purpose;
use peermark_peer_record::{Dialect, Dialects};

/// The implementation that a file's vectors come from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[expect(clippy::exhaustive_enums, reason = "one per file")]
pub enum Source {
    /// js-libp2p.
    Js,
    /// py-libp2p.
    Py,
    /// go-libp2p, as pinned by the tests of others.
    Go,
    /// rust-libp2p.
    Rust,
}

impl Source {
    /// All of them.
    pub const ALL: [Self; 4] = [Self::Js, Self::Py, Self::Go, Self::Rust];

    /// `js`, `py`, `go` or `rust`.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Js => "js",
            Self::Py => "py",
            Self::Go => "go",
            Self::Rust => "rust",
        }
    }

    /// The text of the file.
    #[must_use]
    pub const fn json(self) -> &'static str {
        match self {
            Self::Js => include_str!("../vectors/js-libp2p.json"),
            Self::Py => include_str!("../vectors/py-libp2p.json"),
            Self::Go => include_str!("../vectors/go-libp2p.json"),
            Self::Rust => include_str!("../vectors/rust-libp2p.json"),
        }
    }
}

/// Everything in one vector file.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct File {
    /// Whose vectors they are.
    pub source: Source,
    /// What the file says about itself: its format, its generator, versions, notes.
    pub about: Vec<String>,
    /// Keys with their private halves, public by definition.
    pub keys: Vec<Key>,
    /// Envelopes with what they must do.
    pub vectors: Vec<Vector>,
    /// Addresses whose bytes js-libp2p and another implementation write differently.
    pub differing_addresses: Vec<DifferingAddress>,
    /// Envelopes of another purpose than peer records.
    pub envelopes: Vec<OtherEnvelope>,
    /// Payloads of peer records without an envelope.
    pub payloads: Vec<OtherPayload>,
}

/// What a receiver does with an envelope.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(clippy::exhaustive_enums, reason = "there is no third answer")]
pub enum Expect {
    /// It opens and is a certified record.
    Accept,
    /// It does not.
    Refuse,
}

/// One envelope and what it must do.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Vector {
    /// Whose it is.
    pub source: Source,
    /// Its name, unique within the source.
    pub name: String,
    /// What was done to it, where something was.
    pub note: String,
    /// The bytes.
    pub envelope: Vec<u8>,
    /// The dialects to open it with.
    pub dialects: Dialects,
    /// What comes of that.
    pub expect: Expect,
    /// What it decodes to, where the file says so.
    pub expected: Option<Expected>,
}

/// What an envelope decodes to.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Expected {
    /// The dialect that it was made in.
    pub dialect: Dialect,
    /// Field 1, as it stands in the envelope.
    pub public_key: Vec<u8>,
    /// Field 2.
    pub payload_type: Vec<u8>,
    /// Field 3.
    pub payload: Vec<u8>,
    /// Field 5.
    pub signature: Vec<u8>,
    /// The record in the payload.
    pub record: ExpectedRecord,
}

/// What a payload decodes to.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct ExpectedRecord {
    /// The peer id as text.
    pub peer_id: String,
    /// The peer id as bytes.
    pub peer_id_bytes: Vec<u8>,
    /// The sequence number.
    pub seq: u64,
    /// The addresses as the other implementation shows them.
    pub addresses: Vec<String>,
    /// The addresses as they stand in the payload.
    pub address_bytes: Vec<Vec<u8>>,
    /// How many of them are skipped here.
    pub skipped_addresses: u16,
}

/// A keypair and what must come of it.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Key {
    /// Whose it is.
    pub source: Source,
    /// Its name, unique within the source.
    pub name: String,
    /// What is special about it, where something is.
    pub note: String,
    /// What the source calls its type.
    pub type_name: String,
    /// The private half.
    pub private: PrivateKey,
    /// The `PublicKey` message that peer ids are made from.
    pub public_key: Vec<u8>,
    /// The `PublicKey` message that the source writes into envelopes, where it is another one.
    pub envelope_public_key: Option<Vec<u8>>,
    /// The peer id as text.
    pub peer_id: String,
    /// The peer id as bytes.
    pub peer_id_bytes: Vec<u8>,
    /// Whether the public key is one that peermark reads.
    pub expect: Expect,
}

/// A private key in one of the forms of the files.
#[derive(Clone, Debug)]
#[expect(clippy::exhaustive_enums, reason = "the forms that the files have")]
pub enum PrivateKey {
    /// libp2p's `PrivateKey` message.
    Protobuf(Vec<u8>),
    /// PKCS#8, DER.
    Pkcs8(Vec<u8>),
}

/// The same address as two implementations write it.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct DifferingAddress {
    /// What differs.
    pub name: String,
    /// The bytes of js-libp2p.
    pub js: Vec<u8>,
    /// The bytes of the other implementation.
    pub other: Vec<u8>,
}

/// An envelope of another purpose.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct OtherEnvelope {
    /// The purpose that it was made for.
    pub purpose: Purpose,
    /// What it holds.
    pub payload: Vec<u8>,
    /// The bytes.
    pub envelope: Vec<u8>,
    /// The bytes with something altered: they must not open.
    pub altered: Vec<u8>,
}

/// A payload without an envelope.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct OtherPayload {
    /// The bytes.
    pub payload: Vec<u8>,
    /// The peer id as text.
    pub peer_id: String,
    /// The sequence number.
    pub seq: u64,
    /// The addresses as text.
    pub addresses: Vec<String>,
}

/// All four files.
///
/// # Panics
///
/// When a file does not have the form that it must have, an attribute more included.
#[must_use]
pub fn files() -> Vec<File> {
    let read = |source: Source| match File::read(source, source.json()) {
        Ok(file) => file,
        Err(error) => panic!("{}: {error}", source.name()),
    };
    Source::ALL.into_iter().map(read).collect()
}

/// The vectors of all files.
///
/// # Panics
///
/// As [`files`].
#[must_use]
pub fn all() -> Vec<Vector> {
    files().into_iter().flat_map(|file| file.vectors).collect()
}

/// The keys of all files, each public key once.
///
/// # Panics
///
/// As [`files`].
#[must_use]
pub fn keys() -> Vec<Key> {
    let keys = files().into_iter().flat_map(|file| file.keys);
    let unique: BTreeMap<_, _> = keys.map(|key| (key.public_key.clone(), key)).collect();
    unique.into_values().collect()
}

/// The vectors that must be accepted and whose fields are known.
///
/// # Panics
///
/// As [`files`].
#[must_use]
pub fn good() -> Vec<Vector> {
    let mut vectors = all();
    vectors.retain(|vector| vector.expect == Expect::Accept && vector.expected.is_some());
    vectors
}

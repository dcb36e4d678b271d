//! Signed envelopes whose payload cannot be read before it is verified.
//!
//! An *envelope* (libp2p RFC 0002) is a public key, a payload type, a payload and a signature.
//! Anybody may carry it; whoever receives it can prove that the holder of the key signed that
//! payload, of that type, for that purpose. This crate is the whole of it and knows no payload:
//! peer records, in `peermark-peer-record`, are its first user, and [`Record`] is how a payload
//! of your own becomes the next.
//!
//! # The types, in the order one meets them
//!
//! 1. [`Purpose`]: a domain and a payload type, as one constant of the program.
//! 2. [`Envelope`]: decoded bytes, or the result of [`Envelope::seal`]. *Unverified*: there is no
//!    way to its payload.
//! 3. [`Opened`]: what [`Envelope::open`] returns. *Verified*: the signer's key, the purpose and
//!    the payload.
//! 4. [`Signed`]: a decoded [`Record`] together with the opened envelope that proves it.
//!
//! ```
//! use peermark_envelope::{Envelope, Keypair, Purpose};
//!
//! /// Decided once, in code; never read from the wire.
//! const GREETING: Purpose = peermark_envelope::purpose!("example-greeting", b"/example/greeting");
//!
//! let alice = Keypair::generate_ed25519()?;
//! let sealed = Envelope::seal(GREETING, b"hello", &alice)?;
//!
//! // ... the bytes pass through hands that nobody trusts ...
//! let received = Envelope::decode(sealed.as_bytes())?;
//! let opened = received.open(GREETING)?;
//! assert_eq!(opened.payload(), b"hello");
//! assert_eq!(opened.signer(), alice.public_key());
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! # What holds
//!
//! - A payload type that is not the purpose's, or a domain that is not: no payload. A signature
//!   made for one purpose never opens for another (E3).
//! - [`Envelope::as_bytes`] is the canonical form, whatever was decoded (W7): equal envelopes have
//!   equal bytes, and unknown fields that somebody attached on the way are gone.
//! - Opening is stateless (E4) and its outcome depends on the bytes and the purpose alone, in
//!   every build (K5).
//! - The public key is not covered by the signature. What binds it is the payload: a record that
//!   names a peer must compare it with [`Opened::signer`], as peer records do.
//!
//! # What it does not do
//!
//! It keeps no keys, knows no revocation, and has no notion of time: an envelope that verified
//! once verifies for ever. Freshness is a matter of the payload.

#![deny(
    clippy::arithmetic_side_effects,
    clippy::as_conversions,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used
)]

mod envelope;
mod error;
mod limits;
mod purpose;
mod record;
mod signed_bytes;

pub use envelope::{Envelope, Opened};
pub use error::{DecodeError, OpenError, PayloadType, SealError};
pub use limits::{LimitError, Limits};
pub use peermark_identity::{
    self as identity, Keypair, PeerId, PeerIdExt, PublicKey, SignError, Signer,
};
pub use purpose::{Purpose, PurposeError};
pub use record::{OpenRecordError, Record, SealRecordError, Signed};

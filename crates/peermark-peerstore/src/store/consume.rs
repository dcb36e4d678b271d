//! Bytes in (S1, S17): what is here already is told before any cryptography.

use core::time::Duration;

use peermark_identity::{PeerId, PeerIdExt as _};
use peermark_peer_record::{CertifiedRecord, Dialects, VerifyError};
use peermark_provenance::{Source, Timestamp};

use super::Peerstore;
use crate::engine::Engine;
use crate::outcome::{Applied, OutcomeKind};
use crate::transition::{Delivery, Repeat};

/// Why bytes did not become a record, or a record was not stored.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ConsumeError<E: core::error::Error + 'static> {
    /// They do not verify. Nothing of them was stored, in no form (S17).
    #[error("invalid record")]
    Invalid(#[from] VerifyError),
    /// The engine failed. Nothing was stored that it did not confirm.
    #[error("the peerstore failed")]
    Engine(#[source] E),
}

impl<E: Engine> Peerstore<E> {
    /// Verifies a signed record and applies it, to live for `ttl`.
    ///
    /// The record that is held, byte for byte, is recognised without verifying it again: it takes a
    /// look-up and a comparison.
    ///
    /// # Errors
    ///
    /// [`ConsumeError::Invalid`] if it does not verify, [`ConsumeError::Engine`] if the storage fails.
    pub fn consume(
        &self,
        bytes: &[u8],
        source: &Source,
        ttl: Duration,
        now: Timestamp,
    ) -> Result<Applied, ConsumeError<E::Error>> {
        self.consume_delivery(bytes, Dialects::Any, &Delivery::new(*source, ttl), now)
    }

    /// As [`Self::consume`], of one dialect alone where that is asked for (R6), and with all that is
    /// known of the delivery.
    ///
    /// # Errors
    ///
    /// As [`Self::consume`].
    pub fn consume_as(
        &self,
        bytes: &[u8],
        dialects: Dialects,
        delivery: Delivery,
        now: Timestamp,
    ) -> Result<Applied, ConsumeError<E::Error>> {
        self.consume_delivery(bytes, dialects, &delivery, now)
    }

    fn consume_delivery(
        &self,
        bytes: &[u8],
        dialects: Dialects,
        delivery: &Delivery,
        now: Timestamp,
    ) -> Result<Applied, ConsumeError<E::Error>> {
        if dialects == Dialects::Any
            && let Some(peer) = claimed_peer(bytes)
        {
            let at = self.advance(now);
            let repeated = self.engine.repeat(&peer, at, &Repeat::new(&peer, bytes, delivery));
            if let Some(applied) = repeated.map_err(ConsumeError::Engine)? {
                self.shared().metrics().applied(delivery.source.kind(), OutcomeKind::Refreshed);
                return Ok(applied);
            }
        }
        match CertifiedRecord::verify_with(bytes, dialects, self.shared().envelopes) {
            Ok(record) => self.deliver(&record, *delivery, now).map_err(ConsumeError::Engine),
            Err(error) => {
                let source = delivery.source;
                self.shared().metrics().invalid(source.kind());
                tracing::debug!(%source, stage = %error.stage(), %error, "invalid record");
                Err(error.into())
            }
        }
    }
}

/// The peer that signed a canonical envelope, where its key is short enough to be its peer id; else
/// the one that the payload names first. It proves nothing: it says where to look.
#[inline(always)]
fn claimed_peer(bytes: &[u8]) -> Option<PeerId> {
    if let [0x0a, len @ 0..=42, rest @ ..] = bytes {
        return PeerId::of_inline_key(rest.get(..usize::from(*len))?);
    }
    let (_key, rest) = field(bytes, 0x0a)?;
    let (_payload_type, rest) = field(rest, 0x12)?;
    let (payload, _) = field(rest, 0x1a)?;
    let (peer, _) = field(payload, 0x0a)?;
    PeerId::from_multihash_bytes(peer).ok()
}

/// The value of the field with this tag, and what is behind it. Lengths of up to two bytes do.
fn field(bytes: &[u8], tag: u8) -> Option<(&[u8], &[u8])> {
    let (len, rest) = match bytes {
        [first, len @ 0..=0x7f, rest @ ..] if *first == tag => (usize::from(*len), rest),
        [first, low, high @ 0..=0x7f, rest @ ..] if *first == tag => {
            (usize::from(*low & 0x7f) | usize::from(*high) << 7, rest)
        }
        _ => return None,
    };
    rest.split_at_checked(len)
}

//! Bytes in (S1, S17): what is here already is told before any cryptography.

use core::time::Duration;

use peermark_identity::{PeerId, PeerIdExt as _};
use peermark_peer_record::{CertifiedRecord, Dialects, Seq, VerifyError};
use peermark_provenance::{Source, Timestamp};

use super::Peerstore;
use crate::engine::Engine;
use crate::outcome::{Applied, OutcomeKind};
use crate::transition::ApplyRecord;

/// Why bytes did not become a record, or a record was not stored.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ConsumeError<E: core::error::Error + 'static> {
    /// They do not verify. Nothing of them was stored, in no form (S17).
    #[error("record is invalid: {0}")]
    Invalid(#[from] VerifyError),
    /// The engine failed. Nothing was stored that it did not confirm.
    #[error("peerstore: {0}")]
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
    /// [`ConsumeError::Invalid`] when it does not verify; the engine's.
    pub fn consume(
        &self,
        bytes: &[u8],
        source: &Source,
        ttl: Duration,
        now: Timestamp,
    ) -> Result<Applied, ConsumeError<E::Error>> {
        self.consume_as(bytes, Dialects::Any, source, ttl, now)
    }

    /// As [`Self::consume`], of one dialect alone where that is asked for (R6).
    ///
    /// # Errors
    ///
    /// As [`Self::consume`].
    pub fn consume_as(
        &self,
        bytes: &[u8],
        dialects: Dialects,
        source: &Source,
        ttl: Duration,
        now: Timestamp,
    ) -> Result<Applied, ConsumeError<E::Error>> {
        if dialects == Dialects::Any
            && let Some(peer) = claimed_peer(bytes)
            && let Some(seq) = self.repeated(&peer, bytes, source, ttl, now)?
        {
            self.shared().metrics().applied(source.kind(), OutcomeKind::Refreshed);
            return Ok(ApplyRecord::repeated(peer, seq));
        }
        match CertifiedRecord::verify_with(bytes, dialects, self.shared().envelopes) {
            Ok(record) => self.apply(&record, source, ttl, now).map_err(ConsumeError::Engine),
            Err(error) => {
                self.shared().metrics().invalid(source.kind());
                tracing::debug!(%source, stage = %error.stage(), %error, "invalid record");
                Err(error.into())
            }
        }
    }

    /// The sequence number of the record that is held, where these are its bytes and nothing
    /// changes by them. They verified when it came, and verify again.
    fn repeated(
        &self,
        peer: &PeerId,
        bytes: &[u8],
        source: &Source,
        ttl: Duration,
        now: Timestamp,
    ) -> Result<Option<Seq>, ConsumeError<E::Error>> {
        let at = self.advance(now);
        let seq = self.engine.view(peer, |entry| {
            let entry = entry.filter(|entry| entry.record.envelope() == bytes)?;
            ApplyRecord::repeat(entry, source, ttl, &self.shared().context(at))
        });
        seq.map_err(ConsumeError::Engine)
    }
}

/// The peer that signed a canonical envelope, where its key is short enough to be its peer id; else
/// the one that the payload names first. It proves nothing: it tells where to look.
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

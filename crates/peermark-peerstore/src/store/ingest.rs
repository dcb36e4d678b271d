//! Bytes in (S1, S17): what is here already is told before any cryptography.

use core::time::Duration;

use peermark_identity::{PeerId, sha256};
use peermark_peer_record::{CertifiedRecord, Dialects, VerifyError};
use peermark_provenance::{Source, Timestamp};

use super::Peerstore;
use crate::engine::Engine;
use crate::outcome::Applied;
use crate::transition::ApplyRecord;

/// Why bytes did not become a record, or a record was not stored.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum IngestError<E: core::error::Error + 'static> {
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
    /// [`IngestError::Invalid`] when it does not verify; the engine's.
    pub fn ingest(
        &self,
        bytes: &[u8],
        source: &Source,
        ttl: Duration,
        now: Timestamp,
    ) -> Result<Applied, IngestError<E::Error>> {
        self.ingest_as(bytes, Dialects::Any, source, ttl, now)
    }

    /// As [`Self::ingest`], of one dialect alone where that is asked for (R6).
    ///
    /// # Errors
    ///
    /// As [`Self::ingest`].
    pub fn ingest_as(
        &self,
        bytes: &[u8],
        dialects: Dialects,
        source: &Source,
        ttl: Duration,
        now: Timestamp,
    ) -> Result<Applied, IngestError<E::Error>> {
        if dialects == Dialects::Any
            && let Some(applied) = self.repeated(bytes, source, ttl, now)?
        {
            self.count(&applied, source);
            return Ok(applied);
        }
        match CertifiedRecord::decode_with(bytes, dialects, self.shared().envelopes) {
            Ok(record) => self.apply(&record, source, ttl, now).map_err(IngestError::Engine),
            Err(error) => {
                self.shared().metrics().invalid(source.kind());
                tracing::debug!(%source, stage = %error.stage(), %error, "invalid record");
                Err(error.into())
            }
        }
    }

    /// The answer for bytes that are those of the record that is held, where nothing changes by
    /// them. They verified when it came, and verify again.
    fn repeated(
        &self,
        bytes: &[u8],
        source: &Source,
        ttl: Duration,
        now: Timestamp,
    ) -> Result<Option<Applied>, IngestError<E::Error>> {
        let Some(peer) = claimed_peer(bytes) else {
            return Ok(None);
        };
        let at = self.advance(now);
        let answer = self.engine.view(&peer, |entry| {
            let entry = entry.filter(|entry| entry.record.envelope() == bytes)?;
            ApplyRecord::repeat(entry, &peer, source, ttl, &self.shared().context(at))
        });
        answer.map_err(IngestError::Engine)
    }
}

/// The peer whose key a canonical envelope starts with. It proves nothing: it tells where to look.
fn claimed_peer(bytes: &[u8]) -> Option<PeerId> {
    /// Tag and length in front of a key that is its own peer id.
    const SHORT: usize = 2;
    let [0x0a, len, ..] = *bytes else {
        return None;
    };
    if len < 0x80 {
        let len = usize::from(len);
        let key = bytes.get(SHORT..SHORT.checked_add(len)?)?;
        if len <= 42 {
            let mut id = [0; PeerId::MAX_LEN];
            let (head, rest) = id.split_at_mut(SHORT);
            head.copy_from_slice(&[0, u8::try_from(len).ok()?]);
            rest.get_mut(..len)?.copy_from_slice(key);
            return PeerId::from_bytes(id.get(..len.checked_add(SHORT)?)?).ok();
        }
        return hashed(key);
    }
    let [_, low, high, ..] = *bytes else {
        return None;
    };
    if high >= 0x80 {
        return None;
    }
    let len = usize::from(low & 0x7f) | usize::from(high).checked_shl(7)?;
    hashed(bytes.get(3..len.checked_add(3)?)?)
}

fn hashed(key: &[u8]) -> Option<PeerId> {
    let mut id = [0; 34];
    let (head, rest) = id.split_at_mut(2);
    head.copy_from_slice(&[0x12, 0x20]);
    rest.copy_from_slice(&sha256(key));
    PeerId::from_bytes(&id).ok()
}

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

    /// Consumes many envelopes of either dialect, each as it was delivered, and returns an answer for
    /// each, in their order (S8). What is here already is told before any cryptography; the rest is
    /// verified, and what verified is applied as one batch.
    ///
    /// Signatures are verified one after the other; [`consume_each_with`](Self::consume_each_with)
    /// leaves it to the caller to use several threads.
    pub fn consume_each<'a>(
        &self,
        envelopes: impl IntoIterator<Item = (&'a [u8], Delivery)>,
        now: Timestamp,
    ) -> Vec<Result<Applied, ConsumeError<E::Error>>> {
        self.consume_each_with(envelopes, now, |_| {})
    }

    /// As [`consume_each`](Self::consume_each). `verify` is given the envelopes that are not known
    /// byte for byte, to call [`Unverified::verify`] on each, on any threads. What it leaves out is
    /// verified on this one.
    pub fn consume_each_with<'a>(
        &self,
        envelopes: impl IntoIterator<Item = (&'a [u8], Delivery)>,
        now: Timestamp,
        verify: impl FnOnce(&mut [Unverified<'a>]),
    ) -> Vec<Result<Applied, ConsumeError<E::Error>>> {
        let limits = self.shared().envelopes;
        let (mut answers, mut unverified, mut places) = (Vec::new(), Vec::new(), Vec::new());
        for (bytes, delivery) in envelopes {
            let answer = self.repeat(bytes, &delivery, now).transpose();
            if answer.is_none() {
                unverified.push(Unverified { bytes, limits, result: None });
                places.push((answers.len(), delivery));
            }
            answers.push(answer);
        }
        verify(&mut unverified);
        let mut answer = |index: usize, answer| {
            if let Some(place) = answers.get_mut(index) {
                *place = Some(answer);
            }
        };
        let (mut records, mut applied) = (Vec::new(), Vec::new());
        for (mut envelope, place) in unverified.into_iter().zip(places) {
            match envelope.result.take().unwrap_or_else(|| envelope.verified()) {
                Ok(record) => {
                    records.push(record);
                    applied.push(place);
                }
                Err(error) => {
                    let (index, delivery) = place;
                    answer(index, Err(self.invalid(error, &delivery.source)));
                }
            }
        }
        let items = records.iter().zip(applied.iter().map(|(_, delivery)| *delivery));
        for (result, (index, _)) in self.apply_each(items, now).into_iter().zip(&applied) {
            answer(*index, result.map_err(ConsumeError::Engine));
        }
        debug_assert!(answers.iter().all(Option::is_some), "an envelope without an answer");
        answers.into_iter().flatten().collect()
    }

    fn consume_delivery(
        &self,
        bytes: &[u8],
        dialects: Dialects,
        delivery: &Delivery,
        now: Timestamp,
    ) -> Result<Applied, ConsumeError<E::Error>> {
        if dialects == Dialects::Any
            && let Some(applied) = self.repeat(bytes, delivery, now)?
        {
            return Ok(applied);
        }
        match CertifiedRecord::verify_with(bytes, dialects, self.shared().envelopes) {
            Ok(record) => self.deliver(&record, *delivery, now).map_err(ConsumeError::Engine),
            Err(error) => Err(self.invalid(error, &delivery.source)),
        }
    }

    /// Takes a record that is held byte for byte as a delivery of it; `None` if it is not held.
    fn repeat(
        &self,
        bytes: &[u8],
        delivery: &Delivery,
        now: Timestamp,
    ) -> Result<Option<Applied>, ConsumeError<E::Error>> {
        let Some(peer) = claimed_peer(bytes) else { return Ok(None) };
        let at = self.advance(now);
        let repeated = self.engine.repeat(&peer, at, &Repeat::new(&peer, bytes, delivery));
        let repeated = repeated.map_err(ConsumeError::Engine)?;
        if repeated.is_some() {
            self.shared().metrics().applied(delivery.source.kind(), OutcomeKind::Refreshed);
        }
        Ok(repeated)
    }

    fn invalid(&self, error: VerifyError, source: &Source) -> ConsumeError<E::Error> {
        self.shared().metrics().invalid(source.kind());
        tracing::debug!(%source, stage = %error.stage(), %error, "invalid record");
        error.into()
    }
}

/// An envelope that [`Peerstore::consume_each_with`] could not find in the store.
#[derive(Debug)]
pub struct Unverified<'a> {
    bytes: &'a [u8],
    limits: peermark_envelope::Limits,
    result: Option<Result<CertifiedRecord, VerifyError>>,
}

impl Unverified<'_> {
    /// Verifies it, if that was not done yet.
    pub fn verify(&mut self) {
        if self.result.is_none() {
            self.result = Some(self.verified());
        }
    }

    fn verified(&self) -> Result<CertifiedRecord, VerifyError> {
        CertifiedRecord::verify_with(self.bytes, Dialects::Any, self.limits)
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

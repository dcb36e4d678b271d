//! The envelope, before and after verification.

use bytes::Bytes;
use peermark_identity::{PublicKey, Signer};
use peermark_wire::{EnvelopeLayout, EnvelopeMessage};

use crate::error::{DecodeError, OpenError, PayloadType, SealError};
use crate::limits::Limits;
use crate::purpose::Purpose;
use crate::signed_bytes::with_signed_bytes;

/// A signed envelope that nobody has verified yet.
///
/// It holds the canonical bytes in one allocation and gives no access to the payload (E1):
/// [`open`](Self::open) it for a purpose first. Two envelopes are equal when their canonical bytes
/// are.
///
/// ```
/// # use peermark_envelope::{Envelope, Purpose};
/// fn payload(envelope: Envelope, purpose: Purpose) -> Option<Vec<u8>> {
///     Some(envelope.open(purpose).ok()?.payload().to_vec())
/// }
/// ```
///
/// ```compile_fail,E0599
/// # use peermark_envelope::{Envelope, Purpose};
/// fn payload(envelope: Envelope, purpose: Purpose) -> Option<Vec<u8>> {
///     Some(envelope.payload().to_vec())
/// }
/// ```
#[derive(Clone)]
pub struct Envelope {
    bytes: Bytes,
    layout: EnvelopeLayout,
}

impl Envelope {
    /// Decodes an envelope of at most 8 KiB; see [`Self::decode_with`].
    ///
    /// # Errors
    ///
    /// See [`Self::decode_with`].
    pub fn decode(input: &[u8]) -> Result<Self, DecodeError> {
        Self::decode_with(input, Limits::default())
    }

    /// Decodes an envelope and brings it into canonical form (W7).
    ///
    /// Unknown fields are dropped, field order and varints are normalised. Only the encoding is
    /// checked; key and signature are checked when it is opened.
    ///
    /// # Errors
    ///
    /// [`DecodeError`]: too large (before anything is read), malformed with the offset, or without
    /// payload type or signature.
    pub fn decode_with(input: &[u8], limits: Limits) -> Result<Self, DecodeError> {
        let limit = limits.envelope_len();
        let within =
            |got| if got > limit { Err(DecodeError::TooLarge { limit, got }) } else { Ok(()) };
        within(input.len())?;
        let message = EnvelopeMessage::decode(input).map_err(DecodeError::Malformed)?;
        if message.payload_type.is_empty() {
            return Err(DecodeError::EmptyPayloadType);
        }
        if message.signature.is_empty() {
            return Err(DecodeError::EmptySignature);
        }
        // A key without its type grows by that type: the canonical form has to fit as well.
        within(message.encoded_len())?;
        Ok(Self::from_message(&message))
    }

    /// Signs `payload` for `purpose`.
    ///
    /// # Errors
    ///
    /// [`SealError`] when the envelope would exceed 8 KiB, or when the signer fails.
    pub fn seal(
        purpose: Purpose,
        payload: &[u8],
        signer: &(impl Signer + ?Sized),
    ) -> Result<Self, SealError> {
        Self::seal_with(purpose, payload, signer, Limits::default())
    }

    /// Signs `payload` for `purpose`, for receivers known to read envelopes of another size.
    ///
    /// The signature is taken as the signer gives it. To be certain that a remote signer or a
    /// flaky device did its work, [`open`](Self::open) what was sealed.
    ///
    /// # Errors
    ///
    /// See [`Self::seal`].
    pub fn seal_with(
        purpose: Purpose,
        payload: &[u8],
        signer: &(impl Signer + ?Sized),
        limits: Limits,
    ) -> Result<Self, SealError> {
        let limit = limits.envelope_len();
        let within =
            |got| if got > limit { Err(SealError::TooLarge { limit, got }) } else { Ok(()) };
        // Before anybody signs what cannot be sent.
        within(payload.len())?;
        let signature = with_signed_bytes(purpose, payload, |bytes| signer.sign(bytes))
            .map_err(SealError::Signer)?;
        if signature.is_empty() {
            return Err(SealError::EmptySignature);
        }
        let message = EnvelopeMessage {
            public_key: signer.public_key().message(),
            payload_type: purpose.payload_type(),
            payload,
            signature: &signature,
        };
        within(message.encoded_len())?;
        Ok(Self::from_message(&message))
    }

    fn from_message(message: &EnvelopeMessage<'_>) -> Self {
        let mut bytes = Vec::with_capacity(message.encoded_len());
        let layout = message.encode(&mut bytes);
        Self { bytes: bytes.into(), layout }
    }

    /// Verifies the envelope for `purpose` and opens it.
    ///
    /// # Errors
    ///
    /// [`OpenError`], by stage: the payload type is another purpose's, the key cannot be used, the
    /// signature does not verify.
    pub fn open(self, purpose: Purpose) -> Result<Opened, OpenError> {
        self.open_any(&[purpose])
    }

    /// Verifies the envelope for one of `purposes` and opens it; [`Opened::purpose`] tells which.
    ///
    /// Only purposes with the envelope's payload type are tried, in their order.
    ///
    /// # Errors
    ///
    /// As [`Self::open`].
    pub fn open_any(self, purposes: &[Purpose]) -> Result<Opened, OpenError> {
        let claims = |purpose: &&Purpose| purpose.payload_type() == self.payload_type();
        if !purposes.iter().any(|purpose| claims(&purpose)) {
            let got = PayloadType::of(self.payload_type());
            return Err(OpenError::PayloadTypeMismatch { got });
        }
        let signer =
            PublicKey::decode(self.part(self.layout.public_key)).map_err(OpenError::Key)?;
        let payload = self.part(self.layout.payload);
        let signature = self.part(self.layout.signature);
        let verifies = |purpose: &&Purpose| {
            with_signed_bytes(**purpose, payload, |bytes| signer.verify(bytes, signature)).is_ok()
        };
        match purposes.iter().filter(claims).find(verifies) {
            Some(&purpose) => Ok(Opened { envelope: self, purpose, signer }),
            None => Err(OpenError::BadSignature),
        }
    }

    /// The payload type that the envelope claims. Not verified: good for choosing whom to hand
    /// the envelope to, and for nothing else.
    #[must_use]
    pub fn payload_type(&self) -> &[u8] {
        self.part(self.layout.payload_type)
    }

    /// The canonical bytes: what to store, compare and relay (W7).
    #[must_use]
    pub fn as_bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// The canonical bytes, without a copy.
    #[must_use]
    pub fn into_bytes(self) -> Bytes {
        self.bytes
    }

    fn part(&self, (start, end): (usize, usize)) -> &[u8] {
        self.bytes.get(start..end).unwrap_or_default()
    }
}

impl TryFrom<&[u8]> for Envelope {
    type Error = DecodeError;

    /// As [`Envelope::decode`].
    fn try_from(input: &[u8]) -> Result<Self, DecodeError> {
        Self::decode(input)
    }
}

impl PartialEq for Envelope {
    fn eq(&self, other: &Self) -> bool {
        self.bytes == other.bytes
    }
}

impl Eq for Envelope {}

impl core::hash::Hash for Envelope {
    fn hash<H: core::hash::Hasher>(&self, state: &mut H) {
        self.bytes.hash(state);
    }
}

/// Says that nothing is verified, and shows no payload.
impl core::fmt::Debug for Envelope {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.debug_struct("Envelope")
            .field("verified", &false)
            .field("payload_type", &PayloadType::of(self.payload_type()))
            .field("len", &self.bytes.len())
            .finish()
    }
}

/// An envelope whose signature verified: who signed what, for which purpose.
///
/// There is no way to make one but [`Envelope::open`]: its fields are private and it has no other
/// constructor.
///
/// ```compile_fail,E0451
/// # use peermark_envelope::{Envelope, Opened, Purpose};
/// # use peermark_identity::PublicKey;
/// fn forge(envelope: Envelope, purpose: Purpose, signer: PublicKey) -> Opened {
///     Opened { envelope, purpose, signer }
/// }
/// ```
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct Opened {
    envelope: Envelope,
    purpose: Purpose,
    signer: PublicKey,
}

impl Opened {
    /// The key that signed. It is the payload that has to say whether this key had the right to.
    #[must_use]
    pub fn signer(&self) -> &PublicKey {
        &self.signer
    }

    /// The purpose that it was signed for.
    #[must_use]
    pub fn purpose(&self) -> Purpose {
        self.purpose
    }

    /// The payload, as it was signed.
    #[must_use]
    pub fn payload(&self) -> &[u8] {
        self.envelope.part(self.envelope.layout.payload)
    }

    /// Where the payload stands in [`Envelope::as_bytes`]: start and end, the end excluded.
    #[must_use]
    pub fn payload_range(&self) -> core::ops::Range<usize> {
        let (start, end) = self.envelope.layout.payload;
        start..end
    }

    /// The envelope that was opened, for passing it on.
    #[must_use]
    pub fn envelope(&self) -> &Envelope {
        &self.envelope
    }

    /// The envelope that was opened, without a copy.
    #[must_use]
    pub fn into_envelope(self) -> Envelope {
        self.envelope
    }
}

impl core::fmt::Debug for Opened {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.debug_struct("Opened")
            .field("domain", &self.purpose.domain())
            .field("signer", &self.signer)
            .field("payload_len", &self.payload().len())
            .finish()
    }
}

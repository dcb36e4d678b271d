//! Payloads of other people's making.

use crate::envelope::{Envelope, Opened};
use crate::error::{OpenError, SealError};
use crate::purpose::Purpose;
use peermark_identity::{PublicKey, Signer};

/// A typed payload with a purpose of its own (E5).
///
/// Implement it, and your payload has what peer records have: it is signed for one purpose, opens
/// for that purpose alone, and is decoded only when the signature has verified.
///
/// Anybody can sign anything. Whether the signer had the right to say what the payload says is for
/// [`decode`](Self::decode) to judge, where the payload names somebody, or else for the caller of
/// [`Envelope::open_record`], from [`Signed::signer`].
///
/// # Examples
///
/// ```
/// use peermark_envelope::{Envelope, Purpose, Record, purpose};
/// use peermark_identity::{Keypair, PublicKey};
///
/// /// How warm it is where the signer is, in hundredths of a degree Celsius.
/// #[derive(Debug, PartialEq)]
/// struct Reading(i32);
///
/// impl Record for Reading {
///     const PURPOSE: Purpose = purpose!("example-thermometer", b"/example/reading");
///     type EncodeError = std::convert::Infallible;
///     type DecodeError = std::array::TryFromSliceError;
///
///     fn encode(&self) -> Result<Vec<u8>, Self::EncodeError> {
///         Ok(self.0.to_be_bytes().to_vec())
///     }
///
///     fn decode(payload: &[u8], _signer: &PublicKey) -> Result<Self, Self::DecodeError> {
///         payload.try_into().map(i32::from_be_bytes).map(Self)
///     }
/// }
///
/// let thermometer = Keypair::generate_ed25519()?;
/// let sealed = Envelope::seal_record(&Reading(2150), &thermometer)?;
/// let signed = Envelope::decode(sealed.as_bytes())?.open_record::<Reading>()?;
/// assert_eq!(signed.record(), &Reading(2150));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub trait Record: Sized {
    /// What a signature over this payload is for.
    const PURPOSE: Purpose;
    /// Why a record has no encoding.
    type EncodeError: core::error::Error + Send + Sync + 'static;
    /// Why a payload is no such record.
    type DecodeError: core::error::Error + Send + Sync + 'static;

    /// The payload that stands for this record.
    ///
    /// # Errors
    ///
    /// When the record has no encoding; sealing passes it on.
    fn encode(&self) -> Result<Vec<u8>, Self::EncodeError>;

    /// The record that a verified payload of `signer` stands for.
    ///
    /// The public key of an envelope is not covered by its signature. A payload that names its
    /// author has to be compared with `signer` here.
    ///
    /// # Errors
    ///
    /// When it stands for none; opening passes it on.
    fn decode(payload: &[u8], signer: &PublicKey) -> Result<Self, Self::DecodeError>;
}

/// A record and the envelope that proves it.
///
/// There is no way to make one but [`Envelope::open_record`].
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Signed<R> {
    record: R,
    opened: Opened,
}

impl<R> Signed<R> {
    /// The record.
    #[must_use]
    pub fn record(&self) -> &R {
        &self.record
    }

    /// The key that signed it.
    #[must_use]
    pub fn signer(&self) -> &PublicKey {
        self.opened.signer()
    }

    /// The opened envelope.
    #[must_use]
    pub fn opened(&self) -> &Opened {
        &self.opened
    }

    /// The record and the opened envelope.
    #[must_use]
    pub fn into_parts(self) -> (R, Opened) {
        (self.record, self.opened)
    }
}

impl Envelope {
    /// Signs a record for its purpose.
    ///
    /// # Errors
    ///
    /// [`SealRecordError::Encode`] passes on what the record's `encode` says;
    /// [`SealRecordError::Seal`] is as for [`Envelope::seal`].
    pub fn seal_record<R: Record>(
        record: &R,
        signer: &(impl Signer + ?Sized),
    ) -> Result<Self, SealRecordError<R::EncodeError>> {
        let payload = record.encode().map_err(SealRecordError::Encode)?;
        Self::seal(R::PURPOSE, &payload, signer).map_err(SealRecordError::Seal)
    }

    /// Verifies the envelope for the purpose of `R`, then decodes the payload as one.
    ///
    /// # Errors
    ///
    /// [`OpenRecordError::Open`] is as for [`Envelope::open`]; [`OpenRecordError::Decode`] passes
    /// on what the record's `decode` says.
    pub fn open_record<R: Record>(self) -> Result<Signed<R>, OpenRecordError<R::DecodeError>> {
        let opened = self.open(R::PURPOSE).map_err(OpenRecordError::Open)?;
        let record =
            R::decode(opened.payload(), opened.signer()).map_err(OpenRecordError::Decode)?;
        Ok(Signed { record, opened })
    }
}

/// Why a record could not be sealed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum SealRecordError<E> {
    /// The record has no encoding.
    #[error("record cannot be encoded")]
    Encode(#[source] E),
    /// The payload could not be sealed.
    #[error(transparent)]
    Seal(SealError),
}

/// Why an envelope does not open as a record.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum OpenRecordError<E> {
    /// It does not open for the record's purpose.
    #[error(transparent)]
    Open(OpenError),
    /// It verified, and its payload is no such record.
    #[error("verified payload is no record of its type")]
    Decode(#[source] E),
}

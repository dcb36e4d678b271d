//! What a signature is for.

/// A domain and the payload type that goes with it: what a signature is for.
///
/// The domain goes into the signed bytes and never onto the wire, so an envelope opens only for
/// those who expect what its signer meant (E3). A purpose is code, not data: make it a constant
/// with [`purpose!`](crate::purpose!), which refuses a malformed one when the program is compiled.
///
/// # Examples
///
/// ```
/// use peermark_envelope::{Purpose, PurposeError, purpose};
///
/// const VOUCHER: Purpose = purpose!("libp2p-relay-rsvp", &[0x03, 0x02]);
/// assert_eq!(VOUCHER.domain(), "libp2p-relay-rsvp");
/// assert_eq!(Purpose::new("", b"type"), Err(PurposeError::EmptyDomain));
/// ```
///
/// ```
/// const WITH_DOMAIN: peermark_envelope::Purpose = peermark_envelope::purpose!("d", b"type");
/// ```
///
/// ```compile_fail,E0080
/// const NO_DOMAIN: peermark_envelope::Purpose = peermark_envelope::purpose!("", b"type");
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Purpose {
    domain: &'static str,
    payload_type: &'static [u8],
}

impl Purpose {
    /// The longest domain, in bytes of UTF-8 (E2).
    pub const MAX_DOMAIN_LEN: usize = 255;

    /// A purpose; in a constant, prefer [`purpose!`](crate::purpose!).
    ///
    /// # Errors
    ///
    /// [`PurposeError`] when the domain or the payload type is empty or the domain is longer than
    /// 255 bytes (E2).
    pub const fn new(
        domain: &'static str,
        payload_type: &'static [u8],
    ) -> Result<Self, PurposeError> {
        if domain.is_empty() {
            Err(PurposeError::EmptyDomain)
        } else if domain.len() > Self::MAX_DOMAIN_LEN {
            Err(PurposeError::DomainTooLong { got: domain.len() })
        } else if payload_type.is_empty() {
            Err(PurposeError::EmptyPayloadType)
        } else {
            Ok(Self { domain, payload_type })
        }
    }

    /// The string that separates signatures of this purpose from all others.
    #[must_use]
    pub const fn domain(&self) -> &'static str {
        self.domain
    }

    /// The bytes that an envelope of this purpose carries as its payload type.
    #[must_use]
    pub const fn payload_type(&self) -> &'static [u8] {
        self.payload_type
    }
}

/// Why a domain and a payload type make no purpose (E2).
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum PurposeError {
    /// The domain has no bytes.
    #[error("domain is empty")]
    EmptyDomain,
    /// The domain has more than 255 bytes.
    #[error("domain of {got} bytes exceeds 255")]
    DomainTooLong {
        /// Its length in bytes.
        got: usize,
    },
    /// The payload type has no bytes.
    #[error("payload type is empty")]
    EmptyPayloadType,
}

/// Makes a [`Purpose`] in a constant: `purpose!(domain, payload_type)`.
///
/// A malformed purpose does not compile.
#[macro_export]
macro_rules! purpose {
    ($domain:expr, $payload_type:expr) => {
        const {
            match $crate::Purpose::new($domain, $payload_type) {
                Ok(purpose) => purpose,
                Err($crate::PurposeError::EmptyDomain) => panic!("the domain is empty"),
                Err($crate::PurposeError::EmptyPayloadType) => panic!("the payload type is empty"),
                Err(_) => panic!("the domain is longer than 255 bytes"),
            }
        }
    };
}

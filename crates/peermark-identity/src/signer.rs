//! Signing as a trait (K5): a keypair in memory, a device, an agent, a remote service.

use std::sync::Arc;

use crate::public_key::PublicKey;

/// Something that signs for one public key.
///
/// Object safe; `&T`, `Box<T>` and `Arc<T>` of a signer are signers. A signer that has to wait for
/// the world (a device, a network) blocks: signing is rare, and who needs it in the background
/// calls it there.
///
/// Whoever relies on a signature can check it against [`public_key`](Self::public_key); an
/// implementation that signs with another key makes envelopes that nobody opens.
///
/// # Examples
///
/// ```
/// use peermark_identity::{Keypair, PublicKey, SignError, Signer};
///
/// /// A device that may be unplugged.
/// struct Token {
///     inside: Keypair,
///     plugged_in: bool,
/// }
///
/// impl Signer for Token {
///     fn public_key(&self) -> &PublicKey {
///         self.inside.public_key()
///     }
///
///     fn sign(&self, message: &[u8]) -> Result<Vec<u8>, SignError> {
///         if !self.plugged_in {
///             return Err(SignError::Unavailable);
///         }
///         self.inside.sign(message)
///     }
/// }
///
/// let token = Token { inside: Keypair::ed25519_from_seed(&[1; 32]), plugged_in: false };
/// let signer: &dyn Signer = &token;
/// assert_eq!(signer.sign(b"message"), Err(SignError::Unavailable));
/// ```
pub trait Signer {
    /// The key that verifies what [`sign`](Self::sign) makes.
    fn public_key(&self) -> &PublicKey;

    /// Signs `message`, in the form that [`PublicKey::verify`] takes for the type of the key.
    ///
    /// # Errors
    ///
    /// The signer could not or would not.
    fn sign(&self, message: &[u8]) -> Result<Vec<u8>, SignError>;
}

macro_rules! forward {
    ($($pointer:ty),*) => {$(
        impl<T: Signer + ?Sized> Signer for $pointer {
            fn public_key(&self) -> &PublicKey {
                (**self).public_key()
            }

            fn sign(&self, message: &[u8]) -> Result<Vec<u8>, SignError> {
                (**self).sign(message)
            }
        }
    )*};
}

forward!(&T, Box<T>, Arc<T>);

/// Why there is no signature.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum SignError {
    /// The computation failed. A [`Keypair`](crate::Keypair) answers this when the system has no
    /// randomness, or when a self-check of an RSA signature fails.
    #[error("signing failed")]
    Failed,
    /// The signer cannot be reached now; trying again later may help.
    #[error("signer is unavailable")]
    Unavailable,
    /// The signer does not want to sign this.
    #[error("signer refused")]
    Refused,
    /// A failure that only the signer's own code knows the meaning of.
    #[error("signer failed with code {0}")]
    Other(u32),
}

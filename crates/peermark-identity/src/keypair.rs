//! Keypairs whose secret is in memory (K4).
//!
//! A keypair is made from nothing but its secret: the public half is derived from it, and where the
//! input has a public half too, the two must match. Ways in and out are in the modules below.

mod error;
mod import;
mod message;
mod secret;

use core::fmt;

pub use error::{Container, GenerateError, PrivateKeyError, SecretDefect};
pub use message::SecretBytes;

use multiaddr::PeerId;
use secret::Secret;

use crate::key_type::KeyType;
use crate::public_key::PublicKey;
use crate::signer::{SignError, Signer};

/// A secret in memory and its public key: the [`Signer`] for whoever has no better place for keys.
///
/// | type | generated | imported from |
/// |---|---|---|
/// | Ed25519 | yes | libp2p (32-, 64- and 96-byte forms), PKCS#8 |
/// | secp256k1 | yes | libp2p, PKCS#8, SEC1 |
/// | ECDSA (P-256) | yes | libp2p, PKCS#8, SEC1, all with the public half inside |
/// | RSA | never | libp2p, PKCS#8, PKCS#1; modulus of 2048 to 4096 bits |
///
/// RSA identities are read because they exist; making new ones is nothing to encourage. PEM is read
/// for every DER form.
///
/// An RSA key is refused unless its primes make the modulus and a signature made with them
/// verifies. Its private exponent in one piece, which nothing here computes with, is carried along
/// unchecked.
///
/// # What is wiped
///
/// Seeds, scalars and the DER of RSA keys are overwritten when the keypair is dropped, and so are
/// this crate's buffers on the way. What is not:
///
/// - the working copies that the library behind P-256 and RSA keeps of its secrets;
/// - the PKCS#8 document on the stack in which [`generate_ecdsa`](Self::generate_ecdsa) gets a new
///   key from that library, which neither wipes it nor lets anybody write to it. Keys that are
///   imported or decoded do not pass through one;
/// - copies that the compiler leaves in registers and on the stack, and what the libraries
///   underneath use while they parse and compute;
/// - what the operating system swaps out or dumps.
///
/// A keypair neither implements `Clone` nor shows its secret in `Debug`, and no
/// [`PrivateKeyError`] tells a byte of one.
///
/// # Examples
///
/// ```
/// use peermark_identity::{KeyType, Keypair, Signer};
///
/// let keypair = Keypair::generate_ed25519()?;
/// let signature = keypair.sign(b"message")?;
/// assert!(keypair.public_key().verify(b"message", &signature).is_ok());
///
/// // libp2p's private key message, as every implementation stores it.
/// let stored = keypair.encode();
/// assert_eq!(Keypair::decode(&stored)?.peer_id(), keypair.peer_id());
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub struct Keypair {
    public: PublicKey,
    secret: Secret,
}

impl Keypair {
    /// A new Ed25519 keypair from the system's randomness.
    ///
    /// # Errors
    ///
    /// The system has no randomness to give.
    pub fn generate_ed25519() -> Result<Self, GenerateError> {
        secret::generate_ed25519().map(Self::from_secret)
    }

    /// A new secp256k1 keypair from the system's randomness.
    ///
    /// # Errors
    ///
    /// The system has no randomness to give.
    pub fn generate_secp256k1() -> Result<Self, GenerateError> {
        secret::generate_secp256k1().map(Self::from_secret)
    }

    /// A new P-256 keypair from the system's randomness. A copy of the secret stays on the stack
    /// until something else overwrites it (see [What is wiped](Self#what-is-wiped)).
    ///
    /// # Errors
    ///
    /// The system has no randomness to give.
    pub fn generate_ecdsa() -> Result<Self, GenerateError> {
        secret::generate_ecdsa().map(Self::from_secret)
    }

    /// The Ed25519 keypair of this 32-byte seed (RFC 8032, section 5.1.5).
    #[must_use]
    pub fn ed25519_from_seed(seed: &[u8; 32]) -> Self {
        Self::from_secret(secret::ed25519(seed))
    }

    /// The secp256k1 keypair of this secret scalar, big-endian.
    ///
    /// # Errors
    ///
    /// The scalar is zero, or not below the order of the group.
    pub fn secp256k1_from_secret(scalar: &[u8; 32]) -> Result<Self, PrivateKeyError> {
        secret::secp256k1(scalar)
            .map(Self::from_secret)
            .map_err(|reason| PrivateKeyError::invalid(KeyType::Secp256k1, reason))
    }

    /// Decodes a whole `PrivateKey` message of libp2p.
    ///
    /// Ed25519 data is the seed (py-libp2p), the seed and the public key, or the seed and the public
    /// key twice; secp256k1 data is the scalar; ECDSA data is a SEC1 ECPrivateKey; RSA data is a
    /// PKCS#1 RSAPrivateKey. A missing type is read as RSA, as in a public key.
    ///
    /// # Errors
    ///
    /// The bytes are not such a message, the type is not one of the four, the secret is not one, or
    /// a public half in it is not that of the secret.
    pub fn decode(protobuf: &[u8]) -> Result<Self, PrivateKeyError> {
        message::decode(protobuf).map(Self::from_secret)
    }

    /// The canonical `PrivateKey` message, Ed25519 in the 64-byte form, in a buffer that is wiped
    /// when dropped.
    #[must_use]
    pub fn encode(&self) -> SecretBytes {
        message::encode(self)
    }

    /// Reads an unencrypted PKCS#8 PrivateKeyInfo (RFC 5958) of any of the four types, the content
    /// of `BEGIN PRIVATE KEY`.
    ///
    /// # Errors
    ///
    /// Not that structure, another algorithm, or not a secret, as in [`decode`](Self::decode).
    pub fn from_pkcs8_der(der: &[u8]) -> Result<Self, PrivateKeyError> {
        import::pkcs8(der).map(Self::from_secret)
    }

    /// Reads a PKCS#1 RSAPrivateKey (RFC 8017), the content of `BEGIN RSA PRIVATE KEY`.
    ///
    /// # Errors
    ///
    /// Not that structure, a modulus outside 2048 to 4096 bits, or numbers that do not belong
    /// together.
    pub fn from_pkcs1_der(der: &[u8]) -> Result<Self, PrivateKeyError> {
        import::pkcs1(der).map(Self::from_secret)
    }

    /// Reads a SEC1 ECPrivateKey (RFC 5915) that names P-256 or secp256k1, the content of `BEGIN EC
    /// PRIVATE KEY`.
    ///
    /// # Errors
    ///
    /// Not that structure, no curve or another one, or not a secret, as in
    /// [`decode`](Self::decode).
    pub fn from_sec1_der(der: &[u8]) -> Result<Self, PrivateKeyError> {
        import::sec1(der, None).map(Self::from_secret)
    }

    /// Reads the first private key in PEM text (RFC 7468): `PRIVATE KEY`, `RSA PRIVATE KEY` or `EC
    /// PRIVATE KEY`. Other blocks and text around it are skipped.
    ///
    /// # Errors
    ///
    /// No such block, an encrypted one, or a block whose content is refused as above.
    pub fn from_pem(text: impl AsRef<[u8]>) -> Result<Self, PrivateKeyError> {
        import::pem(text.as_ref()).map(Self::from_secret)
    }

    fn from_secret((public, secret): (PublicKey, Secret)) -> Self {
        Self { public, secret }
    }

    /// The public half.
    #[must_use]
    pub fn public_key(&self) -> &PublicKey {
        &self.public
    }

    /// The peer id of the public half.
    #[must_use]
    pub fn peer_id(&self) -> PeerId {
        self.public.peer_id()
    }

    /// The kind of this keypair.
    #[must_use]
    pub fn key_type(&self) -> KeyType {
        self.public.key_type()
    }
}

impl Signer for Keypair {
    fn public_key(&self) -> &PublicKey {
        &self.public
    }

    fn sign(&self, message: &[u8]) -> Result<Vec<u8>, SignError> {
        self.secret.sign(message)
    }
}

/// The type and the peer id; never the secret.
impl fmt::Debug for Keypair {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Keypair")
            .field("key_type", &self.key_type())
            .field("peer_id", &self.peer_id())
            .finish_non_exhaustive()
    }
}

//! The four kinds of secrets: made, derived from, signed with, wiped.
//!
//! Every constructor answers the public key that it derived together with the secret. Secrets live
//! behind a pointer, so that moving a keypair leaves no copies of them behind.

#[cfg(not(all(fuzzing, peermark_fake_crypto)))]
use ed25519_dalek::Signer as _;
use ed25519_dalek::SigningKey;
use ring::rand::{SecureRandom as _, SystemRandom};
use ring::rsa::KeyPair as RsaKeyPair;
use ring::signature::{
    ECDSA_P256_SHA256_ASN1_SIGNING, EcdsaKeyPair, KeyPair as _, RSA_PKCS1_SHA256,
};
use zeroize::Zeroizing;

use super::error::{GenerateError, SecretDefect};
use super::import;
use crate::algorithm::{ecdsa, ed25519, rsa, secp256k1};
use crate::public_key::{Inner, KeyDefect, PublicKey};
use crate::signer::SignError;

/// The most bits that the library signs with.
const MAX_SIGNING_BITS: usize = 4096;

/// More than the PKCS#1 of 4096 bits needs (2349 bytes at its longest), with room for exponents of
/// odd sizes.
const MAX_RSA_DER: usize = 4096;

/// A random scalar is out of range once in 2^128 times; a source that is never in range is broken.
const ATTEMPTS: usize = 8;

pub(super) enum Secret {
    /// Wiped by the library.
    Ed25519(Box<SigningKey>),
    /// The scalar. The library's own type is a plain copy, made for each signature.
    Secp256k1(Box<Zeroizing<[u8; 32]>>),
    Ecdsa {
        /// The library's working copy, which it does not wipe.
        signer: Box<EcdsaKeyPair>,
        scalar: Box<Zeroizing<[u8; 32]>>,
    },
    Rsa {
        /// The library's working copy, which it does not wipe.
        signer: Box<RsaKeyPair>,
        pkcs1: Zeroizing<Vec<u8>>,
    },
}

pub(super) fn generate_ed25519() -> Result<(PublicKey, Secret), GenerateError> {
    Ok(ed25519(&*random()?))
}

pub(super) fn generate_secp256k1() -> Result<(PublicKey, Secret), GenerateError> {
    for _ in 0..ATTEMPTS {
        if let Ok(pair) = secp256k1(&*random()?) {
            return Ok(pair);
        }
    }
    Err(GenerateError)
}

pub(super) fn generate_ecdsa() -> Result<(PublicKey, Secret), GenerateError> {
    // The library makes keys in this form alone, lets it only be read, and does not wipe it: an
    // exception that the documentation of `Keypair` names.
    let der = EcdsaKeyPair::generate_pkcs8(&ECDSA_P256_SHA256_ASN1_SIGNING, &SystemRandom::new())
        .map_err(|_| GenerateError)?;
    import::pkcs8(der.as_ref()).map_err(|_| GenerateError)
}

fn random() -> Result<Zeroizing<[u8; 32]>, GenerateError> {
    let mut bytes = Zeroizing::new([0; 32]);
    SystemRandom::new().fill(&mut *bytes).map_err(|_| GenerateError)?;
    Ok(bytes)
}

pub(super) fn ed25519(seed: &[u8; 32]) -> (PublicKey, Secret) {
    let secret = Box::new(SigningKey::from_bytes(seed));
    let public = ed25519::PublicKey::from_secret(&secret);
    (PublicKey::from_inner(Inner::Ed25519(public)), Secret::Ed25519(secret))
}

pub(super) fn secp256k1(scalar: &[u8; 32]) -> Result<(PublicKey, Secret), SecretDefect> {
    let public = with_secp256k1(scalar, secp256k1::PublicKey::from_secret)
        .ok_or(SecretDefect::OutOfRange)?;
    Ok((
        PublicKey::from_inner(Inner::Secp256k1(public)),
        Secret::Secp256k1(Box::new(Zeroizing::new(*scalar))),
    ))
}

/// The P-256 key with this scalar and this uncompressed point.
pub(super) fn ecdsa(scalar: &[u8; 32], point: &[u8]) -> Result<(PublicKey, Secret), SecretDefect> {
    let public = ecdsa::PublicKey::from_point(point).map_err(SecretDefect::Public)?;
    // The library derives the point from the scalar and compares.
    let signer = EcdsaKeyPair::from_private_key_and_public_key(
        &ECDSA_P256_SHA256_ASN1_SIGNING,
        scalar,
        public.point(),
        &SystemRandom::new(),
    )
    .map_err(|_| SecretDefect::PublicMismatch)?;
    let secret =
        Secret::Ecdsa { signer: Box::new(signer), scalar: Box::new(Zeroizing::new(*scalar)) };
    Ok((PublicKey::from_inner(Inner::Ecdsa(public)), secret))
}

/// The key in this PKCS#1 RSAPrivateKey.
pub(super) fn rsa(pkcs1: &[u8]) -> Result<(PublicKey, Secret), SecretDefect> {
    if pkcs1.len() > MAX_RSA_DER {
        return Err(SecretDefect::Length { got: pkcs1.len() });
    }
    let public = import::rsa_public_half(pkcs1).ok_or(SecretDefect::Encoding)?;
    let public = rsa::PublicKey::from_pkcs1(&public).map_err(|defect| match defect {
        KeyDefect::Encoding => SecretDefect::Encoding,
        other => SecretDefect::Public(other),
    })?;
    let bits = public.modulus_bits();
    if bits > MAX_SIGNING_BITS {
        return Err(SecretDefect::ModulusTooLong { bits });
    }
    let signer = RsaKeyPair::from_der(pkcs1).map_err(|_| SecretDefect::Inconsistent)?;
    debug_assert!(public.data().ends_with(signer.public_key().as_ref()));
    let secret = Secret::Rsa { signer: Box::new(signer), pkcs1: Zeroizing::new(pkcs1.to_vec()) };
    // The library checks the primes against the modulus, and a signature before it gives it away,
    // but the exponents only by signing.
    secret.sign(&[]).map_err(|_| SecretDefect::Inconsistent)?;
    Ok((PublicKey::from_inner(Inner::Rsa(public)), secret))
}

impl Secret {
    pub(super) fn sign(&self, message: &[u8]) -> Result<Vec<u8>, SignError> {
        match self {
            #[cfg(not(all(fuzzing, peermark_fake_crypto)))]
            Self::Ed25519(key) => Ok(key.sign(message).to_bytes().to_vec()),
            #[cfg(all(fuzzing, peermark_fake_crypto))]
            Self::Ed25519(key) => {
                let public = key.verifying_key();
                Ok(crate::algorithm::fake_sign(public.as_bytes(), &[message]).to_vec())
            }
            Self::Secp256k1(scalar) => with_secp256k1(scalar, |key| {
                let signature = key.sign_ecdsa(secp256k1::hash(&[message]));
                signature.serialize_der().to_vec()
            })
            .ok_or(SignError::Failed),
            Self::Ecdsa { signer, .. } => signer
                .sign(&SystemRandom::new(), message)
                .map(|signature| signature.as_ref().to_vec())
                .map_err(|_| SignError::Failed),
            Self::Rsa { signer, .. } => {
                let mut signature = vec![0; signer.public().modulus_len()];
                signer
                    .sign(&RSA_PKCS1_SHA256, &SystemRandom::new(), message, &mut signature)
                    .map_err(|_| SignError::Failed)?;
                Ok(signature)
            }
        }
    }

    /// Field 2 of libp2p's `PrivateKey` message for this secret.
    pub(super) fn message_data(&self, public: &PublicKey) -> Zeroizing<Vec<u8>> {
        match self {
            Self::Ed25519(key) => Zeroizing::new(Zeroizing::new(key.to_keypair_bytes()).to_vec()),
            Self::Secp256k1(scalar) => Zeroizing::new(scalar.to_vec()),
            Self::Ecdsa { scalar, .. } => import::sec1_p256(scalar, public.message().data),
            Self::Rsa { pkcs1, .. } => pkcs1.clone(),
        }
    }
}

/// Runs `work` on the library's form of the scalar and overwrites that; `None` when the scalar is
/// out of range.
fn with_secp256k1<T>(
    scalar: &[u8; 32],
    work: impl FnOnce(&::secp256k1::SecretKey) -> T,
) -> Option<T> {
    let mut key = ::secp256k1::SecretKey::from_secret_bytes(*scalar).ok()?;
    let result = work(&key);
    key.non_secure_erase();
    Some(result)
}

#[cfg(test)]
mod tests {
    use zeroize::ZeroizeOnDrop;

    use super::*;

    /// Compiles for types that are wiped when dropped, and for no others.
    fn wiped<T: ZeroizeOnDrop>(secret: &T) -> usize {
        size_of_val(secret)
    }

    /// The size of what is wiped of a secret. Takes every variant apart completely: a field that is
    /// new has to be named here, and to be wiped.
    fn wiped_of(secret: &Secret) -> usize {
        match secret {
            Secret::Ed25519(key) => wiped::<SigningKey>(key),
            Secret::Secp256k1(scalar) => wiped::<Zeroizing<[u8; 32]>>(scalar),
            // The two working copies of the library are the exceptions.
            Secret::Ecdsa { signer: _, scalar } => wiped::<Zeroizing<[u8; 32]>>(scalar),
            Secret::Rsa { signer: _, pkcs1 } => wiped::<Zeroizing<Vec<u8>>>(pkcs1),
        }
    }

    #[test]
    fn k4_secrets_are_wiped_when_dropped() {
        let secret = |pair: (PublicKey, Secret)| pair.1;
        assert!(wiped_of(&secret(ed25519(&[7; 32]))) >= 32);
        assert_eq!(wiped_of(&secret(secp256k1(&[7; 32]).unwrap())), 32);
        assert_eq!(wiped_of(&secret(generate_ecdsa().unwrap())), 32);
        let pem = include_bytes!("../../tests/data/rsa.pkcs1.pem");
        assert_eq!(wiped_of(&secret(import::pem(pem).unwrap())), size_of::<Vec<u8>>());
    }

    #[test]
    fn k4_what_secrets_pass_through_is_wiped_when_dropped() {
        assert_eq!(wiped::<Zeroizing<[u8; 32]>>(&random().unwrap()), 32);
        let (public, secret) = ed25519(&[7; 32]);
        let data = secret.message_data(&public);
        assert_eq!((wiped::<Zeroizing<Vec<u8>>>(&data), data.len()), (size_of::<Vec<u8>>(), 64));
    }
}

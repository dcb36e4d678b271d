//! RSA, PKCS#1 v1.5 over SHA-256 (K3).
//!
//! Sizes are looked at before numbers: the length of the encoding, then the bits of the modulus and
//! the exponent, all before the library sees any of it.

use std::sync::Arc;

use der::asn1::{AnyRef, BitStringRef, ObjectIdentifier};
use der::{Decode as _, Encode as _};
use pkcs1::RsaPublicKeyRef;
use pkcs8::AlgorithmIdentifierRef;
use pkcs8::spki::SubjectPublicKeyInfoRef;
use ring::signature::{RSA_PKCS1_2048_8192_SHA256, UnparsedPublicKey};

use crate::public_key::{BadSignature, KeyDefect};

/// rsaEncryption (RFC 8017, appendix C).
pub(crate) const RSA_ENCRYPTION: ObjectIdentifier =
    ObjectIdentifier::new_unwrap("1.2.840.113549.1.1.1");

const MODULUS_BITS: core::ops::RangeInclusive<usize> = 2048..=8192;
const EXPONENT: core::ops::Range<u64> = 65_537..(1 << 33);

/// SubjectPublicKeyInfo of a key with 8192 bits and an exponent of five bytes: the outer header 4,
/// the algorithm 15, BIT STRING 4 + 1, SEQUENCE 4, modulus 4 + 1 + 1024, exponent 2 + 5.
const MAX_SPKI: usize = 4 + 15 + 4 + 1 + 4 + 4 + 1 + 1024 + 2 + 5;

#[derive(Clone)]
pub(crate) struct PublicKey {
    spki: Arc<[u8]>,
    /// The RSAPublicKey of PKCS#1 is the end of the SubjectPublicKeyInfo: where it starts.
    pkcs1_at: usize,
    modulus_bits: usize,
}

impl PublicKey {
    pub(crate) fn decode(data: &[u8]) -> Result<Self, KeyDefect> {
        if data.len() > MAX_SPKI {
            return Err(KeyDefect::Length { got: data.len() });
        }
        let spki = SubjectPublicKeyInfoRef::from_der(data).map_err(|_| KeyDefect::Encoding)?;
        if spki.algorithm.oid != RSA_ENCRYPTION {
            return Err(KeyDefect::Encoding);
        }
        let pkcs1 = spki.subject_public_key.as_bytes().ok_or(KeyDefect::Encoding)?;
        let key = Self::from_pkcs1(pkcs1)?;
        if *key.spki != *data {
            return Err(KeyDefect::NotCanonical);
        }
        Ok(key)
    }

    /// The key in an RSAPublicKey, put into its canonical SubjectPublicKeyInfo.
    pub(crate) fn from_pkcs1(pkcs1: &[u8]) -> Result<Self, KeyDefect> {
        if pkcs1.len() > MAX_SPKI {
            return Err(KeyDefect::Length { got: pkcs1.len() });
        }
        let key = RsaPublicKeyRef::from_der(pkcs1).map_err(|_| KeyDefect::Encoding)?;
        let modulus_bits = check_modulus(key.modulus.as_bytes())?;
        check_exponent(key.public_exponent.as_bytes())?;
        let pkcs1 = key.to_der().map_err(|_| KeyDefect::Encoding)?;
        let spki = SubjectPublicKeyInfoRef {
            algorithm: AlgorithmIdentifierRef {
                oid: RSA_ENCRYPTION,
                parameters: Some(AnyRef::NULL),
            },
            subject_public_key: BitStringRef::from_bytes(&pkcs1)
                .map_err(|_| KeyDefect::Encoding)?,
        };
        let spki = spki.to_der().map_err(|_| KeyDefect::Encoding)?;
        Ok(Self {
            pkcs1_at: spki.len().saturating_sub(pkcs1.len()),
            spki: spki.into(),
            modulus_bits,
        })
    }

    pub(crate) fn data(&self) -> &[u8] {
        &self.spki
    }

    pub(crate) fn modulus_bits(&self) -> usize {
        self.modulus_bits
    }

    pub(crate) fn verify(&self, message: &[u8], signature: &[u8]) -> Result<(), BadSignature> {
        if signature.len() != self.modulus_bits.div_ceil(8) {
            return Err(BadSignature);
        }
        let pkcs1 = self.spki.get(self.pkcs1_at..).ok_or(BadSignature)?;
        UnparsedPublicKey::new(&RSA_PKCS1_2048_8192_SHA256, pkcs1)
            .verify(message, signature)
            .map_err(|_| BadSignature)
    }
}

/// The length of the modulus in bits, when it has an acceptable number of bits and is odd.
/// `modulus` is big-endian without leading zeros.
fn check_modulus(modulus: &[u8]) -> Result<usize, KeyDefect> {
    let (Some(first), Some(last)) = (modulus.first(), modulus.last()) else {
        return Err(KeyDefect::Modulus { bits: 0 });
    };
    let unused = usize::try_from(first.leading_zeros()).unwrap_or_default();
    let bits = modulus.len().saturating_mul(8).saturating_sub(unused);
    if !MODULUS_BITS.contains(&bits) || last & 1 == 0 {
        return Err(KeyDefect::Modulus { bits });
    }
    Ok(bits)
}

/// `exponent` is big-endian without leading zeros.
fn check_exponent(exponent: &[u8]) -> Result<(), KeyDefect> {
    let value = exponent
        .iter()
        .try_fold(0u64, |value, byte| value.checked_mul(256)?.checked_add(u64::from(*byte)))
        .ok_or(KeyDefect::Exponent)?;
    if !EXPONENT.contains(&value) || value & 1 == 0 {
        return Err(KeyDefect::Exponent);
    }
    Ok(())
}

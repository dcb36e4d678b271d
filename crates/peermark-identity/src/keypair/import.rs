//! Private keys in the structures of everybody else: PKCS#8, PKCS#1, SEC1 and PEM.

use der::asn1::ObjectIdentifier;
use der::{Decode as _, Encode as _};
use pkcs1::RsaPrivateKeyRef;
use pkcs8::PrivateKeyInfoRef;
use sec1::{EcParameters, EcPrivateKey};
use zeroize::Zeroizing;

use super::error::{Container, PrivateKeyError, SecretDefect};
use super::secret::{self, Secret};
use crate::algorithm::rsa::RSA_ENCRYPTION;
use crate::key_type::KeyType;
use crate::public_key::PublicKey;

/// id-Ed25519 (RFC 8410).
const ED25519: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.3.101.112");
/// id-ecPublicKey (RFC 5480).
const EC_PUBLIC_KEY: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.10045.2.1");
/// secp256r1 (RFC 5480).
const P256: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.10045.3.1.7");
/// secp256k1 (SEC 2).
const SECP256K1: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.3.132.0.10");

/// A curve that an ECPrivateKey can be on.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Curve {
    P256,
    Secp256k1,
}

impl Curve {
    fn from_oid(oid: ObjectIdentifier) -> Result<Self, PrivateKeyError> {
        match oid {
            P256 => Ok(Self::P256),
            SECP256K1 => Ok(Self::Secp256k1),
            _ => Err(PrivateKeyError::UnsupportedAlgorithm),
        }
    }

    const fn key_type(self) -> KeyType {
        match self {
            Self::P256 => KeyType::Ecdsa,
            Self::Secp256k1 => KeyType::Secp256k1,
        }
    }
}

pub(super) fn pkcs8(der: &[u8]) -> Result<(PublicKey, Secret), PrivateKeyError> {
    let info = PrivateKeyInfoRef::from_der(der)
        .map_err(|_| PrivateKeyError::Container(Container::Pkcs8))?;
    let key = info.private_key.as_bytes();
    match info.algorithm.oid {
        ED25519 => {
            let public = info.public_key.map(|public| public.as_bytes().unwrap_or_default());
            ed25519(key, public)
                .map_err(|reason| PrivateKeyError::invalid(KeyType::Ed25519, reason))
        }
        EC_PUBLIC_KEY => {
            let curve = info.algorithm.parameters_oid();
            let curve = curve.map_err(|_| PrivateKeyError::UnsupportedAlgorithm)?;
            sec1(key, Some(Curve::from_oid(curve)?))
        }
        RSA_ENCRYPTION => pkcs1(key),
        _ => Err(PrivateKeyError::UnsupportedAlgorithm),
    }
}

/// CurvePrivateKey of RFC 8410: the seed in an OCTET STRING of its own.
fn ed25519(key: &[u8], public: Option<&[u8]>) -> Result<(PublicKey, Secret), SecretDefect> {
    let seed = key.strip_prefix(&[0x04, 0x20]).and_then(|seed| seed.try_into().ok());
    let pair = secret::ed25519(seed.ok_or(SecretDefect::Encoding)?);
    match public {
        Some(public) if public != pair.0.message().data => Err(SecretDefect::PublicMismatch),
        _ => Ok(pair),
    }
}

pub(super) fn pkcs1(der: &[u8]) -> Result<(PublicKey, Secret), PrivateKeyError> {
    secret::rsa(der).map_err(|reason| match reason {
        SecretDefect::Encoding => PrivateKeyError::Container(Container::Pkcs1),
        reason => PrivateKeyError::invalid(KeyType::Rsa, reason),
    })
}

/// `expected` is the curve that the surroundings say; without it the key must name one.
pub(super) fn sec1(
    der: &[u8],
    expected: Option<Curve>,
) -> Result<(PublicKey, Secret), PrivateKeyError> {
    let key =
        EcPrivateKey::from_der(der).map_err(|_| PrivateKeyError::Container(Container::Sec1))?;
    let named = match key.parameters {
        Some(EcParameters::NamedCurve(oid)) => Some(Curve::from_oid(oid)?),
        None => None,
    };
    let curve = match (named, expected) {
        (Some(named), Some(expected)) if named != expected => None,
        (named, expected) => named.or(expected),
    };
    let curve = curve.ok_or(PrivateKeyError::UnsupportedAlgorithm)?;
    on_curve(curve, key.private_key, key.public_key)
        .map_err(|reason| PrivateKeyError::invalid(curve.key_type(), reason))
}

fn on_curve(
    curve: Curve,
    scalar: &[u8],
    public: Option<&[u8]>,
) -> Result<(PublicKey, Secret), SecretDefect> {
    let scalar = scalar.try_into().map_err(|_| SecretDefect::Length { got: scalar.len() })?;
    match curve {
        Curve::P256 => secret::ecdsa(scalar, public.ok_or(SecretDefect::PublicMissing)?),
        Curve::Secp256k1 => {
            let pair = secret::secp256k1(scalar)?;
            match public {
                Some(public) if !pair.0.is_secp256k1_point(public) => {
                    Err(SecretDefect::PublicMismatch)
                }
                _ => Ok(pair),
            }
        }
    }
}

/// The ECPrivateKey that libp2p stores: the curve and the public half in it.
pub(super) fn sec1_p256(scalar: &[u8; 32], spki: &[u8]) -> Zeroizing<Vec<u8>> {
    let (_, point) = spki.split_at(spki.len().saturating_sub(65));
    let key = EcPrivateKey {
        private_key: scalar,
        parameters: Some(EcParameters::NamedCurve(P256)),
        public_key: Some(point),
    };
    // Lengths of a fixed size: DER has no limit that these could exceed.
    Zeroizing::new(key.to_der().unwrap_or_default())
}

/// The RSAPublicKey inside an RSAPrivateKey.
pub(super) fn rsa_public_half(pkcs1: &[u8]) -> Option<Vec<u8>> {
    let key = RsaPrivateKeyRef::from_der(pkcs1).ok()?;
    key.public_key().to_der().ok()
}

type Import = fn(&[u8]) -> Result<(PublicKey, Secret), PrivateKeyError>;

const LABELS: [(&str, Import); 3] =
    [("PRIVATE KEY", pkcs8), ("RSA PRIVATE KEY", pkcs1), ("EC PRIVATE KEY", |der| sec1(der, None))];

pub(super) fn pem(text: &[u8]) -> Result<(PublicKey, Secret), PrivateKeyError> {
    const NOT_PEM: PrivateKeyError = PrivateKeyError::Container(Container::Pem);
    let first = LABELS
        .iter()
        .filter_map(|(label, import)| block(text, label).map(|(at, block)| (at, block, import)))
        .min_by_key(|(at, ..)| *at);
    let Some((_, block, import)) = first else {
        let encrypted = find(text, b"-----BEGIN ENCRYPTED PRIVATE KEY-----").is_some();
        return Err(if encrypted { PrivateKeyError::Encrypted } else { NOT_PEM });
    };
    // The headers of encrypted PEM before PKCS#8 (RFC 1421).
    if find(block, b"Proc-Type: 4,ENCRYPTED").is_some() {
        return Err(PrivateKeyError::Encrypted);
    }
    let mut decoder = pem_rfc7468::Decoder::new_detect_wrap(block).map_err(|_| NOT_PEM)?;
    let mut der = Zeroizing::new(vec![0; decoder.remaining_len()]);
    decoder.decode(&mut der).map_err(|_| NOT_PEM)?;
    import(&der)
}

/// The first block with this label, from its first line to its last, and where it starts.
fn block<'a>(text: &'a [u8], label: &str) -> Option<(usize, &'a [u8])> {
    let start = find(text, format!("-----BEGIN {label}-----").as_bytes())?;
    let rest = text.get(start..)?;
    let end = format!("-----END {label}-----");
    let len = find(rest, end.as_bytes())?.checked_add(end.len())?;
    Some((start, rest.get(..len)?))
}

fn find(text: &[u8], what: &[u8]) -> Option<usize> {
    text.windows(what.len()).position(|window| window == what)
}

//! From bytes to a certified record, and the signature check alone.

use anyhow::Result;
use ed25519_dalek::{Signature, VerifyingKey};
use peermark::identity::PublicKey;
use peermark::peer_record::{CertifiedRecord, Dialect, VerifyError};
use ring::signature::{
    ECDSA_P256_SHA256_ASN1, RSA_PKCS1_2048_8192_SHA256, UnparsedPublicKey, VerificationAlgorithm,
};

use super::pool::Sample;

/// peermark: strict, canonical, either dialect.
pub(super) fn ours(sample: &Sample) -> Result<CertifiedRecord, VerifyError> {
    peermark::verify(&sample.envelope)
}

/// libp2p-core: its interop path for `PEER_RECORD`, its default path for `ROUTING_STATE`.
pub(super) fn libp2p_core(sample: &Sample, dialect: Dialect) -> Result<libp2p_core::PeerRecord> {
    let envelope = libp2p_core::SignedEnvelope::from_protobuf_encoding(&sample.envelope)?;
    Ok(match dialect {
        Dialect::PeerRecord => libp2p_core::PeerRecord::from_signed_envelope_interop(envelope)?,
        Dialect::RoutingState => libp2p_core::PeerRecord::from_signed_envelope(envelope)?,
    })
}

/// Our key type and our check, over bytes that are signed bytes already.
pub(super) fn verify_only(sample: &Sample) -> bool {
    PublicKey::decode(&sample.key_message)
        .is_ok_and(|key| key.verify(&sample.signed_bytes, &sample.signature).is_ok())
}

/// The strict check of ed25519-dalek, with a key from its bytes.
pub(super) fn bare_ed25519(sample: &Sample) -> bool {
    let (Ok(key), Ok(signature)) =
        (sample.key.as_slice().try_into(), Signature::from_slice(&sample.signature))
    else {
        return false;
    };
    VerifyingKey::from_bytes(key)
        .is_ok_and(|key| key.verify_strict(&sample.signed_bytes, &signature).is_ok())
}

/// The check of libsecp256k1, with a key from its bytes. It wants the hash, which is made by ring.
pub(super) fn bare_secp256k1(sample: &Sample) -> bool {
    let (Ok(compressed), Ok(signature)) = (
        sample.key.as_slice().try_into(),
        secp256k1::ecdsa::Signature::from_der(&sample.signature),
    ) else {
        return false;
    };
    let digest = ring::digest::digest(&ring::digest::SHA256, &sample.signed_bytes);
    let Ok(digest) = digest.as_ref().try_into() else { return false };
    let message = secp256k1::Message::from_digest(digest);
    secp256k1::PublicKey::from_byte_array_compressed(compressed)
        .is_ok_and(|key| secp256k1::ecdsa::verify(&signature, message, &key).is_ok())
}

/// The check of ring, with the point of a P-256 key from its bytes.
pub(super) fn bare_ecdsa(sample: &Sample) -> bool {
    /// What stands before the point in a SubjectPublicKeyInfo of P-256.
    const HEADER: usize = 26;
    bare_ring(&ECDSA_P256_SHA256_ASN1, &sample.key[HEADER..], sample)
}

/// The check of ring, with the RSAPublicKey from its bytes.
pub(super) fn bare_rsa(sample: &Sample) -> bool {
    /// What stands before the RSAPublicKey in a SubjectPublicKeyInfo of 2048 bits.
    const HEADER: usize = 24;
    bare_ring(&RSA_PKCS1_2048_8192_SHA256, &sample.key[HEADER..], sample)
}

fn bare_ring(algorithm: &'static dyn VerificationAlgorithm, key: &[u8], sample: &Sample) -> bool {
    UnparsedPublicKey::new(algorithm, key).verify(&sample.signed_bytes, &sample.signature).is_ok()
}

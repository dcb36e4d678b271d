//! Not cryptography: a checksum in the place of Ed25519 signatures, for some fuzz targets.
//!
//! A fuzzer cannot forge signatures, so behind real ones it never sees a payload of its own making.
//! This module is compiled only when rustc itself is told `--cfg fuzzing` and
//! `--cfg peermark_fake_crypto`, both at once. There is no Cargo feature for it, because any crate
//! in a build can turn a feature on.

use crate::public_key::BadSignature;

/// 64 bytes that depend on the key and on the message parts one behind the other: FNV-1a.
pub(crate) fn sign(public: &[u8; 32], message: &[&[u8]]) -> [u8; 64] {
    let bytes = public.iter().chain(message.iter().copied().flatten());
    let sum = bytes.fold(0xcbf2_9ce4_8422_2325_u64, |sum, byte| {
        (sum ^ u64::from(*byte)).wrapping_mul(0x0000_0100_0000_01b3)
    });
    let mut signature = [0; 64];
    for (slot, byte) in signature.iter_mut().zip(sum.to_le_bytes().iter().cycle()) {
        *slot = *byte;
    }
    signature
}

pub(crate) fn verify(
    public: &[u8; 32],
    message: &[&[u8]],
    signature: &[u8],
) -> Result<(), BadSignature> {
    if *signature == sign(public, message) { Ok(()) } else { Err(BadSignature) }
}

#[cfg(test)]
mod tests {
    use crate::{BadSignature, Keypair, Signer as _};

    #[test]
    fn a_fuzzer_can_compute_it_and_it_depends_on_key_and_message() {
        let keypair = Keypair::ed25519_from_seed(&[1; 32]);
        let signature = keypair.sign(b"message").unwrap();
        let public: &[u8; 32] = keypair.public_key().message().data.try_into().unwrap();
        assert_eq!(signature, super::sign(public, &[b"mess", b"age"]));
        assert_eq!(keypair.public_key().verify(b"message", &signature), Ok(()));
        assert_eq!(keypair.public_key().verify(b"massage", &signature), Err(BadSignature));
        let other = Keypair::ed25519_from_seed(&[2; 32]);
        assert_eq!(other.public_key().verify(b"message", &signature), Err(BadSignature));
    }
}

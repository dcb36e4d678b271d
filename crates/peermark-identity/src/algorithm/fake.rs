//! Not cryptography: a checksum in the place of Ed25519 signatures, for one fuzz target.
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

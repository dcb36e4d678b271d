//! The bytes that an envelope's signature covers.
//!
//! `uvarint(len) domain ‖ uvarint(len) payload_type ‖ uvarint(len) payload`, each length a minimal
//! varint (RFC 0002, "Signature Production / Verification"). The lengths make the concatenation
//! unambiguous: no bytes can move from one part to the next.

use peermark_wire::varint;

use crate::purpose::Purpose;

/// Payloads of common size are put together on the stack: a peer record of a dozen addresses and
/// its domain take less.
const STACK: usize = 768;

/// Runs `with` on the signed bytes.
pub(crate) fn with_signed_bytes<T>(
    purpose: Purpose,
    payload: &[u8],
    with: impl FnOnce(&[u8]) -> T,
) -> T {
    let parts = [purpose.domain().as_bytes(), purpose.payload_type(), payload];
    let mut on_stack = [0u8; STACK];
    if let Some(len) = fill(&mut on_stack, parts) {
        return with(on_stack.get(..len).unwrap_or_default());
    }
    let lens = parts.map(|part| varint::MAX_LEN.saturating_add(part.len()));
    let mut buffer = Vec::with_capacity(lens.into_iter().fold(0, usize::saturating_add));
    for part in parts {
        buffer.extend_from_slice(prefix(part).as_ref());
        buffer.extend_from_slice(part);
    }
    with(&buffer)
}

/// Writes the parts to the front of `buffer` and answers how long they are; `None` when they do not
/// fit.
fn fill(buffer: &mut [u8], parts: [&[u8]; 3]) -> Option<usize> {
    let room = buffer.len();
    let mut rest = buffer;
    for part in parts {
        for piece in [prefix(part).as_ref(), part] {
            let (front, behind) = rest.split_at_mut_checked(piece.len())?;
            front.copy_from_slice(piece);
            rest = behind;
        }
    }
    room.checked_sub(rest.len())
}

fn prefix(part: &[u8]) -> varint::Encoded {
    varint::encode(u64::try_from(part.len()).unwrap_or(u64::MAX))
}

#[cfg(test)]
mod tests {
    use super::*;

    const PURPOSE: Purpose = crate::purpose!("d", b"ty");

    fn expected(payload: &[u8]) -> Vec<u8> {
        let mut bytes = vec![1, b'd', 2, b't', b'y'];
        bytes.extend_from_slice(varint::encode(u64::try_from(payload.len()).unwrap()).as_ref());
        bytes.extend_from_slice(payload);
        bytes
    }

    #[test]
    fn lengths_are_minimal_varints_on_the_stack_and_on_the_heap() {
        for len in [0, 1, 127, 128, STACK - 8, STACK - 7, STACK - 6, STACK, 16_383, 16_384, 65_536]
        {
            let payload: Vec<u8> = (0..len).map(|i| u8::try_from(i % 251).unwrap()).collect();
            let bytes = with_signed_bytes(PURPOSE, &payload, <[u8]>::to_vec);
            assert_eq!(bytes, expected(&payload), "payload of {len}");
        }
    }
}

//! Unsigned LEB128 varints as protobuf and multiformats write them (rule W3).
//!
//! Reading accepts at most ten bytes, the tenth at most 1, so that every accepted varint is a
//! `u64` without wrapping. Non-minimal forms are read (W6); only minimal forms are written.

use crate::error::WireErrorKind;
use crate::steps;

/// The longest varint: 64 bits in groups of seven.
pub const MAX_LEN: usize = 10;

/// Reads one varint from the front of `input`; answers the value and the bytes behind it.
///
/// # Errors
///
/// [`WireErrorKind::Truncated`] when `input` ends before the varint does and
/// [`WireErrorKind::VarintOverflow`] when it does not fit 64 bits, each with the offset in
/// `input`.
///
/// # Examples
///
/// ```
/// use peermark_wire::varint;
///
/// assert_eq!(varint::decode(&[0xac, 0x02, 0xff]), Ok((300, &[0xff][..])));
/// assert!(varint::decode(&[0x80]).is_err());
/// ```
#[inline]
pub fn decode(input: &[u8]) -> Result<(u64, &[u8]), (WireErrorKind, usize)> {
    steps::count(1);
    match input {
        [byte @ ..0x80, rest @ ..] => Ok((u64::from(*byte), rest)),
        _ => decode_long(input),
    }
}

fn decode_long(input: &[u8]) -> Result<(u64, &[u8]), (WireErrorKind, usize)> {
    let mut value = 0u64;
    let mut rest = input;
    for (index, shift) in (0..64u32).step_by(7).enumerate() {
        let Some((&byte, behind)) = rest.split_first() else {
            return Err((WireErrorKind::Truncated, index));
        };
        steps::count(1);
        rest = behind;
        let group = u64::from(byte & 0x7f);
        if shift == 63 && byte > 1 {
            return Err((WireErrorKind::VarintOverflow, index));
        }
        value |= group << shift;
        if byte & 0x80 == 0 {
            return Ok((value, rest));
        }
    }
    // The tenth byte is at most 1 and so never continues: the loop has answered by now.
    Err((WireErrorKind::VarintOverflow, MAX_LEN))
}

/// How many bytes the minimal form of `value` takes: 1 to 10.
#[must_use]
#[inline]
pub const fn len(value: u64) -> usize {
    let mut rest = value >> 7;
    let mut bytes = 1usize;
    while rest != 0 {
        rest >>= 7;
        bytes = bytes.saturating_add(1);
    }
    bytes
}

/// The minimal form of `value`, in a buffer on the stack.
///
/// # Examples
///
/// ```
/// use peermark_wire::varint;
///
/// assert_eq!(varint::encode(300).as_ref(), [0xac, 0x02]);
/// ```
#[must_use]
#[inline]
pub fn encode(value: u64) -> Encoded {
    let mut bytes = [0u8; MAX_LEN];
    let mut len = 0u8;
    let mut rest = value;
    for slot in &mut bytes {
        len = len.saturating_add(1);
        let [low, ..] = rest.to_le_bytes();
        rest >>= 7;
        if rest == 0 {
            *slot = low & 0x7f;
            break;
        }
        *slot = low | 0x80;
    }
    Encoded { bytes, len }
}

/// A varint in its minimal form; see [`encode`].
#[derive(Clone, Copy, Debug)]
pub struct Encoded {
    bytes: [u8; MAX_LEN],
    len: u8,
}

impl AsRef<[u8]> for Encoded {
    #[inline]
    fn as_ref(&self) -> &[u8] {
        self.bytes.get(..usize::from(self.len)).unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn minimal_forms_round_trip_at_every_boundary() {
        let edges = (0..64).flat_map(|bit| {
            let power = 1u64 << bit;
            [power - 1, power, power + 1]
        });
        for value in edges.chain([u64::MAX]) {
            let encoded = encode(value);
            assert_eq!(encoded.as_ref().len(), len(value), "{value}");
            assert_eq!(decode(encoded.as_ref()), Ok((value, &[][..])), "{value}");
        }
        assert_eq!(len(u64::MAX), MAX_LEN);
    }

    #[test]
    fn w3_ten_bytes_at_most_and_the_tenth_at_most_one() {
        let mut ten = [0xff; 10];
        ten[9] = 0x01;
        assert_eq!(decode(&ten), Ok((u64::MAX, &[][..])));
        for tenth in 2..=255u8 {
            ten[9] = tenth;
            let error = decode(&ten).unwrap_err();
            assert_eq!(error, (WireErrorKind::VarintOverflow, 9), "{tenth:#x}");
        }
        let eleven = [0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x00];
        assert_eq!(decode(&eleven).unwrap_err().0, WireErrorKind::VarintOverflow);
    }

    #[test]
    fn w6_non_minimal_forms_are_read() {
        assert_eq!(decode(&[0x80, 0x00]), Ok((0, &[][..])));
        assert_eq!(decode(&[0xff, 0x80, 0x80, 0x00]), Ok((127, &[][..])));
        let ten_bytes_of_zero = [0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x00];
        assert_eq!(decode(&ten_bytes_of_zero), Ok((0, &[][..])));
    }

    #[test]
    fn truncation_is_told_from_overflow_with_the_offset() {
        assert_eq!(decode(&[]).unwrap_err(), (WireErrorKind::Truncated, 0));
        for len in 1..MAX_LEN {
            let error = decode(&vec![0x80; len]).unwrap_err();
            assert_eq!(error, (WireErrorKind::Truncated, len));
        }
    }
}

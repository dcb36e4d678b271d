//! Writing fields, minimal varints only, on `quick-protobuf`'s writer.

use quick_protobuf::sizeofs::sizeof_varint;

use crate::reader::{BYTES, MAX_FIELD_NUMBER, VARINT};

/// Appends the fields of one message to a buffer.
///
/// The numbers of fields are constants of a program: 1 to [`MAX_FIELD_NUMBER`]. With another one
/// it writes what no [`Reader`](crate::Reader) reads.
///
/// # Examples
///
/// ```
/// use peermark_wire::Writer;
///
/// let mut out = Vec::new();
/// let mut writer = Writer::new(&mut out);
/// writer.varint(1, 150);
/// writer.bytes(2, b"hi");
/// assert_eq!(out, [0x08, 0x96, 0x01, 0x12, 0x02, b'h', b'i']);
/// ```
#[derive(Debug)]
pub struct Writer<'a> {
    out: &'a mut Vec<u8>,
}

impl<'a> Writer<'a> {
    /// A writer that appends to `out`.
    #[must_use]
    pub fn new(out: &'a mut Vec<u8>) -> Self {
        Self { out }
    }

    /// Writes `value` as field `number`, zero included.
    pub fn varint(&mut self, number: u32, value: u64) {
        let mut writer = quick_protobuf::Writer::new(&mut *self.out);
        let written = writer.write_with_tag(tag(number, VARINT), |w| w.write_uint64(value));
        debug_assert!(written.is_ok(), "a vector takes every write");
    }

    /// Writes `value` as field `number`, empty included. A nested message is written as its bytes.
    pub fn bytes(&mut self, number: u32, value: &[u8]) {
        let mut writer = quick_protobuf::Writer::new(&mut *self.out);
        let written = writer.write_with_tag(tag(number, BYTES), |w| w.write_bytes(value));
        debug_assert!(written.is_ok(), "a vector takes every write");
    }

    /// Writes a nested message as field `number`: its length, which the caller knows to be `len`,
    /// and then what `write` appends, which must be that long.
    pub(crate) fn message(&mut self, number: u32, len: usize, write: impl FnOnce(&mut Vec<u8>)) {
        let mut writer = quick_protobuf::Writer::new(&mut *self.out);
        let length = u64::try_from(len).unwrap_or(u64::MAX);
        let written = writer.write_with_tag(tag(number, BYTES), |w| w.write_varint(length));
        debug_assert!(written.is_ok(), "a vector takes every write");
        let start = self.out.len();
        write(self.out);
        debug_assert_eq!(self.out.len(), start.saturating_add(len), "the length was announced");
    }
}

/// The length that [`Writer::varint`] adds for this field.
pub(crate) fn varint_field_len(number: u32, value: u64) -> usize {
    tag_len(number).saturating_add(sizeof_varint(value))
}

/// The length that [`Writer::bytes`] adds for a value of `len` bytes.
pub(crate) fn bytes_field_len(number: u32, len: usize) -> usize {
    let prefix = sizeof_varint(u64::try_from(len).unwrap_or(u64::MAX));
    tag_len(number).saturating_add(prefix).saturating_add(len)
}

const fn tag(number: u32, wire_type: u8) -> u32 {
    debug_assert!(1 <= number && number <= MAX_FIELD_NUMBER, "no field has this number");
    (number << 3) | u32::from_le_bytes([wire_type, 0, 0, 0])
}

fn tag_len(number: u32) -> usize {
    sizeof_varint(u64::from(tag(number, 0)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn announced_lengths_are_written_lengths() {
        for number in [1, 15, 16, 2047, 2048, MAX_FIELD_NUMBER] {
            for value in [0, 127, 128, u64::MAX] {
                let mut out = Vec::new();
                Writer::new(&mut out).varint(number, value);
                assert_eq!(out.len(), varint_field_len(number, value), "{number} {value}");
            }
            for len in [0, 127, 128, 16_384] {
                let mut out = Vec::new();
                Writer::new(&mut out).bytes(number, &vec![0; len]);
                assert_eq!(out.len(), bytes_field_len(number, len), "{number} {len}");
            }
        }
        assert_eq!(bytes_field_len(1, usize::MAX), usize::MAX, "no overflow");
    }
}

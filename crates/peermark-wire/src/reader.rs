//! One slice, one reader.
//!
//! A [`Reader`] walks the fields of exactly one message in exactly one slice and cannot see a
//! byte outside it. A nested message is a [`Bytes`](Value::Bytes) value: take its slice and start
//! a reader of its own on it with [`Field::nested`]. A length that claims more than the slice
//! still holds is an error at once (W2), so a nested length can never reach into its parent's
//! remainder, let alone past the input.
//!
//! The reader is strict about the encoding itself (W3) and leaves to the message what its fields
//! mean. It borrows everything and allocates nothing.

use crate::error::{Message, WireError, WireErrorKind};
use crate::{steps, varint};

/// The largest field number protobuf allows: 2^29 - 1.
pub const MAX_FIELD_NUMBER: u32 = (1 << 29) - 1;

/// Wire type of varints.
pub(crate) const VARINT: u8 = 0;
/// Wire type of eight little-endian bytes.
pub(crate) const FIXED64: u8 = 1;
/// Wire type of length-delimited bytes.
pub(crate) const BYTES: u8 = 2;
/// Wire type of four little-endian bytes.
pub(crate) const FIXED32: u8 = 5;

/// Walks the fields of one message, in the order in which they were written.
///
/// # Examples
///
/// ```
/// use peermark_wire::{Message, Reader, Value};
///
/// let mut reader = Reader::new(Message::Other, &[0x08, 0x96, 0x01]);
/// let field = reader.next_field()?.expect("one field");
/// assert_eq!((field.number, field.value), (1, Value::Varint(150)));
/// assert!(reader.next_field()?.is_none());
/// # Ok::<(), peermark_wire::WireError>(())
/// ```
#[derive(Clone, Debug)]
pub struct Reader<'a> {
    message: Message,
    rest: &'a [u8],
    /// Offset of the end of `rest` in the outermost input: it stays while `rest` is read.
    end: usize,
}

/// One field of a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Field<'a> {
    /// The message that it is a field of.
    pub message: Message,
    /// The field's number, 1 to 2^29 - 1.
    pub number: u32,
    /// Where its tag starts, counted from the outermost input.
    pub tag_offset: usize,
    /// Where its value starts: for [`Value::Bytes`] the first byte behind the length.
    pub value_offset: usize,
    /// The value, in the wire type it was written with.
    pub value: Value<'a>,
}

/// A value, by wire type. Groups do not exist here (W3).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(clippy::exhaustive_enums, reason = "the wire types of protobuf are a closed set")]
pub enum Value<'a> {
    /// Wire type 0.
    Varint(u64),
    /// Wire type 1.
    Fixed64([u8; 8]),
    /// Wire type 2: bytes, text, or a nested message.
    Bytes(&'a [u8]),
    /// Wire type 5.
    Fixed32([u8; 4]),
}

impl Value<'_> {
    /// The number of the wire type.
    #[must_use]
    pub const fn wire_type(&self) -> u8 {
        match self {
            Self::Varint(_) => VARINT,
            Self::Fixed64(_) => FIXED64,
            Self::Bytes(_) => BYTES,
            Self::Fixed32(_) => FIXED32,
        }
    }
}

impl<'a> Reader<'a> {
    /// A reader over a whole input that is a `message`; offsets count from its first byte.
    #[must_use]
    pub const fn new(message: Message, input: &'a [u8]) -> Self {
        Self::at(message, input, 0)
    }

    /// A reader over a `message` that starts at `offset` of some larger input. Errors and fields
    /// count their offsets from the start of that one.
    #[must_use]
    pub const fn at(message: Message, input: &'a [u8], offset: usize) -> Self {
        Self { message, rest: input, end: offset.saturating_add(input.len()) }
    }

    /// An error of this reader's message, for the rules that only the message knows.
    #[must_use]
    #[cold]
    pub const fn error(&self, kind: WireErrorKind, offset: usize) -> WireError {
        WireError::new(self.message, kind, offset)
    }

    /// Reads the next field, or `None` exactly at the end of the slice.
    ///
    /// # Errors
    ///
    /// Any reason of rules W2 and W3. After an error the reader has not moved.
    #[inline(always)]
    pub fn next_field(&mut self) -> Result<Option<Field<'a>>, WireError> {
        if self.rest.is_empty() {
            return Ok(None);
        }
        steps::count(1);
        let tag_offset = self.offset();
        let (tag, rest) = self.varint(self.rest)?;
        let number = match u32::try_from(tag >> 3) {
            Ok(number @ 1..=MAX_FIELD_NUMBER) => number,
            _ => return Err(self.error(WireErrorKind::FieldNumber(tag >> 3), tag_offset)),
        };
        let wire_type = tag.to_le_bytes()[0] & 0x07;
        let (value, at, behind) = match wire_type {
            VARINT => {
                let (value, behind) = self.varint(rest)?;
                (Value::Varint(value), rest, behind)
            }
            FIXED64 => {
                let (value, behind) = self.array(rest)?;
                (Value::Fixed64(value), rest, behind)
            }
            BYTES => {
                let (claimed, at) = self.varint(rest)?;
                let (value, behind) = self.split(at, claimed, rest)?;
                (Value::Bytes(value), at, behind)
            }
            FIXED32 => {
                let (value, behind) = self.array(rest)?;
                (Value::Fixed32(value), rest, behind)
            }
            other => return Err(self.error(WireErrorKind::WireType(other), tag_offset)),
        };
        let value_offset = self.offset_of(at);
        self.rest = behind;
        Ok(Some(Field { message: self.message, number, tag_offset, value_offset, value }))
    }

    /// Offset of the next unread byte in the outermost input.
    #[must_use]
    pub const fn offset(&self) -> usize {
        self.offset_of(self.rest)
    }

    /// Where `rest`, which is the end of the input, starts in the outermost input.
    const fn offset_of(&self, rest: &[u8]) -> usize {
        self.end.saturating_sub(rest.len())
    }

    // The following read from the front of `rest` and answer what is behind.

    #[inline]
    fn varint(&self, rest: &'a [u8]) -> Result<(u64, &'a [u8]), WireError> {
        varint::decode(rest).map_err(|(kind, at)| {
            let offset = self.offset_of(rest).saturating_add(at);
            self.error(kind, offset)
        })
    }

    #[inline]
    fn array<const N: usize>(&self, rest: &'a [u8]) -> Result<([u8; N], &'a [u8]), WireError> {
        match rest.split_first_chunk() {
            Some((value, behind)) => Ok((*value, behind)),
            None => Err(self.error(WireErrorKind::Truncated, self.end)),
        }
    }

    /// `length` is where the length was read that claims this much.
    #[inline]
    fn split(
        &self,
        rest: &'a [u8],
        claimed: u64,
        length: &[u8],
    ) -> Result<(&'a [u8], &'a [u8]), WireError> {
        let split = usize::try_from(claimed).ok().and_then(|len| rest.split_at_checked(len));
        split.ok_or_else(|| {
            let kind = WireErrorKind::LengthOverrun { claimed, remaining: rest.len() };
            self.error(kind, self.offset_of(length))
        })
    }
}

impl<'a> Field<'a> {
    /// The value as a varint, for a field that its message defines as one (W4).
    ///
    /// # Errors
    ///
    /// [`WireErrorKind::WrongWireType`] when it was written as anything else.
    pub const fn varint(&self) -> Result<u64, WireError> {
        match self.value {
            Value::Varint(value) => Ok(value),
            _ => Err(self.wrong_wire_type(VARINT)),
        }
    }

    /// The value as bytes, for a field that its message defines as such (W4).
    ///
    /// # Errors
    ///
    /// [`WireErrorKind::WrongWireType`] when it was written as anything else.
    pub const fn bytes(&self) -> Result<&'a [u8], WireError> {
        match self.value {
            Value::Bytes(value) => Ok(value),
            _ => Err(self.wrong_wire_type(BYTES)),
        }
    }

    /// A reader of its own over the value, a nested `message` (W2, W4).
    ///
    /// # Errors
    ///
    /// [`WireErrorKind::WrongWireType`] when it was not written as length-delimited bytes.
    pub fn nested(&self, message: Message) -> Result<Reader<'a>, WireError> {
        Ok(Reader::at(message, self.bytes()?, self.value_offset))
    }

    /// Stores `value` as this field's in `slot`, once (W4).
    ///
    /// # Errors
    ///
    /// [`WireErrorKind::DuplicateField`] when `slot` holds one already.
    pub fn set_once<T>(&self, slot: &mut Option<T>, value: T) -> Result<(), WireError> {
        if slot.is_some() {
            return Err(self.error(WireErrorKind::DuplicateField { field: self.number }));
        }
        *slot = Some(value);
        Ok(())
    }

    /// An error about this field, at its tag.
    #[must_use]
    pub const fn error(&self, kind: WireErrorKind) -> WireError {
        WireError::new(self.message, kind, self.tag_offset)
    }

    const fn wrong_wire_type(&self, expected: u8) -> WireError {
        let got = self.value.wire_type();
        self.error(WireErrorKind::WrongWireType { field: self.number, expected, got })
    }
}

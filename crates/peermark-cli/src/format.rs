//! Envelopes and keys as text.
//!
//! Text is hex when it is all hex digits, and base64 otherwise. That hex wins costs nothing: an
//! envelope starts with the byte `0a`, so its base64 starts with `C` and, but for one in many
//! billions, has a letter behind `f`.
//!
//! Hex may have `0x` in front; no base64 of an envelope or a key starts so.
//!
//! Base64 may use the standard or the URL-safe alphabet, with padding or without.

use std::fmt;

use data_encoding::{BASE64_NOPAD, BASE64URL_NOPAD, Encoding as Base, HEXLOWER_PERMISSIVE};

/// The two encodings as text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum TextEncoding {
    Hex,
    Base64,
}

impl TextEncoding {
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Hex => "hex",
            Self::Base64 => "base64",
        }
    }
}

impl fmt::Display for TextEncoding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// Why text stands for no bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum TextDefect {
    /// A byte that neither encoding has: its place, from 1.
    Neither { at: usize, byte: u8 },
    /// A byte that the encoding that was asked for does not have: its place, from 1.
    Byte { encoding: TextEncoding, at: usize, byte: u8 },
    /// Hex digits that do not pair up.
    OddHex { digits: usize },
    /// A number of base64 characters that stands for no number of bytes, or the wrong padding.
    Base64Length { characters: usize },
    /// Base64 whose last character has bits that stand for nothing.
    Base64Trailing,
}

impl fmt::Display for TextDefect {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Neither { at, byte } => {
                write!(
                    f,
                    "neither hex nor base64: '{}' at character {at}",
                    std::ascii::escape_default(*byte)
                )
            }
            Self::Byte { encoding, at, byte } => {
                write!(
                    f,
                    "not {encoding}: '{}' at character {at}",
                    std::ascii::escape_default(*byte)
                )
            }
            Self::OddHex { digits } => write!(f, "not hex: an odd number of digits, {digits}"),
            Self::Base64Length { characters } => {
                write!(f, "not base64: wrong padding or length, {characters} characters")
            }
            Self::Base64Trailing => f.write_str("not base64: bits left over at the end"),
        }
    }
}

/// Decodes text without whitespace into `out`, replacing its content, and answers what it was.
///
/// `expected` says which encoding it must be; without, hex wins over base64.
pub(crate) fn decode_text(
    text: &[u8],
    expected: Option<TextEncoding>,
    out: &mut Vec<u8>,
) -> Result<TextEncoding, TextDefect> {
    let encoding = expected.unwrap_or_else(|| guess(text));
    match encoding {
        TextEncoding::Hex => hex(text, out)?,
        TextEncoding::Base64 => base64(text, out).map_err(|defect| match defect {
            TextDefect::Byte { at, byte, .. } if expected.is_none() => {
                TextDefect::Neither { at, byte }
            }
            defect => defect,
        })?,
    }
    Ok(encoding)
}

/// Hex when it is all hex digits, or says so.
pub(crate) fn guess(text: &[u8]) -> TextEncoding {
    if is_prefixed(text) || text.iter().all(u8::is_ascii_hexdigit) {
        TextEncoding::Hex
    } else {
        TextEncoding::Base64
    }
}

/// Whether there is `0x` in front.
pub(crate) fn is_prefixed(text: &[u8]) -> bool {
    matches!(text, [b'0', b'x' | b'X', ..])
}

fn hex(text: &[u8], out: &mut Vec<u8>) -> Result<(), TextDefect> {
    let skipped = if is_prefixed(text) { 2 } else { 0 };
    let text = text.get(skipped..).unwrap_or_default();
    let bad = |at: usize| TextDefect::Byte {
        encoding: TextEncoding::Hex,
        at: at.saturating_add(skipped).saturating_add(1),
        byte: text.get(at).copied().unwrap_or_default(),
    };
    decode(&HEXLOWER_PERMISSIVE, text, out).map_err(|at| match at {
        Some(at) => bad(at),
        // The length is wrong: a foreign character is the better explanation, if there is one.
        None => match text.iter().position(|byte| !byte.is_ascii_hexdigit()) {
            Some(at) => bad(at),
            None => TextDefect::OddHex { digits: text.len() },
        },
    })
}

fn base64(text: &[u8], out: &mut Vec<u8>) -> Result<(), TextDefect> {
    let characters = text.len();
    let is_padding = |byte: &u8| *byte == b'=';
    let padding = text.iter().rev().take(2).take_while(|byte| is_padding(byte)).count();
    let body = text.get(..characters.saturating_sub(padding)).unwrap_or_default();
    let url_safe = body.iter().any(|byte| matches!(byte, b'-' | b'_'));
    let alphabet = if url_safe { &BASE64URL_NOPAD } else { &BASE64_NOPAD };
    if let Some(at) = body.iter().position(|byte| !is_base64(*byte, url_safe)) {
        let byte = body.get(at).copied().unwrap_or_default();
        let at = at.saturating_add(1);
        return Err(TextDefect::Byte { encoding: TextEncoding::Base64, at, byte });
    }
    if padding != 0 && !characters.is_multiple_of(4) || body.len() % 4 == 1 {
        return Err(TextDefect::Base64Length { characters });
    }
    decode(alphabet, body, out).map_err(|_| TextDefect::Base64Trailing)
}

/// Whether the alphabet has this character; the two share all but two.
fn is_base64(byte: u8, url_safe: bool) -> bool {
    byte.is_ascii_alphanumeric()
        || if url_safe { matches!(byte, b'-' | b'_') } else { matches!(byte, b'+' | b'/') }
}

/// Decodes, or answers where the first character is that cannot stand there; `None` for a length
/// that cannot be.
fn decode(base: &Base, text: &[u8], out: &mut Vec<u8>) -> Result<(), Option<usize>> {
    let len = base.decode_len(text.len()).map_err(|_| None)?;
    out.clear();
    out.resize(len, 0);
    let written = base.decode_mut(text, out).map_err(|partial| Some(partial.error.position))?;
    out.truncate(written);
    Ok(())
}

/// Removes whitespace at both ends, and a byte order mark in front.
pub(crate) fn trim(text: &[u8]) -> &[u8] {
    text.strip_prefix(b"\xef\xbb\xbf").unwrap_or(text).trim_ascii()
}

/// The text without any whitespace.
pub(crate) fn squeeze(text: &[u8]) -> Vec<u8> {
    // All of it is allocated at once: growing would leave copies behind, and it may be a secret.
    let mut out = Vec::with_capacity(text.len());
    out.extend(trim(text).iter().filter(|byte| !byte.is_ascii_whitespace()));
    out
}

/// Whether these bytes are text at all: printable ASCII and whitespace. An envelope with a payload
/// is not, whatever it holds, for the tag of the payload is the control character `1a`.
pub(crate) fn is_text(bytes: &[u8]) -> bool {
    let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
    bytes.iter().all(|byte| byte.is_ascii_graphic() || byte.is_ascii_whitespace())
}

#[cfg(test)]
mod tests {
    use super::{TextDefect, TextEncoding, decode_text, is_text, squeeze, trim};
    use TextDefect::{Base64Length, Base64Trailing, Byte, Neither, OddHex};
    use TextEncoding::{Base64, Hex};

    #[test]
    fn text_is_hex_when_it_can_be_and_base64_otherwise() {
        let check = |text: &str, expected| {
            let mut out = b"what was there before".to_vec();
            let result = decode_text(text.as_bytes(), None, &mut out);
            assert_eq!(result.map(|encoding| (encoding, out)), expected, "{text}");
        };
        let hex = |bytes: &[u8]| Ok((Hex, bytes.to_vec()));
        let base64 = |bytes: &[u8]| Ok((Base64, bytes.to_vec()));
        check("", hex(b""));
        check("0a24", hex(b"\x0a\x24"));
        check("0A24fF", hex(b"\x0a\x24\xff"));
        check("0x0a24", hex(b"\x0a\x24"));
        check("0X0A24", hex(b"\x0a\x24"));
        check("0x", hex(b""));
        check("0x0a2", Err(OddHex { digits: 3 }));
        check("0x0a2z", Err(Byte { encoding: Hex, at: 6, byte: b'z' }));
        check("0x0x0a", Err(Byte { encoding: Hex, at: 4, byte: b'x' }));
        check("0a2", Err(OddHex { digits: 3 }));
        check("CiQ=", base64(b"\x0a\x24"));
        check("CiQ", base64(b"\x0a\x24"));
        check("+/+/", base64(b"\xfb\xff\xbf"));
        check("-_-_", base64(b"\xfb\xff\xbf"));
        check("+_+_", Err(Neither { at: 1, byte: b'+' }));
        check("CiQkJ", Err(Base64Length { characters: 5 }));
        check("CiQk=", Err(Base64Length { characters: 5 }));
        check("CiQkCg=", Err(Base64Length { characters: 7 }));
        check("Ci==Ci==", Err(Neither { at: 3, byte: b'=' }));
        check("CiQk====", Err(Neither { at: 5, byte: b'=' }));
        check("CiR", Err(Base64Trailing));
        check("0a 24", Err(Neither { at: 3, byte: b' ' }));
        check("caf\u{e9}", Err(Neither { at: 4, byte: 0xc3 }));
    }

    #[test]
    fn an_encoding_that_is_asked_for_is_the_only_one() {
        let check = |text: &str, encoding, expected| {
            let mut out = Vec::new();
            let result = decode_text(text.as_bytes(), Some(encoding), &mut out);
            assert_eq!(result.map(|_| out), expected, "{text}");
        };
        check("0a24", Hex, Ok(vec![0x0a, 0x24]));
        check("0x0a24", Hex, Ok(vec![0x0a, 0x24]));
        check("0x0a", Base64, Ok(vec![0xd3, 0x1d, 0x1a]));
        check("0a24", Base64, Ok(vec![0xd1, 0xad, 0xb8]));
        check("CiQ", Hex, Err(Byte { encoding: Hex, at: 2, byte: b'i' }));
        check("0a2?", Hex, Err(Byte { encoding: Hex, at: 4, byte: b'?' }));
        check("Ci?k", Base64, Err(Byte { encoding: Base64, at: 3, byte: b'?' }));
    }

    #[test]
    fn defects_never_show_a_control_character() {
        let mut out = Vec::new();
        let defect = decode_text(b"ab\x1b[2J", None, &mut out).unwrap_err();
        assert_eq!(defect.to_string(), "neither hex nor base64: '\\x1b' at character 3");
    }

    #[test]
    fn whitespace_and_a_byte_order_mark_are_not_content() {
        assert_eq!(trim(b"\xef\xbb\xbf 0a24\r\n"), b"0a24");
        assert_eq!(squeeze(b" 0a 24\n0a\t"), b"0a240a");
        assert!(is_text(b"\xef\xbb\xbf0a24\r\n"));
        assert!(!is_text(b"0a\x1a24"));
        assert!(!is_text("\u{e9}".as_bytes()));
    }
}

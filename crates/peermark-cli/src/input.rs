//! Where bytes come from: files and standard input, with a cap on what is held at once.

use std::fs::File;
use std::io::{self, IsTerminal, Read};
use std::path::{Path, PathBuf};

use clap::ValueEnum;
use peermark::envelope::{Envelope, Limits};

use crate::failure::Failure;
use crate::format::{TextEncoding, decode_text, guess, is_prefixed, is_text, squeeze, trim};
use crate::refusal::Refusal;

/// What is read of an input that is one envelope: the largest envelope in hex, written as digit
/// pairs with a separator, and room for more.
pub(crate) const MAX_WHOLE: usize = 4 * Limits::MAX_ENVELOPE_LEN;

/// The formats in which one envelope can be.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum WholeFormat {
    /// Raw unless it is text; text is hex if it is all hex digits, else base64
    Auto,
    /// The bytes of the envelope
    Raw,
    /// Hex digits, with or without 0x in front; whitespace does not count
    Hex,
    /// Base64, standard or URL-safe, padded or not; whitespace does not count
    Base64,
}

/// A file or standard input.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Source {
    Stdin,
    File(PathBuf),
}

impl Source {
    /// The source that an argument names: `-` is standard input.
    pub(crate) fn from_arg(path: &Path) -> Self {
        if path == Path::new("-") { Self::Stdin } else { Self::File(path.to_owned()) }
    }

    /// Opens it. Waiting for somebody to type is announced.
    pub(crate) fn open(&self) -> Result<Box<dyn Read + Send>, Failure> {
        match self {
            Self::Stdin => {
                if io::stdin().is_terminal() {
                    crate::output::note("reading from the terminal until end of file");
                }
                Ok(Box::new(io::stdin()))
            }
            Self::File(path) => match File::open(path) {
                Ok(file) => Ok(Box::new(file)),
                Err(error) => Err(Failure::file("open", path, error)),
            },
        }
    }

    /// A failure to read it.
    pub(crate) fn unreadable(&self, source: io::Error) -> Failure {
        let path = match self {
            Self::Stdin => None,
            Self::File(path) => Some(path.clone()),
        };
        Failure::File { action: "read", path, source }
    }

    /// How many bytes it has, where the system knows.
    pub(crate) fn len(&self) -> Option<u64> {
        match self {
            Self::Stdin => None,
            Self::File(path) => {
                path.metadata().ok().filter(std::fs::Metadata::is_file).map(|file| file.len())
            }
        }
    }

    /// Its name in front of a line number, safe to show.
    pub(crate) fn label(&self) -> String {
        match self {
            Self::Stdin => "standard input".to_owned(),
            Self::File(path) => crate::complaint::escape(&path.to_string_lossy()),
        }
    }

    /// Its name as it was given.
    pub(crate) fn given(&self) -> String {
        match self {
            Self::Stdin => "-".to_owned(),
            Self::File(path) => path.to_string_lossy().into_owned(),
        }
    }

    /// Its name, safe to show.
    pub(crate) fn name(&self) -> String {
        match self {
            Self::Stdin => "standard input".to_owned(),
            Self::File(path) => format!("{path:?}"),
        }
    }

    /// Reads it whole, or its first [`MAX_WHOLE`] bytes.
    pub(crate) fn read_whole(&self) -> Result<Whole, Failure> {
        read_whole(&mut self.open()?).map_err(|error| self.unreadable(error))
    }
}

/// The start of an input, and whether it is all of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Whole {
    pub(crate) bytes: Vec<u8>,
    pub(crate) complete: bool,
}

/// Reads at most [`MAX_WHOLE`] bytes; one more is read to know whether there are more, and is
/// among the bytes then.
pub(crate) fn read_whole(reader: &mut impl Read) -> io::Result<Whole> {
    let mut bytes = Vec::new();
    let cap = u64::try_from(MAX_WHOLE).unwrap_or(u64::MAX).saturating_add(1);
    reader.take(cap).read_to_end(&mut bytes)?;
    let complete = bytes.len() <= MAX_WHOLE;
    Ok(Whole { bytes, complete })
}

/// One envelope's bytes and the format they were in.
pub(crate) type Decoded = (Vec<u8>, &'static str);

impl Whole {
    /// The envelope that the whole input is.
    pub(crate) fn decode(&self, format: WholeFormat) -> Result<Decoded, Refusal> {
        if !self.complete {
            return Err(Refusal::InputTooLong { limit: MAX_WHOLE });
        }
        let expected = match format {
            WholeFormat::Raw => None,
            WholeFormat::Auto if !is_text(&self.bytes) => None,
            WholeFormat::Auto => Some(None),
            WholeFormat::Hex => Some(Some(TextEncoding::Hex)),
            WholeFormat::Base64 => Some(Some(TextEncoding::Base64)),
        };
        let (bytes, name) = match expected {
            None => (self.bytes.clone(), "raw bytes"),
            Some(encoding) => {
                let mut bytes = Vec::new();
                let found = decode_text(&squeeze(&self.bytes), encoding, &mut bytes)?;
                (bytes, found.name())
            }
        };
        if bytes.is_empty() { Err(Refusal::Empty) } else { Ok((bytes, name)) }
    }

    /// As [`decode`](Self::decode); where that refuses, what can be had all the same, and the
    /// reason.
    pub(crate) fn decode_as_far_as_possible(
        &self,
        format: WholeFormat,
    ) -> (Decoded, Option<Refusal>) {
        let refusal = match self.decode(format) {
            Ok(decoded) => return (decoded, None),
            Err(refusal) => refusal,
        };
        let raw =
            format == WholeFormat::Raw || format == WholeFormat::Auto && !is_text(&self.bytes);
        let decoded = if raw {
            (self.bytes.iter().copied().take(MAX_WHOLE).collect(), "raw bytes")
        } else {
            decode_front(&squeeze(&self.bytes))
        };
        (decoded, Some(refusal))
    }

    /// Whether the input is a list of envelopes, one on each line.
    ///
    /// Text of several lines is one envelope if all of it together is one, wrapped as editors and
    /// mail programs do, and a list otherwise. The two cannot be confused: two envelopes one behind
    /// the other are none, since each field may appear once. Text that is longer than any envelope
    /// can only be a list.
    pub(crate) fn is_list(&self) -> bool {
        if !is_text(&self.bytes) {
            return false;
        }
        if !self.complete {
            return true;
        }
        let content = |line: &&[u8]| !line.trim_ascii().is_empty();
        let lines = trim(&self.bytes).split(|byte| *byte == b'\n').filter(content).count();
        if lines < 2 {
            return false;
        }
        let limits = Limits::new(Limits::MAX_ENVELOPE_LEN).unwrap_or_default();
        let is_envelope = |(bytes, _): Decoded| Envelope::decode_with(&bytes, limits).is_ok();
        !self.decode(WholeFormat::Auto).is_ok_and(is_envelope)
    }
}

/// Decodes the longest front part that is text of one of the encodings.
fn decode_front(text: &[u8]) -> Decoded {
    let is_digit = |byte: &u8| byte.is_ascii_alphanumeric() || b"+/-_".contains(byte);
    let end = text.iter().position(|byte| !is_digit(byte)).unwrap_or(text.len());
    let mut front = text.get(..end).unwrap_or_default();
    if is_prefixed(front) {
        let digits = front.get(2..).unwrap_or_default();
        let end = digits.iter().position(|byte| !byte.is_ascii_hexdigit());
        front = digits.get(..end.unwrap_or(digits.len())).unwrap_or_default();
    }
    let (unit, encoding) = match guess(front) {
        TextEncoding::Hex => (2, TextEncoding::Hex),
        TextEncoding::Base64 => (4, TextEncoding::Base64),
    };
    let whole = front.chunks_exact(unit).len().saturating_mul(unit);
    let mut bytes = Vec::new();
    match decode_text(front.get(..whole).unwrap_or_default(), Some(encoding), &mut bytes) {
        Ok(encoding) => (bytes, encoding.name()),
        // Both alphabets of base64 in one text.
        Err(_) => (Vec::new(), encoding.name()),
    }
}

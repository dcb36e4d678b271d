//! From text or bytes to certified records, or why not: what every command that reads records does.

use std::io::{Cursor, Read};

use peermark::envelope::Limits;
use peermark::peer_record::{CertifiedRecord, Dialects, Stage};

use crate::chunks::{Chunks, MAX_LINE};
use crate::failure::Failure;
use crate::format::{decode_text, trim};
use crate::identify;
use crate::input::{Source, Whole, WholeFormat, read_whole};
use crate::keyfile;
use crate::refusal::Refusal;

/// What is accepted.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Judge {
    pub(crate) dialects: Dialects,
    pub(crate) limits: Limits,
}

/// A record, or why there is none.
pub(crate) type Verdict = Result<CertifiedRecord, Refusal>;

impl Judge {
    /// Judges every envelope of an input: the one that it is, or one for each line. `each` gets the
    /// number of the line, from 1; of an input that is one envelope, 1.
    pub(crate) fn read(
        &self,
        source: &Source,
        mut each: impl FnMut(u64, Verdict) -> Result<(), Failure>,
    ) -> Result<(), Failure> {
        let mut input = source.open()?;
        let whole = read_whole(&mut input).map_err(|error| source.unreadable(error))?;
        let is_secret = keyfile::private_key_in(&whole.bytes).is_some();
        if !whole.is_list() {
            let bytes = match is_secret {
                true => Err(Refusal::PrivateKey),
                false => whole.decode(WholeFormat::Auto).map(|(bytes, _)| bytes),
            };
            return each(1, bytes.and_then(|bytes| self.bytes(&bytes)));
        }
        let Whole { bytes, .. } = whole;
        let mut chunks = Chunks::new(Cursor::new(bytes).chain(input));
        let (mut number, mut buffer) = (0u64, Vec::new());
        while let Some(run) = chunks.next_run().map_err(|error| source.unreadable(error))? {
            let overlong =
                run.overlong.map(|got| Err(Refusal::LineTooLong { limit: MAX_LINE, got }));
            for line in run.lines() {
                number = number.saturating_add(1);
                each(
                    number,
                    self.line(line, &mut buffer).map_err(|refusal| hide(refusal, is_secret)),
                )?;
            }
            if let Some(verdict) = overlong {
                number = number.saturating_add(1);
                each(number, verdict)?;
            }
        }
        Ok(())
    }

    /// Returns the record of an input that holds one and nothing else.
    pub(crate) fn only(&self, source: &Source) -> Result<CertifiedRecord, Failure> {
        let mut found = None;
        self.read(source, |_, verdict| {
            let refused = |refusal| Failure::Refused(format!("{}: {refusal}", source.name()));
            if found.replace(verdict.map_err(refused)?).is_some() {
                let message = format!("{}: more than one record", source.name());
                return Err(Failure::Refused(message));
            }
            Ok(())
        })?;
        found.ok_or_else(|| Failure::Refused(format!("{}: no record", source.name())))
    }

    /// Judges one line; `buffer` is whatever was there before, kept for its memory.
    pub(crate) fn line(&self, line: &[u8], buffer: &mut Vec<u8>) -> Verdict {
        if line.len() > MAX_LINE {
            let got = u64::try_from(line.len()).unwrap_or(u64::MAX);
            return Err(Refusal::LineTooLong { limit: MAX_LINE, got });
        }
        let text = trim(line);
        if text.is_empty() {
            return Err(Refusal::Empty);
        }
        decode_text(text, None, buffer)?;
        self.bytes(buffer)
    }

    /// Judges the bytes of one envelope, or of an identify message that carries one.
    pub(crate) fn bytes(&self, bytes: &[u8]) -> Verdict {
        let verdict = self.envelope(bytes);
        if verdict.is_err()
            && let Some(record) = identify::signed_record(bytes)
        {
            identify::tell();
            return self.envelope(record);
        }
        verdict
    }

    fn envelope(&self, bytes: &[u8]) -> Verdict {
        match CertifiedRecord::verify_with(bytes, self.dialects, self.limits) {
            Ok(record) => Ok(record),
            // The error would tell field numbers and lengths, and those may be of a secret. At
            // another stage it is about an envelope, or about a size.
            Err(error) if error.stage() == Stage::Envelope && keyfile::is_key_shaped(bytes) => {
                Err(Refusal::PrivateKey)
            }
            Err(error) => Err(Refusal::Verify(error)),
        }
    }
}

/// What is said of a line of an input that has a private key in it: nothing that could tell of it.
pub(crate) fn hide(refusal: Refusal, is_secret: bool) -> Refusal {
    match refusal.stage() {
        Stage::Envelope if is_secret => Refusal::PrivateKey,
        _ => refusal,
    }
}

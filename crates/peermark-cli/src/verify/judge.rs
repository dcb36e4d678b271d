//! Verdicts: from text or bytes to a certified record, or the refusal.

use peermark::envelope::Limits;
use peermark::peer_record::{CertifiedRecord, Dialects, Stage};

use super::chunks::{MAX_LINE, Run};
use super::pipeline::Done;
use super::render::{self, Style};
use super::tally::Tally;
use crate::format::{decode_text, trim};
use crate::keyfile;
use crate::refusal::Refusal;

/// What applies to all envelopes of a call.
#[derive(Clone, Copy, Debug)]
pub(super) struct Settings {
    pub(super) dialects: Dialects,
    pub(super) limits: Limits,
    pub(super) style: Style,
    /// There are several inputs, so that each verdict of a whole one needs its name.
    pub(super) named: bool,
}

/// What a worker takes at once.
#[derive(Debug)]
pub(super) enum Job {
    /// Lines of an input, in which there is a private key, or none was looked for or found.
    Lines { run: Run, is_secret: bool },
    /// An input that is one envelope.
    Whole { name: String, bytes: Result<Vec<u8>, Refusal>, consumed: u64 },
}

type Verdict = Result<CertifiedRecord, Refusal>;

impl Settings {
    /// Does a job; `buffer` is whatever was there before, kept for its memory.
    pub(super) fn work(&self, job: Job, buffer: &mut Vec<u8>) -> Done {
        let mut rendered = Vec::new();
        let mut tally = Tally::default();
        let consumed = match job {
            Job::Lines { run, is_secret } => {
                tally.mark_lines();
                let mut judge = |verdict: Verdict| {
                    tally.count(&verdict);
                    render::line(self.style, &verdict, &mut rendered);
                };
                for line in run.lines() {
                    judge(self.line(line, buffer).map_err(|refusal| match refusal.stage() {
                        Stage::Envelope if is_secret => Refusal::PrivateKey,
                        _ => refusal,
                    }));
                }
                if let Some(got) = run.overlong {
                    judge(Err(Refusal::LineTooLong { limit: MAX_LINE, got }));
                }
                run.consumed
            }
            Job::Whole { name, bytes, consumed } => {
                let verdict = bytes.and_then(|bytes| self.bytes(&bytes));
                tally.count(&verdict);
                let name = self.named.then_some(name);
                render::whole(self.style, name.as_deref(), &verdict, &mut rendered);
                consumed
            }
        };
        Done { rendered, tally, consumed }
    }

    fn line(&self, line: &[u8], buffer: &mut Vec<u8>) -> Verdict {
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

    fn bytes(&self, bytes: &[u8]) -> Verdict {
        match CertifiedRecord::decode_with(bytes, self.dialects, self.limits) {
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

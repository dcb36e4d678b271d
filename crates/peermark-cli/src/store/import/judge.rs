//! Verdicts on what is to be imported, with the place of each.

use std::sync::Arc;

use peermark::peer_record::CertifiedRecord;

use crate::chunks::MAX_LINE;
use crate::input::Source;
use crate::pipeline::{Job, Work};
use crate::records::{Judge, hide};
use crate::refusal::Refusal;

/// What applies to all of an import.
pub(super) struct Judging {
    pub(super) judge: Judge,
    /// Whether lines that are refused are kept.
    pub(super) keeps_lines: bool,
}

/// The verdicts of a job.
pub(super) struct Judged {
    pub(super) source: Arc<Source>,
    pub(super) verdicts: Vec<(Option<u64>, Result<CertifiedRecord, Bad>)>,
    pub(super) consumed: u64,
}

/// A line that is no record, or a whole input.
pub(super) struct Bad {
    pub(super) refusal: Refusal,
    /// As it came, where it is kept. Nothing that may be a key is.
    pub(super) line: Option<Vec<u8>>,
}

impl Judged {
    pub(super) fn is_of_lines(&self) -> bool {
        self.verdicts.first().is_some_and(|(line, _)| line.is_some())
    }
}

impl Work for Judging {
    type Done = Judged;

    fn work(&self, job: Job, buffer: &mut Vec<u8>) -> Judged {
        match job {
            Job::Lines { source, run, is_secret } => {
                let mut verdicts = Vec::new();
                for (number, line) in run.numbered() {
                    let verdict = self.judge.line(line, buffer).map_err(|refusal| {
                        let refusal = hide(refusal, is_secret);
                        let is_kept = self.keeps_lines && !is_secret;
                        let is_kept = is_kept && refusal != Refusal::PrivateKey;
                        Bad { refusal, line: is_kept.then(|| line.to_vec()) }
                    });
                    verdicts.push((Some(number), verdict));
                }
                if let Some(got) = run.overlong {
                    let refusal = Refusal::LineTooLong { limit: MAX_LINE, got };
                    verdicts.push((Some(run.first), Err(Bad { refusal, line: None })));
                }
                Judged { source, verdicts, consumed: run.consumed }
            }
            Job::Whole { source, bytes, consumed } => {
                let verdict = bytes.and_then(|bytes| self.judge.bytes(&bytes));
                let verdict = verdict.map_err(|refusal| Bad { refusal, line: None });
                Judged { source, verdicts: vec![(None, verdict)], consumed }
            }
        }
    }
}

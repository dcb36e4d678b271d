//! Verdicts on a job: judged, counted and rendered.

use super::render::{self, Place, Style};
use super::tally::Tally;
use crate::chunks::MAX_LINE;
use crate::pipeline::{Job, Work};
use crate::records::{Judge, Verdict, hide};
use crate::refusal::Refusal;

/// What applies to all envelopes of a call.
#[derive(Clone, Copy, Debug)]
pub(super) struct Settings {
    pub(super) judge: Judge,
    pub(super) style: Style,
    /// There are several inputs, so that each verdict of a whole one needs its name.
    pub(super) named: bool,
}

/// The result of a job.
#[derive(Debug)]
pub(super) struct Done {
    /// The verdicts, as they are to be written.
    pub(super) rendered: Vec<u8>,
    /// What they were.
    pub(super) tally: Tally,
    /// How many bytes of the input they took.
    pub(super) consumed: u64,
}

impl Work for Settings {
    type Done = Done;

    fn work(&self, job: Job, buffer: &mut Vec<u8>) -> Done {
        let mut rendered = Vec::new();
        let mut tally = Tally::default();
        let consumed = match job {
            Job::Lines { source, run, is_secret } => {
                tally.mark_lines();
                let file = Place::name_in(self.style, &source);
                let mut judge = |line, verdict: Verdict| {
                    tally.count(&verdict);
                    let place = Place { file: &file, line: Some(line) };
                    render::line(self.style, place, &verdict, &mut rendered);
                };
                for (number, line) in run.numbered() {
                    let verdict = self.judge.line(line, buffer);
                    judge(number, verdict.map_err(|refusal| hide(refusal, is_secret)));
                }
                if let Some(got) = run.overlong {
                    judge(run.first, Err(Refusal::LineTooLong { limit: MAX_LINE, got }));
                }
                run.consumed
            }
            Job::Whole { source, bytes, consumed } => {
                let verdict = bytes.and_then(|bytes| self.judge.bytes(&bytes));
                tally.count(&verdict);
                let name = self.named.then(|| source.name());
                let file = Place::name_in(self.style, &source);
                let place = Place { file: &file, line: None };
                render::whole(self.style, place, name.as_deref(), &verdict, &mut rendered);
                consumed
            }
        };
        Done { rendered, tally, consumed }
    }
}

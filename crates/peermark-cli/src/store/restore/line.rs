//! Lines of an export, read and verified by the workers.

use std::sync::Arc;

use peermark::peerstore::{Join, StateError};

use crate::complaint::{cut, escape};
use crate::input::Source;
use crate::pipeline::{Job, Work};
use crate::store::portable::{MAX_LINE, Row, RowV1, VERSION};

/// What applies to all lines.
pub(super) struct Parsing {
    pub(super) version: u32,
    pub(super) trust_times: bool,
}

/// The lines of a job: the number of each, its bytes, and the peer, or what is wrong with it.
pub(super) struct Parsed {
    pub(super) source: Arc<Source>,
    pub(super) lines: Vec<(u64, usize, Result<Peer, String>)>,
    pub(super) consumed: u64,
}

/// What a line says of its peer, verified.
pub(super) struct Peer {
    pub(super) join: Join,
    /// Whether it has a floor without its record.
    pub(super) is_floor: bool,
}

impl Work for Parsing {
    type Done = Parsed;

    fn work(&self, job: Job, _: &mut Vec<u8>) -> Parsed {
        match job {
            Job::Lines { source, run, .. } => {
                let mut lines = Vec::new();
                for (number, line) in run.numbered() {
                    lines.push((number, line.len(), self.line(line)));
                }
                if run.overlong.is_some() {
                    lines.push((run.first, 0, Err(too_long())));
                }
                Parsed { source, lines, consumed: run.consumed }
            }
            // An export is read as lines.
            Job::Whole { source, consumed, .. } => Parsed { source, lines: Vec::new(), consumed },
        }
    }
}

impl Parsing {
    fn line(&self, line: &[u8]) -> Result<Peer, String> {
        if line.len() > MAX_LINE {
            return Err(too_long());
        }
        // What serde says repeats what it read.
        let told = |error: serde_json::Error| escape(&cut(&error.to_string()));
        let state = if self.version == VERSION {
            serde_json::from_slice::<Row>(line).map_err(told)?.state()?
        } else {
            serde_json::from_slice::<RowV1>(line).map_err(told)?.state()?
        };
        let is_bare = state.accepted.as_ref().is_some_and(|accepted| accepted.envelope.is_none());
        let is_floor = is_bare || state.outside.is_some();
        let join = state.verify().map_err(|error| match error {
            StateError::Invalid(error) => format!("invalid record: {error}"),
            error => error.to_string(),
        })?;
        let join = join.keeping_sources();
        let join = if self.trust_times { join.trusting_times() } else { join };
        Ok(Peer { join, is_floor })
    }
}

fn too_long() -> String {
    format!("more than {MAX_LINE} bytes")
}

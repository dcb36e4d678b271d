//! Saying which lines of an input were refused, and keeping them.

use std::fmt;
use std::fs::File;
use std::io::{BufWriter, Write as _};
use std::path::Path;
use std::sync::Arc;

use data_encoding::HEXLOWER;
use peermark::identity::PeerId;
use peermark::peer_record::Seq;
use peermark::peerstore::PayloadDigest;
use serde::Serialize;

use crate::failure::{Failure, Status};
use crate::input::Source;
use crate::json::{self, Text};
use crate::outfile;
use crate::output::{self, Output};
use crate::progress::Progress;

/// Where something stands in the input.
#[derive(Clone, Debug)]
pub(super) struct Place {
    pub(super) source: Arc<Source>,
    /// The line, unless the input is one envelope.
    pub(super) line: Option<u64>,
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.source.label())?;
        self.line.map_or(Ok(()), |line| write!(f, ":{line}"))
    }
}

/// What is said of a line.
#[derive(Debug, Default, Serialize)]
pub(super) struct Said {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) peer_id: Option<Text<PeerId>>,
    /// The stage that refused it, or the store's reason.
    pub(super) refused: String,
    /// In words.
    pub(super) error: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) contradiction: Option<Contradiction>,
}

/// Two records with one sequence number: the payload that is held, and the one that came.
#[derive(Debug, Serialize)]
pub(super) struct Contradiction {
    pub(super) seq: Text<Seq>,
    pub(super) held: Text<PayloadDigest>,
    pub(super) got: Text<PayloadDigest>,
}

/// Says what is refused: as objects all of it, in text the first of it.
pub(super) struct Refusals {
    as_json: bool,
    said: u64,
    rejects: Option<Rejects>,
}

/// The file to which lines go that were refused.
struct Rejects {
    file: BufWriter<File>,
    path: std::path::PathBuf,
}

/// How many refused lines are shown; the summary counts the others.
const SHOWN: u64 = 20;

#[derive(Serialize)]
struct Object<'a> {
    file: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    line: Option<u64>,
    #[serde(flatten)]
    said: &'a Said,
}

impl Refusals {
    /// As objects on standard output, or in words on standard error.
    pub(super) const fn new(as_json: bool) -> Self {
        Self { as_json, said: 0, rejects: None }
    }

    /// And the lines into a file. What it would replace are neither keys nor any of `others`.
    pub(super) fn keeping<'a>(
        self,
        path: Option<&Path>,
        others: impl IntoIterator<Item = &'a Path>,
    ) -> Result<Self, Failure> {
        let Some(path) = path else { return Ok(self) };
        let target = path.canonicalize().ok();
        let is_target = |other: &Path| target.is_some() && other.canonicalize().ok() == target;
        if others.into_iter().any(is_target) {
            let message = format!("--rejects {path:?} is the store, or is to be imported");
            return Err(Failure::Usage(message));
        }
        outfile::keep_keys(path)?;
        let file = File::create(path).map_err(|error| Failure::file("create", path, error))?;
        let rejects = Rejects { file: BufWriter::new(file), path: path.to_owned() };
        Ok(Self { rejects: Some(rejects), ..self })
    }

    /// Whether lines are kept.
    pub(super) const fn keeps(&self) -> bool {
        self.rejects.is_some()
    }

    /// Keeps a line.
    pub(super) fn keep(&mut self, line: &[u8]) -> Result<(), Failure> {
        let Some(Rejects { file, path }) = &mut self.rejects else { return Ok(()) };
        let written = file.write_all(line).and_then(|()| file.write_all(b"\n"));
        written.map_err(|error| Failure::file("write", path, error))
    }

    /// Keeps an envelope, as a line.
    pub(super) fn keep_envelope(&mut self, bytes: &[u8]) -> Result<(), Failure> {
        if self.keeps() { self.keep(HEXLOWER.encode(bytes).as_bytes()) } else { Ok(()) }
    }

    /// Says that a line was refused.
    pub(super) fn say(
        &mut self,
        place: &Place,
        said: &Said,
        out: &mut Output,
        progress: &Progress,
    ) -> Result<(), Failure> {
        if self.as_json {
            let object = Object { file: place.source.given(), line: place.line, said };
            return json::line(out, &object);
        }
        self.said = self.said.saturating_add(1);
        if self.said <= SHOWN {
            let message = format_args!("{place}: {}", said.error);
            // Both records of a contradiction are the peer's: nothing is wrong with the line.
            progress.suspend(|| match &said.contradiction {
                Some(_) => output::warning(message),
                None => output::error(message),
            });
        }
        Ok(())
    }

    /// Says how many were not shown, and ends the file.
    pub(super) fn finish(self, quiet: bool) -> Result<Status, Failure> {
        let hidden = self.said.saturating_sub(SHOWN);
        if hidden > 0 && !quiet {
            output::note(format_args!("... and {hidden} more lines were refused"));
        }
        if let Some(Rejects { mut file, path }) = self.rejects {
            file.flush().map_err(|error| Failure::file("write", &path, error))?;
        }
        Ok(Status::Good)
    }
}

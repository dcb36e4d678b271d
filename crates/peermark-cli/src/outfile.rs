//! Files that records go to.
//!
//! Invariants: a private key is never written over, and a file that is there is replaced whole or
//! not at all. What is no regular file, a pipe or a device, is written to as it is. What `sign`
//! replaces it looks at first (R7).

use std::fs::{self, File, OpenOptions};
use std::io::{self, BufWriter, Read, Write};
use std::path::{Path, PathBuf};

use peermark::envelope::Limits;
use peermark::peer_record::{CertifiedRecord, Dialects};
use zeroize::Zeroizing;

use crate::failure::Failure;
use crate::input::{Source, WholeFormat};
use crate::keyfile;

/// Refuses a path at which there is a private key: records are made anew, keys are not.
pub(crate) fn keep_keys(path: &Path) -> Result<(), Failure> {
    if !is_file(path) {
        return Ok(());
    }
    let content = front(path).map_err(|error| Failure::file("read", path, error))?;
    match keyfile::private_key_in(&content) {
        Some(_) => Err(Failure::Usage(format!(
            "{path:?} is a private key, or looks like one, and is not written over"
        ))),
        None => Ok(()),
    }
}

/// What is at a path before a record is written there.
pub(crate) enum Held {
    /// Nothing that would be lost: no file, an empty one, a pipe or a device.
    Nothing,
    /// One record, in whatever format.
    Record(Box<CertifiedRecord>),
    /// A file that is not one record.
    Other,
}

/// Looks at what a record would replace.
pub(crate) fn held(path: &Path) -> Result<Held, Failure> {
    if !is_file(path) || is_descriptor(path) {
        return Ok(Held::Nothing);
    }
    let whole = Source::File(path.to_owned()).read_whole()?;
    if whole.bytes.is_empty() {
        return Ok(Held::Nothing);
    }
    let limits = Limits::new(Limits::MAX_ENVELOPE_LEN).unwrap_or_default();
    let record = whole
        .decode(WholeFormat::Auto)
        .ok()
        .and_then(|(bytes, _)| CertifiedRecord::verify_with(&bytes, Dialects::Any, limits).ok());
    Ok(record.map_or(Held::Other, |record| Held::Record(Box::new(record))))
}

/// Writes a file, or into whatever else is there.
pub(crate) fn write(path: &Path, bytes: &[u8]) -> Result<(), Failure> {
    let written = if is_file(path) && !is_descriptor(path) {
        replace(path, bytes)
    } else if path.exists() {
        OpenOptions::new().write(true).open(path).and_then(|mut file| file.write_all(bytes))
    } else {
        create(path, bytes)
    };
    written.map_err(|error| Failure::file("write", path, error))
}

/// As [`write()`], of what `fill` makes piece by piece. Where that fails, a file that was there stays.
pub(crate) fn stream(
    path: &Path,
    fill: impl FnOnce(&mut dyn Write) -> Result<(), Failure>,
) -> Result<(), Failure> {
    let failed = |error| Failure::file("write", path, error);
    // What `fill` cannot write it takes for its results.
    let named = |failure| match failure {
        Failure::Output(error) => failed(error),
        other => other,
    };
    let is_in_place = is_descriptor(path) || path.exists() && !is_file(path);
    if is_in_place {
        let file = OpenOptions::new().write(true).open(path).map_err(failed)?;
        let mut out = BufWriter::new(file);
        fill(&mut out).map_err(named)?;
        return out.flush().map_err(failed);
    }
    let target = path.canonicalize().unwrap_or_else(|_| path.to_owned());
    let (temporary, file) = temporary_beside(&target).map_err(failed)?;
    let written = || {
        if let Ok(found) = target.metadata() {
            file.set_permissions(found.permissions()).map_err(failed)?;
        }
        let mut out = BufWriter::new(&file);
        fill(&mut out).map_err(named)?;
        out.flush().and_then(|()| file.sync_all()).map_err(failed)?;
        fs::rename(&temporary, &target).map_err(failed)
    };
    written().inspect_err(|_| {
        let _ = fs::remove_file(&temporary);
    })
}

fn is_file(path: &Path) -> bool {
    path.metadata().is_ok_and(|found| found.is_file())
}

/// Whether the path stands for a file that this process has open: replacing it would leave whoever
/// opened it with the file before.
fn is_descriptor(path: &Path) -> bool {
    ["/dev/fd", "/dev/stdout", "/dev/stderr", "/proc"].iter().any(|there| path.starts_with(there))
}

/// As much of a file as `key import` would read.
fn front(path: &Path) -> io::Result<Zeroizing<Vec<u8>>> {
    let limit = u64::try_from(keyfile::MAX_FILE).unwrap_or(u64::MAX);
    let mut content = Zeroizing::new(Vec::with_capacity(keyfile::MAX_FILE));
    File::open(path)?.take(limit).read_to_end(&mut content)?;
    Ok(content)
}

/// Writes beside the file and puts the result in its place, behind a link if it is one.
fn replace(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let target = path.canonicalize()?;
    let (temporary, mut file) = temporary_beside(&target)?;
    let written = file
        .set_permissions(target.metadata()?.permissions())
        .and_then(|()| file.write_all(bytes))
        .and_then(|()| file.sync_all());
    drop(file);
    written.and_then(|()| fs::rename(&temporary, &target)).inspect_err(|_| {
        let _ = fs::remove_file(&temporary);
    })
}

fn create(path: &Path, bytes: &[u8]) -> io::Result<()> {
    // Where a link leads to nowhere, its end is what is made.
    let mut options = OpenOptions::new();
    let mut file = options.write(true).create(true).truncate(false).open(path)?;
    file.write_all(bytes)
}

/// A new file in the same folder: only there can it be renamed.
fn temporary_beside(target: &Path) -> io::Result<(PathBuf, File)> {
    /// How many names are tried; each may be left over from a run that was killed.
    const ATTEMPTS: u32 = 100;
    let mut attempt = 0u32;
    loop {
        let name = format!(".peermark-{}-{attempt}.tmp", std::process::id());
        let path = target.with_file_name(name);
        match OpenOptions::new().write(true).create_new(true).open(&path) {
            Ok(file) => return Ok((path, file)),
            Err(error) if error.kind() != io::ErrorKind::AlreadyExists => return Err(error),
            Err(error) if attempt >= ATTEMPTS => return Err(error),
            Err(_) => attempt = attempt.saturating_add(1),
        }
    }
}

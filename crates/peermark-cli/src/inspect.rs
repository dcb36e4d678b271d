//! `peermark inspect`: everything in an envelope, and what a verifier says about it.
//!
//! The fields are read from the bytes as they came, not from the canonical form, and as far as
//! they can be read ([`walk`]). What they mean, and what each dialect's verifier says, is the
//! library's word ([`report`]).

mod render;
mod report;
mod walk;

use std::io::Write;
use std::path::PathBuf;

use peermark::peer_record::{CertifiedRecord, Dialects};

use crate::failure::{Failure, Status};
use crate::identify;
use crate::input::{Source, WholeFormat};
use crate::json;
use crate::keyfile::{self, Likeness};
use crate::max_size::MaxSize;
use crate::output::{self, Output};
use report::Report;

/// Show everything in an envelope, and what a verifier says about it
///
/// Reads broken input as far as it goes. The exit status is 0 if the envelope verifies as a peer
/// record in either dialect, and 1 if not. Private keys are refused, and none of their bytes shown.
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Args {
    /// The file to read; standard input if it is `-` or left out
    #[arg(value_name = "FILE", default_value = "-")]
    file: PathBuf,
    /// How the envelope is written
    #[arg(long, value_enum, default_value_t = WholeFormat::Auto)]
    format: WholeFormat,
    #[command(flatten)]
    max_size: MaxSize,
    /// Show values at full length
    #[arg(long)]
    full: bool,
    /// Print a JSON object; values are at full length
    #[arg(long)]
    json: bool,
}

const EXAMPLES: &str = "\
Examples:
  peermark inspect record.bin
  echo 0a24080112209c19... | peermark inspect --full";

/// Runs the command.
pub(crate) fn run(args: Args) -> Result<Status, Failure> {
    let limits = args.max_size.limits()?;
    let source = Source::from_arg(&args.file);
    let whole = source.read_whole()?;
    let ((bytes, format), refusal) = whole.decode_as_far_as_possible(args.format);
    // Every value would be shown, so first of all: is it somebody's secret? The input counts, and
    // so does what the format makes of it.
    let shaped = || keyfile::is_key_shaped(&bytes).then_some(Likeness::Shape);
    if let Some(likeness) = keyfile::private_key_in(&whole.bytes).or_else(shaped) {
        return Err(withheld(&source, likeness));
    }
    if args.format == WholeFormat::Auto && whole.is_list() {
        output::note(
            "several lines, which are not one envelope together, inspected as if they were",
        );
    }
    let mut bytes = &*bytes;
    if refusal.is_none()
        && CertifiedRecord::verify_with(bytes, Dialects::Any, limits).is_err()
        && let Some(record) = identify::signed_record(bytes)
    {
        identify::tell();
        bytes = record;
    }
    let report = Report::new(bytes, format, refusal.as_ref(), limits);
    let mut out = Output::stdout();
    if args.json {
        json::line(&mut out, &report)?;
    } else {
        let paint = out.paint();
        render::human(&report, bytes, args.full, paint, &mut out)?;
    }
    out.flush()?;
    Ok(if report.verified { Status::Good } else { Status::Refused })
}

fn withheld(source: &Source, likeness: Likeness) -> Failure {
    let name = source.name();
    Failure::Refused(match likeness {
        Likeness::Key => {
            format!("{name}: this is a private key, not an envelope: see `peermark key show`")
        }
        Likeness::Shape => format!(
            "{name}: this looks like a private key, not an envelope, and is not shown: see \
             `peermark key show`"
        ),
    })
}

//! `peermark verify`: one verdict for each envelope, in the order of the input.
//!
//! All inputs go through one pipeline (`pipeline`): a thread that reads, a thread per core that
//! verifies and renders, and this one, which writes what they made in order. What is in flight is
//! bounded, so that memory does not depend on the length of the input.

mod judge;
mod render;
mod tally;

use std::io::Write;
use std::path::PathBuf;
use std::sync::Arc;

use clap::ValueEnum;
use peermark::peer_record::{Dialect, Dialects};

use crate::failure::{Failure, Status};
use crate::input::{Source, WholeFormat};
use crate::max_size::MaxSize;
use crate::output::{self, Output};
use crate::pipeline::{self, Depth, Input, Item};
use crate::progress::Progress;
use crate::records::Judge;
use judge::Settings;
use render::Style;
use tally::Tally;

/// Verify certified peer records
///
/// Answers for each envelope who signed which addresses, or the stage that refused it: size,
/// envelope, key, payload-type, signature, record or peer-id.
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Args {
    /// Files to verify, in this order; `-` is standard input, and so is no file at all
    #[arg(value_name = "FILE")]
    files: Vec<PathBuf>,
    /// Which dialect to accept
    #[arg(long, value_enum, default_value_t = DialectArg::Any)]
    dialect: DialectArg,
    /// How the envelopes are written
    #[arg(long, value_enum, default_value_t = Format::Auto)]
    format: Format,
    #[command(flatten)]
    max_size: MaxSize,
    /// Print one JSON object per envelope
    #[arg(long)]
    json: bool,
    /// No summary and no progress bar
    #[arg(short, long)]
    quiet: bool,
}

const EXAMPLES: &str = "\
Examples:
  peermark verify record.bin
  peermark verify --format lines --json < records.txt > verdicts.jsonl
  xxd -p record.bin | peermark verify --dialect peer-record

Lines: one envelope per line, in hex if it is all hex digits or has 0x in front, and in base64
otherwise, with a verdict for every line. Whitespace at both ends does not count; a line without
content is an envelope of no bytes, and refused. Text of several lines in the format auto is one
wrapped envelope if it is one as a whole, and otherwise lines.

Several inputs: the output is in the order of the inputs. With --json each object names its file and,
where there are lines, the line; a file that cannot be read has a message on standard error and no line.";

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum DialectArg {
    /// Both; the payload type says which it is
    Any,
    /// Domain libp2p-peer-record, payload type 03 01
    PeerRecord,
    /// Domain libp2p-routing-state, payload type /libp2p/routing-state-record
    RoutingState,
}

impl From<DialectArg> for Dialects {
    fn from(arg: DialectArg) -> Self {
        match arg {
            DialectArg::Any => Self::Any,
            DialectArg::PeerRecord => Self::Only(Dialect::PeerRecord),
            DialectArg::RoutingState => Self::Only(Dialect::RoutingState),
        }
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Format {
    /// Raw unless it is text; text is hex if it is all hex digits, else base64, or lines
    Auto,
    /// The bytes of one envelope
    Raw,
    /// One envelope in hex digits, with or without 0x in front; whitespace does not count
    Hex,
    /// One envelope in base64, standard or URL-safe, padded or not; whitespace does not count
    Base64,
    /// One envelope per line, hex or base64, of any number
    Lines,
}

impl Format {
    /// The format of one envelope; `None` for lines.
    pub(crate) fn whole(self) -> Option<WholeFormat> {
        Some(match self {
            Self::Auto => WholeFormat::Auto,
            Self::Raw => WholeFormat::Raw,
            Self::Hex => WholeFormat::Hex,
            Self::Base64 => WholeFormat::Base64,
            Self::Lines => return None,
        })
    }
}

/// Runs the command.
pub(crate) fn run(args: Args) -> Result<Status, Failure> {
    let limits = args.max_size.limits()?;
    let mut sources: Vec<_> = args.files.iter().map(|path| Source::from_arg(path)).collect();
    if sources.is_empty() {
        sources.push(Source::Stdin);
    }
    let total = sources.iter().try_fold(0u64, |sum, source| sum.checked_add(source.len()?));
    let named = sources.len() > 1;

    let mut out = Output::stdout();
    let style = if args.json { Style::Json } else { Style::Human(out.paint()) };
    let settings =
        Settings { judge: Judge { dialects: args.dialect.into(), limits }, style, named };
    let progress = Progress::new(total, args.quiet);
    let mut tally = Tally::start();
    if args.format == Format::Lines {
        tally.mark_lines();
    }
    let mut trouble = false;
    let format = args.format.whole();
    let input = Input::Envelopes(sources, format);
    for item in pipeline::start(input, Depth::Shallow, &Arc::new(settings))? {
        match item {
            Item::Pending(done) => {
                let done = done.wait()?;
                progress.suspend(|| out.write_all(&done.rendered).and_then(|()| out.flush()))?;
                tally.add(&done.tally);
                let (verified, refused) = (tally.verified(), tally.refused());
                let said = format_args!("{verified} verified, {refused} refused");
                progress.advance(done.consumed, tally.is_of_lines(), said);
            }
            Item::Trouble(failure) => {
                trouble = true;
                progress.suspend(|| output::error(&failure));
            }
        }
    }
    progress.finish();
    if !args.quiet && (tally.is_of_lines() || tally.total() > 1) {
        output::note(tally.summary());
    }
    Ok(match trouble {
        true => Status::Trouble,
        false if tally.refused() > 0 => Status::Refused,
        false => Status::Good,
    })
}

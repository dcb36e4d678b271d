//! `peermark sign`: make a certified record.

use std::io::Write;
use std::path::{Path, PathBuf};

use clap::ValueEnum;
use data_encoding::{BASE64, HEXLOWER};
use peermark::Multiaddr;
use peermark::identity::Keypair;
use peermark::peer_record::{
    CertifiedRecord, Dialect, IssueError, PeerRecord, Seq, SeqSource, address_text, is_public,
    parse_address,
};
use peermark::{Clock, SystemClock};

use crate::complaint::cut;
use crate::failure::{Failure, Status};
use crate::input::Source;
use crate::keyfile;
use crate::outfile;
use crate::output::{self, Output};

/// Sign a record of the addresses of a peer
///
/// Receivers keep the record with the highest sequence number. Without `--seq` it is the time in
/// nanoseconds, which is right unless the clock was ahead when the last record was signed.
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Args {
    /// The private key of the peer, as `peermark key` writes or imports it; `-` is standard input
    #[arg(long, value_name = "FILE")]
    key: PathBuf,
    /// The addresses, in the order of preference; text in them is percent-encoded: /unix/%2Ftmp%2Fx
    #[arg(
        long,
        value_name = "MULTIADDR",
        num_args = 1..,
        value_parser = parse_address,
        required_unless_present = "withdraw_all"
    )]
    addr: Vec<Multiaddr>,
    /// Sign a record of no addresses, which withdraws what the peer said before
    #[arg(long, conflicts_with = "addr")]
    withdraw_all: bool,
    /// Leave out addresses that others cannot reach: loopback, private, link-local and the like
    #[arg(long)]
    public_only: bool,
    /// The sequence number, a counter
    #[arg(long, value_name = "N", allow_negative_numbers = true)]
    seq: Option<u64>,
    /// The dialect to sign in
    #[arg(long, value_enum, default_value_t = DialectArg::PeerRecord)]
    dialect: DialectArg,
    /// The file to write, instead of standard output; replaced if it is there, unless it is a key
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,
    /// How to write the envelope
    #[arg(long, value_enum, default_value_t = Format::Raw)]
    format: Format,
}

const EXAMPLES: &str = "\
Examples:
  peermark sign --key alice.key --addr /ip4/192.0.2.1/tcp/4001 --format hex
  peermark sign --key alice.key --addr /dns/alice.example/tcp/443/wss --out alice.record
  peermark sign --key alice.key --withdraw-all --dialect routing-state | peermark verify";

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum DialectArg {
    /// Domain libp2p-peer-record: go, js, py, nim
    PeerRecord,
    /// Domain libp2p-routing-state: the text of RFC 0003, and rust by default
    RoutingState,
}

impl From<DialectArg> for Dialect {
    fn from(arg: DialectArg) -> Self {
        match arg {
            DialectArg::PeerRecord => Self::PeerRecord,
            DialectArg::RoutingState => Self::RoutingState,
        }
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Format {
    /// The bytes of the envelope
    Raw,
    /// Hex digits and a line end
    Hex,
    /// Base64 and a line end
    Base64,
}

/// Runs the command.
pub(crate) fn run(args: Args) -> Result<Status, Failure> {
    let stdout = ["-", "/dev/stdout"].map(Path::new);
    let out = args.out.as_deref().filter(|path| !stdout.contains(path));
    if out.is_none() && args.format == Format::Raw && output::is_terminal() {
        let message = "raw bytes would go to the terminal: use --format hex, or --out FILE";
        return Err(Failure::Usage(message.to_owned()));
    }
    if let Some(out) = out {
        keep_the_key(&args.key, out)?;
        outfile::keep_keys(out)?;
    }
    let addresses = wanted(&args)?;
    let keypair = keyfile::load(&Source::from_arg(&args.key))?;
    let record = sign(&args, &keypair, addresses)?;
    let bytes = match args.format {
        Format::Raw => record.as_bytes().to_vec(),
        Format::Hex => format!("{}\n", HEXLOWER.encode(record.as_bytes())).into_bytes(),
        Format::Base64 => format!("{}\n", BASE64.encode(record.as_bytes())).into_bytes(),
    };
    match out {
        Some(path) => outfile::write(path, &bytes)?,
        None => {
            let mut stdout = Output::stdout();
            stdout.write_all(&bytes)?;
            stdout.flush()?;
        }
    }
    Ok(Status::Good)
}

/// Records are overwritten; a key must not be, whatever path leads to it.
fn keep_the_key(key: &Path, out: &Path) -> Result<(), Failure> {
    match (key.canonicalize(), out.canonicalize()) {
        (Ok(key), Ok(same)) if key == same => {
            Err(Failure::Usage(format!("--out {out:?} is the file of the key")))
        }
        _ => Ok(()),
    }
}

fn wanted(args: &Args) -> Result<Vec<Multiaddr>, Failure> {
    let mut addresses = args.addr.clone();
    if args.public_only {
        addresses.retain(|address| {
            let keep = is_public(address);
            if !keep {
                output::note(format_args!("left out, not public: {}", cut(&address_text(address))));
            }
            keep
        });
        if addresses.is_empty() && !args.withdraw_all {
            let message = "no address is public; --withdraw-all signs a record of none";
            return Err(Failure::Usage(message.to_owned()));
        }
    }
    Ok(addresses)
}

fn sign(
    args: &Args,
    keypair: &Keypair,
    addresses: Vec<Multiaddr>,
) -> Result<CertifiedRecord, Failure> {
    let seq = match args.seq {
        Some(seq) => Seq::new(seq),
        None => SeqSource::new()
            .next(SystemClock.now().into())
            .map_err(|error| Failure::Usage(error.to_string()))?,
    };
    let record = PeerRecord::new(keypair.peer_id(), seq, addresses);
    record.certify(keypair, args.dialect.into()).map_err(|error| {
        Failure::Usage(match &error {
            IssueError::Address { index, defect } => {
                let address = record.addresses().get(*index).map(address_text);
                format!("{}: {defect}", cut(&address.unwrap_or_default()))
            }
            error => error.to_string(),
        })
    })
}

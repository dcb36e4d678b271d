//! `peermark sign`: make a certified record.

use std::io::Write;
use std::path::{Path, PathBuf};

use clap::ValueEnum;
use data_encoding::{BASE64, HEXLOWER};
use peermark::Multiaddr;
use peermark::envelope::Limits;
use peermark::identity::Keypair;
use peermark::peer_record::{
    CertifiedRecord, Dialect, Dialects, Effect, IssueError, PeerRecord, Seq, SeqSource,
    address_text, is_public, objections, objections_to_all, parse_address,
};
use peermark::{Clock, SystemClock};
use serde::Serialize;

use crate::complaint::cut;
use crate::failure::{Failure, Status};
use crate::input::Source;
use crate::json::{self, Hex, Text};
use crate::keyfile;
use crate::outfile::{self, Held};
use crate::output::{self, Output};
use crate::records::Judge;

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
        required_unless_present_any = ["withdraw_all", "renew"]
    )]
    addr: Vec<Multiaddr>,
    /// Sign a record of no addresses, which withdraws what the peer said before
    #[arg(long, conflicts_with = "addr")]
    withdraw_all: bool,
    /// Sign the addresses of this record again, in its dialect, with a higher sequence number
    #[arg(long, value_name = "RECORD", conflicts_with_all = ["addr", "withdraw_all"])]
    renew: Option<PathBuf>,
    /// Leave out addresses that a stranger cannot dial: private hosts and names, bare IPs, port 0
    #[arg(long)]
    public_only: bool,
    /// The sequence number, a counter
    #[arg(long, value_name = "N", allow_negative_numbers = true)]
    seq: Option<u64>,
    /// The dialect to sign in [default: peer-record, or that of the record of --renew]
    #[arg(long, value_enum)]
    dialect: Option<DialectArg>,
    /// The file to write, instead of standard output; a record in it is replaced by one with a higher
    /// sequence number, or with --seq
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,
    /// Replace the file of --out even if it does not hold a record; never a private key
    #[arg(long, requires = "out")]
    replace: bool,
    /// How to write the envelope
    #[arg(long, value_enum, default_value_t = Format::Raw)]
    format: Format,
    /// Describe the record on standard output as one JSON object, the envelope in hex and warnings
    /// in it; --format is for the file of --out
    #[arg(long)]
    json: bool,
}

const EXAMPLES: &str = "\
Examples:
  peermark sign --key alice.key --addr /ip4/192.0.2.1/tcp/4001 --format hex
  peermark sign --key alice.key --addr /dns/example.com/tcp/443/wss --out alice.record
  peermark sign --key alice.key --renew alice.record --out alice.record
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
    if out.is_none() && !args.json && args.format == Format::Raw && output::is_terminal() {
        let message = "raw bytes would go to the terminal: use --format hex, or --out FILE";
        return Err(Failure::Usage(message.to_owned()));
    }
    let mut held = Held::Nothing;
    if let Some(out) = out {
        keep_the_key(&args.key, out)?;
        outfile::keep_keys(out)?;
        held = outfile::held(out)?;
    }
    if let (Held::Other, Some(out), false) = (&held, out, args.replace) {
        return Err(Failure::Refused(format!(
            "not a record: {out:?} is kept as it is; --replace writes over it"
        )));
    }
    let before = args.renew.as_deref().map(renewed).transpose()?;
    let (addresses, left_out) = wanted(&args, before.as_ref())?;
    let keypair = keyfile::load(&Source::from_arg(&args.key))?;
    let of_before = before.as_ref().map(CertifiedRecord::dialect);
    let dialect = args.dialect.map(Dialect::from).or(of_before).unwrap_or_default();
    let mut warnings = match dialect {
        Dialect::PeerRecord => warnings(&addresses),
        // rust-libp2p alone reads the other, and reads all that is signed.
        _ => Vec::new(),
    };
    let record = sign(&args, before.as_ref(), &keypair, addresses, dialect)?;
    if let (Held::Record(held), Some(out)) = (&held, out) {
        warnings.extend(replaced(&args, held, &record, out)?);
    }
    for warning in &warnings {
        output::warning(&warning.text);
    }
    let bytes = match args.format {
        Format::Raw => record.as_bytes().to_vec(),
        Format::Hex => format!("{}\n", HEXLOWER.encode(record.as_bytes())).into_bytes(),
        Format::Base64 => format!("{}\n", BASE64.encode(record.as_bytes())).into_bytes(),
    };
    if let Some(path) = out {
        outfile::write(path, &bytes)?;
    }
    let mut stdout = Output::stdout();
    if args.json {
        json::line(&mut stdout, &Signed::of(&record, &left_out, &warnings))?;
    } else if out.is_none() {
        stdout.write_all(&bytes)?;
    }
    stdout.flush()?;
    Ok(Status::Good)
}

#[derive(Serialize)]
struct Signed<'a> {
    peer_id: Text<peermark::identity::PeerId>,
    key_type: &'static str,
    dialect: Text<Dialect>,
    /// Text, for many readers of JSON have no whole numbers above 2^53.
    seq: Text<u64>,
    addresses: Vec<String>,
    left_out: Vec<String>,
    envelope: Hex<'a>,
    warnings: &'a [Warning],
}

impl<'a> Signed<'a> {
    fn of(record: &'a CertifiedRecord, left_out: &[Multiaddr], warnings: &'a [Warning]) -> Self {
        Self {
            peer_id: Text(record.peer_id()),
            key_type: record.signer().key_type().name(),
            dialect: Text(record.dialect()),
            seq: Text(record.seq().value()),
            addresses: record.addresses().map(|address| address.to_string()).collect(),
            left_out: left_out.iter().map(address_text).collect(),
            envelope: Hex(record.as_bytes()),
            warnings,
        }
    }
}

/// What the signer should know, though the record is signed.
#[derive(Debug, Default, Serialize)]
struct Warning {
    text: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    address: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    component: Option<&'static str>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    refused_by: Vec<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    replaced_seq: Option<Text<u64>>,
}

/// Addresses that make other implementations refuse the whole record.
fn warnings(addresses: &[Multiaddr]) -> Vec<Warning> {
    let mut warnings = Vec::new();
    for address in addresses {
        let found = objections(address);
        let by = |effect: Effect| {
            let by = found.iter().filter(|objection| objection.effect == effect);
            by.map(|objection| objection.implementation.to_string()).collect::<Vec<_>>()
        };
        let refusing = found.iter().find(|found| found.effect == Effect::RefusesRecord);
        let Some(refusing) = refusing else { continue };
        let (refused_by, skipped_by) = (by(Effect::RefusesRecord), by(Effect::SkipsAddress));
        let (address, component) = (address_text(address), refusing.component);
        let mut text = format!(
            "record unreadable for {}, because of /{component} in {}",
            refused_by.join(", "),
            cut(&address)
        );
        if !skipped_by.is_empty() {
            text.push_str(&format!("; {} will skip this address", skipped_by.join(", ")));
        }
        let address = Some(address);
        let component = Some(component);
        warnings.push(Warning { text, address, component, refused_by, ..Warning::default() });
    }
    if let Some(implementation) = objections_to_all(addresses) {
        let refused_by = vec![implementation.to_string()];
        let text =
            format!("record unreadable for {implementation}, which reads none of its addresses");
        warnings.push(Warning { text, refused_by, ..Warning::default() });
    }
    warnings
}

/// What there is to say of the record that is replaced (R7).
///
/// # Errors
///
/// Refuses to replace a record of the same peer by one that receivers would ignore, unless the
/// sequence number was chosen by hand.
fn replaced(
    args: &Args,
    held: &CertifiedRecord,
    record: &CertifiedRecord,
    out: &Path,
) -> Result<Option<Warning>, Failure> {
    let replaced_seq = Some(Text(held.seq().value()));
    let warn = |text| Ok(Some(Warning { text, replaced_seq, ..Warning::default() }));
    if held.peer_id() != record.peer_id() {
        return warn(format!("record of another peer replaced in {out:?}: {}", held.peer_id()));
    }
    if held.seq() < record.seq() || held == record {
        return Ok(None);
    }
    let (held, new) = (held.seq(), record.seq());
    if args.seq.is_none() {
        return Err(Failure::Refused(format!(
            "sequence number not above the one before: {out:?} holds a record with {held}, the new \
             one has {new}, and receivers of both would keep the former; --seq sets it by hand"
        )));
    }
    warn(format!(
        "sequence number not above the one before: the record in {out:?} had {held}, the new one has \
         {new}, and receivers of both keep the former"
    ))
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

/// The record to sign again.
fn renewed(path: &Path) -> Result<CertifiedRecord, Failure> {
    let judge = Judge { dialects: Dialects::Any, limits: Limits::default() };
    judge.only(&Source::from_arg(path))
}

/// The addresses to sign, and those that are left out.
fn wanted(
    args: &Args,
    before: Option<&CertifiedRecord>,
) -> Result<(Vec<Multiaddr>, Vec<Multiaddr>), Failure> {
    let mut addresses = match before {
        Some(record) => record.addresses().map(|address| address.to_multiaddr()).collect(),
        None => args.addr.clone(),
    };
    let mut left_out = Vec::new();
    if args.public_only {
        (addresses, left_out) = addresses.into_iter().partition(is_public);
        for address in &left_out {
            output::note(format_args!("left out, not public: {}", cut(&address_text(address))));
        }
        if addresses.is_empty() && !args.withdraw_all {
            let message = "no address is public; --withdraw-all signs a record of none";
            return Err(Failure::Usage(message.to_owned()));
        }
    }
    Ok((addresses, left_out))
}

fn sign(
    args: &Args,
    before: Option<&CertifiedRecord>,
    keypair: &Keypair,
    addresses: Vec<Multiaddr>,
    dialect: Dialect,
) -> Result<CertifiedRecord, Failure> {
    if let Some(before) = before.filter(|before| before.peer_id() != keypair.peer_id()) {
        return Err(Failure::Refused(format!(
            "not the key of the record: it is of {}, and the key is of {}",
            before.peer_id(),
            keypair.peer_id()
        )));
    }
    let mut last = before.map_or_else(SeqSource::new, |it| SeqSource::restore(it.seq()));
    let seq = match args.seq {
        Some(seq) => Seq::new(seq),
        None => last
            .next(SystemClock.now().into())
            .map_err(|error| Failure::Usage(error.to_string()))?,
    };
    let record = PeerRecord::new(keypair.peer_id(), seq, addresses);
    record.certify(keypair, dialect).map_err(|error| {
        Failure::Usage(match &error {
            IssueError::Address { index, defect } => {
                let address = record.addresses().get(*index).map(address_text);
                format!("{}: {defect}", cut(&address.unwrap_or_default()))
            }
            error => error.to_string(),
        })
    })
}

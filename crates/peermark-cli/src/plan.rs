//! `peermark plan`: which addresses of a peer to dial, in which stages, and why not the others.

mod address;

use std::io::Write as _;
use std::path::{Path, PathBuf};

use clap::ValueEnum;
use peermark::dial_policy::{
    Any, CertifiedFirst, CertifiedOnly, DialPolicy, Scopes, UserAndCertified,
};
use peermark::identity::{PeerId, PeerIdExt as _};
use peermark::peer_record::Dialects;
use peermark::peerstore::{Limits, Outcome, Reported, Share};
use peermark::provenance::Source;
use peermark::{Multiaddr, PeerBook, PeerPlan};

use crate::complaint::cut;
use crate::failure::{Failure, Status};
use crate::input;
use crate::json;
use crate::max_size::MaxSize;
use crate::outfile;
use crate::output::{self, Output};
use crate::records::Judge;
use crate::store;

/// Plan the dialing of a peer: stages, delays, and why an address is refused
///
/// The addresses are those of the peer's newest record among those given, what a store knows, what
/// others are said to report, and what you say yourself; each is judged by where it came from.
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Args {
    /// Signed records, one or many, as `peermark verify` reads them; `-` is standard input
    #[arg(long, value_name = "FILE")]
    records: Option<PathBuf>,
    /// A store to look the peer up in; nothing is changed there
    #[arg(long, value_name = "FILE")]
    db: Option<PathBuf>,
    /// Addresses that strangers report, unsigned
    #[arg(long, value_name = "MULTIADDR", num_args = 1..)]
    hearsay: Vec<String>,
    /// Addresses that you say yourself
    #[arg(long, value_name = "MULTIADDR", num_args = 1..)]
    user: Vec<String>,
    /// Which addresses may be dialed
    #[arg(long, value_enum, default_value_t = PolicyArg::UserCertified)]
    policy: PolicyArg,
    /// Which networks addresses may lead into
    #[arg(long, value_enum, default_value_t = ScopesArg::Default)]
    scopes: ScopesArg,
    /// Draw the plan as a picture to FILE
    #[arg(long, value_name = "FILE")]
    svg: Option<PathBuf>,
    #[command(flatten)]
    max_size: MaxSize,
    /// Print one JSON object
    #[arg(long)]
    json: bool,
    /// The peer to be dialed
    #[arg(value_name = "PEER")]
    peer: Option<String>,
}

const EXAMPLES: &str = "\
Examples:
  peermark plan --records alice.record 12D3KooW...
  peermark plan --records all.txt --policy certified-only 12D3KooW... --json
  peermark plan --db crawl.redb 12D3KooW...
  peermark plan --hearsay /ip4/1.2.3.4/tcp/4001 --user /dns/example.com/tcp/443/wss 12D3KooW...
  peermark plan --records alice.record --scopes loopback --svg plan.svg 12D3KooW...

A stage begins now; if-none, when the better stages are empty; after-failure, when all of the better
ones failed; or after-ms:N after the stage before it began. Delays count from there. The status is 1
when nothing is dialed, or a record was refused.";

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum ScopesArg {
    /// The public Internet, and nothing else
    Public,
    /// Also what is near, where there is a ground for it: this host for you alone, private networks
    /// for you and for what was dialed before
    Default,
    /// As default, and this host for all addresses
    Loopback,
}

impl ScopesArg {
    pub(crate) const fn scopes(self) -> Scopes {
        match self {
            Self::Public => Scopes::PUBLIC,
            Self::Default => Scopes::DEFAULT,
            Self::Loopback => Scopes::LOOPBACK,
        }
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum PolicyArg {
    /// Addresses of the peer's current record, and no others
    CertifiedOnly,
    /// Those first, the others when they failed
    CertifiedFirst,
    /// Whatever somebody says
    Any,
    /// What you say and what the record says; the others only if there is neither
    UserCertified,
}

impl PolicyArg {
    fn policy(self, scopes: Scopes) -> Box<dyn DialPolicy> {
        match self {
            Self::CertifiedOnly => Box::new(CertifiedOnly::default().with_scopes(scopes)),
            Self::CertifiedFirst => Box::new(CertifiedFirst::default().with_scopes(scopes)),
            Self::Any => Box::new(Any::default().with_scopes(scopes)),
            Self::UserCertified => Box::new(UserAndCertified::default().with_scopes(scopes)),
        }
    }
}

/// Runs the command.
pub(crate) fn run(args: Args) -> Result<Status, Failure> {
    let told = Told {
        records: args.records.as_deref(),
        db: args.db.as_deref(),
        hearsay: &args.hearsay,
        user: &args.user,
        max_size: &args.max_size,
        peer: args.peer.as_deref(),
    };
    let (book, peer, refused) = gather(&told)?;
    let Ok(plan) = book.plan(&peer, &*args.policy.policy(args.scopes.scopes()));
    if let Some(file) = &args.svg {
        outfile::keep_keys(file)?;
        outfile::write(file, plan.svg().as_bytes())?;
    }
    write(&plan, args.json)?;
    let is_good = refused == 0 && plan.plan().nothing().is_none();
    Ok(if is_good { Status::Good } else { Status::Refused })
}

/// What a command is told of a peer.
pub(crate) struct Told<'a> {
    pub(crate) records: Option<&'a Path>,
    pub(crate) db: Option<&'a Path>,
    pub(crate) hearsay: &'a [String],
    pub(crate) user: &'a [String],
    pub(crate) max_size: &'a MaxSize,
    pub(crate) peer: Option<&'a str>,
}

/// A book with everything that is known of one peer, which peer that is, and how many records were
/// refused.
pub(crate) fn gather(told: &Told<'_>) -> Result<(PeerBook, PeerId, u64), Failure> {
    let asked = Asked::of(told)?;
    let book = open(&asked.peer, told.db)?;
    let mut refused = 0u64;
    if let Some(path) = told.records {
        let limits = told.max_size.limits()?;
        let judge = Judge { dialects: Dialects::Any, limits };
        let source = input::Source::from_arg(path);
        judge.read(&source, |number, verdict| {
            match verdict {
                Ok(record) if record.peer_id() == asked.peer => {
                    let Ok(applied) = book.apply(&record, &Source::application(0));
                    if let Outcome::Contradiction { held, got, .. } = applied.outcome {
                        output::warning(format_args!(
                            "envelope {number}: a second record with seq {}: payloads {held} and {got}",
                            applied.seq
                        ));
                    }
                }
                // Of another peer: not what was asked for.
                Ok(_) => {}
                Err(refusal) => {
                    refused = refused.saturating_add(1);
                    let stage = refusal.stage();
                    output::error(format_args!("envelope {number}: refused at {stage}: {refusal}"));
                }
            }
            Ok(())
        })?;
    }
    let Ok(heard) = book.report(&asked.peer, &asked.hearsay, &Source::DHT);
    let Ok(said) = book.report(&asked.peer, &asked.user, &Source::MANUAL);
    for (what, reported) in [("--hearsay", heard), ("--user", said)] {
        tell(what, &reported)?;
    }
    Ok((book, asked.peer, refused))
}

/// A book in which one peer may have everything, with what is in the store.
fn open(peer: &PeerId, db: Option<&Path>) -> Result<PeerBook, Failure> {
    let mut limits = Limits::default();
    let all = Share::new(1, 1);
    (limits.share, limits.kind_share, limits.kinds_share) = (all, all, all);
    match db {
        Some(path) => store::copy_of(peer, path, limits),
        None => Ok(PeerBook::builder().limits(limits).in_memory()),
    }
}

fn tell(option: &str, reported: &Reported) -> Result<(), Failure> {
    if let Some(defect) = reported.defect {
        return Err(Failure::Usage(format!("{option}: {defect}")));
    }
    if let Some(refusal) = reported.refusal {
        output::warning(format_args!("{option}: {} left out: {refusal}", reported.refused));
    }
    Ok(())
}

fn write(plan: &PeerPlan, as_json: bool) -> Result<(), Failure> {
    let mut out = Output::stdout();
    if as_json {
        json::line(&mut out, plan)?;
    } else {
        write!(out, "{plan}")?;
    }
    Ok(out.flush()?)
}

/// What the arguments say.
struct Asked {
    peer: PeerId,
    hearsay: Vec<Multiaddr>,
    user: Vec<Multiaddr>,
}

impl Asked {
    /// An option that takes any number of addresses takes the peer id behind them too; an address
    /// starts with a slash, and a peer id never does.
    fn of(args: &Told<'_>) -> Result<Self, Failure> {
        let mut peers: Vec<&str> = args.peer.into_iter().collect();
        let addresses = |option: &str, texts: &[String]| {
            let mut parsed = Vec::new();
            for text in texts {
                if text.starts_with('/') {
                    parsed.push(address::read(option, text).map_err(Failure::Usage)?);
                } else if PeerId::parse_text(text).is_err() && text.contains(['.', ':']) {
                    // No peer id has either.
                    parsed.push(address::read(option, text).map_err(Failure::Usage)?);
                }
            }
            Ok::<_, Failure>(parsed)
        };
        let (hearsay, user) =
            (addresses("--hearsay", args.hearsay)?, addresses("--user", args.user)?);
        let others = args.hearsay.iter().chain(args.user).filter(|text| !text.starts_with('/'));
        peers.extend(others.map(String::as_str));
        match peers.as_slice() {
            [peer] => {
                let peer = PeerId::parse_text(peer).map_err(|error| {
                    Failure::Usage(format!("{:?} is no peer id: {error}", cut(peer)))
                })?;
                Ok(Self { peer, hearsay, user })
            }
            [] => Err(Failure::Usage("no peer id: say which peer to dial".to_owned())),
            [_, other, ..] => {
                Err(Failure::Usage(format!("{:?} is neither an address nor needed", cut(other))))
            }
        }
    }
}

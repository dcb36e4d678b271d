//! `peermark dial`: tries a plan over plain TCP, and shows what answered and when.
//!
//! It connects and nothing else: no handshake proves which peer is there.

mod attempt;
mod report;

use std::collections::BTreeMap;
use std::io::{IsTerminal as _, Write as _};
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::mpsc::{self, RecvTimeoutError};
use std::time::{Duration, Instant};

use peermark::Multiaddr;
use peermark::dial_policy::{
    Any, Candidate, CertifiedFirst, CertifiedOnly, Scopes, Transport, UserAndCertified,
};
use peermark::dialer::{Action, AttemptId, Config, Dialer, Moment, Request, SharedPolicy};
use peermark::identity::{PeerId, PeerIdExt as _};
use peermark::peer_record::parse_address;
use peermark::provenance::DialOutcome;

use crate::complaint::cut;
use crate::failure::{Failure, Status};
use crate::max_size::MaxSize;
use crate::plan::{self, PolicyArg, ScopesArg, Told};

use attempt::{Event, Tried};
use report::Report;

/// Dial a peer by its plan, over plain TCP: connect, and nothing else
///
/// It says which addresses accept a TCP connection, and when. It does not prove which peer is there,
/// and does not try QUIC, WebRTC or circuits.
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
    /// Which networks may be dialed
    #[arg(long, value_enum, default_value_t = ScopesArg::Default)]
    scopes: ScopesArg,
    /// Leave the default scopes without being asked
    #[arg(long)]
    yes: bool,
    /// Give up after so many seconds
    #[arg(long, value_name = "SECONDS", default_value_t = 30,
          value_parser = clap::value_parser!(u64).range(1..=3600))]
    timeout: u64,
    #[command(flatten)]
    max_size: MaxSize,
    /// Print one JSON object
    #[arg(long)]
    json: bool,
    /// The peer to dial, or one address to try
    #[arg(value_name = "PEER|MULTIADDR")]
    peer: Option<String>,
}

const EXAMPLES: &str = "\
Examples:
  peermark dial /ip4/192.0.2.1/tcp/4001
  peermark dial --db crawl.redb 12D3KooW...
  peermark dial --records alice.record --policy certified-only 12D3KooW... --json
  peermark dial --user /ip4/127.0.0.1/tcp/4001 12D3KooW...

The status is 0 when an address accepted a connection, 1 when none did or a record was refused, 2 for
wrong usage.";

/// The name of the scopes, as they are given.
const fn name_of(scopes: ScopesArg) -> &'static str {
    match scopes {
        ScopesArg::Public => "public",
        ScopesArg::Default => "default",
        ScopesArg::Loopback => "loopback",
    }
}

/// The policy of these names.
fn policy(policy: PolicyArg, scopes: Scopes) -> SharedPolicy {
    match policy {
        PolicyArg::CertifiedOnly => Arc::new(CertifiedOnly::default().with_scopes(scopes)),
        PolicyArg::CertifiedFirst => Arc::new(CertifiedFirst::default().with_scopes(scopes)),
        PolicyArg::Any => Arc::new(Any::default().with_scopes(scopes)),
        PolicyArg::UserCertified => Arc::new(UserAndCertified::default().with_scopes(scopes)),
    }
}

/// Runs the command.
pub(crate) fn run(args: Args) -> Result<Status, Failure> {
    confirm(&args)?;
    let (peer, candidates, refused) = candidates(&args)?;
    let policy = policy(args.policy, args.scopes.scopes());
    let mut report = Report::new(peer.as_ref(), policy.name(), name_of(args.scopes), args.json);
    let mut tried = Vec::new();
    for candidate in candidates {
        match why_not_tcp(&candidate) {
            Some(why) => report.skip(candidate.address(), why),
            None => tried.push(candidate),
        }
    }
    report.begin(tried.len())?;
    // An address without a peer id is tried for nobody in particular.
    let target = peer.map_or_else(nobody, Ok)?;
    let deadline = Moment::from_secs(args.timeout);
    let request = Request { candidates: tried, ..Request::new(target, policy, deadline) };
    drive(request, &mut report)?;
    let is_good = report.end()? && refused == 0;
    Ok(if is_good { Status::Good } else { Status::Refused })
}

/// Asks before the default scopes are left.
fn confirm(args: &Args) -> Result<(), Failure> {
    if args.scopes != ScopesArg::Loopback || args.yes {
        return Ok(());
    }
    let question = "--scopes loopback lets every address lead into this host and its networks";
    if !std::io::stdin().is_terminal() || !std::io::stderr().is_terminal() {
        return Err(Failure::Usage(format!("{question}: add --yes to do that")));
    }
    let mut stderr = anstream::stderr();
    write!(stderr, "{question}. Go on? [y/N] ")?;
    stderr.flush()?;
    let mut answer = String::new();
    std::io::stdin().read_line(&mut answer)?;
    if matches!(answer.trim(), "y" | "Y" | "yes") {
        Ok(())
    } else {
        Err(Failure::Usage("not dialed: the answer was no".to_owned()))
    }
}

/// The peer, where one is named, what is known of its addresses, and how many records were refused.
fn candidates(args: &Args) -> Result<(Option<PeerId>, Vec<Candidate>, u64), Failure> {
    let text = args.peer.as_deref().filter(|text| text.starts_with('/'));
    let Some(text) = text else {
        let told = Told {
            records: args.records.as_deref(),
            db: args.db.as_deref(),
            hearsay: &args.hearsay,
            user: &args.user,
            max_size: &args.max_size,
            peer: args.peer.as_deref(),
        };
        let (book, peer, refused) = plan::gather(&told)?;
        let Ok(candidates) = book.candidates(&peer);
        return Ok((Some(peer), candidates, refused));
    };
    let all = [args.records.is_some(), args.db.is_some()];
    if all.contains(&true) || !args.hearsay.is_empty() || !args.user.is_empty() {
        let message = "one address is tried alone: leave --records, --db, --hearsay and --user out";
        return Err(Failure::Usage(message.to_owned()));
    }
    let address =
        parse_address(text).map_err(|error| Failure::Usage(format!("{:?}: {error}", cut(text))))?;
    let candidate = Candidate::explicit(address);
    let peer = last_peer(candidate.address());
    Ok((peer, vec![candidate], 0))
}

/// The peer id at the end of an address.
fn last_peer(address: &Multiaddr) -> Option<PeerId> {
    let text = address.to_string();
    let (_, id) = text.rsplit_once("/p2p/")?;
    PeerId::parse_text(id).ok()
}

/// A peer id that no key has.
fn nobody() -> Result<PeerId, Failure> {
    PeerId::from_bytes(&[0, 0]).map_err(|_| Failure::System("cannot make a peer id of no key"))
}

/// Why an address is not tried: it is not reached by a TCP connection of ours.
fn why_not_tcp(candidate: &Candidate) -> Option<&'static str> {
    let traits = candidate.traits();
    if traits.is_circuit() {
        return Some("a circuit");
    }
    (traits.transport() != Transport::Tcp).then_some("not over TCP")
}

/// Runs one request to its end.
fn drive(request: Request, report: &mut Report) -> Result<(), Failure> {
    #[expect(clippy::disallowed_methods, reason = "the time that a person waits is shown to them")]
    let origin = Instant::now();
    let now = || Moment::from(origin.elapsed());
    let (events, told) = mpsc::channel::<(AttemptId, Event)>();
    let mut dialer = Dialer::new(Config::default());
    if dialer.request(request, now()).is_err() {
        return Err(Failure::System("no request is allowed"));
    }
    let mut running: BTreeMap<AttemptId, Tried> = BTreeMap::new();
    loop {
        let until = match dialer.poll(now()) {
            Action::Dial { attempt, address, .. } => {
                report.dial(attempt, &address, origin.elapsed())?;
                running.insert(attempt, Tried::start(attempt, &address, events.clone()));
                continue;
            }
            Action::Cancel { attempt } => {
                // The thread ends by itself; what it says later is for nobody.
                running.remove(&attempt);
                report.ended(attempt, "cancelled", None, origin.elapsed())?;
                dialer.dialed(attempt, DialOutcome::Cancelled, now());
                continue;
            }
            Action::Complete { address, .. } => {
                report.connected(&address, origin.elapsed());
                // What is left of the actions says what was cancelled.
                while let Action::Cancel { attempt } = dialer.poll(now()) {
                    report.ended(attempt, "cancelled", None, origin.elapsed())?;
                }
                return Ok(());
            }
            Action::Fail { error, .. } => {
                report.failed(&error);
                return Ok(());
            }
            Action::WaitUntil(until) => until,
        };
        let until = until.unwrap_or(Moment::MAX);
        let wait = until.saturating_since(now()).min(Duration::from_secs(3600));
        let (attempt, event) = match told.recv_timeout(wait) {
            Ok(event) => event,
            Err(RecvTimeoutError::Timeout | RecvTimeoutError::Disconnected) => continue,
        };
        let Some(tried) = running.get_mut(&attempt) else { continue };
        match event {
            Event::Resolved(ips) => {
                let is_admitted = |ip: &std::net::IpAddr| match dialer.resolved(attempt, *ip, now())
                {
                    Ok(()) => true,
                    Err(error) => {
                        tried.reason = Some(error.to_string());
                        false
                    }
                };
                let ips: Vec<_> = ips.into_iter().filter(is_admitted).collect();
                tried.connect(ips);
            }
            Event::Connected(ip) => {
                if let Some(ip) = ip {
                    let _ = dialer.resolved(attempt, ip, now());
                }
                report.ended(attempt, "connected", None, origin.elapsed())?;
                dialer.dialed(attempt, DialOutcome::Success, now());
            }
            Event::Failed(reason) => {
                let reason = tried.reason.take().unwrap_or(reason);
                report.ended(attempt, "failed", Some(reason), origin.elapsed())?;
                dialer.dialed(attempt, DialOutcome::Failure, now());
            }
        }
    }
}

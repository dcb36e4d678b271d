//! Suite `commands`: what `peermark` takes for many records, as one runs it.
//!
//! Each command is a process of its own, and its time is that on the wall, on all cores: what it reads,
//! opens, syncs and closes is in it. The rounds take turns, so that a ratio holds where a busy machine
//! moves both of its sides.

use std::ffi::{OsStr, OsString};
use std::fs;
use std::io::{BufWriter, Write as _};
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode, Stdio};

use anyhow::{Context as _, Result, ensure};
use peermark::PeerBook;

use crate::harness::{Bound, Compared, Goal, Options, Suite, Unit, wall_time_of};
use crate::store::Peers;

/// What the command line says about this suite.
#[derive(Debug, clap::Args)]
pub(crate) struct Arguments {
    #[command(flatten)]
    options: Options,

    /// How many peers.
    #[arg(long, value_name = "N", default_value_t = 200_000)]
    peers: usize,

    /// How often each command runs.
    #[arg(long, value_name = "N", default_value_t = 5)]
    turns: usize,
}

/// Arguments of `peermark`.
#[derive(Debug, clap::Args)]
pub(crate) struct Peermark {
    #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
    arguments: Vec<OsString>,
}

/// Runs `peermark` in this process.
pub(crate) fn peermark(arguments: &Peermark) -> ExitCode {
    let name = OsString::from("peermark");
    peermark_cli::run(std::iter::once(name).chain(arguments.arguments.iter().cloned()))
}

/// Runs the suite.
pub(crate) fn run(arguments: &Arguments) -> Result<()> {
    ensure!(arguments.turns > 0, "no turns");
    let folder = tempfile::tempdir()?;
    let files = Files::new(arguments.peers, folder.path())?;
    let mut took = Took::default();
    for turn in 0..arguments.turns {
        files.turn(turn, &mut took)?;
    }
    let mut suite = Suite::new(format!("commands-{}", arguments.peers));
    let per_peer = arguments.peers as f64;
    let open = if arguments.peers == 200_000 { "open-200k/ours" } else { OPEN };
    for (name, values) in took.0 {
        let name = if name == OPEN { open } else { name };
        // Opening takes as long as it takes, however many there are.
        let each = if name.starts_with("open") { 1.0 } else { per_peer };
        let values: Vec<f64> = values.into_iter().map(|took| took / each).collect();
        suite.counted(name, Unit::Nanoseconds, move || values);
    }
    for goal in GOALS {
        suite.goal(if goal.case == OPEN { Goal { case: open, ..*goal } } else { *goal });
    }
    suite.run(&arguments.options).map(|_| ())
}

/// What the project wants to hold: at least 0.7 of the rate of verifying, and an opening under 50 ms.
const GOALS: &[Goal] = &[
    Goal {
        case: "reimport/peermark",
        compared: Compared::Over("verify/peermark"),
        bound: Bound::AtMost(1.0 / 0.7),
    },
    Goal {
        case: "restore/peermark",
        compared: Compared::Over("verify/peermark"),
        bound: Bound::AtMost(1.0 / 0.7),
    },
    Goal { case: OPEN, compared: Compared::Alone, bound: Bound::AtMost(50_000_000.0) },
];

/// Opening by the defaults of the library a store that the command filled without limits.
const OPEN: &str = "open/ours";

/// Nanoseconds of each turn.
struct Took([(&'static str, Vec<f64>); 6]);

impl Default for Took {
    fn default() -> Self {
        Self(
            [
                "verify/peermark",
                "import/peermark",
                "reimport/peermark",
                "export/peermark",
                "restore/peermark",
                OPEN,
            ]
            .map(|name| (name, Vec::new())),
        )
    }
}

impl Took {
    fn time(&mut self, nth: usize, work: impl FnOnce() -> Result<()>) -> Result<()> {
        let mut result = Ok(());
        let took = wall_time_of(|| result = work());
        self.0[nth].1.push(took.as_secs_f64() * 1e9);
        result
    }
}

/// The records as lines, and where the rest goes.
struct Files {
    peers: usize,
    records: PathBuf,
    folder: PathBuf,
}

impl Files {
    fn new(peers: usize, folder: &Path) -> Result<Self> {
        let records = folder.join("records.txt");
        let mut out = BufWriter::new(fs::File::create(&records)?);
        for record in Peers::new(peers)?.all() {
            for byte in record.as_bytes() {
                write!(out, "{byte:02x}")?;
            }
            writeln!(out)?;
        }
        out.flush()?;
        Ok(Self { peers, records, folder: folder.to_owned() })
    }

    /// Each command once. Stores are new in each turn.
    fn turn(&self, turn: usize, took: &mut Took) -> Result<()> {
        let path = |name: &str| self.folder.join(format!("{turn}-{name}"));
        let (db, copy, export) = (path("store"), path("copy"), path("export"));
        let [records, db, copy, export] =
            [&self.records, &db, &copy, &export].map(|p| p.as_os_str());
        let arguments = |words: &str, files: &[&OsStr]| -> Vec<OsString> {
            let mut all: Vec<OsString> = words.split(' ').map(OsString::from).collect();
            all.extend(files.iter().map(|file| (*file).to_owned()));
            all
        };
        let import = arguments(
            "store import --source dht --ttl 2d --format lines -q",
            &[records, "--db".as_ref(), db],
        );
        let verify = arguments("verify --format lines -q", &[records]);
        took.time(0, || start(&verify))?;
        took.time(1, || start(&import))?;
        took.time(2, || start(&import))?;
        let out = arguments("store export --db", &[db, "--output".as_ref(), export]);
        took.time(3, || start(&out))?;
        let back = arguments("store restore --trust-times -q", &[export, "--db".as_ref(), copy]);
        took.time(4, || start(&back))?;
        for held in [db, copy] {
            let mut book = None;
            if held == db {
                took.time(5, || {
                    book = Some(PeerBook::builder().open(held)?);
                    Ok(())
                })?;
            } else {
                book = Some(PeerBook::builder().open(held)?);
            }
            let usage = book.context("a book")?.usage();
            ensure!(usage.records == self.peers, "{} of {} are there", usage.records, self.peers);
        }
        for file in [db, copy, export] {
            fs::remove_file(file)?;
        }
        Ok(())
    }
}

fn start(arguments: &[OsString]) -> Result<()> {
    let mut command = Command::new(std::env::current_exe()?);
    command.arg("peermark").arg("--").args(arguments).stdout(Stdio::null()).stderr(Stdio::piped());
    let output = command.spawn()?.wait_with_output()?;
    let said = String::from_utf8_lossy(&output.stderr);
    ensure!(output.status.success(), "peermark {arguments:?}: {}: {said}", output.status);
    Ok(())
}

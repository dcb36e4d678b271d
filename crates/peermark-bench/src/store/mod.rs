//! Suite `store`: a peerstore that holds 100,000 peers, a million, or more.
//!
//! The contender is libp2p-peer-store's `MemoryStore`, with room for all of it. It keeps addresses
//! and nothing else: no signatures, no provenance, no expiry, no limit in bytes. It queues an event
//! for each change; these are taken out between the times that are measured.

mod chart;
mod consuming;
mod contenders;
mod growth;
mod hostile;
pub(crate) mod once;
mod peers;
mod standing;
mod sweeping;

use std::cell::OnceCell;
use std::path::PathBuf;
use std::rc::Rc;

use anyhow::{Context as _, Result};

use crate::harness::{Bound, Compared, Goal, Options, Suite, Unit};

pub(crate) use contenders::{LONG, NOW, SOURCE, our_store};
pub(crate) use peers::{Peers, SEQ, record};

/// What the command line says about this suite.
#[derive(Debug, clap::Args)]
pub(crate) struct Arguments {
    #[command(flatten)]
    options: Options,

    /// How many peers; 100,000 and then 1,000,000 when it is left out.
    #[arg(long, value_name = "N")]
    peers: Option<usize>,

    /// 10,000,000 as well: it takes some 20 GB of memory, and a quarter of an hour.
    #[arg(long)]
    large: bool,

    /// Draws ours beside theirs into this file.
    #[arg(long, value_name = "FILE")]
    svg: Option<PathBuf>,
}

/// Runs the suite for each number of peers.
pub(crate) fn run(arguments: &Arguments) -> Result<()> {
    let mut sizes = arguments.peers.map_or_else(|| vec![100_000, 1_000_000], |peers| vec![peers]);
    sizes.extend(arguments.large.then_some(10_000_000));
    let mut reports = Vec::new();
    for size in sizes {
        let peers = Peers::new(size)?;
        standing::check(&Peers::new(size.min(CHECKED))?)?;
        let world = World::new(&peers);
        reports.push((size, world.suite().run(&arguments.options)?));
    }
    if let Some(file) = &arguments.svg {
        std::fs::write(file, chart::draw(&reports))
            .with_context(|| format!("cannot write {}", file.display()))?;
    }
    Ok(())
}

/// Peers on which both contenders are checked: all of them, up to this.
const CHECKED: usize = 10_000;

/// What cases have in common, made when the first of them needs it.
struct World<'a> {
    peers: &'a Peers,
    inserts: OnceCell<growth::Inserts>,
    sweeps: OnceCell<sweeping::Sweeps>,
    rates: OnceCell<consuming::Rates>,
    standing: standing::Standing<'a>,
}

impl<'a> World<'a> {
    fn new(peers: &'a Peers) -> Self {
        Self {
            peers,
            inserts: OnceCell::new(),
            sweeps: OnceCell::new(),
            rates: OnceCell::new(),
            standing: standing::Standing::new(peers),
        }
    }

    fn suite(&'a self) -> Suite<'a> {
        use Unit::{Bytes, Nanoseconds, PerSecond};

        let peers = self.peers;
        let mut suite = Suite::new(format!("store-{}", peers.len()));
        suite.counted("bytes-per-peer/ours", Bytes, || growth::bytes(peers, growth::ours));
        suite.counted("bytes-per-peer/libp2p-peer-store", Bytes, || {
            growth::bytes(peers, growth::theirs)
        });

        for attack in hostile::Attack::ALL {
            let name = attack.name();
            let measured = Rc::new(OnceCell::new());
            let of = move |measured: &OnceCell<_>| {
                *measured.get_or_init(|| attack.run(hostile::count(peers.len())))
            };
            let same = Rc::clone(&measured);
            suite.counted(format!("hostile-bytes-{name}/ours"), Bytes, move || vec![of(&same).0]);
            let charged = format!("hostile-bytes-{name}/charged");
            suite.counted(charged, Bytes, move || vec![of(&measured).1]);
        }

        let inserts = || growth::inserts(&self.inserts, peers);
        suite.counted("insert/ours", Nanoseconds, move || inserts().ours.clone());
        suite.counted("insert/libp2p-peer-store", Nanoseconds, move || inserts().theirs.clone());
        suite.counted("worst-insert/ours", Nanoseconds, || growth::worst_of_ours(peers));
        suite.counted("worst-insert/libp2p-peer-store", Nanoseconds, || {
            growth::worst_of_theirs(peers)
        });

        self.standing.add_to(&mut suite);

        let sweeps = || sweeping::sweeps(&self.sweeps, peers);
        suite.counted("sweep-1-percent/ours", Nanoseconds, move || sweeps().sweep.clone());
        suite.counted("clear-1-percent/ours", Nanoseconds, move || sweeps().clear.clone());
        suite.counted("sweep-move/ours", Nanoseconds, move || sweeps().moved.clone());

        let rates = || consuming::rates(&self.rates, peers);
        suite.counted("consume-one-thread/ours", PerSecond, move || rates().one.clone());
        suite.counted("consume-two-threads/ours", PerSecond, move || rates().two.clone());

        for goal in GOALS {
            suite.goal(*goal);
        }
        suite
    }
}

const GOALS: &[Goal] = &[
    alone("bytes-per-peer/ours", 360.0),
    // On every machine: where memory is fast, both are 2.5 times as fast.
    times_as_fast("insert/ours", "insert/libp2p-peer-store", 2.0),
    times_as_fast("lookup/ours", "lookup/libp2p-peer-store", 1.7),
    alone("worst-insert/ours", 2_000_000.0),
    // What the loads alone take that nobody can leave out.
    at_most("lookup/ours", "two-loads/array", 1.6),
    at_most("batch-get-20/ours", "batch-get-20/one-by-one", 0.3),
    at_most("update-with-a-subscriber/ours", "update/ours", 1.05),
    at_most("hostile-bytes-short-lived/ours", "hostile-bytes-short-lived/charged", 1.5),
    at_most(
        "hostile-bytes-short-lived-claims/ours",
        "hostile-bytes-short-lived-claims/charged",
        1.5,
    ),
    at_most("hostile-bytes-long-addresses/ours", "hostile-bytes-long-addresses/charged", 1.5),
    at_most("hostile-bytes-removed/ours", "hostile-bytes-removed/charged", 1.5),
    at_most("hostile-bytes-contradictions/ours", "hostile-bytes-contradictions/charged", 1.5),
    at_most("hostile-bytes-few-of-many/ours", "hostile-bytes-few-of-many/charged", 1.5),
    alone("repeat/ours", 1_000.0),
    alone("repeat-hot/ours", 100.0),
    // What finding by time takes beyond being told who it is.
    Goal {
        case: "sweep-1-percent/ours",
        compared: Compared::Minus("clear-1-percent/ours"),
        bound: Bound::AtMost(50.0),
    },
    Goal {
        case: "consume-two-threads/ours",
        compared: Compared::Over("consume-one-thread/ours"),
        bound: Bound::AtLeast(1.8),
    },
];

const fn alone(case: &'static str, at_most: f64) -> Goal {
    Goal { case, compared: Compared::Alone, bound: Bound::AtMost(at_most) }
}

const fn at_most(case: &'static str, than: &'static str, ratio: f64) -> Goal {
    Goal { case, compared: Compared::Over(than), bound: Bound::AtMost(ratio) }
}

const fn times_as_fast(case: &'static str, than: &'static str, times: f64) -> Goal {
    at_most(case, than, 1.0 / times)
}

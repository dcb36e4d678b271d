//! The same suite, and the process dies again and again in the middle of each case: what the rules
//! ask for does not depend on having been there all the time (F1).

use std::ops::ControlFlow;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread::{self, ThreadId};

use peermark_identity::PeerId;
use peermark_peerstore::{
    Applied, Config, Defect, Engine, Floor, Moment, PeerEntry, Remnant, Repeat, Shared, Swept,
    Transition, Usage,
};
use peermark_peerstore_redb::{Error, Options, Redb};
use peermark_provenance::Timestamp;

use super::disk::Disk;

peermark_testkit::peerstore_conformance!(make);

fn make(config: Config) -> Restarting {
    Restarting {
        config: config.clone(),
        first: Generation::open(Disk::default(), config),
        updates: AtomicUsize::new(0),
        thread: thread::current().id(),
    }
}

/// Updates between two deaths.
const LIFE: usize = 3;
/// Peers above which dying takes too long.
const SMALL: usize = 300;

/// An engine that dies in the middle every few updates, and is opened again from what is on its
/// disk. Not while something is held that is meant to end with the process: subscriptions and
/// connections.
struct Restarting {
    config: Config,
    first: Generation,
    updates: AtomicUsize,
    /// Who made it: where several threads work, it dies under this one alone.
    thread: ThreadId,
}

/// One life. The dead are left lying, each on a disk that nobody looks at any more.
struct Generation {
    disk: Disk,
    engine: Redb,
    next: OnceLock<Box<Self>>,
}

impl Generation {
    fn open(disk: Disk, config: Config) -> Self {
        let engine = Redb::open_on(disk.clone(), config, &Options::default());
        Self { disk, engine: engine.expect("it opens"), next: OnceLock::new() }
    }
}

impl Restarting {
    fn last(&self) -> &Generation {
        let mut last = &self.first;
        while let Some(next) = last.next.get() {
            last = next;
        }
        last
    }

    fn now(&self) -> &Redb {
        &self.last().engine
    }

    fn may_die(engine: &Redb) -> bool {
        let mut is_connected = false;
        let looked = engine.visit(|entry| {
            is_connected |= entry.is_connected();
            ControlFlow::Continue(())
        });
        let subscribers = engine.shared().subscribers();
        let is_quiet = (0..1024).all(|hash| !subscribers.follow(hash));
        looked.is_ok() && !is_connected && is_quiet
    }

    /// Another update comes: maybe it is another life's.
    fn live(&self) {
        let last = self.last();
        let count = self.updates.fetch_add(1, Ordering::AcqRel);
        let is_small = last.engine.usage().peers < SMALL;
        let is_alone = thread::current().id() == self.thread;
        if count % LIFE == LIFE - 1 && is_small && is_alone && Self::may_die(&last.engine) {
            // What it knows of the time is stored now and then; the cases are about the rules.
            last.engine.flush().expect("a disk that works");
            let disk = Disk::of(last.disk.bytes());
            let next = Generation::open(disk, self.config.clone());
            // It was away for no time: a step of the clock is what it would have been.
            let shown = last.engine.shared().clock().last().shown;
            next.engine.shared().advance(shown);
            let _ = last.next.set(Box::new(next));
        }
    }
}

impl Engine for Restarting {
    type Error = Error;

    fn shared(&self) -> &Shared {
        self.now().shared()
    }

    fn update<T: Transition>(
        &self,
        peer: &PeerId,
        at: Moment,
        transition: &T,
    ) -> Result<T::Answer, Error> {
        self.live();
        self.now().update(peer, at, transition)
    }

    fn update_many<T: Transition>(
        &self,
        items: &[(PeerId, T)],
        at: Moment,
    ) -> Vec<Result<T::Answer, Error>> {
        self.live();
        self.now().update_many(items, at)
    }

    fn repeat(
        &self,
        peer: &PeerId,
        at: Moment,
        repeat: &Repeat<'_>,
    ) -> Result<Option<Applied>, Error> {
        self.live();
        self.now().repeat(peer, at, repeat)
    }

    fn view<R>(
        &self,
        peer: &PeerId,
        read: impl FnOnce(Option<&PeerEntry>) -> R,
    ) -> Result<R, Error> {
        self.now().view(peer, read)
    }

    fn view_many<R>(
        &self,
        peers: &[PeerId],
        read: impl FnMut(Option<&PeerEntry>) -> R,
    ) -> Vec<Result<R, Error>> {
        self.now().view_many(peers, read)
    }

    fn floor(&self, peer: &PeerId, at: Moment) -> Result<Option<Floor>, Error> {
        self.now().floor(peer, at)
    }

    fn remnant(&self, peer: &PeerId) -> Result<Option<Remnant>, Error> {
        self.now().remnant(peer)
    }

    fn regions(&self) -> usize {
        self.now().regions()
    }

    fn region_of(&self, peer: &PeerId) -> usize {
        self.now().region_of(peer)
    }

    fn read_region<R>(
        &self,
        region: usize,
        read: impl FnOnce(&mut dyn Iterator<Item = &PeerEntry>) -> R,
    ) -> Result<R, Error> {
        self.now().read_region(region, read)
    }

    fn sweep(&self, at: Moment, budget: usize) -> Result<Swept, Error> {
        self.live();
        self.now().sweep(at, budget)
    }

    fn next_due(&self) -> Option<Timestamp> {
        self.now().next_due()
    }

    fn usage(&self) -> Usage {
        self.now().usage()
    }

    fn check(&self) -> Result<(), Defect> {
        self.now().check()
    }
}

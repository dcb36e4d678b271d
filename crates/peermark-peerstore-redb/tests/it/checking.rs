//! Checking a store: beside a writer, with blocks that nothing uses, and after a panic.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::thread;

use peermark_peerstore::{Cause, Context, Engine as _, Need, PeerEntry, Room, Transition};
use peermark_peerstore_redb::{Options, Redb, recover_on};
use peermark_provenance::Source;

use super::damage::{HEAD, NOW, STRIDE, config, invert, store};
use super::disk::Disk;
use super::work::{Cast, MINUTE, START, open};

#[test]
fn f2_a_check_ends_beside_a_writer() {
    let cast = Cast::new(20, 3);
    let store = open(Disk::default()).unwrap();
    for n in 0..20 {
        let _ = store.apply(cast.record(n, 0), &Source::DHT, MINUTE, START).unwrap();
    }
    thread::scope(|scope| {
        scope.spawn(|| {
            for n in 0..200 {
                let _ = store.apply(cast.record(n, n / 20), &Source::DHT, MINUTE, START).unwrap();
            }
        });
        for _ in 0..3 {
            scope.spawn(|| {
                for _ in 0..20 {
                    let report = store.engine().examine().unwrap();
                    assert!(report.is_good(), "{report:?}");
                }
            });
        }
    });
}

#[test]
fn f2_a_torn_block_that_nothing_uses_is_harmless() {
    let (bytes, _) = store(300, false);
    let count = (bytes.len() - HEAD) / STRIDE;
    let (mut unused, mut used) = (0, 0);
    for n in 1..count {
        let mut damaged = bytes.clone();
        invert(&mut damaged, HEAD + n * STRIDE + 100);
        let disk = Disk::of(damaged);
        let Ok(view) = Redb::view_on(disk.clone(), config(), &Options::default()) else { continue };
        let report = view.examine().unwrap();
        let number = u64::try_from(n).unwrap();
        if report.is_good() {
            assert_eq!(report.torn_blocks, [number]);
            // As a writer finds it.
            Redb::open_on(disk, config(), &Options::default()).unwrap().check().unwrap();
            unused += 1;
        } else if report.damaged_blocks.contains(&number) {
            used += 1;
        }
        if unused >= 3 && used >= 20 {
            break;
        }
    }
    assert!(unused > 0 && used > 0, "{unused} unused, {used} used");
}

/// A transition that panics.
struct Panics;

impl Transition for Panics {
    type Answer = ();
    type Plan = ();

    fn need(&self, _: &PeerEntry, _: &Context<'_>) -> (Option<Need>, ()) {
        (None, ())
    }

    fn run(&self, _: &mut PeerEntry, (): (), _: &Context<'_>) {
        panic!("not redb's");
    }

    fn refuse(&self, _: Room) {}

    fn cause(&self) -> Cause {
        Cause::Record
    }
}

#[test]
fn f2_a_panic_of_a_transition_passes_through_and_the_store_goes_on() {
    let cast = Cast::new(3, 2);
    let store = open(Disk::default()).unwrap();
    let _ = store.apply(cast.record(0, 0), &Source::DHT, MINUTE, START).unwrap();
    for peer in &cast.peers()[..2] {
        let at = store.engine().shared().advance(START);
        let run = || store.engine().update(peer, at, &Panics);
        let panic = catch_unwind(AssertUnwindSafe(run)).unwrap_err();
        assert_eq!(panic.downcast_ref::<&str>(), Some(&"not redb's"));
    }
    for n in 0..3 {
        let applied = store.apply(cast.record(n, 1), &Source::DHT, MINUTE, START).unwrap();
        assert!(applied.outcome.is_held());
    }
    assert_eq!(store.usage().peers, 3);
    store.check().unwrap();
}

#[test]
fn f3_whichever_call_fails_a_recovery_changes_nothing_in_its_source() {
    let (bytes, _) = store(60, true);
    let whole = Disk::default();
    let source = Disk::of(bytes.clone());
    let recovered = recover_on(|| Ok(source.clone()), whole.clone(), true, NOW).unwrap();
    assert!(recovered.is_whole());
    let calls = whole.count();
    for and_all_after in [false, true] {
        for number in (0..calls).step_by(usize::try_from(calls / 60 + 1).unwrap()) {
            // One call fails, or the disk is full from then on.
            let out = Disk::default();
            out.fail(number, and_all_after);
            if let Ok(again) = recover_on(|| Ok(source.clone()), out.clone(), true, NOW) {
                // Of what was said to be stored, all of it is.
                out.heal();
                let store = Redb::open_on(out, config(), &Options::default()).unwrap();
                assert_eq!(
                    (store.usage().peers, again.live),
                    (recovered_peers(&whole), recovered.live)
                );
            }
            assert_eq!(source.bytes(), bytes, "call {number}");
        }
    }
}

fn recovered_peers(disk: &Disk) -> usize {
    Redb::view_on(disk.clone(), config(), &Options::default()).unwrap().usage().peers
}

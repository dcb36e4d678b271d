//! Failing calls (F3, F4): whichever call of the disk fails, the update that needed it answers so,
//! nothing of it is held, what was there before is still read, and the store opens again.

use peermark_provenance::Timestamp;

use super::disk::Disk;
use super::work::{Cast, START, Store, moment, open};

const STEPS: usize = 20;

/// Runs the work on a disk of which a call fails. Answers whether there were that many calls.
fn run(cast: &Cast, fail: u64, and_all_after: bool) -> bool {
    let place = format!("call {fail}, all behind it: {and_all_after}");
    let disk = Disk::default();
    let store = open(disk.clone()).unwrap();
    let mut acknowledged = (START, cast.look(&store, START).unwrap());
    disk.fail(disk.count() + fail, and_all_after);
    let mut failed = None;
    for n in 0..STEPS {
        match cast.step(&store, n) {
            Ok(now) => match cast.look(&store, now) {
                Ok(look) => acknowledged = (now, look),
                // The call that failed was one to read; the step itself was done.
                Err(_) => {
                    disk.heal();
                    acknowledged = (now, look_again(cast, store, &disk, now));
                    check(cast, &disk, &acknowledged, None, &place);
                    return true;
                }
            },
            Err(_) => {
                failed = Some(n);
                break;
            }
        }
    }
    // It went through without that many calls.
    let Some(failed) = failed else { return false };
    // Nothing more is taken, whatever it is, and what was there is still read. (A disk that does
    // not answer at all cannot be read beyond what is in memory.)
    assert!(cast.step(&store, failed).is_err(), "{place}: took more");
    if !and_all_after {
        assert!(is_either(cast, &store, &acknowledged, failed), "{place}");
    }
    drop(store);
    disk.heal();
    check(cast, &disk, &acknowledged, Some(failed), &place);
    true
}

fn look_again(cast: &Cast, store: Store, disk: &Disk, now: Timestamp) -> Vec<String> {
    drop(store);
    cast.look(&open(disk.clone()).unwrap(), now).unwrap()
}

/// When something was looked at, and what was there.
type Held = (Timestamp, Vec<String>);

/// Whether a store holds what was acknowledged, or that and the step that failed: a sync that failed
/// may have synced, and then the step is there as a whole.
fn is_either(cast: &Cast, store: &Store, (now, look): &Held, failed: usize) -> bool {
    if cast.look(store, *now).unwrap() == *look {
        return true;
    }
    let whole = open(Disk::default()).unwrap();
    for n in 0..failed {
        cast.step(&whole, n).unwrap();
    }
    // What time alone ended is let go first, and by itself.
    let now = moment(failed);
    let found = cast.look(store, now).unwrap();
    let before = cast.look(&whole, now).unwrap();
    cast.step(&whole, failed).unwrap();
    found == before || found == cast.look(&whole, now).unwrap()
}

/// The disk is well again: the store opens, holds what was acknowledged, or that and the step that
/// failed, and goes on.
fn check(cast: &Cast, disk: &Disk, held: &Held, failed: Option<usize>, place: &str) {
    let store = open(Disk::of(disk.bytes())).unwrap_or_else(|error| panic!("{place}: {error}"));
    store.check().unwrap_or_else(|defect| panic!("{place}: {defect}"));
    let is = match failed {
        Some(failed) => is_either(cast, &store, held, failed),
        None => cast.look(&store, held.0).unwrap() == held.1,
    };
    assert!(is, "{place}: lost something, or invented it");
    for n in STEPS..STEPS + 8 {
        cast.step(&store, n).unwrap();
    }
}

#[test]
fn f3_whichever_call_fails_the_store_opens_again() {
    let cast = Cast::new(40, 12);
    let calls = (0..).take_while(|fail| run(&cast, *fail, false)).count();
    assert!(calls > 100, "only {calls} calls");
}

#[test]
fn f4_a_disk_that_fails_for_good_takes_nothing_more() {
    let cast = Cast::new(40, 12);
    let calls = (0..).take_while(|fail| run(&cast, *fail, true)).count();
    assert!(calls > 100, "only {calls} calls");
}

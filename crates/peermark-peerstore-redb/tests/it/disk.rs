//! Disks that can be looked into: one that remembers everything that was asked of it, so that the
//! power can be cut at any point afterwards, and one of which a call fails.

use std::io;
use std::sync::{Arc, Mutex, PoisonError};

use peermark_testkit::rng::Rng;
use redb::StorageBackend;

/// What was asked of a disk, in order. What was written before a sync is there after it.
#[derive(Clone, Debug)]
pub(crate) enum Call {
    Write { at: u64, bytes: Vec<u8> },
    SetLen(u64),
    Sync,
}

#[derive(Debug, Default)]
struct State {
    bytes: Vec<u8>,
    calls: Vec<Call>,
    is_recording: bool,
    /// Calls of all kinds so far, reads included.
    count: u64,
    /// Which of them fails, and whether all behind it do as well.
    failing: Option<(u64, bool)>,
}

/// A disk in memory. Clones are the same disk.
#[derive(Clone, Debug, Default)]
pub(crate) struct Disk(Arc<Mutex<State>>);

impl Disk {
    /// With these bytes on it.
    pub(crate) fn of(bytes: Vec<u8>) -> Self {
        Self(Arc::new(Mutex::new(State { bytes, ..State::default() })))
    }

    fn with<R>(&self, work: impl FnOnce(&mut State) -> R) -> R {
        work(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }

    fn call<R>(&self, work: impl FnOnce(&mut State) -> io::Result<R>) -> io::Result<R> {
        self.with(|state| {
            let number = state.count;
            state.count += 1;
            match state.failing {
                Some((at, and_all_after)) if number == at || (and_all_after && number > at) => {
                    Err(io::Error::other(format!("call {number} fails")))
                }
                _ => work(state),
            }
        })
    }

    pub(crate) fn bytes(&self) -> Vec<u8> {
        self.with(|state| state.bytes.clone())
    }

    /// How many calls there were so far.
    pub(crate) fn count(&self) -> u64 {
        self.with(|state| state.count)
    }

    /// The call of this number fails, and where `and_all_after` all that follow.
    pub(crate) fn fail(&self, number: u64, and_all_after: bool) {
        self.with(|state| state.failing = Some((number, and_all_after)));
    }

    pub(crate) fn heal(&self) {
        self.with(|state| state.failing = None);
    }

    /// From now on, calls are remembered. Answers what is on the disk.
    pub(crate) fn record(&self) -> Vec<u8> {
        self.with(|state| {
            state.is_recording = true;
            state.calls.clear();
            state.bytes.clone()
        })
    }

    pub(crate) fn calls(&self) -> Vec<Call> {
        self.with(|state| state.calls.clone())
    }

    /// How many calls were remembered.
    pub(crate) fn recorded(&self) -> usize {
        self.with(|state| state.calls.len())
    }
}

fn apply(bytes: &mut Vec<u8>, call: &Call) {
    match call {
        Call::Write { at, bytes: written } => {
            let at = usize::try_from(*at).unwrap();
            if bytes.len() < at + written.len() {
                bytes.resize(at + written.len(), 0);
            }
            bytes[at..at + written.len()].copy_from_slice(written);
        }
        Call::SetLen(len) => bytes.resize(usize::try_from(*len).unwrap(), 0),
        Call::Sync => {}
    }
}

/// What is on a disk that lost its power behind the first `count` of these calls: what was synced,
/// and of the rest any part, in any order, whole or torn.
pub(crate) fn after_power_loss(
    before: &[u8],
    calls: &[Call],
    count: usize,
    rng: &mut Rng,
) -> Vec<u8> {
    let calls = &calls[..count];
    let synced = calls.iter().rposition(|call| matches!(call, Call::Sync)).map_or(0, |at| at + 1);
    let mut bytes = before.to_vec();
    calls[..synced].iter().for_each(|call| apply(&mut bytes, call));
    let mut rest: Vec<_> = calls[synced..].to_vec();
    // Three ways to lose: nothing arrived; in order up to somewhere; anything.
    match rng.below(4) {
        0 => rest.clear(),
        1 => rest.truncate(rng.below(rest.len() + 1)),
        _ => {
            for at in (1..rest.len()).rev() {
                rest.swap(at, rng.below(at + 1));
            }
            rest.retain(|_| !rng.one_in(3));
        }
    }
    for call in &mut rest {
        if let Call::Write { at, bytes } = call
            && rng.one_in(3)
        {
            // Torn at a byte, which is finer than any disk does it.
            let cut = rng.below(bytes.len() + 1);
            if rng.one_in(2) {
                bytes.truncate(cut);
            } else {
                bytes.drain(..cut);
                *at += u64::try_from(cut).unwrap();
            }
        }
        apply(&mut bytes, call);
    }
    bytes
}

impl StorageBackend for Disk {
    fn len(&self) -> io::Result<u64> {
        self.call(|state| Ok(u64::try_from(state.bytes.len()).unwrap()))
    }

    fn read(&self, offset: u64, out: &mut [u8]) -> io::Result<()> {
        self.call(|state| {
            let at = usize::try_from(offset).unwrap();
            let from = state.bytes.get(at..at + out.len());
            out.copy_from_slice(from.ok_or(io::ErrorKind::UnexpectedEof)?);
            Ok(())
        })
    }

    fn set_len(&self, len: u64) -> io::Result<()> {
        self.call(|state| {
            let call = Call::SetLen(len);
            apply(&mut state.bytes, &call);
            if state.is_recording {
                state.calls.push(call);
            }
            Ok(())
        })
    }

    fn sync_data(&self) -> io::Result<()> {
        self.call(|state| {
            if state.is_recording {
                state.calls.push(Call::Sync);
            }
            Ok(())
        })
    }

    fn write(&self, offset: u64, data: &[u8]) -> io::Result<()> {
        self.call(|state| {
            let call = Call::Write { at: offset, bytes: data.to_vec() };
            apply(&mut state.bytes, &call);
            if state.is_recording {
                state.calls.push(call);
            }
            Ok(())
        })
    }
}

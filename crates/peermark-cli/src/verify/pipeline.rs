//! Reading, verifying and rendering at the same time, with the results in order.
//!
//! The reader hands each job to the workers together with the sending end of a channel for its
//! result, and puts the receiving ends into a queue in the order of the input. Whoever takes from
//! the queue gets the results in that order, and the bound of the queue is the bound on what is in
//! flight.
//!
//! The threads are not waited for: when the caller has gone, a reader that waits for input must
//! not keep the program alive.

use std::io::{Cursor, Read};
use std::num::NonZero;
use std::sync::mpsc::{Receiver, SendError, SyncSender, sync_channel};
use std::sync::{Arc, Mutex};
use std::thread;

use super::judge::{Job, Settings};
use super::tally::Tally;
use crate::chunks::Chunks;
use crate::failure::Failure;
use crate::input::{Source, Whole, WholeFormat, read_whole};
use crate::keyfile;
use crate::refusal::Refusal;

/// What comes next.
pub(super) enum Item {
    /// A result, now or soon.
    Pending(Receiver<Done>),
    /// An input that could not be read, or not to its end.
    Trouble(Failure),
}

/// The result of a job.
#[derive(Debug)]
pub(super) struct Done {
    /// The verdicts, as they are to be written.
    pub(super) rendered: Vec<u8>,
    /// What they were.
    pub(super) tally: Tally,
    /// How many bytes of the input they took.
    pub(super) consumed: u64,
}

/// Starts the threads. Whole inputs are in `format`; without one, inputs are lines.
pub(super) fn start(
    sources: Vec<Source>,
    format: Option<WholeFormat>,
    settings: Arc<Settings>,
) -> Result<Receiver<Item>, Failure> {
    let workers = thread::available_parallelism().map_or(1, NonZero::get);
    // One job in work and one waiting for each worker: nobody runs dry, nothing piles up.
    let in_flight = workers.saturating_mul(2);
    let (job_sender, job_receiver) = sync_channel::<Assigned>(in_flight);
    let job_receiver = Arc::new(Mutex::new(job_receiver));
    for _ in 0..workers {
        let (jobs, settings) = (Arc::clone(&job_receiver), Arc::clone(&settings));
        spawn("verify", move || work(&jobs, &settings))?;
    }
    let (item_sender, items) = sync_channel(in_flight);
    let mut reader = Reader { format, items: item_sender, jobs: job_sender };
    spawn("read", move || {
        // An error says that the caller has gone: nobody is interested in the rest.
        let _ = sources.iter().try_for_each(|source| reader.read(source));
    })?;
    Ok(items)
}

/// A job and where its result goes.
type Assigned = (Job, SyncSender<Done>);

fn spawn(name: &str, work: impl FnOnce() + Send + 'static) -> Result<(), Failure> {
    let spawned = thread::Builder::new().name(name.to_owned()).spawn(work);
    spawned.map(|_| ()).map_err(|_| Failure::System("cannot start a thread"))
}

fn work(jobs: &Mutex<Receiver<Assigned>>, settings: &Settings) {
    let mut buffer = Vec::new();
    loop {
        // The lock is held while waiting, and by one worker at a time; the others wait for it.
        let next = jobs.lock().ok().and_then(|jobs| jobs.recv().ok());
        let Some((job, result)) = next else { return };
        if result.send(settings.work(job, &mut buffer)).is_err() {
            return;
        }
    }
}

struct Reader {
    format: Option<WholeFormat>,
    items: SyncSender<Item>,
    jobs: SyncSender<Assigned>,
}

/// The caller, or the workers, have gone.
struct Gone;

impl<T> From<SendError<T>> for Gone {
    fn from(_: SendError<T>) -> Self {
        Self
    }
}

impl Reader {
    fn read(&mut self, source: &Source) -> Result<(), Gone> {
        let mut input = match source.open() {
            Ok(input) => input,
            Err(failure) => return self.trouble(failure),
        };
        let Some(format) = self.format else {
            return self.lines(source, input, false);
        };
        let whole = match read_whole(&mut input) {
            Ok(whole) => whole,
            Err(error) => return self.trouble(source.unreadable(error)),
        };
        let consumed = u64::try_from(whole.bytes.len()).unwrap_or(u64::MAX);
        let is_secret = keyfile::private_key_in(&whole.bytes).is_some();
        if format == WholeFormat::Auto && whole.is_list() {
            let Whole { bytes, .. } = whole;
            return self.lines(source, Cursor::new(bytes).chain(input), is_secret);
        }
        let bytes = match is_secret {
            true => Err(Refusal::PrivateKey),
            false => whole.decode(format).map(|(bytes, _)| bytes),
        };
        self.assign(Job::Whole { name: source.name(), bytes, consumed })
    }

    /// Each line is judged, for one that is a key must not keep the others from it; but with
    /// `is_secret`, a refusal tells nothing of the line.
    fn lines(&mut self, source: &Source, input: impl Read, is_secret: bool) -> Result<(), Gone> {
        let mut chunks = Chunks::new(input);
        loop {
            match chunks.next_run() {
                Ok(Some(run)) => self.assign(Job::Lines { run, is_secret })?,
                Ok(None) => return Ok(()),
                Err(error) => return self.trouble(source.unreadable(error)),
            }
        }
    }

    fn assign(&mut self, job: Job) -> Result<(), Gone> {
        let (sender, receiver) = sync_channel(1);
        // In this order: the queue of results is what holds the reader back.
        self.items.send(Item::Pending(receiver))?;
        Ok(self.jobs.send((job, sender))?)
    }

    fn trouble(&mut self, failure: Failure) -> Result<(), Gone> {
        Ok(self.items.send(Item::Trouble(failure))?)
    }
}

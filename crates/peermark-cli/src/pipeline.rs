//! Reading and working on what was read at the same time, with the results in order.
//!
//! What the work is, the command says ([`Work`]).
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

use crate::chunks::{Chunks, Run};
use crate::failure::Failure;
use crate::input::{Source, Whole, WholeFormat, read_whole};
use crate::keyfile;
use crate::refusal::Refusal;

/// What a worker takes at once.
#[derive(Debug)]
pub(crate) enum Job {
    /// Lines of an input, in which there is a private key, or none was looked for or found.
    Lines { run: Run, is_secret: bool },
    /// An input that is one envelope.
    Whole { name: String, bytes: Result<Vec<u8>, Refusal>, consumed: u64 },
}

/// What is made of jobs.
pub(crate) trait Work: Send + Sync + 'static {
    /// The result of a job.
    type Done: Send + 'static;

    /// Does a job; `buffer` is whatever was there before, kept for its memory.
    fn work(&self, job: Job, buffer: &mut Vec<u8>) -> Self::Done;
}

/// What comes next.
pub(crate) enum Item<D> {
    /// A result, now or soon.
    Pending(Receiver<D>),
    /// An input that could not be read, or not to its end.
    Trouble(Failure),
}

/// How many jobs may be in flight, so that no worker runs dry and nothing piles up.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Depth {
    /// One job in work and one waiting for each worker: whoever takes the results is quick.
    Shallow,
    /// So many: whoever takes the results does something else meanwhile.
    Jobs(usize),
}

/// Starts the threads. Whole inputs are in `format`; without one, inputs are lines.
pub(crate) fn start<W: Work>(
    sources: Vec<Source>,
    format: Option<WholeFormat>,
    depth: Depth,
    what: &Arc<W>,
) -> Result<Receiver<Item<W::Done>>, Failure> {
    let workers = thread::available_parallelism().map_or(1, NonZero::get);
    let shallow = workers.saturating_mul(2);
    let in_flight = match depth {
        Depth::Shallow => shallow,
        Depth::Jobs(jobs) => jobs.max(shallow),
    };
    let (job_sender, job_receiver) = sync_channel::<Assigned<W::Done>>(shallow);
    let job_receiver = Arc::new(Mutex::new(job_receiver));
    for _ in 0..workers {
        let (jobs, what) = (Arc::clone(&job_receiver), Arc::clone(what));
        spawn("verify", move || work(&jobs, &*what))?;
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
type Assigned<D> = (Job, SyncSender<D>);

fn spawn(name: &str, work: impl FnOnce() + Send + 'static) -> Result<(), Failure> {
    let spawned = thread::Builder::new().name(name.to_owned()).spawn(work);
    spawned.map(|_| ()).map_err(|_| Failure::System("cannot start a thread"))
}

fn work<W: Work>(jobs: &Mutex<Receiver<Assigned<W::Done>>>, what: &W) {
    let mut buffer = Vec::new();
    loop {
        // The lock is held while waiting, and by one worker at a time; the others wait for it.
        let next = jobs.lock().ok().and_then(|jobs| jobs.recv().ok());
        let Some((job, result)) = next else { return };
        if result.send(what.work(job, &mut buffer)).is_err() {
            return;
        }
    }
}

struct Reader<D> {
    format: Option<WholeFormat>,
    items: SyncSender<Item<D>>,
    jobs: SyncSender<Assigned<D>>,
}

/// The caller, or the workers, have gone.
struct Gone;

impl<T> From<SendError<T>> for Gone {
    fn from(_: SendError<T>) -> Self {
        Self
    }
}

impl<D> Reader<D> {
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

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
use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::thread;

use crate::chunks::{Chunks, Run};
use crate::export;
use crate::failure::Failure;
use crate::input::{Source, WholeFormat, read_whole};
use crate::keyfile;
use crate::refusal::Refusal;

/// What a worker takes at once.
#[derive(Debug)]
pub(crate) enum Job {
    /// Lines of an input, in which there is a private key, or none was looked for or found.
    Lines { source: Arc<Source>, run: Run, is_secret: bool },
    /// An input that is one envelope.
    Whole { source: Arc<Source>, bytes: Result<Vec<u8>, Refusal>, consumed: u64 },
}

impl Job {
    /// Bytes that it holds.
    fn bytes(&self) -> usize {
        match self {
            Self::Lines { run, .. } => run.text.len(),
            Self::Whole { bytes, .. } => bytes.as_ref().map_or(0, Vec::len),
        }
    }
}

/// What is read.
pub(crate) enum Input {
    /// These, one after the other: one envelope each, in this format, or lines of them without one.
    Envelopes(Vec<Source>, Option<WholeFormat>),
    /// The lines of one that is open, of which so many were read already.
    Lines { source: Source, opened: Box<dyn Read + Send>, read: u64, max_line: usize },
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
    Pending(Pending<D>),
    /// An input that could not be read, or not to its end.
    Trouble(Failure),
}

/// A result that is being worked on.
pub(crate) struct Pending<D> {
    result: Receiver<D>,
    _held: Held,
}

impl<D> Pending<D> {
    /// Waits for it.
    pub(crate) fn wait(self) -> Result<D, Failure> {
        self.result.recv().map_err(|_| Failure::System("a worker has gone"))
    }
}

/// The bytes of the input that are in flight, so that many long lines are no more than many short ones.
#[derive(Default)]
struct Budget {
    bytes: Mutex<usize>,
    less: Condvar,
}

impl Budget {
    /// Waits until there is room, or nothing else is in flight.
    fn take(self: &Arc<Self>, bytes: usize) -> Held {
        let is_full = |held: &mut usize| *held > 0 && held.saturating_add(bytes) > MAX_IN_FLIGHT;
        let held = self.bytes.lock().unwrap_or_else(PoisonError::into_inner);
        let mut held = self.less.wait_while(held, is_full).unwrap_or_else(PoisonError::into_inner);
        *held = held.saturating_add(bytes);
        Held { budget: Arc::clone(self), bytes }
    }
}

/// A part of the budget; dropped, it is free again.
struct Held {
    budget: Arc<Budget>,
    bytes: usize,
}

impl Drop for Held {
    fn drop(&mut self) {
        let mut held = self.budget.bytes.lock().unwrap_or_else(PoisonError::into_inner);
        *held = held.saturating_sub(self.bytes);
        self.budget.less.notify_one();
    }
}

/// Bytes of the input in flight, at most, unless it is one line.
const MAX_IN_FLIGHT: usize = 32 << 20;

/// How many jobs may be in flight, so that no worker runs dry and nothing piles up.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Depth {
    /// One job in work and one waiting for each worker: whoever takes the results is quick.
    Shallow,
    /// So many: whoever takes the results does something else meanwhile.
    Jobs(usize),
}

/// Starts the threads.
pub(crate) fn start<W: Work>(
    input: Input,
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
    let mut reader = Reader { items: item_sender, jobs: job_sender, budget: Arc::default() };
    spawn("read", move || {
        // An error says that the caller has gone: nobody is interested in the rest.
        let _ = reader.input(input);
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
    budget: Arc<Budget>,
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
    fn input(&mut self, input: Input) -> Result<(), Gone> {
        match input {
            Input::Envelopes(sources, format) => {
                sources.into_iter().try_for_each(|source| self.envelopes(&Arc::new(source), format))
            }
            Input::Lines { source, opened, read, max_line } => {
                let chunks = Chunks::of_lines_up_to(max_line, opened).behind(read);
                self.lines(&Arc::new(source), chunks, false)
            }
        }
    }

    fn envelopes(&mut self, source: &Arc<Source>, format: Option<WholeFormat>) -> Result<(), Gone> {
        let mut input = match source.open() {
            Ok(input) => input,
            Err(failure) => return self.trouble(failure),
        };
        let Some(format) = format else {
            // Whatever comes first: nobody waits for more of a line than there is.
            let mut front = vec![0; export::HEAD];
            let read = match input.read(&mut front) {
                Ok(read) => read,
                Err(error) => return self.trouble(source.unreadable(error)),
            };
            front.truncate(read);
            if export::is_one(&front) {
                return self.trouble(export::refusal(source));
            }
            return self.lines(source, Chunks::new(Cursor::new(front).chain(input)), false);
        };
        let whole = match read_whole(&mut input) {
            Ok(whole) => whole,
            Err(error) => return self.trouble(source.unreadable(error)),
        };
        if export::is_one(&whole.bytes) {
            return self.trouble(export::refusal(source));
        }
        let consumed = u64::try_from(whole.bytes.len()).unwrap_or(u64::MAX);
        let is_secret = keyfile::private_key_in(&whole.bytes).is_some();
        if format == WholeFormat::Auto && whole.is_list() {
            let chunks = Chunks::new(Cursor::new(whole.bytes).chain(input));
            return self.lines(source, chunks, is_secret);
        }
        let bytes = match is_secret {
            true => Err(Refusal::PrivateKey),
            false => whole.decode(format).map(|(bytes, _)| bytes),
        };
        self.assign(Job::Whole { source: Arc::clone(source), bytes, consumed })
    }

    /// Each line is judged, for one that is a key must not keep the others from it; but with
    /// `is_secret`, a refusal tells nothing of the line.
    fn lines(
        &mut self,
        source: &Arc<Source>,
        mut chunks: Chunks<impl Read>,
        is_secret: bool,
    ) -> Result<(), Gone> {
        loop {
            match chunks.next_run() {
                Ok(Some(run)) => {
                    self.assign(Job::Lines { source: Arc::clone(source), run, is_secret })?;
                }
                Ok(None) => return Ok(()),
                Err(error) => return self.trouble(source.unreadable(error)),
            }
        }
    }

    fn assign(&mut self, job: Job) -> Result<(), Gone> {
        let (sender, result) = sync_channel(1);
        let _held = self.budget.take(job.bytes());
        // In this order: the queue of results is what holds the reader back.
        self.items.send(Item::Pending(Pending { result, _held }))?;
        Ok(self.jobs.send((job, sender))?)
    }

    fn trouble(&mut self, failure: Failure) -> Result<(), Gone> {
        Ok(self.items.send(Item::Trouble(failure))?)
    }
}

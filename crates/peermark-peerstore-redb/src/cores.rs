//! Work on many rows at once, on all cores.

use std::num::NonZeroUsize;
use std::thread;

/// Items below which one thread is faster.
const FEW: usize = 64;

/// Calls `work` for each item, and returns the results in their order.
pub(crate) fn on_all_cores<T: Sync, R: Send>(items: &[T], work: impl Fn(&T) -> R + Sync) -> Vec<R> {
    let cores = thread::available_parallelism().map_or(1, NonZeroUsize::get);
    if cores == 1 || items.len() < FEW {
        return items.iter().map(work).collect();
    }
    let part = items.len().div_ceil(cores).max(1);
    let work = &work;
    thread::scope(|scope| {
        let parts = items.chunks(part);
        let threads: Vec<_> =
            parts.map(|part| scope.spawn(|| part.iter().map(work).collect::<Vec<_>>())).collect();
        threads
            .into_iter()
            .flat_map(|thread| {
                thread.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic))
            })
            .collect()
    })
}

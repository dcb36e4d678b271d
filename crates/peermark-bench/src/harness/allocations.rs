//! Counting allocations, on this thread alone.
//!
//! The counting allocator is the one of the whole program: linking it is what puts it there.

/// What an operation asked of the allocator.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Allocations {
    pub(crate) count: u64,
    pub(crate) bytes: u64,
}

/// Counts the allocations of `operation`, the drop of its result included.
pub(crate) fn allocations<R>(operation: impl FnOnce() -> R) -> Allocations {
    let counted = allocation_counter::measure(|| {
        std::hint::black_box(operation());
    });
    Allocations { count: counted.count_total, bytes: counted.bytes_total }
}

/// What `make` makes, and how many bytes of it, and of whatever else it left, are still allocated:
/// as they were asked for, without what the allocator itself adds.
pub(crate) fn live_bytes<R>(make: impl FnOnce() -> R) -> (Option<R>, u64) {
    let mut made = None;
    let counted = allocation_counter::measure(|| made = Some(make()));
    (made, counted.bytes_current.try_into().unwrap_or(0))
}

/// Runs `work` without counting.
pub(crate) fn uncounted<R>(work: impl FnOnce() -> R) -> Option<R> {
    let mut result = None;
    allocation_counter::opt_out(|| result = Some(work()));
    result
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counts_allocations_and_their_bytes() {
        let check = |operation: &dyn Fn() -> Vec<Vec<u8>>, count, bytes| {
            assert_eq!(allocations(operation), Allocations { count, bytes });
        };
        let vec = size_of::<Vec<u8>>() as u64;
        check(&Vec::new, 0, 0);
        check(&|| Vec::with_capacity(2), 1, 2 * vec);
        check(&|| vec![Vec::with_capacity(100), Vec::new()], 2, 2 * vec + 100);
    }

    #[test]
    fn what_was_freed_does_not_live() {
        let (made, live) = live_bytes(|| {
            drop(vec![0u8; 1000]);
            let spare = uncounted(|| vec![0u8; 500]);
            (vec![0u8; 70], spare)
        });
        assert_eq!((made.is_some(), live), (true, 70));
    }
}

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
}

//! Different places on the stack.
//!
//! Where a process has its stack is left to chance by the system, and in one process out of some
//! twenty it is a place where a contender's buffers get in each other's way: it is then 5 to 15 %
//! slower until the process ends. Moving from round to round, each contender meets the bad places
//! now and then, and no median hangs on the luck of one process.

use std::hint::black_box;

/// Depths below this one reach over more than a page: what collides does so modulo its size.
pub(super) const MAX_DEPTH: usize = 96;

/// Runs `work` once, with `depth` frames in between.
#[inline(never)]
pub(super) fn at_depth(depth: usize, work: &mut dyn FnMut()) {
    let frame = black_box([0u8; 40]);
    match depth.checked_sub(1) {
        Some(less) => at_depth(less, work),
        None => work(),
    }
    // Used behind the call, so that the frame stays during it.
    black_box(&frame);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn depths_are_places_all_over_a_page() {
        let place = |depth| {
            let mut place = 0;
            at_depth(depth, &mut || {
                let here = 0u8;
                place = std::ptr::from_ref(black_box(&here)).addr();
            });
            place
        };
        let places: Vec<_> = (0..MAX_DEPTH).map(place).collect();
        let step = places[0].abs_diff(places[1]);
        assert!(step % 64 != 0, "{step}: always the same place of a cache line");
        assert!(places[0].abs_diff(places[MAX_DEPTH - 1]) > 4096, "{step} is too small a step");
    }
}

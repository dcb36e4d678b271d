//! Medians, minima and the order of rounds.

/// The median: of an even number of samples, the mean of the two in the middle. `None` without
/// samples.
pub(super) fn median(samples: &mut [f64]) -> Option<f64> {
    samples.sort_by(f64::total_cmp);
    let upper = *samples.get(samples.len() / 2)?;
    if samples.len() % 2 == 1 {
        return Some(upper);
    }
    let lower = *samples.get(samples.len() / 2 - 1)?;
    Some(f64::midpoint(lower, upper))
}

/// The smallest sample. `None` without samples.
pub(super) fn min(samples: &[f64]) -> Option<f64> {
    samples.iter().copied().min_by(f64::total_cmp)
}

/// Numbers that look random and are the same in every run (xorshift64).
pub(crate) struct Random(u64);

impl Random {
    pub(crate) fn new() -> Self {
        Self(0x9e37_79b9_7f4a_7c15)
    }

    /// A number below `bound`, which is not 0.
    pub(crate) fn below(&mut self, bound: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0 as usize % bound
    }

    pub(crate) fn shuffle<T>(&mut self, items: &mut [T]) {
        for last in (1..items.len()).rev() {
            items.swap(last, self.below(last + 1));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn medians_and_minima() {
        let check = |samples: &[f64], expected_median, expected_min| {
            assert_eq!(median(&mut samples.to_vec()), expected_median, "{samples:?}");
            assert_eq!(min(samples), expected_min, "{samples:?}");
        };
        check(&[], None, None);
        check(&[3.0], Some(3.0), Some(3.0));
        check(&[4.0, 1.0], Some(2.5), Some(1.0));
        check(&[9.0, 1.0, 5.0], Some(5.0), Some(1.0));
        check(&[8.0, 2.0, 100.0, 4.0], Some(6.0), Some(2.0));
    }

    #[test]
    fn shuffling_keeps_the_items_and_changes_the_order() {
        let mut random = Random::new();
        let mut items: Vec<u32> = (0..20).collect();
        let mut orders = std::collections::HashSet::new();
        for _ in 0..10 {
            random.shuffle(&mut items);
            orders.insert(items.clone());
        }
        assert_eq!(orders.len(), 10);
        items.sort_unstable();
        assert_eq!(items, (0..20).collect::<Vec<_>>());
    }
}

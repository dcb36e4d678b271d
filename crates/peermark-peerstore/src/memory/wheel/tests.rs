//! The wheel against a map of times, and what it looks at.

use std::collections::BTreeMap;

use super::*;

/// Times and places by key.
#[derive(Default)]
struct Owner(BTreeMap<u32, (u64, Place)>);

impl Keys for Owner {
    fn due(&self, key: u32) -> Option<u64> {
        self.0.get(&key).map(|(due, _)| *due)
    }

    fn set_place(&mut self, key: u32, place: Place) {
        if let Some((_, at)) = self.0.get_mut(&key) {
            *at = place;
        }
    }
}

fn check(wheel: &Wheel, owner: &Owner) {
    let mut found = 0;
    for (key, place, earliest) in wheel.iter() {
        let (due, at) = owner.0[&key];
        assert_eq!(at, place, "{key}");
        assert!(earliest <= due, "{key}");
        found += 1;
    }
    assert_eq!(found, owner.0.len());
    assert_eq!(wheel.len(), found);
    let next = owner.0.values().map(|(due, _)| *due).min();
    assert!(wheel.next().unwrap_or(u64::MAX) <= next.unwrap_or(u64::MAX));
    assert_eq!(wheel.next().is_none(), next.is_none());
}

fn random(state: &mut u64) -> u64 {
    *state ^= *state << 13;
    *state ^= *state >> 7;
    *state ^= *state << 17;
    *state
}

#[test]
fn s6_what_is_due_comes_out_and_nothing_else() {
    for (start, seed) in [(0u64, 3u64), (1 << 60, 5), (u64::MAX - (1 << 50), 9)] {
        let (mut wheel, mut owner) = (Wheel::default(), Owner::default());
        let (mut now, mut state) = (start, seed);
        for key in 0..20_000 {
            match random(&mut state) % 4 {
                0 | 1 => {
                    let ahead = random(&mut state) >> (random(&mut state) % 64);
                    let due = now.saturating_add(ahead);
                    owner.0.insert(key, (due, Place::NOWHERE));
                    wheel.insert(key, due, now, &mut owner);
                }
                2 => {
                    let nth = random(&mut state) as usize % owner.0.len().max(1);
                    if let Some((&key, &(_, place))) = owner.0.iter().nth(nth) {
                        owner.0.remove(&key);
                        wheel.remove(place, |key, place| owner.set_place(key, place));
                    }
                }
                _ => {
                    now = now.saturating_add(random(&mut state) >> (20 + state % 44));
                    let mut budget = random(&mut state) as usize % 100;
                    while let Some(key) = wheel.pop(now, &mut budget, &mut owner) {
                        let (due, _) = owner.0.remove(&key).unwrap();
                        assert!(due <= now);
                    }
                    if budget > 0 {
                        assert!(owner.0.values().all(|(due, _)| *due > now));
                    }
                }
            }
            if key % 16 == 0 {
                check(&wheel, &owner);
            }
        }
        let mut budget = usize::MAX;
        while let Some(key) = wheel.pop(u64::MAX, &mut budget, &mut owner) {
            owner.0.remove(&key);
        }
        assert!(owner.0.is_empty(), "start {start}: {} left", owner.0.len());
        assert!(wheel.buckets.iter().all(|bucket| bucket.keys.capacity() == 0));
    }
}

#[test]
fn s6_each_key_is_looked_at_a_few_times_in_all() {
    let (mut wheel, mut owner) = (Wheel::default(), Owner::default());
    let (start, hour) = (1_700_000_000_000_000_000u64, 3_600_000_000_000u64);
    for key in 0..10_000 {
        let due = start + hour + u64::from(key) * 360_000_000;
        owner.0.insert(key, (due, Place::NOWHERE));
        wheel.insert(key, due, start, &mut owner);
    }
    let (mut looked, mut out) = (0, 0);
    for second in 0..7_300 {
        let mut budget = usize::MAX;
        while wheel.pop(start + second * 1_000_000_000, &mut budget, &mut owner).is_some() {
            out += 1;
        }
        looked += usize::MAX - budget;
    }
    assert_eq!(out, 10_000);
    assert!(looked < 10_000 * LEVELS, "{looked}");
}

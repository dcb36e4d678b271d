//! The index against a map.

use std::collections::BTreeMap;

use super::*;

#[test]
fn s13_keys_are_found_by_hash_whatever_comes_and_goes() {
    // Few hashes: many keys collide, in all bits.
    for hashes in [1u32 << 5, u32::MAX] {
        let (mut index, mut model) = (Index::default(), BTreeMap::new());
        let mut state = 7u32;
        let mut random = || {
            state ^= state << 13;
            state ^= state >> 17;
            state ^= state << 5;
            state
        };
        for round in 0..30_000 {
            let key = random() % if round % 3000 < 2000 { 400 } else { 9 };
            let hash = random() % hashes;
            match model.get(&key).copied() {
                Some(hash) => {
                    index.remove(hash, key);
                    model.remove(&key);
                }
                None => {
                    model.insert(key, hash);
                    index.insert(hash, key, |key| model[&key]);
                }
            }
            if round % 100 == 0 {
                index.shrink(|key| model[&key]);
            }
            assert_eq!(index.len(), model.len());
            let found = index.find(hash, |other| other == key);
            assert_eq!(found, model.get(&key).filter(|is| **is == hash).map(|_| key));
        }
        for (key, hash) in &model {
            assert_eq!(index.find(*hash, |other| other == *key), Some(*key));
        }
    }
}

#[test]
fn s13_a_key_of_any_size_fits() {
    let mut index = Index::default();
    let keys = [0u32, 6, 250, 70_000, 1 << 24, 1 << 30];
    for key in keys {
        index.insert(key.wrapping_mul(77), key, |key| key.wrapping_mul(77));
    }
    for key in keys {
        assert_eq!(index.find(key.wrapping_mul(77), |other| other == key), Some(key));
        index.remove(key.wrapping_mul(77), key);
        assert_eq!(index.find(key.wrapping_mul(77), |other| other == key), None);
    }
    assert_eq!(index.len(), 0);
}

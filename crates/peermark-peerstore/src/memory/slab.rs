//! Values in chunks, under keys that stay.
//!
//! A chunk of 256 values is one allocation that never moves: growing costs no copy, and a chunk
//! whose last value went is given back. Beside each value stands what is looked at without
//! touching it: its hash, its tag for choosing victims, its place in the wheel. Where the values of
//! the chunks are is kept apart from where that is: it is few bytes, which stay in the caches.

use super::wheel::Place;

/// Values in a chunk.
const CHUNK: usize = 256;

/// The tag of a free place; no value has it.
const FREE: u32 = 0;

/// Values under keys.
#[derive(Debug)]
pub(super) struct Slab<T> {
    /// By chunk.
    values: Vec<Vec<Option<T>>>,
    chunks: Vec<Chunk>,
    /// Chunks with room that is not at their end, or that are given back.
    roomy: Vec<u32>,
    len: usize,
}

/// What stands beside the values of a chunk.
#[derive(Debug, Default)]
struct Chunk {
    hashes: Vec<u32>,
    tags: Vec<u32>,
    slots: Vec<u32>,
    buckets: Vec<u16>,
    /// Places that are free.
    free: Vec<u8>,
    is_roomy: bool,
}

impl<T> Default for Slab<T> {
    fn default() -> Self {
        Self { values: Vec::new(), chunks: Vec::new(), roomy: Vec::new(), len: 0 }
    }
}

impl Chunk {
    fn new() -> Self {
        Self {
            hashes: Vec::with_capacity(CHUNK),
            tags: Vec::with_capacity(CHUNK),
            slots: Vec::with_capacity(CHUNK),
            buckets: Vec::with_capacity(CHUNK),
            free: Vec::new(),
            is_roomy: false,
        }
    }

    fn live(&self) -> usize {
        self.tags.len().saturating_sub(self.free.len())
    }

    /// Takes a place, if there is one.
    fn place(&mut self, hash: u32, tag: u32) -> Option<usize> {
        if let Some(at) = self.free.pop().map(usize::from) {
            set(&mut self.hashes, at, hash);
            set(&mut self.tags, at, tag);
            return Some(at);
        }
        let at = self.tags.len();
        if at >= CHUNK {
            return None;
        }
        if self.tags.capacity() == 0 {
            *self = Self { is_roomy: self.is_roomy, ..Self::new() };
        }
        self.hashes.push(hash);
        self.tags.push(tag);
        self.slots.push(0);
        self.buckets.push(Place::NOWHERE.bucket);
        Some(at)
    }
}

fn set<V>(values: &mut [V], at: usize, value: V) {
    if let Some(slot) = values.get_mut(at) {
        *slot = value;
    }
}

fn split(key: u32) -> (usize, usize) {
    let key = usize::try_from(key).unwrap_or(usize::MAX);
    (key / CHUNK, key % CHUNK)
}

fn join(chunk: usize, at: usize) -> u32 {
    u32::try_from(chunk.saturating_mul(CHUNK).saturating_add(at)).unwrap_or(u32::MAX)
}

impl<T> Slab<T> {
    /// How many values there are.
    pub(super) fn len(&self) -> usize {
        self.len
    }

    /// Puts a value in, and answers its key.
    pub(super) fn insert(&mut self, value: T, hash: u32, tag: u32) -> u32 {
        self.len = self.len.saturating_add(1);
        let (index, at) = self.place_for(hash, tag);
        if let Some(values) = self.values.get_mut(index) {
            if at < values.len() {
                set(values, at, Some(value));
            } else {
                // One that is new or was given back has no room yet.
                values.reserve_exact(CHUNK.saturating_sub(values.len()));
                values.push(Some(value));
            }
        }
        join(index, at)
    }

    /// A free place: where one became free, or behind all others.
    fn place_for(&mut self, hash: u32, tag: u32) -> (usize, usize) {
        while let Some(&number) = self.roomy.last() {
            let index = usize::try_from(number).unwrap_or(usize::MAX);
            if let Some(chunk) = self.chunks.get_mut(index) {
                if let Some(at) = chunk.place(hash, tag) {
                    return (index, at);
                }
                chunk.is_roomy = false;
            }
            self.roomy.pop();
        }
        let last = self.chunks.len().saturating_sub(1);
        if let Some(at) = self.chunks.get_mut(last).and_then(|chunk| chunk.place(hash, tag)) {
            return (last, at);
        }
        let mut chunk = Chunk::new();
        let at = chunk.place(hash, tag).unwrap_or(0);
        self.chunks.push(chunk);
        self.values.push(Vec::new());
        (self.chunks.len().saturating_sub(1), at)
    }

    /// Takes a value out.
    pub(super) fn remove(&mut self, key: u32) -> Option<T> {
        let (index, at) = split(key);
        let values = self.values.get_mut(index)?;
        let chunk = self.chunks.get_mut(index)?;
        let value = values.get_mut(at)?.take()?;
        self.len = self.len.saturating_sub(1);
        set(&mut chunk.tags, at, FREE);
        chunk.free.push(u8::try_from(at).unwrap_or(0));
        let was_roomy = chunk.is_roomy;
        if chunk.live() == 0 {
            *chunk = Chunk::default();
            *values = Vec::new();
        }
        chunk.is_roomy = true;
        if !was_roomy {
            self.roomy.push(u32::try_from(index).unwrap_or(u32::MAX));
        }
        if self.len == 0 {
            *self = Self::default();
        }
        Some(value)
    }

    pub(super) fn get(&self, key: u32) -> Option<&T> {
        let (index, at) = split(key);
        self.values.get(index)?.get(at)?.as_ref()
    }

    pub(super) fn get_mut(&mut self, key: u32) -> Option<&mut T> {
        let (index, at) = split(key);
        self.values.get_mut(index)?.get_mut(at)?.as_mut()
    }

    pub(super) fn hash(&self, key: u32) -> u32 {
        let (index, at) = split(key);
        self.chunks.get(index).and_then(|chunk| chunk.hashes.get(at)).copied().unwrap_or(0)
    }

    pub(super) fn tag(&self, key: u32) -> u32 {
        let (index, at) = split(key);
        self.chunks.get(index).and_then(|chunk| chunk.tags.get(at)).copied().unwrap_or(0)
    }

    pub(super) fn set_tag(&mut self, key: u32, tag: u32) {
        let (index, at) = split(key);
        if let Some(chunk) = self.chunks.get_mut(index) {
            set(&mut chunk.tags, at, tag);
        }
    }

    pub(super) fn place(&self, key: u32) -> Place {
        let (index, at) = split(key);
        let place = self.chunks.get(index).and_then(|chunk| {
            Some(Place { slot: *chunk.slots.get(at)?, bucket: *chunk.buckets.get(at)? })
        });
        place.unwrap_or(Place::NOWHERE)
    }

    pub(super) fn set_place(&mut self, key: u32, place: Place) {
        let (index, at) = split(key);
        if let Some(chunk) = self.chunks.get_mut(index) {
            set(&mut chunk.slots, at, place.slot);
            set(&mut chunk.buckets, at, place.bucket);
        }
    }

    /// All values.
    pub(super) fn iter(&self) -> impl Iterator<Item = (u32, &T)> {
        self.values.iter().enumerate().flat_map(|(index, values)| {
            let values = values.iter().enumerate();
            values.filter_map(move |(at, value)| Some((join(index, at), value.as_ref()?)))
        })
    }

    /// The key of the value whose tag ranks lowest, and among equals whose hash does. `rank` is
    /// asked for each, and says `None` for what is not to be chosen. Values are not touched.
    pub(super) fn lowest(&self, mut rank: impl FnMut(u32, u32) -> Option<u32>) -> Option<u32> {
        let mut lowest: Option<(u32, u32, u32)> = None;
        for (index, chunk) in self.chunks.iter().enumerate() {
            for (at, (tag, hash)) in chunk.tags.iter().zip(&chunk.hashes).enumerate() {
                if *tag == FREE {
                    continue;
                }
                let key = join(index, at);
                if let Some(ranked) = rank(key, *tag) {
                    let candidate = (ranked, *hash, key);
                    if lowest.is_none_or(|lowest| candidate < lowest) {
                        lowest = Some(candidate);
                    }
                }
            }
        }
        lowest.map(|(_, _, key)| key)
    }
}

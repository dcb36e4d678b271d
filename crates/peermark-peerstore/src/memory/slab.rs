//! Values in chunks, under keys that stay.
//!
//! A chunk of 256 values is one allocation that never moves: growing costs no copy, and a chunk
//! whose last value went is given back. Where values go here and there, the last chunk is emptied into
//! the others, value by value. Beside the values stands what is looked at without touching
//! them: hashes, tags for choosing victims, places in the wheel. Where the values of the chunks are
//! is kept apart from where that is: it is few bytes, which stay in the caches.
//!
//! A value is made where it is to stay. Who wants to put one in reserves a place, finds a vacant
//! value there, and fills it or gives the place back. Vacant values are made some ahead of those
//! that are used, so that there is something to [prefetch](Row::prefetch) before it is written: a write to
//! memory that is not in the caches waits for each line of it, one after the other.

use super::table::Row;
use super::wheel::Place;

/// Values in a chunk.
const CHUNK: usize = 256;
/// Values that are made ahead at one time.
const AHEAD: usize = 8;

/// The tag of a place without a value; no value has it.
const FREE: u32 = 0;

/// Values under keys.
#[derive(Debug)]
pub(super) struct Slab<T> {
    /// By chunk.
    values: Vec<Vec<T>>,
    chunks: Vec<Chunk>,
    /// Chunks with room that is not at their end, or that are given back.
    roomy: Vec<u32>,
    len: usize,
    /// Chunks that are not given back.
    held: usize,
}

/// What stands beside the values of a chunk.
#[derive(Debug, Default)]
struct Chunk {
    marks: Vec<Mark>,
    places: Vec<Place>,
    /// Places that are free.
    free: Vec<u8>,
    is_roomy: bool,
}

/// What a value is found and chosen by.
#[derive(Clone, Copy, Debug, Default)]
struct Mark {
    hash: u32,
    tag: u32,
}

impl<T> Default for Slab<T> {
    fn default() -> Self {
        Self { values: Vec::new(), chunks: Vec::new(), roomy: Vec::new(), len: 0, held: 0 }
    }
}

impl Chunk {
    fn new() -> Self {
        Self {
            marks: Vec::with_capacity(CHUNK),
            places: Vec::with_capacity(CHUNK),
            free: Vec::new(),
            is_roomy: false,
        }
    }

    fn live(&self) -> usize {
        self.marks.len().saturating_sub(self.free.len())
    }

    /// Takes a place, if there is one.
    fn place(&mut self) -> Option<usize> {
        if let Some(at) = self.free.pop() {
            return Some(at.into());
        }
        let at = self.marks.len();
        if at >= CHUNK {
            return None;
        }
        if self.marks.capacity() == 0 {
            *self = Self { is_roomy: self.is_roomy, ..Self::new() };
        }
        self.marks.push(Mark::default());
        self.places.push(Place::NOWHERE);
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

impl<T: Row> Slab<T> {
    /// How many values there are.
    pub(super) fn len(&self) -> usize {
        self.len
    }

    /// Prefetches the place that is the next to be reserved, as far as it is made.
    pub(super) fn prefetch_next(&self) {
        if let Some((values, chunk)) = self.values.last().zip(self.chunks.last())
            && let Some(value) = values.get(chunk.marks.len())
        {
            value.prefetch();
        }
    }

    /// Takes a place with a vacant value, and answers its key. It counts as there, but is not met
    /// until it is marked.
    pub(super) fn reserve(&mut self) -> u32 {
        let (index, at) = self.place();
        self.make(index, at)
    }

    /// Makes the vacant value of a place that was taken, and answers its key.
    fn make(&mut self, index: usize, at: usize) -> u32 {
        self.len = self.len.saturating_add(1);
        if let Some(values) = self.values.get_mut(index)
            && at >= values.len()
        {
            // One that is new or was given back has no room yet.
            self.held = self.held.saturating_add(usize::from(values.capacity() == 0));
            values.reserve_exact(CHUNK.saturating_sub(values.len()));
            let made = at.saturating_add(AHEAD).min(CHUNK);
            values.resize_with(made, T::vacant);
        }
        join(index, at)
    }

    /// Says by what the value of a reserved place is found and chosen.
    pub(super) fn mark(&mut self, key: u32, hash: u32, tag: u32) {
        let (index, at) = split(key);
        if let Some(chunk) = self.chunks.get_mut(index) {
            set(&mut chunk.marks, at, Mark { hash, tag });
        }
    }

    /// A free place: where one became free, or behind all others.
    fn place(&mut self) -> (usize, usize) {
        while let Some(&number) = self.roomy.last() {
            let index = usize::try_from(number).unwrap_or(usize::MAX);
            if let Some(chunk) = self.chunks.get_mut(index) {
                if let Some(at) = chunk.place() {
                    return (index, at);
                }
                chunk.is_roomy = false;
            }
            self.roomy.pop();
        }
        let last = self.chunks.len().saturating_sub(1);
        if let Some(at) = self.chunks.get_mut(last).and_then(Chunk::place) {
            return (last, at);
        }
        let mut chunk = Chunk::new();
        let at = chunk.place().unwrap_or(0);
        self.chunks.push(chunk);
        self.values.push(Vec::new());
        (self.chunks.len().saturating_sub(1), at)
    }

    /// Whether a chunk may go, and leaves free places behind: values come back, too.
    pub(super) fn is_sparse(&self) -> bool {
        let places = self.held.saturating_mul(CHUNK);
        let free = places.saturating_sub(self.len);
        free >= (self.len / 8).saturating_add(const { CHUNK + CHUNK / 4 })
    }

    /// Moves the last value to a free place in front of it, in a chunk that is held, and answers its key
    /// before and after: each owner of a key has to be told.
    pub(super) fn move_last(&mut self) -> Option<(u32, u32)> {
        let last = self.chunks.iter().rposition(|chunk| chunk.live() > 0)?;
        self.chunks.truncate(last.saturating_add(1));
        self.values.truncate(last.saturating_add(1));
        let at = self.chunks.get(last)?.marks.iter().rposition(|mark| mark.tag != FREE)?;
        let mut front = self.chunks.iter_mut().take(last).enumerate();
        let has_room = |chunk: &Chunk| (1..CHUNK).contains(&chunk.live());
        let (index, free) = front
            .find_map(|(index, chunk)| has_room(chunk).then(|| Some((index, chunk.place()?)))?)?;
        let (from, to) = (join(last, at), self.make(index, free));
        let (mark, place) = (self.marks(from), self.place_of(from));
        let value = self.remove(from)?;
        if let Some(vacant) = self.get_mut(to) {
            *vacant = value;
        }
        self.mark(to, mark.hash, mark.tag);
        self.set_place(to, place);
        Some((from, to))
    }

    /// Takes a value out, or gives a place back that was reserved.
    pub(super) fn remove(&mut self, key: u32) -> Option<T> {
        let (index, at) = split(key);
        let values = self.values.get_mut(index)?;
        let chunk = self.chunks.get_mut(index)?;
        let value = core::mem::replace(values.get_mut(at)?, T::vacant());
        self.len = self.len.saturating_sub(1);
        set(&mut chunk.marks, at, Mark::default());
        set(&mut chunk.places, at, Place::NOWHERE);
        chunk.free.push(u8::try_from(at).unwrap_or(0));
        let was_roomy = chunk.is_roomy;
        if chunk.live() == 0 {
            *chunk = Chunk::default();
            *values = Vec::new();
            self.held = self.held.saturating_sub(1);
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
        self.values.get(index)?.get(at)
    }

    pub(super) fn get_mut(&mut self, key: u32) -> Option<&mut T> {
        let (index, at) = split(key);
        self.values.get_mut(index)?.get_mut(at)
    }

    pub(super) fn hash(&self, key: u32) -> u32 {
        self.marks(key).hash
    }

    pub(super) fn tag(&self, key: u32) -> u32 {
        self.marks(key).tag
    }

    fn marks(&self, key: u32) -> Mark {
        let (index, at) = split(key);
        let mark = self.chunks.get(index).and_then(|chunk| chunk.marks.get(at));
        mark.copied().unwrap_or_default()
    }

    pub(super) fn set_tag(&mut self, key: u32, tag: u32) {
        let (index, at) = split(key);
        let mark = self.chunks.get_mut(index).and_then(|chunk| chunk.marks.get_mut(at));
        if let Some(mark) = mark {
            mark.tag = tag;
        }
    }

    pub(super) fn place_of(&self, key: u32) -> Place {
        let (index, at) = split(key);
        let place = self.chunks.get(index).and_then(|chunk| chunk.places.get(at));
        place.copied().unwrap_or(Place::NOWHERE)
    }

    pub(super) fn set_place(&mut self, key: u32, place: Place) {
        let (index, at) = split(key);
        if let Some(chunk) = self.chunks.get_mut(index) {
            set(&mut chunk.places, at, place);
        }
    }

    /// All values.
    pub(super) fn iter(&self) -> impl Iterator<Item = (u32, &T)> {
        let chunks = self.chunks.iter().zip(&self.values).enumerate();
        chunks.flat_map(|(index, (chunk, values))| {
            let marked = chunk.marks.iter().zip(values).enumerate();
            let marked = marked.filter(|(_, (mark, _))| mark.tag != FREE);
            marked.map(move |(at, (_, value))| (join(index, at), value))
        })
    }

    /// The key of the value whose tag ranks lowest, and among equals whose hash does. `rank` is
    /// asked for each, and says `None` for what is not to be chosen. Values are not touched.
    pub(super) fn lowest(&self, mut rank: impl FnMut(u32, u32) -> Option<u32>) -> Option<u32> {
        let mut lowest: Option<(u32, u32, u32)> = None;
        for (index, chunk) in self.chunks.iter().enumerate() {
            for (at, mark) in chunk.marks.iter().enumerate() {
                if mark.tag == FREE {
                    continue;
                }
                let key = join(index, at);
                if let Some(ranked) = rank(key, mark.tag) {
                    let candidate = (ranked, mark.hash, key);
                    if lowest.is_none_or(|lowest| candidate < lowest) {
                        lowest = Some(candidate);
                    }
                }
            }
        }
        lowest.map(|(_, _, key)| key)
    }
}

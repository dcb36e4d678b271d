//! Values by number; the numbers of those that are removed are used again.

/// Values by number.
#[derive(Debug)]
pub(crate) struct Slab<T> {
    values: Vec<Option<T>>,
    free: Vec<u32>,
}

impl<T> Default for Slab<T> {
    fn default() -> Self {
        Self { values: Vec::new(), free: Vec::new() }
    }
}

impl<T> Slab<T> {
    /// Adds a value and returns its number.
    pub(crate) fn insert(&mut self, value: T) -> u32 {
        if let Some(key) = self.free.pop()
            && let Some(slot) = self.values.get_mut(index(key))
        {
            *slot = Some(value);
            return key;
        }
        // Memory ends long before the numbers do.
        let key = u32::try_from(self.values.len()).unwrap_or(u32::MAX);
        self.values.push(Some(value));
        key
    }

    pub(crate) fn remove(&mut self, key: u32) -> Option<T> {
        let removed = self.values.get_mut(index(key))?.take()?;
        self.free.push(key);
        Some(removed)
    }

    pub(crate) fn get(&self, key: u32) -> Option<&T> {
        self.values.get(index(key))?.as_ref()
    }

    pub(crate) fn get_mut(&mut self, key: u32) -> Option<&mut T> {
        self.values.get_mut(index(key))?.as_mut()
    }

    pub(crate) fn len(&self) -> usize {
        self.values.len().saturating_sub(self.free.len())
    }

    /// The values with their numbers, in the order of the numbers.
    pub(crate) fn iter(&self) -> impl Iterator<Item = (u32, &T)> {
        let numbered = (0u32..).zip(&self.values);
        numbered.filter_map(|(key, value)| Some((key, value.as_ref()?)))
    }

    pub(crate) fn values_mut(&mut self) -> impl Iterator<Item = &mut T> {
        self.values.iter_mut().flatten()
    }
}

fn index(key: u32) -> usize {
    usize::try_from(key).unwrap_or(usize::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_used_again() {
        let mut slab = Slab::default();
        let (a, b) = (slab.insert("a"), slab.insert("b"));
        assert_eq!((slab.remove(a), slab.remove(a), slab.len()), (Some("a"), None, 1));
        assert_eq!(slab.insert("c"), a);
        assert_eq!(slab.iter().collect::<Vec<_>>(), [(a, &"c"), (b, &"b")]);
        assert_eq!((slab.get(9), slab.len()), (None, 2));
    }
}

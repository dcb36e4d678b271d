//! Who waits for what, in the order in which they came, each once.

use std::collections::BTreeMap;

use crate::action::RequestId;

/// Requests in the order in which they came.
#[derive(Debug, Default)]
pub(crate) struct Queue {
    by_turn: BTreeMap<u64, RequestId>,
    turns: BTreeMap<RequestId, u64>,
    next: u64,
}

impl Queue {
    /// Lines up, unless it stands in line already.
    pub(crate) fn push(&mut self, id: RequestId) {
        if !self.turns.contains_key(&id) {
            self.next = self.next.saturating_add(1);
            self.turns.insert(id, self.next);
            self.by_turn.insert(self.next, id);
        }
    }

    /// The first leaves the line.
    pub(crate) fn pop(&mut self) -> Option<RequestId> {
        let (_, id) = self.by_turn.pop_first()?;
        self.turns.remove(&id);
        Some(id)
    }

    /// It leaves the line, wherever it stands.
    pub(crate) fn remove(&mut self, id: RequestId) {
        if let Some(turn) = self.turns.remove(&id) {
            self.by_turn.remove(&turn);
        }
    }

    pub(crate) fn len(&self) -> usize {
        self.turns.len()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_stands_in_line_once_and_in_order() {
        let mut queue = Queue::default();
        for id in [3, 1, 2, 1, 3] {
            queue.push(RequestId(id));
        }
        queue.remove(RequestId(1));
        queue.remove(RequestId(9));
        queue.push(RequestId(1));
        assert_eq!(queue.len(), 3);
        let order: Vec<_> = std::iter::from_fn(|| queue.pop()).map(|id| id.0).collect();
        assert_eq!(order, [3, 2, 1]);
        assert_eq!(queue.len(), 0);
    }
}

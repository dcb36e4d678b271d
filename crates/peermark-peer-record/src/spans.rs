//! Where the addresses of a record are in its envelope.

use core::ops::Range;

use crate::skipped::MAX_ADDRESSES;

/// Records of at most this many addresses need no allocation for them.
const INLINE: usize = 8;

/// One range of the envelope. An envelope has at most 64 KiB and an address at most 512 bytes and
/// at least one, so that a start always fits.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Span {
    start: u16,
    len: u16,
}

impl Span {
    fn range(self) -> Range<usize> {
        let start = usize::from(self.start);
        start..start.saturating_add(usize::from(self.len))
    }
}

/// A list of ranges, inline while it is short.
#[derive(Clone, Debug)]
pub(crate) enum Spans {
    Inline { spans: [Span; INLINE], len: u8 },
    Heap(Vec<Span>),
}

impl Spans {
    /// An empty list with room for `count` ranges.
    pub(crate) fn with_capacity(count: usize) -> Self {
        if count <= INLINE {
            Self::Inline { spans: [Span::default(); INLINE], len: 0 }
        } else {
            Self::Heap(Vec::with_capacity(count.min(MAX_ADDRESSES)))
        }
    }

    /// Appends a range; `None` when it lies beyond the largest envelope.
    pub(crate) fn push(&mut self, start: usize, len: usize) -> Option<()> {
        let span = Span { start: start.try_into().ok()?, len: len.try_into().ok()? };
        match self {
            Self::Inline { spans, len } => match spans.get_mut(usize::from(*len)) {
                Some(free) => {
                    *free = span;
                    *len = len.saturating_add(1);
                }
                None => {
                    let mut longer = spans.to_vec();
                    longer.push(span);
                    *self = Self::Heap(longer);
                }
            },
            Self::Heap(spans) => spans.push(span),
        }
        Some(())
    }

    fn as_slice(&self) -> &[Span] {
        match self {
            Self::Inline { spans, len } => spans.get(..usize::from(*len)).unwrap_or_default(),
            Self::Heap(spans) => spans,
        }
    }

    /// The ranges, in order.
    pub(crate) fn iter(&self) -> impl ExactSizeIterator<Item = Range<usize>> + Clone {
        self.as_slice().iter().map(|span| span.range())
    }

    /// Keeps the first of ranges that hold the same of `bytes`; the order stays.
    ///
    /// A few are compared with each other, many are sorted: 256 of them take some 2,000
    /// comparisons, whoever chose them.
    pub(crate) fn remove_duplicates(&mut self, bytes: &[u8]) {
        let part = |span: &Span| bytes.get(span.range()).unwrap_or_default();
        match self {
            Self::Inline { spans, len } => {
                let mut kept = 0usize;
                for index in 0..usize::from(*len) {
                    let Some(&span) = spans.get(index) else { break };
                    let before = spans.get(..kept).unwrap_or_default();
                    if before.iter().any(|earlier| part(earlier) == part(&span)) {
                        continue;
                    }
                    if let Some(slot) = spans.get_mut(kept) {
                        *slot = span;
                    }
                    kept = kept.saturating_add(1);
                }
                *len = u8::try_from(kept).unwrap_or(*len);
            }
            Self::Heap(spans) => {
                // By content, and among equals by place: the first stays in front.
                spans.sort_unstable_by(|a, b| {
                    #[cfg(feature = "steps")]
                    peermark_wire::steps::count(1);
                    part(a).cmp(part(b)).then(a.start.cmp(&b.start))
                });
                spans.dedup_by(|later, first| part(later) == part(first));
                // The places in the envelope are the order of the record.
                spans.sort_unstable_by_key(|span| span.start);
            }
        }
    }
}

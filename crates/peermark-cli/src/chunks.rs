//! A stream of lines in runs of bounded size.
//!
//! A run is what a worker takes at once: large enough to be worth handing over, small enough that
//! what is in flight stays small. A source that delivers slowly, a line now and then, gets its
//! lines through at once: whatever is complete after a read is a run.

use std::io::{self, Read};

use peermark::envelope::Limits;

/// The longest line that is looked at, in bytes: the largest envelope in hex, and as much again
/// for whitespace that somebody left around it.
pub(crate) const MAX_LINE: usize = 4 * Limits::MAX_ENVELOPE_LEN;

/// How much is asked of the source at once.
const BLOCK: usize = 128 * 1024;

/// The most lines in a run. An empty line takes one byte of input, and a hundred of output.
const MAX_LINES: usize = 512;

/// Whole lines of the input, one behind the other.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Run {
    /// Lines with their ends; the very last one of the input may lack it.
    pub(crate) text: Vec<u8>,
    /// The length of one more line behind them that was too long to be kept, without its end.
    pub(crate) overlong: Option<u64>,
    /// How many bytes of the input this is.
    pub(crate) consumed: u64,
    /// The number of its first line, from 1.
    pub(crate) first: u64,
}

impl Run {
    /// The lines, without their ends, and their numbers.
    pub(crate) fn numbered(&self) -> impl Iterator<Item = (u64, &[u8])> {
        (self.first..).zip(self.lines())
    }

    /// The lines, without their ends.
    pub(crate) fn lines(&self) -> impl Iterator<Item = &[u8]> {
        self.text
            .split_inclusive(|byte| *byte == b'\n')
            .map(|line| line.strip_suffix(b"\n").unwrap_or(line))
    }
}

/// Reads lines.
pub(crate) struct Chunks<R> {
    source: R,
    /// The longest line that is kept, give or take a block.
    max_line: usize,
    buffer: Vec<u8>,
    /// Where in `buffer` the unread bytes start.
    start: usize,
    /// The source has said that it ends, or failed.
    ended: bool,
    /// The number of the next line.
    next: u64,
}

impl<R: Read> Chunks<R> {
    /// Lines of envelopes.
    pub(crate) fn new(source: R) -> Self {
        Self::of_lines_up_to(MAX_LINE, source)
    }

    /// Lines of another kind, the longest of which has so many bytes.
    pub(crate) fn of_lines_up_to(max_line: usize, source: R) -> Self {
        Self { source, max_line, buffer: Vec::new(), start: 0, ended: false, next: 1 }
    }

    /// Of an input of which so many lines were read already.
    pub(crate) fn behind(self, lines: u64) -> Self {
        Self { next: lines.saturating_add(1), ..self }
    }

    /// The next run of lines; `None` at the end.
    pub(crate) fn next_run(&mut self) -> io::Result<Option<Run>> {
        loop {
            let unread = self.unread();
            if let Some(len) = whole_lines(unread) {
                return Ok(Some(self.take(len)));
            }
            if unread.len() > self.max_line {
                return self.skip_line().map(Some);
            }
            if self.ended {
                // The last line needs no end to be one.
                let len = unread.len();
                return Ok((len > 0).then(|| self.take(len)));
            }
            self.fill()?;
        }
    }

    fn unread(&self) -> &[u8] {
        self.buffer.get(self.start..).unwrap_or_default()
    }

    fn take(&mut self, len: usize) -> Run {
        let text = self.unread().get(..len).unwrap_or_default().to_vec();
        self.start = self.start.saturating_add(len);
        let first = self.next;
        let ends = text.iter().filter(|byte| **byte == b'\n').count();
        self.next = first.saturating_add(wide(ends));
        Run { consumed: wide(text.len()), text, overlong: None, first }
    }

    /// Reads to the end of a line without keeping it.
    fn skip_line(&mut self) -> io::Result<Run> {
        let mut length = 0u64;
        loop {
            let unread = self.unread();
            let end = unread.iter().position(|byte| *byte == b'\n');
            let len = end.unwrap_or(unread.len());
            length = length.saturating_add(wide(len));
            self.start = self.start.saturating_add(len);
            if end.is_some() {
                self.start = self.start.saturating_add(1);
            }
            if end.is_some() || self.ended {
                let consumed = length.saturating_add(u64::from(end.is_some()));
                let first = self.next;
                self.next = first.saturating_add(1);
                return Ok(Run { text: Vec::new(), overlong: Some(length), consumed, first });
            }
            self.fill()?;
        }
    }

    /// Reads once, whatever the source has to give.
    fn fill(&mut self) -> io::Result<()> {
        self.buffer.drain(..self.start);
        self.start = 0;
        let len = self.buffer.len();
        self.buffer.resize(len.saturating_add(BLOCK), 0);
        let free = self.buffer.get_mut(len..).unwrap_or_default();
        let result = loop {
            match self.source.read(free) {
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                result => break result,
            }
        };
        self.buffer.truncate(len.saturating_add(*result.as_ref().unwrap_or(&0)));
        self.ended = !matches!(result, Ok(1..));
        result.map(|_| ())
    }
}

/// The length of the whole lines in front, at most [`MAX_LINES`] of them.
fn whole_lines(bytes: &[u8]) -> Option<usize> {
    let end = bytes.iter().rposition(|byte| *byte == b'\n')?.saturating_add(1);
    let all = bytes.get(..end).unwrap_or_default();
    // Nearly always there are no more; that is counted faster than it is searched.
    if all.iter().filter(|byte| **byte == b'\n').count() <= MAX_LINES {
        return Some(end);
    }
    let ends = bytes.iter().enumerate().filter(|(_, byte)| **byte == b'\n');
    ends.take(MAX_LINES).last().map(|(at, _)| at.saturating_add(1))
}

fn wide(len: usize) -> u64 {
    u64::try_from(len).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use std::io::{self, Read};

    use super::{Chunks, MAX_LINE, MAX_LINES, wide};

    /// Delivers a few bytes at a time.
    struct Slow<'a>(&'a [u8], usize);

    impl Read for Slow<'_> {
        fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
            let len = self.1.min(out.len()).min(self.0.len());
            let (now, later) = self.0.split_at(len);
            out[..len].copy_from_slice(now);
            self.0 = later;
            Ok(len)
        }
    }

    /// Each line as what it is, or as its length where it was not kept.
    fn lines(input: &[u8], at_once: usize) -> Vec<Result<Vec<u8>, u64>> {
        let mut chunks = Chunks::new(Slow(input, at_once));
        let (mut lines, mut consumed) = (Vec::new(), Vec::new());
        while let Some(run) = chunks.next_run().unwrap() {
            assert!(run.lines().count() <= MAX_LINES);
            lines.extend(run.lines().map(|line| {
                let len = line.len();
                if len > MAX_LINE { Err(wide(len)) } else { Ok(line.to_vec()) }
            }));
            lines.extend(run.overlong.map(Err));
            consumed.push(run.consumed);
        }
        assert_eq!(consumed.iter().sum::<u64>(), wide(input.len()), "every byte is accounted for");
        lines
    }

    #[test]
    fn lines_are_the_same_however_they_arrive() {
        let check = |input: &[u8], expected: &[&[u8]]| {
            for at_once in [1, 2, 3, 5, 1 << 20] {
                let expected: Vec<_> = expected.iter().map(|line| Ok(line.to_vec())).collect();
                assert_eq!(lines(input, at_once), expected, "{input:?} by {at_once}");
            }
        };
        check(b"", &[]);
        check(b"\n", &[b""]);
        check(b"a", &[b"a"]);
        check(b"a\n", &[b"a"]);
        check(b"a\nb", &[b"a", b"b"]);
        check(b"\n\na\r\n\0\n", &[b"", b"", b"a\r", b"\0"]);
    }

    #[test]
    fn a_line_that_is_too_long_is_measured_and_not_kept() {
        let long = vec![b'a'; MAX_LINE + 1];
        for extra in [0, 1, 1_000_000] {
            let long = [&long[..], &vec![b'a'; extra]].concat();
            let input = [b"x\n", &long[..], b"\ny\n", &long].concat();
            let length = wide(long.len());
            let expected = vec![Ok(b"x".to_vec()), Err(length), Ok(b"y".to_vec()), Err(length)];
            for at_once in [1000, 1 << 20] {
                assert_eq!(lines(&input, at_once), expected);
            }
        }
    }

    #[test]
    fn the_longest_line_is_kept() {
        let long = vec![b'a'; MAX_LINE];
        let expected = vec![Ok(long.clone()), Ok(long.clone())];
        assert_eq!(lines(&[&long[..], b"\n", &long].concat(), 1 << 16), expected);
    }

    #[test]
    fn many_short_lines_are_many_runs() {
        let input = vec![b'\n'; 10_000];
        let mut chunks = Chunks::new(&input[..]);
        let runs = std::iter::from_fn(|| chunks.next_run().unwrap());
        let lengths: Vec<_> = runs.map(|run| run.text.len()).collect();
        assert!(lengths.iter().all(|len| *len <= MAX_LINES), "{lengths:?}");
        assert_eq!(lengths.iter().sum::<usize>(), input.len());
    }

    #[test]
    fn lines_before_a_failure_are_delivered() {
        struct Failing;
        impl Read for Failing {
            fn read(&mut self, _: &mut [u8]) -> io::Result<usize> {
                Err(io::ErrorKind::Other.into())
            }
        }
        let mut chunks = Chunks::new(b"a\nb".chain(Failing));
        assert_eq!(chunks.next_run().unwrap().unwrap().text, b"a\n");
        assert!(chunks.next_run().is_err());
    }
}

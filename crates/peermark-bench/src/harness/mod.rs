//! The harness: cases, rounds, and what they measured.
//!
//! A round runs every case once, each over a batch of operations, in an order that changes from
//! round to round and at a place on the stack that does. What disturbs the machine for a while
//! disturbs all cases alike, and the ratio of two medians holds where the medians themselves move.
//!
//! Invariant: nothing here knows what is measured.

mod allocations;
mod clock;
mod machine;
mod options;
mod report;
mod stack;
mod stats;

use std::collections::HashMap;
use std::hint::black_box;
use std::ops::Range;
use std::time::Duration;

use anyhow::{Result, ensure};

pub(crate) use allocations::{Allocations, allocations, live_bytes, uncounted};
pub(crate) use clock::{cpu_time_of, wall_time_of};
pub(crate) use options::Options;
pub(crate) use report::{Format, Report};
pub(crate) use stats::Random;

use report::Measured;

/// What a case is measured in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Unit {
    Nanoseconds,
    Count,
    Bytes,
    PerSecond,
}

/// Cases that are compared with each other, and what they are meant to show.
pub(crate) struct Suite<'a> {
    name: String,
    cases: Vec<Case<'a>>,
    goals: Vec<Goal>,
}

struct Case<'a> {
    /// `<what>/<who>`.
    name: String,
    unit: Unit,
    work: Work<'a>,
}

enum Work<'a> {
    /// Runs the operations with these numbers, and answers how long they took.
    Timed { batch: usize, run: Box<dyn FnMut(Range<usize>) -> Duration + 'a> },
    /// Answers one value for each operation.
    Counted(Box<dyn FnOnce() -> Vec<f64> + 'a>),
}

/// A figure that the project wants to hold, compared by medians.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Goal {
    pub(crate) case: &'static str,
    pub(crate) compared: Compared,
    pub(crate) bound: Bound,
}

/// On which side of a figure a [`Goal`] is.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Bound {
    AtMost(f64),
    AtLeast(f64),
}

/// How the case of a [`Goal`] becomes one figure.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Compared {
    /// As it is.
    Alone,
    /// Divided by another case.
    Over(&'static str),
    /// Less another case.
    Minus(&'static str),
}

impl<'a> Suite<'a> {
    pub(crate) fn new(name: impl Into<String>) -> Self {
        Self { name: name.into(), cases: Vec::new(), goals: Vec::new() }
    }

    /// Adds a case that is timed over `batch` operations in each round. `operation` gets the number
    /// of the operation, which counts on from round to round; its result is dropped inside the
    /// time.
    pub(crate) fn timed<R>(
        &mut self,
        name: impl Into<String>,
        batch: usize,
        mut operation: impl FnMut(usize) -> R + 'a,
    ) {
        let run = move |numbers: Range<usize>| {
            cpu_time_of(|| {
                for number in numbers {
                    black_box(operation(black_box(number)));
                }
            })
        };
        let work = Work::Timed { batch, run: Box::new(run) };
        self.cases.push(Case { name: name.into(), unit: Unit::Nanoseconds, work });
    }

    /// As [`Self::timed`], for operations on what has to be made before: `inputs` makes it for a
    /// whole batch, outside the time, and leaves it in the caches.
    pub(crate) fn batched<I, R>(
        &mut self,
        name: impl Into<String>,
        batch: usize,
        mut inputs: impl FnMut(Range<usize>) -> Vec<I> + 'a,
        mut operation: impl FnMut(&I) -> R + 'a,
    ) {
        let run = move |numbers: Range<usize>| {
            let inputs = inputs(numbers);
            cpu_time_of(|| {
                for input in &inputs {
                    black_box(operation(black_box(input)));
                }
            })
        };
        let work = Work::Timed { batch, run: Box::new(run) };
        self.cases.push(Case { name: name.into(), unit: Unit::Nanoseconds, work });
    }

    /// Adds a case that is counted once, outside the rounds.
    pub(crate) fn counted(
        &mut self,
        name: impl Into<String>,
        unit: Unit,
        count: impl FnOnce() -> Vec<f64> + 'a,
    ) {
        self.cases.push(Case { name: name.into(), unit, work: Work::Counted(Box::new(count)) });
    }

    pub(crate) fn goal(&mut self, goal: Goal) {
        self.goals.push(goal);
    }

    /// Whether `options` select a case.
    pub(crate) fn selects(&self, options: &Options) -> bool {
        self.cases.iter().any(|case| case.name.contains(&options.filter))
    }

    /// Runs the cases that `options` select and prints what they measured.
    pub(crate) fn run(self, options: &Options) -> Result<Report> {
        let report = self.measure(options)?;
        let mut out = std::io::stdout().lock();
        report.write(options.format(), &mut out)?;
        Ok(report)
    }

    fn measure(mut self, options: &Options) -> Result<Report> {
        self.cases.retain(|case| case.name.contains(&options.filter));
        ensure!(!self.cases.is_empty(), "no case has `{}` in its name", options.filter);

        let mut samples: HashMap<String, Vec<f64>> = HashMap::new();
        let mut order = Vec::new();
        let mut timed = Vec::new();
        for Case { name, unit, work } in self.cases {
            order.push((name.clone(), unit));
            match work {
                Work::Counted(count) => {
                    samples.insert(name, count());
                }
                Work::Timed { batch, run } => timed.push((name, batch, run)),
            }
        }

        // The counting allocator stays in the way, but it does not count what is timed.
        uncounted(|| {
            let rounds = options.rounds.get();
            for (_, batch, run) in &mut timed {
                run(0..*batch);
            }
            let mut random = Random::new();
            for round in 0..rounds {
                random.shuffle(&mut timed);
                for (name, batch, run) in &mut timed {
                    let start = round.saturating_mul(*batch);
                    let numbers = start..start.saturating_add(*batch);
                    let depth = random.below(stack::MAX_DEPTH);
                    let mut took = Duration::ZERO;
                    stack::at_depth(depth, &mut || took = run(numbers.clone()));
                    let each = took.as_secs_f64() * 1e9 / *batch as f64;
                    samples.entry(name.clone()).or_default().push(each);
                }
            }
        });

        let cases = order
            .into_iter()
            .filter_map(|(name, unit)| {
                let samples = samples.get_mut(&name)?;
                Some(Measured {
                    name,
                    unit,
                    median: stats::median(samples)?,
                    min: stats::min(samples)?,
                })
            })
            .collect();
        Ok(Report { suite: self.name, rounds: options.rounds.get(), cases, goals: self.goals })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn options(arguments: &[&str]) -> Options {
        Options::parse_from(arguments)
    }

    #[test]
    fn every_case_runs_in_every_round_on_operations_that_count_on() {
        let numbers = std::cell::RefCell::new(Vec::new());
        let mut suite = Suite::new("test");
        suite.timed("one/ours", 2, |number| numbers.borrow_mut().push(number));
        suite.timed("two/ours", 1, |_| ());
        suite.counted("three/ours", Unit::Count, || vec![1.0, 2.0, 6.0]);
        let report = suite.measure(&options(&["--rounds", "3"])).unwrap();

        let names: Vec<_> = report.cases.iter().map(|case| case.name.as_str()).collect();
        assert_eq!(names, ["one/ours", "two/ours", "three/ours"]);
        assert_eq!((report.cases[2].median, report.cases[2].min), (2.0, 1.0));
        // The first two are the warm-up.
        assert_eq!(*numbers.borrow(), [0, 1, 0, 1, 2, 3, 4, 5]);
    }

    #[test]
    fn inputs_are_made_for_each_batch_before_its_time() {
        let log = std::cell::RefCell::new(Vec::new());
        let mut suite = Suite::new("test");
        let inputs = |numbers: Range<usize>| {
            log.borrow_mut().push(format!("{numbers:?}"));
            numbers.map(|number| number * 10).collect()
        };
        suite.batched("one/ours", 2, inputs, |input: &usize| {
            log.borrow_mut().push(input.to_string());
        });
        suite.measure(&options(&["--rounds", "1"])).unwrap();
        assert_eq!(*log.borrow(), ["0..2", "0", "10", "0..2", "0", "10"]);
    }

    #[test]
    fn the_filter_selects_by_part_of_the_name() {
        let suite = || {
            let mut suite = Suite::new("test");
            suite.timed("one/ours", 1, |_| ());
            suite.timed("two/theirs", 1, |_| ());
            suite
        };
        let report = suite().measure(&options(&["--rounds", "1", "--filter", "their"])).unwrap();
        assert_eq!(report.cases.len(), 1);
        assert_eq!(report.cases[0].name, "two/theirs");
        let error = suite().measure(&options(&["--filter", "nobody"])).err();
        assert_eq!(error.unwrap().to_string(), "no case has `nobody` in its name");
    }
}

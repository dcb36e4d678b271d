//! What a run prints: a table for people, Markdown for the docs, JSON for programs.

use std::io::Write;

use anyhow::Result;
use serde::Serialize;

use super::{Bound, Compared, Goal, Unit, machine};

/// What one run of a suite measured.
pub(crate) struct Report {
    pub(super) suite: String,
    pub(super) rounds: usize,
    /// In the order in which the suite lists them.
    pub(super) cases: Vec<Measured>,
    pub(super) goals: Vec<Goal>,
}

/// What one case measured, for one operation.
pub(super) struct Measured {
    pub(super) name: String,
    pub(super) unit: Unit,
    pub(super) median: f64,
    pub(super) min: f64,
}

/// How to print a [`Report`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Format {
    Table,
    Markdown,
    Json,
}

#[derive(Serialize)]
struct Line<'a> {
    bench: &'a str,
    case: &'a str,
    unit: &'a str,
    median: serde_json::Number,
    min: serde_json::Number,
}

impl Report {
    /// The median of a case that was run, and how a table shows it.
    pub(crate) fn shown(&self, case: &str) -> Option<(f64, String)> {
        self.find(case).map(|case| (case.median, case.unit.show(case.median)))
    }

    pub(super) fn write(&self, format: Format, out: &mut impl Write) -> Result<()> {
        match format {
            Format::Json => self.write_json(out),
            Format::Table => self.write_table("", "  ", "", out),
            Format::Markdown => self.write_table("| ", " | ", " |", out),
        }
    }

    fn write_json(&self, out: &mut impl Write) -> Result<()> {
        for case in &self.cases {
            let line = Line {
                bench: &self.suite,
                case: &case.name,
                unit: case.unit.name(),
                median: number(case.median),
                min: number(case.min),
            };
            writeln!(out, "{}", serde_json::to_string(&line)?)?;
        }
        Ok(())
    }

    fn write_table(
        &self,
        left: &str,
        between: &str,
        right: &str,
        out: &mut impl Write,
    ) -> Result<()> {
        let head = ["case", "median", "min", "ours ÷ it"].map(str::to_owned);
        let rows: Vec<_> =
            std::iter::once(head).chain(self.cases.iter().map(|c| self.row(c))).collect();
        let width =
            |column: usize| rows.iter().map(|row| row[column].chars().count()).max().unwrap_or(0);
        let widths = [0, 1, 2, 3].map(width);

        writeln!(out, "{}, {} rounds{}", machine::describe(), self.rounds, debug_warning())?;
        writeln!(out)?;
        for (index, [case, median, min, ratio]) in rows.iter().enumerate() {
            let [a, b, c, d] = widths;
            let line = format!(
                "{left}{case:a$}{between}{median:>b$}{between}{min:>c$}{between}{ratio:>d$}{right}"
            );
            writeln!(out, "{}", line.trim_end())?;
            if index == 0 && !left.is_empty() {
                writeln!(
                    out,
                    "|:{}-|-{}:|-{}:|-{}:|",
                    "-".repeat(a),
                    "-".repeat(b),
                    "-".repeat(c),
                    "-".repeat(d)
                )?;
            }
        }
        let verdicts: Vec<_> = self.goals.iter().filter_map(|goal| self.verdict(goal)).collect();
        if !verdicts.is_empty() {
            writeln!(out)?;
        }
        for verdict in verdicts {
            writeln!(out, "{}{verdict}", if left.is_empty() { "" } else { "- " })?;
        }
        Ok(())
    }

    fn row(&self, case: &Measured) -> [String; 4] {
        let what = case.name.split('/').next().unwrap_or_default();
        let ours = self.find(&format!("{what}/ours")).filter(|ours| ours.name != case.name);
        let ratio = ours.map(|ours| format!("{:.3}", ours.median / case.median));
        [
            case.name.clone(),
            case.unit.show(case.median),
            case.unit.show(case.min),
            ratio.unwrap_or_default(),
        ]
    }

    /// The goal, the figure and whether it is met, where the cases were run.
    fn verdict(&self, goal: &Goal) -> Option<String> {
        let case = self.find(goal.case)?;
        let (text, figure, show): (_, _, fn(Unit, f64) -> String) = match goal.compared {
            Compared::Alone => (goal.case.to_owned(), case.median, |unit, x| unit.show(x)),
            Compared::Minus(other) => {
                let figure = case.median - self.find(other)?.median;
                (format!("{} − {other}", goal.case), figure, |unit, x| unit.show(x))
            }
            Compared::Over(other) => {
                let figure = case.median / self.find(other)?.median;
                (format!("{} ÷ {other}", goal.case), figure, |_, x| format!("{x:.3}"))
            }
        };
        let (is_met, side, bound) = match goal.bound {
            Bound::AtMost(bound) => (figure <= bound, "at most", bound),
            Bound::AtLeast(bound) => (figure >= bound, "at least", bound),
        };
        let met = if is_met { "met" } else { "missed" };
        let (figure, bound) = (show(case.unit, figure), show(case.unit, bound));
        Some(format!("{met}: {text} = {figure}, {side} {bound}"))
    }

    fn find(&self, name: &str) -> Option<&Measured> {
        self.cases.iter().find(|case| case.name == name)
    }
}

impl Unit {
    fn name(self) -> &'static str {
        match self {
            Self::Nanoseconds => "ns",
            Self::Count => "count",
            Self::Bytes => "bytes",
            Self::PerSecond => "1/s",
        }
    }

    fn show(self, value: f64) -> String {
        match self {
            Self::Nanoseconds if value < 1_000.0 => format!("{value:.1} ns"),
            Self::Nanoseconds if value < 1_000_000.0 => format!("{:.2} µs", value / 1_000.0),
            Self::Nanoseconds => format!("{:.2} ms", value / 1_000_000.0),
            Self::Count => value.to_string(),
            Self::Bytes => format!("{} B", (value * 10.0).round() / 10.0),
            Self::PerSecond => format!("{value:.0} /s"),
        }
    }
}

/// One decimal, and none where the value is whole: counts stay integers.
fn number(value: f64) -> serde_json::Number {
    let rounded = (value * 10.0).round() / 10.0;
    if rounded.fract() == 0.0 && rounded.abs() < 9e15 {
        return serde_json::Number::from(rounded as i64);
    }
    // Only what is not finite has no number, and no case measures that.
    serde_json::Number::from_f64(rounded).unwrap_or_else(|| 0.into())
}

fn debug_warning() -> &'static str {
    if cfg!(debug_assertions) { ", DEBUG BUILD: the times mean nothing" } else { "" }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn report() -> Report {
        let case =
            |name: &str, unit, median, min| Measured { name: name.to_owned(), unit, median, min };
        let goal =
            |compared, at_most| Goal { case: "x/ours", compared, bound: Bound::AtMost(at_most) };
        Report {
            suite: "test".to_owned(),
            rounds: 7,
            cases: vec![
                case("x/ours", Unit::Nanoseconds, 1_500.04, 1_400.0),
                case("x/theirs", Unit::Nanoseconds, 2_000.0, 990.0),
                case("n/ours", Unit::Count, 1.0, 1.0),
                case("n/theirs", Unit::Count, 2.5, 2.0),
            ],
            goals: vec![
                goal(Compared::Over("x/theirs"), 1.0),
                goal(Compared::Over("x/theirs"), 0.7),
                goal(Compared::Alone, 1_500.0),
                goal(Compared::Over("x/nobody"), 1.0),
                goal(Compared::Minus("x/theirs"), 50.0),
                Goal {
                    case: "n/theirs",
                    compared: Compared::Over("n/ours"),
                    bound: Bound::AtLeast(2.0),
                },
            ],
        }
    }

    fn text(format: Format) -> String {
        let mut out = Vec::new();
        report().write(format, &mut out).unwrap();
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn json_is_one_object_per_case() {
        let expected = [
            r#"{"bench":"test","case":"x/ours","unit":"ns","median":1500,"min":1400}"#,
            r#"{"bench":"test","case":"x/theirs","unit":"ns","median":2000,"min":990}"#,
            r#"{"bench":"test","case":"n/ours","unit":"count","median":1,"min":1}"#,
            r#"{"bench":"test","case":"n/theirs","unit":"count","median":2.5,"min":2}"#,
        ];
        assert_eq!(text(Format::Json).lines().collect::<Vec<_>>(), expected);
    }

    #[test]
    fn units_show_what_a_reader_takes_in() {
        let check = |unit: Unit, value, expected: &str| assert_eq!(unit.show(value), expected);
        check(Unit::Nanoseconds, 999.94, "999.9 ns");
        check(Unit::Nanoseconds, 25_000.0, "25.00 µs");
        check(Unit::Nanoseconds, 1_530_000.0, "1.53 ms");
        check(Unit::Bytes, 239.0, "239 B");
        check(Unit::Bytes, 301.26, "301.3 B");
        check(Unit::PerSecond, 41_234.5, "41234 /s");
    }

    #[test]
    fn the_table_compares_each_case_with_ours() {
        let text = text(Format::Table);
        let mut lines = text.lines();
        assert!(lines.next().unwrap().contains(", 7 rounds"));
        let expected = [
            "",
            "case       median       min  ours ÷ it",
            "x/ours    1.50 µs   1.40 µs",
            "x/theirs  2.00 µs  990.0 ns      0.750",
            "n/ours          1         1",
            "n/theirs      2.5         2      0.400",
            "",
            "met: x/ours ÷ x/theirs = 0.750, at most 1.000",
            "missed: x/ours ÷ x/theirs = 0.750, at most 0.700",
            "missed: x/ours = 1.50 µs, at most 1.50 µs",
            "met: x/ours − x/theirs = -500.0 ns, at most 50.0 ns",
            "met: n/theirs ÷ n/ours = 2.500, at least 2.000",
        ];
        assert_eq!(lines.collect::<Vec<_>>(), expected);
    }

    #[test]
    fn markdown_is_the_same_table_with_bars() {
        let text = text(Format::Markdown);
        let table: Vec<_> = text.lines().skip(2).take(3).collect();
        let expected = [
            "| case     |  median |      min | ours ÷ it |",
            "|:---------|--------:|---------:|----------:|",
            "| x/ours   | 1.50 µs |  1.40 µs |           |",
        ];
        assert_eq!(table, expected);
        assert!(text.contains("- missed: x/ours = 1.50 µs, at most 1.50 µs\n"), "{text}");
    }
}

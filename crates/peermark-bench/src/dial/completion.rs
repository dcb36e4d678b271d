//! The table of simulated dials: for each kind of network and each way to go about it.

use std::io::Write;
use std::time::Duration;

use anyhow::Result;
use serde::Serialize;

use super::networks::{Kind, Network};
use super::simulation::{self, Strategy};
use crate::harness::{Format, Random};

/// What became of all dials of one kind.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub(super) struct Row {
    bench: &'static str,
    /// `<network>/<strategy>`.
    case: String,
    unit: &'static str,
    networks: usize,
    /// On how many of them the peer was reached. The times are over these.
    reached: usize,
    median: Option<u64>,
    p95: Option<u64>,
    /// In all of the networks.
    dials: usize,
    uncertified: usize,
}

/// The rows that `filter` selects, each over the same so many networks of its kind.
pub(super) fn rows(filter: &str, networks: usize) -> Result<Vec<Row>> {
    let mut rows = Vec::new();
    for kind in Kind::ALL {
        let cases = Strategy::ALL.map(|it| (it, format!("{}/{}", kind.name(), it.name())));
        let cases: Vec<_> = cases.into_iter().filter(|(_, case)| case.contains(filter)).collect();
        if cases.is_empty() {
            continue;
        }
        let mut random = Random::new();
        let made = (0..networks).map(|_| kind.network(&mut random)).collect::<Result<Vec<_>>>()?;
        for (strategy, case) in cases {
            rows.push(row(case, &made, strategy)?);
        }
    }
    Ok(rows)
}

fn row(case: String, networks: &[Network], strategy: Strategy) -> Result<Row> {
    let (mut times, mut dials, mut uncertified) = (Vec::new(), 0, 0);
    for network in networks {
        let outcome = simulation::run(network, strategy)?;
        times.extend(outcome.took);
        dials += outcome.dials;
        uncertified += outcome.uncertified;
    }
    times.sort_unstable();
    Ok(Row {
        bench: "dial-completion",
        case,
        unit: "ms",
        networks: networks.len(),
        reached: times.len(),
        median: percentile(&times, 50),
        p95: percentile(&times, 95),
        dials,
        uncertified,
    })
}

/// The first of the sorted times that so many in a hundred do not exceed, in milliseconds.
fn percentile(sorted: &[Duration], percent: usize) -> Option<u64> {
    let place = (sorted.len() * percent).div_ceil(100).checked_sub(1)?;
    u64::try_from(sorted.get(place)?.as_millis()).ok()
}

/// Prints the rows; tables count dials for one network.
pub(super) fn write(rows: &[Row], format: Format, out: &mut impl Write) -> Result<()> {
    if format == Format::Json {
        for row in rows {
            writeln!(out, "{}", serde_json::to_string(row)?)?;
        }
        return Ok(());
    }
    let head = ["simulated dial", "reached", "median", "95 %", "dials", "uncertified"];
    let mut lines = vec![head.map(str::to_owned)];
    lines.extend(rows.iter().map(Row::show));
    let width =
        |column: usize| lines.iter().map(|line| line[column].chars().count()).max().unwrap_or(0);
    let widths: [usize; 6] = std::array::from_fn(width);
    let (left, between, right) =
        if format == Format::Markdown { ("| ", " | ", " |") } else { ("", "  ", "") };
    writeln!(out)?;
    for (index, line) in lines.iter().enumerate() {
        let cells: Vec<_> = line
            .iter()
            .zip(widths)
            .enumerate()
            .map(|(column, (cell, width))| match column {
                0 => format!("{cell:width$}"),
                _ => format!("{cell:>width$}"),
            })
            .collect();
        writeln!(out, "{}", format!("{left}{}{right}", cells.join(between)).trim_end())?;
        if index == 0 && format == Format::Markdown {
            let rule = |(column, width)| {
                let dashes = "-".repeat(width);
                if column == 0 { format!(":{dashes}-") } else { format!("-{dashes}:") }
            };
            let rules: Vec<_> = widths.into_iter().enumerate().map(rule).collect();
            writeln!(out, "|{}|", rules.join("|"))?;
        }
    }
    Ok(())
}

impl Row {
    fn show(&self) -> [String; 6] {
        let each = |count: usize| format!("{:.2}", count as f64 / self.networks as f64);
        let ms = |time: Option<u64>| time.map_or_else(|| "–".to_owned(), |ms| format!("{ms} ms"));
        [
            self.case.clone(),
            format!("{:.1} %", self.reached as f64 * 100.0 / self.networks as f64),
            ms(self.median),
            ms(self.p95),
            each(self.dials),
            each(self.uncertified),
        ]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn percentiles_are_times_that_were_seen() {
        let times: Vec<_> = (1..=40).map(Duration::from_millis).collect();
        let check = |times: &[Duration], percent, expected| {
            assert_eq!(percentile(times, percent), expected, "{percent}");
        };
        check(&times, 50, Some(20));
        check(&times, 95, Some(38));
        check(&times, 100, Some(40));
        check(&times[..1], 50, Some(1));
        check(&[], 50, None);
    }

    #[test]
    fn the_same_networks_every_time() {
        let twice = [rows("", 5).unwrap(), rows("", 5).unwrap()];
        assert_eq!(twice[0], twice[1]);
        assert_eq!(twice[0].len(), Kind::ALL.len() * Strategy::ALL.len());
    }

    #[test]
    fn a_row_counts_for_one_network() {
        let row = Row {
            bench: "dial-completion",
            case: "x/y".to_owned(),
            unit: "ms",
            networks: 4,
            reached: 0,
            median: None,
            p95: Some(7),
            dials: 10,
            uncertified: 3,
        };
        let mut out = Vec::new();
        write(&[row], Format::Markdown, &mut out).unwrap();
        let text = String::from_utf8(out).unwrap();
        let expected = [
            "",
            "| simulated dial | reached | median | 95 % | dials | uncertified |",
            "|:---------------|--------:|-------:|-----:|------:|------------:|",
            "| x/y            |   0.0 % |      – | 7 ms |  2.50 |        0.75 |",
        ];
        assert_eq!(text.lines().collect::<Vec<_>>(), expected);
    }
}

//! Metrics as Prometheus reads them.

use core::fmt::{self, Write as _};

/// One value of a metric.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Sample {
    /// The name of the metric, without a prefix.
    pub name: &'static str,
    /// What it counts, in a sentence.
    pub help: &'static str,
    /// Whether it only grows.
    pub kind: SampleKind,
    /// Names and values of its labels.
    pub labels: Vec<(&'static str, String)>,
    /// The value.
    pub value: u64,
}

impl Sample {
    /// A gauge without labels.
    #[must_use]
    pub const fn gauge(name: &'static str, help: &'static str, value: u64) -> Self {
        Self { name, help, kind: SampleKind::Gauge, labels: Vec::new(), value }
    }
}

/// The type of a metric.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum SampleKind {
    /// It only grows while the process runs.
    Counter,
    /// It goes up and down.
    Gauge,
}

/// Prints samples in the text exposition format of Prometheus (version 0.0.4): for each name a `HELP` and
/// a `TYPE` line, and its values.
///
/// Names begin with `peermark_`. Samples of one name are to follow each other.
///
/// ```
/// use peermark_peerstore::{Counters, Metrics as _, OutcomeKind, PrometheusText};
/// use peermark_provenance::SourceKind;
///
/// let counters = Counters::default();
/// counters.applied(SourceKind::Dht, OutcomeKind::Inserted);
/// let text = PrometheusText(&counters.samples()).to_string();
/// assert!(text.contains("# TYPE peermark_records_applied_total counter\n"));
/// assert!(text.ends_with(
///     "peermark_records_applied_total{source=\"dht\",outcome=\"inserted\"} 1\n"
/// ));
/// ```
#[derive(Clone, Copy, Debug)]
#[expect(clippy::exhaustive_structs, reason = "a wrapper of what it prints")]
pub struct PrometheusText<'a>(pub &'a [Sample]);

impl fmt::Display for PrometheusText<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut last = "";
        for sample in self.0 {
            let Sample { name, help, kind, labels, value } = sample;
            if *name != last {
                let kind = match kind {
                    SampleKind::Counter => "counter",
                    SampleKind::Gauge => "gauge",
                };
                writeln!(f, "# HELP peermark_{name} {help}")?;
                writeln!(f, "# TYPE peermark_{name} {kind}")?;
                last = name;
            }
            write!(f, "peermark_{name}")?;
            let mut before = '{';
            for (label, text) in labels {
                write!(f, "{before}{label}=\"")?;
                text.chars().try_for_each(|c| match c {
                    '\\' => f.write_str("\\\\"),
                    '"' => f.write_str("\\\""),
                    '\n' => f.write_str("\\n"),
                    other => f.write_char(other),
                })?;
                f.write_char('"')?;
                before = ',';
            }
            if !labels.is_empty() {
                f.write_char('}')?;
            }
            writeln!(f, " {value}")?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn labels_are_escaped_and_a_name_is_introduced_once() {
        let sample = |value: u64, text: &str| Sample {
            labels: vec![("a", text.to_owned()), ("b", "c".to_owned())],
            ..Sample::gauge("peers", "Peers.", value)
        };
        let samples = [sample(1, "x\"y\\z\n"), sample(2, "w"), Sample::gauge("bytes", "Bytes.", 3)];
        assert_eq!(
            PrometheusText(&samples).to_string(),
            "# HELP peermark_peers Peers.\n# TYPE peermark_peers gauge\n\
             peermark_peers{a=\"x\\\"y\\\\z\\n\",b=\"c\"} 1\n\
             peermark_peers{a=\"w\",b=\"c\"} 2\n\
             # HELP peermark_bytes Bytes.\n# TYPE peermark_bytes gauge\npeermark_bytes 3\n"
        );
    }
}

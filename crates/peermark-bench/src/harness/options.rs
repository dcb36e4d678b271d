//! What the command line says about a run.

use std::num::NonZeroUsize;

use super::report::Format;

/// Options that every suite has.
#[derive(Debug, clap::Args)]
pub(crate) struct Options {
    /// How often each case runs.
    #[arg(long, default_value = "500")]
    pub(crate) rounds: NonZeroUsize,

    /// Runs only the cases with this in their name.
    #[arg(long, default_value = "", hide_default_value = true, value_name = "SUBSTRING")]
    pub(crate) filter: String,

    /// Prints one JSON object per case.
    #[arg(long, conflicts_with = "markdown")]
    json: bool,

    /// Prints the table as it stands in docs/benchmarks.md.
    #[arg(long)]
    markdown: bool,
}

impl Options {
    pub(crate) fn format(&self) -> Format {
        match (self.json, self.markdown) {
            (true, _) => Format::Json,
            (_, true) => Format::Markdown,
            _ => Format::Table,
        }
    }

    #[cfg(test)]
    pub(crate) fn parse_from(arguments: &[&str]) -> Self {
        use clap::Parser as _;

        #[derive(clap::Parser)]
        struct Line {
            #[command(flatten)]
            options: Options,
        }
        Line::parse_from(std::iter::once(&"bench").chain(arguments)).options
    }
}

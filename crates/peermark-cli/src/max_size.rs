//! `--max-size`: the limit on envelopes (rule W1), the same for every command that reads one.

use peermark::envelope::Limits;

use crate::failure::Failure;

/// The option, to be flattened into the arguments of a command.
#[derive(Debug, clap::Args)]
pub(crate) struct MaxSize {
    /// The largest envelope to accept, in bytes, at most 65536
    #[arg(
        long,
        value_name = "BYTES",
        default_value_t = Limits::DEFAULT_ENVELOPE_LEN,
        // A number below zero is an invalid value, not an unknown option.
        allow_negative_numbers = true
    )]
    max_size: usize,
}

impl MaxSize {
    /// The limits that were asked for.
    pub(crate) fn limits(&self) -> Result<Limits, Failure> {
        Limits::new(self.max_size).map_err(|error| Failure::Usage(format!("--max-size: {error}")))
    }
}

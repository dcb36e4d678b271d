//! The binary `peermark`; everything is in the library beside it.

use std::process::ExitCode;

fn main() -> ExitCode {
    peermark_cli::run(std::env::args_os())
}

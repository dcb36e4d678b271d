//! The binary `peermark`; everything is in the library beside it.

use std::panic;
use std::process::ExitCode;

use peermark::peerstore_redb::is_contained;

fn main() -> ExitCode {
    // What the database panics on in a damaged file is reported as an error.
    let report = panic::take_hook();
    panic::set_hook(Box::new(move |info| {
        if !is_contained() {
            report(info);
        }
    }));
    peermark_cli::run(std::env::args_os())
}

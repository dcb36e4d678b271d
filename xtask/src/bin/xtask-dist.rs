//! Writes shell completions and man pages to `dist/`, from the definition of the commands that
//! `peermark` itself parses with. Started by `cargo xtask dist`.

use std::fs;
use std::path::Path;

use anyhow::Result;
use clap_complete::Shell;

fn main() -> Result<()> {
    let dist = Path::new(env!("CARGO_MANIFEST_DIR")).join("../dist");
    let completions = dist.join("completions");
    fs::create_dir_all(&completions)?;
    for shell in [Shell::Bash, Shell::Elvish, Shell::Fish, Shell::PowerShell, Shell::Zsh] {
        clap_complete::generate_to(shell, &mut peermark_cli::command(), NAME, &completions)?;
    }
    let man = dist.join("man");
    fs::create_dir_all(&man)?;
    clap_mangen::generate_to(peermark_cli::command(), &man)?;
    Ok(())
}

const NAME: &str = "peermark";

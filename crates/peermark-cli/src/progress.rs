//! The progress bar: on standard error, when that is a terminal and the input is lines.

use std::fmt::Display;
use std::io::{self, IsTerminal};
use std::time::Duration;

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

/// A bar, or nothing.
pub(crate) struct Progress {
    bar: Option<ProgressBar>,
}

impl Progress {
    /// A bar for an input of `total` bytes, if that is known.
    pub(crate) fn new(total: Option<u64>, quiet: bool) -> Self {
        if quiet || !io::stderr().is_terminal() {
            return Self { bar: None };
        }
        let template = match total {
            Some(_) => "{bar:30} {percent:>3}%  {msg}  {elapsed}, {eta} left",
            None => "{spinner} {bytes}  {msg}  {elapsed}",
        };
        let style = ProgressStyle::with_template(template)
            .unwrap_or_else(|_| ProgressStyle::default_bar())
            .progress_chars("=> ");
        // Shown with the first lines: one envelope needs no bar.
        let bar = ProgressBar::with_draw_target(total, ProgressDrawTarget::hidden());
        Self { bar: Some(bar.with_style(style)) }
    }

    /// A bar for so many things.
    pub(crate) fn counting(total: u64, quiet: bool) -> Self {
        let progress = Self::new(Some(total), quiet);
        if let Some(bar) = &progress.bar {
            bar.set_draw_target(ProgressDrawTarget::stderr());
        }
        progress
    }

    /// Something that moves while there is nothing to count.
    pub(crate) fn waiting(message: &'static str) -> Self {
        if !io::stderr().is_terminal() {
            return Self { bar: None };
        }
        let style = ProgressStyle::with_template("{spinner} {msg}  {elapsed}")
            .unwrap_or_else(|_| ProgressStyle::default_spinner());
        let bar = ProgressBar::new_spinner().with_style(style).with_message(message);
        bar.enable_steady_tick(Duration::from_millis(100));
        Self { bar: Some(bar) }
    }

    /// Clears the bar while something else is written to the terminal.
    pub(crate) fn suspend<T>(&self, write: impl FnOnce() -> T) -> T {
        match &self.bar {
            Some(bar) if io::stdout().is_terminal() => bar.suspend(write),
            _ => write(),
        }
    }

    /// Moves on by some bytes, with a word on what became of them; it is shown from the first
    /// lines on.
    pub(crate) fn advance(&self, bytes: u64, is_of_lines: bool, message: impl Display) {
        if let Some(bar) = &self.bar {
            if bar.is_hidden() && is_of_lines {
                bar.set_draw_target(ProgressDrawTarget::stderr());
            }
            bar.set_message(message.to_string());
            bar.inc(bytes);
        }
    }

    /// Takes the bar away.
    pub(crate) fn finish(&self) {
        if let Some(bar) = &self.bar {
            bar.finish_and_clear();
        }
    }
}

//! Where results, remarks and colours go.
//!
//! Nothing here panics when whoever reads has gone: writing results answers an error, and a remark
//! that nobody can read is dropped.

use std::fmt::Display;
use std::io::{self, BufWriter, IsTerminal, Write};
use std::sync::atomic::{AtomicBool, Ordering};

use anstream::{AutoStream, ColorChoice};
use anstyle::{AnsiColor, Style};

/// Standard output, and how to paint on it. Flush it: what is left in the buffer when a command ends
/// is written without anybody looking at errors.
pub(crate) struct Output {
    writer: Box<dyn Write>,
    paint: Paint,
}

impl Output {
    /// Standard output; colours only on a terminal, and not where `NO_COLOR` is set.
    pub(crate) fn stdout() -> Self {
        match AutoStream::choice(&io::stdout()) {
            ColorChoice::Never => {
                let writer = Box::new(BufWriter::new(io::stdout().lock()));
                Self { writer, paint: Paint { on: false } }
            }
            choice => {
                let stream = AutoStream::new(io::stdout().lock(), choice);
                Self { writer: Box::new(stream), paint: Paint { on: true } }
            }
        }
    }

    /// The styles that fit this output.
    pub(crate) fn paint(&self) -> Paint {
        self.paint
    }
}

impl Write for Output {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.writer.write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.writer.flush()
    }
}

/// Whether results go to a person's screen.
pub(crate) fn is_terminal() -> bool {
    io::stdout().is_terminal()
}

/// Styles with a meaning. Each writes nothing where there are no colours.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Paint {
    on: bool,
}

impl Paint {
    pub(crate) fn good(self) -> Style {
        self.style(AnsiColor::Green.on_default().bold())
    }

    pub(crate) fn bad(self) -> Style {
        self.style(AnsiColor::Red.on_default().bold())
    }

    pub(crate) fn strong(self) -> Style {
        self.style(Style::new().bold())
    }

    pub(crate) fn faint(self) -> Style {
        self.style(Style::new().dimmed())
    }

    fn style(self, style: Style) -> Style {
        if self.on { style } else { Style::new() }
    }
}

/// Whether remarks are objects, as results are with `--json`.
static AS_JSON: AtomicBool = AtomicBool::new(false);

/// Turns errors and warnings into objects on one line.
pub(crate) fn remark_as_json() {
    AS_JSON.store(true, Ordering::Relaxed);
}

/// Whether errors and warnings are objects.
pub(crate) fn remarks_as_json() -> bool {
    AS_JSON.load(Ordering::Relaxed)
}

/// Says something on standard error.
pub(crate) fn note(message: impl Display) {
    let _ = writeln!(io::stderr().lock(), "{message}");
}

fn remarked_as_json(kind: &str, message: &impl Display) -> bool {
    let as_json = remarks_as_json();
    if as_json {
        let object = serde_json::json!({ kind: message.to_string() });
        let _ = writeln!(io::stderr().lock(), "{object}");
    }
    as_json
}

/// Says what went wrong on standard error.
pub(crate) fn error(message: impl Display) {
    remark("error", AnsiColor::Red, message);
}

/// Says on standard error what may go wrong.
pub(crate) fn warning(message: impl Display) {
    remark("warning", AnsiColor::Yellow, message);
}

fn remark(kind: &str, color: AnsiColor, message: impl Display) {
    if remarked_as_json(kind, &message) {
        return;
    }
    let style = color.on_default().bold();
    let _ = writeln!(anstream::stderr().lock(), "{style}{kind}:{style:#} {message}");
}

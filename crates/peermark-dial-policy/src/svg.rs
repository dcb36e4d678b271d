//! A picture of a plan.

use core::fmt::Write as _;

use crate::timeline::{Timeline, class, escape_line};

/// How wide a picture is, and how high a line of it.
const WIDTH: u32 = 900;
const ROW: u32 = 26;
/// Where time begins, and where the latest dial is.
const LEFT: u32 = 420;
const RIGHT: u32 = 700;

const STYLE: &str = "<style>.paper{fill:#fff}.stage{font-weight:bold;fill:#24292f}.address{fill:#24292f}\
.refused,.reason,.scale{fill:#57606a}.refused{text-decoration:line-through}.label{fill:#fff}\
.certified{fill:#1a7f37}.user{fill:#0969da}.dialed{fill:#8250df}.direct{fill:#9a6700}\
.third-party{fill:#bc4c00}.none{fill:#57606a}@media(prefers-color-scheme:dark){.paper{fill:#0d1117}\
.stage,.address{fill:#e6edf3}.refused,.reason,.scale{fill:#8d96a0}}</style>";

impl Timeline<'_> {
    /// Returns the plan as a picture: an SVG document without scripts or references, for light and dark
    /// backgrounds. Each bar begins when its address is dialed.
    #[must_use]
    pub fn svg(&self) -> String {
        let mut body = String::new();
        let mut y = 34u32;
        let plan = self.plan();
        let timed = plan.dials().iter().filter(|dial| dial.after().is_none());
        let latest = timed.map(|dial| dial.delay().as_millis()).max().unwrap_or(0);
        if latest > 0 {
            text(&mut body, LEFT, y, "scale", "0 ms");
            text(&mut body, RIGHT, y, "scale", &format!("{latest} ms"));
            y = y.saturating_add(ROW);
        }
        for stage in plan.stages() {
            text(&mut body, 16, y, "stage", &stage.start.to_string());
            y = y.saturating_add(ROW);
            for dial in stage.dials {
                text(&mut body, 28, y, "address", &self.dialed(dial.candidate()));
                let class = class(dial);
                if let Some(after) = dial.after() {
                    let after = format!("when {} failed", self.dialed(after));
                    text(&mut body, LEFT, y, "reason", &after);
                } else {
                    let ms = dial.delay().as_millis();
                    let span = u128::from(RIGHT.saturating_sub(LEFT)).saturating_mul(ms);
                    let at = span.checked_div(latest).and_then(|at| u32::try_from(at).ok());
                    let label = format!("{ms} ms  {class}");
                    bar(&mut body, LEFT.saturating_add(at.unwrap_or(0)), y, &class, &label);
                }
                y = y.saturating_add(ROW);
            }
        }
        if !plan.refused().is_empty() {
            text(&mut body, 16, y, "stage", "refused");
            y = y.saturating_add(ROW);
        }
        for refused in plan.refused() {
            text(&mut body, 28, y, "refused", &self.given(refused.candidate));
            text(&mut body, LEFT, y, "reason", &self.reason(refused));
            y = y.saturating_add(ROW);
        }
        if let Some(nothing) = plan.nothing() {
            text(&mut body, 16, y, "stage", &nothing.to_string());
            y = y.saturating_add(ROW);
        }
        format!(
            "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {WIDTH} {y}\" role=\"img\" \
             font-family=\"ui-monospace, monospace\" font-size=\"13\">\n<title>{}</title>\n{STYLE}\n\
             <rect class=\"paper\" width=\"100%\" height=\"100%\" rx=\"6\"/>\n{body}</svg>\n",
            escape(self.policy())
        )
    }
}

/// What stands for itself in a document.
fn escape(text: &str) -> String {
    escape_line(text).replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}

fn text(out: &mut String, x: u32, y: u32, class: &str, text: &str) {
    let text = escape(text);
    let written = writeln!(out, "<text class=\"{class}\" x=\"{x}\" y=\"{y}\">{text}</text>");
    debug_assert!(written.is_ok(), "a string takes every write");
}

fn bar(out: &mut String, x: u32, y: u32, class: &str, label: &str) {
    let (top, width) = (y.saturating_sub(15), WIDTH.saturating_sub(16).saturating_sub(x));
    let written = writeln!(
        out,
        "<rect class=\"{class}\" x=\"{x}\" y=\"{top}\" width=\"{width}\" height=\"20\" rx=\"3\"/>"
    );
    debug_assert!(written.is_ok(), "a string takes every write");
    text(out, x.saturating_add(8), y, "label", label);
}

//! A chart of ours beside theirs, as an SVG that is read on light and on dark ground.

use std::fmt::Write as _;

use crate::harness::Report;

/// What is drawn, and what it is called there.
const ROWS: [(&str, &str); 4] = [
    ("bytes-per-peer", "memory for a peer"),
    ("insert", "insert"),
    ("lookup", "lookup"),
    ("worst-insert", "slowest insert"),
];
const WHO: [(&str, &str); 2] =
    [("ours", "peermark-peerstore"), ("libp2p-peer-store", "libp2p-peer-store")];

const WIDTH: usize = 760;
/// Where bars begin, and how long the longest of a row is.
const LEFT: usize = 170;
const LONGEST: f64 = 460.0;
const BAR: usize = 16;
const ROW: usize = 52;
const TITLE: usize = 44;
const LEGEND: usize = 40;

/// One panel for each report, the bars of a row to its own scale. Cases that were not run are left
/// out.
pub(super) fn draw(reports: &[(usize, Report)]) -> String {
    let mut body = String::new();
    let mut y = LEGEND;
    for (size, report) in reports {
        text(&mut body, 16, y + 26, "title", &format!("{} peers", grouped(*size)));
        y += TITLE;
        for (case, label) in ROWS {
            let bars = WHO.map(|(who, _)| report.shown(&format!("{case}/{who}")));
            let longest = bars.iter().flatten().map(|(value, _)| *value).fold(0.0, f64::max);
            if longest <= 0.0 {
                continue;
            }
            text(&mut body, 16, y + BAR + 6, "label", label);
            for (place, ((who, _), bar)) in WHO.iter().zip(bars).enumerate() {
                let Some((value, shown)) = bar else { continue };
                let width = (value / longest * LONGEST).max(2.0);
                let top = y + place * (BAR + 3);
                rect(&mut body, LEFT, top, width, who);
                text(&mut body, LEFT + width as usize + 8, top + 13, "value", &shown);
            }
            y += ROW;
        }
    }
    let mut legend = String::new();
    for (place, (who, name)) in WHO.iter().enumerate() {
        let x = LEFT + place * 200;
        rect(&mut legend, x, 14, BAR as f64, who);
        text(&mut legend, x + BAR + 8, 27, "value", name);
    }
    format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {WIDTH} {height}\" \
         width=\"{WIDTH}\" height=\"{height}\" role=\"img\">\n\
         <title>peermark-peerstore beside libp2p-peer-store: shorter is better</title>\n\
         <style>{STYLE}</style>\n{legend}{body}</svg>\n",
        height = y + 4
    )
}

fn rect(out: &mut String, x: usize, y: usize, width: f64, class: &str) {
    let _ = writeln!(
        out,
        "<rect class=\"{class}\" x=\"{x}\" y=\"{y}\" width=\"{width:.1}\" height=\"{BAR}\" \
         rx=\"2\"/>"
    );
}

fn text(out: &mut String, x: usize, y: usize, class: &str, text: &str) {
    let _ = writeln!(out, "<text class=\"{class}\" x=\"{x}\" y=\"{y}\">{text}</text>");
}

/// With commas between thousands.
fn grouped(n: usize) -> String {
    let digits = n.to_string();
    let mut text = String::new();
    for (place, digit) in digits.chars().enumerate() {
        if place > 0 && (digits.len() - place).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// Greys that are read on either ground, and better ones for those who say which it is.
const STYLE: &str = "\
    text{font:13px system-ui,sans-serif;fill:#6e7781}\
    .title{font-weight:600;font-size:15px}\
    .ours{fill:#1f9d6b}.libp2p-peer-store{fill:#8c959f}\
    @media(prefers-color-scheme:light){text{fill:#424a53}}\
    @media(prefers-color-scheme:dark){text{fill:#c9d1d9}}";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn thousands_are_grouped() {
        let check = |n, expected: &str| assert_eq!(grouped(n), expected);
        check(7, "7");
        check(100, "100");
        check(1_000, "1,000");
        check(10_000_000, "10,000,000");
    }
}

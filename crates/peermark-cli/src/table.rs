//! Tables of text, as wide as their cells, and no wider than the terminal.

use std::io::{self, IsTerminal, Write};

/// A table. Its first column takes what the others leave: on a terminal that is too narrow, a cell of
/// it that does not fit has a line of its own, and nothing is cut.
pub(crate) struct Table<const N: usize> {
    heads: [&'static str; N],
    aligns: [Align; N],
    rows: Vec<[String; N]>,
}

/// Where a cell is in its column.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Align {
    Left,
    Right,
}

impl<const N: usize> Table<N> {
    /// A table without rows.
    pub(crate) const fn new(heads: [&'static str; N], aligns: [Align; N]) -> Self {
        Self { heads, aligns, rows: Vec::new() }
    }

    /// Adds a row.
    pub(crate) fn row(&mut self, cells: [String; N]) {
        self.rows.push(cells);
    }

    /// Writes the table, each line behind `indent` spaces, for a screen of `width` columns.
    pub(crate) fn write(
        &self,
        out: &mut impl Write,
        indent: usize,
        width: Option<usize>,
    ) -> io::Result<()> {
        let heads = self.heads.map(ToOwned::to_owned);
        let cells = || self.rows.iter().chain([&heads]);
        let mut widths = [0usize; N];
        for row in cells() {
            for (width, cell) in widths.iter_mut().zip(row) {
                *width = (*width).max(length(cell));
            }
        }
        let gaps = GAP.saturating_mul(N.saturating_sub(1)).saturating_add(indent);
        let others = widths.iter().skip(1).fold(gaps, |sum, width| sum.saturating_add(*width));
        if let (Some(width), Some(first)) = (width, widths.first_mut()) {
            *first = (*first).min(width.saturating_sub(others)).max(NARROWEST);
        }
        self.line(out, indent, &heads, &widths)?;
        self.rows.iter().try_for_each(|row| self.line(out, indent, row, &widths))
    }

    fn line(
        &self,
        out: &mut impl Write,
        indent: usize,
        cells: &[String; N],
        widths: &[usize; N],
    ) -> io::Result<()> {
        let mut line = " ".repeat(indent);
        for (index, ((cell, width), align)) in
            cells.iter().zip(widths).zip(&self.aligns).enumerate()
        {
            if index > 0 {
                line.push_str(&" ".repeat(GAP));
            }
            let (mut cell, space) = (cell.as_str(), width.checked_sub(length(cell)));
            if space.is_none() {
                // It does not fit: the rest of the row is on the next line.
                writeln!(out, "{line}{cell}")?;
                line = " ".repeat(indent);
                cell = "";
            }
            let space = " ".repeat(space.unwrap_or(*width));
            match align {
                Align::Left => line.extend([cell, &space]),
                Align::Right => line.extend([&space, cell]),
            }
        }
        writeln!(out, "{}", line.trim_end())
    }
}

/// Spaces between columns.
const GAP: usize = 2;

/// No column is narrower than this on a terminal.
const NARROWEST: usize = 16;

fn length(cell: &str) -> usize {
    cell.chars().count()
}

/// The columns of the terminal that results go to; `None` if they go elsewhere.
pub(crate) fn width() -> Option<usize> {
    if !io::stdout().is_terminal() {
        return None;
    }
    let size = terminal_size::terminal_size_of(io::stdout());
    Some(size.map_or(80, |(width, _)| usize::from(width.0)))
}

/// A long id as people recognise it: its first and its last characters. Whole where there is room.
pub(crate) fn short(id: &str, width: Option<usize>) -> String {
    const ENDS: usize = 8;
    let count = length(id);
    if width.is_none_or(|width| width >= WIDE) || count <= ENDS.saturating_mul(2) {
        return id.to_owned();
    }
    let front: String = id.chars().take(ENDS).collect();
    let back: String = id.chars().skip(count.saturating_sub(ENDS)).collect();
    format!("{front}\u{2026}{back}")
}

/// So many columns are enough for whole ids.
const WIDE: usize = 120;

#[cfg(test)]
mod tests {
    use super::*;

    fn table() -> Table<3> {
        let aligns = [Align::Left, Align::Left, Align::Right];
        let mut table = Table::new(["address", "class", "for"], aligns);
        table.row(["/ip4/192.0.2.1/tcp/1".to_owned(), "certified".to_owned(), "2 h".to_owned()]);
        let long = format!("/dns/{}/tcp/443", "a".repeat(60));
        table.row([long, "user".to_owned(), "for ever".to_owned()]);
        table
    }

    fn written(width: Option<usize>) -> String {
        let mut out = Vec::new();
        table().write(&mut out, 2, width).unwrap();
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn columns_are_aligned_and_as_wide_as_their_cells() {
        let text = written(None);
        let lines: Vec<_> = text.lines().collect();
        assert_eq!(lines.len(), 3);
        let ends = lines.iter().map(|line| line.chars().count());
        assert_eq!(ends.collect::<Vec<_>>(), [2 + 73 + 2 + 9 + 2 + 8; 3]);
        let class = lines[0].find("class").unwrap();
        assert_eq!(lines[1].find("certified"), Some(class));
        assert_eq!(lines[2].find("user"), Some(class));
    }

    #[test]
    fn a_narrow_terminal_is_kept_to_and_nothing_is_cut() {
        let text = written(Some(60));
        let lines: Vec<_> = text.lines().collect();
        assert_eq!(lines.len(), 4);
        assert!(lines[2].trim_start().starts_with("/dns/aaa") && lines[2].ends_with("/tcp/443"));
        assert!(lines.iter().filter(|line| line.chars().count() > 60).count() <= 1);
        let class = lines[0].find("class").unwrap();
        assert_eq!((lines[1].find("certified"), lines[3].find("user")), (Some(class), Some(class)));
    }

    #[test]
    fn ids_are_short_on_narrow_terminals_alone() {
        let id = "12D3KooWLKi1Mxitw7NPQHaqxYYW4iCdxBJXXrCHYjegHkuwjbhJ";
        assert_eq!(short(id, Some(80)), "12D3KooW\u{2026}HkuwjbhJ");
        assert_eq!(short(id, None), id);
        assert_eq!(short(id, Some(200)), id);
        assert_eq!(short("16 characters ok", Some(80)), "16 characters ok");
    }
}

//! Plain text tables for lists.

use unicode_width::{UnicodeWidthChar as _, UnicodeWidthStr as _};

use crate::model::Shown;

/// No column is made narrower than this, in terminal cells.
const NARROWEST: usize = 8;
/// No cell is wider than this, in characters, whoever reads.
const LONGEST: usize = 400;

/// One column of a [`Table`].
#[derive(Clone, Copy, Debug)]
pub struct Column {
    title: &'static str,
    right: bool,
    shrinks: bool,
}

impl Column {
    /// Names and words: shortened in the middle where space is scarce.
    pub const fn text(title: &'static str) -> Self {
        Self { title, right: false, shrinks: true }
    }

    /// Ids, states and times: never shortened.
    pub const fn fixed(title: &'static str) -> Self {
        Self { title, right: false, shrinks: false }
    }

    /// Numbers: to the right, never shortened.
    pub const fn number(title: &'static str) -> Self {
        Self { title, right: true, shrinks: false }
    }
}

/// A table whose cells are safe to show, whatever they are made of.
#[derive(Clone, Debug)]
pub struct Table {
    columns: Vec<Column>,
    rows: Vec<Vec<String>>,
}

impl Table {
    /// A table with these columns and no rows.
    pub fn new(columns: &[Column]) -> Self {
        Self { columns: columns.to_vec(), rows: vec![] }
    }

    /// Adds a row. Cells too many are dropped, missing ones are empty.
    pub fn row(&mut self, cells: impl IntoIterator<Item = impl AsRef<str>>) {
        let shown = |cell| Shown::limited(cell, LONGEST).into_string();
        let mut cells: Vec<String> = cells.into_iter().map(shown).collect();
        cells.resize(self.columns.len(), String::new());
        self.rows.push(cells);
    }

    /// The table as lines, titles first, at most `width` cells wide where the
    /// columns can be shortened so far.
    pub fn render(&self, width: Option<usize>) -> String {
        let widths = self.widths(width);
        let titles: Vec<String> = self.columns.iter().map(|c| c.title.to_owned()).collect();
        let mut text = String::new();
        for row in std::iter::once(&titles).chain(&self.rows) {
            let mut line = String::new();
            for ((cell, column), width) in row.iter().zip(&self.columns).zip(&widths) {
                let cell = shorten(cell, *width);
                let padding = " ".repeat(width.saturating_sub(cell.width()));
                let (before, after) =
                    if column.right { (padding.as_str(), "") } else { ("", padding.as_str()) };
                line.push_str(&format!("{before}{cell}{after}  "));
            }
            text.push_str(line.trim_end());
            text.push('\n');
        }
        text
    }

    fn widths(&self, limit: Option<usize>) -> Vec<usize> {
        let widest = |(n, column): (usize, &Column)| {
            let cells = self.rows.iter().map(|row| row[n].width());
            cells.max().unwrap_or(0).max(column.title.width())
        };
        let mut widths: Vec<usize> = self.columns.iter().enumerate().map(widest).collect();
        let gaps = 2 * self.columns.len().saturating_sub(1);
        let limit = limit.unwrap_or(usize::MAX);
        // The widest one gives first, so that short names stay whole.
        while widths.iter().sum::<usize>() + gaps > limit {
            let shrinking = (0..widths.len())
                .filter(|n| self.columns[*n].shrinks && widths[*n] > NARROWEST)
                .max_by_key(|n| widths[*n]);
            let Some(n) = shrinking else { break };
            widths[n] -= 1;
        }
        widths
    }
}

/// `text` in at most `width` terminal cells, with an ellipsis in its middle
/// where something was cut: both ends of a name tell files apart.
pub fn shorten(text: &str, width: usize) -> String {
    if text.width() <= width {
        return text.to_owned();
    }
    if width == 0 {
        return String::new();
    }
    let tail_cells = (width - 1) / 2;
    let head = fitting(text.chars(), width - 1 - tail_cells);
    let tail = fitting(text.chars().rev(), tail_cells);
    let tail: String = tail.chars().rev().collect();
    format!("{head}…{tail}")
}

fn fitting(chars: impl Iterator<Item = char>, cells: usize) -> String {
    let mut left = cells;
    let fits = |c: &char| match left.checked_sub(c.width().unwrap_or(0)) {
        Some(rest) => {
            left = rest;
            true
        }
        None => false,
    };
    chars.take_while(fits).collect()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn example() -> Table {
        let mut table =
            Table::new(&[Column::fixed("ID"), Column::text("NAME"), Column::number("SIZE")]);
        table.row(["x1", "ACT-School-05012026-6300.csv", "12 kB"]);
        table.row(["x17", "文件.csv", "3 B"]);
        table
    }

    #[test]
    fn columns_are_aligned_by_cells_not_characters() {
        let expected = "\
ID   NAME                           SIZE
x1   ACT-School-05012026-6300.csv  12 kB
x17  文件.csv                        3 B
";
        assert_eq!(example().render(None), expected);
    }

    #[test]
    fn names_give_way_in_the_middle() {
        let rendered = example().render(Some(26));
        let lines: Vec<&str> = rendered.lines().take(2).collect();
        assert!(lines.iter().all(|line| line.width() == 26), "{rendered}");
        assert!(lines[1].starts_with("x1   ACT-Sc") && lines[1].ends_with("0.csv  12 kB"));
        assert!(lines[1].contains('…'), "{rendered}");
    }

    #[test]
    fn hostile_cells_are_made_visible() {
        let mut table = Table::new(&[Column::text("NAME")]);
        table.row(["a\u{1b}[2J\nb\u{202e}c"]);
        assert_eq!(table.render(None), "NAME\na\\u{1b}[2J\\nb\\u{202e}c\n");
    }

    proptest! {
        #[test]
        fn shortened_text_fits_and_short_text_stays(text in "\\PC{0,40}", width in 0usize..50) {
            let short = shorten(&text, width);
            prop_assert!(short.width() <= width, "{short:?}");
            if text.width() <= width {
                prop_assert_eq!(short, text);
            }
        }
    }
}

//! Tables that lose columns by importance and never cut a name silently.

use ratatui::Frame;
use ratatui::layout::{Position, Rect};
use ratatui::style::Style;
use ratatui::text::{Line, Span};

use unicode_width::UnicodeWidthStr as _;

use crate::console::fields::Field;
use crate::console::text;
use crate::console::theme::{Mood, Theme};

/// One column.
#[derive(Clone, Copy, Debug)]
pub(super) struct Column {
    pub title: &'static str,
    /// Cells it takes at least.
    pub width: usize,
    /// Its share of the cells left over; 0 for none.
    pub grow: usize,
    /// The least important one goes first when the screen is narrow.
    pub importance: u8,
    /// Numbers stand on the right.
    pub right: bool,
}

impl Column {
    pub(super) const fn new(title: &'static str, width: usize, importance: u8) -> Self {
        Self { title, width, grow: 0, importance, right: false }
    }

    pub(super) const fn grow(self, grow: usize) -> Self {
        Self { grow, ..self }
    }

    pub(super) const fn right(self) -> Self {
        Self { right: true, ..self }
    }
}

/// One cell: its text and what it means.
#[derive(Clone, Debug)]
pub(super) struct Cell {
    pub text: String,
    pub mood: Mood,
}

impl Cell {
    pub(super) fn new(text: impl Into<String>, mood: Mood) -> Self {
        Self { text: text.into(), mood }
    }

    pub(super) fn plain(text: impl Into<String>) -> Self {
        Self::new(text, Mood::Plain)
    }

    pub(super) fn dim(text: impl Into<String>) -> Self {
        Self::new(text, Mood::Dim)
    }
}

const GAP: usize = 2;
/// Two cells before each row: the mark stands there.
pub(super) const MARGIN: usize = 2;

/// The cells of each column in `room`; none for those that have to go. What is
/// left over goes to the columns that grow, by their shares, and to none more than
/// its widest text (`content`) needs, as long as another one can use it.
pub(super) fn widths(columns: &[Column], content: &[usize], room: usize) -> Vec<Option<usize>> {
    let mut kept: Vec<bool> = vec![true; columns.len()];
    let taken = |kept: &[bool]| -> usize {
        columns.iter().zip(kept).filter(|(_, k)| **k).map(|(c, _)| c.width + GAP).sum::<usize>()
    };
    while taken(&kept) > room + GAP && kept.iter().filter(|k| **k).count() > 1 {
        let least = (0..columns.len()).filter(|i| kept[*i]).min_by_key(|i| columns[*i].importance);
        if let Some(least) = least {
            kept[least] = false;
        }
    }
    let mut spare = (room + GAP).saturating_sub(taken(&kept));
    let mut widths: Vec<usize> = columns.iter().map(|c| c.width).collect();
    // First what each one's text needs, then the rest.
    for limited in [true, false] {
        let wants = |i: usize, width: usize| !limited || width < content[i];
        loop {
            let growing: Vec<usize> = (0..columns.len())
                .filter(|i| kept[*i] && columns[*i].grow > 0 && wants(*i, widths[*i]))
                .collect();
            let shares: usize = growing.iter().map(|i| columns[*i].grow).sum();
            if shares == 0 || spare == 0 {
                break;
            }
            let pot = spare;
            for i in growing {
                let share = (pot * columns[i].grow / shares).max(1).min(spare);
                let share = if limited { share.min(content[i] - widths[i]) } else { share };
                widths[i] += share;
                spare -= share;
            }
        }
    }
    widths.into_iter().zip(kept).map(|(width, kept)| kept.then_some(width)).collect()
}

/// One row in the columns' widths.
pub(super) fn line(
    theme: Theme,
    columns: &[Column],
    widths: &[Option<usize>],
    marked: bool,
    cells: Vec<Cell>,
) -> Line<'static> {
    let mark =
        if marked { text::pad(theme.mark().to_owned(), MARGIN, false) } else { " ".repeat(MARGIN) };
    let mut spans = vec![Span::raw(mark)];
    for ((column, width), cell) in columns.iter().zip(widths).zip(cells) {
        let Some(width) = *width else { continue };
        if spans.len() > 1 {
            spans.push(Span::raw(" ".repeat(GAP)));
        }
        // Of words the beginning counts, of names both ends do.
        let short = match column.title {
            "NAME" => text::shorten_middle(&cell.text, width, theme.ellipsis()),
            _ => text::shorten(&cell.text, width, theme.ellipsis()),
        };
        spans.push(Span::styled(text::pad(short, width, column.right), theme.mood(cell.mood)));
    }
    Line::from(spans)
}

/// The widest text of each column.
pub(super) fn content<'r>(
    columns: &[Column],
    rows: impl Iterator<Item = &'r [Cell]>,
) -> Vec<usize> {
    let mut widest: Vec<usize> = columns.iter().map(|c| c.title.width()).collect();
    for cells in rows {
        for (widest, cell) in widest.iter_mut().zip(cells) {
            *widest = (*widest).max(cell.text.width());
        }
    }
    widest
}

/// The line with the columns' titles.
pub(super) fn titles(
    theme: Theme,
    columns: &[Column],
    widths: &[Option<usize>],
    sort: Option<(Field, bool)>,
) -> Line<'static> {
    let title = |column: &Column| match sort {
        Some((field, descending)) if field.name().eq_ignore_ascii_case(column.title) => {
            Cell::new(format!("{}{}", column.title, theme.sorted(descending)), Mood::Busy)
        }
        _ => Cell::dim(column.title),
    };
    line(theme, columns, widths, false, columns.iter().map(title).collect())
}

/// Which rows are on the screen, so that row `selected` of `count` is among
/// `height` of them, and not at the edge while there is more beyond.
pub(super) fn window(selected: usize, count: usize, height: usize) -> std::ops::Range<usize> {
    let top = (selected + 1 + height / 3).saturating_sub(height).min(count.saturating_sub(height));
    top..count.min(top + height)
}

/// Draws one row; the selected one is reversed and the cursor stands on it.
pub(super) fn row(
    frame: &mut Frame<'_>,
    area: Rect,
    mut line: Line<'static>,
    selected: Option<Style>,
    cursor: bool,
) {
    if let Some(style) = selected {
        let fill = usize::from(area.width).saturating_sub(line.width());
        line.push_span(Span::raw(" ".repeat(fill)));
        line = line.patch_style(style);
    }
    frame.render_widget(line, area);
    if cursor {
        frame.set_cursor_position(Position::new(area.x, area.y));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_least_important_column_goes_first() {
        let columns =
            [Column::new("NAME", 10, 9).grow(1), Column::new("B", 5, 1), Column::new("C", 5, 5)];
        let content = [0; 3];
        assert_eq!(widths(&columns, &content, 30), [Some(16), Some(5), Some(5)]);
        assert_eq!(widths(&columns, &content, 20), [Some(13), None, Some(5)]);
        assert_eq!(widths(&columns, &content, 12), [Some(12), None, None]);
    }

    #[test]
    fn room_goes_where_the_text_is() {
        let columns = [Column::new("NAME", 10, 9).grow(1), Column::new("WHY", 10, 5).grow(3)];
        // Nothing to say about why: the name gets it, as far as it needs it.
        assert_eq!(widths(&columns, &[30, 0], 42), [Some(30), Some(10)]);
        // Both want more than there is: by their shares.
        assert_eq!(widths(&columns, &[90, 90], 42), [Some(15), Some(25)]);
        // Whatever is wanted, the whole room is used and no more.
        for (name, why) in [(0, 0), (5, 50), (50, 5), (11, 12)] {
            let sum: usize = widths(&columns, &[name, why], 42).into_iter().flatten().sum();
            assert_eq!(sum + GAP, 42, "{name} {why}");
        }
    }

    #[test]
    fn the_selected_row_is_always_on_the_screen() {
        for count in 0..30 {
            for height in 1..12 {
                for selected in 0..count {
                    let window = window(selected, count, height);
                    assert!(
                        window.contains(&selected),
                        "{selected} of {count} in {height}: {window:?}"
                    );
                    assert!(window.len() == height.min(count));
                }
            }
        }
    }
}

//! A terminal's screen as a picture.

use std::fmt::Write as _;

/// Width and height of a cell, and the font's size, in pixels.
const CELL: (f64, f64) = (8.4, 18.0);
const FONT: f64 = 14.0;
/// Around the screen, in pixels.
const MARGIN: f64 = 14.0;
const BACKGROUND: &str = "#16181d";
const FOREGROUND: &str = "#d6d9e0";

/// The sixteen colours, on a dark background.
const COLORS: [&str; 16] = [
    "#2a2e37", "#e06c75", "#98c379", "#e5c07b", "#61afef", "#c678dd", "#56b6c2", "#d6d9e0",
    "#7d8594", "#ff7b85", "#b5e890", "#ffd68a", "#82c4ff", "#dd9af0", "#74d7e3", "#ffffff",
];

/// How cells that stand together look.
#[derive(Clone, PartialEq)]
struct Look {
    ink: String,
    paper: Option<String>,
    bold: bool,
    underlined: bool,
}

/// The screen as SVG: text stays text.
pub fn svg(screen: &vt100::Screen, what: &str) -> String {
    let (rows, columns) = (screen.size().0.get(), screen.size().1.get());
    let width = f64::from(columns) * CELL.0 + 2.0 * MARGIN;
    let height = f64::from(rows) * CELL.1 + 2.0 * MARGIN;
    let mut out = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {width:.0} {height:.0}\" \
         width=\"{width:.0}\" height=\"{height:.0}\" role=\"img\">\n<title>{}</title>\n\
         <rect width=\"100%\" height=\"100%\" rx=\"8\" fill=\"{BACKGROUND}\"/>\n\
         <g font-family=\"ui-monospace, Menlo, Consolas, 'DejaVu Sans Mono', monospace\" \
         font-size=\"{FONT}\" xml:space=\"preserve\">\n",
        escaped(what)
    );
    for row in 0..rows {
        for (column, cells, text, look) in runs(screen, row, columns) {
            let x = MARGIN + f64::from(column) * CELL.0;
            let y = MARGIN + f64::from(row) * CELL.1;
            let wide = f64::from(cells) * CELL.0;
            if let Some(paper) = &look.paper {
                let high = CELL.1;
                let _ = writeln!(
                    out,
                    "<rect x=\"{x:.1}\" y=\"{y:.1}\" width=\"{wide:.1}\" height=\"{high}\" fill=\"{paper}\"/>"
                );
            }
            if text.trim().is_empty() {
                continue;
            }
            let bold = if look.bold { " font-weight=\"bold\"" } else { "" };
            let line = if look.underlined { " text-decoration=\"underline\"" } else { "" };
            let _ = writeln!(
                out,
                "<text x=\"{x:.1}\" y=\"{:.1}\" textLength=\"{wide:.1}\" fill=\"{}\"{bold}{line}>{}</text>",
                y + FONT,
                look.ink,
                escaped(&text)
            );
        }
    }
    out + "</g>\n</svg>\n"
}

/// Cells of a row that look alike: where they begin, how many, their text.
fn runs(screen: &vt100::Screen, row: u16, columns: u16) -> Vec<(u16, u16, String, Look)> {
    let mut runs: Vec<(u16, u16, String, Look)> = Vec::new();
    for column in 0..columns {
        let Some(cell) = screen.cell(row, column) else { continue };
        let text = match cell.contents() {
            _ if cell.is_wide_continuation() => "",
            "" => " ",
            text => text,
        };
        let look = look(cell);
        match runs.last_mut() {
            Some((_, cells, all, last)) if *last == look || cell.is_wide_continuation() => {
                *cells += 1;
                all.push_str(text);
            }
            _ => runs.push((column, 1, text.to_owned(), look)),
        }
    }
    runs
}

fn look(cell: &vt100::Cell) -> Look {
    let color = |color| match color {
        vt100::Color::Default => None,
        vt100::Color::Idx(n) => COLORS.get(usize::from(n)).map(|color| (*color).to_owned()),
        vt100::Color::Rgb(r, g, b) => Some(format!("#{r:02x}{g:02x}{b:02x}")),
    };
    let (mut ink, mut paper) = (color(cell.fgcolor()), color(cell.bgcolor()));
    if cell.inverse() {
        let turned = ink.unwrap_or_else(|| FOREGROUND.to_owned());
        ink = Some(paper.unwrap_or_else(|| BACKGROUND.to_owned()));
        paper = Some(turned);
    }
    let ink = ink.unwrap_or_else(|| FOREGROUND.to_owned());
    Look { ink, paper, bold: cell.bold(), underlined: cell.underline() }
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}

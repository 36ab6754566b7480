//! The address to sign in at, while the engine waits for the browser.

use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::text::{Line, Text};

use super::popup;
use crate::console::state::{SignIn, State};
use crate::console::text;
use crate::console::theme::Mood;
use crate::model::Shown;

pub(super) fn draw(frame: &mut Frame<'_>, area: Rect, state: &State, waiting: &SignIn) {
    let theme = state.theme;
    let width = area.width.saturating_sub(4).min(100);
    let room = usize::from(width).saturating_sub(4);
    let words = |words: &str| {
        text::wrap(words, room).into_iter().map(Line::from).collect::<Vec<Line<'static>>>()
    };
    let mut lines = words("Open this address in a browser on this machine and sign in:");
    lines.push(Line::default());
    // Cut anywhere: what the terminal selects over the ends of lines is the whole address.
    let url: Vec<char> = Shown::limited(&waiting.url, 4_000).as_str().chars().collect();
    lines.extend(
        url.chunks(room.max(1))
            .map(|part| Line::styled(part.iter().collect::<String>(), theme.mood(Mood::Busy))),
    );
    lines.push(Line::default());
    lines.extend(words("This closes by itself when the browser comes back."));
    let title = format!("Sign in: {}", Shown::new(&waiting.endpoint));
    let inner = popup::frame(frame, area, state, &title, (width, lines.len() as u16));
    frame.render_widget(Text::from(lines), inner);
    frame.set_cursor_position(inner.as_position());
}

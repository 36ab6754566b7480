//! Drawing: reads the state, changes nothing that matters, one file per part.

mod confirm;
mod details;
pub(super) mod endpoints;
pub(super) mod feeds;
pub(super) mod footer;
mod header;
pub(super) mod help;
mod palette;
mod pane;
mod pending;
mod popup;
mod sign_in;
mod table;
mod transfers;

use ratatui::Frame;
use ratatui::layout::{Constraint, Layout, Position, Rect};
use ratatui::text::Line;

use super::log::LogView;
use super::state::{Pane, Popup, State};

/// The smallest screen that something can be done on.
pub(super) const MINIMUM: (u16, u16) = (40, 10);

/// The least lines for all panes at once; with fewer, all but one are folded up.
const ALL_PANES: u16 = 13;

/// Draws everything.
pub(super) fn draw(frame: &mut Frame<'_>, state: &mut State, log: &mut LogView) {
    let area = frame.area();
    if area.width < MINIMUM.0 || area.height < MINIMUM.1 {
        let text =
            format!("{}x{}: at least {}x{}, please", area.width, area.height, MINIMUM.0, MINIMUM.1);
        frame.render_widget(
            Line::from(text).centered(),
            area.centered_vertically(Constraint::Length(1)),
        );
        return;
    }
    let rows =
        [Constraint::Length(1), Constraint::Fill(1), Constraint::Length(1), Constraint::Length(1)];
    let [header, middle, message, footer] = area.layout(&Layout::vertical(rows));
    state.middle = middle;
    header::draw(frame, header, state);
    for (pane, area) in panes(state, middle) {
        if pane == state.focus {
            state.page = usize::from(area.height.saturating_sub(2));
        }
        match pane {
            Pane::Endpoints => endpoints::draw(frame, area, state),
            Pane::Pending => pending::draw(frame, area, state),
            Pane::Transfers => transfers::draw(frame, area, state),
            Pane::Feeds => feeds::draw(frame, area, state),
            Pane::Log => pane::draw_log(frame, area, state, log),
        }
    }
    footer::message(frame, message, state);
    footer::keys(frame, footer, state);
    let mut popup = state.popup.take();
    match &mut popup {
        None => {}
        Some(Popup::Help { scroll }) => help::draw(frame, middle, state, scroll),
        Some(Popup::Details(details)) => details::draw(frame, middle, state, details),
        Some(Popup::Confirm(confirm)) => confirm::draw(frame, middle, state, confirm),
        Some(Popup::SignIn(waiting)) => sign_in::draw(frame, middle, state, waiting),
        Some(Popup::Palette { input, index }) => palette::draw(frame, middle, state, input, *index),
    }
    state.popup = popup;
}

/// Where each pane is: the endpoints take what they need, the others share the
/// rest, the focused one gets the larger part of it. Landed files are looked at instead
/// of what is delivered.
fn panes(state: &State, area: Rect) -> Vec<(Pane, Rect)> {
    if state.full {
        return vec![(state.focus, area)];
    }
    let shown: &[Pane] = match state.focus {
        Pane::Feeds => &[Pane::Endpoints, Pane::Feeds, Pane::Log],
        _ => &Pane::ALL[..4],
    };
    if area.height < ALL_PANES {
        let one = |pane: &Pane| match *pane == state.focus {
            true => Constraint::Fill(1),
            false => Constraint::Length(1),
        };
        let areas = Layout::vertical(shown.iter().map(one)).split(area);
        return shown.iter().copied().zip(areas.iter().copied()).collect();
    }
    let wanted = state.books.endpoints.len().max(1) as u16 + 2;
    let most = if state.focus == Pane::Endpoints { area.height * 2 / 5 } else { area.height / 4 };
    let endpoints = Constraint::Length(wanted.min(most.max(4)));
    if state.focus == Pane::Feeds {
        let rows = [endpoints, Constraint::Fill(3), Constraint::Fill(1)];
        let areas: [Rect; 3] = area.layout(&Layout::vertical(rows));
        return shown.iter().copied().zip(areas).collect();
    }
    let share = |pane| Constraint::Fill(if pane == state.focus { 3 } else { 2 });
    let rows = [endpoints, share(Pane::Pending), share(Pane::Transfers), share(Pane::Log)];
    let areas: [Rect; 4] = area.layout(&Layout::vertical(rows));
    shown.iter().copied().zip(areas).collect()
}

/// The pane at `at` on the screen as it was drawn, and which of its rows stands there.
pub(super) fn hit(state: &State, at: Position) -> Option<(Pane, Option<usize>)> {
    let (pane, area) = panes(state, state.middle).into_iter().find(|(_, a)| a.contains(at))?;
    let titles = match pane {
        Pane::Transfers => transfers::lines_above(state, area),
        _ => 2,
    };
    let count = state.rows(pane).len();
    let height = area.height.saturating_sub(titles);
    let window = table::window(state.list(pane).index, count, usize::from(height));
    let row = (at.y - area.y).checked_sub(titles).map(|row| window.start + usize::from(row));
    Some((pane, row.filter(|row| window.contains(row))))
}

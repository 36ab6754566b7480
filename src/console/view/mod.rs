//! Drawing: reads the state, changes nothing that matters, one file per part.

mod confirm;
mod datasets;
mod details;
pub(super) mod endpoints;
pub(super) mod feeds;
pub(super) mod footer;
mod header;
pub(super) mod help;
pub(super) mod needs;
mod palette;
mod pane;
mod pending;
mod popup;
pub(super) mod runs;
mod schedules;
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
    let words = footer::words(state, area.width);
    let message = words.len().min(6) as u16;
    let rows = [
        Constraint::Length(1),
        Constraint::Fill(1),
        Constraint::Length(message),
        Constraint::Length(1),
    ];
    let [header, middle, message, footer] = area.layout(&Layout::vertical(rows));
    state.middle = middle;
    header::draw(frame, header, state);
    let needs = state.needs();
    for (pane, area) in panes(state, middle, needs.len()) {
        if pane == state.focus {
            state.page = usize::from(area.height.saturating_sub(2));
        }
        match pane {
            Pane::Endpoints => endpoints::draw(frame, area, state),
            Pane::Pending => pending::draw(frame, area, state),
            Pane::Transfers => transfers::draw(frame, area, state),
            Pane::Feeds => feeds::draw(frame, area, state),
            Pane::Datasets => datasets::draw(frame, area, state),
            Pane::Runs => runs::draw(frame, area, state),
            Pane::Schedules => schedules::draw(frame, area, state),
            Pane::Needs => needs::draw(frame, area, state, &needs),
            Pane::Log => pane::draw_log(frame, area, state, log),
        }
    }
    footer::message(frame, message, words);
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

/// Where each pane is: what needs a person on top, then the endpoints, both as high as they
/// need; the others share the rest, the focused one gets the larger part of it, an empty one
/// next to nothing. Some panes are looked at instead of exports and transfers.
fn panes(state: &State, area: Rect, needs: usize) -> Vec<(Pane, Rect)> {
    if state.full {
        return vec![(state.focus, area)];
    }
    let all = || [Pane::Needs, Pane::Endpoints, Pane::Pending, Pane::Transfers, Pane::Log];
    if area.height < ALL_PANES {
        let folded = match state.focus.takes_the_middle() {
            true => vec![Pane::Needs, Pane::Endpoints, state.focus, Pane::Log],
            false => all().to_vec(),
        };
        let one = |pane: &Pane| match *pane == state.focus {
            true => Constraint::Fill(1),
            false => Constraint::Length(1),
        };
        let areas = Layout::vertical(folded.iter().map(one)).split(area);
        return folded.iter().copied().zip(areas.iter().copied()).collect();
    }
    let wanted = state.books.endpoints.len().max(1) as u16 + 2;
    let most = if state.focus == Pane::Endpoints { area.height * 2 / 5 } else { area.height / 3 };
    let endpoints = Constraint::Length(wanted.min(most.max(4)));
    let most = if state.focus == Pane::Needs { area.height / 3 } else { area.height / 6 };
    let high = 1 + needs::wanted(state, needs).min(most);
    let needs = Constraint::Length(if state.loaded { high } else { 0 });
    if state.focus.takes_the_middle() {
        let rows = [needs, endpoints, Constraint::Fill(3), Constraint::Fill(1)];
        let areas: [Rect; 4] = area.layout(&Layout::vertical(rows));
        let panes = [Pane::Needs, Pane::Endpoints, state.focus, Pane::Log];
        return panes.into_iter().zip(areas).collect();
    }
    let share = |pane| match pane {
        pane if pane == state.focus => Constraint::Fill(3),
        Pane::Pending if state.books.pending.is_empty() => Constraint::Length(2),
        Pane::Transfers if state.books.recent.is_empty() && state.transfers.count() == 0 => {
            Constraint::Length(2)
        }
        _ => Constraint::Fill(2),
    };
    let rows = [needs, endpoints, share(Pane::Pending), share(Pane::Transfers), share(Pane::Log)];
    let areas: [Rect; 5] = area.layout(&Layout::vertical(rows));
    all().into_iter().zip(areas).filter(|(_, area)| area.height > 0).collect()
}

/// The pane at `at` on the screen as it was drawn, and which of its rows stands there.
pub(super) fn hit(state: &State, at: Position) -> Option<(Pane, Option<usize>)> {
    let needs = state.count(Pane::Needs);
    let (pane, area) =
        panes(state, state.middle, needs).into_iter().find(|(_, a)| a.contains(at))?;
    let count = state.count(pane);
    let above = match pane {
        Pane::Transfers => transfers::lines_above(state, area),
        Pane::Needs if !needs::has_titles(area.height - 1, count) => 1,
        _ => 2,
    };
    let height = area.height.saturating_sub(above);
    let window = table::window(state.list(pane).index, count, usize::from(height));
    let row = (at.y - area.y).checked_sub(above).map(|row| window.start + usize::from(row));
    Some((pane, row.filter(|row| window.contains(row))))
}

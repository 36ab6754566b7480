//! Moving between panes and in them.

use crate::console::action::Action;
use crate::console::effect::{Effect, LogMove};
use crate::console::state::{Pane, RowKey, State};

/// Where `action` leads from row `index` of `count`, with `page` of them on the screen.
pub(super) fn step(action: Action, index: usize, count: usize, page: usize) -> usize {
    let last = count.saturating_sub(1);
    let page = page.max(1);
    match action {
        Action::Up => index.saturating_sub(1),
        Action::Down => index + 1,
        Action::HalfUp => index.saturating_sub(page.div_ceil(2)),
        Action::HalfDown => index + page.div_ceil(2),
        Action::PageUp => index.saturating_sub(page),
        Action::PageDown => index + page,
        Action::Top => 0,
        Action::Bottom => last,
        _ => index,
    }
    .min(last)
}

/// Moves in the focused pane.
pub(super) fn motion(state: &mut State, action: Action) -> Vec<Effect> {
    if state.focus == Pane::Log {
        let page = state.page.max(1);
        let step = match action {
            Action::Top => LogMove::Top,
            Action::Bottom => LogMove::Follow,
            Action::Up => LogMove::Up(1),
            Action::HalfUp => LogMove::Up(page.div_ceil(2)),
            Action::PageUp => LogMove::Up(page),
            Action::HalfDown => LogMove::Down(page.div_ceil(2)),
            Action::PageDown => LogMove::Down(page),
            _ => LogMove::Down(1),
        };
        return vec![Effect::Log(step)];
    }
    let count = state.count(state.focus);
    let index = step(action, state.list(state.focus).index, count, state.page);
    let focus = state.focus;
    state.select(focus, index);
    state.list_mut(focus).moved = index > 0;
    extend(state);
    Vec::new()
}

/// Marks everything between where a range began and the selected row.
pub(super) fn extend(state: &mut State) {
    let focus = state.focus;
    let (Some(from), to) = (state.list(focus).range, state.list(focus).index) else { return };
    let rows = state.rows(focus);
    let ids = rows.into_iter().skip(from.min(to)).take(from.abs_diff(to) + 1);
    let ids = ids.filter_map(|row| match row {
        RowKey::Id(id) => Some(id),
        _ => None,
    });
    state.list_mut(focus).marked = ids.collect();
}

//! The terminal: loop, state, keys, one view per pane.

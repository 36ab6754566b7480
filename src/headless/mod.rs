//! The engine's events as lines, progress bars or JSON.

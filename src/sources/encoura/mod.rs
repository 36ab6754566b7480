//! Encoura.

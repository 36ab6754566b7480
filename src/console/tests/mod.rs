//! The console as its users and its loop see it.

mod actions;
mod filtering;
mod hostile;
mod looping;
mod sample;
mod screens;
mod table;

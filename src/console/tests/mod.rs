//! The console as its users and its loop see it.

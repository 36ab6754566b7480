//! The command line: one file per command that is more than a call.

//! The door: read the command line, choose a face, turn the outcome into an exit code.

fn main() {}

//! The door: read the command line, choose a face, turn the outcome into an exit code.

use std::process::ExitCode;

use clap::Parser as _;
use transship::cli::{Cli, Exit, run};

fn main() -> ExitCode {
    // Ends the program itself: help with 0, a wrong command line with 2.
    let cli = Cli::parse();
    if let Err(error) = enough_descriptors() {
        eprintln!("transship: too few files can be open at once (`ulimit -n`): {error}");
        return Exit::Unexpected.into();
    }
    let runtime = match tokio::runtime::Runtime::new() {
        Ok(runtime) => runtime,
        Err(error) => {
            eprintln!("transship: the runtime cannot be started: {error}");
            return Exit::Unexpected.into();
        }
    };
    let exit = runtime.block_on(run(cli));
    // A blocking read of the terminal must not keep the program from ending.
    runtime.shutdown_background();
    exit.into()
}

/// Whether what the runtime opens can be opened: it does not bear that some of it cannot.
#[cfg(unix)]
fn enough_descriptors() -> std::io::Result<()> {
    let pair = || std::os::unix::net::UnixStream::pair();
    let _held = [pair()?, pair()?, pair()?, pair()?];
    Ok(())
}

#[cfg(not(unix))]
fn enough_descriptors() -> std::io::Result<()> {
    Ok(())
}

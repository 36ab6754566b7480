//! `transship completions` and `transship man`.

use clap::CommandFactory as _;

use super::{Cli, Exit, print};
use crate::model::Failure;

pub(super) fn completions(shell: clap_complete::Shell) -> Exit {
    let mut script = Vec::new();
    clap_complete::generate(shell, &mut Cli::command(), "transship", &mut script);
    print::stdout(&String::from_utf8_lossy(&script))
}

pub(super) fn man() -> Exit {
    let mut command = Cli::command().disable_help_subcommand(true);
    // Gives the commands their full names, and the flags that all of them have.
    command.build();
    let mut page = Vec::new();
    let commands: Vec<_> = command.get_subcommands().cloned().collect();
    let mut pages = std::iter::once(command).chain(commands);
    match pages.try_for_each(|command| clap_mangen::Man::new(command).render(&mut page)) {
        Ok(()) => print::stdout(&String::from_utf8_lossy(&page)),
        Err(error) => print::failure(&Failure::io("writing", "the manual page", &error)),
    }
}

//! A page for every command, as `--help` has it.

use std::collections::BTreeMap;

use clap::{Command, CommandFactory as _};
use transship::cli::Cli;

use super::pages::NOTE;

/// Wide enough for a table of flags, and for a page.
const WIDTH: usize = 96;

pub fn pages() -> BTreeMap<String, String> {
    let mut program = Cli::command().disable_help_subcommand(true);
    // Gives the commands their full names, and the flags that all of them have.
    program.build();
    let mut pages = BTreeMap::new();
    let mut index = format!(
        "{NOTE}# transship\n\n{}\n\n| command | does |\n|---|---|\n",
        program.get_about().unwrap()
    );
    for command in all(&program) {
        let name = command.get_bin_name().unwrap().to_owned();
        let file = format!("{}.md", name.trim_start_matches("transship ").replace(' ', "-"));
        let about = command.get_about().unwrap().to_string();
        index += &format!("| [`{name}`]({file}) | {} |\n", about.trim_end_matches('.'));
        pages.insert(format!("commands/{file}"), page(&name, command));
    }
    index += &format!("\n```text\n{}\n```\n", help(program));
    pages.insert("commands/README.md".to_owned(), index);
    pages
}

/// All commands below `command`, in the order of the help.
pub fn all(command: &Command) -> Vec<Command> {
    let below = command.get_subcommands().filter(|below| below.get_name() != "help");
    below.flat_map(|below| [vec![below.clone()], all(below)].concat()).collect()
}

fn page(name: &str, command: Command) -> String {
    format!("{NOTE}# {name}\n\n```text\n{}\n```\n", help(command))
}

fn help(command: Command) -> String {
    let text = command.term_width(WIDTH).render_long_help().to_string();
    let lines: Vec<&str> = text.trim().lines().map(str::trim_end).collect();
    lines.join("\n")
}

#[test]
fn every_command_has_a_page_and_words() {
    let pages = pages();
    assert!(pages.len() > 30, "{}", pages.len());
    for (name, page) in &pages {
        assert!(page.contains("Usage: transship"), "{name}: {page}");
    }
    assert!(pages["commands/sync.md"].contains("--dry-run"));
    assert!(pages["commands/config-schema.md"].contains("yaml-language-server"));
}

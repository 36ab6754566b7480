//! Examples: every command line is one that the program understands, every piece of a
//! configuration is one that it loads, and the first steps are taken.

use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::process::Command;

use clap::Parser as _;
use clap::error::ErrorKind;
use transship::cli::Cli;
use transship::config::{Config, Environment};

const PIN: &str = "SHA256:47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU";

fn documents() -> Vec<(PathBuf, String)> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut files = Vec::new();
    for folder in ["", "assets", "assets/docs", "assets/systemd", "tests"] {
        for entry in std::fs::read_dir(root.join(folder)).unwrap() {
            let path = entry.unwrap().path();
            let written = ["md", "service", "yaml"];
            if path.extension().is_some_and(|e| written.iter().any(|known| e == *known)) {
                files.push((path.clone(), std::fs::read_to_string(&path).unwrap()));
            }
        }
    }
    assert!(files.len() > 6, "{files:?}");
    files
}

/// The blocks of this language.
fn blocks(text: &str, language: &str) -> Vec<String> {
    let mut blocks = Vec::new();
    let mut open: Option<(&str, String)> = None;
    for line in text.lines() {
        match (line.strip_prefix("```"), &mut open) {
            (Some(language), None) => open = Some((language, String::new())),
            (Some(_), Some(_)) => blocks.extend(open.take()),
            (None, Some((_, block))) => *block += &format!("{line}\n"),
            (None, None) => {}
        }
    }
    assert!(open.is_none(), "a block is not closed");
    blocks.into_iter().filter(|(its, _)| *its == language).map(|(_, block)| block).collect()
}

/// The command lines of a text: in blocks of the shell, of cron, and in the prose.
fn commands(text: &str) -> Vec<String> {
    let inline = text.split('`').skip(1).step_by(2).filter(|code| !code.contains('\n'));
    let shell = [blocks(text, "sh"), blocks(text, "")].concat().concat();
    let units = text.lines().filter_map(|line| line.split_once("=/usr/local/bin/"));
    let all = inline.chain(shell.lines()).chain(units.map(|(_, command)| command));
    let ours = |line: &str| {
        let start = line.find("transship ").filter(|at| {
            *at == 0
                || line[..*at].ends_with([' ', '\t'])
                    && !["cargo ", "docker "].iter().any(|other| line[..*at].contains(other))
        })?;
        let line = line[start..].split(" #").next()?;
        let line = line.split([';', '|', '>', '&']).next()?.trim();
        (!line.ends_with("transship") && !line.contains('…')).then(|| line.to_owned())
    };
    all.filter_map(ours).collect()
}

/// As a shell takes a line apart, as far as examples need it.
fn words(line: &str) -> Vec<String> {
    let mut words = vec![String::new()];
    let mut quote = None;
    for c in line.chars() {
        match quote {
            Some(open) if c == open => quote = None,
            None if matches!(c, '"' | '\'') => quote = Some(c),
            None if c == ' ' => words.push(String::new()),
            _ => words.last_mut().unwrap().push(c),
        }
    }
    words.retain(|word| !word.is_empty());
    words
}

const NAMED: [ErrorKind; 2] =
    [ErrorKind::MissingRequiredArgument, ErrorKind::DisplayHelpOnMissingArgumentOrSubcommand];

#[test]
fn every_command_line_is_understood() {
    let mut found = 0;
    for (file, text) in documents().iter().filter(|(file, _)| !file.ends_with("CHANGELOG.md")) {
        for line in commands(text) {
            found += 1;
            let words = words(&line);
            let Err(error) = Cli::try_parse_from(&words) else { continue };
            // A command's name alone stands for the command.
            let named = words.len() == 2 && NAMED.contains(&error.kind());
            let fine = named || !error.use_stderr();
            assert!(fine, "{}: `{line}` is not understood: {error}", file.display());
        }
    }
    assert!(found > 40, "{found}");
    // The check can fail.
    assert!(Cli::try_parse_from(words("transship sync --ful")).is_err());
}

#[test]
fn every_piece_of_a_configuration_is_loaded() {
    let mut found = 0;
    for (file, text) in documents().iter().filter(|(f, _)| f.extension().is_some_and(|e| e == "md"))
    {
        for block in blocks(text, "yaml") {
            found += 1;
            let block = block.replace("SHA256:…", PIN);
            if let Err(errors) = load(&block) {
                panic!("{}: {errors}\n{block}", file.display());
            }
        }
    }
    assert!(found >= 3, "{found}");
}

/// With every variable that is referred to.
fn load(text: &str) -> Result<Config, String> {
    let names = text.split("${").skip(1).filter_map(|rest| rest.split(['}', ':']).next());
    let value = |name: &str| if name.ends_with("_URL") { "https://x.example/x" } else { "x" };
    let environment = Environment {
        variables: names.map(|name| (name.to_owned(), OsString::from(value(name)))).collect(),
        current_dir: PathBuf::from("/nowhere"),
        ..Environment::default()
    };
    let file = Path::new("/nowhere/connector.yaml");
    Config::from_text(text, file, &environment).map_err(|errors| errors.to_string())
}

/// Those that need nobody else, with the real program: an example that is written is good.
#[test]
fn the_first_steps_of_the_readme_go() {
    let readme = include_str!("../../README.md");
    let steps =
        blocks(readme, "sh").into_iter().find(|block| block.contains("transship init")).unwrap();
    let exports =
        blocks(readme, "sh").into_iter().find(|block| block.contains("export ENCOURA")).unwrap();
    let folder = tempfile::tempdir().unwrap();
    let variables = exports.split_whitespace().filter_map(|word| word.split_once('='));
    let variables: Vec<(&str, &str)> = variables
        .map(|(name, value)| (name, if value.starts_with("SHA256") { PIN } else { "x" }))
        .collect();
    assert_eq!(variables.len(), 7, "{variables:?}");
    let run = |line: &str| {
        let output = Command::new(env!("CARGO_BIN_EXE_transship"))
            .args(&words(line)[1..])
            .current_dir(folder.path())
            .env_clear()
            .env("HOME", folder.path())
            .envs(variables.iter().copied())
            .output()
            .unwrap();
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        (output.status.code().unwrap(), said)
    };
    let lines: Vec<&str> = steps.lines().collect();
    for step in ["transship init", "transship check"] {
        let line = lines.iter().find(|line| line.starts_with(step)).unwrap();
        let (code, said) = run(line.split('#').next().unwrap().trim());
        assert_eq!(code, 0, "{step}: {said}");
    }
    assert!(folder.path().join("connector.yaml").is_file());
    // Never over what is there.
    assert_eq!(run("transship init").0, 1);
}

//! `transship check`: every mistake and every warning of the configuration.

use serde::Serialize;

use super::workplace::misconfigured;
use super::{Exit, Global, print};
use crate::config::{Config, ConfigErrors, Origin};
use crate::model::Shown;

/// `check --json`.
#[derive(Serialize)]
struct Report<'c> {
    valid: bool,
    file: Option<String>,
    errors: Vec<Mistake<'c>>,
    warnings: &'c [String],
}

#[derive(Serialize)]
struct Mistake<'c> {
    line: Option<usize>,
    column: Option<usize>,
    message: &'c str,
    suggestion: Option<&'c str>,
}

pub(super) fn run(global: &Global) -> Exit {
    match Config::load(global.config.as_deref()) {
        Ok(config) => valid(global, &config),
        Err(errors) => invalid(global, &errors),
    }
}

/// The configuration for a command that works with it; what is wrong or unwise
/// is told on stderr.
pub(super) fn load(global: &Global) -> Result<Config, Exit> {
    match Config::load(global.config.as_deref()) {
        Ok(config) => {
            if !global.quiet {
                warnings(&config.warnings);
            }
            Ok(config)
        }
        Err(errors) => Err(misconfigured(&errors)),
    }
}

fn valid(global: &Global, config: &Config) -> Exit {
    let file = match &config.origin {
        Origin::File(path) => Some(path.display().to_string()),
        Origin::Environment | Origin::Demo => None,
    };
    if global.json {
        let warnings = &config.warnings;
        return print::json_lines(&[Report { valid: true, file, errors: vec![], warnings }]);
    }
    warnings(&config.warnings);
    let file = file.unwrap_or_else(|| "the environment (there is no file)".into());
    let active = config.endpoints.iter().filter(|e| e.is_active).count();
    let mut text = format!("{} is valid.\n", Shown::new(file));
    for (what, value) in [
        ("ledger", config.database.display().to_string()),
        ("data", config.data_dir.display().to_string()),
        ("log", config.log.file.display().to_string()),
        ("endpoints", format!("{} ({active} active)", config.endpoints.len())),
    ] {
        text.push_str(&format!("  {what:<10} {}\n", Shown::new(value)));
    }
    print::stdout(&text)
}

fn invalid(global: &Global, errors: &ConfigErrors) -> Exit {
    if global.json {
        let mistakes = errors.problems.iter().map(|p| Mistake {
            line: p.position.map(|(line, _)| line),
            column: p.position.map(|(_, column)| column),
            message: &p.message,
            suggestion: p.suggestion.as_deref(),
        });
        let file = (!errors.file.is_empty()).then(|| errors.file.clone());
        let (errors, warnings) = (mistakes.collect(), errors.warnings.as_slice());
        print::json_lines(&[Report { valid: false, file, errors, warnings }]);
    } else {
        warnings(&errors.warnings);
        let count = errors.problems.len();
        let noun = if count == 1 { "mistake" } else { "mistakes" };
        print::note(&format!("{errors}\n{count} {noun}"));
    }
    Exit::Misconfigured
}

fn warnings(warnings: &[String]) {
    for warning in warnings {
        print::note(&format!("warning: {warning}"));
    }
}

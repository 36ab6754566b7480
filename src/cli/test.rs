//! `transship test`: signs in on both sides and looks around.

use serde_json::json;

use super::{Exit, Global, TestArgs, check, print};
use crate::engine::{self, Accounts, Look, command::Tested};
use crate::headless::table::{Column, Table};

/// Tests the named, or all active, endpoints. Needs no ledger and no lock.
pub(super) async fn test(global: &Global, args: &TestArgs) -> Exit {
    let mut config = match check::load(global) {
        Ok(config) => config,
        Err(exit) => return exit,
    };
    if let Some(wanted) = args.endpoint_type {
        config.endpoints.retain(|endpoint| endpoint.endpoint_type == wanted);
    }
    let look = Look {
        endpoints: args.endpoints.clone(),
        max_files: args.max_files,
        list_projects: args.list_projects,
    };
    let tested = match engine::look(&config, &look, &mut Accounts::default(), &steps(global)).await
    {
        Ok(tested) => tested,
        Err(failure) => return print::failure(&failure),
    };
    print_checks(&tested, global.json);
    tested.iter().flat_map(Tested::failures).map(Exit::of_failure).next().unwrap_or(Exit::Done)
}

/// Says each step on stderr, with `--verbose`.
pub(super) fn steps(global: &Global) -> impl Fn(&str) + Send + Sync + use<> {
    let verbose = global.verbose;
    move |step| {
        if verbose {
            print::note(step);
        }
    }
}

/// Prints what was found: a line each, or one JSON object an endpoint.
pub(super) fn print_checks(tested: &[Tested], json: bool) {
    if json {
        let rows: Vec<_> = tested.iter().map(as_json).collect();
        print::json_lines(&rows);
        return;
    }
    let mut text = String::new();
    for endpoint in tested {
        text.push_str(&format!("{}\n", endpoint.endpoint));
        for (what, result) in &endpoint.checks {
            match result {
                Ok(found) if found.is_empty() => text.push_str(&format!("  ok      {what}\n")),
                Ok(found) => text.push_str(&format!("  ok      {what}: {found}\n")),
                Err(failure) => text.push_str(&format!("  FAILED  {what}: {failure}\n")),
            }
        }
        text.push_str(&projects(endpoint));
    }
    print::stdout(&text);
}

fn projects(tested: &Tested) -> String {
    if tested.projects.is_empty() {
        return String::new();
    }
    let columns = [Column::fixed("PROJECT"), Column::text("NAME"), Column::text("BELONGS TO")];
    let mut table = Table::new(&columns);
    for project in &tested.projects {
        table.row([&project.id, &project.name, project.belongs_to.as_ref().unwrap_or(&"-".into())]);
    }
    table.render(None).lines().map(|line| format!("          {line}\n")).collect()
}

fn as_json(tested: &Tested) -> serde_json::Value {
    let checks: Vec<_> = tested
        .checks
        .iter()
        .map(|(what, result)| match result {
            Ok(found) => json!({"check": what, "ok": true, "found": found}),
            Err(failure) => json!({"check": what, "ok": false, "error": failure.to_string()}),
        })
        .collect();
    json!({"endpoint": tested.endpoint, "checks": checks, "projects": tested.projects})
}

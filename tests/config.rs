//! `connector.yaml` and the environment, through the public door.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

#[path = "config/bandwidth.rs"]
mod bandwidth;
#[path = "config/changes.rs"]
mod changes;
#[path = "config/datasets.rs"]
mod datasets;
#[path = "config/feed.rs"]
mod feed;
#[path = "config/notifications.rs"]
mod notifications;
#[path = "config/schema.rs"]
mod schema;

use std::ffi::OsString;
use std::path::{Path, PathBuf};

use proptest::prelude::*;
use tempfile::TempDir;
use transship::config::{
    Client, Config, ConfigErrors, Environment, LogFormat, LogKeep, Origin, Retention,
};
use transship::model::{DoubtPolicy, FinalNames, HostKeyPolicy, PublishMode, Schedule, Scope};

const EXAMPLE: &str = include_str!("../assets/connector.example.yaml");
const PIN: &str = "SHA256:47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU";
const CANARY: &str = "kanarienvogel";

fn environment(variables: &[(&str, &str)]) -> Environment {
    Environment {
        variables: variables.iter().map(|(k, v)| ((*k).into(), OsString::from(v))).collect(),
        current_dir: PathBuf::from("/nowhere"),
        home: Some(PathBuf::from("/home/op")),
        user_config: Some(PathBuf::from("/home/op/.config/transship")),
        user_data: Some(PathBuf::from("/home/op/.local/share/transship")),
    }
}

fn six() -> Vec<(&'static str, &'static str)> {
    vec![
        ("ENCOURA_API_KEY", CANARY),
        ("ENCOURA_USERNAME", "user"),
        ("ENCOURA_PASSWORD", CANARY),
        ("ENCOURA_ORGANIZATION_UID", "1234"),
        ("SLATE_HALIA_SFTP_UN", "sftp@school.example"),
        ("SLATE_HALIA_SFTP_PW", CANARY),
    ]
}

fn load(text: &str, variables: &[(&str, &str)]) -> Result<Config, ConfigErrors> {
    Config::from_text(text, Path::new("/srv/t/config/connector.yaml"), &environment(variables))
}

fn valid(text: &str, variables: &[(&str, &str)]) -> Config {
    // What the reader takes, the schema takes.
    assert_eq!(schema::complaints(text), "", "{text}");
    load(text, variables).unwrap_or_else(|e| panic!("{e}"))
}

/// `line:column: message` of every mistake.
fn mistakes(text: &str) -> Vec<String> {
    let errors = load(text, &[("SET", "x"), ("SECRET", CANARY)]).expect_err(text);
    assert!(!errors.to_string().contains(CANARY), "{errors}");
    let one = |p: &transship::config::Problem| match p.position {
        Some((line, column)) => format!("{line}:{column}: {}", p.line()),
        None => p.line(),
    };
    errors.problems.iter().map(one).collect()
}

/// An endpoint with what it needs, to which a test adds `more` lines.
fn encoura(more: &str) -> String {
    format!(
        "clients:\n  encoura: {{ api_key: '${{SET}}', username: u, password: '${{SET}}' }}\n\
         endpoints:\n  - name: a\n    endpoint_type: encoura\n{more}"
    )
}

fn slate(more: &str) -> String {
    format!(
        "destinations:\n  slate:\n    host: h\n    username: u\n    agent: true\n    directory: /in\n{more}"
    )
}

#[test]
fn the_console_s_keys_are_checked_and_conflicts_told() {
    let console = |more: &str| format!("console:\n{more}endpoints: []\n");
    let config = valid(
        &console(
            "  theme: High_Contrast\n  symbols: ascii\n  mouse: yes\n  keys: { retry: [t, f5], full_pane: F11 }\n",
        ),
        &[],
    );
    assert!(config.console.ascii && config.console.mouse);
    assert_ne!(config.console.keys, transship::console::Keymap::default());
    for (text, expected) in [
        (
            "  theme: drak\n",
            "2:10: console.theme: expected dark, light, high_contrast or mono, found \"drak\" (did you mean \"dark\"?)",
        ),
        (
            "  keys:\n    retri: t\n",
            "3:5: unknown key \"retri\" in console.keys (did you mean \"retry\"?)",
        ),
        (
            "  keys:\n    retry: ctl-t\n",
            "3:12: console.keys.retry: \"ctl-t\" is no key: there are ctrl-, alt- and shift-",
        ),
        (
            "  keys:\n    hold: [h, r]\n",
            "3:15: console.keys: r (retry and hold) does two things in the pane \"pending exports\"",
        ),
        (
            "  keys:\n    level: r\n",
            "3:12: console.keys: r (retry and level) would change something in one pane and not in another",
        ),
        (
            "  keys:\n    redraw: z\n",
            "3:13: console.keys: z (redraw) is typed in filters; take one with ctrl- or a function key",
        ),
    ] {
        let found = mistakes(&console(text));
        assert!(found.iter().any(|line| line == expected), "{text}: {found:#?}");
    }
    // Who gives both of them another key has no conflict.
    valid(&console("  keys: { retry: t, hold: r }\n"), &[]);
}

#[test]
fn every_mistake_has_its_place_and_the_nearest_name() {
    let mut wrong = String::new();
    for (text, expected) in [
        ("endpoints: [\n", vec!["1:12: this is not valid YAML: unclosed bracket"]),
        ("a: b: c\n", vec!["1:5: this is not valid YAML"]),
        ("- a\n", vec!["1:1: the file: expected a mapping, found a list"]),
        ("a: 1\n---\nb: 1\n", vec!["2:1: only one YAML document is expected in the file"]),
        ("endpoint: []\n", vec!["1:1: unknown key \"endpoint\" (did you mean \"endpoints\"?)"]),
        ("log: {}\nlog: {}\n", vec!["2:1: the key \"log\" stands here twice"]),
        (
            "log:\n  levle: info\n",
            vec!["2:3: unknown key \"levle\" in log (did you mean \"level\"?)"],
        ),
        (
            "log: { colour: red }",
            vec![
                "1:8: unknown key \"colour\" in log; expected one of: file, format, level, keep_files, keep_days, max_file_mb",
            ],
        ),
        (
            "log: { level: inof }",
            vec![
                "1:15: log.level: expected error, warn, info, debug, trace, warning or critical, found \"inof\" (did you mean \"info\"?)",
            ],
        ),
        ("log: [1]", vec!["1:6: log: expected a mapping, found a list"]),
        ("log: { file: [a] }", vec!["1:14: log.file: expected a single value, found a list"]),
        (
            "scheduling:\n  max_transfers: many\n",
            vec![
                "2:18: scheduling.max_transfers: expected a whole number from 1 to 256, found \"many\"",
            ],
        ),
        (
            "scheduling: { max_transfers: 0 }",
            vec![
                "1:30: scheduling.max_transfers: expected a whole number from 1 to 256, found \"0\"",
            ],
        ),
        (
            "database: { url: 'postgresql://u:kanarienvogel@h/d' }",
            vec![
                "1:18: database.url: the ledger is an SQLite file, not \"postgresql\"; expected \"sqlite:///path/to/file.db\"",
            ],
        ),
        (
            "log: { file: '${UNSET}' }",
            vec!["1:14: log.file: the environment variable UNSET is not set"],
        ),
        (
            "log: { file: '${SET' }",
            vec![
                "1:14: log.file: \"${\" without its \"}\"; write \"$${\" for the characters themselves",
            ],
        ),
        (
            "log: { file: ${1X} }",
            vec![
                "1:14: log.file: \"1X\" is no name of an environment variable; write \"$${\" for the characters themselves",
            ],
        ),
        // The wrong variable may hold a secret: its value is not quoted.
        (
            "scheduling: { max_transfers: '${SECRET}' }",
            vec![
                "1:30: scheduling.max_transfers: expected a whole number from 1 to 256, found the value of the variable",
            ],
        ),
        (
            "http: { listen: ['0.0.0.0:8080'] }",
            vec![
                "1:18: http.listen: \"0.0.0.0:8080\" is not this machine alone: username and password are required",
            ],
        ),
        (
            "http: { listen: 8080 }",
            vec![
                "1:17: http.listen: expected an address and a port, as in \"127.0.0.1:8080\", found \"8080\"",
            ],
        ),
        (
            "clients:\n  encora: {}\n",
            vec![
                "2:3: clients.encora: \"type\" is missing: expected one of: encoura, autodesk, autodesk_construction_cloud, google_drive, sftp (did you mean \"encoura\"?)",
            ],
        ),
        (
            "clients:\n  encoura: { api_key: kanarienvogel, pasword: kanarienvogel }\n",
            vec![
                "2:12: clients.encoura.username is missing: expected the name to sign in with",
                "2:12: clients.encoura.password is missing: expected the password to sign in with",
                "2:38: unknown key \"pasword\" in clients.encoura (did you mean \"password\"?)",
            ],
        ),
        (
            "clients:\n  encoura:\n    base_url: http://api.example\n    api_key: ${SET}\n    username: u\n    password_file: /nowhere/pw\n",
            vec![
                "3:15: clients.encoura.base_url: expected https://; http:// is for this machine alone",
                "6:20: clients.encoura.password_file: the file /nowhere/pw cannot be read",
            ],
        ),
        (
            &encoura("    client: encora\n"),
            vec![
                "6:13: endpoints[0].client: there is no \"encora\" below clients; there is: encoura (did you mean \"encoura\"?)",
            ],
        ),
        (
            &encoura("    deliver_to: slate\n"),
            vec![
                "6:17: endpoints[0].deliver_to: there is no \"slate\" below destinations; there is: nothing",
            ],
        ),
        (
            &encoura("    datasets: [sales]\n"),
            vec![
                "6:16: endpoints[0].datasets: there is no \"sales\" below datasets; there is: nothing",
            ],
        ),
        (
            &encoura("  - name: a\n    endpoint_type: encoura\n"),
            vec!["6:11: endpoints[1].name: an endpoint of this name stands in line 4 already"],
        ),
        (
            &encoura("    is_active: maybe\n"),
            vec!["6:16: endpoints[0].is_active: expected true or false, found \"maybe\""],
        ),
        (
            &encoura("    endpoint_details: { product_key: [a] }\n"),
            vec![
                "6:25: unknown key \"product_key\" in endpoints[0].endpoint_details (did you mean \"product_keys\"?)",
            ],
        ),
        (
            &encoura("    endpoint_details: { file_types: ['*'] }\n"),
            vec![
                "6:38: endpoints[0].endpoint_details.file_types: expected an extension, as in \"csv\", found \"*\"",
            ],
        ),
        (
            &encoura("    schedule: hourly\n"),
            vec![
                "6:15: endpoints[0].schedule: expected interval, cron, manual or webhook, found \"hourly\"",
            ],
        ),
        (
            &encoura("    schedule: { type: interval, interval_minutes: 0 }\n"),
            vec![
                "6:51: endpoints[0].schedule.interval_minutes: expected a whole number from 1 to 527040, found \"0\"",
            ],
        ),
        (
            &encoura("    schedule: { type: cron }\n"),
            vec![
                "6:15: endpoints[0].schedule.cron is missing: expected an expression of five fields, as in \"0 6 * * MON-FRI\"",
            ],
        ),
        (
            &encoura("    schedule: { cron: '0 6 * *' }\n"),
            vec![
                "6:23: endpoints[0].schedule.cron: expected five fields, not 4, found \"0 6 * *\"",
            ],
        ),
        (
            &encoura("    schedule: { cron: '0 25 * * *' }\n"),
            vec!["6:23: endpoints[0].schedule.cron: expected a valid expression"],
        ),
        (
            &encoura("    schedule: { cron: '0 6 * * *', timezone: America/Chicgo }\n"),
            vec![
                "6:46: endpoints[0].schedule.timezone: expected the name of a time zone, as in \"America/Chicago\", found \"America/Chicgo\" (did you mean \"America/Chicago\"?)",
            ],
        ),
        (
            &encoura("    schedule_config: { interval_minutes: 5 }\n"),
            vec![
                "6:22: endpoints[0].schedule_config: expected \"schedule: interval\" or the like beside it",
            ],
        ),
        (
            &encoura("    schedule: cron\n"),
            vec![
                "4:5: endpoints[0].schedule_config is missing: expected {cron_expression: \"0 6 * * *\"}",
            ],
        ),
        (
            "endpoints:\n  - endpoint_type: encora\n",
            vec![
                "2:5: endpoints[0].name is missing: expected a name for the endpoint",
                "2:20: endpoints[0].endpoint_type: expected encoura, autodesk_construction_cloud, google_drive or sftp, found \"encora\" (did you mean \"encoura\"?)",
            ],
        ),
        (
            "endpoints:\n  - { name: a, endpoint_type: encoura }\n",
            vec![
                "2:5: endpoints[0].client is missing: expected an entry \"encoura\" below clients",
            ],
        ),
        (
            "endpoints:\n  - { name: a, endpoint_type: autodesk_construction_cloud }\n",
            vec![
                "2:5: endpoints[0].endpoint_details.project_id is missing: expected the project's id",
            ],
        ),
        (
            "destinations:\n  slate: { host: h, username: u, directory: /in }\n",
            vec![
                "2:10: destinations.slate: no way to sign in: expected password, password_file, key_path or agent: true",
            ],
        ),
        (
            &slate("    host_key: MD5:aa\n"),
            vec!["7:15: destinations.slate.host_key: expected a fingerprint \"SHA256:…\""],
        ),
        (
            &slate("    port: 70000\n"),
            vec![
                "7:11: destinations.slate.port: expected a whole number from 1 to 65535, found \"70000\"",
            ],
        ),
        (
            &slate("    publish: rename_it\n"),
            vec![
                "7:14: destinations.slate.publish: expected rename or direct, found \"rename_it\" (did you mean \"rename\"?)",
            ],
        ),
        (
            &slate("    processed: /in/\n"),
            vec!["7:16: destinations.slate.processed: expected another folder than directory"],
        ),
        (
            "destinations:\n  slate: { host: 'h:22', username: u@h, agent: true, directory: /in }\n",
            vec![
                "2:18: destinations.slate.host: expected a name or an address alone (the port has its own key), found \"h:22\"",
            ],
        ),
    ] {
        let found = mistakes(text);
        let same = found.len() == expected.len()
            && found.iter().zip(&expected).all(|(found, part)| found.starts_with(part));
        if !same {
            wrong.push_str(&format!("{text}\nexpected {expected:#?}\nfound {found:#?}\n\n"));
        }
    }
    assert!(wrong.is_empty(), "{wrong}");
}

#[test]
fn a_mistake_is_shown_with_its_line_and_a_caret() {
    let errors = load("log:\n  levle: info\nhttp: { listen: x }\n", &[]).unwrap_err();
    let expected = "\
/srv/t/config/connector.yaml:2:3: unknown key \"levle\" in log (did you mean \"level\"?)
 2 |   levle …
   |   ^
/srv/t/config/connector.yaml:3:17: http.listen: expected an address and a port, as in \"127.0.0.1:8080\", found \"x\"
 3 | http: { listen: x …
   |                 ^";
    assert_eq!(errors.to_string(), expected);
}

#[test]
fn a_bomb_of_aliases_is_refused() {
    let mut text = "a: &a [x, x, x, x, x, x, x, x, x]\n".to_owned();
    for (new, old) in ["b", "c", "d", "e", "f", "g", "h", "i"]
        .iter()
        .zip(["a", "b", "c", "d", "e", "f", "g", "h"])
    {
        text.push_str(&format!("{new}: &{new} [*{old}, *{old}, *{old}, *{old}, *{old}, *{old}, *{old}, *{old}, *{old}]\n"));
    }
    assert!(mistakes(&text)[0].contains("more than 100000 values"));
    let deep = format!("a: {}{}", "[".repeat(1000), "]".repeat(1000));
    assert!(!mistakes(&deep).is_empty());
    // The control: honest anchors and merges work.
    let config = valid(
        "x-unused: &d { type: sftp, host: h, username: u, agent: true, directory: /in }\n"
            .replace("x-unused", "environment")
            .as_str(),
        &[],
    );
    assert!(config.endpoints.is_empty());
    let merged = "destinations:\n  a: &a { host: h, username: u, agent: true, directory: /in }\n  b: { <<: *a, host: other }\n";
    let config = valid(merged, &[]);
    assert_eq!(config.destinations["b"].server.host, "other");
    assert_eq!(config.destinations["b"].server.username, "u");
}

#[test]
fn the_example_is_valid_and_wise() {
    let mut variables = six();
    variables.push(("SLATE_SFTP_HOST_KEY", PIN));
    let config = valid(EXAMPLE, &variables);
    assert_eq!(config.warnings, Vec::<String>::new());
    assert_eq!(config.database, Path::new("/srv/t/data/connector.db"));
    assert_eq!(config.data_dir, Path::new("/srv/t/data"));
    assert_eq!(config.log.file, Path::new("/srv/t/logs/connector.log"));
    let endpoint = &config.endpoints[0];
    assert_eq!(endpoint.file_types, ["csv"]);
    assert_eq!(
        endpoint.schedule,
        Schedule::Cron { cron: "0 6 * * MON-FRI".into(), timezone: Some("America/Chicago".into()) }
    );
    let slate = &config.destinations["slate"];
    assert_eq!(slate.server.host_key, HostKeyPolicy::Pinned(vec![PIN.into()]));
    assert_eq!(slate.directory, "/incoming/Encoura API Uploads/");
    assert_eq!(
        (slate.publish, slate.on_doubt, slate.names),
        (PublishMode::Rename, DoubtPolicy::Hold, FinalNames::Unique)
    );
    assert!(!format!("{config:?}").contains(CANARY), "Debug shows a secret");
}

#[test]
fn what_is_kept_is_bounded_unless_somebody_says_otherwise() {
    let config = valid("endpoints: []\n", &[]);
    assert_eq!(config.log.keep, LogKeep { files: 60, days: None, max_bytes: 64 << 20 });
    assert_eq!(config.retention, Retention { files_days: None, lists_days: Some(90) });
    let text = "log: { keep_files: 7, keep_days: 14, max_file_mb: 1 }\n\
                retention: { files_days: 365, lists_days: 0 }\nendpoints: []\n";
    let config = valid(text, &[]);
    assert_eq!(config.log.keep, LogKeep { files: 7, days: Some(14), max_bytes: 1 << 20 });
    assert_eq!(config.retention, Retention { files_days: Some(365), lists_days: None });
    for (text, expected) in [
        (
            "log:\n  keep_files: 0\nendpoints: []\n",
            "2:15: log.keep_files: expected a whole number from 1 to 100000, found \"0\"",
        ),
        (
            "log:\n  keep_file: 7\nendpoints: []\n",
            "2:3: unknown key \"keep_file\" in log (did you mean \"keep_files\"?)",
        ),
        (
            "retention:\n  lists_days: ever\nendpoints: []\n",
            "2:15: retention.lists_days: expected a whole number from 0 to 36500, found \"ever\"",
        ),
    ] {
        assert_eq!(mistakes(text), [expected], "{text}");
    }
}

#[test]
fn the_six_variables_alone_are_the_job() {
    let mut variables = six();
    let config = Config::load_in(None, &environment(&variables)).unwrap_or_else(|e| panic!("{e}"));
    assert_eq!(config.origin, Origin::Environment);
    assert_eq!(config.data_dir, Path::new("/home/op/.local/share/transship"));
    assert_eq!(config.database, Path::new("/home/op/.local/share/transship/connector.db"));
    let endpoint = &config.endpoints[0];
    assert_eq!(
        (endpoint.name.as_str(), endpoint.deliver_to.as_deref()),
        ("Encoura exports", Some("slate"))
    );
    assert_eq!(
        (endpoint.file_types.as_slice(), &endpoint.schedule),
        (&["csv".to_owned()][..], &Schedule::Manual)
    );
    let slate = &config.destinations["slate"];
    assert_eq!((slate.server.host.as_str(), slate.server.port), ("ft.technolutions.net", 22));
    assert_eq!(slate.server.username, "sftp@school.example");
    assert_eq!(slate.server.host_key, HostKeyPolicy::Missing);
    assert_eq!(
        (slate.directory.as_str(), slate.processed.as_deref()),
        ("/incoming/Encoura API Uploads/", Some("/incoming/processed/"))
    );
    assert!(slate.server.auth.key_path.is_none() && !slate.server.auth.agent);
    assert!(
        config.warnings.iter().any(|w| w.contains("(${SLATE_SFTP_HOST_KEY:-} is empty)")),
        "{:?}",
        config.warnings
    );
    let mut by_key = six();
    by_key.retain(|(name, _)| *name != "SLATE_HALIA_SFTP_PW");
    by_key.push(("SLATE_SFTP_KEY_PATH", "~/.ssh/id"));
    let config = Config::load_in(None, &environment(&by_key)).unwrap_or_else(|e| panic!("{e}"));
    let auth = &config.destinations["slate"].server.auth;
    assert_eq!(auth.key_path.as_deref(), Some(Path::new("/home/op/.ssh/id")));
    assert!(auth.password.is_none());

    let other = "SHA256:n4bQgYhMfWWaL+qgxVrQFaO/TxsrC4Is0V1sFbDwCgg=";
    let pins = format!("{PIN}, {other}");
    variables.extend([
        ("ENCOURA_BASE_URL", "http://127.0.0.1:4010/v1/"),
        ("SLATE_SFTP_HOST", "127.0.0.1"),
        ("SLATE_SFTP_PORT", "2222"),
        ("SLATE_SFTP_HOST_KEY", &pins),
        ("SLATE_SFTP_DIRECTORY", "/up load"),
        ("TRANSSHIP_DATA_DIR", "data here"),
    ]);
    variables.retain(|(name, _)| *name != "ENCOURA_ORGANIZATION_UID");
    let config = Config::load_in(None, &environment(&variables)).unwrap_or_else(|e| panic!("{e}"));
    let slate = &config.destinations["slate"];
    assert_eq!((slate.server.host.as_str(), slate.server.port), ("127.0.0.1", 2222));
    assert_eq!(
        slate.server.host_key,
        HostKeyPolicy::Pinned(vec![PIN.into(), other.trim_end_matches('=').into()])
    );
    assert_eq!(slate.directory, "/up load/");
    assert_eq!(config.data_dir, Path::new("/nowhere/data here"));
    assert_eq!(config.log.file, Path::new("/nowhere/data here/logs/connector.log"));
    let Client::Encoura(account) = &config.clients["encoura"] else { panic!("no account") };
    assert_eq!(
        (account.base_url.as_str(), &account.organization_uid),
        ("http://127.0.0.1:4010/v1", &None)
    );
    assert_eq!(config.warnings, Vec::<String>::new());
}

#[test]
fn what_is_missing_of_the_six_is_named() {
    let some = environment(&[("ENCOURA_API_KEY", CANARY), ("ENCOURA_USERNAME", "u")]);
    let error = Config::load_in(None, &some).unwrap_err().to_string();
    assert!(
        error.contains("ENCOURA_PASSWORD, SLATE_HALIA_SFTP_UN, SLATE_HALIA_SFTP_PW"),
        "{error}"
    );
    assert!(error.contains("transship init") && !error.contains("ENCOURA_USERNAME"), "{error}");
    let none = Config::load_in(None, &environment(&[])).unwrap_err().to_string();
    assert!(none.contains("transship init") && none.contains("transship demo"), "{none}");
    let mut bad = six();
    bad.push(("SLATE_SFTP_PORT", CANARY));
    let error = Config::load_in(None, &environment(&bad)).unwrap_err().to_string();
    assert!(
        error.contains("port") && error.contains("SLATE_SFTP_PORT") && !error.contains(CANARY),
        "{error}"
    );
}

fn write(folder: &TempDir, name: &str, text: &str) -> PathBuf {
    let path = folder.path().join(name);
    std::fs::create_dir_all(path.parent().unwrap()).unwrap();
    std::fs::write(&path, text).unwrap();
    path
}

#[test]
fn files_are_found_in_order_and_a_named_one_is_never_passed_over() {
    let folder = tempfile::tempdir().unwrap();
    let mut env = environment(&[]);
    env.current_dir = folder.path().to_owned();
    env.user_config = Some(folder.path().join("user"));
    let found = |env: &Environment, explicit: Option<&str>| match Config::load_in(
        explicit.map(Path::new),
        env,
    )
    .map(|c| c.origin)
    {
        Ok(Origin::File(path)) => path.strip_prefix(folder.path()).unwrap().display().to_string(),
        Ok(other) => format!("{other:?}"),
        Err(error) => error.to_string(),
    };
    assert!(found(&env, None).contains("there is no configuration"));
    for name in ["user/connector.yaml", "connector.yaml", "config/connector.yaml"] {
        write(&folder, name, "endpoints: []\n");
        assert_eq!(found(&env, None), name);
    }
    #[cfg(unix)]
    {
        let link = folder.path().join("config/connector.yaml");
        std::fs::remove_file(&link).unwrap();
        std::os::unix::fs::symlink("nowhere", &link).unwrap();
        assert!(found(&env, None).contains("config/connector.yaml: cannot be read"));
    }
    for (variable, name) in [("CONNECTOR_CONFIG_FILE", "b.yaml"), ("TRANSSHIP_CONFIG", "c.yaml")] {
        write(&folder, name, "endpoints: []\n");
        env.variables.insert(variable.into(), name.into());
        assert_eq!(found(&env, None), name);
    }
    write(&folder, "d.yaml", "endpoints: []\n");
    assert_eq!(found(&env, Some("d.yaml")), "d.yaml");
    assert!(found(&env, Some("missing.yaml")).contains("named by --config, cannot be read"));
    env.variables.insert("TRANSSHIP_CONFIG".into(), "missing.yaml".into());
    assert!(found(&env, None).contains("named by TRANSSHIP_CONFIG"));
}

#[test]
fn secrets_come_from_files_before_variables() {
    let folder = tempfile::tempdir().unwrap();
    let file = write(&folder, "pw", "from file\n");
    write(&folder, "credentials/PW", "from service manager\r\n");
    let yaml = "clients: { encoura: { api_key: 'x${PW}', username: u, password: ${PW} } }\n";
    let password = |env: &Environment| {
        let config = Config::from_text(yaml, Path::new("/srv/connector.yaml"), env).unwrap();
        let Client::Encoura(account) = &config.clients["encoura"] else { panic!("no account") };
        assert_eq!(account.api_key.expose(), format!("x{}", account.password.expose()));
        (account.password.expose().to_owned(), config.warnings)
    };
    let mut env = environment(&[("PW", "from variable")]);
    assert_eq!(password(&env).0, "from variable");
    let credentials = folder.path().join("credentials");
    env.variables.insert("CREDENTIALS_DIRECTORY".into(), credentials.into());
    assert_eq!(password(&env).0, "from service manager");
    env.variables.insert("PW_FILE".into(), file.clone().into());
    assert_eq!(password(&env).0, "from file");
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        std::fs::set_permissions(&file, std::fs::Permissions::from_mode(0o604)).unwrap();
        assert!(password(&env).1.iter().any(|w| w.contains("can be read by every user")));
        std::fs::set_permissions(&file, std::fs::Permissions::from_mode(0o600)).unwrap();
        assert!(!password(&env).1.iter().any(|w| w.contains("can be read")));
    }
    let yaml = format!(
        "clients: {{ encoura: {{ api_key_file: '{}', username: u, password: {CANARY} }} }}\n",
        file.display()
    );
    let config = Config::from_text(&yaml, Path::new("/srv/connector.yaml"), &env).unwrap();
    let Client::Encoura(account) = &config.clients["encoura"] else { panic!("no account") };
    assert_eq!(account.api_key.expose(), "from file");
    let column = yaml.find(CANARY).unwrap() + 1;
    let expected =
        format!("/srv/connector.yaml:1:{column}: clients.encoura.password: a secret in plain text");
    assert!(config.warnings.iter().any(|w| w.starts_with(&expected)), "{:?}", config.warnings);
    assert!(!config.warnings.join("").contains(CANARY));
}

#[test]
fn values_stay_what_was_written() {
    let yaml = "clients:\n  encoura: { api_key: ${A:-0123}, username: '$${A}', password: \"${P:-a, b: #}c}\" }\n";
    let config = valid(yaml, &[]);
    let Client::Encoura(account) = &config.clients["encoura"] else { panic!("no account") };
    assert_eq!(account.api_key.expose(), "0123");
    assert_eq!(account.username, "${A}");
    assert_eq!(account.password.expose(), "a, b: #c}");
}

/// Both dialects of the file connector, with the keys that its files hold.
#[test]
fn files_of_the_file_connector_work_unchanged() {
    let text = r#"
version: "1.0.0"
environment: "development"
scheduling:
  default_schedule: "interval"
  default_interval_minutes: 7
  max_concurrent_syncs: 10
  sync_timeout_minutes: 30
  max_retries: 3
  retry_delay_seconds: 30
  rate_limit_backoff_seconds: 60
  max_files_per_sync: 1000
  batch_size: 50
log_level: "WARNING"
log_format: "console"
require_https: true
webhook_timeout_seconds: 30
health_check_interval_minutes: 5
metrics_enabled: true
endpoints:
  - name: "Project 0001"
    endpoint_type: "autodesk_construction_cloud"
    project_id: "project_0001"
    user_id: "admin"
    endpoint_details:
      client_id: "${CONNECTOR_AUTODESK_CLIENT_ID}"
      client_secret: "${CONNECTOR_AUTODESK_CLIENT_SECRET}"
      project_id: "b.6c2cffb0-e8c8-43d3-b415-e53f4377cedb"
      folder_id: null
      include_subfolders: true
      file_types: [".RVT", "dwg", "Dwg"]
      include_versions: true
    schedule: "interval"
    schedule_config:
      interval_minutes: 5
    max_files_per_sync: 1000
    is_active: true
    tags: ["project_0001"]
  - name: "Second dialect"
    endpoint_type: google_drive
    project_id: p
    user_id: u
    endpoint_details: { include_shared: true }
    schedule: { type: "interval", interval_minutes: 9 }
    file_types: ["pdf"]
  - { name: cron, endpoint_type: google_drive, schedule: cron, schedule_config: { cron_expression: "0 6 * * *" } }
  - { name: default, endpoint_type: google_drive }
  - { name: manual, endpoint_type: google_drive, schedule: manual }
  - { name: hook, endpoint_type: google_drive, schedule: webhook, schedule_config: { webhook_secret: "${X:-x}" }, is_active: no }
"#;
    let variables =
        [("CONNECTOR_AUTODESK_CLIENT_ID", "id"), ("CONNECTOR_AUTODESK_CLIENT_SECRET", CANARY)];
    let config = valid(text, &variables);
    let schedules: Vec<&Schedule> = config.endpoints.iter().map(|e| &e.schedule).collect();
    assert_eq!(
        schedules,
        [
            &Schedule::Interval { minutes: 5 },
            &Schedule::Interval { minutes: 9 },
            &Schedule::Cron { cron: "0 6 * * *".into(), timezone: None },
            &Schedule::Interval { minutes: 7 },
            &Schedule::Manual,
            &Schedule::Manual,
        ]
    );
    assert_eq!(config.endpoints[0].file_types, ["rvt", "dwg"]);
    assert_eq!(config.endpoints[1].file_types, ["pdf"]);
    assert_eq!(config.endpoints[0].details["include_versions"], true);
    assert!(config.endpoints[0].details.get("client_secret").is_none());
    assert_eq!((config.log.level.as_str(), config.log.format), ("warn", LogFormat::Classic));
    assert_eq!(config.database, Path::new("/srv/t/data/connector.db"));
    let Client::Autodesk(autodesk) = &config.clients["autodesk"] else { panic!("no client") };
    assert_eq!(autodesk.client_id, "id");
    assert_eq!(autodesk.client_secret.as_ref().unwrap().expose(), CANARY);
    assert!(!format!("{config:?}").contains(CANARY), "Debug shows a secret");
}

/// Without the variables, the credentials in the endpoints make the client.
#[test]
fn endpoints_of_the_file_connector_bring_their_application() {
    let endpoint = |name: &str, id: &str| {
        format!(
            r#"
  - name: {name}
    endpoint_type: autodesk_construction_cloud
    endpoint_details: {{ project_id: b.1, client_id: {id}, client_secret: "${{S}}" }}"#
        )
    };
    let both = format!("endpoints:{}{}", endpoint("a", "first"), endpoint("b", "first"));
    let config = valid(&both, &[("S", CANARY)]);
    assert_eq!(config.clients.len(), 1);
    let Client::Autodesk(account) = &config.clients["autodesk"] else { panic!("no client") };
    assert_eq!((account.name.as_str(), account.client_id.as_str()), ("autodesk", "first"));
    assert_eq!(account.client_secret.as_ref().unwrap().expose(), CANARY);
    assert_eq!(account.token_path, Path::new("/srv/t/tokens/autodesk_tokens.json"));
    assert_eq!(config.warnings, [""; 0]);
    assert!(config.endpoints[0].details.get("client_secret").is_none());

    // Another application is another client, with tokens of its own.
    let two = format!("endpoints:{}{}", endpoint("a", "first"), endpoint("b", "second/2"));
    let config = valid(&two, &[("S", CANARY)]);
    let names: Vec<_> = config.endpoints.iter().map(|e| e.client.as_str()).collect();
    assert_eq!(names, ["autodesk", "autodesk second/2"]);
    let Client::Autodesk(second) = &config.clients[names[1]] else { panic!("no client") };
    assert_eq!(second.token_path, Path::new("/srv/t/tokens/autodesk_tokens-second_2.json"));

    // With a client in the file, or the variables, they have no effect, and that is said.
    let beside = format!("clients: {{ autodesk: {{ client_id: own }} }}\n{both}");
    let config = valid(&beside, &[("S", CANARY)]);
    let Client::Autodesk(account) = &config.clients["autodesk"] else { panic!("no client") };
    assert_eq!(account.client_id, "own");
    assert!(config.warnings.iter().all(|w| w.contains("have no effect")), "{:?}", config.warnings);
    assert_eq!(config.warnings.len(), 2);
    let outside = [("S", CANARY), ("CONNECTOR_AUTODESK_CLIENT_ID", "outer")];
    let config = valid(&both, &outside);
    let Client::Autodesk(account) = &config.clients["autodesk"] else { panic!("no client") };
    assert_eq!(account.client_id, "outer");
}

#[test]
fn a_missing_variable_in_brought_credentials_is_told_once() {
    let text = r#"
endpoints:
  - name: a
    endpoint_type: autodesk_construction_cloud
    endpoint_details: { project_id: b.1, client_id: "${ID}", client_secret: "${S}" }
"#;
    let mistakes = mistakes(text);
    assert_eq!(mistakes.len(), 2, "{mistakes:#?}");
    for key in ["client_id", "client_secret"] {
        let about = mistakes.iter().filter(|m| m.contains(&format!("details.{key}")));
        assert_eq!(about.count(), 1, "{mistakes:#?}");
    }
}

#[test]
fn a_drive_s_key_file_may_stand_in_each_endpoint() {
    let text = r#"
endpoints:
  - { name: a, endpoint_type: google_drive, endpoint_details: { credentials_path: keys/one.json, folder_id: f1, include_shared: true } }
  - { name: b, endpoint_type: google_drive, endpoint_details: { credentials_path: /keys/two.json, folder_id: f2 } }
  - { name: c, endpoint_type: google_drive, endpoint_details: { credentials_path: "./keys/one.json", drive_id: d } }
"#;
    let config = valid(text, &[]);
    let clients: Vec<&str> = config.endpoints.iter().map(|e| e.client.as_str()).collect();
    assert_eq!(clients, ["google_drive", "google_drive_2", "google_drive"]);
    let key_of = |name: &str| match &config.clients[name] {
        Client::GoogleDrive(account) => account.clone(),
        other => panic!("{other:?}"),
    };
    let (one, two) = (key_of("google_drive"), key_of("google_drive_2"));
    assert_eq!(one.credentials_path, Path::new("/srv/t/keys/one.json"));
    assert_eq!(two.credentials_path, Path::new("/keys/two.json"));
    assert_eq!(
        (one.name.as_str(), one.base_url.as_str()),
        ("google_drive", "https://www.googleapis.com")
    );
    let Scope::GoogleDrive(scope) = &config.endpoints[0].scope else { panic!() };
    assert!(scope.include_shared);
    assert!(config.warnings.is_empty(), "{:?}", config.warnings);

    // A client of the usual name is used, and another key file is told of.
    let text = r#"
clients: { google_drive: { credentials_path: /keys/client.json } }
endpoints:
  - { name: a, endpoint_type: google_drive, endpoint_details: { credentials_path: /keys/client.json } }
  - { name: b, endpoint_type: google_drive, endpoint_details: { credentials_path: /keys/other.json } }
  - { name: c, endpoint_type: google_drive }
"#;
    let config = valid(text, &[]);
    assert!(config.endpoints.iter().all(|e| e.client == "google_drive"));
    assert_eq!(config.clients.len(), 1);
    let [warning] = config.warnings.as_slice() else { panic!("{:?}", config.warnings) };
    assert!(warning.contains("endpoints[1].endpoint_details.credentials_path"), "{warning}");
    assert!(warning.contains("the key file of clients.google_drive is used"), "{warning}");

    // Nothing to sign in with.
    let config = valid("endpoints:\n  - { name: a, endpoint_type: google_drive }", &[]);
    let [warning] = config.warnings.as_slice() else { panic!("{:?}", config.warnings) };
    assert!(warning.contains("endpoints[0]: there is no client to sign in with"), "{warning}");
}

#[test]
fn the_surface_s_sections_are_all_understood() {
    let text = format!(
        r#"
database: {{ url: "sqlite:////var/lib/t/connector.db" }}
log: {{ file: ./logs/connector.log, format: json, level: info }}
scheduling: {{ default_interval_minutes: 5, max_concurrent_syncs: 5 }}
http: {{ listen: ["127.0.0.1:8080", "0.0.0.0:5000"], username: admin, password: ${{P}}, rate_limit_per_minute: 100 }}
clients:
  encoura: {{ base_url, api_key: ${{P}}, organization_uid: ${{P}}, username: ${{P}}, password: ${{P}} }}
  autodesk: {{ client_id: i, client_secret: ${{P}}, base_url, callback_url: "http://localhost:8081/oauth/callback", token_path: tokens/autodesk_tokens.json }}
  google_drive: {{ credentials_path: c.json, application_name, base_url, subject }}
  feed: {{ type: sftp, host: feed.example, port, username: u, key_path: ~/.ssh/id, host_key: ["{PIN}"] }}
destinations:
  slate: {{ type: sftp, host: h, port: 22, username: ${{P}}, password: ${{P}}, host_key: "{PIN}", directory: "/in", processed: "/done" }}
datasets:
  sales: {{ files: "*.csv", format: csv, columns: {{ price: {{ type: decimal, scale: 2 }} }} }}
endpoints:
  - {{ name: E, endpoint_type: encoura, project_id: a, user_id: b, client: encoura, endpoint_details: {{ product_keys: [], file_types: [csv] }}, deliver_to: slate, schedule: {{ type: manual }}, is_active: true }}
  - {{ name: E2, endpoint_type: encoura, endpoint_details: {{ product_keys: [aos] }}, is_active: false }}
  - name: Shop feed
    endpoint_type: sftp
    client: feed
    endpoint_details: {{ directory: /outgoing, pattern: "*.{{csv,json}}", include_subfolders: true }}
    datasets: [sales]
"#
    );
    let config = valid(
        &text,
        &[("P", CANARY), ("SYNC_INTERVAL_MINUTES", "3"), ("CONNECTOR_LOG_LEVEL", "DEBUG")],
    );
    assert_eq!(config.database, Path::new("/var/lib/t/connector.db"));
    assert_eq!(config.data_dir, Path::new("/var/lib/t"));
    assert_eq!(
        (config.scheduling.default_interval_minutes, config.log.level.as_str()),
        (3, "debug")
    );
    assert_eq!(config.endpoints[1].schedule, Schedule::Interval { minutes: 3 });
    let feed = &config.endpoints[2];
    assert_eq!(feed.datasets[0].name, "sales");
    assert_eq!(feed.details["pattern"], "*.{csv,json}");
    let Client::Sftp(server) = &config.clients["feed"] else { panic!("no feed") };
    assert_eq!(server.auth.key_path.as_deref(), Some(Path::new("/home/op/.ssh/id")));
    let Client::Autodesk(autodesk) = &config.clients["autodesk"] else { panic!("no client") };
    assert_eq!(autodesk.token_path, Path::new("/srv/t/tokens/autodesk_tokens.json"));
    assert!(config.warnings.iter().any(|w| w.contains("\"E\" and \"E2\" ask the same account")));
    assert!(!config.warnings.join("").contains(CANARY));
}

#[test]
fn http_listens_to_others_only_with_a_login() {
    let login = "username: admin, password: '${SECRET}'";
    let alone = |address: &str| {
        format!(
            "1:18: http.listen: \"{address}\" is not this machine alone: username and password are \
             required"
        )
    };
    for (http, expected) in [
        ("listen: ['[::]:8080']", vec![alone("[::]:8080")]),
        ("listen: ['10.0.0.1:80']", vec![alone("10.0.0.1:80")]),
        ("listen: ['files.school.example:80']", vec![alone("files.school.example:80")]),
        // A variable that is empty is no password.
        ("listen: ['0.0.0.0:80'], username: '', password: '${NO:-}'", vec![alone("0.0.0.0:80")]),
        (
            "username: admin",
            vec!["1:7: http.password is missing: expected the password that goes with username".into()],
        ),
        (
            "listen: ['0.0.0.0:80'], password: '${SECRET}'",
            vec!["1:7: http.username is missing: expected the user name that goes with password".into()],
        ),
        (
            "username: 'a:b', password: '${SECRET}'",
            vec!["1:7: http.username: a user name has no \":\"".into()],
        ),
        (
            "rate_limit_per_minute: 0",
            vec!["1:32: http.rate_limit_per_minute: expected a whole number from 1 to 1000000, found \"0\"".into()],
        ),
    ] {
        assert_eq!(mistakes(&format!("http: {{ {http} }}")), expected, "{http}");
    }
    for (http, listens) in [
        ("{}".to_owned(), vec!["127.0.0.1:8080"]),
        ("{ listen: [] }".to_owned(), vec![]),
        ("{ listen: ['[::1]:8080', 'localhost:0'] }".to_owned(), vec!["[::1]:8080", "localhost:0"]),
        (
            format!("{{ listen: ['0.0.0.0:80', '[::]:80'], {login} }}"),
            vec!["0.0.0.0:80", "[::]:80"],
        ),
    ] {
        let config = valid(&format!("http: {http}"), &[("SECRET", CANARY)]);
        assert_eq!(config.http.listen, listens, "{http}");
        assert_eq!(config.http.username.is_some(), http.contains("admin"));
        assert!(!format!("{config:?}").contains(CANARY), "Debug shows a secret");
    }
    assert_eq!(valid("endpoints: []", &[]).http.listen, ["127.0.0.1:8080"]);
}

#[test]
fn starts_are_spread_as_configured() {
    let jitter = |text: &str| valid(text, &[]).scheduling.jitter_seconds;
    assert_eq!(jitter("scheduling: {}"), None);
    assert_eq!(jitter("scheduling: { jitter_seconds: 0 }"), Some(0));
    assert_eq!(jitter("scheduling: { jitter_seconds: 90 }"), Some(90));
    assert_eq!(
        mistakes("scheduling: { jitter_seconds: 3601 }"),
        ["1:31: scheduling.jitter_seconds: expected a whole number from 0 to 3600, found \"3601\""]
    );
}

#[test]
fn wrong_overrides_name_the_variable() {
    for (variable, value) in [
        ("SYNC_INTERVAL_MINUTES", "0"),
        ("MAX_CONCURRENT_SYNCS", "many"),
        ("CONNECTOR_LOG_LEVEL", "loud"),
        ("CONNECTOR_LOG_FORMAT", "xml"),
        ("DATABASE_URL", "postgresql://u:kanarienvogel@h/d"),
        ("CONNECTOR_DATABASE_URL", "mysql://u:kanarienvogel@h/d"),
    ] {
        let error = load("endpoints: []", &[(variable, value)]).unwrap_err().to_string();
        assert!(error.contains(&format!("{variable}: ")) && !error.contains(CANARY), "{error}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(300))]

    #[test]
    fn no_text_makes_it_panic(text in "([a-z_]{0,9}|[\\[\\]{}:,&*<>|#'\"\\$!%@`~\\-? \n\t]|\\$\\{[A-Z:-]*\\}|\\PC|endpoints:|clients:|\n  - |: ){0,40}") {
        let _ = load(&text, &[]);
    }

    #[test]
    fn no_change_of_the_example_makes_it_panic_or_tell_a_secret(
        changes in prop::collection::vec((any::<prop::sample::Index>(), 0usize..12, "([a-z]{0,3}|[\\[\\]{}:,&*#'\"|>\n -]|\\PC)"), 1..6),
    ) {
        let mut text: Vec<char> = EXAMPLE
            .replace("${ENCOURA_PASSWORD}", CANARY)
            .replace("${SLATE_HALIA_SFTP_PW}", CANARY)
            .chars()
            .collect();
        for (at, length, with) in changes {
            let start = at.index(text.len());
            let end = (start + length).min(text.len());
            // A secret's own line stays whole: cut in two, its halves are other values.
            let line_start = text[..start].iter().rposition(|c| *c == '\n').map_or(0, |n| n + 1);
            let line_end = text[end..].iter().position(|c| *c == '\n').map_or(text.len(), |n| end + n);
            if text[line_start..line_end].iter().collect::<String>().contains(CANARY) {
                continue;
            }
            text.splice(start..end, with.chars());
        }
        let text: String = text.into_iter().collect();
        let mut variables = six();
        variables.retain(|(_, value)| *value != CANARY);
        variables.extend([("ENCOURA_API_KEY", CANARY), ("SLATE_SFTP_HOST_KEY", PIN)]);
        let shown = match load(&text, &variables) {
            Ok(config) => format!("{:?}", config.warnings),
            Err(errors) => format!("{errors}\n{:?}", errors.warnings),
        };
        prop_assert!(!shown.contains(CANARY), "{}\n{}", shown, text);
    }
}

#[test]
fn two_endpoints_may_not_take_each_other_s_exports_out_of_the_list() {
    let text = |keys: &str| {
        format!(
            "clients:\n  encoura: {{ api_key: '${{P}}', username: u, password: '${{P}}' }}\n\
             endpoints:\n\
             - {{ name: A, endpoint_type: encoura, endpoint_details: {{ product_keys: [aos] }} }}\n\
             - {{ name: B, endpoint_type: encoura, endpoint_details: {{ product_keys: [{keys}] }} }}\n"
        )
    };
    valid(&text("score-reporter"), &[("P", CANARY)]);
    let errors = load(&text("aos, score-reporter"), &[("P", CANARY)]).unwrap_err();
    assert!(errors.to_string().contains("5:"), "{errors}");
    assert!(errors.to_string().contains("\"A\" and \"B\" ask the same account"), "{errors}");
}

//! The real program: what it prints, where, and with which exit code.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::path::Path;
use std::process::{Command, Output, Stdio};

const CANARY: &str = "kanarienvogel";

/// The program in `folder`, with nothing in its environment but what it needs.
fn transship(folder: &Path, arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_transship"));
    command.args(arguments).current_dir(folder).env_clear().stdin(Stdio::null());
    command.env("HOME", folder).env("XDG_CONFIG_HOME", folder.join("none"));
    if let Some(root) = std::env::var_os("SystemRoot") {
        command.env("SystemRoot", root);
    }
    command
}

fn run(folder: &Path, arguments: &[&str]) -> Output {
    transship(folder, arguments).output().unwrap()
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8(bytes.to_vec()).unwrap()
}

fn code(output: &Output) -> i32 {
    output.status.code().unwrap()
}

#[test]
fn a_wrong_command_line_is_2_and_help_is_0() {
    let folder = tempfile::tempdir().unwrap();
    for arguments in [
        &["snyc"][..],
        &["sync", "--ful"],
        &["show"],
        &["show", "17"],
        &["retry"],
        &["send", "d1"],
        &["reconcile", "--fetch", "--adopt"],
        &["exports", "--limit", "many"],
        &["test", "--type", "ftp"],
        &["--color", "sometimes", "check"],
        &["sim", "--fault", "cut=often"],
    ] {
        let output = run(folder.path(), arguments);
        assert_eq!(code(&output), 2, "{arguments:?}");
        assert!(output.stdout.is_empty() && !output.stderr.is_empty(), "{arguments:?}");
    }
    assert!(text(&run(folder.path(), &["snyc"]).stderr).contains("sync"));
    for arguments in [&["--help"][..], &["sync", "--help"], &["help", "exports"], &["--version"]] {
        let output = run(folder.path(), arguments);
        assert_eq!(code(&output), 0, "{arguments:?}");
        assert!(output.stderr.is_empty() && !output.stdout.is_empty(), "{arguments:?}");
    }
    let version = text(&run(folder.path(), &["--version"]).stdout);
    let lines: Vec<&str> = version.lines().collect();
    assert_eq!(lines[0], concat!("transship ", env!("CARGO_PKG_VERSION")));
    assert!(lines[1].contains(std::env::consts::ARCH), "{version}");
    assert!(lines[2].contains("SQLite 3.") && lines[2].contains("OpenSSL"), "{version}");
    let help = text(&run(folder.path(), &["--help"]).stdout);
    for word in [
        "sync",
        "endpoints",
        "exports",
        "transfers",
        "runs",
        "events",
        "show",
        "retry",
        "hold",
        "release",
        "send",
        "fetch",
        "cancel",
        "reconcile",
        "test",
        "check",
        "init",
        "demo",
        "sim",
        "completions",
        "man",
        "--no-tui",
        "--config",
        "--json",
        "--quiet",
        "--verbose",
        "--color",
        "Exit codes",
        "75",
    ] {
        assert!(help.contains(word), "{word} is not in\n{help}");
    }
}

#[test]
fn init_writes_once_and_check_accepts_it() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("connector.yaml");
    assert_eq!(code(&run(folder.path(), &["init"])), 0);
    let written = std::fs::read_to_string(&path).unwrap();
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        assert_eq!(std::fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
    }
    std::fs::write(&path, format!("{written}\n# mine\n")).unwrap();
    let again = run(folder.path(), &["init"]);
    assert_eq!(code(&again), 1);
    assert!(text(&again.stderr).contains("not overwritten"));
    assert!(std::fs::read_to_string(&path).unwrap().ends_with("# mine\n"));
    assert_eq!(code(&run(folder.path(), &["init", "--config", "other.yaml"])), 0);
    assert_eq!(std::fs::read_to_string(folder.path().join("other.yaml")).unwrap(), written);

    // Without the variables it is invalid, with them it is not.
    let unset = run(folder.path(), &["check"]);
    assert_eq!(code(&unset), 64);
    assert!(text(&unset.stderr).contains("ENCOURA_API_KEY is not set"), "{}", text(&unset.stderr));
    let mut check = transship(folder.path(), &["check"]);
    for name in ["ENCOURA_API_KEY", "ENCOURA_PASSWORD", "SLATE_HALIA_SFTP_PW"] {
        check.env(name, CANARY);
    }
    for name in ["ENCOURA_USERNAME", "SLATE_HALIA_SFTP_UN"] {
        check.env(name, "user@school.example");
    }
    check.env("SLATE_SFTP_HOST_KEY", "SHA256:47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU");
    let set = check.output().unwrap();
    assert_eq!(code(&set), 0, "{}", text(&set.stderr));
    assert!(text(&set.stdout).contains("is valid") && set.stderr.is_empty());
}

#[test]
fn check_tells_every_mistake_and_no_secret() {
    let folder = tempfile::tempdir().unwrap();
    let yaml = format!(
        "logg: {{}}\nclients:\n  encoura: {{ api_key: {CANARY}, username: u, pasword: {CANARY} }}\n\
         endpoints:\n  - {{ name: \"a\\e[2J\", endpoint_type: encoura, deliver_to: slat }}\n"
    );
    std::fs::write(folder.path().join("connector.yaml"), yaml).unwrap();
    let output = run(folder.path(), &["check"]);
    assert_eq!(code(&output), 64);
    let (out, errors) = (text(&output.stdout), text(&output.stderr));
    assert!(out.is_empty());
    for part in [
        "connector.yaml:1:1: unknown key \"logg\" (did you mean \"log\"?)",
        "connector.yaml:3:51: unknown key \"pasword\"",
        "warning: ",
        "a secret in plain text",
        "there is no \"slat\" below destinations",
        "4 mistakes",
    ] {
        assert!(errors.contains(part), "{part} is not in\n{errors}");
    }
    let json = run(folder.path(), &["check", "--json"]);
    assert_eq!(code(&json), 64);
    let report: serde_json::Value = serde_json::from_slice(&json.stdout).unwrap();
    assert_eq!(report["valid"], false);
    assert_eq!(report["errors"][0]["line"], 1);
    assert_eq!(report["errors"][0]["suggestion"], "log");
    for shown in [errors, text(&json.stdout), text(&json.stderr)] {
        assert!(!shown.contains(CANARY) && !shown.contains('\u{1b}'), "{shown}");
    }
}

/// What editors, full disks and copies from elsewhere make of a file.
#[test]
fn what_is_no_configuration_is_told_for_what_it_is() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("connector.yaml");
    let good = "endpoints:\n  - { name: A, endpoint_type: encoura, client: e }\nclients:\n  e: { type: \
                encoura, api_key: \"${K}\", organization_uid: o, username: u, password: \"${K}\" }\n";
    let utf16: Vec<u8> =
        [0xff, 0xfe].into_iter().chain(good.bytes().flat_map(|b| [b, 0])).collect();
    let with = |command: &str| {
        transship(folder.path(), &[command]).env("K", "canary-key").output().unwrap()
    };
    for (bytes, words) in [
        (Vec::new(), ":1:1: there is nothing in it; `transship init`"),
        (b"# later\n\n".to_vec(), "there is nothing in it"),
        (utf16, "is UTF-16: save it as UTF-8"),
        (
            good.replace("name: A", "name: \u{e4}").chars().map(|c| c as u8).collect(),
            ": line 2 is not UTF-8: save",
        ),
        (
            b"log:\n  level: info\n\tformat: json\n".to_vec(),
            ":3:1: a tab: YAML is indented with spaces",
        ),
    ] {
        std::fs::write(&file, bytes).unwrap();
        // Nor does anything begin with it.
        for command in ["check", "sync"] {
            let output = with(command);
            let said = text(&output.stderr);
            assert_eq!(code(&output), 64, "{command}: {said}");
            assert!(said.contains("connector.yaml") && said.contains(words), "{words}: {said}");
        }
    }
    std::fs::remove_file(&file).unwrap();
    std::fs::create_dir(&file).unwrap();
    assert!(text(&with("check").stderr).contains("is a folder; a file is expected"));
    std::fs::remove_dir(&file).unwrap();

    // Marks and line ends of another system are none of that.
    for good in [format!("\u{feff}{good}"), good.replace('\n', "\r\n"), good.to_owned()] {
        std::fs::write(&file, good).unwrap();
        let output = with("check");
        assert_eq!(code(&output), 0, "{}", text(&output.stderr));
    }
}

#[cfg(unix)]
#[test]
fn a_secret_in_a_file_that_everybody_can_read_is_told() {
    use std::os::unix::fs::PermissionsExt as _;

    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("connector.yaml");
    let yaml = |password: &str| {
        format!(
            "clients:\n  encoura: {{ api_key: \"${{K}}\", organization_uid: o, username: u, password: \
             {password} }}\nendpoints: []\n"
        )
    };
    for (password, mode, told) in
        [(CANARY, 0o644, true), (CANARY, 0o640, false), ("\"${K}\"", 0o644, false)]
    {
        std::fs::write(&file, yaml(password)).unwrap();
        std::fs::set_permissions(&file, std::fs::Permissions::from_mode(mode)).unwrap();
        for command in [&["check"][..], &["doctor", "--offline"]] {
            let output = transship(folder.path(), command).env("K", "canary-key").output().unwrap();
            let said = format!("{}{}", text(&output.stdout), text(&output.stderr));
            let words = said.contains("every user of this machine can read this file");
            assert_eq!(words, told, "{command:?} {mode:o}: {said}");
            assert!(!said.contains(CANARY), "{said}");
        }
    }
}

#[test]
fn a_configuration_that_is_not_there_is_64() {
    let folder = tempfile::tempdir().unwrap();
    for arguments in [
        &["check"][..],
        &["check", "--config", "none.yaml"],
        &["sync"],
        &["exports", "--json"],
        &[],
    ] {
        let output = run(folder.path(), arguments);
        assert_eq!(code(&output), 64, "{arguments:?}");
        assert!(text(&output.stderr).contains("transship init"), "{arguments:?}");
    }
}

#[test]
fn completions_and_the_manual_page_are_printed() {
    let folder = tempfile::tempdir().unwrap();
    for (arguments, part) in [
        (&["completions", "bash"][..], "_transship"),
        (&["completions", "zsh"], "#compdef transship"),
        (&["completions", "fish"], "complete -c transship"),
        (&["completions", "powershell"], "Register-ArgumentCompleter"),
        (&["man"], ".TH transship-sync"),
    ] {
        let output = run(folder.path(), arguments);
        assert_eq!(code(&output), 0, "{arguments:?}");
        assert!(text(&output.stdout).contains(part), "{arguments:?}");
    }
}

/// `transship completions bash | head -1` ends well and quietly.
#[test]
fn a_reader_that_has_seen_enough_is_no_error() {
    let folder = tempfile::tempdir().unwrap();
    let mut child = transship(folder.path(), &["completions", "bash"])
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    // Nobody reads: the script is larger than a pipe's buffer or the end is closed.
    drop(child.stdout.take());
    let output = child.wait_with_output().unwrap();
    assert_eq!((code(&output), text(&output.stderr)), (0, String::new()));
}

/// In this process: nothing else here starts a log.
#[test]
fn the_log_of_record_holds_our_records_and_only_warnings_of_libraries() {
    use transship::config::{LogFormat, LogKeep, LogSettings};
    use transship::headless::log::init;

    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("logs/connector.log");
    let settings = LogSettings {
        file,
        keep: LogKeep::default(),
        format: LogFormat::Json,
        level: "info".into(),
    };
    let guard = init(&settings, None).unwrap();
    assert_eq!(guard.without_file, None);
    tracing::info!(endpoint = "a\nb", "ours");
    tracing::debug!("too fine");
    tracing::info!(target: "russh::client", "library noise");
    tracing::warn!(target: "russh::client", "library warning");
    assert!(init(&settings, None).is_err(), "a second log");
    guard.set_level("debug");
    tracing::debug!("fine, and asked for");
    // Writes what is buffered.
    drop(guard);
    let written: Vec<_> = std::fs::read_dir(folder.path().join("logs")).unwrap().collect();
    assert_eq!(written.len(), 1);
    let log = std::fs::read_to_string(written[0].as_ref().unwrap().path()).unwrap();
    let messages: Vec<String> = log
        .lines()
        .map(|line| serde_json::from_str::<serde_json::Value>(line).unwrap())
        .map(|record| record["message"].as_str().unwrap().to_owned())
        .collect();
    assert_eq!(messages, ["ours", "library warning", "fine, and asked for"]);
}

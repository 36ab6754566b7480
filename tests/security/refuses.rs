//! What the program does not even begin.

use crate::support::program::Site;

#[tokio::test(flavor = "multi_thread")]
async fn it_does_not_listen_to_others_without_a_login() {
    let site = Site::new().await;
    site.configure("127.0.0.1:0", "0.0.0.0:0");
    for arguments in [&["--no-tui"][..], &["sync"], &["check"]] {
        let ran = site.run(arguments).await.expect(64);
        assert!(ran.stderr.contains("username and password are required"), "{}", ran.stderr);
    }
    assert_eq!(site.destructive_lists(), 0);
    // Negative control: with a login it does.
    site.configure("[\"0.0.0.0:0\"]", "[\"0.0.0.0:0\"], username: admin, password: canary");
    let stays = site.start(&["--no-tui"]);
    stays.line("listening on http://0.0.0.0:").await;
    stays.terminate();
    stays.ended().await.expect(143);
}

/// Nothing in the configuration, no flag and no variable turns checking off.
#[test]
fn there_is_no_switch_that_turns_the_checks_of_tls_or_host_keys_off() {
    let schema = transship::config::schema().to_string();
    let help = help();
    let words = ["insecure", "verify", "danger", "skip_tls", "strict_host", "accept_invalid"];
    for word in words {
        assert!(!schema.contains(word), "{word} in the schema");
        assert!(!help.contains(word), "{word} in the help");
    }
    let manifest = include_str!("../../Cargo.toml");
    assert!(!manifest.contains("native-tls"), "one TLS stack");
    let mut sources = Vec::new();
    collect(std::path::Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/src")), &mut sources);
    assert!(sources.len() > 300, "{}", sources.len());
    for (path, text) in sources {
        assert!(!text.contains("danger_accept") && !text.contains(".dangerous()"), "{path}");
    }
}

fn help() -> String {
    use clap::CommandFactory as _;
    let mut program = transship::cli::Cli::command();
    program.build();
    let mut text = program.render_long_help().to_string();
    for command in program.get_subcommands_mut() {
        text += &command.render_long_help().to_string();
    }
    // Of what is looked for, these are about something else.
    text.replace("verify-", "").to_lowercase()
}

fn collect(folder: &std::path::Path, sources: &mut Vec<(String, String)>) {
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            collect(&path, sources);
        } else if path.extension().is_some_and(|e| e == "rs") {
            sources.push((path.display().to_string(), std::fs::read_to_string(&path).unwrap()));
        }
    }
}

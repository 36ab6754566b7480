//! A secret of every kind, every fault that the stand-ins know, and everything that the
//! program says or keeps: none of the secrets is in any of it.

use std::collections::BTreeSet;

use transship::demo::{Arming, Fault, Samples};

use crate::support::terminal::Terminal;
use crate::told::{HEARTBEAT, QUERY, WEBHOOK};
use crate::whole::{HTTP_PASSWORD, PASSPHRASE, Whole, holds, made};

/// Faults that only take time, or wait for it.
const SLOW: &[&str] = &["hang", "slow", "silent", "late", "429", "rate"];

/// In so many groups, each with faults of every service.
const GROUPS: usize = 8;

/// Everything that must not be seen, by its name.
fn secrets(whole: &Whole) -> Vec<(&'static str, String)> {
    let (encoura, sftp) = (whole.stand_ins.encoura(), whole.stand_ins.sftp());
    let drive = &whole.stand_ins.google_drive().credentials_path;
    let drive: serde_json::Value = serde_json::from_slice(&std::fs::read(drive).unwrap()).unwrap();
    let line = |pem: &str| pem.lines().nth(3).unwrap().to_owned();
    let key = std::fs::read_to_string(whole.path().join("client_key")).unwrap();
    vec![
        ("Encoura's API key", encoura.api_key.expose().to_owned()),
        ("Encoura's password", encoura.password.expose().to_owned()),
        ("Encoura's session", "eyJ.".to_owned()),
        ("a signature of the store", "X-Signature".to_owned()),
        ("a signature of the vendor's store", "X-Amz-Signature".to_owned()),
        ("the SFTP password", sftp.password.expose().to_owned()),
        ("the SFTP key", line(&key)),
        ("its passphrase", PASSPHRASE.to_owned()),
        ("Autodesk's client secret", whole.stand_ins.autodesk().client_secret.expose().to_owned()),
        ("Google's private key", line(drive["private_key"].as_str().unwrap())),
        ("Google's token", "ya29.".to_owned()),
        ("a signed token", "eyJhbGci".to_owned()),
        ("the feed's password", whole.stand_ins.feed().unwrap().password.expose().to_owned()),
        ("the HTTP password", HTTP_PASSWORD.to_owned()),
        ("the webhook's token", WEBHOOK.to_owned()),
        ("what is behind the webhook's question mark", QUERY.to_owned()),
        ("the heartbeat's token", HEARTBEAT.to_owned()),
        ("the mail server's password", crate::post_office::PASSWORD.to_owned()),
        ("that as it is sent", crate::told::login_as_sent()),
        ("a token after its word", "Authorization: Bearer ".to_owned()),
    ]
}

#[tokio::test(flavor = "multi_thread")]
async fn no_secret_of_any_kind_comes_out_of_any_error() {
    let whole = Whole::new().await;
    let world = whole.stand_ins.world();
    let mut said: Vec<(String, String)> = Vec::new();
    let mut say = |what: &str, ran: crate::support::program::Ran| {
        said.push((what.to_owned(), format!("{}\n{}", ran.stdout, ran.stderr)));
    };
    let mut struck: BTreeSet<Fault> = BTreeSet::new();
    let faults: Vec<Fault> = Fault::ALL
        .iter()
        .copied()
        .filter(|fault| !SLOW.iter().any(|slow| fault.name().contains(slow)))
        .collect();
    for group in 0..GROUPS {
        world.add(Samples::new(group as u64).report(format!("{group}.csv"), 2));
        let armed: Vec<Fault> = faults.iter().copied().skip(group).step_by(GROUPS).collect();
        for fault in &armed {
            world.arm(fault.name().parse::<Arming>().unwrap());
        }
        say("sync", whole.run(&["--verbose", "--json", "sync", "--full"]).await);
        say("test", whole.run(&["--verbose", "test"]).await);
        struck.extend(armed.into_iter().filter(|fault| world.struck(*fault) > 0));
        world.disarm();
    }
    assert!(struck.len() > faults.len() / 3, "{} of {}: {struck:?}", struck.len(), faults.len());

    // A wrong secret of every kind is repeated to us by some of them, and refused by all.
    for name in ["ENCOURA_PASSWORD", "ENCOURA_API_KEY", "AUTODESK_CLIENT_SECRET", "SFTP_PASSWORD"] {
        let mut wrong = whole.variables.clone();
        wrong.insert(format!("DEMO_{name}"), format!("canary-wrong-{name}"));
        wrong.insert("S_PASSPHRASE".to_owned(), "canary-wrong-passphrase".to_owned());
        let mut command = tokio::process::Command::new(env!("CARGO_BIN_EXE_transship"));
        command.args(["--verbose", "test"]);
        let ran =
            crate::support::program::Running::begin(command, whole.path(), &wrong).ended().await;
        assert_ne!(ran.code, 0, "{name}: {ran:#?}");
        say(name, ran);
    }

    // So do those whom it tells: a wrong password, and addresses that are none.
    for (name, value) in [
        ("S_SMTP_PASSWORD", "canary-wrong-smtp".to_owned()),
        ("S_WEBHOOK_URL", format!("{}?again=canary-wrong-url", whole.told.webhook_url())),
        ("S_WEBHOOK_URL", "ftp://elsewhere.example/canary-wrong-scheme".to_owned()),
        ("S_WEBHOOK_URL", "https://user:canary-wrong-user@elsewhere.example/".to_owned()),
        ("S_HEARTBEAT_URL", "canary-wrong-heartbeat no address".to_owned()),
    ] {
        let mut wrong = whole.variables.clone();
        wrong.insert(name.to_owned(), value);
        for arguments in
            [&["--verbose", "notify", "test"][..], &["--json", "notify", "test"], &["check"]]
        {
            let mut command = tokio::process::Command::new(env!("CARGO_BIN_EXE_transship"));
            command.args(arguments);
            let running = crate::support::program::Running::begin(command, whole.path(), &wrong);
            say(name, running.ended().await);
        }
    }

    for arguments in [
        &["check"][..],
        &["doctor"],
        &["endpoints", "--json"],
        &["exports", "--json"],
        &["transfers", "--json"],
        &["files", "--json"],
        &["runs", "--json"],
        &["events", "--json", "--limit", "0"],
        &["show", "x1"],
        &["show", "d1", "--json"],
        &["show", "r1"],
        &["--verbose", "notify", "test"],
        &["--json", "doctor"],
        &["config", "schema"],
        &["backup", "data/copy.db"],
    ] {
        say(arguments[0], whole.run(arguments).await);
    }
    for (what, text) in api(&whole).await {
        said.push((what, text));
    }
    said.push(("the screen".to_owned(), screen(&whole)));
    let told = whole.told.heard();
    for words in ["webhook", "mail"] {
        assert!(told.iter().any(|(place, _)| place == words), "nothing came by {words}");
    }
    said.extend(told);
    whole.told.assert_it_repeated_what_it_was_given();

    let files = made(whole.path());
    for part in ["connector.db", "copy.db", "silver.db", ".log", "archive"] {
        assert!(files.iter().any(|(path, _)| path.contains(part)), "{part} is not searched");
    }
    let mut found = Vec::new();
    let mut look = |what: &str, secret: &str| {
        for (place, text) in said.iter().filter(|(_, text)| text.contains(secret)) {
            let at = text.find(secret).unwrap();
            let context: String = text[..at].chars().rev().take(80).collect();
            found.push(format!("{what} in {place}: {}", context.chars().rev().collect::<String>()));
        }
        for (path, _) in files.iter().filter(|(_, bytes)| holds(bytes, secret)) {
            // Tokens are kept in their own file, for the owner alone.
            if !path.contains("/tokens/") {
                found.push(format!("{what} in {path}"));
            }
        }
    };
    for (what, secret) in secrets(&whole) {
        look(what, &secret);
    }
    look("a wrong secret", "canary-wrong");
    assert!(found.is_empty(), "{}", found.join("\n"));

    // The search finds what is there.
    let places = |words: &str| said.iter().filter(|(_, text)| text.contains(words)).count();
    assert!(places("Riverside Clinic") > 5 && places("Shared drawings") > 5);
    assert!(files.iter().any(|(_, bytes)| holds(bytes, "Riverside Clinic")));
}

/// Every route, with and without a login.
async fn api(whole: &Whole) -> Vec<(String, String)> {
    let stays = whole.start(&["--no-tui", "--verbose"]);
    let address = stays.line("listening on http://").await.trim().to_owned();
    let client = reqwest::Client::builder().no_proxy().build().unwrap();
    let mut said = Vec::new();
    for path in ["health", "status", "metrics", "help", "openapi.json", "datasets", "nothing"] {
        for password in [None, Some(HTTP_PASSWORD), Some("canary-wrong-http")] {
            let mut request = client.get(format!("http://{address}/{path}"));
            if let Some(password) = password {
                request = request.basic_auth("admin", Some(password));
            }
            let answer = request.send().await.unwrap();
            let headers = format!("{:?}", answer.headers());
            said.push((format!("/{path}"), format!("{headers}\n{}", answer.text().await.unwrap())));
        }
    }
    stays.terminate();
    let ran = stays.ended().await.expect(143);
    said.push(("the lines".to_owned(), ran.stderr));
    said
}

/// Everything that the console draws while its panes are looked through.
fn screen(whole: &Whole) -> String {
    let variables: Vec<(&str, &str)> =
        whole.variables.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
    let mut terminal = Terminal::start_in(whole.path(), &variables, &[], (140, 40));
    terminal.wait_for("Encoura exports");
    for keys in ["4", "1", "2", "3", "5", "6", "7", "8"] {
        let before = terminal.written();
        terminal.press(keys);
        terminal.wait_written(before + 1);
    }
    let pid = terminal.pid().to_string();
    assert!(std::process::Command::new("kill").args(["-TERM", &pid]).status().unwrap().success());
    String::from_utf8_lossy(&terminal.end().raw).into_owned()
}

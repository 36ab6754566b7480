//! What another configuration changes, in words without values.

use transship::config::changes;

use crate::{CANARY, valid};

const BEFORE: &str = r#"
log: { level: info }
clients:
  encoura: { api_key: a, username: u, password: p }
  feed: { type: sftp, host: h, username: u, password: p, host_key: "SHA256:47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU" }
  old: { type: sftp, host: h, username: u, agent: true }
destinations:
  slate: { host: h, username: u, password: p, directory: /in }
endpoints:
  - { name: A, endpoint_type: encoura, deliver_to: slate, schedule: { type: interval, interval_minutes: 60 } }
  - { name: B, endpoint_type: sftp, client: feed, endpoint_details: { directory: /a } }
"#;

/// What replacing these words in it changes.
fn told(replaced: &[(&str, &str)]) -> Vec<String> {
    let mut after = BEFORE.to_owned();
    for (from, to) in replaced {
        assert!(after.contains(from), "{from}");
        after = after.replace(from, to);
    }
    let (before, after) = (valid(BEFORE, &[]), valid(&after, &[("SECRET", CANARY)]));
    let told: Vec<String> = changes(&before, &after).iter().map(ToString::to_string).collect();
    assert!(!told.join("\n").contains(CANARY), "{told:?}");
    told
}

#[test]
fn nothing_is_told_of_what_is_the_same() {
    assert_eq!(told(&[]), Vec::<String>::new());
    let said = [("log: { level: info }", "log: { level: INFO, keep_files: 60 } # as ever")];
    assert_eq!(told(&said), Vec::<String>::new());
}

#[test]
fn every_change_is_told_by_its_key_and_no_value() {
    for (replaced, expected) in [
        (&[("level: info", "level: debug")][..], &["log.level changed"][..]),
        (
            &[("level: info", "level: info, file: x.log, keep_files: 7")],
            &[
                "log.file changed: takes effect with the next start",
                "log.keep_files changed: takes effect with the next start",
            ],
        ),
        (
            &[(
                "api_key: a, username: u, password: p",
                "api_key: \"${SECRET}\", username: u, password: \"${SECRET}\"",
            )],
            &["client \"encoura\" changed: api_key, password"],
        ),
        (
            &[(
                "host: h, username: u, password: p,",
                "host: h2, username: u, password: \"${SECRET}\",",
            )],
            &[
                "client \"feed\" changed: host, password",
                "destination \"slate\" changed: host, password",
            ],
        ),
        (
            &[(
                "log: {",
                "notifications: { webhooks: { ops: { url: \"https://x.example/${SECRET}\" } },
                   heartbeat: { url: \"https://y.example/${SECRET}\" } }\nlog: {",
            )],
            &["notifications.heartbeat changed", "notifications changed"],
        ),
        (&[("  old: {", "  new: {")], &["client \"old\" removed", "client \"new\" added"]),
        (
            &[("interval_minutes: 60", "interval_minutes: 120")],
            &["endpoint \"A\": schedule changed from every hour to every 2 hours"],
        ),
        (
            &[("name: B,", "name: C,"), ("directory: /a", "directory: /b")],
            &[
                "endpoint \"B\" removed; its history stays",
                "endpoint \"C\" added: sftp, every 5 minutes",
            ],
        ),
        (
            &[("deliver_to: slate, ", ""), ("directory: /a", "directory: /b")],
            &["endpoint \"A\" changed: deliver_to", "endpoint \"B\" changed: endpoint_details"],
        ),
        (
            &[(
                "log: { level: info }",
                "scheduling: { max_transfers: 3 }\nlimits: { max_backlog: 7 }\nhttp: { listen: [] }\nretention: { files_days: 7 }\ndatabase: { url: \"sqlite:///x.db\", backups: { keep: 3 } }\nconsole: { mouse: true }",
            )],
            &[
                "database.url changed: takes effect with the next start",
                "data_dir changed: takes effect with the next start",
                "database.backups changed",
                "scheduling.max_transfers changed",
                "limits.max_backlog changed",
                "retention.files_days changed",
                "http.listen changed",
                "console changed: takes effect with the next start",
            ],
        ),
    ] {
        assert_eq!(told(replaced), expected, "{replaced:?}");
    }
}

#[test]
fn what_takes_a_start_stays_as_it_was() {
    let before = valid(BEFORE, &[]);
    let other = BEFORE.replace(
        "log: { level: info }",
        "log: { level: debug, file: x.log, format: classic }\ndatabase: { url: \"sqlite:///x.db\" }",
    );
    let mut after = valid(&other, &[]);
    after.keep_what_takes_a_start(&before);
    let told = changes(&before, &after);
    assert_eq!(told.iter().map(ToString::to_string).collect::<Vec<_>>(), ["log.level changed"]);
    assert_eq!((after.database, after.silver), (before.database, before.silver));
}

//! `notifications:` and `quiet_days`.

use transship::config::{Config, MailTls};
use transship::model::NotificationEvent as E;

use super::{CANARY, encoura, load, mistakes, valid};

const VARIABLES: &[(&str, &str)] =
    &[("SET", "x"), ("HOOK", "https://hooks.example/services/T0/kanarienvogel")];

fn notifications(more: &str) -> String {
    format!("notifications:\n{more}endpoints: []\n")
}

fn read(more: &str) -> Config {
    valid(&notifications(more), VARIABLES)
}

#[test]
fn everything_that_can_be_said_is_understood() {
    let config = read(
        "  name: etl1
  webhooks:
    ops: { url: \"${HOOK}\" }
    local: { url: \"http://127.0.0.1:9/x\", events: [failure, Recovered] }
  smtp:
    host: smtp.school.example
    tls: implicit
    username: u
    password: ${SET}
    from: Transship <transship@school.example>
    to: [ops@school.example, night@school.example]
    events: digest
  heartbeat: { url: \"${HOOK}\", every_minutes: 5 }
  digest: { at: 07:30, timezone: America/Chicago }
  remind_every: 90m
  after_minutes: 15
",
    );
    let notifications = config.notifications;
    assert_eq!(notifications.name.as_deref(), Some("etl1"));
    let events: Vec<_> = notifications.webhooks.iter().map(|hook| hook.events.clone()).collect();
    let all = vec![E::Failure, E::Reminder, E::Recovered, E::Digest];
    assert_eq!(events, [all, vec![E::Failure, E::Recovered]]);
    let mail = notifications.mail.unwrap();
    assert_eq!((mail.port, mail.tls, mail.to.len()), (465, MailTls::Implicit, 2));
    assert_eq!(mail.events, [E::Digest]);
    assert_eq!(mail.from.address.to_string(), "transship@school.example");
    assert_eq!(notifications.heartbeat.unwrap().every_minutes, 5);
    assert_eq!(notifications.digest.unwrap().at, jiff::civil::time(7, 30, 0, 0));
    assert_eq!(notifications.remind_every, Some(jiff::SignedDuration::from_mins(90)));
    assert_eq!(notifications.after, jiff::SignedDuration::from_mins(15));
    let shown = format!("{:?}", read("  webhooks: { ops: { url: \"${HOOK}\" } }\n").notifications);
    assert!(!shown.contains(CANARY), "{shown}");
}

#[test]
fn what_is_not_said_is_as_operators_expect_it() {
    let none = valid("endpoints: []\n", &[]).notifications;
    assert!(none.webhooks.is_empty() && none.mail.is_none() && none.heartbeat.is_none());
    let smtp = "  smtp: { host: h, from: a@b.example, to: c@d.example }\n";
    let said = read(smtp).notifications;
    assert_eq!(said.remind_every, Some(jiff::SignedDuration::from_hours(24)));
    let mail = said.mail.unwrap();
    assert_eq!((mail.port, mail.tls, mail.login), (587, MailTls::StartTls, None));
    let local =
        read("  smtp: { host: localhost, tls: none, from: a@b.example, to: c@d.example }\n");
    assert_eq!(local.notifications.mail.unwrap().port, 25);
    assert_eq!(read("  remind_every: never\n").notifications.remind_every, None);
    assert_eq!(
        read("  remind_every: 2d\n").notifications.remind_every,
        Some(jiff::SignedDuration::from_hours(48))
    );
    let warned = read("  remind_every: 2d\n").warnings;
    assert!(warned.iter().any(|w| w.contains("nobody is told")), "{warned:?}");
    let quiet = valid(&encoura("    quiet_days: 4\n"), VARIABLES);
    assert_eq!(quiet.endpoints[0].quiet_days, Some(4));
}

#[test]
fn mistakes_are_told_with_their_place() {
    let smtp = |more: &str| format!("  smtp: {{ host: h, from: a@b.example, {more} }}\n");
    for (text, expected) in [
        (
            "  webhoks: {}\n".to_owned(),
            "2:3: unknown key \"webhoks\" in notifications (did you mean \"webhooks\"?)",
        ),
        (
            "  webhooks: { ops: { url: 'https://h/x', event: x } }\n".into(),
            "2:42: unknown key \"event\" in notifications.webhooks.ops (did you mean \"events\"?)",
        ),
        (
            "  webhooks:\n    ops: { url: 'http://hooks.example/x' }\n".into(),
            "3:17: notifications.webhooks.ops.url: expected https://; http:// is for this machine alone",
        ),
        (
            "  webhooks: { ops: { url: 'https://u:p@hooks.example/x' } }\n".into(),
            "2:27: notifications.webhooks.ops.url: a user or password does not belong into the URL",
        ),
        (
            "  heartbeat: { url: ping }\n".into(),
            "2:21: notifications.heartbeat.url: expected a URL, as in \"https://host/path\"",
        ),
        (
            "  webhooks: { ops: { url: 'https://h/x', events: [failures] } }\n".into(),
            "2:51: notifications.webhooks.ops.events: expected failure, reminder, recovered or digest, found \"failures\" (did you mean \"failure\"?)",
        ),
        (
            smtp("to: c@d.example, tls: none"),
            "2:61: notifications.smtp.tls: none is for this machine alone, and \"h\" is another one: starttls or implicit",
        ),
        (
            smtp("to: nobody"),
            "2:43: notifications.smtp.to: expected an address, as in \"ops@school.example\" or \"Ops <ops@school.example>\", found \"nobody\"",
        ),
        (
            smtp("to: c@d.example, username: u"),
            "2:9: notifications.smtp.password is missing: expected the password of this user",
        ),
        (
            "  digest: { at: 25:00 }\n".into(),
            "2:17: notifications.digest.at: expected a time of day, as in \"07:00\", found \"25:00\"",
        ),
        (
            "  digest: { at: '07:00', timezone: Mars }\n".into(),
            "2:36: notifications.digest.timezone: expected the name of a time zone, as in \"America/Chicago\", found \"Mars\"",
        ),
        (
            "  remind_every: 10s\n".into(),
            "2:17: notifications.remind_every: expected a time from 5m to 31d, as in \"24h\", or never, found \"10s\"",
        ),
    ] {
        let found = mistakes(&notifications(&text));
        assert_eq!(found.len(), 1, "{text}: {found:?}");
        assert!(found[0].starts_with(expected), "{text}:\n{}\n{expected}", found[0]);
    }
    let quiet = mistakes(&encoura("    quiet_days: 0\n"));
    assert_eq!(
        quiet,
        ["6:17: endpoints[0].quiet_days: expected a whole number from 1 to 3650, found \"0\""]
    );
}

/// An address in plain text is warned of, and shown nowhere: not beside another mistake
/// in its line, nor where it is wrong itself.
#[test]
fn addresses_are_secrets() {
    let plain = "  webhooks: { ops: { url: 'https://hooks.example/kanarienvogel' } }\n";
    let warnings = read(plain).warnings;
    let warned = warnings.iter().find(|w| w.contains("webhooks.ops.url")).unwrap();
    assert!(warned.contains("a secret in plain text"), "{warned}");
    assert!(!warnings.join(" ").contains(CANARY), "{warnings:?}");
    for text in [
        "  webhooks: { ops: { url: 'https://hooks.example/kanarienvogel', evnts: [digest] } }\n",
        "  webhooks: { ops: { url: 'htp://hooks.example/kanarienvogel' } }\n",
        "  heartbeat: { url: \"http://hooks.example/kanarienvogel\", evry_minutes: 3 }\n",
        "  heartbeat:\n    url: kanarienvogel\n",
    ] {
        let errors = load(&notifications(text), VARIABLES).unwrap_err().to_string();
        assert!(!errors.contains(CANARY), "{errors}");
    }
}

#[test]
fn the_example_s_section_is_valid_once_it_is_wanted() {
    let lines = super::EXAMPLE.lines().skip_while(|line| *line != "# notifications:");
    let lines = lines.take_while(|line| line.starts_with('#'));
    let text: String = lines.map(|line| format!("{}\n", &line[2..])).collect();
    let mut variables = VARIABLES.to_vec();
    let hook = "https://hooks.example/x";
    variables.extend([("OPS_WEBHOOK_URL", hook), ("HEARTBEAT_URL", hook), ("SMTP_PASSWORD", "x")]);
    let config = valid(&format!("{text}endpoints: []\n"), &variables);
    let notifications = config.notifications;
    assert_eq!(notifications.webhooks.len(), 1);
    assert!(notifications.mail.is_some() && notifications.heartbeat.is_some());
    assert!(notifications.digest.is_some());
}

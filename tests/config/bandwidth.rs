//! How many bytes a second may travel, and when.

use jiff::civil::Weekday;
use transship::model::{Bandwidth, LimitChange};

use super::{mistakes, valid};

/// A destination with this line in it, the seventh one, and an endpoint with that one.
fn file(destination: &str, endpoint: &str) -> String {
    format!(
        "destinations:\n  d:\n    type: sftp\n    host: h\n    username: u\n    agent: true\n    \
         {destination}\n    directory: /in\n    host_key: SHA256:47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU\n\
         clients:\n  feed: {{ type: sftp, host: h, username: u, agent: true }}\n\
         endpoints:\n  - name: f\n    endpoint_type: sftp\n    {endpoint}\n"
    )
}

fn limit(value: &str) -> Bandwidth {
    let line = format!("bandwidth_limit: {value}");
    valid(&file(&line, ""), &[("LIMIT", "08:00,3k")]).destinations.remove("d").unwrap().bandwidth
}

fn from(weekday: Option<Weekday>, minute: u16, limit: Option<u64>) -> LimitChange {
    LimitChange { weekday, minute, limit }
}

#[test]
fn nothing_said_is_no_limit() {
    let config = valid(&file("", ""), &[]);
    assert_eq!(config.destinations["d"].bandwidth, Bandwidth::default());
    assert_eq!(config.endpoints[0].bandwidth, Bandwidth::default());
    assert!(!limit("off").is_limited());
}

#[test]
fn one_limit_holds_always() {
    for (value, bytes) in
        [("512k", 512 << 10), ("10M", 10 << 20), ("'1.5G'", 3 << 29), ("1K", 1024)]
    {
        assert_eq!(limit(value), Bandwidth::always(bytes), "{value}");
    }
}

#[test]
fn a_timetable_is_one_text_or_a_list() {
    let table = vec![
        from(None, 8 * 60, Some(512 << 10)),
        from(None, 12 * 60 + 30, Some(10 << 20)),
        from(Some(Weekday::Friday), 19 * 60, None),
    ];
    for value in [
        "\"08:00,512k 12:30,10M Fri-19:00,off\"",
        "['8:00,512k', '12:30,10M', 'fri-19:00,OFF']",
        "{ limits: '08:00,512k 12:30,10M Fri-19:00,off' }",
    ] {
        assert_eq!(limit(value), Bandwidth { changes: table.clone(), timezone: None }, "{value}");
    }
    let zoned = limit("{ limits: 3k, timezone: America/Chicago }");
    assert_eq!(zoned.timezone.as_deref(), Some("America/Chicago"));
    assert_eq!(limit("${LIMIT}").changes, [from(None, 8 * 60, Some(3 << 10))]);
}

#[test]
fn an_endpoint_s_times_are_those_of_its_schedule() {
    let of = |limit: &str| {
        let schedule = "schedule: { type: cron, cron: '0 6 * * *', timezone: Europe/Paris }";
        let endpoint = format!("{schedule}\n    bandwidth_limit: {limit}");
        valid(&file("", &endpoint), &[]).endpoints.remove(0).bandwidth.timezone
    };
    assert_eq!(of("'08:00,1M'").as_deref(), Some("Europe/Paris"));
    assert_eq!(of("{ limits: '08:00,1M', timezone: UTC }").as_deref(), Some("UTC"));
}

#[test]
fn every_mistake_is_told_where_it_stands() {
    const P: &str = "destinations.d.bandwidth_limit";
    const LIMIT: &str = "a limit with its unit, bytes a second, as in 512k, 10M, 1.5G or off";
    const TIME: &str = "a time and a limit, as in \"08:00,512k\" or \"Mon-08:00,off\"";
    for (value, column, message) in [
        ("10", 22, format!("{P}: expected {LIMIT}, found \"10\"")),
        ("-1M", 22, format!("{P}: expected {LIMIT}, found \"-1M\"")),
        ("1.2.3M", 22, format!("{P}: expected {LIMIT}, found \"1.2.3M\"")),
        ("0.5k", 22, format!("{P}: expected a limit from 1k on, or off, found \"0.5k\"")),
        ("'08:00,1M 10M'", 32, format!("{P}: expected {TIME}, found \"10M\"")),
        (
            "08:00,1M  24:00,2M",
            32,
            format!("{P}: expected a time from 00:00 to 23:59, found \"24:00,2M\""),
        ),
        (
            "['8:0,1M', 'Mo-8:00,2M']",
            34,
            format!("{P}: expected a day from Mon to Sun, found \"Mo-8:00,2M\""),
        ),
        (
            "'08:00,1M 8:00,off'",
            32,
            format!("{P}: another limit begins at that time already, found \"8:00,off\""),
        ),
        (
            "{ timezone: UTC }",
            22,
            format!(
                "{P}.limits is missing: expected a limit or a timetable, as in \"08:00,512k 19:00,off\""
            ),
        ),
        (
            "{ limits: 1M, timezone: Mars }",
            46,
            format!(
                "{P}.timezone: expected the name of a time zone, as in \"America/Chicago\", found \"Mars\""
            ),
        ),
        ("{ limit: 1M }", 24, format!("unknown key \"limit\" in {P} (did you mean \"limits\"?)")),
    ] {
        let found = mistakes(&file(&format!("bandwidth_limit: {value}"), ""));
        let expected = format!("7:{column}: {message}");
        assert!(found.contains(&expected), "{value}: {found:#?} is not {expected}");
    }
}

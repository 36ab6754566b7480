//! What an endpoint looks at on a partner's SFTP server.

use std::time::Duration;

use transship::model::{AfterFetch, FeedScope, Scope};

use super::{mistakes, valid};

/// A feed with these `endpoint_details`.
fn feed(details: &str) -> String {
    format!(
        "clients:\n  feed: {{ type: sftp, host: h, username: u, agent: true }}\n\
         endpoints:\n  - name: f\n    endpoint_type: sftp\n    endpoint_details: {{ {details} }}\n"
    )
}

fn scope(details: &str) -> FeedScope {
    match valid(&feed(details), &[]).endpoints.remove(0).scope {
        Scope::Sftp(scope) => scope,
        other => panic!("{other:?}"),
    }
}

#[test]
fn nothing_has_to_be_said() {
    let scope = scope("");
    assert_eq!((scope.directory.as_str(), scope.include_subfolders), (".", false));
    assert_eq!((scope.patterns, scope.min_bytes), (Vec::<String>::new(), 0));
    assert_eq!((scope.min_age, scope.max_age), (Duration::ZERO, None));
    assert_eq!((scope.settle, scope.after_fetch), (Duration::from_secs(5), AfterFetch::Leave));
    let config = valid(&feed(""), &[]);
    assert!(!config.warnings.iter().any(|w| w.contains("endpoints")), "{:?}", config.warnings);
}

#[test]
fn everything_may_be_said() {
    let scope = scope(
        "directory: /outgoing, pattern: '*.{csv,json}', include_subfolders: true, \
         file_types: [.CSV], exclude_patterns: ['draft*'], min_size_bytes: 3, max_file_size_mb: 2, \
         min_age_seconds: 60, max_age_days: 7, settle_seconds: 0, after_fetch: { move: done }",
    );
    assert_eq!(scope.directory, "/outgoing");
    assert_eq!(scope.patterns, ["*.{csv,json}"]);
    assert!(scope.include_subfolders);
    assert_eq!(scope.pick.file_types, ["csv"]);
    assert_eq!(scope.pick.exclude_patterns, ["draft*"]);
    assert_eq!((scope.min_bytes, scope.pick.max_fetch_bytes), (3, Some(2 << 20)));
    assert_eq!(scope.min_age, Duration::from_secs(60));
    assert_eq!(scope.max_age, Some(Duration::from_secs(7 * 86_400)));
    assert_eq!(scope.settle, Duration::ZERO);
    assert_eq!(scope.after_fetch, AfterFetch::Move("done".into()));
}

#[test]
fn patterns_and_actions_have_several_forms() {
    for (details, patterns) in [
        ("pattern: a", vec!["a"]),
        ("pattern: [a, b]", vec!["a", "b"]),
        ("patterns: [a, '*.{b,c}']", vec!["a", "*.{b,c}"]),
        ("patterns: []", vec![]),
    ] {
        assert_eq!(scope(details).patterns, patterns, "{details}");
    }
    for (details, action) in [
        ("after_fetch: leave", AfterFetch::Leave),
        ("after_fetch: Delete", AfterFetch::Delete),
        ("after_fetch: { move: /archive/in }", AfterFetch::Move("/archive/in".into())),
        ("directory: /out, after_fetch: { move: /out/done }", AfterFetch::Move("/out/done".into())),
        ("directory: out, after_fetch: { move: ../done }", AfterFetch::Move("../done".into())),
    ] {
        assert_eq!(scope(details).after_fetch, action, "{details}");
    }
}

#[test]
fn every_mistake_is_told() {
    const P: &str = "endpoints[0].endpoint_details";
    for (details, expected) in [
        ("patern: a", format!("6:25: unknown key \"patern\" in {P} (did you mean \"pattern\"?)")),
        (
            "pattern: a, patterns: [b]",
            format!("6:47: {P}.patterns: give either pattern or patterns, not both"),
        ),
        (
            "pattern: 'eu/*.csv'",
            format!(
                "6:34: {P}.pattern: a pattern is for names alone; say where in directory, and how \
                 deep by include_subfolders, found \"eu/*.csv\""
            ),
        ),
        (
            "pattern: ' '",
            format!(
                "6:34: {P}.pattern: expected a pattern for names, as in \"*.{{csv,json}}\", found \" \""
            ),
        ),
        (
            "after_fetch: remove",
            format!("6:38: {P}.after_fetch: expected leave, delete or move, found \"remove\""),
        ),
        (
            "after_fetch: delte",
            format!(
                "6:38: {P}.after_fetch: expected leave, delete or move, found \"delte\" (did you \
                 mean \"delete\"?)"
            ),
        ),
        (
            "after_fetch: move",
            format!(
                "6:38: {P}.after_fetch: expected the folder as well, as in {{ move: processed }}"
            ),
        ),
        (
            "after_fetch: { mvoe: a }",
            format!("6:40: unknown key \"mvoe\" in {P}.after_fetch (did you mean \"move\"?)"),
        ),
        (
            "after_fetch: { move: ./ }",
            format!(
                "6:46: {P}.after_fetch.move: expected another folder than directory, or every \
                 file would be found again, found \"./\""
            ),
        ),
        (
            "directory: /out, after_fetch: { move: /out// }",
            format!(
                "6:63: {P}.after_fetch.move: expected another folder than directory, or every \
                 file would be found again, found \"/out//\""
            ),
        ),
        (
            "settle_seconds: 1.5",
            format!(
                "6:41: {P}.settle_seconds: expected a whole number from 0 to 3600, found \"1.5\""
            ),
        ),
        (
            "min_size_bytes: -1",
            format!(
                "6:41: {P}.min_size_bytes: expected a whole number from 0 to 1125899906842624, \
                 found \"-1\""
            ),
        ),
        (
            "min_age_seconds: 86400, max_age_days: 1",
            format!("6:63: {P}.max_age_days: no file is older than min_age_seconds and younger"),
        ),
    ] {
        let found = mistakes(&feed(details));
        assert!(found.contains(&expected), "{details}: {found:#?}");
    }
    let many = format!("pattern: '{}'", "{a,b}".repeat(9));
    let found = mistakes(&feed(&many));
    assert!(found[0].contains("its braces stand for 256 patterns and more"), "{found:?}");
}

#[test]
fn a_feed_needs_somewhere_to_sign_in() {
    let found = mistakes("endpoints:\n  - { name: f, endpoint_type: sftp }\n");
    assert!(
        found[0].contains("client is missing: expected an entry \"feed\" below clients"),
        "{found:?}"
    );
}

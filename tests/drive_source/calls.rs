//! Pacing, pauses and faults of single calls.

use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use super::*;
use transship::sources::google_drive::{Account, DriveSource, Patience};

#[tokio::test]
async fn what_passes_is_tried_again_wherever_it_happens() {
    let html = || reply_with(502, &[("content-type", "text/html")], "<html>bad gateway</html>");
    let faults: Vec<(&str, Answer)> = vec![
        ("rate", error(403, "rateLimitExceeded", "slow down")),
        ("user rate", error(403, "userRateLimitExceeded", "slow down")),
        ("429", reply_with(429, &[("retry-after", "0")], "")),
        ("500", error(500, "backendError", "")),
        ("502", html()),
        ("503", reply_with(503, &[("retry-after", "0")], "")),
        ("cut", Answer::Cut(200, vec![], 9999, b"{\"files\":[".to_vec())),
        ("token", error(401, "authError", "Invalid Credentials")),
    ];
    for (what, fault) in faults {
        for which in [
            Request::is_get as fn(&Request) -> bool,
            Request::is_start,
            Request::is_list,
            Request::is_changes,
        ] {
            let given = fault.clone();
            let over = counted(which, move |_, n| (n == 0).then(|| given.clone()));
            let stand = Stand::with(grove(4), Manners::default(), over).await;
            let (register, source) = (Register::default(), stand.source(scope("r")));
            let walked = register.walk(&source, false).await.unwrap();
            assert!(walked.absence_counts, "{what}: {:?}", walked.failures);
            check(&register, &stand.world(), "r");
        }
    }
}

#[tokio::test]
async fn what_does_not_pass_is_not_tried_again() {
    for (answer, class) in [
        (error(403, "dailyLimitExceeded", "enough"), C::Full),
        (error(403, "insufficientPermissions", "no"), C::Misconfigured),
        (error(403, "domainPolicy", "no"), C::Misconfigured),
        (error(400, "invalid", "Invalid Value"), C::Protocol),
        (reply(200, "{"), C::Protocol),
        (reply(200, r#"{"files":7}"#), C::Protocol),
        (reply_with(302, &[("location", "http://169.254.169.254/")], ""), C::Refused),
    ] {
        let given = answer.clone();
        let stand =
            Stand::with(grove(1), Manners::default(), move |r| r.is_list().then(|| given.clone()))
                .await;
        let failure = Register::default().walk(&stand.source(scope("r")), false).await.unwrap_err();
        assert_eq!(failure.class, class, "{answer:?}: {failure}");
        assert_eq!(stand.server.count(Request::is_list), 1, "{answer:?}");
    }
}

#[tokio::test]
async fn nobody_sends_anything_while_the_service_asks_to_wait() {
    // Two endpoints of one account; one of them is told to wait.
    let told = Arc::new(Mutex::new(None::<Instant>));
    let early = Arc::new(AtomicUsize::new(0));
    let (when, too_early) = (Arc::clone(&told), Arc::clone(&early));
    let manners = Manners { latency: Duration::from_millis(20), ..Manners::default() };
    let stand = Stand::with(grove(120), manners, move |r| {
        let mut told = when.lock().unwrap();
        let slow = r.is_list() && r.parents().len() > 1 && told.is_none();
        if slow {
            *told = Some(Instant::now());
            return Some(reply_with(429, &[("retry-after", "1")], ""));
        }
        // What was under way when it was told may still arrive.
        let since = told.map(|told| told.elapsed());
        let within = Duration::from_millis(200)..Duration::from_millis(960);
        if since.is_some_and(|since| within.contains(&since)) {
            too_early.fetch_add(1, Ordering::SeqCst);
        }
        None
    })
    .await;
    let account = stand.account();
    let one = DriveSource::new(account.clone(), scope("r"), true);
    let two = DriveSource::new(account.clone(), scope("r"), true);
    let (first, second) = (Register::default(), Register::default());
    assert_eq!(account.throttled_until(), None);
    let walking = async {
        let (one, two) = tokio::join!(first.walk(&one, false), second.walk(&two, false));
        (one.unwrap(), two.unwrap())
    };
    let watching = async {
        while account.throttled_until().is_none() {
            tokio::task::yield_now().await;
        }
        account.throttled_until()
    };
    let (walked, until) = tokio::join!(walking, watching);
    assert!(walked.0.absence_counts && walked.1.absence_counts);
    assert!(until.is_some());
    assert_eq!(early.load(Ordering::SeqCst), 0);
    assert_eq!(one.throttled_until(), None, "the pause is over");
}

#[tokio::test]
async fn a_pause_of_an_hour_is_told_and_not_sat_out() {
    let stand = Stand::with(grove(1), Manners::default(), |r| {
        r.is_list().then(|| reply_with(429, &[("retry-after", "3600")], ""))
    })
    .await;
    let source = stand.source(scope("r"));
    let failure = Register::default().walk(&source, false).await.unwrap_err();
    assert_eq!(failure.class, C::Throttled, "{failure}");
    assert!(matches!(failure.retry, Retry::After(pause) if pause > Duration::from_secs(3000)));
    assert!(source.throttled_until().is_some());
    // Others of the account do not even ask.
    let before = stand.server.seen().len();
    let failure = source.peek(1).await.unwrap_err();
    assert_eq!(failure.class, C::Throttled);
    assert_eq!(stand.server.seen().len(), before);
}

#[tokio::test]
async fn the_quota_of_a_minute_is_kept_and_used() {
    // A "minute" of half a second, in which ten lists may be sent.
    let window = Duration::from_millis(500);
    let times = Arc::new(Mutex::new(Vec::new()));
    let seen = Arc::clone(&times);
    let manners = Manners { most_parents: 1, ..Manners::default() };
    let stand = Stand::with(grove(60), manners, move |r| {
        if r.is_list() {
            seen.lock().unwrap().push(Instant::now());
        }
        None
    })
    .await;
    let mut settings = stand.settings();
    settings.units_per_minute = 1000;
    let account = Account::with_patience(settings, Patience { window, ..patience() }).unwrap();
    let source = DriveSource::new(account, scope("r"), true);
    let register = Register::default();
    register.walk(&source, false).await.unwrap();
    check(&register, &stand.world(), "r");
    let times = times.lock().unwrap();
    for (n, from) in times.iter().enumerate() {
        let within = times[n..].iter().take_while(|at| **at < *from + window).count();
        assert!(within <= 10, "{within} calls in a window");
    }
}

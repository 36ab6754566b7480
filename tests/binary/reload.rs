//! SIGHUP: the configuration is read again while everything runs.

use std::time::{Duration, Instant};

use rusqlite::Connection;

use crate::support::program::{Running, Site};
use crate::support::terminal::Terminal;

const NEW_ONE: &str = "it works by the new one";
const REFUSED: &str = "refused: the old one stays";

/// Two endpoints of one account ask for products of their own.
const TWO: &str = r#"schedule: { type: interval, interval_minutes: 60 }
    endpoint_details: { product_keys: [score-reporter] }
  - name: Summaries
    endpoint_type: encoura
    endpoint_details: { product_keys: [aos] }
    deliver_to: slate
    schedule: { type: cron, cron: "0 6 1 1 *", timezone: America/Chicago }"#;
const ONE: &str = "schedule: { type: interval, interval_minutes: 60 }";

/// The headless program, once it has begun to work.
async fn started(site: &Site) -> Running {
    let stays = site.start(&["--no-tui"]);
    stays.says("http: listening on").await;
    stays
}

/// Makes every plan in the books due: whoever looks at them next, runs.
fn due(site: &Site) {
    let books = Connection::open(site.database()).unwrap();
    books.busy_timeout(Duration::from_secs(10)).unwrap();
    let now = format!("{:.3}", jiff::Timestamp::now());
    books.execute("UPDATE endpoints SET next_run_at = ?", [now]).unwrap();
}

/// Plans are in the books, and are due.
async fn planned(site: &Site) {
    let stays = started(site).await;
    stays.says("next run").await;
    stays.terminate();
    stays.ended().await.expect(143);
    due(site);
}

#[tokio::test]
async fn what_is_new_is_taken_over_and_told_and_works() {
    let site = Site::new().await;
    let stays = started(&site).await;
    site.configure(ONE, TWO);
    stays.signal("HUP");
    stays.says(NEW_ONE).await;
    let told = [
        "endpoint \"Summaries\" added: encoura, 0 6 1 1 * America/Chicago",
        "endpoint \"Encoura exports\" changed: product_keys",
    ];
    for words in told {
        stays.says(words).await;
    }
    // Its plan is booked then, and does not come over the one that is made here.
    stays.says("Summaries: next run").await;
    // Both of them work: their plans are due when they are looked at next.
    due(&site);
    site.configure("max_backlog: ${T_MAX_BACKLOG:-5000}", "max_backlog: 4000");
    stays.signal("HUP");
    stays.says("configuration: limits.max_backlog changed").await;
    site.until("everything arrived", |w| w.oracle().unwrap().all_once()).await;

    // One goes, the other gets another time.
    site.configure(TWO, "schedule: { type: manual }");
    stays.signal("HUP");
    stays.says("endpoint \"Summaries\" removed").await;
    stays.says("schedule changed from every hour to only when asked").await;
    stays.terminate();
    let ran = stays.ended().await.expect(143);
    assert_eq!(ran.stderr.matches(NEW_ONE).count(), 3, "{ran:#?}");
    let log = site.log();
    for words in told {
        assert!(log.contains(&words.replace('"', "\\\"")), "{words}: {log}");
    }
    site.sync_until_quiet(3).await;
    site.assert_all_once();
}

#[tokio::test]
async fn a_wrong_one_is_refused_with_its_mistakes_and_the_old_one_goes_on() {
    let site = Site::new().await;
    planned(&site).await;
    site.arm("sftp_slow=20000");
    let stays = started(&site).await;
    site.until("an upload has begun", |w| !w.oracle().unwrap().temporaries.is_empty()).await;
    site.configure("max_backlog", "max_backlgo");
    site.configure("deliver_to: slate", "deliver_to: slat");
    stays.signal("HUP");
    stays.says(&format!("has 2 mistakes and is {REFUSED}")).await;
    for words in ["max_backlgo", "did you mean \"max_backlog\"?", "did you mean \"slate\"?"] {
        stays.says(words).await;
    }
    // It is the old one that does the work.
    site.world().disarm();
    site.until("everything arrived", |w| w.oracle().unwrap().all_once()).await;

    site.configure("max_backlgo", "max_backlog");
    site.configure("deliver_to: slat\n", "deliver_to: slate\n");
    stays.signal("HUP");
    stays.says("nothing has changed").await;
    stays.terminate();
    stays.ended().await.expect(143);
    let log = site.log();
    let place = "connector.yaml:7:3: unknown key";
    assert!(log.contains(place) && log.contains(REFUSED), "{log}");
    site.sync_until_quiet(3).await;
    site.assert_all_once();
}

#[tokio::test]
async fn in_mid_transfer_nothing_is_lost_or_sent_twice() {
    let site = Site::new().await;
    planned(&site).await;
    // The largest file alone takes longer than a reload waits.
    site.arm("sftp_slow=20000");
    let stays = started(&site).await;
    site.until("an upload has begun", |w| !w.oracle().unwrap().temporaries.is_empty()).await;
    site.configure(
        "processed: ${T_SFTP_PROCESSED}",
        "processed: ${T_SFTP_PROCESSED}\n    max_sessions: 3",
    );
    site.configure(ONE, TWO);
    stays.signal("HUP");
    // Impatience changes nothing.
    stays.signal("HUP");
    stays.says(NEW_ONE).await;
    stays.says("destination \"slate\" changed: max_sessions").await;
    assert!(site.oracle().nothing_wrong());
    assert!(!site.oracle().all_once(), "it was broken off");
    site.world().disarm();
    site.until("the rest arrived", |w| {
        let oracle = w.oracle().unwrap();
        // Those of the other endpoint have their turn on the first of January.
        oracle.nothing_wrong() && oracle.totals.once >= 6
    })
    .await;
    stays.terminate();
    stays.ended().await.expect(143);
    site.sync_until_quiet(3).await;
    site.assert_all_once();
}

#[tokio::test]
async fn told_to_end_while_it_comes_to_rest_it_ends() {
    let site = Site::new().await;
    planned(&site).await;
    site.arm("sftp_slow=20000");
    let stays = started(&site).await;
    site.until("an upload has begun", |w| !w.oracle().unwrap().temporaries.is_empty()).await;
    site.configure("interval_minutes: 60", "interval_minutes: 30");
    stays.signal("HUP");
    let told = Instant::now();
    stays.terminate();
    let ran = stays.ended().await.expect(143);
    assert!(told.elapsed() < Duration::from_secs(10), "{:?}: {ran:#?}", told.elapsed());
    site.world().disarm();
    site.sync_until_quiet(3).await;
    site.assert_all_once();
}

#[tokio::test]
async fn what_takes_a_new_start_is_said_and_left_as_it_was() {
    let site = Site::new().await;
    let stays = started(&site).await;
    site.configure("./data/connector.db", "./other/connector.db");
    site.configure("level: debug", "level: info");
    stays.signal("HUP");
    stays.says("database.url changed: takes effect with the next start").await;
    stays.says("log.level changed").await;
    stays.says(NEW_ONE).await;
    assert!(!site.folder().join("other").exists(), "it works on the books that it holds");
    // That alone is no reason to stop anything.
    stays.signal("HUP");
    stays.says("it goes on as before until it is started anew").await;
    stays.terminate();
    stays.ended().await.expect(143);
    site.run(&["sync"]).await.expect(0);
    assert!(site.folder().join("other/connector.db").exists());
}

#[tokio::test]
async fn addresses_and_logins_change_too() {
    let site = Site::new().await;
    let stays = started(&site).await;
    let first = format!("127.0.0.1:{}", stays.line("listening on http://127.0.0.1:").await);
    let status = |address: String, login: Option<(&'static str, &'static str)>| async move {
        let request = reqwest::Client::new().get(format!("http://{address}/status"));
        let request = match login {
            Some((name, password)) => request.basic_auth(name, Some(password)),
            None => request,
        };
        request.send().await.map(|response| response.status().as_u16()).ok()
    };
    assert_eq!(status(first.clone(), None).await, Some(200));
    site.configure(
        "listen: [\"127.0.0.1:0\"]",
        "listen: [\"127.0.0.2:0\"], username: admin, password: kanarienvogel-http",
    );
    stays.signal("HUP");
    stays.says("http.password changed").await;
    stays.says(NEW_ONE).await;
    assert_eq!(status(first.clone(), None).await, None, "the old address is closed");
    let second = format!("127.0.0.2:{}", stays.line("listening on http://127.0.0.2:").await);
    assert_eq!(status(second.clone(), None).await, Some(401));
    let login = Some(("admin", "kanarienvogel-http"));
    assert_eq!(status(second, login).await, Some(200));
    stays.terminate();
    let ran = stays.ended().await.expect(143);
    assert!(!format!("{ran:?}{}", site.log()).contains("kanarienvogel"), "{ran:#?}");
}

#[tokio::test]
async fn a_key_of_the_console_does_the_same_and_shows_what_came_of_it() {
    let site = Site::new().await;
    let mut terminal = Terminal::start_in(site.folder(), &site.variables(), &[], (120, 40));
    terminal.wait_for("Encoura exports");
    site.configure("max_backlog:", "max_backlgo:");
    terminal.press("C");
    terminal.wait_for("did you mean");
    terminal.wait_for("the new configuration has a mistake and is refused: the old one stays");
    terminal.press("\u{1b}");
    // Its frame; the log below keeps the words.
    terminal.wait("the answer to close", |screen| !screen.contains('╭'));
    // By its name in the palette, and a configuration that is right.
    site.configure("max_backlgo:", "max_backlog:");
    site.configure(ONE, TWO);
    terminal.press(":reload\r");
    terminal.wait_for("endpoint \"Summaries\" added: encoura");
    terminal.wait_for("it works by the new one");
    terminal.press("\u{1b}");
    terminal.wait("the answer to close", |screen| !screen.contains('╭'));
    terminal.wait("the endpoint to show", |screen| screen.contains("Summaries  "));
    // SIGHUP in a terminal that is still there asks for the same.
    site.configure(TWO, ONE);
    let pid = terminal.pid().to_string();
    assert!(std::process::Command::new("kill").args(["-HUP", &pid]).status().unwrap().success());
    terminal.wait("the endpoint to go", |screen| !screen.contains("Summaries  "));
    terminal.press("q");
    let ended = terminal.end();
    assert_eq!(ended.code, 0);
    assert!(ended.restored);
    assert!(site.log().contains("Summaries"), "{}", site.log());
}

#[tokio::test]
async fn no_secret_is_told() {
    const CANARY: &str = "kanarienvogel-geheim";
    let site = Site::new().await;
    let stays = started(&site).await;
    site.configure("password: ${T_ENCOURA_PASSWORD}", &format!("password: {CANARY}"));
    site.configure("api_key: ${T_ENCOURA_KEY}", &format!("api_key: {CANARY}-key"));
    site.configure("password: ${T_SFTP_PASSWORD:-}", &format!("password: {CANARY}-sftp"));
    stays.signal("HUP");
    stays.says("client \"encoura\" changed: api_key, password").await;
    stays.says("destination \"slate\" changed: password").await;
    stays.says(NEW_ONE).await;
    site.configure("    password:", "    pasword:");
    stays.signal("HUP");
    stays.says(REFUSED).await;
    stays.terminate();
    let ran = stays.ended().await.expect(143);
    assert!(!format!("{ran:?}").contains(CANARY), "{ran:#?}");
    assert!(!site.log().contains(CANARY), "{}", site.log());
    // The search finds what is there.
    assert!(site.log().contains("pasword"), "{}", site.log());
}

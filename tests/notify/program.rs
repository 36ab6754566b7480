//! The real program with its notifications: exit codes, the heartbeat, and where no secret
//! may stand.

use crate::post_office::{Offers, PASSWORD, PostOffice, USER};
use crate::receiver::{Receiver, TOKEN};
use crate::scripted::{reply, reply_with};
use crate::support::program::Site;
use crate::support::terminal::Terminal;

/// A site whose program tells `receiver`, and has its heartbeat at `heart`.
async fn site(receiver: &Receiver, heart: Option<&Receiver>) -> Site {
    let mut site = Site::new().await;
    site.set("OPS_WEBHOOK_URL", &receiver.url());
    let mut section =
        "notifications:\n  name: etl1\n  webhooks: { ops: { url: '${OPS_WEBHOOK_URL}' } }\n"
            .to_owned();
    if let Some(heart) = heart {
        site.set("HEARTBEAT_URL", &heart.url());
        section += "  heartbeat: { url: '${HEARTBEAT_URL}', every_minutes: 60 }\n";
    }
    site.configure("clients:\n", &format!("{section}clients:\n"));
    site
}

#[tokio::test(flavor = "multi_thread")]
async fn a_dead_webhook_changes_no_exit_code_and_no_secret_is_anywhere() {
    let (receiver, elsewhere) = (Receiver::start().await, Receiver::start().await);
    let site = site(&receiver, None).await;
    site.arm("auth_refused");
    let plain = Site::new().await;
    plain.arm("auth_refused");
    let expected = plain.run(&["sync"]).await.code;
    let mut said = String::new();
    let echo = format!("{{\"message\": \"no team at {} for {TOKEN}\"}}", receiver.url());
    for answer in [
        reply(404, echo),
        reply_with(302, &[("Location", &elsewhere.url())], ""),
        reply(500, "<html>"),
    ] {
        receiver.answers(answer);
        let ran = site.run(&["sync"]).await.expect(expected);
        said += &ran.stderr;
        said += &ran.stdout;
    }
    assert!(said.contains("webhook ops"), "it is said: {said}");
    receiver.answers(reply(200, "ok"));
    site.run(&["sync"]).await.expect(expected);
    assert_eq!(receiver.events(), ["failure sign_in"; 4]);
    assert_eq!(elsewhere.requests().len(), 0);
    site.world().disarm();
    site.run(&["sync"]).await.expect(0);
    assert_eq!(receiver.events()[4..], ["recovered sign_in"]);
    assert_eq!(receiver.told()[4]["installation"], "etl1");

    let log = site.log();
    assert!(log.contains("webhook ops") && log.contains("notification (failure)"), "{log}");
    let ledger = std::fs::read(site.database()).unwrap();
    let ledger = String::from_utf8_lossy(&ledger).into_owned();
    let bodies: String = receiver.requests().iter().map(|r| r.body.clone()).collect();
    let secrets = ["T_ENCOURA_KEY", "T_ENCOURA_PASSWORD", "T_SFTP_PASSWORD"];
    let secrets = secrets.map(|name| site.get(name));
    for (place, text) in
        [("log", &log), ("ledger", &ledger), ("screen", &said), ("bodies", &bodies)]
    {
        assert!(!text.contains(TOKEN), "the address's token is in the {place}");
        for secret in &secrets {
            assert!(!text.contains(secret), "{secret} is in the {place}");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_heartbeat_tells_of_a_pass_and_of_the_program_that_stays() {
    let (receiver, heart) = (Receiver::start().await, Receiver::start().await);
    let site = site(&receiver, Some(&heart)).await;
    site.run(&["sync"]).await.expect(0);
    assert_eq!(heart.paths(), ["/start", "/0"]);
    let stays = site.start(&["--no-tui"]);
    heart.asked(4).await;
    assert_eq!(heart.paths()[2..], ["/start", ""]);
    // Another instance holds the ledger: that pass did not take place.
    site.run(&["sync"]).await.expect(75);
    assert_eq!(heart.paths()[4..], ["/start", "/75"]);
    // Told to end, it does what it is to do: nobody is to be woken by that.
    stays.terminate();
    stays.ended().await.expect(143);
    assert_eq!(heart.paths()[6..], ["/0"]);
    site.arm("auth_refused");
    let code = site.run(&["sync"]).await.code;
    assert_ne!(code, 0);
    assert_eq!(heart.paths()[7..], ["/start".to_owned(), format!("/{code}")]);
    assert!(heart.requests().iter().all(|r| r.method == "GET" && r.body.is_empty()));

    // It does not answer: tried again, said, and nothing else.
    heart.answers(reply(500, ""));
    let ran = site.run(&["sync"]).await.expect(code);
    assert!(ran.stderr.contains("the heartbeat address"), "{}", ran.stderr);
    assert!(!ran.stderr.contains(TOKEN) && !site.log().contains(TOKEN));
    assert_eq!(heart.paths()[9..].iter().filter(|path| *path == "/start").count(), 3);
}

#[tokio::test(flavor = "multi_thread")]
async fn who_was_not_told_is_shown_wherever_one_looks() {
    let receiver = Receiver::start().await;
    let site = site(&receiver, None).await;
    site.arm("auth_refused");
    receiver.answers(reply(403, "invalid_token"));
    site.run(&["sync"]).await;
    let ran = site.run(&["doctor", "--offline"]).await;
    for words in ["webhook ops: 1 message waits", "403", "transship notify test"] {
        assert!(ran.stdout.contains(words), "{words}: {ran:#?}");
    }
    let stays = site.start(&["--no-tui"]);
    let address = stays.line("listening on http://").await.trim().to_owned();
    let ask = async |path: &str| {
        let answer = reqwest::get(format!("http://{address}/{path}")).await.unwrap();
        answer.text().await.unwrap()
    };
    let status: serde_json::Value = serde_json::from_str(&ask("status").await).unwrap();
    let told = &status["components"]["notifications"];
    assert_eq!(told["status"], "degraded", "{told}");
    assert_eq!(told["undelivered"][0]["channel"], "webhook ops", "{told}");
    assert!(told["undelivered"][0]["error"].as_str().unwrap().contains("403"), "{told}");
    let line = "transship_notifications_undelivered{channel=\"webhook ops\",state=\"waiting\"} 1";
    let metrics = ask("metrics").await;
    assert!(metrics.contains(line), "{metrics}");
    stays.terminate();
    stays.ended().await.expect(143);

    let mut terminal = Terminal::start_in(site.folder(), &site.variables(), &[], (120, 35));
    terminal.wait_for("not told");
    terminal.wait_for("webhook ops");
    terminal.press("!");
    let pid = terminal.pid().to_string();
    assert!(std::process::Command::new("kill").args(["-TERM", &pid]).status().unwrap().success());
    terminal.end();
}

/// No word makes up for not being well: who watches hears nothing, and raises the alarm.
#[tokio::test(flavor = "multi_thread")]
async fn told_to_end_while_it_is_not_well_it_does_not_say_that_all_is() {
    let (receiver, heart) = (Receiver::start().await, Receiver::start().await);
    let site = site(&receiver, Some(&heart)).await;
    // Its first word does not get through at once: time to lock the books before the look.
    heart.answers(reply(500, ""));
    let stays = site.start(&["--no-tui"]);
    heart.asked(1).await;
    let books = rusqlite::Connection::open(site.database()).unwrap();
    books.busy_timeout(std::time::Duration::from_secs(10)).unwrap();
    books.execute_batch("BEGIN EXCLUSIVE").unwrap();
    stays.says("no heartbeat, since the program is not well: ").await;
    heart.answers(reply(200, "ok"));
    stays.terminate();
    stays.ended().await.expect(143);
    let paths = heart.paths();
    assert!(paths.iter().all(|path| path == "/start"), "{paths:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn another_heartbeat_in_the_configuration_takes_effect_when_it_is_read_again() {
    let (receiver, heart) = (Receiver::start().await, Receiver::start().await);
    let mut site = site(&receiver, None).await;
    site.set("HEARTBEAT_URL", &heart.url());
    let stays = site.start(&["--no-tui"]);
    stays.says("http: listening on").await;
    let webhooks = "  webhooks:";
    let line = "  heartbeat: { url: '${HEARTBEAT_URL}', every_minutes: 60 }\n";
    site.configure(webhooks, &format!("{line}{webhooks}"));
    stays.signal("HUP");
    stays.says("configuration: notifications.heartbeat changed").await;
    heart.asked(2).await;
    assert_eq!(heart.paths(), ["/start", ""]);
    // Another address, and the one before it hears no more.
    let other = Receiver::start().await;
    site.configure("${HEARTBEAT_URL}", &other.url());
    stays.signal("HUP");
    other.asked(2).await;
    stays.terminate();
    let ran = stays.ended().await.expect(143);
    assert_eq!(other.paths(), ["/start", "", "/0"]);
    assert_eq!(heart.paths().len(), 2, "{:?}", heart.paths());
    assert!(!ran.stderr.contains("next start"), "{ran:#?}");
    assert!(!ran.stderr.contains(TOKEN) && !site.log().contains(TOKEN));
}

#[tokio::test(flavor = "multi_thread")]
async fn notify_test_tells_everybody_and_says_what_they_answered() {
    let (receiver, office) = (Receiver::start().await, PostOffice::open(Offers::Plain).await);
    let mut site = site(&receiver, None).await;
    let smtp = format!(
        "  smtp: {{ host: 127.0.0.1, port: {}, tls: none, username: {USER}, password: \
         '${{SMTP_PASSWORD}}', from: transship@school.example, to: ops@school.example }}\n",
        office.port
    );
    site.configure("clients:\n", &format!("{smtp}clients:\n"));
    site.set("SMTP_PASSWORD", PASSWORD);
    let ran = site.run(&["notify", "test"]).await.expect(0);
    assert!(ran.stdout.contains("ok      webhook ops: 200 OK ok"), "{}", ran.stdout);
    assert!(ran.stdout.contains("ok      smtp: 250"), "{}", ran.stdout);
    assert_eq!(receiver.events(), ["test"]);
    assert_eq!(office.letters(1).await.len(), 1);
    assert!(!site.database().exists(), "it needs no ledger");

    site.set("SMTP_PASSWORD", "kanarienvogel-wrong");
    receiver.answers(reply(403, "invalid_token"));
    let ran = site.run(&["notify", "test", "--json"]).await;
    let rows = ran.rows();
    assert_eq!(rows.len(), 2, "{rows:?}");
    assert!(rows.iter().all(|row| row["sent"] == false), "{rows:?}");
    assert!(rows[0]["error"].as_str().unwrap().contains("403"), "{rows:?}");
    assert!(rows[1]["error"].as_str().unwrap().contains("535"), "{rows:?}");
    assert_ne!(ran.code, 0);
    assert!(!ran.stdout.contains("kanarienvogel") && !ran.stderr.contains("kanarienvogel"));

    let nobody = Site::new().await;
    let ran = nobody.run(&["notify", "test"]).await.expect(64);
    assert!(ran.stderr.contains("nobody is told"), "{}", ran.stderr);
}

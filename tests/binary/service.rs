//! What a service manager is told, and what it is not.

use std::os::unix::net::UnixDatagram;
use std::time::{Duration, Instant};

use crate::support::program::Site;

const DEADLINE: Duration = Duration::from_secs(60);

/// The service manager's end of the socket.
struct Manager(UnixDatagram);

impl Manager {
    fn beside(site: &mut Site) -> Self {
        let path = site.folder().join("notify");
        let socket = UnixDatagram::bind(&path).unwrap();
        socket.set_read_timeout(Some(DEADLINE)).unwrap();
        site.set("NOTIFY_SOCKET", path.to_str().unwrap());
        Self(socket)
    }

    /// The next thing that it is told.
    fn told(&self) -> String {
        let mut buffer = [0; 4096];
        let length = self.0.recv(&mut buffer).expect("nothing was told until the deadline");
        String::from_utf8(buffer[..length].to_vec()).unwrap()
    }

    /// Waits until it is told something with these words in it.
    fn until(&self, words: &str) -> String {
        let begun = Instant::now();
        loop {
            let told = self.told();
            if told.contains(words) {
                return told;
            }
            assert!(begun.elapsed() < DEADLINE, "not until the deadline: {words}");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_watchdog_is_fed_while_the_ledger_can_be_written_and_no_longer() {
    let mut site = Site::new().await;
    let manager = Manager::beside(&mut site);
    site.set("WATCHDOG_USEC", "400000");
    let stays = site.start(&["--no-tui"]);
    manager.until("READY=1");
    manager.until("WATCHDOG=1");
    manager.until("WATCHDOG=1");
    // Another program holds the ledger: its writer is stuck.
    let other = rusqlite::Connection::open(site.database()).unwrap();
    other.execute_batch("BEGIN IMMEDIATE").unwrap();
    let told = manager.until("STATUS=");
    assert!(told.contains("ledger"), "{told}");
    let next = manager.told();
    assert!(!next.contains("WATCHDOG=1"), "fed although it is stuck: {next}");
    other.execute_batch("ROLLBACK").unwrap();
    manager.until("WATCHDOG=1");
    stays.terminate();
    manager.until("STOPPING=1");
    stays.ended().await.expect(143);
}

/// The messages of systemd's `Type=notify-reload`, which an older one takes as well.
#[tokio::test(flavor = "multi_thread")]
async fn a_reload_is_told_from_its_beginning_to_its_end_and_how_it_ended() {
    let mut site = Site::new().await;
    let manager = Manager::beside(&mut site);
    let stays = site.start(&["--no-tui"]);
    manager.until("READY=1");
    for (from, to, status) in [
        ("min_free_mb: ", "min_fre_mb: ", "refused: the old one stays"),
        ("min_fre_mb: ", "min_free_mb: ", "nothing has changed"),
        ("max_backlog: ${T_MAX_BACKLOG:-5000}", "max_backlog: 7", "it works by the new one"),
    ] {
        site.configure(from, to);
        stays.signal("HUP");
        let told = manager.until("RELOADING=1");
        let since = told.lines().find_map(|line| line.strip_prefix("MONOTONIC_USEC="));
        assert!(since.is_some_and(|since| since.parse::<u64>().is_ok()), "{told}");
        let told = manager.told();
        assert!(told.starts_with("READY=1\nSTATUS=") && told.contains(status), "{told}");
    }
    stays.terminate();
    manager.until("STOPPING=1");
    stays.ended().await.expect(143);
}

#[test]
fn the_unit_of_systemd_asks_for_what_the_program_does() {
    let unit = include_str!("../../assets/systemd/transship.service");
    let has = |line: &str| unit.lines().any(|found| found == line);
    for line in ["Type=notify", "ExecReload=/bin/kill -HUP $MAINPID", "WatchdogSec=120"] {
        assert!(has(line), "{line}");
    }
}

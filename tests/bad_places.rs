//! Bad places: no space, no descriptors, a folder that cannot be written, a clock
//! that jumps, a server that has no room, refuses, or is suddenly another one.
//! Nothing is lost, nothing arrives twice, and the program says what is wrong.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
#![cfg(target_os = "linux")]

mod support;

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use support::program::{Ran, Site};
use tempfile::TempDir;
use transship::demo::{Extensions, Fault, Samples, sample_exports};

/// Eight exports are in the books and fetched; the destination had no room.
async fn with_eight_waiting() -> Site {
    let site = Site::new().await;
    site.arm("no_space");
    site.run(&["sync"]).await.expect(3);
    assert_eq!(site.destructive_lists(), 1);
    site
}

/// It ended in words and not in a panic, and nothing wrong has arrived.
#[track_caller]
fn sound(site: &Site, ran: &Ran) {
    assert!(!ran.stderr.contains("panicked") && ran.code != 101, "{ran:#?}");
    let oracle = site.oracle();
    assert!(oracle.nothing_wrong(), "{oracle:#?}\n{ran:#?}");
}

// ---- Brakes: nothing is taken from the source that has no place here.

#[tokio::test]
async fn a_disk_that_is_nearly_full_lists_nothing_and_the_rest_goes_on() {
    let mut site = with_eight_waiting().await;
    site.world().disarm();
    site.world().add(Samples::new(1).report("new.csv", 3));
    site.set("T_MIN_FREE_MB", "1000000000");
    let ran = site.run(&["sync"]).await.expect(5);
    assert!(ran.stderr.contains("not listing") && ran.stderr.contains("min_free_mb"), "{ran:#?}");
    assert_eq!(site.destructive_lists(), 1);
    assert_eq!(site.oracle().totals.once, 8, "what is in the books is delivered");
    site.set("T_MIN_FREE_MB", "1");
    site.sync_until_quiet(3).await;
    site.assert_all_once();
}

#[tokio::test]
async fn a_long_backlog_lists_nothing_and_says_why() {
    let mut site = with_eight_waiting().await;
    site.world().add(Samples::new(1).report("new.csv", 3));
    site.set("T_MAX_BACKLOG", "1");
    let ran = site.run(&["sync"]).await.expect(5);
    assert!(ran.stderr.contains("8 files are not delivered yet"), "{ran:#?}");
    assert!(ran.stderr.contains("max_backlog"), "{ran:#?}");
    assert_eq!(site.destructive_lists(), 1);
    site.world().disarm();
    let ran = site.run(&["sync"]).await.expect(5);
    assert_eq!(site.oracle().totals.once, 8, "{ran:#?}");
    assert_eq!(site.destructive_lists(), 1);
    site.sync_until_quiet(3).await;
    site.assert_all_once();
}

#[tokio::test]
async fn a_destination_that_is_down_for_long_lists_nothing_more() {
    let mut site = with_eight_waiting().await;
    site.world().disarm();
    let port = site.stand_ins.sftp().port.to_string();
    // Nobody listens there.
    site.set("T_SFTP_PORT", "1");
    site.set("T_IGNORE_CLOCK", "true");
    for (hours, lists) in [(23, 2), (25, 2)] {
        site.world().add(Samples::new(hours).report("new.csv", 3));
        set_clock(&mut site, &format!("+{hours}h"));
        let ran = site.run(&["sync"]).await;
        let told = ran.stderr.contains("files wait for the destination for more than 24 hours");
        assert_eq!((told, ran.code), (hours == 25, if told { 5 } else { 3 }), "{ran:#?}");
        assert_eq!(site.destructive_lists(), lists, "after {hours} hours");
    }
    site.through(&[]);
    site.set("T_SFTP_PORT", &port);
    site.sync_until_quiet(4).await;
    site.assert_all_once();
}

// ---- The clock.

/// Moves the program's clock; the world's stays.
fn set_clock(site: &mut Site, by: &str) {
    site.set("FAKETIME_DONT_FAKE_MONOTONIC", "1");
    site.through(&["/usr/bin/faketime", "-f", by]);
}

#[tokio::test]
async fn a_clock_that_goes_back_by_hours_lists_nothing_until_somebody_says_so() {
    let mut site = with_eight_waiting().await;
    site.world().disarm();
    site.world().add(Samples::new(1).report("new.csv", 3));
    set_clock(&mut site, "-3h");
    let ran = site.run(&["sync"]).await.expect(5);
    assert!(ran.stderr.contains("not listing: the clock says"), "{ran:#?}");
    assert!(ran.stderr.contains("but the ledger's latest event"), "{ran:#?}");
    assert_eq!(site.destructive_lists(), 1);
    assert_eq!(site.oracle().totals.once, 8, "what is in the books is delivered");
    // Again: what was booked meanwhile, at the wrong time, does not hide it.
    site.run(&["sync"]).await.expect(5);
    assert_eq!(site.destructive_lists(), 1);
    site.set("T_IGNORE_CLOCK", "true");
    site.sync_until_quiet(3).await;
    site.assert_all_once();
}

#[tokio::test]
async fn an_hour_back_and_forth_changes_nothing() {
    let mut site = with_eight_waiting().await;
    site.world().disarm();
    for (number, by) in ["-1h", "+0h", "-1h"].into_iter().enumerate() {
        site.world().add(Samples::new(number as u64).report("new.csv", 3));
        set_clock(&mut site, by);
        site.sync_until_quiet(4).await;
        site.assert_all_once();
    }
}

#[tokio::test]
async fn a_year_forward_loses_nothing_and_doubles_nothing() {
    let mut site = Site::new().await;
    // Killed where nobody knows whether the rename happened.
    site.arm("rename_cut_after*8");
    let sync = site.start(&["sync"]);
    site.until("a rename's reply is lost", |world| world.struck(Fault::RenameCutAfter) > 2).await;
    sync.kill().await;
    site.world().disarm();
    site.world().add(Samples::new(1).report("new.csv", 3));
    set_clock(&mut site, "+365d");
    let ran = site.run(&["sync"]).await.expect(5);
    assert!(ran.stderr.contains("not listing: the clock says"), "{ran:#?}");
    assert!(ran.stderr.contains("but the source's says"), "{ran:#?}");
    assert_eq!(site.destructive_lists(), 1);
    assert_eq!(site.oracle().totals.once, 8, "what is in the books is delivered");
    // Whoever says that it is right: nothing is lost and nothing doubled.
    site.set("T_IGNORE_CLOCK", "true");
    site.sync_until_quiet(5).await;
    site.assert_all_once();
    site.unset("T_IGNORE_CLOCK");
    // And back again: a year of events that have not happened yet. The source says that it
    // is right now, and nobody has to.
    site.world().add(Samples::new(2).report("newer.csv", 3));
    site.through(&[]);
    site.run(&["sync"]).await.expect(0);
    assert!(site.log().contains("clock was ahead then"), "{}", site.log());
    site.sync_until_quiet(3).await;
    site.assert_all_once();
}

// ---- No space here. File sizes can be limited by everybody, disks by root.

#[tokio::test]
async fn a_limit_on_file_sizes_costs_nothing() {
    let mut site = Site::new().await;
    site.set("CONNECTOR_LOG_LEVEL", "error");
    for kilobytes in [8, 32, 64, 100, 128, 160, 200, 256, 320, 400] {
        let limited = format!("ulimit -f {kilobytes}; exec \"$@\"");
        site.through(&["/bin/bash", "-c", &limited, "bash"]);
        let ran = site.run(&["sync"]).await;
        sound(&site, &ran);
    }
    site.through(&[]);
    site.sync_until_quiet(4).await;
    site.assert_all_once();
}

/// A small disk of its own, gone with this.
struct Disk(TempDir);

impl Disk {
    /// None, with the reason printed, where this user may not mount.
    fn of(size: &str) -> Option<Self> {
        let disk = Self(TempDir::new().unwrap());
        let mounted = mount(&["-t", "tmpfs", "-o", &format!("size={size}"), "none"], disk.path());
        if !mounted {
            println!("SKIPPED: this user may not mount a disk");
        }
        mounted.then_some(disk)
    }

    fn path(&self) -> &Path {
        self.0.path()
    }

    #[track_caller]
    fn remount(&self, option: &str) {
        assert!(mount(&["-o", &format!("remount,{option}")], self.path()));
    }

    /// Takes all space but so many kilobytes.
    fn fill_but(&self, kilobytes: u64) {
        let filler = self.filler();
        let _ = std::fs::remove_file(&filler);
        let free = fs4::available_space(self.path()).unwrap();
        let bytes = free.saturating_sub(kilobytes << 10);
        std::fs::write(filler, vec![0; bytes as usize]).unwrap();
    }

    fn filler(&self) -> PathBuf {
        self.path().join("filler")
    }
}

impl Drop for Disk {
    fn drop(&mut self) {
        let _ = Command::new("umount").arg("-l").arg(self.path()).stderr(Stdio::null()).status();
    }
}

fn mount(arguments: &[&str], place: &Path) -> bool {
    let mut mount = Command::new("mount");
    mount.args(arguments).arg(place).stderr(Stdio::null());
    mount.status().is_ok_and(|status| status.success())
}

#[tokio::test]
async fn a_full_disk_under_the_ledger_costs_nothing() {
    let Some(disk) = Disk::of("4m") else { return };
    let mut site = Site::new().await;
    let data = site.folder().join("data");
    site.keep_in(&disk.path().join("ledger/a.db"), &data);
    site.set("T_MIN_FREE_MB", "0");
    let mut told = 0;
    for kilobytes in [0, 8, 64, 128, 180, 240, 300, 340, 380, 420, 460, 500] {
        disk.fill_but(kilobytes);
        let ran = site.run(&["sync"]).await;
        sound(&site, &ran);
        told += usize::from(ran.stderr.contains("free some space"));
    }
    assert!(told > 0, "the disk was never full");
    std::fs::remove_file(disk.filler()).unwrap();
    site.sync_until_quiet(4).await;
    site.assert_all_once();
}

/// What asks whether the program is well hears that it is not, and that it is again.
#[tokio::test]
async fn a_running_program_whose_ledger_has_no_room_is_not_well_until_it_has() {
    let Some(disk) = Disk::of("8m") else { return };
    let mut site = Site::new().await;
    let data = site.folder().join("data");
    site.keep_in(&disk.path().join("ledger/a.db"), &data);
    site.set("T_MIN_FREE_MB", "0");
    site.run(&["sync"]).await.expect(0);
    let stays = site.start(&["--no-tui"]);
    let address = stays.line("listening on http://").await.trim().to_owned();
    stays.says("next run").await;
    // It says the same for a second.
    let until = async |status: u16| loop {
        let answer = reqwest::get(format!("http://{address}/health")).await.unwrap();
        if answer.status() == status {
            return answer.text().await.unwrap();
        }
    };
    until(200).await;
    disk.fill_but(0);
    site.configure("interval_minutes: 60", "interval_minutes: 30");
    stays.signal("HUP");
    stays.says("free some space").await;
    stays.says("could not be begun with: the old one stays").await;
    let unwell = until(503).await;
    assert!(unwell.contains("\"writer\":\"unhealthy\""), "{unwell}");
    std::fs::remove_file(disk.filler()).unwrap();
    until(200).await;
    stays.signal("HUP");
    stays.says("it works by the new one").await;
    stays.terminate();
    stays.ended().await.expect(143);
    site.sync_until_quiet(3).await;
    site.assert_all_once();
}

#[tokio::test]
async fn a_full_disk_under_the_archive_costs_nothing() {
    let Some(disk) = Disk::of("4m") else { return };
    let mut site = Site::with(|options| {
        options.exports = sample_exports();
        options.exports.push(Samples::new(1).report("large.csv", 40_000));
    })
    .await;
    let ledger = site.folder().join("ledger/a.db");
    site.keep_in(&ledger, disk.path());
    site.set("T_MIN_FREE_MB", "0");
    let mut told = 0;
    for kilobytes in [0, 4, 16, 64, 512] {
        disk.fill_but(kilobytes);
        let ran = site.run(&["sync"]).await;
        sound(&site, &ran);
        told += usize::from(ran.stderr.contains("free some space"));
    }
    assert!(told > 0, "the disk was never full");
    // The brake as it is by default would not even have listed.
    site.set("T_MIN_FREE_MB", "3");
    let lists = site.destructive_lists();
    let ran = site.run(&["sync"]).await.expect(5);
    assert!(ran.stderr.contains("the data folder's disk has"), "{ran:#?}");
    assert_eq!(site.destructive_lists(), lists);
    std::fs::remove_file(disk.filler()).unwrap();
    disk.remount("size=64m");
    site.sync_until_quiet(4).await;
    site.assert_all_once();
}

#[tokio::test]
async fn a_data_folder_that_is_read_only_is_told_and_lists_nothing() {
    let Some(disk) = Disk::of("16m") else { return };
    let mut site = Site::new().await;
    let ledger = site.folder().join("ledger/a.db");
    site.keep_in(&ledger, disk.path());
    site.arm("no_space");
    site.run(&["sync"]).await.expect(3);
    site.world().disarm();
    site.world().add(Samples::new(1).report("new.csv", 3));
    disk.remount("ro");
    for _ in 0..2 {
        let ran = site.run(&["sync"]).await.expect(5);
        assert!(ran.stderr.contains("not listing"), "{ran:#?}");
        assert!(ran.stderr.to_lowercase().contains("read-only"), "{ran:#?}");
    }
    assert_eq!(site.destructive_lists(), 1);
    assert_eq!(site.oracle().totals.once, 8, "what is in the books is delivered");
    disk.remount("rw");
    site.sync_until_quiet(4).await;
    site.assert_all_once();
}

/// The record of what happened is not what the work depends on, but that it is missing is
/// said, and from when on it is there again.
#[tokio::test]
async fn a_full_disk_under_the_log_stops_nothing_and_is_told() {
    let Some(disk) = Disk::of("1m") else { return };
    let site = Site::new().await;
    site.configure("./logs/connector.log", disk.path().join("connector.log").to_str().unwrap());
    disk.fill_but(0);
    let ran = site.run(&["sync"]).await.expect(0);
    assert!(ran.stderr.contains("nothing is written to the log: No space left"), "{ran:#?}");
    assert_eq!(ran.stderr.matches("nothing is written to the log").count(), 1, "{ran:#?}");

    let stays = site.start(&["--no-tui"]);
    stays.says("nothing is written to the log: No space left").await;
    std::fs::remove_file(disk.filler()).unwrap();
    stays.signal("HUP");
    stays.says("the log is written again;").await;
    stays.terminate();
    stays.ended().await.expect(143);
    site.assert_all_once();
    let log: String = std::fs::read_dir(disk.path())
        .unwrap()
        .map(|entry| std::fs::read_to_string(entry.unwrap().path()).unwrap())
        .collect();
    assert!(log.contains("missing in it"), "{log}");
}

/// A first start without room leaves books without a mark: that is no backup that was put back.
#[tokio::test]
async fn a_first_start_without_room_is_not_taken_for_a_backup_that_was_put_back() {
    let Some(disk) = Disk::of("2m") else { return };
    let mut site = Site::new().await;
    let ledger = site.folder().join("ledger/a.db");
    site.keep_in(&ledger, disk.path());
    disk.fill_but(0);
    let ran = site.run(&["sync"]).await.expect(4);
    assert!(ran.stderr.contains("free some space"), "{ran:#?}");
    std::fs::remove_file(disk.filler()).unwrap();
    let ran = site.run(&["sync"]).await.expect(0);
    assert!(!ran.stderr.contains("put back"), "{ran:#?}");
    site.sync_until_quiet(3).await;
    site.assert_all_once();
}

/// Nor where there is nothing yet does the doctor call well what cannot be made.
#[tokio::test]
async fn a_place_where_nothing_can_be_made_is_found() {
    let mut site = Site::new().await;
    // Nobody makes folders there, whoever he is.
    site.keep_in(Path::new("/proc/transship/a.db"), Path::new("/proc/transship"));
    let ran = site.run(&["doctor", "--offline"]).await;
    assert_ne!(ran.code, 0, "{ran:#?}");
    assert!(ran.stdout.contains("FAILED  there: "), "{ran:#?}");
    let ran = site.run(&["sync"]).await;
    assert_ne!(ran.code, 0, "{ran:#?}");
    assert!(ran.stderr.contains("creating the folder /proc/transship"), "{ran:#?}");
}

// ---- Too many open files.

#[tokio::test]
async fn too_few_descriptors_cost_nothing() {
    let mut site = Site::new().await;
    for descriptors in [4, 5, 6, 7, 8, 10, 12, 14, 16, 18, 20, 22, 24, 28, 32, 40] {
        let limited = format!("ulimit -n {descriptors}; exec \"$@\"");
        site.through(&["/bin/sh", "-c", &limited, "sh"]);
        let ran = site.run(&["sync"]).await;
        sound(&site, &ran);
    }
    site.through(&[]);
    site.sync_until_quiet(4).await;
    site.assert_all_once();
}

// ---- The server.

#[tokio::test]
async fn a_server_out_of_quota_or_that_refuses_is_waited_for() {
    for (fault, code) in [("no_space=2000", 3), ("permission_denied", 3)] {
        let site = Site::new().await;
        site.arm(fault);
        let ran = site.run(&["sync"]).await.expect(code);
        sound(&site, &ran);
        assert!(!site.pending().is_empty(), "{fault}");
        assert!(site.pending().iter().all(|row| row.error.is_some()), "{fault}: said why");
        site.world().disarm();
        site.sync_until_quiet(4).await;
        site.assert_all_once();
    }
}

#[tokio::test]
async fn a_server_that_is_suddenly_another_one_gets_nothing_more() {
    let site = Site::new().await;
    // The connections that begin the run are the right one's; those that replace
    // them after a cut are not.
    site.arm("host_key_changed@2");
    site.arm("packet_cut_before@25*50");
    let ran = site.run(&["sync"]).await;
    sound(&site, &ran);
    assert!(site.world().struck(Fault::HostKeyChanged) > 0, "it was never shown: {ran:#?}");
    assert!(!site.pending().is_empty(), "it got everything");
    let ran = site.run(&["sync"]).await.expect(77);
    assert!(ran.stderr.contains("SHA256:"), "{ran:#?}");
    assert_eq!(site.destructive_lists(), 1, "nothing more is taken from the source");
    site.world().disarm();
    site.sync_until_quiet(4).await;
    site.assert_all_once();
}

/// Where a rename is link + unlink nobody can promise "once". What is promised:
/// nothing is lost, nothing is partial, and the screen says that it is not atomic.
#[tokio::test]
async fn a_rename_that_is_link_and_unlink_loses_nothing_and_is_told() {
    for fault in ["rename_cut_before*3", "rename_cut_after*3", "rename_late=300*3"] {
        let site = Site::with(|options| {
            options.exports = sample_exports();
            options.extensions = Extensions { posix_rename: false, ..options.extensions };
        })
        .await;
        site.arm("rename_link_unlink");
        site.arm(fault);
        let ran = site.run(&["sync"]).await;
        assert!(ran.stderr.contains("rename not atomic"), "{ran:#?}");
        site.world().disarm();
        site.arm("rename_link_unlink");
        site.sync_until_quiet(8).await;
        let oracle = site.oracle();
        let totals = &oracle.totals;
        assert_eq!(totals.once + totals.twice, 8, "{fault}: {oracle:#?}");
        assert!(totals.partial == 0 && oracle.foreign.is_empty(), "{fault}: {oracle:#?}");
        println!("{fault}: {} of 8 arrived twice", totals.twice);
    }
}

//! How long a large register takes. Not a test of every day:
//!
//! ```sh
//! cargo test --release --test drive_source -- --ignored --nocapture listing_speed
//! ```

use std::time::{Duration, Instant};

use super::*;

/// 10,600 folders and 42,404 files, four in each folder and in the root.
fn forest() -> World {
    let mut world = World::new();
    world.folder("r", "own");
    let mut folders = vec!["r".to_owned()];
    for n in 0..10_600 {
        // A hundred in the root, the others in those.
        let parent = if n < 100 { "r".to_owned() } else { format!("d{}", (n - 100) / 105) };
        let id = format!("d{n}");
        world.folder(&id, &parent);
        folders.push(id);
    }
    for folder in folders {
        for n in 0..4 {
            world.file(&format!("{folder}-{n}"), &folder);
        }
    }
    world
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "a benchmark: half a minute"]
async fn listing_speed() {
    println!("10,600 folders, 42,404 files, 300 ms a call");
    println!("{:34} {:>8} {:>7} {:>9} {:>9}", "", "seconds", "calls", "units", "files");
    for (what, lost, same_lost) in [
        ("nothing is lost", 0, true),
        ("groups lose 30 in 100, at random", 30, false),
        ("groups lose 30 in 100, always", 30, true),
    ] {
        let latency = Duration::from_millis(300);
        let manners = Manners { lost, same_lost, latency, ..Manners::default() };
        let stand = Stand::with(forest(), manners, |_| None).await;
        let mut settings = stand.settings();
        settings.units_per_minute = 325_000;
        let account = transship::sources::google_drive::Account::new(settings).unwrap();
        let source = transship::sources::google_drive::DriveSource::new(account, scope("r"), false);
        let register = Register::default();
        let begin = Instant::now();
        let walked = register.walk(&source, false).await.unwrap();
        let took = begin.elapsed().as_secs_f64();
        assert!(walked.absence_counts);
        let (calls, units) = (source.api_calls(), source.quota_used());
        let files = register.ids().len();
        println!("{what:34} {took:8.2} {calls:7} {units:9} {files:9}");
        assert_eq!((files, register.folders().len()), (42_404, 10_601));
        let begin = Instant::now();
        register.walk(&source, false).await.unwrap();
        let took = begin.elapsed().as_secs_f64();
        let (calls, units) = (source.api_calls() - calls, source.quota_used() - units);
        println!("{:34} {took:8.2} {calls:7} {units:9}", "  unchanged");
    }
}

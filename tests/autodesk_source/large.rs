//! A large project at the vendor's real limits: takes a quarter of an hour.
//!
//! `cargo test --test autodesk_source -- --ignored --nocapture five_thousand`

use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use transship::model::Known;
use transship::sources::RegisterSource;
use transship::sources::autodesk::{Account, AutodeskSource};

use super::service::*;

const FOLDERS: usize = 5000;
const FILES: usize = 20;

#[tokio::test(flavor = "multi_thread")]
#[ignore = "takes a quarter of an hour: 5,000 calls at 300 a minute"]
async fn five_thousand_folders_at_the_vendor_s_limits() {
    let mut world = World::new();
    for n in 0..FOLDERS - 1 {
        let parent = if n < 50 { "files".to_owned() } else { format!("d{}", n % 50) };
        world.put_dir(&format!("d{n}"), &parent, &format!("Folder {n}"));
        for m in 0..FILES {
            world.put_doc(&format!("f{n}-{m}"), &format!("d{n}"), &format!("Sheet {m}.pdf"));
        }
    }
    let service = Service::new(world).await;
    let begun = Instant::now();
    let child = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "large::the_walk_in_a_process_of_its_own", "--ignored", "--nocapture"])
        .env("T_BASE_URL", &service.server.origin)
        .env("T_TOKENS", service.token_path())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let output = tokio::task::spawn_blocking(|| child.wait_with_output().unwrap()).await.unwrap();
    let said = String::from_utf8(output.stdout).unwrap();
    println!("{said}\nafter {:?}", begun.elapsed());
    assert!(output.status.success());
    let at: Vec<_> =
        service.server.seen().into_iter().filter(Request::is_contents).map(|r| r.at).collect();
    assert_eq!(at.len(), FOLDERS);
    let minute = Duration::from_secs(60);
    let densest = (0..at.len())
        .map(|n| at[n..].iter().take_while(|t| t.duration_since(at[n]) < minute).count())
        .max()
        .unwrap();
    assert!(densest <= 300, "{densest} calls in a minute");
    // The least time that so many calls take whoever keeps to the limit.
    let least = minute * u32::try_from((at.len() - 1) / 300).unwrap();
    let took = at.last().unwrap().duration_since(at[0]);
    let used = least.as_secs_f64() / took.as_secs_f64();
    println!("{densest} calls in the densest minute, {took:?} of {least:?}: {used:.3}");
    assert!(used >= 0.95, "{used}");
}

#[tokio::test]
#[ignore = "a part of five_thousand_folders_at_the_vendor_s_limits"]
async fn the_walk_in_a_process_of_its_own() {
    let Some(settings) = super::session::settings_of_parent() else { return };
    let source = AutodeskSource::new(Account::new(settings).unwrap(), scope());
    // Pages are counted and dropped, as the ledger does.
    let counting = Counting::default();
    let cancel = tokio_util::sync::CancellationToken::new();
    let walked = source.walk(&Known::default(), false, &counting, &cancel).await.unwrap();
    assert_eq!((walked.failures.len(), walked.stamps.len()), (0, FOLDERS));
    assert_eq!(*counting.0.lock().unwrap(), (FOLDERS - 1) * FILES);
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let peak = status.lines().find(|line| line.starts_with("VmHWM")).unwrap_or_default();
    println!("{peak}, {} calls", source.api_calls());
    let kilobytes = peak.split_whitespace().nth(1).and_then(|n| n.parse::<u64>().ok());
    assert!(kilobytes.is_none_or(|kb| kb < 150 * 1024), "{peak}");
}

#[derive(Default)]
struct Counting(std::sync::Mutex<usize>);

#[async_trait::async_trait]
impl transship::sources::RegisterSink for Counting {
    async fn page(&self, page: transship::model::Page) -> Result<(), transship::model::Failure> {
        *self.0.lock().unwrap() += page.files.len();
        Ok(())
    }
}

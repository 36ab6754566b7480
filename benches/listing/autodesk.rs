//! How much of what Autodesk allows is used.

use jiff::Timestamp;
use tempfile::TempDir;
use transship::demo::{AutodeskLimits, Call, Options, StandIns};

use crate::{configure, measure, register, transship};

/// Folders of the project.
const FOLDERS: f64 = 5_000.0;
/// Calls for the contents of a folder that Autodesk serves in any [`WINDOW`].
const ALLOWED: usize = 300;
/// Seconds.
const WINDOW: f64 = 60.0;
/// What has to be used of what is allowed.
const USED: f64 = 0.95;

pub async fn bench(scale: f64) {
    let folder = TempDir::new().unwrap();
    let folders = (FOLDERS * scale) as usize;
    let mut options = Options::new(folder.path().join("world"));
    options.autodesk.limits = AutodeskLimits::Times(1.0);
    options.autodesk.large = Some((folders, 4));
    let stand_ins = StandIns::start(options).await.unwrap();
    let access = stand_ins.autodesk();
    let project = access.large_project_id.clone().unwrap();
    let truth = stand_ins.world().autodesk_truth();
    let files = truth.project(&project).unwrap().files.len();
    let site = folder.path().join("site");
    configure(
        &site,
        &format!(
            "clients:
  autodesk: {{ base_url: {:?}, client_id: {:?}, client_secret: {:?}, grant: two_legged }}
endpoints:
  - name: Register
    endpoint_type: autodesk_construction_cloud
    project_id: p
    user_id: u
    endpoint_details: {{ project_id: {project:?} }}
",
            access.base_url,
            access.client_id,
            access.client_secret.expose(),
        ),
    );
    let took = tokio::task::block_in_place(|| measure::run(&mut transship(&site)));
    assert_eq!(register(&site), files, "the register and the truth");

    let journal = stand_ins.world().journal();
    let lists = |call: &&Call| call.path.split('?').next().unwrap().ends_with("/contents");
    let asked: Vec<&Call> = journal.iter().filter(lists).collect();
    let (served, refused): (Vec<&Call>, Vec<&Call>) =
        asked.iter().partition(|call| call.status == Some(200));
    // As many at once as a window has, and as many again when that is over: what a client
    // that knows nothing but the limit could have done from the start of its process on.
    let allowed = ALLOWED * (1 + (took.seconds / WINDOW) as usize);
    let soonest = WINDOW * ((served.len() - 1) / ALLOWED) as f64;
    let used = served.len() as f64 / allowed as f64;
    println!(
        "\nAutodesk: {folders} folders, {files} files, {ALLOWED} lists in any {WINDOW} seconds"
    );
    println!(
        "| by | seconds | at the soonest | lists served | refused | most in {WINDOW} s | allowed in \
         that time | used | CPU seconds |"
    );
    println!("|---|---|---|---|---|---|---|---|---|");
    println!(
        "| transship | {:.1} | {soonest:.0} | {} | {} | {} | {allowed} | {:.1} % | {:.2} |",
        took.seconds,
        served.len(),
        refused.len(),
        most(&served),
        used * 100.0,
        took.cpu
    );
    assert!(refused.is_empty(), "the limit is known: {:?}", refused.first());
    assert!(used >= USED || scale < 1.0, "{used}");
}

/// The most calls that came within any window.
fn most(calls: &[&Call]) -> usize {
    let seconds = |at: Timestamp| at.as_millisecond() as f64 / 1000.0;
    let mut first = 0;
    let within = |(n, call): (usize, &&Call)| {
        while seconds(call.at) - seconds(calls[first].at) >= WINDOW {
            first += 1;
        }
        n + 1 - first
    };
    calls.iter().enumerate().map(within).max().unwrap_or(0)
}

//! What a process took.

use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

/// Of one process, from its start to its end.
#[derive(Clone, Copy, Debug)]
pub struct Took {
    pub seconds: f64,
    /// Seconds of processors, its children's among them; the server's are not.
    pub cpu: f64,
    /// The largest resident memory of the process itself.
    pub peak_kb: u64,
    /// Seconds of processors that the server took for it, where somebody asked it.
    #[allow(dead_code, reason = "not every benchmark has a server")]
    pub server: f64,
}

/// Runs a process to its end, which must be a good one. What it says stands on stderr.
pub fn run(command: &mut Command) -> Took {
    let (cpu, begun) = (children_cpu(), Instant::now());
    let mut child = command.stdout(Stdio::null()).spawn().unwrap();
    let status = format!("/proc/{}/status", child.id());
    let mut peak_kb = 0;
    let ended = loop {
        if let Some(ended) = child.try_wait().unwrap() {
            break ended;
        }
        peak_kb = peak_kb.max(peak(&status));
        std::thread::sleep(Duration::from_millis(5));
    };
    let seconds = begun.elapsed().as_secs_f64();
    assert!(ended.success(), "{command:?}");
    Took { seconds, cpu: children_cpu() - cpu, peak_kb, server: 0.0 }
}

/// The median of one of the figures.
pub fn median(took: &[Took], of: fn(&Took) -> f64) -> f64 {
    let mut all: Vec<f64> = took.iter().map(of).collect();
    all.sort_by(f64::total_cmp);
    all[all.len() / 2]
}

/// Kilobytes; 0 where the system does not tell, or the process has ended.
fn peak(status: &str) -> u64 {
    let status = std::fs::read_to_string(status).unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    line.and_then(|line| line.trim().trim_end_matches(" kB").parse().ok()).unwrap_or(0)
}

/// Seconds of processors that ended children had, in user and in system mode; Linux
/// counts them in hundredths.
fn children_cpu() -> f64 {
    children_cpu_of("self")
}

/// The same of another process.
#[allow(dead_code, reason = "not every benchmark has a server")]
pub fn children_cpu_of(process: &str) -> f64 {
    let stat = std::fs::read_to_string(format!("/proc/{process}/stat")).unwrap_or_default();
    let fields: Vec<&str> = stat.rsplit(')').next().unwrap_or_default().split(' ').collect();
    let ticks = |at: usize| fields.get(at).and_then(|n| n.parse::<f64>().ok()).unwrap_or(0.0);
    (ticks(14) + ticks(15)) / 100.0
}

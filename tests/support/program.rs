//! The real program, run as an operator, cron or a service manager runs it,
//! against stand-ins that live on in the test when it dies.

#![allow(dead_code, reason = "each test binary uses another part of it")]

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;

use serde_json::Value;
use tempfile::TempDir;
use tokio::io::{AsyncRead, AsyncReadExt as _};
use tokio::process::{Child, Command};
use tokio::sync::watch;
use tokio::task::JoinHandle;
use transship::demo::{Arming, Consumer, Options, Oracle, StandIns, World, sample_exports};
use transship::ledger::{Books as _, ExportRow, Filter, Reader};

use super::judge::{self, Broken};
use super::sshd::Sshd;

/// The longest that one run, or anything waited for, may take on a busy machine.
const DEADLINE: Duration = Duration::from_secs(60);

/// Every place and every secret comes from the environment.
const YAML: &str = r#"
database: { url: "sqlite:///./data/connector.db" }
log: { file: ./logs/connector.log, format: json, level: debug }
http: { listen: ["127.0.0.1:0"] }
limits:
  min_free_mb: ${T_MIN_FREE_MB:-1}
  max_backlog: ${T_MAX_BACKLOG:-5000}
  ignore_clock: ${T_IGNORE_CLOCK:-false}
clients:
  encoura:
    base_url: ${T_ENCOURA_URL}
    api_key: ${T_ENCOURA_KEY}
    organization_uid: ${T_ENCOURA_ORGANIZATION}
    username: ${T_ENCOURA_USERNAME}
    password: ${T_ENCOURA_PASSWORD}
destinations:
  slate:
    type: sftp
    host: 127.0.0.1
    port: ${T_SFTP_PORT}
    username: ${T_SFTP_USERNAME}
    password: ${T_SFTP_PASSWORD:-}
    key_path: ${T_SFTP_KEY_PATH:-}
    host_key: ${T_SFTP_HOST_KEY:-}
    known_hosts: ${T_SFTP_KNOWN_HOSTS:-}
    directory: ${T_SFTP_DIRECTORY}
    processed: ${T_SFTP_PROCESSED}
    request_timeout_seconds: ${T_SFTP_TIMEOUT:-20}
endpoints:
  - name: Encoura exports
    endpoint_type: encoura
    project_id: admissions
    user_id: admin
    deliver_to: slate
    schedule: { type: interval, interval_minutes: 60 }
"#;

/// The stand-ins, and a folder with a configuration that points at them.
pub struct Site {
    pub stand_ins: StandIns,
    variables: BTreeMap<String, String>,
    /// The command that starts the program, and its arguments; none: it is started itself.
    through: Vec<String>,
    ledger: PathBuf,
    folder: TempDir,
}

/// How one run ended and what it said.
#[derive(Debug)]
pub struct Ran {
    /// The exit code; 128 and the signal's number where a signal ended it.
    pub code: i32,
    pub stdout: String,
    pub stderr: String,
}

impl Ran {
    /// Each line of stdout as JSON.
    #[track_caller]
    pub fn rows(&self) -> Vec<Value> {
        let row = |line| serde_json::from_str(line).unwrap_or_else(|e| panic!("{e}: {self:#?}"));
        self.stdout.lines().map(row).collect()
    }

    /// Its exit code was `code`.
    #[track_caller]
    pub fn expect(self, code: i32) -> Self {
        assert_eq!(self.code, code, "{self:#?}");
        self
    }
}

impl Site {
    /// Stand-ins with the eight sample exports and an eager receiver.
    pub async fn new() -> Self {
        Self::with(|options| options.exports = sample_exports()).await
    }

    /// Stand-ins as `change` wants them.
    pub async fn with(change: impl FnOnce(&mut Options)) -> Self {
        let folder = TempDir::new().unwrap();
        let mut options = Options::new(folder.path().join("world"));
        change(&mut options);
        let stand_ins = StandIns::start(options).await.unwrap();
        let (encoura, sftp) = (stand_ins.encoura(), stand_ins.sftp());
        let variables = [
            ("T_ENCOURA_URL", encoura.base_url.as_str()),
            ("T_ENCOURA_KEY", encoura.api_key.expose()),
            ("T_ENCOURA_ORGANIZATION", &encoura.organization_uid),
            ("T_ENCOURA_USERNAME", &encoura.username),
            ("T_ENCOURA_PASSWORD", encoura.password.expose()),
            ("T_SFTP_PORT", &sftp.port.to_string()),
            ("T_SFTP_USERNAME", &sftp.username),
            ("T_SFTP_PASSWORD", sftp.password.expose()),
            ("T_SFTP_HOST_KEY", &sftp.host_key),
            ("T_SFTP_DIRECTORY", &sftp.directory),
            ("T_SFTP_PROCESSED", &sftp.processed),
        ];
        let variables = variables.map(|(name, value)| (name.to_owned(), value.to_owned())).into();
        std::fs::write(folder.path().join("connector.yaml"), YAML).unwrap();
        let ledger = folder.path().join("data/connector.db");
        Self { stand_ins, variables, through: Vec::new(), ledger, folder }
    }

    /// Stand-ins on the source's side, and `sshd` in front of the receiver's
    /// folders; the receiver takes what lies there every few milliseconds.
    pub async fn behind(sshd: &Sshd) -> Self {
        let mut site = Self::with(|options| {
            options.exports = sample_exports();
            options.consumer = Consumer::Every(Duration::from_millis(3));
        })
        .await;
        site.point_at(sshd);
        site
    }

    /// Makes `sshd` the server of the receiver's folders.
    pub fn point_at(&mut self, sshd: &Sshd) {
        let path = |path: &Path| path.to_str().unwrap().to_owned();
        for (name, value) in [
            ("T_SFTP_PORT", sshd.port().to_string()),
            ("T_SFTP_USERNAME", super::sshd::user()),
            ("T_SFTP_PASSWORD", String::new()),
            ("T_SFTP_KEY_PATH", path(&sshd.client_key())),
            ("T_SFTP_HOST_KEY", sshd.fingerprint()),
            ("T_SFTP_DIRECTORY", path(self.world().upload_folder())),
            ("T_SFTP_PROCESSED", path(self.world().processed_folder())),
        ] {
            self.set(name, &value);
        }
    }

    /// Takes the configuration file away: the script's six variables, and those
    /// that point them at the stand-ins, say everything.
    pub fn without_a_file(&mut self) {
        std::fs::remove_file(self.folder().join("connector.yaml")).unwrap();
        let data = self.folder().join("data").to_str().unwrap().to_owned();
        let mut variables = BTreeMap::from([("TRANSSHIP_DATA_DIR".to_owned(), data)]);
        for (ours, theirs) in [
            ("T_ENCOURA_URL", "ENCOURA_BASE_URL"),
            ("T_ENCOURA_KEY", "ENCOURA_API_KEY"),
            ("T_ENCOURA_ORGANIZATION", "ENCOURA_ORGANIZATION_UID"),
            ("T_ENCOURA_USERNAME", "ENCOURA_USERNAME"),
            ("T_ENCOURA_PASSWORD", "ENCOURA_PASSWORD"),
            ("T_SFTP_PORT", "SLATE_SFTP_PORT"),
            ("T_SFTP_USERNAME", "SLATE_HALIA_SFTP_UN"),
            ("T_SFTP_PASSWORD", "SLATE_HALIA_SFTP_PW"),
            ("T_SFTP_HOST_KEY", "SLATE_SFTP_HOST_KEY"),
            ("T_SFTP_DIRECTORY", "SLATE_SFTP_DIRECTORY"),
        ] {
            variables.insert(theirs.to_owned(), self.variables[ours].clone());
        }
        variables.insert("SLATE_SFTP_HOST".to_owned(), "127.0.0.1".to_owned());
        self.variables = variables;
    }

    /// Sets a variable of the program's environment.
    pub fn set(&mut self, name: &str, value: &str) {
        self.variables.insert(name.to_owned(), value.to_owned());
    }

    /// What a variable of the program's environment is set to; it is set.
    pub fn get(&self, name: &str) -> String {
        self.variables[name].clone()
    }

    /// Every variable of the program's environment, for whoever starts it otherwise.
    pub fn variables(&self) -> Vec<(&str, &str)> {
        let pair = |(name, value): (_, _)| (String::as_str(name), String::as_str(value));
        self.variables.iter().map(pair).collect()
    }

    /// Takes a variable of the program's environment away.
    pub fn unset(&mut self, name: &str) {
        self.variables.remove(name);
    }

    /// Makes the program one that has this mistake, if it is built with any.
    pub fn set_wrong(&mut self, wrong: Option<&str>) {
        if let Some(wrong) = wrong {
            self.set("TRANSSHIP_WRONG", wrong);
        }
    }

    /// Replaces `from` in the configuration file.
    #[track_caller]
    pub fn configure(&self, from: &str, to: &str) {
        let file = self.folder().join("connector.yaml");
        let before = std::fs::read_to_string(&file).unwrap();
        assert!(before.contains(from), "{from:?} is not in {before}");
        std::fs::write(&file, before.replace(from, to)).unwrap();
    }

    /// Starts the program through another one from now on: `faketime -f -2h`.
    pub fn through(&mut self, command: &[&str]) {
        self.through = command.iter().map(|word| (*word).to_owned()).collect();
    }

    /// Keeps the ledger in this file, and everything else in `data`.
    pub fn keep_in(&mut self, ledger: &Path, data: &Path) {
        self.ledger = ledger.to_owned();
        self.set("CONNECTOR_DATABASE_URL", &format!("sqlite:///{}", ledger.display()));
        self.set("TRANSSHIP_DATA_DIR", data.to_str().unwrap());
    }

    pub fn world(&self) -> &World {
        self.stand_ins.world()
    }

    pub fn arm(&self, fault: &str) {
        self.world().arm(fault.parse::<Arming>().unwrap());
    }

    pub fn oracle(&self) -> Oracle {
        self.world().oracle().unwrap()
    }

    pub fn folder(&self) -> &Path {
        self.folder.path()
    }

    pub fn database(&self) -> PathBuf {
        self.ledger.clone()
    }

    /// How often the destructive list was asked for.
    pub fn destructive_lists(&self) -> usize {
        let journal = self.world().journal();
        journal.iter().filter(|call| call.path.contains("status=NotDelivered")).count()
    }

    /// Waits until the world is as wanted.
    pub async fn until(&self, what: &str, wanted: impl Fn(&World) -> bool) {
        let mut changes = self.world().watch();
        let waited = async {
            while !wanted(self.world()) {
                changes.changed().await.unwrap();
            }
        };
        if tokio::time::timeout(DEADLINE, waited).await.is_err() {
            panic!("not until the deadline: {what}\n{:#?}", self.world().journal());
        }
    }

    /// The program's log of record.
    pub fn log(&self) -> String {
        let mut log = String::new();
        for entry in std::fs::read_dir(self.folder().join("logs")).into_iter().flatten() {
            log += &std::fs::read_to_string(entry.unwrap().path()).unwrap();
        }
        log
    }

    /// Starts the program with nothing in its environment but what it needs.
    pub fn start(&self, arguments: &[&str]) -> Running {
        let program = env!("CARGO_BIN_EXE_transship").to_owned();
        let mut words = self.through.iter().chain([&program]);
        let mut command = Command::new(words.next().unwrap());
        command.args(words);
        self.start_command(command, arguments)
    }

    /// Starts the program by a command that ends in its name.
    pub fn start_command(&self, mut command: Command, arguments: &[&str]) -> Running {
        command.args(arguments);
        Running::begin(command, self.folder(), &self.variables)
    }

    /// Runs the program to its end.
    pub async fn run(&self, arguments: &[&str]) -> Ran {
        self.start(arguments).ended().await
    }

    /// `sync` until one finds nothing to do, at most `most` times, and then until
    /// the receiver has taken what was published.
    pub async fn sync_until_quiet(&self, most: usize) {
        let mut all = Vec::new();
        while all.len() < most {
            let ran = self.run(&["sync", "--fail-if-empty"]).await;
            if ran.code != 9 {
                all.push(ran);
                continue;
            }
            let untaken = |row: &ExportRow| matches!(row.state.as_str(), "published" | "confirmed");
            if !self.books(&Filter::default()).iter().any(untaken) {
                return;
            }
        }
        panic!("not quiet after {most} passes: {all:#?}");
    }

    /// The rows of `exports --json`, newest first.
    pub async fn exports(&self) -> Vec<Value> {
        self.run(&["exports", "--json", "--limit", "0"]).await.expect(0).rows()
    }

    /// The ids of the exports in `state`.
    pub async fn ids(&self, state: &str) -> Vec<String> {
        let listed = self.run(&["exports", "--json", "--state", state]).await.expect(0);
        listed.rows().iter().map(|row| row["id"].as_str().unwrap().to_owned()).collect()
    }

    /// The books, read beside the program.
    pub fn books(&self, filter: &Filter) -> Vec<ExportRow> {
        Reader::open(&self.database()).unwrap().exports(filter).unwrap()
    }

    /// What the books say is not at its end.
    pub fn pending(&self) -> Vec<ExportRow> {
        self.books(&Filter { pending: true, ..Filter::default() })
    }

    /// The whole promise, with sound books.
    pub fn all_once(&self) -> Result<(), Broken> {
        let oracle = self.oracle();
        judge::all_once(&oracle, &self.books(&Filter::default()))?;
        let flags = rusqlite::OpenFlags::SQLITE_OPEN_READ_ONLY;
        let ledger = rusqlite::Connection::open_with_flags(self.database(), flags).unwrap();
        let check: String = ledger.query_row("PRAGMA integrity_check", [], |r| r.get(0)).unwrap();
        if check == "ok" { Ok(()) } else { Err(Broken::new(&oracle, check)) }
    }

    #[track_caller]
    pub fn assert_all_once(&self) {
        self.all_once().unwrap_or_else(|broken| panic!("{broken}"));
    }
}

/// The program while it runs; killed if it is dropped.
pub struct Running {
    child: Child,
    stdout: Heard,
    stderr: Heard,
    command: String,
}

impl Running {
    /// Starts `command` in `folder`, with nothing in its environment but `variables`.
    pub fn begin(
        mut command: Command,
        folder: &Path,
        variables: &BTreeMap<String, String>,
    ) -> Self {
        let mut child = command
            .current_dir(folder)
            .env_clear()
            .env("HOME", folder)
            .env("XDG_CONFIG_HOME", folder.join("none"))
            .envs(variables)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .kill_on_drop(true)
            .spawn()
            .unwrap();
        let stdout = Heard::by(child.stdout.take().unwrap());
        let stderr = Heard::by(child.stderr.take().unwrap());
        Self { child, stdout, stderr, command: format!("{:?}", command.as_std()) }
    }

    pub fn pid(&self) -> u32 {
        self.child.id().expect("it runs")
    }

    /// Asks it to end: SIGTERM.
    pub fn terminate(&self) {
        self.signal("TERM");
    }

    pub fn signal(&self, name: &str) {
        let (name, pid) = (format!("-{name}"), self.pid().to_string());
        let sent = std::process::Command::new("kill").args([&name, &pid]).status().unwrap();
        assert!(sent.success());
    }

    /// Ends it as a power cut would: SIGKILL.
    pub async fn kill(mut self) {
        self.child.kill().await.unwrap();
    }

    /// Waits until it has said `words` on stderr.
    pub async fn says(&self, words: &str) {
        let mut heard = self.stderr.text.subscribe();
        let said = heard.wait_for(|text| String::from_utf8_lossy(text).contains(words));
        if tokio::time::timeout(DEADLINE, said).await.is_err() {
            let text = self.stderr.text.borrow();
            panic!("it did not say {words:?}: {}", String::from_utf8_lossy(&text));
        }
    }

    /// Waits until it has said a whole line with `words` in it; the rest of that line.
    pub async fn line(&self, words: &str) -> String {
        let rest = |text: &[u8]| {
            let text = String::from_utf8_lossy(text);
            let (rest, _) = text.split_once(words)?.1.split_once('\n')?;
            Some(rest.to_owned())
        };
        let mut heard = self.stderr.text.subscribe();
        let said = heard.wait_for(|text| rest(text).is_some());
        match tokio::time::timeout(DEADLINE, said).await {
            Ok(Ok(text)) => rest(&text).unwrap(),
            _ => panic!("it did not say {words:?}"),
        }
    }

    /// Whether it ends by itself within `patience`.
    pub async fn ends_within(&mut self, patience: Duration) -> bool {
        tokio::time::timeout(patience, self.child.wait()).await.is_ok()
    }

    /// Waits for its end.
    pub async fn ended(mut self) -> Ran {
        let ended = tokio::time::timeout(DEADLINE, self.child.wait()).await;
        let Ok(status) = ended else {
            let text = self.stderr.text.borrow();
            panic!("{} does not end: {}", self.command, String::from_utf8_lossy(&text));
        };
        let status = status.unwrap();
        let signal = std::os::unix::process::ExitStatusExt::signal(&status);
        let code = status.code().or(signal.map(|signal| 128 + signal)).unwrap();
        Ran { code, stdout: self.stdout.whole().await, stderr: self.stderr.whole().await }
    }
}

/// What a stream of the program has said so far.
struct Heard {
    text: watch::Sender<Vec<u8>>,
    reader: JoinHandle<()>,
}

impl Heard {
    fn by(mut stream: impl AsyncRead + Unpin + Send + 'static) -> Self {
        let text = watch::Sender::new(Vec::new());
        let sender = text.clone();
        let reader = tokio::spawn(async move {
            let mut buffer = [0; 8192];
            while let Ok(read @ 1..) = stream.read(&mut buffer).await {
                sender.send_modify(|text| text.extend_from_slice(&buffer[..read]));
            }
        });
        Self { text, reader }
    }

    async fn whole(self) -> String {
        self.reader.await.unwrap();
        String::from_utf8(self.text.borrow().clone()).expect("it speaks UTF-8")
    }
}

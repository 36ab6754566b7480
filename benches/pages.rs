//! How fast pages are served: first, deep, filtered and summed up, against an axum
//! "hello" on the same runtime, Flask behind gunicorn (bare, and keeping the same
//! contract: see `pages_peer.py`), and Datasette.
//!
//! ```sh
//! cargo bench --bench pages                 # 1,000,000 sales
//! ROWS=5000000 ROUNDS=5 cargo bench --bench pages
//! PEERS=off cargo bench --bench pages       # without Python
//! cargo bench --bench pages -- --serve      # only serves, until it is ended
//! ```
//!
//! Sixteen connections that are kept alive ask from a process of its own; everybody
//! serves the same file, has to answer with the same rows, and takes turns; medians are
//! compared. All processes share the machine's cores, so that the CPU time for a request
//! says more than requests a second. The peers need Python 3, and come into a virtual
//! environment below `target`; where they cannot run, this fails.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::io::{Read as _, Write as _};
use std::net::{SocketAddr, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::time::{Duration, Instant};

use rusqlite::params;
use tempfile::TempDir;
use transship::config::HttpSettings;
use transship::demo::{Options, StandIns, configuration};
use transship::engine::{Engine, Event, Schedules};
use transship::http::{Data, Server};
use transship::ledger::Ledger;
use transship::silver::{reader::Reader, schema};

#[allow(dead_code, reason = "the tests use more of it")]
#[path = "../tests/http/data/shop.rs"]
mod shop;

const CONNECTIONS: usize = 16;

fn folder() -> TempDir {
    TempDir::new().unwrap()
}

fn number(name: &str, default: u64) -> u64 {
    std::env::var(name).map_or(default, |text| text.parse().unwrap())
}

fn main() {
    let arguments: Vec<String> = std::env::args().collect();
    if let Some(at) = arguments.iter().position(|argument| argument == "--client") {
        let seconds = arguments[at + 3].parse().unwrap();
        let asker = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        let (address, path) = (arguments[at + 1].parse().unwrap(), &arguments[at + 2]);
        println!("{}", asker.block_on(client(address, path, seconds)));
        return;
    }
    let runtime = tokio::runtime::Runtime::new().unwrap();
    runtime.block_on(bench(arguments.iter().any(|argument| argument == "--serve")));
}

/// Asks for so many seconds; how many answers came. On one thread, as wrk does: what the
/// asker costs is missing to all who answer, and most to the quickest.
async fn client(address: SocketAddr, path: &str, seconds: f64) -> u64 {
    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};

    let until = Instant::now() + Duration::from_secs_f64(seconds);
    let request: Arc<str> = format!("GET {path} HTTP/1.1\r\nHost: {address}\r\n\r\n").into();
    let ask = move |request: Arc<str>| async move {
        let mut stream = tokio::net::TcpStream::connect(address).await.unwrap();
        stream.set_nodelay(true).unwrap();
        let (mut buffer, mut answers) = (vec![0; 1 << 20], 0);
        while Instant::now() < until {
            stream.write_all(request.as_bytes()).await.unwrap();
            let mut read = 0;
            loop {
                read += stream.read(&mut buffer[read..]).await.unwrap();
                if is_whole(&buffer[..read]) {
                    break;
                }
            }
            assert!(
                buffer.starts_with(b"HTTP/1.1 200"),
                "{}",
                String::from_utf8_lossy(&buffer[..read])
            );
            answers += 1;
        }
        answers
    };
    let all: tokio::task::JoinSet<u64> = (0..CONNECTIONS).map(|_| ask(request.clone())).collect();
    all.join_all().await.into_iter().sum()
}

fn is_whole(answer: &[u8]) -> bool {
    let Some(end) = answer.windows(4).position(|part| part == b"\r\n\r\n") else { return false };
    let mut length = None;
    for line in answer[..end].split(|b| *b == b'\n') {
        let (name, value) = line.split_at(line.iter().position(|b| *b == b':').unwrap_or(0));
        if name.eq_ignore_ascii_case(b"content-length") {
            length = std::str::from_utf8(&value[1..]).unwrap().trim().parse::<usize>().ok();
        }
    }
    match length {
        Some(length) => answer.len() >= end + 4 + length,
        // In chunks.
        None => answer.ends_with(b"\r\n0\r\n\r\n"),
    }
}

async fn bench(only_serve: bool) {
    let shop = shop::Shop::new();
    shop.make();
    let rows = number("ROWS", 1_000_000);
    fill(&shop, rows);
    let folder = folder();
    let stand_ins = StandIns::start(Options::new(folder.path().join("world"))).await.unwrap();
    let config = configuration(&stand_ins, folder.path()).unwrap();
    let ledger = Ledger::open(&config.database, "bench").unwrap();
    let engine = Engine::start(config, ledger, Schedules::Off).await.unwrap();
    let mut events = engine.handle().subscribe();
    let port = number("PORT", 0);
    let settings = HttpSettings {
        listen: vec![format!("127.0.0.1:{port}")],
        username: None,
        password: None,
        rate_limit_per_minute: u32::MAX,
    };
    let data = Data::new(Reader::open(&shop.path()).unwrap(), shop.datasets.clone());
    let reader = Arc::new(engine.reader().unwrap());
    let _server = Server::start(&settings, engine.handle(), reader, Some(data));
    let address: SocketAddr = loop {
        if let Ok(Event::Notice { text, .. }) = events.recv().await
            && let Some((_, address)) = text.split_once("listening on http://")
        {
            break address.trim().parse().unwrap();
        }
    };
    if only_serve {
        println!("http://{address}");
        std::future::pending::<()>().await;
    }
    let hello = axum::Router::new().route("/", axum::routing::get(async || "hello\n"));
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let hello_address = listener.local_addr().unwrap();
    tokio::spawn(async move { axum::serve(listener, hello).await });
    let peers = match std::env::var("PEERS").as_deref() {
        Ok("off") => None,
        _ => {
            let silver = shop.path();
            let [bare, contract] = ["app", "contract"].map(|app| flask(app, &silver));
            Some([bare, contract, datasette(&silver)])
        }
    };
    let own = std::process::id();
    let mut all = vec![Contender::new("hello", "axum hello", hello_address, own, "/".into())];
    for Route { name, ours, flask, datasette } in routes(address, rows) {
        all.push(Contender::new(name, "transship", address, own, ours));
        let names = ["gunicorn + Flask, bare", "gunicorn + Flask, same contract", "Datasette"];
        let paths = [flask.clone(), flask, datasette];
        for ((peer, title), path) in peers.iter().flatten().zip(names).zip(paths) {
            if let Some(path) = path {
                all.push(Contender::new(name, title, peer.address, peer.process.id(), path));
            }
        }
    }
    same_rows(&all);
    measure(&mut all, rows).await;
}

/// What is asked of each.
struct Route {
    name: &'static str,
    ours: String,
    flask: Option<String>,
    datasette: Option<String>,
}

fn routes(address: SocketAddr, rows: u64) -> Vec<Route> {
    let ours = |name, path: &str| Route { name, ours: path.into(), flask: None, datasette: None };
    let compared = |name, ours: &str, flask: &str, datasette: &str| Route {
        name,
        ours: ours.into(),
        flask: Some(flask.into()),
        datasette: Some(format!("/silver/{datasette}&_size=10&_nocount=1&_nofacet=1&_nosuggest=1")),
    };
    let deep = deep(address, rows);
    let after = rows_of(&ask(address, &deep))[0][0].parse::<i64>().unwrap() - 1;
    let by_two = "date=2025-03-05&product_id=P002";
    vec![
        compared("first page", "/sales", "/sales", "sales.json?"),
        compared(
            "deep page",
            &deep,
            &format!("/sales?after={after}"),
            &format!("sales.json?_next={after}"),
        ),
        compared(
            "by day and product",
            &format!("/sales/filtered?{by_two}"),
            &format!("/sales/filtered?{by_two}"),
            "sales.json?sale_date=2025-03-05&product_id=P002",
        ),
        compared(
            "daily count",
            "/sales/daily_count",
            "/sales/daily_count",
            "sales_daily_count.json?",
        ),
        ours("100 rows", "/sales?limit=100"),
        ours("by day", "/sales/filtered?date=2025-03-05"),
        ours("by month", "/sales/filtered?date=2025-03"),
        ours("by month, category", "/sales/filtered?date=2025-03&category=2"),
        ours("by all three", &format!("/sales/filtered?{by_two}&category=3")),
        ours("the same, no rows", &format!("/sales/filtered?{by_two}&category=1")),
        ours("category sales", "/sales/category_sales"),
    ]
}

/// One who is asked for one thing.
struct Contender {
    route: &'static str,
    name: &'static str,
    address: SocketAddr,
    pid: u32,
    path: String,
    /// Answers a second, and microseconds of CPU time for each.
    took: Vec<(f64, f64)>,
}

impl Contender {
    fn new(
        route: &'static str,
        name: &'static str,
        address: SocketAddr,
        pid: u32,
        path: String,
    ) -> Self {
        Self { route, name, address, pid, path, took: Vec::new() }
    }

    fn median(&self) -> (f64, f64) {
        let mut took = self.took.clone();
        took.sort_by(|a, b| a.0.total_cmp(&b.0));
        took[took.len() / 2]
    }
}

/// Whoever answers otherwise than the one before is not measured.
fn same_rows(all: &[Contender]) {
    for pair in all.windows(2).filter(|pair| pair[0].route == pair[1].route) {
        let [one, other] = [&pair[0], &pair[1]].map(|c| rows_of(&ask(c.address, &c.path)));
        assert!(!one.is_empty(), "{} {}", pair[0].route, pair[0].path);
        assert_eq!(one, other, "{} and {}: {}", pair[0].name, pair[1].name, pair[0].route);
    }
}

async fn measure(all: &mut [Contender], rows: u64) {
    let (rounds, seconds) = (number("ROUNDS", 3), 2.0);
    for _ in 0..rounds {
        for contender in all.iter_mut() {
            let before = cpu(contender.pid);
            let program = std::env::current_exe().unwrap();
            let (address, path) = (contender.address.to_string(), contender.path.clone());
            let asked = tokio::task::spawn_blocking(move || {
                Command::new(program)
                    .args(["--client", &address, &path, &seconds.to_string()])
                    .output()
                    .unwrap()
            });
            let output = asked.await.unwrap();
            let answers: f64 = String::from_utf8_lossy(&output.stdout)
                .trim()
                .parse()
                .unwrap_or_else(|_| panic!("{}", String::from_utf8_lossy(&output.stderr)));
            contender.took.push((answers / seconds, (cpu(contender.pid) - before) * 1e6 / answers));
        }
    }
    let floor = all[0].median();
    println!("{rows} sales, {CONNECTIONS} connections, median of {rounds}\n");
    println!("| | | a second | of hello | µs CPU each | transship is × |");
    println!("|---|---|---|---|---|---|");
    let mut ours = floor;
    for contender in all.iter() {
        let (rate, cpu) = contender.median();
        if contender.name == "transship" {
            ours = (rate, cpu);
        }
        let Contender { route, name, .. } = contender;
        let of_hello = rate / floor.0;
        let times = match *name {
            "transship" | "axum hello" => String::new(),
            _ => format!("{:.0}, CPU {:.0}", ours.0 / rate, cpu / ours.1),
        };
        println!("| {route} | {name} | {rate:.0} | {of_hello:.2} | {cpu:.1} | {times} |");
    }
}

/// A peer that serves; ended with this.
struct Peer {
    process: Child,
    address: SocketAddr,
}

impl Drop for Peer {
    fn drop(&mut self) {
        // Its workers end with it, when they are asked to.
        let _ = Command::new("kill").arg(self.process.id().to_string()).status();
        let _ = self.process.wait();
    }
}

fn flask(app: &str, silver: &Path) -> Peer {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("benches");
    serve(|port| {
        let mut command = Command::new(python().join("gunicorn"));
        command.args(["--workers", "2", "--worker-class", "gthread", "--threads", "8"]);
        command.args(["--keep-alive", "60", "--log-level", "error", "--bind"]);
        command.arg(format!("127.0.0.1:{port}")).arg("--chdir").arg(folder);
        command.arg(format!("pages_peer:{app}"));
        command.env("SILVER", silver);
        command
    })
}

fn datasette(silver: &Path) -> Peer {
    serve(|port| {
        let mut command = Command::new(python().join("datasette"));
        command.args(["serve", "--host", "127.0.0.1", "--port", &port.to_string()]).arg(silver);
        command
    })
}

fn serve(command: impl FnOnce(u16) -> Command) -> Peer {
    let free = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = free.local_addr().unwrap();
    drop(free);
    let mut command = command(address.port());
    command.env("PYTHONDONTWRITEBYTECODE", "1").stdout(Stdio::null());
    let mut process = command.spawn().expect("a peer could not be started; PEERS=off is without");
    let until = Instant::now() + Duration::from_secs(60);
    while TcpStream::connect(address).is_err() {
        assert!(process.try_wait().unwrap().is_none(), "a peer ended; PEERS=off is without");
        assert!(Instant::now() < until, "a peer does not listen");
        std::thread::sleep(Duration::from_millis(100));
    }
    Peer { process, address }
}

/// Programs of a Python with the peers, made once.
fn python() -> PathBuf {
    let environment = Path::new(env!("CARGO_TARGET_TMPDIR")).join("bench/pages-python");
    let programs = environment.join("bin");
    let done = |command: &mut Command| command.status().is_ok_and(|status| status.success());
    let peers = ["flask==3.1.*", "flask-limiter==4.*", "gunicorn==27.*", "datasette==0.65.*"];
    let known = environment.join("peers");
    if std::fs::read_to_string(&known).ok() != Some(peers.concat()) {
        let made = done(Command::new("python3").args(["-m", "venv"]).arg(&environment))
            && done(Command::new(programs.join("pip")).args(["install", "-q"]).args(peers));
        assert!(made, "the peers cannot be installed; PEERS=off is without");
        std::fs::write(&known, peers.concat()).unwrap();
    }
    programs
}

/// The body of an answer.
fn ask(address: SocketAddr, path: &str) -> serde_json::Value {
    let mut stream = TcpStream::connect(address).unwrap();
    let request = format!("GET {path} HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\n\r\n");
    stream.write_all(request.as_bytes()).unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    // The body, or its one chunk.
    let (from, to) = (answer.find('{'), answer.rfind('}'));
    let body = from.zip(to).map(|(from, to)| &answer[from..=to]).unwrap_or_default();
    serde_json::from_str(body).unwrap_or_else(|e| panic!("{e}: {path}: {answer}"))
}

/// The rows of a page: what everybody shows of them, in one form.
fn rows_of(page: &serde_json::Value) -> Vec<Vec<String>> {
    const SHOWN: [&str; 7] =
        ["sale_id", "product_id", "sale_date", "quantity", "price", "category_id", "count"];
    let page = page.as_object().unwrap();
    let names = page.get("columns").map(|names| names.as_array().unwrap().clone());
    let list = page.get("rows").or_else(|| page.values().find(|value| value.is_array()));
    let row = |row: &serde_json::Value| {
        let cell = |name: &&str| match &names {
            None => row.get(name).cloned(),
            Some(names) => {
                let at = names.iter().position(|known| known == *name)?;
                Some(row[at].clone())
            }
        };
        let text = |value: serde_json::Value| match value.as_f64() {
            Some(number) => number.to_string(),
            None => value.to_string(),
        };
        SHOWN.iter().filter_map(cell).map(text).collect()
    };
    list.unwrap().as_array().unwrap().iter().map(row).collect()
}

/// A page far behind the first.
fn deep(address: SocketAddr, rows: u64) -> String {
    let mut path = "/sales?limit=1000".to_owned();
    for _ in 0..(rows / 2_000).min(500) {
        let page = ask(address, &path);
        path = format!("/sales?limit=1000&cursor={}", page["next_cursor"].as_str().unwrap());
    }
    path.replace("limit=1000&", "")
}

/// Seconds of CPU that a process has used, and a peer's workers with it.
fn cpu(pid: u32) -> f64 {
    let mut seconds = 0.0;
    for entry in std::fs::read_dir("/proc").unwrap().flatten() {
        let stat = std::fs::read_to_string(entry.path().join("stat")).unwrap_or_default();
        let fields: Vec<&str> = stat.rsplit(')').next().unwrap().split_whitespace().collect();
        let is = |text: Option<&str>| text.and_then(|text| text.parse().ok()) == Some(pid);
        let name = entry.file_name();
        // The peers are children of this one.
        let is_child = pid != std::process::id() && is(fields.get(1).copied());
        if is(name.to_str()) || is_child {
            let ticks = |n: usize| fields[n].parse::<f64>().unwrap_or(0.0);
            seconds += (ticks(11) + ticks(12)) / 100.0;
        }
    }
    seconds
}

fn fill(shop: &shop::Shop, rows: u64) {
    shop.fill();
    let mut connection = shop.connection();
    let c = connection.transaction().unwrap();
    c.execute_batch("DELETE FROM sales").unwrap();
    {
        let mut insert = c
            .prepare(
                "INSERT INTO sales (sale_id, product_id, sale_date, quantity, _price_e2, category_id)
                 VALUES (?, ?, ?, ?, ?, ?)",
            )
            .unwrap();
        let days = 200;
        for n in 0..rows {
            let day = n * days / rows;
            let product = (n.wrapping_mul(0x9E37_79B9_7F4A_7C15) >> 40) as usize % 23;
            let date = format!("2025-{:02}-{:02}", day / 28 + 1, day % 28 + 1);
            let id = (day + 1) * 1_000_000_000 + n;
            let category = product % 6;
            insert
                .execute(params![
                    id as i64,
                    shop::product(product),
                    date,
                    (n % 9) as i64,
                    (n % 30_000) as i64,
                    (category < 5).then_some(category as i64 + 1)
                ])
                .unwrap();
        }
    }
    for dataset in shop.datasets.iter().filter(|dataset| dataset.name == "sales") {
        for rollup in &dataset.rollups {
            let table = format!("sales_{}", rollup.name);
            let query = schema::rollup_query(dataset, rollup);
            c.execute_batch(&format!("DELETE FROM {table}; INSERT INTO {table} {query}")).unwrap();
        }
    }
    c.execute_batch("UPDATE datasets SET version = version + 1").unwrap();
    c.commit().unwrap();
    assert!(Path::new(&shop.path()).exists());
}

//! How fast pages are served: first, deep, filtered and summed up, against an axum
//! "hello" on the same runtime.
//!
//! ```sh
//! cargo bench --bench pages                 # 1,000,000 sales
//! ROWS=5000000 ROUNDS=5 cargo bench --bench pages
//! cargo bench --bench pages -- --serve      # only serves, until it is ended
//! ```
//!
//! Sixteen connections that are kept alive ask from a process of its own; the routes
//! take turns, and medians are compared. Both processes share the machine's cores, so
//! that the server's CPU time for a request says more than requests a second.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::io::{Read as _, Write as _};
use std::net::{SocketAddr, TcpStream};
use std::path::Path;
use std::process::Command;
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
        println!("{}", client(arguments[at + 1].parse().unwrap(), &arguments[at + 2], seconds));
        return;
    }
    let runtime = tokio::runtime::Runtime::new().unwrap();
    runtime.block_on(bench(arguments.iter().any(|argument| argument == "--serve")));
}

/// Asks for so many seconds; how many answers came.
fn client(address: SocketAddr, path: &str, seconds: f64) -> u64 {
    let until = Instant::now() + Duration::from_secs_f64(seconds);
    let ask = move || {
        let mut stream = TcpStream::connect(address).unwrap();
        stream.set_nodelay(true).unwrap();
        let request = format!("GET {path} HTTP/1.1\r\nHost: {address}\r\n\r\n");
        let (mut buffer, mut answers) = (vec![0; 1 << 20], 0);
        while Instant::now() < until {
            stream.write_all(request.as_bytes()).unwrap();
            let mut read = 0;
            loop {
                read += stream.read(&mut buffer[read..]).unwrap();
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
    std::thread::scope(|scope| {
        let all: Vec<_> = (0..CONNECTIONS).map(|_| scope.spawn(ask)).collect();
        all.into_iter().map(|one| one.join().unwrap()).sum()
    })
}

fn is_whole(answer: &[u8]) -> bool {
    let Some(end) = answer.windows(4).position(|part| part == b"\r\n\r\n") else { return false };
    let head = std::str::from_utf8(&answer[..end]).unwrap();
    let length = head.split("content-length: ").nth(1).unwrap().split('\r').next().unwrap();
    answer.len() >= end + 4 + length.parse::<usize>().unwrap()
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
    measure(address, hello_address, rows).await;
}

async fn measure(address: SocketAddr, hello: SocketAddr, rows: u64) {
    let deep = deep(address, rows);
    let routes: Vec<(&str, SocketAddr, String)> = vec![
        ("axum hello", hello, "/".into()),
        ("first page", address, "/sales".into()),
        ("deep page", address, deep),
        ("100 rows", address, "/sales?limit=100".into()),
        ("by day", address, "/sales/filtered?date=2025-03-05".into()),
        ("by month", address, "/sales/filtered?date=2025-03".into()),
        (
            "by all",
            address,
            "/sales/filtered?date=2025-03-05&product_id=P001&category=Books".into(),
        ),
        ("daily count", address, "/sales/daily_count".into()),
        ("category sales", address, "/sales/category_sales".into()),
    ];
    let (rounds, seconds) = (number("ROUNDS", 3), 2.0);
    let mut took: Vec<Vec<(f64, f64)>> = vec![Vec::new(); routes.len()];
    for _ in 0..rounds {
        for (n, (_, address, path)) in routes.iter().enumerate() {
            let before = cpu();
            let program = std::env::current_exe().unwrap();
            let (address, path) = (address.to_string(), path.clone());
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
            took[n].push((answers / seconds, (cpu() - before) * 1e6 / answers));
        }
    }
    println!("{rows} sales, {CONNECTIONS} connections, median of {rounds}");
    println!(
        "{:16} {:>10} {:>8} {:>12} {:>8}",
        "", "a second", "of hello", "µs CPU each", "of hello"
    );
    let mut floor = (0.0, 0.0);
    for ((name, ..), mut took) in routes.iter().zip(took) {
        took.sort_by(|a, b| a.0.total_cmp(&b.0));
        let (rate, cpu) = took[took.len() / 2];
        if floor.0 == 0.0 {
            floor = (rate, cpu);
        }
        println!(
            "{name:16} {rate:>10.0} {:>8.2} {cpu:>12.1} {:>8.2}",
            rate / floor.0,
            cpu / floor.1
        );
    }
}

/// A page far behind the first.
fn deep(address: SocketAddr, rows: u64) -> String {
    let mut path = "/sales?limit=1000".to_owned();
    for _ in 0..(rows / 2_000).min(500) {
        let mut stream = TcpStream::connect(address).unwrap();
        let request =
            format!("GET {path} HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\n\r\n");
        stream.write_all(request.as_bytes()).unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        let cursor = answer.rsplit("\"next_cursor\":\"").next().unwrap();
        path = format!("/sales?limit=1000&cursor={}", cursor.split('"').next().unwrap());
    }
    path.replace("limit=1000&", "")
}

/// Seconds of CPU that this process has used.
fn cpu() -> f64 {
    let stat = std::fs::read_to_string("/proc/self/stat").unwrap_or_default();
    let fields: Vec<&str> = stat.rsplit(')').next().unwrap().split_whitespace().collect();
    let ticks = |n: usize| fields.get(n).and_then(|text| text.parse::<f64>().ok()).unwrap_or(0.0);
    (ticks(11) + ticks(12)) / 100.0
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

//! The data routes over a real file of datasets.

mod busy;
mod description;
mod exports;
mod headers;
mod hostile;
mod shop;
mod walks;

use reqwest::Client;
use tempfile::TempDir;
use transship::engine::{Engine, Schedules};
use transship::http::{Data, Server};
use transship::ledger::Ledger;
use transship::silver::reader::Reader;

use crate::stand::{Answer, DEADLINE, listening, open};
use crate::support::desk::Desk;
use shop::Shop;

/// A server with the shop's datasets.
struct Counter {
    shop: Shop,
    engine: Engine,
    server: Server,
    base: String,
    client: Client,
    _desk: Desk,
}

impl Counter {
    /// With the shop's rows.
    async fn full() -> Self {
        let shop = Shop::new();
        shop.make();
        shop.fill();
        Self::of(shop).await
    }

    async fn of(shop: Shop) -> Self {
        let desk = Desk::with(|_| {}).await;
        let ledger = Ledger::open(&desk.config.database, "test").unwrap();
        let engine = Engine::start(desk.config.clone(), ledger, Schedules::Off).await.unwrap();
        let handle = engine.handle();
        let mut events = handle.subscribe();
        let data = Data::new(Reader::at(&shop.path()), shop.datasets.clone());
        let reader = std::sync::Arc::new(engine.reader().unwrap());
        let server = Server::start(&open(&["127.0.0.1:0"]), handle, reader, Some(data));
        let base = format!("http://{}", listening(&mut events).await);
        let client = Client::builder().no_proxy().timeout(DEADLINE).build().unwrap();
        Self { shop, engine, server, base, client, _desk: desk }
    }

    async fn get(&self, path: &str) -> Answer {
        self.get_with(path, &[]).await
    }

    /// With these headers.
    async fn get_with(&self, path: &str, headers: &[(&str, &str)]) -> Answer {
        let (answer, body) = self.bytes(path, headers).await;
        Answer { body: String::from_utf8(body).unwrap(), ..answer }
    }

    /// The body as it comes.
    async fn bytes(&self, path: &str, headers: &[(&str, &str)]) -> (Answer, Vec<u8>) {
        let mut request = self.client.get(format!("{}{path}", self.base));
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let response = request.send().await.unwrap();
        let (status, headers) = (response.status().as_u16(), response.headers().clone());
        let body = response.bytes().await.unwrap().to_vec();
        (Answer { status, headers, body: String::new() }, body)
    }

    /// All pages from this one on: the text of each page's rows.
    async fn walk(&self, path: &str, key: &str, limit: usize) -> Vec<String> {
        let joint = if path.contains('?') { '&' } else { '?' };
        let mut next = format!("{path}{joint}limit={limit}");
        let mut pages = Vec::new();
        loop {
            let answer = self.get(&next).await.expect(200);
            let (rows, cursor) = parts(&answer, key);
            pages.push(rows);
            match cursor {
                None => {
                    assert!(answer.headers.get("link").is_none(), "{answer:?}");
                    return pages;
                }
                Some(cursor) => {
                    let link = answer.header("link");
                    let target = link.strip_prefix('<').unwrap();
                    let (target, rest) = target.split_once('>').unwrap();
                    assert_eq!(rest, "; rel=\"next\"");
                    assert!(target.ends_with(&format!("cursor={cursor}")), "{link}");
                    next = target.to_owned();
                }
            }
        }
    }

    async fn end(self) {
        self.server.stop().await;
        self.engine.stop(std::time::Duration::from_secs(20)).await;
    }
}

/// The text of a page's rows, and the cursor after it.
#[track_caller]
fn parts(answer: &Answer, key: &str) -> (String, Option<String>) {
    let body = answer.json();
    let rows = answer.body.strip_prefix(&format!("{{\"{key}\":["));
    let rows = rows.unwrap_or_else(|| panic!("{answer:?}"));
    let (rows, _) = rows.rsplit_once("],\"next_cursor\":").unwrap();
    let cursor = &body["next_cursor"];
    assert!(cursor.is_string() || cursor.is_null(), "{body}");
    (rows.to_owned(), cursor.as_str().map(str::to_owned))
}

/// The pages that these rows make.
fn paged(rows: &[String], limit: usize) -> Vec<String> {
    match rows.is_empty() {
        true => vec![String::new()],
        false => rows.chunks(limit).map(|page| page.join(",")).collect(),
    }
}

/// A folder for a file of datasets.
fn folder() -> TempDir {
    TempDir::new().unwrap()
}

//! Where it listens: several addresses, both families, and ports that are taken.

use std::net::{Ipv6Addr, TcpListener};

use transship::engine::{Command, Reply};

use crate::stand::{Stand, get, listening, locked, notice, open, raw, serve};
use crate::support::desk::Desk;

#[tokio::test]
async fn it_listens_on_every_address_that_is_configured() {
    let desk = Desk::with(|_| {}).await;
    let mut listen = vec!["127.0.0.1:0", "127.0.0.2:0"];
    if TcpListener::bind((Ipv6Addr::LOCALHOST, 0)).is_ok() {
        listen.push("[::1]:0");
    }
    let stand = Stand::new(&desk, &open(&listen)).await;
    assert_eq!(stand.addresses.len(), listen.len());
    for address in &stand.addresses {
        let status = get(&format!("http://{address}/status"), None).await.expect(200).json();
        let listeners = status["components"]["http"]["listeners"].as_array().unwrap();
        assert_eq!(listeners.len(), listen.len());
        for (listener, wanted) in listeners.iter().zip(&listen) {
            assert_eq!((&listener["address"], &listener["error"]), (&(*wanted).into(), &().into()));
            assert_eq!(listener["listening"].as_array().unwrap().len(), 1, "{listener}");
        }
    }
    // A name stands for all that it means here, at least one.
    let (server, _, addresses) =
        serve(&open(&["localhost:0"]), stand.engine.handle(), desk.reader(), 1).await;
    get(&format!("http://{}/health", addresses[0]), None).await.expect(200);
    server.stop().await;
    stand.end().await;
}

#[tokio::test]
async fn on_all_addresses_those_of_this_machine_are_still_its_own() {
    let desk = Desk::with(|_| {}).await;
    let mut settings = locked();
    settings.listen = vec!["0.0.0.0:0".into()];
    let mut stand = Stand::new(&desk, &settings).await;
    stand.addresses[0].set_ip([127, 0, 0, 1].into());
    stand.get("/health").await.expect(200);
    stand.get("/status").await.expect(401);
    let request = "GET /health HTTP/1.1\r\nHost: a.example\r\nConnection: close\r\n\r\n";
    let answer = raw(stand.addresses[0], request).await;
    assert!(answer.starts_with("HTTP/1.1 421 "), "{answer}");
    stand.end().await;
}

#[tokio::test]
async fn a_busy_port_is_said_and_shown_and_tried_again_and_stops_nothing() {
    let desk = Desk::new().await;
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let busy = taken.local_addr().unwrap();
    let settings = open(&[&busy.to_string(), "127.0.0.1:0"]);
    // One of the two, at first.
    let ledger = transship::ledger::Ledger::open(&desk.config.database, "test").unwrap();
    let schedules = transship::engine::Schedules::On;
    let engine = transship::engine::Engine::start(desk.config.clone(), ledger, schedules);
    let engine = engine.await.unwrap();
    let handle = engine.handle();
    let mut told = handle.subscribe();
    let (server, mut events, addresses) = serve(&settings, handle, desk.reader(), 1).await;
    let words = notice(&mut told, "cannot be listened on").await;
    assert!(words.contains(&busy.to_string()) && words.contains("tried again"), "{words}");

    let status = || async {
        let answer = get(&format!("http://{}/status", addresses[0]), None).await.expect(200);
        answer.json()["components"]["http"].clone()
    };
    let shown = status().await;
    assert_eq!(shown["status"], "degraded");
    let listener = &shown["listeners"][0];
    assert_eq!(listener["address"], busy.to_string());
    assert!(listener["error"].as_str().unwrap().contains("in use"), "{listener}");
    assert_eq!(listener["listening"], serde_json::json!([]));
    // Everything else goes on, and none of this is ill health.
    get(&format!("http://{}/health", addresses[0]), None).await.expect(200);
    let Reply::Run(report) = engine.handle().request(Command::sync_all()).await else {
        panic!("not a run")
    };
    assert_eq!(report.endpoints[0].delivered, 8);

    drop(taken);
    assert_eq!(listening(&mut events).await, busy);
    get(&format!("http://{busy}/health"), None).await.expect(200);
    let shown = status().await;
    assert_eq!(
        (&shown["status"], &shown["listeners"][0]["error"]),
        (&"healthy".into(), &().into())
    );
    server.stop().await;
    engine.stop(std::time::Duration::from_secs(20)).await;
}

#[tokio::test]
async fn stopping_frees_the_ports_and_waits_for_nobody() {
    let desk = Desk::with(|_| {}).await;
    let stand = Stand::new(&desk, &open(&["127.0.0.1:0"])).await;
    let address = stand.addresses[0];
    // One that has asked and stays, and one that never says anything.
    let client = reqwest::Client::builder().no_proxy().build().unwrap();
    client.get(stand.url("/health")).send().await.unwrap().bytes().await.unwrap();
    let _silent = tokio::net::TcpStream::connect(address).await.unwrap();
    let patience = std::time::Duration::from_secs(10);
    tokio::time::timeout(patience, stand.end()).await.expect("it stops");
    TcpListener::bind(address).expect("its port is free");
}

#[tokio::test]
async fn no_address_is_no_server() {
    let desk = Desk::with(|_| {}).await;
    let stand = Stand::new(&desk, &open(&[])).await;
    stand.end().await;
}

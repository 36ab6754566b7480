//! Who may ask, how often, and under which name.

use transship::config::HttpSettings;

use crate::stand::{Answer, PASSWORD, Stand, get, locked, open, raw};
use crate::support::desk::Desk;

async fn desk() -> Desk {
    Desk::with(|_| {}).await
}

#[tokio::test]
async fn only_health_is_answered_to_everybody() {
    let desk = desk().await;
    let stand = Stand::new(&desk, &locked()).await;
    stand.get("/health").await.expect(200);
    // Whoever has not signed in does not learn what there is, either.
    for path in ["/status", "/metrics", "/help", "/nothing", "/healthy", "/health/"] {
        let refused = stand.get(path).await.expect(401);
        assert_eq!(refused.header("www-authenticate"), "Basic realm=\"Login Required\"");
        assert_eq!(refused.problem()["error"], "Unauthorized access");
    }
    for path in ["/status", "/metrics", "/help"] {
        stand.get_as(path, "admin", PASSWORD).await.expect(200);
    }
    stand.get_as("/nothing", "admin", PASSWORD).await.expect(404);
    stand.end().await;
}

#[tokio::test]
async fn guessing_ends_soon_and_hears_nothing_more() {
    let desk = desk().await;
    let stand = Stand::new(&desk, &locked()).await;
    // Asking without a password is no guess.
    for _ in 0..20 {
        stand.get("/status").await.expect(401);
    }
    let mut all: Vec<Answer> = Vec::new();
    for n in 0..10 {
        let guess = format!("{PASSWORD}{n}");
        all.push(stand.get_as("/status", "admin", &guess).await.expect(401));
    }
    let refused = stand.get_as("/status", "admin", "another").await.expect(429);
    assert_eq!(refused.problem()["error"], "Rate limit exceeded");
    let wait: u64 = refused.header("retry-after").parse().unwrap();
    assert!((1..=60).contains(&wait), "{wait}");
    all.push(refused);
    // Nor does the right one tell the guesser anything.
    all.push(stand.get_as("/status", "admin", PASSWORD).await.expect(429));
    stand.get("/health").await.expect(200);
    for answer in &all {
        assert!(!format!("{answer:?}").contains(PASSWORD), "{answer:?}");
    }
    stand.end().await;
}

#[tokio::test]
async fn an_address_is_answered_so_often_a_minute() {
    let desk = desk().await;
    let settings = HttpSettings { rate_limit_per_minute: 5, ..open(&["127.0.0.1:0"]) };
    let stand = Stand::new(&desk, &settings).await;
    for remaining in (0..5).rev() {
        let answer = stand.get("/help").await.expect(200);
        assert_eq!(answer.header("ratelimit-limit"), "5");
        assert_eq!(answer.header("ratelimit-remaining"), remaining.to_string());
    }
    // What is not there counts like what is.
    for path in ["/help", "/status", "/nothing"] {
        let refused = stand.get(path).await.expect(429);
        assert_eq!(refused.problem()["error"], "Rate limit exceeded");
        let wait: u64 = refused.header("retry-after").parse().unwrap();
        assert!((1..=60).contains(&wait), "{wait}");
        assert_eq!(refused.header("ratelimit-remaining"), "0");
        assert_eq!(refused.header("ratelimit-reset"), refused.header("retry-after"));
    }
    // Who watches over the program gets through.
    for _ in 0..10 {
        stand.get("/health").await.expect(200);
    }
    stand.end().await;
}

#[tokio::test]
async fn a_page_that_points_its_name_at_this_machine_reads_nothing() {
    let desk = desk().await;
    let stand = Stand::new(&desk, &open(&["127.0.0.1:0"])).await;
    let address = stand.addresses[0];
    for (host, status) in [
        ("{host}", "200"),
        ("localhost:1", "200"),
        ("LOCALHOST", "200"),
        ("[::1]", "200"),
        ("rebinding.example", "421"),
        ("rebinding.example:8080", "421"),
        ("localhost.rebinding.example", "421"),
    ] {
        for path in ["/health", "/status", "/nothing"] {
            let request =
                format!("GET {path} HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n");
            let answer = raw(address, &request).await;
            let status = if status == "200" && path == "/nothing" { "404" } else { status };
            assert!(answer.starts_with(&format!("HTTP/1.1 {status} ")), "{request}{answer}");
        }
    }
    for (request, status) in [
        ("GET /health HTTP/1.0\r\n\r\n", "400"),
        ("GET /health HTTP/1.1\r\nConnection: close\r\n\r\n", "400"),
        (
            "GET /health HTTP/1.1\r\nHost: {host}\r\nHost: a.example\r\nConnection: close\r\n\r\n",
            "400",
        ),
        (
            "GET http://a.example/health HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n",
            "421",
        ),
    ] {
        let answer = raw(address, request).await;
        assert_eq!(answer.split(' ').nth(1), Some(status), "{request}{answer}");
    }
    stand.end().await;
}

#[tokio::test]
async fn what_is_no_question_for_us_is_a_problem_and_costs_nothing() {
    let desk = desk().await;
    let stand = Stand::new(&desk, &open(&["127.0.0.1:0"])).await;
    let address = stand.addresses[0];
    stand.get("/nothing").await.expect(404).problem();
    stand.get("/../etc/passwd").await.expect(404).problem();
    let client = reqwest::Client::builder().no_proxy().build().unwrap();
    for path in ["/health", "/status", "/metrics", "/help"] {
        for method in ["POST", "PUT", "DELETE", "OPTIONS", "BREW"] {
            let method: reqwest::Method = method.parse().unwrap();
            let answer = client.request(method, stand.url(path)).send().await.unwrap();
            assert_eq!(answer.status(), 405, "{path}");
            assert!(answer.headers()["allow"].to_str().unwrap().contains("GET"));
            assert_eq!(answer.headers()["content-type"], "application/problem+json");
        }
        assert_eq!(client.head(stand.url(path)).send().await.unwrap().status(), 200, "{path}");
        let body = client.get(stand.url(path)).body("x").send().await.unwrap();
        assert_eq!(body.status(), 413, "{path}");
    }
    let long = "x".repeat(20_000);
    for (request, status) in [
        (format!("GET /health HTTP/1.1\r\nHost: {{host}}\r\nX: {long}\r\n\r\n"), "431"),
        (format!("GET /{long} HTTP/1.1\r\nHost: {{host}}\r\n\r\n"), "431"),
        ("\u{16}\u{3}\u{1} no HTTP at all\r\n\r\n".to_owned(), "400"),
        (
            "POST /status HTTP/1.1\r\nHost: {host}\r\nContent-Length: 99999999999\r\n\
             Connection: close\r\n\r\n"
                .to_owned(),
            "413",
        ),
    ] {
        let answer = raw(address, &request).await;
        assert_eq!(answer.split(' ').nth(1), Some(status), "{answer}");
    }
    for answer in [stand.get("/help").await, stand.get("/nothing").await] {
        assert_eq!(answer.header("cache-control"), "no-store");
        assert_eq!(answer.header("x-content-type-options"), "nosniff");
    }
    stand.end().await;
}

#[tokio::test]
async fn who_says_only_half_is_not_waited_for() {
    let desk = desk().await;
    let stand = Stand::new(&desk, &open(&["127.0.0.1:0"])).await;
    // Comes back because the other side closes: nothing more is sent.
    let answer = raw(stand.addresses[0], "GET /health HTTP/1.1\r\nHost: {host}\r\nX: ").await;
    assert!(!answer.contains("200 OK"), "{answer}");
    stand.get("/health").await.expect(200);
    stand.end().await;
}

#[tokio::test]
async fn every_route_of_the_help_is_there_and_no_other() {
    let desk = desk().await;
    let stand = Stand::new(&desk, &open(&["127.0.0.1:0"])).await;
    let help = stand.get("/help").await.expect(200).json();
    let routes = help["routes"].as_array().unwrap();
    let paths: Vec<&str> = routes.iter().map(|route| route["route"].as_str().unwrap()).collect();
    assert_eq!(paths[..5], ["/health", "/status", "/metrics", "/help", "/openapi.json"]);
    assert!(paths.contains(&"/datasets/{name}/export"), "{paths:?}");
    for route in routes {
        assert_eq!(route["methods"], serde_json::json!(["GET"]));
        assert!(route["description"].is_string() && route["parameters"].is_object(), "{route}");
        let path = route["route"].as_str().unwrap();
        // Here no datasets are configured: what would list them says so.
        let answer = get(&stand.url(path), None).await;
        let is_data = ["/products", "/sales", "/categories", "/datasets/"];
        match is_data.iter().any(|data| path.starts_with(data)) {
            true => assert_eq!(answer.expect(404).problem()["error"], "Not found"),
            false => assert_eq!(answer.status, 200, "{path}"),
        }
    }
    stand.end().await;
}

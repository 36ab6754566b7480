//! What is said about the routes is true.

use super::Counter;

#[tokio::test]
async fn every_route_of_the_description_answers_and_takes_its_parameters() {
    let counter = Counter::full().await;
    let document = counter.get("/openapi.json").await.expect(200).json();
    assert_eq!(document["openapi"], "3.1.0");
    let paths = document["paths"].as_object().unwrap();
    let mut ids = std::collections::BTreeSet::new();
    for (path, item) in paths {
        let operation = &item["get"];
        assert!(ids.insert(operation["operationId"].as_str().unwrap()), "{path}");
        let answer = counter.get(path).await.expect(200);
        let kind = answer.header("content-type").split(';').next().unwrap().to_owned();
        let content = operation["responses"]["200"]["content"].as_object().unwrap();
        assert!(content.contains_key(&kind), "{path}: {kind}");
        for name in
            content.values().next().unwrap()["schema"]["required"].as_array().unwrap_or(&vec![])
        {
            assert!(!answer.json()[name.as_str().unwrap()].is_null() || name == "next_cursor");
        }
        // What is not described is refused, and what is, is not unknown.
        let names: Vec<&str> = operation["parameters"]
            .as_array()
            .map(|all| all.iter().map(|p| p["name"].as_str().unwrap()).collect())
            .unwrap_or_default();
        for name in &names {
            let refused = counter.get(&format!("{path}?{name}=")).await.expect(400).problem();
            let detail = refused["detail"].as_str().unwrap().to_owned();
            assert!(detail.starts_with(&format!("{name} expects")), "{path} {name}: {detail}");
        }
        for reference in operation["responses"].as_object().unwrap().values() {
            if let Some(target) = reference["$ref"].as_str() {
                let target = target.trim_start_matches('#');
                assert!(document.pointer(target).is_some(), "{target}");
            }
        }
    }
    for path in ["/sales/filtered", "/datasets/sales", "/datasets/sales/export", "/datasets"] {
        assert!(paths.contains_key(path), "{path}");
    }
    let help = counter.get("/help").await.expect(200).json();
    let filtered = help["routes"]
        .as_array()
        .unwrap()
        .iter()
        .find(|route| route["route"] == "/sales/filtered")
        .unwrap()
        .clone();
    for name in ["limit", "cursor", "date", "product_id", "category"] {
        assert!(filtered["parameters"][name].is_string(), "{filtered}");
    }
    counter.end().await;
}

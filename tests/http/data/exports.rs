//! Whole datasets.

use super::{Counter, parts};

#[tokio::test]
async fn an_export_is_all_pages_in_one() {
    let counter = Counter::full().await;
    for name in ["products", "sales", "odds"] {
        let pages = counter.walk(&format!("/datasets/{name}"), "rows", 100).await;
        let rows: Vec<serde_json::Value> =
            serde_json::from_str(&format!("[{}]", pages.join(","))).unwrap();
        let path = format!("/datasets/{name}/export");
        let lines = counter.get(&path).await.expect(200);
        assert_eq!(lines.header("content-type"), "application/x-ndjson");
        let named = format!("attachment; filename=\"{name}.ndjson\"");
        assert_eq!(lines.header("content-disposition"), named);
        let read: Vec<serde_json::Value> =
            lines.body.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
        assert_eq!(read, rows);
        // To the letter.
        assert_eq!(lines.body.replace("}\n{", "},{").trim_end(), pages.join(","));
        let csv = counter.get(&format!("{path}?format=csv")).await.expect(200);
        assert_eq!(csv.header("content-type"), "text/csv; charset=utf-8");
        let (header, _) = csv.body.split_once("\r\n").unwrap();
        assert_eq!(from_csv(&csv.body), from_json(&rows, header), "{name}");
        for (accept, kind) in [
            ("text/csv", "text/csv; charset=utf-8"),
            ("application/json, text/csv;q=0.5", "text/csv; charset=utf-8"),
            ("application/x-ndjson", "application/x-ndjson"),
            ("*/*", "application/x-ndjson"),
        ] {
            let answer = counter.get_with(&path, &[("accept", accept)]).await.expect(200);
            assert_eq!(answer.header("content-type"), kind);
            assert_eq!(answer.header("vary"), "accept, accept-encoding");
        }
    }
    let some =
        counter.get("/datasets/sales/export?sale_date=2026-03&format=ndjson").await.expect(200);
    let page = counter.get("/datasets/sales?sale_date=2026-03&limit=1000").await;
    assert_eq!(some.body.replace("}\n{", "},{").trim_end(), parts(&page, "rows").0);
    counter.end().await;
}

/// Cells as text; nothing is nothing.
type Table = Vec<Vec<Option<String>>>;

fn from_json(rows: &[serde_json::Value], header: &str) -> Table {
    let cell = |value: &serde_json::Value| match value {
        serde_json::Value::Null => None,
        serde_json::Value::String(text) => Some(text.clone()),
        other => Some(other.to_string()),
    };
    let row = |row: &serde_json::Value| {
        assert_eq!(row.as_object().unwrap().len(), header.split(',').count());
        header.split(',').map(|name| cell(&row[name])).collect()
    };
    rows.iter().map(row).collect()
}

/// A reader of its own: RFC 4180, with numbers as JSON reads them.
fn from_csv(text: &str) -> Table {
    let mut rows = vec![vec![]];
    let (mut cell, mut quoted, mut was_quoted) = (String::new(), false, false);
    let mut chars = text.chars().peekable();
    while let Some(c) = chars.next() {
        match c {
            '"' if quoted && chars.peek() == Some(&'"') => cell.push(chars.next().unwrap()),
            '"' => (quoted, was_quoted) = (!quoted, true),
            ',' | '\r' if !quoted => {
                let text = std::mem::take(&mut cell);
                let shown = match serde_json::from_str::<serde_json::Value>(&text) {
                    Ok(serde_json::Value::Number(number)) if !was_quoted => number.to_string(),
                    _ => text,
                };
                let is_none = shown.is_empty() && !was_quoted;
                rows.last_mut().unwrap().push((!is_none).then_some(shown));
                was_quoted = false;
                if c == '\r' {
                    assert_eq!(chars.next(), Some('\n'));
                    rows.push(vec![]);
                }
            }
            c => cell.push(c),
        }
    }
    assert_eq!(rows.pop(), Some(vec![]), "it ends with a line's end");
    rows.remove(0);
    rows
}

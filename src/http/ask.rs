//! Asks a running instance how it is, as a supervisor does: `GET /health`.

use std::time::Duration;

use serde_json::Value as Json;

/// How long one address may take to answer.
const PATIENCE: Duration = Duration::from_secs(5);

/// The longest answer that is read; ours is a few lines.
const LONGEST: usize = 64 * 1024;

/// What an instance said of itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Vitals {
    /// Where it was asked.
    pub address: String,
    /// What is not well, by its name in the answer; nothing: all is.
    pub unwell: Vec<String>,
}

/// What the first of these addresses says that answers as an instance does; else why
/// each of them did not.
///
/// # Errors
/// No instance answers at any of them.
pub async fn vitals(listen: &[String]) -> Result<Vitals, Vec<String>> {
    // Nothing between us, and nobody who could send us on to somewhere else.
    let client = reqwest::Client::builder()
        .no_proxy()
        .redirect(reqwest::redirect::Policy::none())
        .timeout(PATIENCE)
        .build()
        .map_err(|error| vec![error.to_string()])?;
    let mut silent = Vec::new();
    for address in listen.iter().map(|address| reachable(address)) {
        match ask(&client, &address).await {
            Ok(unwell) => return Ok(Vitals { address, unwell }),
            Err(why) => silent.push(format!("{address}: {why}")),
        }
    }
    Err(silent)
}

async fn ask(client: &reqwest::Client, address: &str) -> Result<Vec<String>, String> {
    let words = |error: reqwest::Error| {
        let mut why: &dyn std::error::Error = &error;
        while let Some(deeper) = why.source() {
            why = deeper;
        }
        why.to_string()
    };
    let mut response =
        client.get(format!("http://{address}/health")).send().await.map_err(words)?;
    let mut body = Vec::new();
    while let Some(chunk) = response.chunk().await.map_err(words)? {
        body.extend_from_slice(&chunk);
        if body.len() > LONGEST {
            return Err(STRANGER.to_owned());
        }
    }
    let answer: Option<Json> = serde_json::from_slice(&body).ok();
    let answer = answer.as_ref().and_then(|body| Some((body.get("status")?, body.get("checks")?)));
    let Some((status, Json::Object(checks))) = answer else { return Err(STRANGER.to_owned()) };
    let unwell = checks.iter().filter(|(_, word)| *word != "healthy");
    let mut unwell: Vec<String> = unwell.map(|(name, _)| name.clone()).collect();
    if unwell.is_empty() && (status != "healthy" || !response.status().is_success()) {
        unwell.push(status.as_str().unwrap_or("status").to_owned());
    }
    Ok(unwell)
}

const STRANGER: &str = "something else answers there";

/// Who listens everywhere is asked here.
fn reachable(address: &str) -> String {
    match address.rsplit_once(':') {
        Some(("0.0.0.0", port)) => format!("127.0.0.1:{port}"),
        Some(("[::]", port)) => format!("[::1]:{port}"),
        _ => address.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_listens_everywhere_is_asked_here() {
        for (listen, asked) in [
            ("127.0.0.1:8080", "127.0.0.1:8080"),
            ("0.0.0.0:8080", "127.0.0.1:8080"),
            ("[::]:1", "[::1]:1"),
            ("localhost:1", "localhost:1"),
        ] {
            assert_eq!(reachable(listen), asked);
        }
    }
}

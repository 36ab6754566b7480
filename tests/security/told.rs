//! Those whom the program tells of failures. They repeat what they were given, and refuse it
//! now and then.

use std::sync::atomic::{AtomicUsize, Ordering};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use crate::post_office::{Offers, PASSWORD, PostOffice, USER};
use crate::scripted::{Answer, Request, Server, reply, reply_with};

/// What the addresses carry.
pub const WEBHOOK: &str = "canary-webhook-4711";
pub const QUERY: &str = "canary-query-4711";
pub const HEARTBEAT: &str = "canary-heartbeat-4711";

pub struct Told {
    webhook: Server,
    heartbeat: Server,
    office: PostOffice,
}

/// Everything that was asked, said again.
fn echo(request: &Request) -> String {
    let Request { method, path, query, headers, body, .. } = request;
    format!("{method} {path}?{query} {headers:?} {body}")
}

impl Told {
    pub async fn listen() -> Self {
        let asked = AtomicUsize::new(0);
        let webhook = Server::start(move |request| {
            let elsewhere = format!("https://elsewhere.example{}", request.path);
            match asked.fetch_add(1, Ordering::Relaxed) % 4 {
                0 => reply(404, echo(request)),
                1 => reply(200, echo(request)),
                2 => reply_with(302, &[("Location", elsewhere.as_str())], echo(request)),
                _ => Answer::Raw(format!("no HTTP: {}", echo(request)).into_bytes()),
            }
        })
        .await;
        let asked = AtomicUsize::new(0);
        // The first pass does not get through with it, its beginning nor its end.
        let heartbeat = Server::start(move |request| match asked.fetch_add(1, Ordering::Relaxed) {
            ..6 => reply(500, echo(request)),
            _ => reply(200, echo(request)),
        })
        .await;
        Self { webhook, heartbeat, office: PostOffice::open(Offers::Plain).await }
    }

    pub fn webhook_url(&self) -> String {
        format!("{}/services/{WEBHOOK}?token={QUERY}", self.webhook.origin)
    }

    pub fn heartbeat_url(&self) -> String {
        format!("{}/ping/{HEARTBEAT}", self.heartbeat.origin)
    }

    /// The section of a configuration that tells them.
    pub fn configuration(&self) -> String {
        format!(
            "notifications:\n  webhooks: {{ ops: {{ url: \"${{S_WEBHOOK_URL}}\" }} }}\n  \
             heartbeat: {{ url: \"${{S_HEARTBEAT_URL}}\", every_minutes: 1 }}\n  smtp: {{ host: \
             127.0.0.1, port: {}, tls: none, username: {USER}, password: \"${{S_SMTP_PASSWORD}}\", \
             from: transship@school.example, to: ops@school.example }}\n",
            self.office.port
        )
    }

    /// Everything that they were told; the addresses themselves left out.
    pub fn heard(&self) -> Vec<(String, String)> {
        let bodies = self.webhook.seen().into_iter().map(|r| ("webhook".to_owned(), r.body));
        let beats = self.heartbeat.seen().into_iter().map(|r| ("heartbeat".to_owned(), r.body));
        let letters = self.office.book().letters.into_iter();
        let letters = letters
            .map(|letter| ("mail".to_owned(), format!("{}\n{}", letter.text, letter.body())));
        bodies.chain(beats).chain(letters).collect()
    }

    /// They were asked with the secrets: what is looked for could have come back.
    #[track_caller]
    pub fn assert_it_repeated_what_it_was_given(&self) {
        for (server, token) in [(&self.webhook, WEBHOOK), (&self.heartbeat, HEARTBEAT)] {
            let asked = server.count(|request| request.path.contains(token));
            assert!(asked > 4, "{token}: {asked}");
        }
        assert!(self.webhook.seen().iter().all(|request| request.query.contains(QUERY)));
        let said = self.office.book().said;
        assert!(said.iter().any(|line| line.contains(&login_as_sent())), "{said:?}");
    }
}

/// The login of the mail server, as it goes over the line (RFC 4616).
pub fn login_as_sent() -> String {
    STANDARD.encode(format!("\0{USER}\0{PASSWORD}"))
}

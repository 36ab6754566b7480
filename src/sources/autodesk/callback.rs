//! The one request that a browser makes to this machine after a sign-in.
//!
//! Only the loopback interface is listened on, only while somebody waits, and only the
//! registered address is answered; the first callback ends it.

use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::time::Duration;

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::mpsc;
use tokio::task::JoinSet;
use url::{Host, Url};

use crate::model::{Failure, FailureClass, Secret};

/// A browser that says nothing for so long does not come.
const HEAD_WAIT: Duration = Duration::from_secs(10);

/// The longest head of a request that is read, in bytes; a code has a few hundred.
const MAX_HEAD: usize = 16 * 1024;

/// Connections at a time: browsers open some in advance.
const MAX_CONNECTIONS: usize = 32;

/// Sockets on the callback's address.
pub(super) struct Listener {
    sockets: Vec<TcpListener>,
    /// `host:port` as browsers write it.
    host: String,
    path: String,
}

/// What the browser brought.
pub(super) struct Callback {
    pub(super) state: Option<String>,
    pub(super) code: Option<Secret>,
    /// `access_denied` and the like, with its description.
    pub(super) error: Option<String>,
}

/// The browser waits for a page.
pub(super) struct Answer(TcpStream);

impl Listener {
    /// Takes the address that `callback` names, on this machine alone. `key` is what
    /// the configuration calls it.
    pub(super) fn bind(key: &str, callback: &Url) -> Result<Self, Failure> {
        let wrong = |why: &str| {
            Failure::new(FailureClass::Misconfigured, "reading", key).said(why).advice(
                "register http://localhost:8081/oauth/callback with the application, \
                 and give the same here",
            )
        };
        if callback.scheme() != "http" {
            return Err(wrong("only http:// can be answered"));
        }
        let port = callback.port_or_known_default().ok_or_else(|| wrong("it has no port"))?;
        let addresses = match callback.host() {
            // Browsers try either for this name; somebody else must not get the code.
            Some(Host::Domain("localhost")) => {
                vec![IpAddr::V4(Ipv4Addr::LOCALHOST), IpAddr::V6(Ipv6Addr::LOCALHOST)]
            }
            Some(Host::Ipv4(address)) if address.is_loopback() => vec![address.into()],
            Some(Host::Ipv6(address)) if address.is_loopback() => vec![address.into()],
            _ => return Err(wrong("it is not on this machine")),
        };
        let mut sockets = Vec::new();
        for address in addresses {
            match listen(SocketAddr::new(address, port)) {
                Ok(socket) => sockets.push(socket),
                // A machine without IPv6.
                Err(e) if address.is_ipv6() && !sockets.is_empty() && is_absent(&e) => {}
                Err(e) => return Err(taken(callback, port, &e)),
            }
        }
        let host = match callback.port() {
            Some(port) => format!("{}:{port}", callback.host_str().unwrap_or_default()),
            None => callback.host_str().unwrap_or_default().to_owned(),
        };
        Ok(Self { sockets, host, path: callback.path().to_owned() })
    }

    /// Waits for the callback; everything else is turned away. The sockets are closed
    /// when this returns.
    pub(super) async fn callback(self) -> Result<(Callback, Answer), Failure> {
        let (sender, mut callbacks) = mpsc::channel(1);
        let mut connections = JoinSet::new();
        loop {
            let accepted = tokio::select! {
                Some(found) = callbacks.recv() => return Ok(found),
                accepted = accept(&self.sockets) => accepted,
                Some(_) = connections.join_next() => continue,
            };
            let stream = accepted.map_err(|e| Failure::io("waiting at", &self.host, &e))?;
            if connections.len() >= MAX_CONNECTIONS {
                continue;
            }
            let (host, path, sender) = (self.host.clone(), self.path.clone(), sender.clone());
            connections.spawn(async move {
                let handled = tokio::time::timeout(HEAD_WAIT, receive(stream, &host, &path)).await;
                if let Ok(Some(found)) = handled {
                    // Only the first one is taken; the others see a closed connection.
                    let _ = sender.send(found).await;
                }
            });
        }
    }
}

fn listen(address: SocketAddr) -> io::Result<TcpListener> {
    let socket = std::net::TcpListener::bind(address)?;
    socket.set_nonblocking(true)?;
    TcpListener::from_std(socket)
}

fn is_absent(error: &io::Error) -> bool {
    matches!(error.kind(), io::ErrorKind::AddrNotAvailable | io::ErrorKind::Unsupported)
        // EAFNOSUPPORT has no kind of its own: Linux, macOS, Windows.
        || matches!(error.raw_os_error(), Some(97 | 47 | 10047))
}

fn taken(callback: &Url, port: u16, error: &io::Error) -> Failure {
    let failure = Failure::io("waiting for the browser at", callback.as_str(), error);
    match error.kind() {
        io::ErrorKind::AddrInUse => failure
            .said(format!("port {port} is used by another program"))
            .advice("end that program, or another sign-in that waits, and try again"),
        io::ErrorKind::PermissionDenied => {
            failure.advice("register a callback with a port above 1023")
        }
        _ => failure,
    }
}

/// The next connection at any of the sockets.
async fn accept(sockets: &[TcpListener]) -> io::Result<TcpStream> {
    let accepting = sockets.iter().map(|socket| Box::pin(socket.accept()));
    let (accepted, _, _) = futures::future::select_all(accepting).await;
    accepted.map(|(stream, _)| stream)
}

/// Reads one request; a callback, or an answer to whatever else it was.
async fn receive(mut stream: TcpStream, host: &str, path: &str) -> Option<(Callback, Answer)> {
    let head = read_head(&mut stream).await?;
    let answer = Answer(stream);
    match understood(&head, host, path) {
        Ok(callback) => return Some((callback, answer)),
        Err((status, words)) => answer.say(status, words).await,
    }
    None
}

async fn read_head(stream: &mut TcpStream) -> Option<String> {
    let mut head = Vec::new();
    let mut buffer = [0; 2048];
    while !head.windows(4).any(|end| end == b"\r\n\r\n") {
        if head.len() > MAX_HEAD {
            return None;
        }
        match stream.read(&mut buffer).await {
            Ok(0) | Err(_) => return None,
            Ok(n) => head.extend_from_slice(&buffer[..n]),
        }
    }
    String::from_utf8(head).ok()
}

/// The callback in a request's head, or why it is none.
fn understood(head: &str, host: &str, path: &str) -> Result<Callback, (u16, &'static str)> {
    let mut lines = head.split("\r\n");
    let mut words = lines.next().unwrap_or_default().split(' ');
    let (method, target) = (words.next().unwrap_or_default(), words.next().unwrap_or_default());
    // Another name that leads here is somebody else's page at work.
    let asked_for = lines.find_map(|line| {
        let (name, value) = line.split_once(':')?;
        name.eq_ignore_ascii_case("host").then(|| value.trim())
    });
    if !asked_for.is_some_and(|asked| asked.eq_ignore_ascii_case(host)) {
        return Err((421, "This address is not answered here."));
    }
    let (its_path, query) = target.split_once('?').unwrap_or((target, ""));
    if its_path != path {
        return Err((404, "There is nothing here."));
    }
    if method != "GET" {
        return Err((405, "Only GET is answered."));
    }
    let value = |key: &str| {
        let mut pairs = url::form_urlencoded::parse(query.as_bytes());
        pairs.find(|(name, _)| name == key).map(|(_, value)| value.into_owned())
    };
    let error = value("error").filter(|error| !error.is_empty());
    let error = error.map(|error| match value("error_description") {
        Some(words) => format!("{error}: {words}"),
        None => error,
    });
    let code = value("code").filter(|code| !code.is_empty()).map(Secret::new);
    if code.is_none() && error.is_none() {
        return Err((400, "This is not an answer to a sign-in."));
    }
    Ok(Callback { state: value("state"), code, error })
}

impl Answer {
    /// Shows a page with these words, and nothing that came from outside.
    pub(super) async fn say(mut self, status: u16, words: &str) {
        let body = format!(
            "<!DOCTYPE html><html lang=\"en\"><meta charset=\"utf-8\"><title>transship</title>\
             <p>{words}</p></html>\n"
        );
        let head = format!(
            "HTTP/1.1 {status} {}\r\nContent-Type: text/html; charset=utf-8\r\n\
             Content-Length: {}\r\nConnection: close\r\nCache-Control: no-store\r\n\
             Referrer-Policy: no-referrer\r\nX-Content-Type-Options: nosniff\r\n\
             Content-Security-Policy: default-src 'none'\r\n\r\n",
            if status == 200 { "OK" } else { "No" },
            body.len(),
        );
        let said = async {
            self.0.write_all(head.as_bytes()).await?;
            self.0.write_all(body.as_bytes()).await?;
            self.0.shutdown().await?;
            // Until the browser has it: closing earlier could take the page away.
            let mut rest = [0; 512];
            while self.0.read(&mut rest).await? > 0 {}
            io::Result::Ok(())
        };
        // Somebody who does not take the answer has missed nothing that matters.
        let _ = tokio::time::timeout(Duration::from_secs(2), said).await;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_registered_address_is_a_callback() {
        let line = |first: &str, host: &str| format!("{first}\r\nHost: {host}\r\n\r\n");
        for (first, host, status) in [
            ("GET /cb?code=a&state=s HTTP/1.1", "localhost:81", None),
            ("GET /cb?error=access_denied&state=s HTTP/1.1", "LOCALHOST:81", None),
            ("GET /cb?code=a&state=s HTTP/1.1", "localhost:82", Some(421)),
            ("GET /cb?code=a&state=s HTTP/1.1", "evil.example", Some(421)),
            ("GET /cb/?code=a&state=s HTTP/1.1", "localhost:81", Some(404)),
            ("GET /cb2?code=a HTTP/1.1", "localhost:81", Some(404)),
            ("GET /favicon.ico HTTP/1.1", "localhost:81", Some(404)),
            ("GET http://localhost:81/cb?code=a HTTP/1.1", "localhost:81", Some(404)),
            ("POST /cb?code=a&state=s HTTP/1.1", "localhost:81", Some(405)),
            ("GET /cb HTTP/1.1", "localhost:81", Some(400)),
            ("GET /cb?code=&state=s HTTP/1.1", "localhost:81", Some(400)),
            ("", "localhost:81", Some(404)),
        ] {
            let found = understood(&line(first, host), "localhost:81", "/cb");
            assert_eq!(found.err().map(|(status, _)| status), status, "{first} {host}");
        }
        assert!(understood("GET /cb?code=a HTTP/1.1\r\n\r\n", "localhost:81", "/cb").is_err());
    }

    #[test]
    fn what_the_browser_brings_is_decoded() {
        let head =
            "GET /cb?state=a.b-c_d&code=x%2Fy+z&error=&state=other HTTP/1.1\r\nhost: h\r\n\r\n";
        let callback = understood(head, "h", "/cb").ok().unwrap();
        assert_eq!(callback.state.as_deref(), Some("a.b-c_d"));
        assert_eq!(callback.code.unwrap().expose(), "x/y z");
        assert_eq!(callback.error, None);
    }
}

//! A mail server that takes letters and is strict about it (RFC 5321, RFC 4954): commands in
//! their order, lines that end as they should, a login before anything else.

#![allow(dead_code, reason = "each test binary uses another part of it")]

use std::sync::Arc;
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use tokio::io::{AsyncBufReadExt as _, AsyncRead, AsyncWrite, AsyncWriteExt as _, BufStream};
use tokio::net::TcpListener;
use tokio::sync::watch;
use tokio_rustls::rustls::{ServerConfig, pki_types};
use transship::config::{Mail, MailTls};
use transship::model::{NotificationEvent, Secret};

const DEADLINE: Duration = Duration::from_secs(60);

pub const USER: &str = "transship";
pub const PASSWORD: &str = "kanarienvogel-mail";

/// A letter as it was handed over.
#[derive(Clone, Debug)]
pub struct Letter {
    pub from: String,
    pub to: Vec<String>,
    /// Headers and body, dots taken off.
    pub text: String,
}

impl Letter {
    /// The value of a header, unfolded.
    pub fn header(&self, name: &str) -> String {
        let (head, _) = self.text.split_once("\r\n\r\n").unwrap();
        let head = head.replace("\r\n ", " ");
        let line = head.lines().find_map(|line| line.strip_prefix(&format!("{name}: ")));
        line.unwrap_or_else(|| panic!("no {name} in {head}")).to_owned()
    }

    /// The subject, decoded (RFC 2047).
    pub fn subject(&self) -> String {
        let subject = self.header("Subject");
        let decoded = |word: &str| {
            assert!(word.len() <= 75, "{word}");
            let inside = word.strip_prefix("=?utf-8?B?").unwrap().strip_suffix("?=").unwrap();
            String::from_utf8(STANDARD.decode(inside).unwrap()).unwrap()
        };
        match subject.starts_with("=?") {
            true => subject.split(' ').map(decoded).collect(),
            false => subject,
        }
    }

    /// The body, decoded.
    pub fn body(&self) -> String {
        let (_, body) = self.text.split_once("\r\n\r\n").unwrap();
        match self.header("Content-Transfer-Encoding").as_str() {
            "base64" => {
                let bytes = STANDARD.decode(body.replace("\r\n", "")).unwrap();
                String::from_utf8(bytes).unwrap()
            }
            other => panic!("{other} is not read here"),
        }
    }
}

/// What happened at the counter.
#[derive(Clone, Debug, Default)]
pub struct Book {
    pub letters: Vec<Letter>,
    /// Every line that was said, the letters' own left out.
    pub said: Vec<String>,
    /// Handshakes that came to their end.
    pub encrypted: usize,
}

/// What the office offers.
#[derive(Clone, Debug)]
pub enum Offers {
    /// No encryption, and a login.
    Plain,
    /// STARTTLS (RFC 3207), and a login only then.
    StartTls(Arc<ServerConfig>),
    /// Encrypted from the first byte on (RFC 8314).
    Implicit(Arc<ServerConfig>),
}

impl Offers {
    /// STARTTLS, with a certificate that nobody vouches for.
    pub fn untrusted() -> Self {
        let certificate = include_bytes!("../encoura_source/untrusted.der").as_slice();
        let key = include_bytes!("../encoura_source/untrusted.key.der").as_slice();
        let config = ServerConfig::builder()
            .with_no_client_auth()
            .with_single_cert(
                vec![pki_types::CertificateDer::from_slice(certificate)],
                pki_types::PrivatePkcs8KeyDer::from(key).into(),
            )
            .unwrap();
        Self::StartTls(Arc::new(config))
    }
}

/// One line to a customer.
trait Wire: AsyncRead + AsyncWrite + Unpin + Send {}
impl<T: AsyncRead + AsyncWrite + Unpin + Send> Wire for T {}

pub struct PostOffice {
    pub port: u16,
    book: watch::Sender<Book>,
    accepting: tokio::task::JoinHandle<()>,
}

impl Drop for PostOffice {
    fn drop(&mut self) {
        self.accepting.abort();
    }
}

impl PostOffice {
    pub async fn open(offers: Offers) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let book = watch::Sender::new(Book::default());
        let writes = book.clone();
        let accepting = tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let (offers, writes) = (offers.clone(), writes.clone());
                tokio::spawn(async move { Counter::serve(Box::new(stream), offers, writes).await });
            }
        });
        Self { port, book, accepting }
    }

    pub fn book(&self) -> Book {
        self.book.borrow().clone()
    }

    /// Waits until so many letters were handed over.
    pub async fn letters(&self, count: usize) -> Vec<Letter> {
        let mut book = self.book.subscribe();
        let come = book.wait_for(|book| book.letters.len() >= count);
        let come = tokio::time::timeout(DEADLINE, come).await;
        assert!(come.is_ok(), "not {count} letters until the deadline: {:#?}", self.book());
        self.book().letters
    }

    /// How to reach it.
    pub fn mail(&self, tls: MailTls) -> Mail {
        Mail {
            host: "127.0.0.1".into(),
            port: self.port,
            tls,
            login: Some((USER.into(), Secret::new(PASSWORD))),
            from: "transship@school.example".parse().unwrap(),
            to: vec![
                "Ops <ops@school.example>".parse().unwrap(),
                "night@school.example".parse().unwrap(),
            ],
            events: NotificationEvent::ALL.to_vec(),
        }
    }
}

/// One customer.
struct Counter {
    stream: BufStream<Box<dyn Wire>>,
    offers: Offers,
    book: watch::Sender<Book>,
    encrypted: bool,
    greeted: bool,
    signed_in: bool,
    letter: Option<Letter>,
}

impl Counter {
    async fn serve(wire: Box<dyn Wire>, offers: Offers, book: watch::Sender<Book>) {
        let (wire, encrypted) = match &offers {
            Offers::Implicit(config) => match encrypt(wire, config, &book).await {
                Some(wire) => (wire, true),
                None => return,
            },
            _ => (wire, false),
        };
        let mut counter = Self::over(wire, offers, book, encrypted);
        counter.say("220 post.example ESMTP").await;
        while let Some(line) = counter.line().await {
            counter.book.send_modify(|book| book.said.push(line.clone()));
            let verb = line.split([' ', ':']).next().unwrap_or_default().to_ascii_uppercase();
            let answer = match (verb.as_str(), &counter.offers) {
                ("STARTTLS", Offers::StartTls(config)) if !counter.encrypted => {
                    let config = config.clone();
                    counter.say("220 go ahead").await;
                    let Self { stream, offers, book, .. } = counter;
                    let Some(wire) = encrypt(stream.into_inner(), &config, &book).await else {
                        return;
                    };
                    // It begins anew, without a greeting.
                    counter = Self::over(wire, offers, book, true);
                    continue;
                }
                ("QUIT", _) => {
                    counter.say("221 bye").await;
                    return;
                }
                ("DATA", _) if counter.letter.as_ref().is_some_and(|l| !l.to.is_empty()) => {
                    counter.say("354 end with a dot").await;
                    counter.take_letter().await;
                    "250 2.0.0 queued as 42".to_owned()
                }
                _ => counter.answer(&verb, &line),
            };
            counter.say(&answer).await;
        }
    }

    fn over(
        wire: Box<dyn Wire>,
        offers: Offers,
        book: watch::Sender<Book>,
        encrypted: bool,
    ) -> Self {
        let (stream, greeted, signed_in, letter) = (BufStream::new(wire), false, false, None);
        Self { stream, offers, book, encrypted, greeted, signed_in, letter }
    }

    fn answer(&mut self, verb: &str, line: &str) -> String {
        let between = |start: &str| {
            let inside = line.strip_prefix(start)?.split_once('>')?.0;
            Some(inside.to_owned())
        };
        match verb {
            "EHLO" if line.len() > 5 => {
                self.greeted = true;
                match self.takes_logins() {
                    true => "250-post.example\r\n250-8BITMIME\r\n250 AUTH PLAIN LOGIN",
                    false => "250-post.example\r\n250 STARTTLS",
                }
                .to_owned()
            }
            "AUTH" if self.greeted && self.takes_logins() => {
                let given = line.strip_prefix("AUTH PLAIN ").map(|given| STANDARD.decode(given));
                let expected = format!("\0{USER}\0{PASSWORD}").into_bytes();
                self.signed_in = matches!(given, Some(Ok(given)) if given == expected);
                match self.signed_in {
                    true => "235 2.7.0 welcome".to_owned(),
                    // Some servers repeat what they were given.
                    false => format!("535 5.7.8 refused: {line}"),
                }
            }
            "MAIL" if self.signed_in && self.letter.is_none() => match between("MAIL FROM:<") {
                Some(from) => {
                    self.letter = Some(Letter { from, to: vec![], text: String::new() });
                    "250 2.1.0 ok".to_owned()
                }
                None => "501 5.5.4 syntax".to_owned(),
            },
            "RCPT" => match (between("RCPT TO:<"), &mut self.letter) {
                (Some(to), _) if !to.ends_with("@school.example") => {
                    "550 5.1.1 nobody of this name".to_owned()
                }
                (Some(to), Some(letter)) => {
                    letter.to.push(to);
                    "250 2.1.5 ok".to_owned()
                }
                _ => "503 5.5.1 out of order".to_owned(),
            },
            "NOOP" => "250 2.0.0 ok".to_owned(),
            _ => "503 5.5.1 out of order".to_owned(),
        }
    }

    fn takes_logins(&self) -> bool {
        self.encrypted || matches!(self.offers, Offers::Plain)
    }

    async fn take_letter(&mut self) {
        let mut letter = self.letter.take().unwrap();
        while let Some(line) = self.line().await {
            if line == "." {
                self.book.send_modify(|book| book.letters.push(letter));
                return;
            }
            letter.text += line.strip_prefix('.').unwrap_or(&line);
            letter.text += "\r\n";
        }
    }

    /// A line without its end, which is CR LF and nothing else.
    async fn line(&mut self) -> Option<String> {
        let mut line = String::new();
        self.stream.read_line(&mut line).await.ok().filter(|read| *read > 0)?;
        let line = line.strip_suffix("\r\n").expect("a line ends with CR LF");
        assert!(line.len() <= 998 && !line.contains(['\r', '\n']), "{line:?}");
        Some(line.to_owned())
    }

    async fn say(&mut self, line: &str) {
        let _ = self.stream.write_all(format!("{line}\r\n").as_bytes()).await;
        let _ = self.stream.flush().await;
    }
}

/// The same line, encrypted, if the customer takes the certificate.
async fn encrypt(
    wire: Box<dyn Wire>,
    config: &Arc<ServerConfig>,
    book: &watch::Sender<Book>,
) -> Option<Box<dyn Wire>> {
    let accepted = tokio_rustls::TlsAcceptor::from(config.clone()).accept(wire).await.ok()?;
    book.send_modify(|book| book.encrypted += 1);
    Some(Box::new(accepted))
}

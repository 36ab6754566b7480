//! A message as mail, handed to a mail server.

use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use jiff::fmt::rfc2822::DateTimePrinter;
use lettre::address::Envelope;
use lettre::transport::smtp;
use lettre::transport::smtp::authentication::Credentials;
use lettre::transport::smtp::client::{Tls, TlsParameters};
use lettre::{AsyncSmtpTransport, AsyncTransport as _, Tokio1Executor};

use super::channel;
use crate::config::{Mail, MailTls, Mailbox};
use crate::model::{Failure, FailureClass, Notification, Secret, Shown};
use crate::transport::http::Secrets;

/// How long a connection may take, and all of it.
const CONNECT: Duration = Duration::from_secs(5);
const WHOLE: Duration = Duration::from_secs(15);

/// Characters of base64 in a line (RFC 2045, 6.8).
const WIDTH: usize = 76;

/// Bytes of text in one encoded word, which has 75 characters at the most (RFC 2047).
const WORD: usize = 42;

const DOING: &str = "sending a notification to";

/// A mail server, and whom it delivers to.
pub(super) struct Post {
    mail: Mail,
    secrets: Secrets,
}

impl Post {
    /// Connects to nothing yet.
    pub(super) fn new(mail: Mail) -> Self {
        Self { secrets: Secrets::keeping(mail.login.iter().flat_map(spoken)), mail }
    }

    /// Sends the message once, to all receivers.
    pub(super) async fn send(
        &self,
        installation: &str,
        message: &Notification,
    ) -> Result<Shown, Failure> {
        let (envelope, letter) = self.letter(installation, message)?;
        let server = self.server().map_err(|e| self.failure(&e))?;
        let sent = tokio::time::timeout(WHOLE, server.send_raw(&envelope, letter.as_bytes())).await;
        let answer = match sent {
            Ok(sent) => sent.map_err(|e| self.failure(&e))?,
            Err(_) => {
                let failure = Failure::new(FailureClass::Network, DOING, "");
                return Err(failure.said("no answer in time"));
            }
        };
        let said = self.secrets.redact(answer.first_line().unwrap_or_default());
        Ok(Shown::limited(format!("{} {said}", answer.code()), 200))
    }

    fn server(&self) -> Result<AsyncSmtpTransport<Tokio1Executor>, smtp::Error> {
        let host = self.mail.host.trim_start_matches('[').trim_end_matches(']');
        let parameters = || TlsParameters::new(host.to_owned());
        let tls = match self.mail.tls {
            MailTls::StartTls => Tls::Required(parameters()?),
            MailTls::Implicit => Tls::Wrapper(parameters()?),
            MailTls::None => Tls::None,
        };
        let mut server = AsyncSmtpTransport::<Tokio1Executor>::builder_dangerous(host)
            .port(self.mail.port)
            .timeout(Some(CONNECT))
            .tls(tls);
        if let Some((username, password)) = &self.mail.login {
            let password = password.expose().to_owned();
            server = server.credentials(Credentials::new(username.clone(), password));
        }
        Ok(server.build())
    }

    /// Who it is from and for, and the letter itself (RFC 5322): plain text.
    fn letter(
        &self,
        installation: &str,
        message: &Notification,
    ) -> Result<(Envelope, String), Failure> {
        let defect = |e: &dyn std::fmt::Display| Failure::new(FailureClass::Bug, DOING, "").said(e);
        let (from, to) = (&self.mail.from, &self.mail.to);
        let receivers = to.iter().map(|to| to.address.clone()).collect();
        let envelope = Envelope::new(Some(from.address.clone()), receivers);
        let date = DateTimePrinter::new().timestamp_to_string(&message.at);
        let headers = [
            ("From", mailbox(from)),
            ("To", to.iter().map(mailbox).collect::<Vec<_>>().join(",\r\n ")),
            ("Subject", words(&channel::subject(installation, message))),
            ("Date", date.map_err(|e| defect(&e))?),
            // The same each time: a mail that arrives twice is shown once.
            ("Message-ID", format!("<{}@{}>", message.id, from.address.domain())),
            // Holiday notices are not sent in answer to it (RFC 3834).
            ("Auto-Submitted", "auto-generated".to_owned()),
            ("MIME-Version", "1.0".to_owned()),
            ("Content-Type", "text/plain; charset=utf-8".to_owned()),
            ("Content-Transfer-Encoding", "base64".to_owned()),
        ];
        let mut letter: String =
            headers.iter().map(|(name, value)| format!("{name}: {value}\r\n")).collect();
        let body = STANDARD.encode(channel::text(installation, message).replace('\n', "\r\n"));
        for start in (0..body.len()).step_by(WIDTH) {
            letter.push_str("\r\n");
            letter.push_str(&body[start..body.len().min(start + WIDTH)]);
        }
        Ok((envelope.map_err(|e| defect(&e))?, letter))
    }

    /// What the operator reads when the server, or the way to it, refuses.
    fn failure(&self, error: &smtp::Error) -> Failure {
        let said = self.secrets.redact(&error.to_string());
        let code = error.status().map(|code| code.to_string()).unwrap_or_default();
        let (class, advice) = match code.as_str() {
            // RFC 4954: authentication refused, too weak, or needed.
            "530" | "534" | "535" | "538" => {
                (FailureClass::SignIn, Some("check username and password in notifications.smtp"))
            }
            _ if error.is_tls() || said.contains("certificate") => (
                FailureClass::HostKey,
                Some(
                    "its certificate is not trusted: check the host name and this machine's clock",
                ),
            ),
            _ if error.is_permanent() => {
                (FailureClass::Refused, Some("check from and to in notifications.smtp"))
            }
            _ if error.is_transient() => (FailureClass::Unavailable, None),
            _ if error.is_client() => (
                FailureClass::Protocol,
                Some("check tls in notifications.smtp: starttls needs a server that offers it"),
            ),
            _ if error.is_response() => (FailureClass::Protocol, None),
            _ => (FailureClass::Network, Some("check host and port in notifications.smtp")),
        };
        let failure = Failure::new(class, DOING, "").said(said);
        match advice {
            Some(advice) => failure.advice(advice),
            None => failure,
        }
    }
}

/// A password in all the forms in which it is sent (RFC 4616): a server may repeat them.
fn spoken((username, password): &(String, Secret)) -> Vec<Secret> {
    let plain = format!("\0{username}\0{}", password.expose());
    let encoded = |text: &str| Secret::new(STANDARD.encode(text));
    vec![password.clone(), encoded(&plain), encoded(password.expose())]
}

fn mailbox(mailbox: &Mailbox) -> String {
    let address = &mailbox.address;
    match &mailbox.name {
        // Always encoded: then it needs no quotes, whatever is in it.
        Some(name) => format!("{} <{address}>", encoded(name)),
        None => address.to_string(),
    }
}

/// Text of a header: as it is where it can be, else in encoded words.
fn words(text: &str) -> String {
    let plain = text.chars().all(|c| c.is_ascii_graphic() || c == ' ') && !text.contains("=?");
    if plain { text.to_owned() } else { encoded(text) }
}

fn encoded(text: &str) -> String {
    let mut parts = vec![String::new()];
    for c in text.chars() {
        if parts.last().is_some_and(|part| part.len() + c.len_utf8() > WORD) {
            parts.push(String::new());
        }
        if let Some(part) = parts.last_mut() {
            part.push(c);
        }
    }
    let word = |part: &String| format!("=?utf-8?B?{}?=", STANDARD.encode(part));
    parts.iter().map(word).collect::<Vec<_>>().join("\r\n ")
}

//! A message as mail, handed to a mail server.

use std::time::{Duration, SystemTime};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use lettre::message::header::{ContentType, HeaderName, HeaderValue};
use lettre::transport::smtp;
use lettre::transport::smtp::authentication::Credentials;
use lettre::transport::smtp::client::{Tls, TlsParameters};
use lettre::{AsyncSmtpTransport, AsyncTransport as _, Message, Tokio1Executor};

use super::channel;
use crate::config::{Mail, MailTls};
use crate::model::{Failure, FailureClass, Notification, Secret, Shown};
use crate::transport::http::Secrets;

/// How long a connection may take, and all of it.
const CONNECT: Duration = Duration::from_secs(5);
const WHOLE: Duration = Duration::from_secs(15);

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
        let letter = self.letter(installation, message)?;
        let server = self.server().map_err(|e| self.failure(&e))?;
        let sent = tokio::time::timeout(WHOLE, server.send(letter)).await;
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

    fn letter(&self, installation: &str, message: &Notification) -> Result<Message, Failure> {
        let mut letter = Message::builder()
            .from(self.mail.from.clone())
            .subject(channel::subject(installation, message))
            // The same each time: a mail that arrives twice is shown once.
            .message_id(Some(format!("<{}@{}>", message.id, self.mail.from.email.domain())))
            .date(SystemTime::from(message.at))
            // Holiday notices are not sent in answer to it (RFC 3834).
            .raw_header(HeaderValue::new(
                HeaderName::new_from_ascii_str("Auto-Submitted"),
                "auto-generated".to_owned(),
            ))
            .header(ContentType::TEXT_PLAIN);
        for to in &self.mail.to {
            letter = letter.to(to.clone());
        }
        letter
            .body(channel::text(installation, message))
            .map_err(|e| Failure::new(FailureClass::Bug, DOING, "").said(e))
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

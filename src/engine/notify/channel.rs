//! A channel: one place that messages go to.

use super::mail::Post;
use super::webhook::Hook;
use crate::config::{Client, Config};
use crate::ledger::Route;
use crate::model::{Failure, Notification, NotificationEvent, Secret, Shown, SshAuth, SshServer};
use crate::transport::http::Secrets;

/// One place that messages go to.
pub(super) struct Channel {
    /// As it is booked and shown: `smtp`, `webhook ops`.
    pub(super) name: String,
    events: Vec<NotificationEvent>,
    kind: Kind,
}

enum Kind {
    Webhook(Box<Hook>),
    Mail(Box<Post>),
}

impl Channel {
    /// What is told here.
    pub(super) fn route(&self) -> Route {
        Route { channel: self.name.clone(), events: self.events.clone() }
    }

    /// Sends one message, once, and returns what the other side said.
    pub(super) async fn send(
        &self,
        installation: &str,
        message: &Notification,
    ) -> Result<Shown, Failure> {
        let sent = match &self.kind {
            Kind::Webhook(hook) => hook.send(installation, message).await,
            Kind::Mail(post) => post.send(installation, message).await,
        };
        sent.map_err(|failure| failure.about(&self.name))
    }
}

/// The channels of the configuration. Nothing is connected yet.
pub(super) fn open(config: &Config) -> Vec<Channel> {
    let settings = &config.notifications;
    let hooks = settings.webhooks.iter().filter_map(|webhook| {
        Some(Channel {
            name: format!("webhook {}", webhook.name),
            events: webhook.events.clone(),
            kind: Kind::Webhook(Box::new(Hook::new(&webhook.url)?)),
        })
    });
    let mail = settings.mail.iter().map(|mail| Channel {
        name: "smtp".to_owned(),
        events: mail.events.clone(),
        kind: Kind::Mail(Box::new(Post::new(mail.clone()))),
    });
    hooks.chain(mail).collect()
}

/// Everything that must not stand in a message, whoever repeated it.
pub(super) fn secrets(config: &Config) -> Secrets {
    let mut secrets: Vec<Secret> = Vec::new();
    let of_server = |server: &SshServer| of_auth(&server.auth);
    for client in config.clients.values() {
        match client {
            Client::Encoura(account) => {
                secrets.extend([account.api_key.clone(), account.password.clone()]);
            }
            Client::Sftp(server) => secrets.extend(of_server(server)),
            Client::Autodesk(account) => secrets.extend(account.client_secret.clone()),
            Client::GoogleDrive(_) => {}
        }
    }
    secrets.extend(config.destinations.values().flat_map(|to| of_server(&to.server)));
    secrets.extend(config.http.password.clone());
    let settings = &config.notifications;
    secrets.extend(settings.webhooks.iter().map(|webhook| webhook.url.clone()));
    secrets.extend(settings.heartbeat.iter().map(|heartbeat| heartbeat.url.clone()));
    let logins = settings.mail.iter().filter_map(|mail| mail.login.as_ref());
    secrets.extend(logins.map(|(_, password)| password.clone()));
    Secrets::keeping(secrets)
}

fn of_auth(auth: &SshAuth) -> Vec<Secret> {
    [&auth.password, &auth.key_passphrase].into_iter().flatten().cloned().collect()
}

/// The message as plain text: a line that says it all, then the rest.
pub(super) fn text(installation: &str, message: &Notification) -> String {
    let mut text = format!("{}\n", subject(installation, message));
    for line in &message.lines {
        text.push_str(line.as_str());
        text.push('\n');
    }
    text
}

/// `transship on etl1: Encoura exports: sign-in refused`.
pub(super) fn subject(installation: &str, message: &Notification) -> String {
    format!("transship on {}: {}", Shown::limited(installation, 80), message.title)
}

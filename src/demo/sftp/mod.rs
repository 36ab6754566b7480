//! An SFTP server: SSH by `russh`, SFTP v3 by our own codec, a folder of this
//! disk, and a receiver that takes what is delivered.

mod attributes;
mod booking;
mod channel;
mod execute;
mod files;
mod handles;
mod jail;
mod login;
mod rename;
mod session;
mod ssh;

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use axum::serve::Listener as _;
use russh::keys::{Algorithm, HashAlg, PrivateKey, PublicKey};
use russh::{MethodKind, MethodSet, server};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use super::consumer::{Consumer, Pickup};
use super::fault::Fault;
use super::net::Loopback;
use super::world::World;
use crate::model::{Failure, FailureClass, Secret};
use ssh::Guest;

/// Which of OpenSSH's extensions are offered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Extensions {
    /// `posix-rename@openssh.com`
    pub posix_rename: bool,
    /// `fsync@openssh.com`
    pub fsync: bool,
    /// `statvfs@openssh.com`
    pub statvfs: bool,
    /// `limits@openssh.com`
    pub limits: bool,
}

impl Extensions {
    /// None of them: a server that only knows version 3 as drafted.
    pub const NONE: Self =
        Self { posix_rename: false, fsync: false, statvfs: false, limits: false };
}

impl Default for Extensions {
    fn default() -> Self {
        Self { posix_rename: true, fsync: true, statvfs: true, limits: true }
    }
}

/// What every connection needs to know.
#[derive(Debug)]
pub(super) struct House {
    pub(super) world: Arc<World>,
    pub(super) username: String,
    pub(super) password: Secret,
    pub(super) authorized_keys: Vec<PublicKey>,
    /// Whether any other user is a client of the partner's folder.
    pub(super) feed: bool,
    pub(super) extensions: Extensions,
    pub(super) consumer: Consumer,
    pub(super) pickup: Pickup,
    pub(super) tasks: TaskTracker,
}

/// The server while it runs.
#[derive(Debug)]
pub(super) struct Server {
    pub(super) address: SocketAddr,
    /// `SHA256:…` of the host key.
    pub(super) fingerprint: String,
    /// The host key in the form of an `authorized_keys` line.
    pub(super) public_key: String,
}

impl Server {
    /// Starts serving on `listener` until `stop`.
    pub(super) fn start(
        house: Arc<House>,
        listener: Loopback,
        stop: CancellationToken,
    ) -> Result<Self, Failure> {
        let key = new_key()?;
        let server = Self {
            address: listener.address(),
            fingerprint: key.fingerprint(HashAlg::Sha256).to_string(),
            public_key: key.public_key().to_openssh().map_err(key_failure)?,
        };
        let right = Arc::new(configuration(key));
        let wrong = Arc::new(configuration(new_key()?));
        let tasks = house.tasks.clone();
        tasks.spawn(stop.run_until_cancelled_owned(accept(house, listener, right, wrong)));
        Ok(server)
    }
}

async fn accept(
    house: Arc<House>,
    mut listener: Loopback,
    right: Arc<server::Config>,
    wrong: Arc<server::Config>,
) {
    loop {
        let (stream, _) = listener.accept().await;
        let changed = house.world.strike(Fault::HostKeyChanged).is_some();
        let configuration = Arc::clone(if changed { &wrong } else { &right });
        let guest = Guest::new(Arc::clone(&house), stream.scissors());
        house.tasks.spawn(async move {
            // How a connection ends is the client's business; the world keeps the score.
            if let Ok(session) = server::run_stream(configuration, stream, guest).await {
                let _ = session.await;
            }
        });
    }
}

fn configuration(key: PrivateKey) -> server::Config {
    server::Config {
        methods: MethodSet::from(&[MethodKind::PublicKey, MethodKind::Password][..]),
        auth_rejection_time: Duration::from_millis(100),
        auth_rejection_time_initial: Some(Duration::ZERO),
        keys: vec![key],
        // A client may rest between two files longer than any test runs.
        inactivity_timeout: None,
        nodelay: true,
        ..server::Config::default()
    }
}

fn new_key() -> Result<PrivateKey, Failure> {
    PrivateKey::random(&mut rand::rng(), Algorithm::Ed25519).map_err(key_failure)
}

fn key_failure(error: impl std::fmt::Display) -> Failure {
    Failure::new(FailureClass::Local, "making a host key", "").said(error)
}

/// A public key as it stands in an `authorized_keys` file.
pub(super) fn authorized_key(line: &str) -> Result<PublicKey, Failure> {
    line.parse().map_err(|error| {
        Failure::new(FailureClass::Misconfigured, "reading the public key", line)
            .said(error)
            .advice("give it as in authorized_keys: type, key in base64, comment")
    })
}

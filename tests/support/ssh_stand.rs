//! An SSH server that does whatever a test's handler says, also what no real
//! server would do.

#![allow(dead_code, reason = "each test binary uses another part of it")]

use std::sync::Arc;
use std::time::Duration;

use russh::keys::ssh_key::HashAlg;
use russh::keys::{Algorithm, PrivateKey};
use russh::server::{Config, Handler, run_stream};
use russh::{MethodKind, MethodSet};
use tokio::net::TcpListener;
use transship::model::{HostKeyPolicy, Secret, SshAuth, SshServer};

pub const USER: &str = "sftp@school.example";
pub const PASSWORD: &str = "canary pässword";

/// Serves on a free loopback port until the test ends; every connection gets a
/// clone of `handler`.
pub async fn serve<H>(handler: H, methods: &[MethodKind]) -> SshServer
where
    H: Handler + Clone + Send + Sync + 'static,
{
    let key = PrivateKey::random(&mut rand::rng(), Algorithm::Ed25519).unwrap();
    let pin = key.public_key().fingerprint(HashAlg::Sha256).to_string();
    let config = Arc::new(Config {
        keys: vec![key],
        methods: MethodSet::from(methods),
        auth_rejection_time: Duration::ZERO,
        ..Config::default()
    });
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    tokio::spawn(async move {
        while let Ok((tcp, _)) = listener.accept().await {
            if let Ok(running) = run_stream(Arc::clone(&config), tcp, handler.clone()).await {
                tokio::spawn(running);
            }
        }
    });
    SshServer {
        host: "127.0.0.1".to_owned(),
        port,
        username: USER.to_owned(),
        auth: SshAuth { password: Some(Secret::new(PASSWORD)), ..SshAuth::default() },
        host_key: HostKeyPolicy::Pinned(vec![pin]),
        connect_timeout: Duration::from_secs(20),
        request_timeout: Duration::from_secs(20),
    }
}

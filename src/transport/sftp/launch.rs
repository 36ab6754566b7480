//! From the settings of a server to a session that works.

use std::io;
use std::net::TcpStream;
use std::sync::Arc;

use ssh2::{Channel, Session};
use tokio::runtime::Runtime;
use tokio::sync::{mpsc, oneshot};

use super::driver::Driver;
use super::link::{Link, Outgoing, Shared};
use super::stream::PacketStream;
use crate::model::{Failure, FailureClass, SshServer};
use crate::transport::ssh;

/// What the server may send before we make room again; its own default of 2 MiB
/// limits what travels far.
const RECEIVE_WINDOW: u32 = 8 * 1024 * 1024;

/// The longest SSH packet we take, as OpenSSH's own client says it.
const SSH_PACKET: u32 = 32 * 1024;

/// Starts the thread of a new session and waits until it is signed in.
pub(super) async fn launch(server: &SshServer) -> Result<Link, Failure> {
    let address = ssh::address(server);
    let (requests, incoming) = mpsc::unbounded_channel();
    let (ready, started) = oneshot::channel();
    let thread_server = server.clone();
    std::thread::Builder::new()
        .name(format!("sftp {}", server.host))
        .spawn(move || run(&thread_server, incoming, ready))
        .map_err(|e| Failure::io("starting a thread for", &address, &e))?;
    let shared = started.await.unwrap_or_else(|_| {
        Err(Failure::new(FailureClass::Bug, "connecting to", &address)
            .said("the session's thread ended without a word"))
    })?;
    Ok(Link::new(requests, shared))
}

/// Runs one session on this thread: signs in, reports how that went through
/// `ready`, and drives the session to its end.
fn run(
    server: &SshServer,
    requests: mpsc::UnboundedReceiver<Outgoing>,
    ready: oneshot::Sender<Result<Arc<Shared>, Failure>>,
) {
    let started = match start(server) {
        Ok(started) => started,
        Err(failure) => {
            // Where nobody waits any more nobody has to know.
            let _ = ready.send(Err(failure));
            return;
        }
    };
    let Started { session, stream, socket, shared, runtime } = started;
    runtime.block_on(async {
        let socket = match tokio::net::TcpStream::from_std(socket) {
            Ok(socket) => socket,
            Err(e) => {
                let _ = ready.send(Err(Failure::io("waiting for", shared.address(), &e)));
                return;
            }
        };
        let timeout = server.request_timeout;
        let driver = Driver::new(session, socket, stream, requests, Arc::clone(&shared), timeout);
        // Where nobody waits any more the requests' end is gone too, and the
        // driver ends by itself.
        let _ = ready.send(Ok(shared));
        driver.run().await;
    });
}

struct Started {
    session: Session,
    stream: PacketStream,
    socket: TcpStream,
    shared: Arc<Shared>,
    runtime: Runtime,
}

/// Everything that blocks.
fn start(server: &SshServer) -> Result<Started, Failure> {
    let address = ssh::address(server);
    let local = |e: io::Error| Failure::io("preparing a session with", &address, &e);
    let ssh::SshConnection { session, tcp } = ssh::connect(server)?;
    let banner = session.banner_bytes().map(<[u8]>::to_vec).unwrap_or_default();
    let channel = open_channel(&session, server)?;
    session.set_blocking(false);
    let own_socket = tcp.try_clone().map_err(local)?;
    tcp.set_nonblocking(true).map_err(local)?;
    let runtime =
        tokio::runtime::Builder::new_current_thread().enable_all().build().map_err(local)?;
    Ok(Started {
        session,
        stream: PacketStream::new(channel),
        socket: tcp,
        shared: Arc::new(Shared::new(address, banner, own_socket)),
        runtime,
    })
}

/// Opens the channel of the SFTP subsystem.
fn open_channel(session: &Session, server: &SshServer) -> Result<Channel, Failure> {
    let failed = |e: ssh2::Error| {
        ssh::lost(server, "starting SFTP on", &e).advice(
            "the sign-in worked, SFTP did not start: the account may not be allowed to use it, or \
             it is a restricted account whose folder is missing",
        )
    };
    let mut channel =
        session.channel_open("session", RECEIVE_WINDOW, SSH_PACKET, None).map_err(failed)?;
    channel.subsystem("sftp").map_err(failed)?;
    Ok(channel)
}

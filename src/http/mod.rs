//! The HTTP server: health, status, metrics, help, and the partners' data.
//!
//! It knows the engine's [`Handle`] and the read sides of ledger and silver, and nothing else; no
//! reading keeps the runtime waiting. A request comes through `listen` (addresses,
//! connections, time-outs) and `gate` (Host, `limiter`, `login`) to one of the `routes`;
//! whatever is wrong is answered with a `problem`.
//!
//! | file | what it is for |
//! |---|---|
//! | `listen`, `connection` | addresses, busy ports; one connection and its limits |
//! | `gate`, `host`, `limiter`, `login` | who may ask, and how often |
//! | `routes`, `help`, `answer`, `problem` | what can be asked; bodies |
//! | `ask` | the other end: what a running instance says of itself |
//! | `health`, `status`, `metrics`, `exposition` | the answers |
//! | `data` | the data routes: pages, exports, `/openapi.json` |
//! | `app`, `live` | what they share; what moves now |

mod answer;
mod app;
mod ask;
mod connection;
mod data;
mod exposition;
mod gate;
mod health;
mod help;
mod host;
mod limiter;
mod listen;
mod live;
mod login;
mod metrics;
mod problem;
mod routes;
mod status;
mod untold;

use std::sync::Arc;

use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::config::HttpSettings;
use crate::engine::Handle;
use crate::ledger::Reader;
use app::App;

pub use ask::{Vitals, vitals};
pub use data::Data;

/// The server at work, on as many of its addresses as are free.
#[derive(Debug)]
pub struct Server {
    stop: CancellationToken,
    tasks: TaskTracker,
}

impl Server {
    /// Starts to listen where `settings` say. An address that cannot be had is said so
    /// and tried again; it is no reason for anything else to stop. `data` are the
    /// datasets that are served; none where none are configured.
    pub fn start(
        settings: &HttpSettings,
        handle: Handle,
        reader: Arc<Reader>,
        data: Option<Data>,
    ) -> Self {
        let (stop, tasks) = (CancellationToken::new(), TaskTracker::new());
        let events = handle.subscribe();
        let app = Arc::new(App::new(settings, handle, reader, data));
        tasks.spawn(live::follow(app.live.clone(), events, stop.clone()));
        for place in 0..settings.listen.len() {
            tasks.spawn(listen::keep(app.clone(), place, stop.clone()));
        }
        Self { stop, tasks }
    }

    /// Answers what was asked already, and stops.
    pub async fn stop(self) {
        self.stop.cancel();
        self.tasks.close();
        self.tasks.wait().await;
    }
}

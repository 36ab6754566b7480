//! All stand-ins together: started, reached, stopped.

use std::future::IntoFuture as _;
use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use tokio_util::sync::{CancellationToken, DropGuard};
use tokio_util::task::TaskTracker;

use super::access::{EncouraAccess, SftpAccess};
use super::autodesk::{AutodeskAccess, AutodeskOptions};
use super::consumer::{self, Consumer, Pickup};
use super::encoura::{Api, Store};
use super::feed::FeedAccess;
use super::google_drive::{self, DriveOptions, GoogleDriveAccess};
use super::net::{Loopback, Scissors};
use super::options::Options;
use super::sftp::{House, Server};
use super::world::{PROCESSED, UPLOADS, World, random_uid};
use super::{autodesk, control, encoura, sftp};
use crate::model::{Failure, Secret};

/// Longest wait for connections to end when the stand-ins are stopped.
const GOODBYE: Duration = Duration::from_secs(5);

/// The stand-ins while they run. They stop when this is dropped;
/// [`StandIns::stop`] also waits for it.
#[derive(Debug)]
pub struct StandIns {
    world: Arc<World>,
    encoura: EncouraAccess,
    sftp: SftpAccess,
    feed: Option<FeedAccess>,
    google_drive: GoogleDriveAccess,
    autodesk: AutodeskAccess,
    control_url: String,
    tasks: TaskTracker,
    stop: DropGuard,
}

impl StandIns {
    /// Starts them; when this returns, all of them listen on 127.0.0.1.
    ///
    /// # Errors
    /// A port is taken, the folder cannot be written, a public key is none.
    pub async fn start(options: Options) -> Result<Self, Failure> {
        let world = World::new(&options.dir)?;
        for export in options.exports {
            world.add(export);
        }
        for arming in options.faults {
            world.arm(arming);
        }
        let stop = CancellationToken::new();
        // From here on an error stops what has been started already.
        let guard = stop.clone().drop_guard();
        let tasks = TaskTracker::new();
        let bind = |service, port| Loopback::bind(service, port, stop.clone());

        let store_listener = bind("the object store", options.store_port).await?;
        let store = Store::new(Arc::clone(&world), origin(store_listener.address()))?;
        let store = Arc::new(store);
        serve(encoura::store_router(Arc::clone(&store)), store_listener, &tasks, &stop);

        let api_listener = bind("the Encoura API", options.encoura_port).await?;
        let access = encoura_access(api_listener.address());
        let api = Api::new(
            Arc::clone(&world),
            access.clone(),
            store,
            options.auth_scheme,
            options.flips,
            options.url_life,
        );
        serve(encoura::router(Arc::new(api)), api_listener, &tasks, &stop);

        let autodesk = start_autodesk(&world, options.autodesk, &tasks, &stop).await?;

        let keys = options.authorized_keys.iter().map(|line| sftp::authorized_key(line));
        let house = Arc::new(House {
            world: Arc::clone(&world),
            username: "sftp@school.example".to_owned(),
            password: Secret::new(random_uid()),
            authorized_keys: keys.collect::<Result<_, _>>()?,
            feed: options.feed.is_some(),
            extensions: options.extensions,
            consumer: options.consumer,
            pickup: options.pickup,
            tasks: tasks.clone(),
        });
        if let Some(feed) = options.feed {
            world.feed().fill(feed)?;
        }
        let listener = bind("the SFTP server", options.sftp_port).await?;
        let server = Server::start(Arc::clone(&house), listener, stop.clone())?;
        if let Consumer::Every(pause) = options.consumer {
            let rounds = consume(Arc::clone(&world), pause, options.pickup);
            tasks.spawn(stop.clone().run_until_cancelled_owned(rounds));
        }

        let listener = bind("Google Drive", options.google_drive_port).await?;
        let (api, google_drive) =
            google_drive_api(&world, &options.dir, options.google_drive, listener.address())?;
        serve(google_drive::router(Arc::new(api)), listener, &tasks, &stop);

        let listener = bind("the control URL", options.control_port).await?;
        let control_url = origin(listener.address());
        serve(control::router(Arc::clone(&world)), listener, &tasks, &stop);

        let sftp = sftp_access(&house, server);
        let feed = house.feed.then(|| FeedAccess::beside(&sftp));
        Ok(Self {
            world,
            encoura: access,
            sftp,
            feed,
            google_drive,
            autodesk,
            control_url,
            tasks,
            stop: guard,
        })
    }

    /// What is true outside.
    pub fn world(&self) -> &Arc<World> {
        &self.world
    }

    /// How to sign in to Encoura.
    pub fn encoura(&self) -> &EncouraAccess {
        &self.encoura
    }

    /// How to sign in to the SFTP server.
    pub fn sftp(&self) -> &SftpAccess {
        &self.sftp
    }

    /// How to sign in to the partner's folder, if there is one.
    pub fn feed(&self) -> Option<&FeedAccess> {
        self.feed.as_ref()
    }

    /// How to sign in to Google Drive.
    pub fn google_drive(&self) -> &GoogleDriveAccess {
        &self.google_drive
    }

    /// How to sign in to Autodesk Platform Services.
    pub fn autodesk(&self) -> &AutodeskAccess {
        &self.autodesk
    }

    /// Where the world can be seen and changed, without a trailing slash.
    pub fn control_url(&self) -> &str {
        &self.control_url
    }

    /// Stops them and waits until nothing of them is left.
    pub async fn stop(self) {
        drop(self.stop);
        self.tasks.close();
        // A connection that will not end is no reason to hang for ever.
        let _ = tokio::time::timeout(GOODBYE, self.tasks.wait()).await;
    }
}

async fn start_autodesk(
    world: &Arc<World>,
    options: AutodeskOptions,
    tasks: &TaskTracker,
    stop: &CancellationToken,
) -> Result<AutodeskAccess, Failure> {
    let listener = Loopback::bind("the Autodesk store", options.store_port, stop.clone()).await?;
    let storage = autodesk::Storage::new(Arc::clone(world), origin(listener.address()))?;
    let storage = Arc::new(storage);
    serve(autodesk::storage_router(Arc::clone(&storage)), listener, tasks, stop);
    let listener = Loopback::bind("Autodesk", options.port, stop.clone()).await?;
    let access = autodesk::found(world, &options, origin(listener.address()));
    let api = autodesk::Api::new(Arc::clone(world), access.clone(), options, storage);
    serve(autodesk::router(Arc::new(api)), listener, tasks, stop);
    Ok(access)
}

fn serve(router: Router, listener: Loopback, tasks: &TaskTracker, stop: &CancellationToken) {
    let app = router.into_make_service_with_connect_info::<Scissors>();
    let served = axum::serve(listener, app).into_future();
    tasks.spawn(stop.clone().run_until_cancelled_owned(served));
}

async fn consume(world: Arc<World>, pause: Duration, pickup: Pickup) {
    loop {
        tokio::time::sleep(pause).await;
        let world = Arc::clone(&world);
        // An error here is a panic there, which was reported already.
        let _ = tokio::task::spawn_blocking(move || consumer::sweep(&world, pickup)).await;
    }
}

fn origin(address: SocketAddr) -> String {
    format!("http://{address}")
}

fn encoura_access(address: SocketAddr) -> EncouraAccess {
    EncouraAccess {
        base_url: format!("{}/v1", origin(address)),
        api_key: Secret::new(random_uid()),
        username: "ops@school.example".to_owned(),
        password: Secret::new(random_uid()),
        organization_uid: random_uid(),
    }
}

fn sftp_access(house: &House, server: Server) -> SftpAccess {
    SftpAccess {
        host: server.address.ip().to_string(),
        port: server.address.port(),
        host_key: server.fingerprint,
        host_public_key: server.public_key,
        username: house.username.clone(),
        password: house.password.clone(),
        directory: UPLOADS.to_owned(),
        processed: PROCESSED.to_owned(),
    }
}

/// Google Drive, with what lies in it from the beginning and its key file in `dir`.
fn google_drive_api(
    world: &Arc<World>,
    dir: &Path,
    options: DriveOptions,
    address: SocketAddr,
) -> Result<(google_drive::Api, GoogleDriveAccess), Failure> {
    let drive = world.google_drive();
    if options.samples {
        drive.add_samples()?;
    }
    for operation in options.operations.iter().cloned() {
        drive.apply(operation)?;
    }
    let key = google_drive::ServiceKey::generate()?;
    let folder = dir.join("google_drive");
    let credentials_path = key.write(&folder, &format!("{}/token", origin(address)))?;
    let access = GoogleDriveAccess {
        base_url: origin(address),
        credentials_path,
        client_email: google_drive::SERVICE_ACCOUNT.to_owned(),
        subject: google_drive::OWNER.to_owned(),
        root_folder_id: drive.root_folder_id().to_owned(),
        shared_drive_id: drive.shared_drive_id().to_owned(),
    };
    let api = google_drive::Api::new(Arc::clone(world), options, key, origin(address))?;
    Ok((api, access))
}

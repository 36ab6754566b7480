//! The real program, made to do what the peers do.

use std::path::Path;
use std::process::Command;

use transship::demo::{EncouraAccess, NewExport, Options, StandIns, Status};

use crate::measure::{self, Took};
use crate::peers::Server;

/// A site whose files were exported by the stand-in of Encoura, fetched and verified, and
/// wait for a server at which nobody listens. Fetched once: the stand-in limits its callers,
/// as Encoura does.
pub struct Waiting {
    site: tempfile::TempDir,
    // The lists are asked for again by each pass.
    stand_ins: StandIns,
}

impl Waiting {
    pub async fn with(server: &Server, folder: &Path, from: &Path, names: &[String]) -> Self {
        let site = tempfile::tempdir_in(folder).unwrap();
        let exports = names.iter().map(|name| NewExport {
            name: name.clone(),
            product_key: "score-reporter".into(),
            content: std::fs::read(from.join(name)).unwrap().into(),
            status: Status::NotDelivered,
        });
        let mut options = Options::new(site.path().join("world"));
        options.exports = exports.collect();
        let stand_ins = StandIns::start(options).await.unwrap();
        configure(site.path(), &yaml_up(stand_ins.encoura(), server, 1, Path::new("to")));
        let _ = transship(site.path()).output().unwrap();
        Self { site, stand_ins }
    }

    /// A pass in which they are staged, verified, published and booked, from the start of
    /// the program to its end; of a copy, so that the next round finds them waiting too.
    pub fn up(&self, server: &Server, site: &Path, from: &Path, names: &[String]) -> Took {
        copy(&self.site.path().join("data"), &site.join("data"));
        let to = site.join("to");
        std::fs::create_dir(&to).unwrap();
        configure(site, &yaml_up(self.stand_ins.encoura(), server, server.port, &to));
        let took = measure::run(&mut transship(site));
        let size = from.join(&names[0]).metadata().unwrap().len();
        crate::check(&to, names.len(), size as usize, "transship");
        published(site, names.len());
        took
    }
}

fn copy(from: &Path, to: &Path) {
    let copied = Command::new("cp").arg("-a").arg(from).arg(to).status().unwrap();
    // What is written back later is not the measured program's.
    let synced = Command::new("sync").status().unwrap();
    assert!(copied.success() && synced.success(), "{}", from.display());
}

/// Downloads: a partner's folder is listed, and its files fetched, hashed, synced and
/// booked, from the start of the program to its end.
pub fn down(server: &Server, site: &Path, from: &Path, names: &[String]) -> Took {
    configure(
        site,
        &format!(
            "clients:
  feed: {{ type: sftp, {} }}
endpoints:
  - name: Feed
    endpoint_type: sftp
    project_id: p
    user_id: u
    client: feed
    endpoint_details: {{ directory: {:?}, settle_seconds: 0 }}
",
            login(server, server.port),
            from.display().to_string()
        ),
    );
    let took = measure::run(&mut transship(site));
    let size = from.join(&names[0]).metadata().unwrap().len();
    crate::check(&site.join("data/bronze"), names.len(), size as usize, "transship");
    took
}

fn login(server: &Server, port: u16) -> String {
    format!(
        "host: 127.0.0.1, port: {port}, username: {}, key_path: {:?}, host_key: {:?}",
        server.user,
        server.key.display().to_string(),
        server.fingerprint
    )
}

fn yaml_up(encoura: &EncouraAccess, server: &Server, port: u16, to: &Path) -> String {
    format!(
        "clients:
  encoura: {{ base_url: {:?}, api_key: {:?}, organization_uid: {:?}, username: {:?}, password: {:?} }}
destinations:
  there: {{ type: sftp, {}, directory: {:?} }}
endpoints:
  - name: Exports
    endpoint_type: encoura
    project_id: p
    user_id: u
    deliver_to: there
",
        encoura.base_url,
        encoura.api_key.expose(),
        encoura.organization_uid,
        encoura.username,
        encoura.password.expose(),
        login(server, port),
        to.display().to_string()
    )
}

fn configure(site: &Path, yaml: &str) {
    let yaml = format!("limits: {{ max_backlog: 1000000 }}\n{yaml}");
    std::fs::write(site.join("connector.yaml"), yaml).unwrap();
}

fn transship(site: &Path) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_transship"));
    command.args(["--quiet", "sync", "--config"]).arg(site.join("connector.yaml"));
    command
}

/// Whether the books say so too.
fn published(site: &Path, files: usize) {
    let books = rusqlite::Connection::open(site.join("data/connector.db")).unwrap();
    let sql = "SELECT count(*) FROM deliveries WHERE published_at IS NOT NULL";
    let published: usize = books.query_row(sql, [], |row| row.get::<_, i64>(0)).unwrap() as usize;
    assert_eq!(published, files, "transship: in the books");
}

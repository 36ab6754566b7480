//! rclone, unmodified: through a proxy that says it is the vendor.

use std::io::{BufRead as _, BufReader, Read as _};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use transship::demo::GoogleDriveAccess;
use url::Url;

use crate::measure::{self, Took};

/// The proxy, and how rclone is to sign in; the proxy ends with this.
pub struct Rclone {
    proxy: Child,
    address: String,
    folder: PathBuf,
    credentials: PathBuf,
    root: String,
}

impl Drop for Rclone {
    fn drop(&mut self) {
        let _ = self.proxy.kill();
        let _ = self.proxy.wait();
    }
}

impl Rclone {
    pub fn new(folder: &Path, access: &GoogleDriveAccess) -> Self {
        let [certificate, key] = ["proxy.pem", "proxy.key"].map(|name| folder.join(name));
        let made = Command::new("openssl")
            .args(["req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2"])
            .args(["-subj", "/CN=www.googleapis.com"])
            .args(["-addext", "subjectAltName=DNS:*.googleapis.com", "-keyout"])
            .arg(&key)
            .arg("-out")
            .arg(&certificate)
            .stderr(Stdio::null())
            .status();
        assert!(made.is_ok_and(|status| status.success()), "openssl has to be there");
        let port = access.base_url.parse::<Url>().unwrap().port().unwrap();
        let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/contracts/google/proxy.py");
        let mut proxy = Command::new("python3")
            .arg(script)
            .arg(port.to_string())
            .args([certificate, key])
            .env("PYTHONDONTWRITEBYTECODE", "1")
            .stdout(Stdio::piped())
            .spawn()
            .expect("python3 has to be there");
        let mut listening = String::new();
        BufReader::new(proxy.stdout.take().unwrap()).read_line(&mut listening).unwrap();
        std::fs::write(folder.join("rclone.conf"), "[drive]\ntype = drive\n").unwrap();
        Self {
            proxy,
            address: format!("http://127.0.0.1:{}", listening.trim()),
            folder: folder.to_owned(),
            credentials: access.credentials_path.clone(),
            root: access.root_folder_id.clone(),
        }
    }

    /// Lists everything; how many files it found.
    pub fn list(&self, options: &[&str]) -> (Took, usize) {
        let printed = self.folder.join("listed.json");
        let mut command = Command::new("sh");
        // What it prints is to be counted.
        command.args(["-c", "out=$1; shift; exec \"$@\" >\"$out\"", "sh"]).arg(&printed);
        command.args(["rclone", "lsjson", "-R", "--files-only", "drive:"]);
        command.args(["--no-check-certificate", "--drive-skip-shortcuts", "--fast-list"]);
        command.args(["--drive-scope", "drive.readonly", "--drive-service-account-file"]);
        command.arg(&self.credentials).args(["--drive-root-folder-id", &self.root]).args(options);
        command.env("HTTPS_PROXY", &self.address);
        command.env("RCLONE_CONFIG", self.folder.join("rclone.conf"));
        let took = measure::run(&mut command);
        let mut text = String::new();
        std::fs::File::open(&printed).unwrap().read_to_string(&mut text).unwrap();
        let listed: Vec<serde_json::Value> = serde_json::from_str(&text).unwrap();
        (took, listed.len())
    }
}

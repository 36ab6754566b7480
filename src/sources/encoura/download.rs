//! Where one export's content is.
//!
//! The URL is asked for immediately before its GET and is a secret: it is never
//! shown with its query. The GET carries none of the API's headers.

use async_trait::async_trait;
use percent_encoding::percent_decode_str;
use serde_json::Value;
use tokio_util::sync::CancellationToken;
use url::Url;

use super::{ContentSink, Encoura};
use crate::model::Failure;
use crate::sources::download::{Download, Locate, Located};
use crate::transport::http::{self, SendFailure, place, retrying, unexpected};

const ASKING: &str = "asking for the download of";

/// The content of one export.
struct Export<'a> {
    encoura: &'a Encoura,
    uid: &'a str,
}

impl Encoura {
    /// Fetches the content of `uid` into `sink`.
    pub(super) async fn download(
        &self,
        uid: &str,
        sink: &mut dyn ContentSink,
        cancel: &CancellationToken,
    ) -> Result<(), Failure> {
        let download = Download { store: &self.store, secrets: &self.secrets, object: uid };
        download.run(&Export { encoura: self, uid }, sink, cancel).await
    }

    /// Asks for the pre-signed URL of `uid`, and checks it.
    async fn download_url(&self, uid: &str) -> Result<Url, Failure> {
        let ask = self.url(&["datacenter", "exports", uid, "download"]);
        let reply: Value = retrying(|| async {
            let reply = self.call(ASKING, &ask, true).await?;
            Ok::<_, SendFailure>(http::json(ASKING, reply, &self.secrets).await?)
        })
        .await?;
        let Some(text) = reply.get("downloadUrl").and_then(Value::as_str) else {
            let said = reply.get("message").and_then(Value::as_str).unwrap_or_default();
            let what = "the reply holds no downloadUrl";
            return Err(unexpected(ASKING, &place(&ask), what, said.as_bytes(), &self.secrets));
        };
        self.store.guard().checked_url(ASKING, text)
    }
}

#[async_trait]
impl Locate for Export<'_> {
    async fn locate(&self, _offset: u64) -> Result<Located, Failure> {
        let url = self.encoura.download_url(self.uid).await?;
        Ok(Located { name: file_name(&url), ..Located::whole(url) })
    }
}

/// The last segment of the URL's path, percent-decoded.
fn file_name(url: &Url) -> Option<String> {
    let last = url.path_segments()?.next_back().filter(|last| !last.is_empty())?;
    Some(percent_decode_str(last).decode_utf8_lossy().into_owned())
}

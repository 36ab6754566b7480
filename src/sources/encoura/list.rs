//! The two lists.

use std::path::Path;

use reqwest::StatusCode;
use url::Url;

use super::{Encoura, ListKind};
use crate::model::{Failure, FailureClass};
use crate::transport::http::{NewFile, SendFailure, place, retrying};

const LISTING: &str = "listing exports at";

/// The most bytes that a list may have.
const MAX_LIST: usize = 64 * 1024 * 1024;

impl Encoura {
    /// Asks for a list and stores its body as it came.
    pub(super) async fn stored_list(
        &self,
        kind: ListKind,
        product_key: Option<&str>,
        path: &Path,
    ) -> Result<(), SendFailure> {
        let url = self.list_url(kind, product_key);
        match kind {
            // The vendor marks an export as delivered when it is listed: a
            // second request could be answered without what the first one lost.
            ListKind::NotDelivered => self.list_once(&url, false, path).await,
            ListKind::Delivered => retrying(|| self.list_once(&url, true, path)).await,
        }
    }

    async fn list_once(&self, url: &Url, repeatable: bool, path: &Path) -> Result<(), SendFailure> {
        // The file comes first: a full disk must be known before the request.
        let mut file = NewFile::create(path)
            .await
            .map_err(|failure| SendFailure::from(failure).sent(false))?;
        let reply = match self.call(LISTING, url, repeatable).await {
            Ok(reply) => reply,
            Err(failed) => {
                file.discard().await;
                return Err(failed);
            }
        };
        let status = reply.status();
        // 202, 206 and the like are successes of another kind than "here it is".
        if !matches!(status, StatusCode::OK | StatusCode::NO_CONTENT) {
            file.discard().await;
            return Err(Failure::new(FailureClass::Protocol, LISTING, place(url))
                .said(format!("{status}, which is not a list"))
                .into());
        }
        file.receive(LISTING, reply, MAX_LIST).await?;
        file.keep().await?;
        Ok(())
    }

    fn list_url(&self, kind: ListKind, product_key: Option<&str>) -> Url {
        let mut url = self.url(&["datacenter", "exports"]);
        let mut query = url.query_pairs_mut();
        query.append_pair("status", kind.as_str());
        if let Some(key) = product_key {
            query.append_pair("productKey", key);
        }
        drop(query);
        url
    }
}

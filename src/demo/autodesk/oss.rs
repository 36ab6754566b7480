//! OSS (the official OpenAPI, `oss.yaml`), as far as a download needs it: the
//! signed URL of an object, and its details.

use std::sync::Arc;
use std::time::Duration;

use aws_lc_rs::digest;
use axum::extract::{Path, State};
use axum::http::{StatusCode, Uri};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use axum::{Json, Router};
use bytes::Bytes;
use serde_json::{Map, Value, json};

use super::tree::{Version, mime_type, type_of};
use super::{Api, encoded};
use crate::demo::fault::Fault;

/// Bytes of a chunk of an object that is not put together yet, at the least.
const CHUNK: u64 = 64 * 1024;

/// The routes below `/oss/v2`.
pub(super) fn router() -> Router<Arc<Api>> {
    const OBJECT: &str = "/oss/v2/buckets/{bucket}/objects/{object}";
    Router::new()
        .route(&format!("{OBJECT}/signeds3download"), get(signed))
        .route(&format!("{OBJECT}/details"), get(details))
}

/// An error of OSS.
#[derive(Clone, Copy, Debug)]
struct Refusal(StatusCode, &'static str);

impl IntoResponse for Refusal {
    fn into_response(self) -> Response {
        (self.0, Json(json!({ "reason": self.1 }))).into_response()
    }
}

/// An object that the caller may have.
struct Object {
    bucket: String,
    key: String,
    name: String,
    content: Bytes,
}

async fn signed(
    State(api): State<Arc<Api>>,
    Path((bucket, key)): Path<(String, String)>,
    uri: Uri,
) -> Response {
    let signed = || -> Result<Value, Refusal> {
        let query: Vec<(String, String)> =
            url::form_urlencoded::parse(uri.query().unwrap_or_default().as_bytes())
                .into_owned()
                .collect();
        let asked = |name: &str| query.iter().find(|(key, _)| key == name).map(|(_, v)| v.as_str());
        let minutes = match asked("minutesExpiration").unwrap_or("2").parse::<u64>() {
            Ok(minutes @ 1..=60) => minutes,
            _ => {
                let says = "minutesExpiration must be between 1 and 60";
                return Err(Refusal(StatusCode::BAD_REQUEST, says));
            }
        };
        let object = find(&api, bucket, key)?;
        let life = if api.strikes(Fault::ApsUrlExpired) {
            Duration::ZERO
        } else {
            Duration::from_secs(minutes * 60)
        };
        let mut reply = json!({
            "status": "complete",
            "params": { "content-type": mime_type(type_of(&object.name).as_deref()) },
            "size": object.content.len(),
            "sha1": sha1(&object.content),
        });
        if api.strikes(Fault::ApsWrongSha1) {
            reply["sha1"] = sha1(b"something else").into();
        }
        let in_chunks = api.strikes(Fault::ApsChunked);
        let fallback = asked("public-resource-fallback") == Some("true");
        if in_chunks && !fallback {
            reply["status"] = "chunked".into();
            reply["urls"] = chunks(&api, &object, life).into();
        } else {
            let fallen_back = in_chunks || api.strikes(Fault::ApsFallback);
            reply["status"] = if fallen_back { "fallback" } else { "complete" }.into();
            reply["url"] = api.storage.sign(&object.bucket, &object.key, None, life).into();
        }
        Ok(reply)
    };
    signed().map_or_else(IntoResponse::into_response, |reply| Json(reply).into_response())
}

/// A signed URL for each range of bytes, both ends included.
fn chunks(api: &Api, object: &Object, life: Duration) -> Map<String, Value> {
    let size = object.content.len() as u64;
    let length = CHUNK.min(size / 3).max(1);
    let starts = (0..size).step_by(length as usize);
    let urls = starts.map(|from| {
        let range = format!("{from}-{}", (from + length).min(size) - 1);
        let url = api.storage.sign(&object.bucket, &object.key, Some(&range), life);
        (range, Value::from(url))
    });
    urls.collect()
}

async fn details(
    State(api): State<Arc<Api>>,
    Path((bucket, key)): Path<(String, String)>,
) -> Response {
    let object = match find(&api, bucket, key) {
        Ok(object) => object,
        Err(refusal) => return refusal.into_response(),
    };
    let Object { bucket, key, name, content } = object;
    Json(json!({
        "bucketKey": bucket,
        "objectId": format!("urn:adsk.objects:os.object:{bucket}/{key}"),
        "objectKey": key,
        "size": content.len(),
        "sha1": sha1(&content),
        "contentType": mime_type(type_of(&name).as_deref()),
        "location": format!(
            "{}/oss/v2/buckets/{bucket}/objects/{}", api.access.base_url, encoded(&key)
        ),
    }))
    .into_response()
}

fn find(api: &Api, bucket: String, key: String) -> Result<Object, Refusal> {
    if api.strikes(Fault::ApsDownload403) {
        return Err(Refusal(StatusCode::FORBIDDEN, "Access denied"));
    }
    let tree = api.world.autodesk_tree();
    if !tree.has_bucket(&bucket) {
        return Err(Refusal(StatusCode::NOT_FOUND, "Bucket not found"));
    }
    let (file, version): (_, &Version) =
        tree.object(&bucket, &key).ok_or(Refusal(StatusCode::NOT_FOUND, "Object not found"))?;
    let project = &tree.projects[tree.folders[file.folder].project];
    let seen = tree.provisioned && project.active && tree.allowed(file.folder);
    if !seen || file.view_only {
        return Err(Refusal(StatusCode::FORBIDDEN, "Access denied"));
    }
    Ok(Object { name: version.name.clone(), content: version.content.bytes(), bucket, key })
}

/// Lower-case hex SHA-1, the service's checksum.
fn sha1(bytes: &[u8]) -> String {
    let digest = digest::digest(&digest::SHA1_FOR_LEGACY_USE_ONLY, bytes);
    crate::demo::world::hex(digest.as_ref())
}

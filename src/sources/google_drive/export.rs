//! A native document's content, in another form
//! (<https://developers.google.com/workspace/drive/api/guides/manage-downloads>).
//!
//! An export is made anew each time: there is no range and no checksum. What broke
//! off is begun anew.

use reqwest::Response;
use reqwest::header::{CONTENT_LENGTH, CONTENT_TYPE};
use tokio_util::sync::CancellationToken;
use tracing::info;
use url::Url;

use super::api::{Api, Ask};
use super::as_it_is::as_it_is;
use super::kind;
use super::pace::Cost;
use super::refusal::{Refusal, Verdict};
use super::root;
use super::row::Export;
use super::token::Reach;
use crate::model::{Failure, FailureClass, Retry, Shown};
use crate::sources::pour::{Broken, FETCHING, MAX_BREAKS, pour, short};
use crate::sources::{ContentHead, ContentSink};
use crate::transport::http::{html_page, or_cancelled, pause, place};

/// Hosts of the vendor that export links may name.
const EXPORTERS: &[&str] = &["google.com", "googleapis.com", "googleusercontent.com"];

/// Those of them that see our token: export links lead to the first one and want it.
const TRUSTED: &[&str] = &["docs.google.com", "drive.google.com"];

/// Fetches the document `id` in the form `export`.
pub(super) async fn fetch(
    api: &Api,
    id: &str,
    export: &Export,
    sink: &mut dyn ContentSink,
    cancel: &CancellationToken,
) -> Result<(), Failure> {
    let mime_type = kind::mime_type(&export.form).ok_or_else(|| {
        Failure::new(FailureClass::Misconfigured, FETCHING, id)
            .said(format!("there is no form {}", Shown::new(&export.form)))
    })?;
    let mut breaks = 0;
    loop {
        let reply = open(api, id, mime_type);
        let reply = or_cancelled(cancel, FETCHING, id, reply).await?;
        as_it_is(reply.headers(), id)?;
        let header = |name| reply.headers().get(name).and_then(|value| value.to_str().ok());
        let is_html = header(CONTENT_TYPE).is_some_and(|t| t.starts_with("text/html"));
        if is_html && mime_type != "text/html" {
            return Err(html_page(FETCHING, &place(reply.url())));
        }
        let total = header(CONTENT_LENGTH).and_then(|length| length.trim().parse().ok());
        sink.begin(ContentHead { name: Some(name(export)), total, etag: None, offset: 0 }).await?;
        let (place, mut at) = (place(reply.url()), 0);
        let cut = match pour(id, &place, reply, total, &mut at, sink, cancel).await {
            Ok(()) => return Ok(()),
            Err(Broken::Stop(failure)) => return Err(failure),
            Err(Broken::Cut(failure)) => short(failure, at, total),
        };
        breaks += 1;
        if breaks > MAX_BREAKS {
            return Err(cut);
        }
        info!(id = %Shown::new(id), failure = %cut, "the export broke off, beginning anew");
        let wait = async {
            tokio::time::sleep(pause(breaks)).await;
            Ok(())
        };
        or_cancelled(cancel, FETCHING, id, wait).await?;
    }
}

/// What the exported file is called.
fn name(export: &Export) -> String {
    let extension = format!(".{}", export.form);
    match export.name.to_lowercase().ends_with(&extension) {
        true => export.name.clone(),
        false => format!("{}{extension}", export.name),
    }
}

/// Asks for the export; for a large document, by the link that it has for that.
async fn open(api: &Api, id: &str, mime_type: &str) -> Result<Response, Failure> {
    let url = api.account().url(&["files", id, "export"], [("mimeType", mime_type)]);
    let ask = Ask { reach: Reach::Contents, ..Ask::new(FETCHING, url, Cost::Download) };
    let about = |refusal: Refusal| refusal.about(id);
    match api.open(&ask).await {
        Err(refusal) if refusal.verdict == Verdict::TooLarge => {
            let item = root::get(api, FETCHING, id, "id,exportLinks").await.map_err(about)?;
            let links = item.export_links.unwrap_or_default();
            let Some(link) = links.get(mime_type) else {
                return Err(about(refusal).retry(Retry::Never).advice(
                    "it is too large to be exported in this form, and there is no link for it: \
                     choose another form in export_as",
                ));
            };
            api.open(&linked(api, id, link)?).await.map_err(about)
        }
        reply => reply.map_err(about),
    }
}

/// The call of an export link. It comes from the reply, so it is checked: only the
/// API's own host or one of the vendor's is asked at all, for anything else's bytes
/// would be taken for the document; and only those who need our token see it.
fn linked<'a>(api: &Api, id: &str, link: &str) -> Result<Ask<'a>, Failure> {
    let account = api.account();
    let url = account.client().guard().checked_url(FETCHING, link)?;
    let home = account.is_home(&url);
    if !home && !is_vendors(&url) {
        return Err(Failure::new(FailureClass::Refused, FETCHING, id)
            .said(format!("its export link leads to {}, which is not Google's", place(&url)))
            .retry(Retry::Never));
    }
    let signed = home || TRUSTED.iter().any(|host| url.host_str() == Some(*host));
    let ask = Ask::new(FETCHING, url, Cost::Download);
    Ok(Ask { reach: Reach::Contents, signed, ..ask })
}

fn is_vendors(url: &Url) -> bool {
    let host = url.host_str().unwrap_or_default();
    let below = |own: &str| host.strip_suffix(own).is_some_and(|before| before.ends_with('.'));
    url.scheme() == "https" && url.port().is_none() && EXPORTERS.iter().any(|own| below(own))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_vendor_exports() {
        for (url, its) in [
            ("https://docs.google.com/feeds/download?id=1", true),
            ("https://doc-0s-1k-docs.googleusercontent.com/x", true),
            ("https://www.googleapis.com/x", true),
            ("http://docs.google.com/x", false),
            ("https://docs.google.com:8443/x", false),
            ("https://google.com.example.org/x", false),
            ("https://evilgoogle.com/x", false),
            ("https://example.org/docs.google.com", false),
        ] {
            assert_eq!(is_vendors(&Url::parse(url).unwrap()), its, "{url}");
        }
    }

    #[test]
    fn exports_have_the_form_s_extension() {
        for (given, form, called) in [
            ("Report", "docx", "Report.docx"),
            ("Report.docx", "docx", "Report.docx"),
            ("Report.DOCX", "docx", "Report.DOCX"),
            ("Report v1.2", "pdf", "Report v1.2.pdf"),
        ] {
            let export = Export { form: form.into(), name: given.into() };
            assert_eq!(name(&export), called);
        }
    }
}

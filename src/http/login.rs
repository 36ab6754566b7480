//! Basic authentication (RFC 7617).

use aws_lc_rs::constant_time::verify_slices_are_equal;
use aws_lc_rs::digest::{Digest, SHA256, digest};
use axum::http::HeaderMap;
use axum::http::header::AUTHORIZATION;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use crate::config::HttpSettings;

/// The one name and password, as a digest: digests are of one length, so that
/// comparing takes the same time whatever was sent.
pub(super) struct Login(Digest);

/// What a request says of itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Said {
    /// Nothing.
    Nothing,
    /// The right thing.
    Right,
    /// Something else.
    Wrong,
}

impl Login {
    /// The login of `settings`; none where nobody is asked for one.
    pub(super) fn new(settings: &HttpSettings) -> Option<Self> {
        let (username, password) = (settings.username.as_ref()?, settings.password.as_ref()?);
        let both = zeroize::Zeroizing::new(format!("{username}:{}", password.expose()));
        Some(Self(digest(&SHA256, both.as_bytes())))
    }

    /// Compares what the request says.
    pub(super) fn check(&self, headers: &HeaderMap) -> Said {
        let Some(header) = headers.get(AUTHORIZATION) else { return Said::Nothing };
        let sent = header
            .to_str()
            .ok()
            .and_then(|text| text.split_once(' '))
            .filter(|(scheme, _)| scheme.eq_ignore_ascii_case("basic"))
            .and_then(|(_, encoded)| STANDARD.decode(encoded.trim()).ok());
        // Something that cannot be read costs as much time as something wrong.
        let sent = digest(&SHA256, sent.as_deref().unwrap_or_default());
        match verify_slices_are_equal(sent.as_ref(), self.0.as_ref()) {
            Ok(()) => Said::Right,
            Err(_) => Said::Wrong,
        }
    }
}

#[cfg(test)]
mod tests {
    use axum::http::HeaderValue;

    use super::*;
    use crate::model::Secret;

    fn said(header: Option<&str>) -> Said {
        let login = Login::new(&HttpSettings {
            listen: vec![],
            username: Some("admin".into()),
            password: Some(Secret::new("pass:wörd")),
            rate_limit_per_minute: 1,
        });
        let mut headers = HeaderMap::new();
        if let Some(header) = header {
            headers.insert(AUTHORIZATION, HeaderValue::from_str(header).unwrap());
        }
        login.unwrap().check(&headers)
    }

    #[test]
    fn only_the_right_name_and_password_are_right() {
        let basic = |text: &str| format!("Basic {}", STANDARD.encode(text));
        assert_eq!(said(None), Said::Nothing);
        assert_eq!(said(Some(&basic("admin:pass:wörd"))), Said::Right);
        assert_eq!(said(Some(&basic("admin:pass:wörd").replace("Basic", "basic"))), Said::Right);
        for wrong in [
            "",
            "Basic",
            "Basic ",
            "Basic !!!",
            &basic(""),
            &basic("admin"),
            &basic("admin:"),
            &basic("admin:pass:wörd "),
            &basic("Admin:pass:wörd"),
            &basic("admin:pass"),
            &basic("admin:pass:wörd").replace("Basic", "Bearer"),
        ] {
            assert_eq!(said(Some(wrong)), Said::Wrong, "{wrong:?}");
        }
    }
}

//! Whom a request takes us for.
//!
//! A web page can make a browser ask 127.0.0.1 under the page's own name (DNS
//! rebinding) and would then read the answer. So, where this machine's own addresses
//! are asked, only names that mean this machine are answered to.

use axum::http::header::HOST;
use axum::http::uri::Authority;
use axum::http::{HeaderMap, Uri};
use std::net::IpAddr;

use super::problem::Problem;

/// Checks what the request calls us, on a loopback address.
pub(super) fn check(uri: &Uri, headers: &HeaderMap) -> Result<(), Problem> {
    let mut named = headers.get_all(HOST).iter();
    let (Some(host), None) = (named.next(), named.next()) else {
        return Err(Problem::bad_request("one Host header is required"));
    };
    let host = host.to_str().ok().and_then(|host| host.parse::<Authority>().ok());
    // `GET http://name/…` names us twice.
    let also = uri.authority().is_none_or(means_this_machine);
    match host {
        Some(host) if means_this_machine(&host) && also => Ok(()),
        _ => Err(Problem::misdirected()),
    }
}

fn means_this_machine(authority: &Authority) -> bool {
    let host = authority.host();
    let bare = host.strip_prefix('[').and_then(|h| h.strip_suffix(']')).unwrap_or(host);
    !authority.as_str().contains('@')
        && (host.eq_ignore_ascii_case("localhost")
            || bare.parse::<IpAddr>().is_ok_and(|address| address.to_canonical().is_loopback()))
}

#[cfg(test)]
mod tests {
    use axum::http::HeaderValue;

    use super::*;

    fn allowed(uri: &str, hosts: &[&str]) -> bool {
        let mut headers = HeaderMap::new();
        for host in hosts {
            headers.append(HOST, HeaderValue::from_str(host).unwrap());
        }
        check(&uri.parse().unwrap(), &headers).is_ok()
    }

    #[test]
    fn only_names_of_this_machine_are_answered_to() {
        for host in
            ["localhost", "LocalHost:8080", "127.0.0.1", "127.0.0.1:1", "127.9.9.9", "[::1]:8080"]
        {
            assert!(allowed("/status", &[host]), "{host}");
        }
        for host in [
            "evil.example",
            "evil.example:8080",
            "localhost.evil.example",
            "localhost@evil.example",
            "127.0.0.1.evil.example",
            "evil@localhost",
            "10.0.0.1",
            "0.0.0.0",
            "127.1",
            "::1",
            "",
            "loc alhost",
        ] {
            assert!(!allowed("/status", &[host]), "{host}");
        }
    }

    #[test]
    fn it_is_named_once_and_the_same() {
        assert!(!allowed("/status", &[]));
        assert!(!allowed("/status", &["localhost", "evil.example"]));
        assert!(allowed("http://localhost:8080/status", &["localhost"]));
        assert!(!allowed("http://evil.example/status", &["localhost"]));
    }
}

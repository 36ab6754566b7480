//! Names from outside resolved, and what they resolve to looked at.

use std::ffi::OsString;
use std::net::SocketAddr;
use std::sync::Arc;

use reqwest::dns::{Addrs, Name, Resolve, Resolving};
use url::Url;

use super::Guard;

/// Resolves with the system's resolver and keeps back the addresses that the
/// guard does not admit: a public name may point into a private network.
pub(super) struct GuardedResolver {
    guard: Guard,
    /// The operator's own proxies, which may well be inside.
    proxies: Arc<[String]>,
}

/// Every address of a name was kept back.
#[derive(Debug, thiserror::Error)]
#[error("the name resolves only to addresses inside a private network")]
pub(super) struct NotAdmitted;

impl GuardedResolver {
    pub(super) fn new(guard: Guard) -> Self {
        Self { guard, proxies: proxy_hosts(std::env::vars_os()).into() }
    }
}

impl Resolve for GuardedResolver {
    fn resolve(&self, name: Name) -> Resolving {
        let (guard, proxies) = (self.guard.clone(), Arc::clone(&self.proxies));
        Box::pin(async move {
            let host = name.as_str();
            let ours = proxies.iter().any(|proxy| proxy.eq_ignore_ascii_case(host));
            // The client puts the URL's port in place of this 0.
            let found: Vec<SocketAddr> = tokio::net::lookup_host((host, 0)).await?.collect();
            let admitted: Vec<SocketAddr> =
                found.iter().copied().filter(|a| ours || guard.admits(host, a.ip())).collect();
            if admitted.is_empty() && !found.is_empty() {
                return Err(NotAdmitted.into());
            }
            Ok(Box::new(admitted.into_iter()) as Addrs)
        })
    }
}

/// The hosts of the proxies that the environment names, as reqwest reads it:
/// with or without a scheme.
fn proxy_hosts(variables: impl Iterator<Item = (OsString, OsString)>) -> Vec<String> {
    variables
        .filter_map(|(name, value)| Some((name.into_string().ok()?, value.into_string().ok()?)))
        .filter(|(name, _)| {
            ["HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY"].iter().any(|n| n.eq_ignore_ascii_case(name))
        })
        .filter_map(|(_, value)| {
            let value = if value.contains("://") { value } else { format!("http://{value}") };
            Url::parse(&value).ok()?.host_str().map(ToOwned::to_owned)
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn proxies_of_the_environment() {
        for (name, value, host) in [
            ("HTTPS_PROXY", "http://proxy.school.example:3128", Some("proxy.school.example")),
            ("https_proxy", "proxy.school.example:3128", Some("proxy.school.example")),
            ("ALL_PROXY", "http://me:word@Proxy:1/", Some("proxy")),
            ("http_proxy", "", None),
            ("NO_PROXY", "internal.example", None),
        ] {
            let variables = [(name.into(), value.into())].into_iter();
            assert_eq!(proxy_hosts(variables).first().map(String::as_str), host, "{name}={value}");
        }
    }

    #[tokio::test]
    async fn a_name_that_leads_inside_is_not_followed() {
        let public = Guard::of(&Url::parse("https://api.example.org/v1").unwrap());
        let found = |guard: Guard, proxies: &[&str]| {
            let proxies = proxies.iter().map(ToString::to_string).collect();
            GuardedResolver { guard, proxies }.resolve("localhost".parse().unwrap())
        };
        assert!(found(public.clone(), &[]).await.err().unwrap().is::<NotAdmitted>());
        // Unless it is where the operator sends us.
        assert!(found(public, &["localhost"]).await.is_ok());
        let here = Guard::of(&Url::parse("http://localhost:8000/v1").unwrap());
        assert!(found(here, &[]).await.is_ok());
    }
}

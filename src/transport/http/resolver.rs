//! Names from outside resolved, and what they resolve to looked at.

use std::net::SocketAddr;

use reqwest::dns::{Addrs, Name, Resolve, Resolving};

use super::Guard;

/// Resolves with the system's resolver and keeps back the addresses that the
/// guard does not admit: a public name may point into a private network.
pub(super) struct GuardedResolver(pub(super) Guard);

/// Every address of a name was kept back.
#[derive(Debug, thiserror::Error)]
#[error("the name resolves only to addresses inside a private network")]
pub(super) struct NotAdmitted;

impl Resolve for GuardedResolver {
    fn resolve(&self, name: Name) -> Resolving {
        let guard = self.0.clone();
        Box::pin(async move {
            let host = name.as_str();
            // The client puts the URL's port in place of this 0.
            let found: Vec<SocketAddr> = tokio::net::lookup_host((host, 0)).await?.collect();
            let admitted: Vec<SocketAddr> =
                found.iter().copied().filter(|a| guard.admits(host, a.ip())).collect();
            if admitted.is_empty() && !found.is_empty() {
                return Err(NotAdmitted.into());
            }
            Ok(Box::new(admitted.into_iter()) as Addrs)
        })
    }
}

//! Which URLs from outside may be asked at all.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use url::{Host, Url};

use super::place;
use crate::model::{Failure, FailureClass, Retry};

/// A longer URL is not one: pre-signed ones have two to four thousand characters.
const MAX_URL: usize = 16 * 1024;

/// Decides about URLs and addresses that a reply handed out, from where the
/// operator's own base URL points: a public service may only name public
/// places over https; a stand-in on this machine may name this machine.
#[derive(Clone, Debug)]
pub(crate) struct Guard {
    home: String,
    zone: Zone,
    plain: bool,
}

/// How far an address reaches.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Zone {
    Public,
    /// Private networks: RFC 1918, RFC 4193, carrier-grade NAT.
    Private,
    Loopback,
    /// Link-local (the metadata services of clouds live there), unspecified,
    /// multicast, reserved, documentation: never a server for us.
    Never,
}

impl Guard {
    /// The guard of a service whose base URL the operator has configured.
    pub(crate) fn of(base: &Url) -> Self {
        let zone = zone_of_host(base);
        Self {
            home: base.host_str().unwrap_or_default().to_owned(),
            zone,
            plain: base.scheme() == "http" && zone == Zone::Loopback,
        }
    }

    /// Reads and checks a URL from outside.
    pub(crate) fn checked_url(&self, doing: &str, text: &str) -> Result<Url, Failure> {
        let refused = |object: &str, why: &str| {
            Failure::new(FailureClass::Refused, doing, object)
                .said(format!("the reply names an address that is not asked: {why}"))
                .advice("if the service is reached through a proxy, look whether that one answered")
        };
        if text.len() > MAX_URL {
            return Err(refused("", "it is too long"));
        }
        // The text itself stays unsaid: its query is a secret.
        let url = Url::parse(text).map_err(|e| refused("", &e.to_string()))?;
        match self.objection(&url) {
            None => Ok(url),
            Some(why) => Err(refused(&place(&url), why)),
        }
    }

    /// Why `url` may not be asked.
    fn objection(&self, url: &Url) -> Option<&'static str> {
        let zone = zone_of_host(url);
        if !url.has_host() {
            return Some("it has no host");
        }
        match url.scheme() {
            "https" => {}
            "http" if self.plain && zone == Zone::Loopback => {}
            _ => return Some("it is not https"),
        }
        if !url.username().is_empty() || url.password().is_some() {
            return Some("it carries credentials");
        }
        (!self.reaches(zone)).then_some("it points into a private network")
    }

    /// Whether an address that a name resolved to may be connected to.
    pub(super) fn admits(&self, host: &str, address: IpAddr) -> bool {
        // The operator's own host may be anywhere: in the intranet, behind a VPN.
        host.eq_ignore_ascii_case(&self.home) || self.reaches(zone(address))
    }

    fn reaches(&self, zone: Zone) -> bool {
        match zone {
            Zone::Public => true,
            Zone::Private => matches!(self.zone, Zone::Private | Zone::Loopback),
            Zone::Loopback => self.zone == Zone::Loopback,
            Zone::Never => false,
        }
    }
}

/// Refuses base URLs that would send the password in the clear.
pub(crate) fn checked_base(key: &str, text: &str) -> Result<Url, Failure> {
    let wrong = |why: &str| {
        Failure::new(FailureClass::Misconfigured, "reading", key)
            .said(why)
            .advice("give an address such as https://api-datalab.encoura.org/v1")
            .retry(Retry::Never)
    };
    let mut url = Url::parse(text).map_err(|e| wrong(&e.to_string()))?;
    if !url.username().is_empty() || url.password().is_some() {
        return Err(wrong("it carries credentials"));
    }
    match url.scheme() {
        "https" => {}
        "http" if zone_of_host(&url) == Zone::Loopback => {}
        "http" => return Err(wrong("http would send the password in the clear")),
        _ => return Err(wrong("it is not an https address")),
    }
    url.set_query(None);
    url.set_fragment(None);
    Ok(url)
}

fn zone_of_host(url: &Url) -> Zone {
    match url.host() {
        Some(Host::Ipv4(address)) => zone_v4(address),
        Some(Host::Ipv6(address)) => zone_v6(address),
        Some(Host::Domain(name)) => {
            let name = name.trim_end_matches('.');
            match name == "localhost" || name.ends_with(".localhost") {
                true => Zone::Loopback,
                // What the name resolves to is looked at when it is resolved.
                false => Zone::Public,
            }
        }
        None => Zone::Never,
    }
}

fn zone(address: IpAddr) -> Zone {
    match address {
        IpAddr::V4(address) => zone_v4(address),
        IpAddr::V6(address) => zone_v6(address),
    }
}

fn zone_v4(address: Ipv4Addr) -> Zone {
    let [a, b, c, _] = address.octets();
    match (a, b, c) {
        (127, ..) => Zone::Loopback,
        // 100.100.100.200 is a metadata service inside the carrier-grade range.
        _ if address.octets() == [100, 100, 100, 200] => Zone::Never,
        (100, 64..=127, _) => Zone::Private,
        _ if address.is_private() => Zone::Private,
        (0, ..) | (169, 254, _) | (192, 0, 0) | (198, 18..=19, _) | (224.., ..) => Zone::Never,
        _ if address.is_documentation() => Zone::Never,
        _ => Zone::Public,
    }
}

fn zone_v6(address: Ipv6Addr) -> Zone {
    let s = address.segments();
    let embedded = |high: u16, low: u16| {
        let ([a, b], [c, d]) = (high.to_be_bytes(), low.to_be_bytes());
        zone_v4(Ipv4Addr::new(a, b, c, d))
    };
    match s {
        _ if address.is_loopback() => Zone::Loopback,
        // IPv4 in disguise: mapped, compatible, NAT64, 6to4.
        [0, 0, 0, 0, 0, 0xffff | 0, high, low] => embedded(high, low),
        [0x64, 0xff9b, 0, 0, 0, 0, high, low] => embedded(high, low),
        [0x2002, high, low, ..] => embedded(high, low),
        // AWS's metadata service inside the private range.
        [0xfd00, 0x0ec2, ..] => Zone::Never,
        _ if address.is_unique_local() => Zone::Private,
        // What is not global unicast, and in it: Teredo and the rest of 2001::/23, documentation.
        [0x2001, 0..=0x1ff | 0x0db8, ..] | [0x3fff, ..] => Zone::Never,
        [0x2000..=0x3fff, ..] => Zone::Public,
        _ => Zone::Never,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn admits(base: &str, url: &str) -> bool {
        Guard::of(&Url::parse(base).unwrap()).checked_url("asking", url).is_ok()
    }

    #[test]
    fn urls_from_outside() {
        const PUBLIC: &str = "https://api.example.org/v1";
        const HERE: &str = "http://127.0.0.1:8000/v1";
        const INTRANET: &str = "https://10.1.2.3/v1";
        for (url, public, here, intranet) in [
            ("https://store.example.com/a?b=c", true, true, true),
            ("https://93.184.216.34/a", true, true, true),
            ("https://[2606:4700::1111]/a", true, true, true),
            // Plain http: only on this machine, and only for a stand-in on it.
            ("http://store.example.com/a", false, false, false),
            ("http://127.0.0.1:9/a", false, true, false),
            ("http://localhost:9/a", false, true, false),
            ("http://[::1]:9/a", false, true, false),
            ("http://10.0.0.1/a", false, false, false),
            ("https://127.0.0.1/a", false, true, false),
            ("https://localhost./a", false, true, false),
            ("https://x.localhost/a", false, true, false),
            ("https://2130706433/a", false, true, false),
            ("https://0x7f.1/a", false, true, false),
            ("https://[::ffff:127.0.0.1]/a", false, true, false),
            // Private networks.
            ("https://10.0.0.1/a", false, true, true),
            ("https://172.16.0.1/a", false, true, true),
            ("https://192.168.1.1/a", false, true, true),
            ("https://100.64.0.1/a", false, true, true),
            ("https://[fd12::1]/a", false, true, true),
            ("https://[::ffff:10.0.0.1]/a", false, true, true),
            ("https://[64:ff9b::a00:1]/a", false, true, true),
            ("https://[2002:a00:1::]/a", false, true, true),
            // Nowhere, whoever asks.
            ("http://169.254.169.254/latest/meta-data/", false, false, false),
            ("https://169.254.169.254/", false, false, false),
            ("https://[::ffff:169.254.169.254]/", false, false, false),
            ("https://[64:ff9b::a9fe:a9fe]/", false, false, false),
            ("https://[fd00:ec2::254]/", false, false, false),
            ("https://100.100.100.200/", false, false, false),
            ("https://[fe80::1]/", false, false, false),
            ("https://0.0.0.0/", false, false, false),
            ("https://[::]/", false, false, false),
            ("https://224.0.0.1/", false, false, false),
            ("https://255.255.255.255/", false, false, false),
            ("https://192.0.2.1/", false, false, false),
            ("https://[2001:db8::1]/", false, false, false),
            ("https://[2001::1]/", false, false, false),
            ("https://[ff02::1]/", false, false, false),
            ("https://user:word@store.example.com/", false, false, false),
            ("https://user@store.example.com/", false, false, false),
            ("ftp://store.example.com/", false, false, false),
            ("file:///etc/passwd", false, false, false),
            ("data:,x", false, false, false),
            ("/relative", false, false, false),
            ("", false, false, false),
        ] {
            assert_eq!(admits(PUBLIC, url), public, "{url} for a public service");
            assert_eq!(admits(HERE, url), here, "{url} for a stand-in");
            assert_eq!(admits(INTRANET, url), intranet, "{url} for the intranet");
        }
    }

    #[test]
    fn plain_http_needs_a_service_that_speaks_it() {
        assert!(admits("http://127.0.0.1:8000/v1", "http://127.0.0.1:9/a"));
        assert!(!admits("https://127.0.0.1:8000/v1", "http://127.0.0.1:9/a"));
    }

    #[test]
    fn addresses_of_names_are_looked_at_too() {
        let guard = Guard::of(&Url::parse("https://api.example.org/v1").unwrap());
        let inside: IpAddr = "10.0.0.1".parse().unwrap();
        assert!(!guard.admits("rebinding.example.com", inside));
        assert!(guard.admits("rebinding.example.com", "93.184.216.34".parse().unwrap()));
        assert!(guard.admits("api.example.org", inside), "the operator's own host may be inside");
    }

    #[test]
    fn a_refusal_does_not_repeat_the_query() {
        let guard = Guard::of(&Url::parse("https://api.example.org/v1").unwrap());
        let failure = guard
            .checked_url("asking", "http://a.example/f.csv?X-Amz-Signature=canary")
            .unwrap_err();
        assert!(failure.to_string().contains("a.example/f.csv"), "{failure}");
        assert!(!format!("{failure} {failure:?}").contains("canary"));
    }

    #[test]
    fn base_urls() {
        for (text, fine) in [
            ("https://api-datalab.encoura.org/v1", true),
            ("https://10.0.0.1/v1", true),
            ("http://127.0.0.1:8000/v1", true),
            ("http://localhost:8000", true),
            ("http://[::1]:8000", true),
            ("http://api-datalab.encoura.org/v1", false),
            ("http://10.0.0.1/v1", false),
            ("https://me:word@api.example.org/v1", false),
            ("ftp://127.0.0.1/", false),
            ("api.example.org", false),
        ] {
            assert_eq!(checked_base("base_url", text).is_ok(), fine, "{text}");
        }
    }
}

//! Which host keys are the right ones, and what is said of the others.

use aws_lc_rs::digest::{SHA256, digest};
use base64::Engine;
use base64::engine::general_purpose::STANDARD_NO_PAD;
use ssh2::Session;

use super::address;
use super::known_hosts::{KnownHosts, Match};
use crate::model::{Failure, FailureClass, HostKeyPolicy, Shown, SshServer};

/// Host keys of one kind; servers have at most one key of each.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Family {
    Ed25519,
    Ecdsa,
    Rsa,
}

impl Family {
    pub(super) const ALL: [Self; 3] = [Self::Ed25519, Self::Ecdsa, Self::Rsa];

    /// The signature algorithms of this kind, the best first.
    pub(super) fn algorithms(self) -> &'static [&'static str] {
        match self {
            Self::Ed25519 => &["ssh-ed25519"],
            Self::Ecdsa => &["ecdsa-sha2-nistp256", "ecdsa-sha2-nistp384", "ecdsa-sha2-nistp521"],
            Self::Rsa => &["rsa-sha2-512", "rsa-sha2-256"],
        }
    }

    /// The kind of a key whose type field reads `kind`.
    pub(super) fn of(kind: &str) -> Option<Self> {
        match kind {
            "ssh-ed25519" => Some(Self::Ed25519),
            "ssh-rsa" => Some(Self::Rsa),
            _ if kind.starts_with("ecdsa-sha2-") => Some(Self::Ecdsa),
            _ => None,
        }
    }
}

/// The key that a server showed.
pub(super) struct OfferedKey {
    /// The public key as it goes over the wire.
    blob: Vec<u8>,
}

impl OfferedKey {
    pub(super) fn of(session: &Session) -> Option<Self> {
        let (blob, _) = session.host_key()?;
        Some(Self { blob: blob.to_vec() })
    }

    /// The type field inside the key, e.g. `ssh-ed25519`.
    fn kind(&self) -> &str {
        let name = self
            .blob
            .split_first_chunk::<4>()
            .and_then(|(length, rest)| rest.get(..u32::from_be_bytes(*length) as usize));
        name.and_then(|name| str::from_utf8(name).ok()).unwrap_or("unknown")
    }

    pub(super) fn family(&self) -> Option<Family> {
        Family::of(self.kind())
    }

    /// `SHA256:…` in unpadded base64, as OpenSSH shows it.
    fn sha256(&self) -> String {
        format!("SHA256:{}", STANDARD_NO_PAD.encode(digest(&SHA256, &self.blob)))
    }

    /// `MD5:…` in the colon form that older tools and documents show. For
    /// comparing by eye only; nothing is accepted because of it.
    fn md5(&self) -> String {
        let pairs: Vec<String> =
            md5::compute(&self.blob).iter().map(|byte| format!("{byte:02x}")).collect();
        format!("MD5:{}", pairs.join(":"))
    }

    /// One line for the operator.
    fn described(&self) -> String {
        format!("{} {} ({})", Shown::new(self.kind()), self.sha256(), self.md5())
    }
}

/// What becomes of an offered key.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Verdict {
    Accepted,
    Refused,
    /// Not this one, but the server may have a right one of another kind.
    TryOtherKind,
}

/// The keys that are accepted for one server.
pub(super) struct HostKeys<'a> {
    server: &'a SshServer,
    expected: Expected<'a>,
}

enum Expected<'a> {
    Pins(Vec<&'a str>),
    Known(KnownHosts),
    Nothing,
}

impl<'a> HostKeys<'a> {
    /// Reads what the policy names.
    pub(super) fn load(server: &'a SshServer) -> Result<Self, Failure> {
        let expected = match &server.host_key {
            HostKeyPolicy::Pinned(pins) => {
                Expected::Pins(pins.iter().map(|pin| pin.trim().trim_end_matches('=')).collect())
            }
            HostKeyPolicy::KnownHosts(file) => {
                Expected::Known(KnownHosts::load(file, &server.host, server.port)?)
            }
            HostKeyPolicy::Missing => Expected::Nothing,
        };
        Ok(Self { server, expected })
    }

    /// All kinds, those first that a right key is known of.
    pub(super) fn preferred_families(&self) -> Vec<Family> {
        let mut families = Family::ALL.to_vec();
        if let Expected::Known(known) = &self.expected {
            let listed = known.families();
            families.sort_by_key(|family| !listed.contains(family));
        }
        families
    }

    pub(super) fn judge(&self, key: &OfferedKey) -> Verdict {
        match &self.expected {
            Expected::Pins(pins) if pins.contains(&key.sha256().as_str()) => Verdict::Accepted,
            Expected::Pins(_) => Verdict::TryOtherKind,
            Expected::Known(known) if known.find(&key.blob) == Match::Same => Verdict::Accepted,
            Expected::Known(_) | Expected::Nothing => Verdict::Refused,
        }
    }

    /// Why none of the `offered` keys will do, and what to do about it.
    pub(super) fn refusal(&self, offered: &[OfferedKey]) -> Failure {
        let described: Vec<String> = offered.iter().map(OfferedKey::described).collect();
        let lines: Vec<String> =
            offered.iter().map(|key| format!("host_key: \"{}\"", key.sha256())).collect();
        let line = lines.join(" or ");
        let failure = |class| {
            Failure::new(class, "checking the host key of", address(self.server))
                .said(format!("it offers {}", described.join(", ")))
        };
        let changed = format!(
            "nothing was sent. Somebody may be in between, or the key was changed: ask those who \
             run the server, and only if they confirm it set {line}"
        );
        match &self.expected {
            Expected::Nothing => failure(FailureClass::HostKey).advice(format!(
                "no host key is configured, so nothing was sent. Compare with what those who run \
                 the server tell you, then add {line}"
            )),
            Expected::Pins(pins) => {
                let expected: Vec<Shown> = pins.iter().map(Shown::new).collect();
                let expected: Vec<&str> = expected.iter().map(Shown::as_str).collect();
                failure(FailureClass::HostKey)
                    .advice(format!("expected {}; {changed}", expected.join(" or ")))
            }
            Expected::Known(known) => {
                let file = Shown::new(known.file().display().to_string());
                match offered.first().map(|key| known.find(&key.blob)) {
                    Some(Match::Revoked) => failure(FailureClass::HostKey).advice(format!(
                        "{file} marks this key as revoked: do not use this server before those \
                         who run it have given it a new one"
                    )),
                    Some(Match::Unknown) => failure(FailureClass::HostKey).advice(format!(
                        "{file} does not know this server, so nothing was sent. Compare with what \
                         those who run the server tell you, then add the key there or set {line}"
                    )),
                    _ => failure(FailureClass::HostKey)
                        .advice(format!("{file} has another key for it; {changed}")),
                }
            }
        }
    }
}

//! Proving who we are, to a server whose host key was checked.

use std::path::Path;

use ssh2::{ErrorCode, KeyboardInteractivePrompt, Prompt, Session};

use super::{address, code, lost};
use crate::model::{Failure, FailureClass, Secret, Shown, SshServer};

/// Keys of an agent that are tried: servers count each one as an attempt, and
/// most of them end the connection after six.
const AGENT_KEYS_TRIED: usize = 4;

/// One way of signing in, and what came of it.
enum Tried {
    Accepted,
    /// Not accepted, or not possible; in the operator's words.
    Refused(String),
}

/// Signs in with what is configured: agent, then key, then password.
pub(super) fn sign_in(session: &Session, server: &SshServer) -> Result<(), Failure> {
    let offered = match session.auth_methods(&server.username) {
        Ok(methods) => methods.to_owned(),
        Err(error) => return Err(broken(server, &error)),
    };
    // A server may let anybody in.
    if session.authenticated() {
        return Ok(());
    }
    let offers = |method: &str| offered.split(',').any(|m| m == method);
    let mut refusals = Vec::new();
    let mut note = |tried| match tried {
        Tried::Accepted => true,
        Tried::Refused(why) => {
            refusals.push(why);
            false
        }
    };

    if offers("publickey") {
        if server.auth.agent && note(with_agent(session, server)?) {
            return Ok(());
        }
        if let Some(path) = &server.auth.key_path
            && note(with_key(session, server, path)?)
        {
            return Ok(());
        }
    }
    if let Some(password) = &server.auth.password {
        if offers("password") && note(with_password(session, server, password)?) {
            return Ok(());
        }
        if offers("keyboard-interactive") && note(with_prompts(session, server, password)?) {
            return Ok(());
        }
    }
    Err(refused(session, server, &offered, &refusals))
}

fn with_agent(session: &Session, server: &SshServer) -> Result<Tried, Failure> {
    let identities = || {
        let mut agent = session.agent()?;
        agent.connect()?;
        agent.list_identities()?;
        let identities = agent.identities()?;
        Ok::<_, ssh2::Error>((agent, identities))
    };
    let (agent, identities) = match identities() {
        Ok(found) => found,
        Err(error) => return Ok(Tried::Refused(format!("agent: {}", error.message()))),
    };
    for identity in identities.iter().take(AGENT_KEYS_TRIED) {
        if let Tried::Accepted =
            judged(server, "agent", agent.userauth(&server.username, identity))?
        {
            return Ok(Tried::Accepted);
        }
    }
    Ok(Tried::Refused(match identities.len() {
        0 => "agent: it holds no key".to_owned(),
        n => format!("agent: none of {} keys accepted", n.min(AGENT_KEYS_TRIED)),
    }))
}

fn with_key(session: &Session, server: &SshServer, path: &Path) -> Result<Tried, Failure> {
    let misconfigured = |said: &dyn std::fmt::Display, advice: &str| {
        Failure::new(FailureClass::Misconfigured, "reading the key", path.display().to_string())
            .said(said)
            .advice(advice)
    };
    // Looked at first: libssh2 cannot tell "unreadable" from "wrong passphrase".
    if let Err(error) = std::fs::File::open(path) {
        return Err(misconfigured(&error, "correct key_path, or let this user read the file"));
    }
    let passphrase = server.auth.key_passphrase.as_ref().map(Secret::expose);
    match session.userauth_pubkey_file(&server.username, None, path, passphrase) {
        Err(error)
            if matches!(
                error.code(),
                ErrorCode::Session(code::FILE | code::KEYFILE_AUTH_FAILED)
            ) =>
        {
            Err(misconfigured(
                &error.message(),
                "the passphrase is wrong or missing, or the file is not a private key",
            ))
        }
        outcome => judged(server, "key", outcome),
    }
}

fn with_password(
    session: &Session,
    server: &SshServer,
    password: &Secret,
) -> Result<Tried, Failure> {
    judged(server, "password", session.userauth_password(&server.username, password.expose()))
}

fn with_prompts(
    session: &Session,
    server: &SshServer,
    password: &Secret,
) -> Result<Tried, Failure> {
    let mut answers = Answers { password, given: false };
    let outcome = session.userauth_keyboard_interactive(&server.username, &mut answers);
    judged(server, "keyboard-interactive", outcome)
}

/// Answers the one hidden prompt with the password; a second question (a code
/// from a device, a new password) is not for a program to answer.
struct Answers<'a> {
    password: &'a Secret,
    given: bool,
}

impl KeyboardInteractivePrompt for Answers<'_> {
    fn prompt(&mut self, _user: &str, _instructions: &str, prompts: &[Prompt<'_>]) -> Vec<String> {
        prompts
            .iter()
            .map(|prompt| {
                if prompt.echo || std::mem::replace(&mut self.given, true) {
                    String::new()
                } else {
                    self.password.expose().to_owned()
                }
            })
            .collect()
    }
}

/// Tells "not accepted" from "the connection broke".
fn judged(
    server: &SshServer,
    method: &str,
    outcome: Result<(), ssh2::Error>,
) -> Result<Tried, Failure> {
    match outcome {
        Ok(()) => Ok(Tried::Accepted),
        Err(error) => match error.code() {
            ErrorCode::Session(
                code::SOCKET_DISCONNECT
                | code::TIMEOUT
                | code::SOCKET_TIMEOUT
                | code::SOCKET_SEND
                | code::SOCKET_RECV,
            ) => Err(broken(server, &error)),
            // libssh2 says "unverified" and "failed" also where no answer came any more.
            ErrorCode::Session(_) if error.message().starts_with("Waiting for") => {
                Err(broken(server, &error))
            }
            ErrorCode::Session(code::AUTHENTICATION_FAILED | code::PUBLICKEY_UNVERIFIED) => {
                Ok(Tried::Refused(format!("{method}: not accepted")))
            }
            _ => Ok(Tried::Refused(format!("{method}: {}", error.message()))),
        },
    }
}

fn broken(server: &SshServer, error: &ssh2::Error) -> Failure {
    let failure = lost(server, "signing in to", error);
    if failure.advice.is_some() {
        return failure;
    }
    failure.advice(
        "the server ended the connection during the sign-in: too many attempts, an address that \
         it does not let in, or a restricted account whose folder is missing",
    )
}

fn refused(session: &Session, server: &SshServer, offered: &str, refusals: &[String]) -> Failure {
    let who = format!("{}@{}", server.username, address(server));
    let mut said = if refusals.is_empty() {
        format!("nothing configured fits; it offers {offered}")
    } else {
        format!("{}; it offers {offered}", refusals.join(", "))
    };
    if let Ok(Some(banner)) = session.userauth_banner() {
        said = format!("{said}; its banner: {banner}");
    }
    Failure::new(FailureClass::SignIn, "signing in as", who).said(Shown::new(said)).advice(
        "check user name and password or key. A restricted account (Slate) cannot log in at all \
         while its folder is missing: ask for the folder to be made",
    )
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::model::HostKeyPolicy;

    /// A server that dies while we sign in has refused nothing: the next try may work.
    #[test]
    fn a_refusal_is_told_from_a_connection_that_broke() {
        let server = SshServer {
            host: "server.example".into(),
            port: 22,
            username: "us".into(),
            auth: Default::default(),
            host_key: HostKeyPolicy::Missing,
            connect_timeout: Duration::ZERO,
            request_timeout: Duration::ZERO,
        };
        for (code, message, refused) in [
            (code::AUTHENTICATION_FAILED, "Username/PublicKey combination invalid", true),
            (code::PUBLICKEY_UNVERIFIED, "Invalid signature for supplied public key", true),
            (code::PUBLICKEY_UNVERIFIED, "Waiting for publickey USERAUTH response", false),
            (code::AUTHENTICATION_FAILED, "Waiting for keyboard USERAUTH response", false),
            (code::SOCKET_DISCONNECT, "socket disconnect", false),
        ] {
            let error = ssh2::Error::new(ErrorCode::Session(code), message);
            match judged(&server, "key", Err(error)) {
                Ok(Tried::Refused(_)) => assert!(refused, "{message}"),
                Err(failure) => {
                    assert!(!refused && failure.class == FailureClass::Network, "{message}")
                }
                Ok(Tried::Accepted) => panic!("{message}"),
            }
        }
    }
}

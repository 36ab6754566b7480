//! `transship auth`: signs in where a person is needed.

use std::pin::pin;
use std::sync::Arc;

use serde_json::json;
use tokio_util::sync::CancellationToken;

use super::{AuthAutodeskArgs, Exit, Global, check, print, signals};
use crate::config::{Client, Config};
use crate::model::{AutodeskAccount, AutodeskGrant, Failure, FailureClass, Shown};
use crate::sources::autodesk::{Account, Session, sign_in};

/// Signs in to Autodesk. Needs no ledger: a running transship takes the new tokens
/// from their file.
pub(super) async fn autodesk(global: &Global, args: &AuthAutodeskArgs) -> Exit {
    let config = match check::load(global) {
        Ok(config) => config,
        Err(exit) => return exit,
    };
    let chosen = chosen(&config, args.client.as_deref());
    let account = match chosen.and_then(|settings| Account::new(settings.clone())) {
        Ok(account) => account,
        Err(failure) => return print::failure(&failure),
    };
    if *account.grant() == AutodeskGrant::ThreeLegged
        && let Err(exit) = with_browser(global, &account).await
    {
        return exit;
    }
    match account.session().await {
        Ok(session) => print_session(global, &account, &session),
        Err(failure) => print::failure(&failure),
    }
}

/// The application to sign in with.
fn chosen<'c>(config: &'c Config, name: Option<&str>) -> Result<&'c AutodeskAccount, Failure> {
    let all = config.clients.values().filter_map(|client| match client {
        Client::Autodesk(account) => Some(account),
        _ => None,
    });
    let all: Vec<&AutodeskAccount> = all.collect();
    let named = |name: &str| all.iter().copied().find(|account| account.name == name);
    let found = match (name, all.as_slice()) {
        (Some(name), _) => named(name),
        (None, [only]) => Some(*only),
        (None, _) => named("autodesk"),
    };
    found.ok_or_else(|| {
        let names: Vec<&str> = all.iter().map(|account| account.name.as_str()).collect();
        let failure = Failure::new(
            FailureClass::Misconfigured,
            "choosing the Autodesk client",
            name.unwrap_or_default(),
        );
        match names.is_empty() {
            true => failure
                .said("there is none below clients")
                .advice("add clients.autodesk with a client_id; see `transship init`"),
            false => failure
                .said(format!("there is: {}", names.join(", ")))
                .advice("name one of them with --client"),
        }
    })
}

/// Shows the address and waits for the browser, or for a signal.
async fn with_browser(global: &Global, account: &Arc<Account>) -> Result<(), Exit> {
    let pending = sign_in::begin(account).map_err(|failure| print::failure(&failure))?;
    let url = pending.url().as_str();
    // From before the address is shown: whoever sees it may give up at once.
    let ended = signals::ended();
    if global.json {
        let row = json!({
            "client": account.name(), "url": url, "callback_url": account.callback_url(),
        });
        print::json_lines(&[row]);
    } else {
        print::note("Open this address in a browser on this machine and sign in to Autodesk:");
        print::stdout(&format!("{url}\n"));
        if !global.quiet {
            let place = Shown::new(account.callback_url());
            print::note(&format!("Waiting for the browser at {place} (Ctrl-C gives up)"));
        }
    }
    let cancel = CancellationToken::new();
    let mut waiting = pin!(pending.wait(&cancel));
    let (result, signal) = tokio::select! {
        result = &mut waiting => (result, None),
        exit = ended => {
            cancel.cancel();
            // What the browser has brought already is kept all the same.
            (waiting.await, Some(exit))
        }
    };
    match (result, signal) {
        (Err(_), Some(exit)) => Err(exit),
        (Err(failure), None) => Err(print::failure(&failure)),
        (Ok(_), _) => Ok(()),
    }
}

fn print_session(global: &Global, account: &Account, session: &Session) -> Exit {
    let by_person = *account.grant() == AutodeskGrant::ThreeLegged;
    if global.json {
        return print::json_lines(&[json!({
            "client": account.name(),
            "signed_in": true,
            "user": session.user,
            "scopes": session.scopes,
            "expires_at": session.expires_at,
            "renewable": session.renewable,
            "token_path": by_person.then(|| account.token_path().display().to_string()),
        })]);
    }
    let user = session.user.as_deref().unwrap_or("the application itself");
    let mut text = format!("Signed in as {}.\n", Shown::new(user));
    let renewed = if session.renewable { ", then renewed by itself" } else { "" };
    text.push_str(&format!("  may      {}\n", Shown::new(session.scopes.join(" "))));
    text.push_str(&format!("  until    {:.0}{renewed}\n", session.expires_at));
    if by_person {
        let path = Shown::new(account.token_path().display().to_string());
        text.push_str(&format!("  tokens   {path}\n"));
    }
    print::stdout(&text)
}

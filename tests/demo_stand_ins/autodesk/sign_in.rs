//! The browser's part and what proves the application.

use aws_lc_rs::digest::{SHA256, digest};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use transship::demo::{Fault, Offence};

use super::{AUTHORIZE, Aps, callback, form};
use crate::Stage;

const VERIFIER: &str = "a-verifier-of-letters.digits_and~marks-0123456789";

fn challenge(verifier: &str) -> String {
    URL_SAFE_NO_PAD.encode(digest(&SHA256, verifier.as_bytes()))
}

#[test]
fn authorize_shows_errors_of_the_application_as_a_page_and_redirects_the_others() {
    let stage = Stage::new();
    let aps = Aps::stranger(&stage);
    let slash = format!("{}/", aps.access().callback_url);
    let long = "data:read ".repeat(201);
    let public = aps.access().public_client_id.clone();
    let good = challenge(VERIFIER);
    // What is changed, and: the error of a 400 page, or the one that is redirected.
    type Case<'a> = (&'a [(&'a str, &'a str)], Result<&'a str, &'a str>);
    let table: &[Case<'_>] = &[
        (&[("client_id", "")], Err("invalid_request")),
        (&[("client_id", "unknown")], Err("invalid_client")),
        (&[("redirect_uri", "")], Err("invalid_request")),
        (&[("redirect_uri", &slash)], Err("invalid_request")),
        (&[("redirect_uri", "http://127.0.0.1:8081/oauth/callback")], Err("invalid_request")),
        (&[("state", "with space")], Err("invalid_request")),
        (&[("state", "a=b")], Err("invalid_request")),
        (&[("response_type", "")], Ok("unsupported_response_type")),
        (&[("response_type", "token")], Ok("unsupported_response_type")),
        (&[("scope", "")], Ok("invalid_scope")),
        (&[("scope", "data:everything")], Ok("invalid_scope")),
        (&[("scope", &long)], Ok("invalid_scope")),
        (&[("client_id", &public)], Ok("invalid_request")),
        (&[("code_challenge", &good)], Ok("invalid_request")),
        (&[("code_challenge", &good), ("code_challenge_method", "plain")], Ok("invalid_request")),
        (&[("code_challenge", "short"), ("code_challenge_method", "S256")], Ok("invalid_request")),
    ];
    for (changes, expected) in table {
        let reply = aps.authorize(changes);
        match expected {
            Err(page) => {
                assert_eq!(reply.status, 400, "{changes:?}");
                assert_eq!(reply.json()["error"], *page, "{changes:?}");
                assert_eq!(reply.header("location"), None);
            }
            Ok(error) => {
                let back = callback(&reply);
                assert_eq!(back["error"], *error, "{changes:?}");
                assert_eq!(back["state"], "the-state_1.,");
                assert!(!back.contains_key("code"));
            }
        }
    }
    // And the same without a change is good.
    let reply = aps.authorize(&[]);
    assert!(reply.header("location").unwrap().starts_with(&aps.access().callback_url));
    let back = callback(&reply);
    assert_eq!(back["state"], "the-state_1.,");
    assert!(back.contains_key("code") && !back.contains_key("error"));
    assert!(!callback(&aps.authorize(&[("state", "")])).contains_key("state"));
}

#[test]
fn the_person_may_refuse_and_somebody_may_meddle() {
    let stage = Stage::new();
    let aps = Aps::stranger(&stage);
    stage.world().arm(Fault::ApsConsentRefused);
    let back = callback(&aps.authorize(&[]));
    assert_eq!(
        (back["error"].as_str(), back["state"].as_str()),
        ("access_denied", "the-state_1.,")
    );
    stage.world().arm(Fault::ApsWrongState);
    assert_ne!(callback(&aps.authorize(&[]))["state"], "the-state_1.,");
    assert_eq!(callback(&aps.authorize(&[]))["state"], "the-state_1.,");
}

#[test]
fn a_proof_key_must_be_shown_and_be_the_right_one() {
    let stage = Stage::new();
    let aps = Aps::stranger(&stage);
    let client = aps.access().public_client_id.as_str();
    let exchange = |verifier: &str, challenged: &str| {
        let challenge = challenge(challenged);
        let code = aps.code(&[
            ("client_id", client),
            ("code_challenge", &challenge),
            ("code_challenge_method", "S256"),
        ]);
        aps.bare_token(&[
            ("grant_type", "authorization_code"),
            ("client_id", client),
            ("code", &code),
            ("redirect_uri", &aps.access().callback_url),
            ("code_verifier", verifier),
        ])
    };
    let (short, long) = ("x".repeat(42), "x".repeat(129));
    for (verifier, challenged, status) in [
        (VERIFIER, VERIFIER, 200),
        ("x".repeat(43).as_str(), "x".repeat(43).as_str(), 200),
        ("x".repeat(128).as_str(), "x".repeat(128).as_str(), 200),
        ("", VERIFIER, 400),
        (&VERIFIER.to_uppercase(), VERIFIER, 400),
        (&short, &short, 400),
        (&long, &long, 400),
        (&"ü".repeat(43), &"ü".repeat(43), 400),
    ] {
        let reply = exchange(verifier, challenged);
        assert_eq!(reply.status, status, "{verifier}: {}", reply.text);
        if status == 400 {
            assert_eq!(reply.json()["error"], "invalid_grant");
        }
    }
    // A refresh needs no proof key, and the right client.
    let tokens = exchange(VERIFIER, VERIFIER).json();
    let refresh = |client: &str| {
        aps.bare_token(&[
            ("grant_type", "refresh_token"),
            ("client_id", client),
            ("refresh_token", tokens["refresh_token"].as_str().unwrap()),
        ])
    };
    assert_eq!(refresh("unknown").status, 401);
    assert_eq!(refresh(client).status, 200);
    // A verifier for a code that was asked for without is refused as well.
    let code = aps.code(&[]);
    let reply = aps.token(&[
        ("grant_type", "authorization_code"),
        ("code", &code),
        ("redirect_uri", &aps.access().callback_url),
        ("code_verifier", VERIFIER),
    ]);
    assert_eq!(reply.status, 400);
}

#[test]
fn the_application_proves_itself_once_and_in_one_way() {
    let stage = Stage::new();
    let aps = Aps::stranger(&stage);
    let access = aps.access();
    let (id, secret) = (access.client_id.as_str(), access.client_secret.expose());
    let public = access.public_client_id.as_str();
    let request = |extra: &[(&'static str, &str)]| {
        let mut fields = vec![("grant_type", "client_credentials"), ("scope", "data:read")];
        fields.extend(extra.iter().copied());
        form(aps.http.post(aps.url(super::TOKEN)), &fields)
    };
    let ask = |basic: Option<(&str, &str)>, extra: &[(&'static str, &str)]| {
        let mut request = request(extra);
        if let Some((id, secret)) = basic {
            request = request.basic_auth(id, Some(secret));
        }
        let reply = aps.send(request).unwrap();
        (reply.status, reply.json()["error"].as_str().map(str::to_owned))
    };
    let both = [("client_id", id), ("client_secret", secret)];
    for (basic, extra, status, error) in [
        (Some((id, secret)), &[][..], 200, None),
        (None, &both, 200, None),
        (Some((id, secret)), &both, 400, Some("invalid_request")),
        (Some((id, secret)), &both[..1], 400, Some("invalid_request")),
        (Some((id, secret)), &both[1..], 400, Some("invalid_request")),
        (Some((id, "wrong")), &[], 401, Some("invalid_client")),
        (Some(("unknown", secret)), &[], 401, Some("invalid_client")),
        (Some((public, "")), &[], 401, Some("invalid_client")),
        (None, &both[..1], 401, Some("invalid_client")),
        (None, &[("client_id", public), ("client_secret", "x")], 401, Some("invalid_client")),
        (None, &[("client_id", public)], 400, Some("unauthorized_client")),
        (None, &[], 400, Some("invalid_request")),
    ] {
        let expected = (status, error.map(str::to_owned));
        assert_eq!(ask(basic, extra), expected, "{extra:?}");
    }
    let json = aps.http.post(aps.url(super::TOKEN)).basic_auth(id, Some(secret)).body("{}");
    assert_eq!(aps.send(json).unwrap().status, 415);
    let request = request(&[]).header("Authorization", "Basic !!!");
    assert_eq!(aps.send(request).unwrap().status, 401);
}

#[test]
fn a_code_is_good_once_and_not_for_long() {
    let stage = Stage::new();
    let aps = Aps::stranger(&stage);
    let code = aps.code(&[]);
    assert_eq!(aps.exchange(&code).status, 200);
    let again = aps.exchange(&code);
    assert_eq!((again.status, again.json()["error"].as_str()), (400, Some("invalid_grant")));
    let offences: Vec<_> = stage.world().offences().iter().map(|call| call.offence).collect();
    assert_eq!(offences, [Some(Offence::CodeReused)]);

    assert_eq!(aps.exchange("made-up").status, 400);
    let code = aps.code(&[]);
    let elsewhere = [
        ("grant_type", "authorization_code"),
        ("code", code.as_str()),
        ("redirect_uri", "http://localhost:8081/oauth/callback/"),
    ];
    assert_eq!(aps.token(&elsewhere).json()["error"], "invalid_grant");
    assert_eq!(stage.world().offences().len(), 1, "these are mistakes, no more");

    let hasty = Stage::with(|options| options.autodesk.code_life = std::time::Duration::ZERO);
    let aps = Aps::stranger(&hasty);
    assert_eq!(aps.exchange(&aps.code(&[])).json()["error"], "invalid_grant");
}

#[test]
fn what_was_shut_off_is_not_there() {
    let stage = Stage::new();
    let aps = Aps::stranger(&stage);
    for path in [
        "/authentication/v1/authorize",
        "/authentication/v1/gettoken",
        "/authentication/v1/authenticate",
        "/authentication/v1/refreshtoken",
    ] {
        assert_eq!(aps.plain(path).status, 404, "{path}");
        assert_eq!(aps.send(aps.http.post(aps.url(path)).body("")).unwrap().status, 404);
    }
    assert_ne!(aps.plain(AUTHORIZE).status, 404);
}

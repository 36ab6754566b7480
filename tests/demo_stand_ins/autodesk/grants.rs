//! Tokens: what they are, how they are renewed, how they end.

use std::time::Duration;

use aws_lc_rs::signature::{RSA_PKCS1_2048_8192_SHA256, RsaPublicKeyComponents};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::Value;
use transship::demo::{Fault, Offence, Service};

use super::{Aps, Reply, TOKEN, form, text};
use crate::Stage;

fn claims(token: &str) -> Value {
    let part = token.split('.').nth(1).unwrap();
    serde_json::from_slice(&URL_SAFE_NO_PAD.decode(part).unwrap()).unwrap()
}

fn error(reply: &Reply) -> (u16, String) {
    (reply.status, text(&reply.json()["error"]))
}

#[test]
fn an_access_token_says_what_it_is_and_its_signature_is_one_of_the_keys() {
    let stage = Stage::new();
    let aps = Aps::with_scope(&stage, "data:read user-profile:read");
    let claims = claims(&aps.token);
    assert_eq!(claims["scope"], serde_json::json!(["data:read", "user-profile:read"]));
    assert_eq!(claims["client_id"], aps.access().client_id.as_str());
    assert_eq!(claims["userid"], aps.access().user_id.as_str());
    let left = claims["exp"].as_i64().unwrap() - jiff::Timestamp::now().as_second();
    assert!((3500..=3600).contains(&left), "{left}");

    let keys = aps.plain("/authentication/v2/keys").json();
    let key = &keys["keys"][0];
    let decoded = |name: &str| URL_SAFE_NO_PAD.decode(text(&key[name])).unwrap();
    let key = RsaPublicKeyComponents { n: decoded("n"), e: decoded("e") };
    let (signed, signature) = aps.token.rsplit_once('.').unwrap();
    let signature = URL_SAFE_NO_PAD.decode(signature).unwrap();
    key.verify(&RSA_PKCS1_2048_8192_SHA256, signed.as_bytes(), &signature).unwrap();
    assert!(key.verify(&RSA_PKCS1_2048_8192_SHA256, b"else", &signature).is_err());
}

#[test]
fn a_refresh_token_is_good_once_and_brings_the_next() {
    let stage = Stage::new();
    let aps = Aps::sign_in(&stage);
    let first = aps.refresh(&aps.refresh_token);
    assert_eq!(first.status, 200);
    assert_eq!(first.json()["expires_in"], 3599);
    assert_eq!(first.json()["token_type"], "Bearer");
    let next = text(&first.json()["refresh_token"]);
    assert_ne!(next, aps.refresh_token);
    assert_eq!(aps.get("/project/v1/hubs").status, 200, "the old access token lives on");

    let reused = aps.refresh(&aps.refresh_token);
    assert_eq!(error(&reused), (400, "invalid_grant".into()));
    assert_eq!(reused.json()["error_description"], "The refresh token is invalid or expired.");
    assert_eq!(error(&aps.refresh("made-up")), (400, "invalid_grant".into()));
    let offences = stage.world().offences();
    assert_eq!(offences.len(), 1, "only the first is a second use");
    assert_eq!(offences[0].offence, Some(Offence::RefreshTokenReused));
    assert_eq!((offences[0].service, &*offences[0].path), (Service::Autodesk, TOKEN));
    assert_eq!(aps.refresh(&next).status, 200);
}

#[test]
fn a_lost_reply_loses_the_session() {
    let stage = Stage::new();
    let aps = Aps::sign_in(&stage);
    stage.world().arm(Fault::ApsRefreshReplyLost);
    let access = aps.access();
    let request = aps
        .http
        .post(aps.url(TOKEN))
        .basic_auth(&access.client_id, Some(access.client_secret.expose()));
    let fields = [("grant_type", "refresh_token"), ("refresh_token", &*aps.refresh_token)];
    assert!(aps.send(form(request, &fields)).is_err(), "no reply comes");
    assert_eq!(error(&aps.refresh(&aps.refresh_token)), (400, "invalid_grant".into()));
    // A token by code is nobody's occasion.
    stage.world().arm(Fault::ApsRefreshReplyLost);
    assert_eq!(aps.exchange(&aps.code(&[])).status, 200);
}

#[test]
fn a_session_may_be_lost_and_the_endpoint_may_fail_before_anything_happened() {
    let stage = Stage::new();
    let aps = Aps::sign_in(&stage);
    stage.world().arm(Fault::ApsToken500);
    assert_eq!(aps.refresh(&aps.refresh_token).status, 500);
    stage.world().arm(Fault::ApsSessionLost);
    assert_eq!(error(&aps.refresh(&aps.refresh_token)), (400, "invalid_grant".into()));
    assert!(stage.world().offences().is_empty(), "it had not been used before");
}

#[test]
fn scopes_can_become_less_and_never_more() {
    let stage = Stage::new();
    let aps = Aps::with_scope(&stage, "data:read data:search");
    let refresh = |token: &str, scope: &str| {
        aps.token(&[("grant_type", "refresh_token"), ("refresh_token", token), ("scope", scope)])
    };
    let less = refresh(&aps.refresh_token, "data:read");
    assert_eq!(claims(&text(&less.json()["access_token"]))["scope"][0], "data:read");
    let more = refresh(&text(&less.json()["refresh_token"]), "data:read data:write");
    assert_eq!(error(&more), (400, "invalid_scope".into()));
}

#[test]
fn a_two_legged_token_is_nobodys_and_is_not_refreshed() {
    let stage = Stage::new();
    let aps = Aps::stranger(&stage);
    let reply = aps.token(&[("grant_type", "client_credentials"), ("scope", "data:read")]);
    let tokens = reply.json();
    assert_eq!(tokens["refresh_token"], Value::Null);
    let token = text(&tokens["access_token"]);
    assert_eq!(claims(&token)["userid"], Value::Null);
    let hubs = |user: &str| {
        let request = aps.http.get(aps.url("/project/v1/hubs")).bearer_auth(&token);
        aps.send(request.header("x-user-id", user)).unwrap().status
    };
    assert_eq!(hubs(&aps.access().user_id), 200);
    assert_eq!(hubs("somebody"), 403);

    for (fields, error_name) in [
        (vec![("grant_type", "client_credentials")], "invalid_scope"),
        (vec![("grant_type", "client_credentials"), ("scope", "x")], "invalid_scope"),
        (vec![("grant_type", "password")], "unsupported_grant_type"),
        (vec![("scope", "data:read")], "invalid_request"),
        (vec![("grant_type", "refresh_token")], "invalid_request"),
        (vec![("grant_type", "authorization_code"), ("code", "x")], "invalid_request"),
    ] {
        assert_eq!(error(&aps.token(&fields)), (400, error_name.into()), "{fields:?}");
    }
}

#[test]
fn tokens_end_by_time_by_revocation_and_by_fault() {
    let stage = Stage::with(|options| {
        options.autodesk.access_life = Duration::ZERO;
        options.autodesk.refresh_life = Duration::ZERO;
    });
    let aps = Aps::sign_in(&stage);
    let expired = aps.get("/project/v1/hubs");
    assert_eq!(expired.status, 401);
    assert_eq!(expired.json()["errorCode"], "AUTH-006");
    assert_eq!(error(&aps.refresh(&aps.refresh_token)), (400, "invalid_grant".into()));

    let stage = Stage::new();
    let aps = Aps::sign_in(&stage);
    let post = |path: &str, fields: &[(&str, &str)]| {
        let access = aps.access();
        let request = form(aps.http.post(aps.url(path)), fields);
        let secret = Some(access.client_secret.expose());
        aps.send(request.basic_auth(&access.client_id, secret)).unwrap()
    };
    let introspect = |token: &str| post("/authentication/v2/introspect", &[("token", token)]);
    assert_eq!(introspect(&aps.token).json()["active"], true);
    assert_eq!(introspect(&aps.token).json()["userid"], aps.access().user_id.as_str());
    assert_eq!(introspect("made-up").json()["active"], false);
    let revoke = |token: &str, hint: &str| {
        let fields = [("token", token), ("token_type_hint", hint)];
        post("/authentication/v2/revoke", &fields).status
    };
    assert_eq!(revoke(&aps.token, "id_token"), 400);
    assert_eq!(aps.get("/project/v1/hubs").status, 200);
    assert_eq!(revoke(&aps.token, "access_token"), 200);
    assert_eq!(aps.get("/project/v1/hubs").status, 401);
    assert_eq!(revoke(&aps.refresh_token, "refresh_token"), 200);
    assert_eq!(error(&aps.refresh(&aps.refresh_token)), (400, "invalid_grant".into()));

    let aps = Aps::sign_in(&stage);
    stage.world().arm(Fault::ApsTokenExpired);
    assert_eq!(aps.get("/project/v1/hubs").status, 401);
    assert_eq!(aps.get("/project/v1/hubs").status, 401, "it stays expired");
    assert_eq!(aps.refresh(&aps.refresh_token).status, 200, "a refresh mends it");
}

#[test]
fn people_are_shown_to_tokens_that_may_see_them() {
    let stage = Stage::new();
    let reader = Aps::sign_in(&stage);
    assert_eq!(reader.get("/userinfo").status, 403);
    assert_eq!(Aps::stranger(&stage).get("/userinfo").status, 401);
    let viewer = Aps::with_scope(&stage, "user-profile:read");
    assert_eq!(viewer.get("/userinfo").json()["sub"], viewer.access().user_id.as_str());
}

//! Assertions of a service account: verified, not believed.

use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::signature::{RSA_PKCS1_SHA256, RsaKeyPair};
use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use serde_json::{Value, json};

use super::{Aps, text};
use crate::Stage;

const JWT_BEARER: &str = "urn:ietf:params:oauth:grant-type:jwt-bearer";

fn key(pem: &str) -> RsaKeyPair {
    let body: String = pem.lines().filter(|line| !line.starts_with('-')).collect();
    RsaKeyPair::from_pkcs8(&STANDARD.decode(body).unwrap()).unwrap()
}

fn sign(key: &RsaKeyPair, header: &Value, claims: &Value) -> String {
    let encoded = |value: &Value| URL_SAFE_NO_PAD.encode(value.to_string());
    let signed = format!("{}.{}", encoded(header), encoded(claims));
    let mut signature = vec![0; key.public_modulus_len()];
    let random = SystemRandom::new();
    key.sign(&RSA_PKCS1_SHA256, &random, signed.as_bytes(), &mut signature).unwrap();
    format!("{signed}.{}", URL_SAFE_NO_PAD.encode(signature))
}

#[test]
fn an_assertion_must_be_right_in_everything() {
    let stage = Stage::new();
    let aps = Aps::stranger(&stage);
    let account = aps.access().service_account().unwrap();
    let key = key(account.private_key.expose());
    let now = jiff::Timestamp::now().as_second();
    let header = json!({ "alg": "RS256", "kid": account.key_id });
    let claims = json!({
        "iss": aps.access().client_id,
        "sub": account.account_id,
        "aud": "https://developer.api.autodesk.com/authentication/v2/token",
        "exp": now + 300,
        "scope": ["data:read"],
    });
    let ask = |header: &Value, claims: &Value| {
        let assertion = sign(&key, header, claims);
        aps.token(&[("grant_type", JWT_BEARER), ("assertion", &assertion)])
    };
    let with = |from: &Value, name: &str, value: Value| {
        let mut changed = from.clone();
        changed[name] = value;
        changed
    };
    let own = json!(format!("{}/authentication/v2/token", aps.access().base_url));
    for good in [claims.clone(), with(&claims, "aud", own)] {
        let reply = ask(&header, &good);
        assert_eq!(reply.status, 200, "{}", reply.text);
        assert_eq!(reply.json()["refresh_token"], Value::Null, "there is nothing to refresh");
        let caller = Aps { token: text(&reply.json()["access_token"]), ..Aps::stranger(&stage) };
        assert_eq!(caller.get("/project/v1/hubs").status, 200);
    }
    for (header, claims) in [
        (with(&header, "alg", json!("HS256")), claims.clone()),
        (with(&header, "alg", json!("none")), claims.clone()),
        (with(&header, "kid", json!("another")), claims.clone()),
        (header.clone(), with(&claims, "iss", json!(aps.access().public_client_id))),
        (header.clone(), with(&claims, "sub", json!("somebody"))),
        (header.clone(), with(&claims, "aud", json!("https://developer.api.autodesk.com/"))),
        (header.clone(), with(&claims, "exp", json!(now - 1))),
        (header.clone(), with(&claims, "exp", json!(now + 3600))),
        (header.clone(), with(&claims, "exp", Value::Null)),
        (header.clone(), with(&claims, "scope", json!("data:read"))),
        (header.clone(), with(&claims, "scope", json!(["data:everything"]))),
        (header.clone(), with(&claims, "scope", json!([]))),
    ] {
        assert_eq!(ask(&header, &claims).status, 400, "{header} {claims}");
    }
    // Signed for one, shown with the claims of another.
    let good = sign(&key, &header, &claims);
    let parts: Vec<&str> = good.split('.').collect();
    let other = URL_SAFE_NO_PAD.encode(with(&claims, "exp", json!(now + 200)).to_string());
    let forged = format!("{}.{other}.{}", parts[0], parts[2]);
    let refused = aps.token(&[("grant_type", JWT_BEARER), ("assertion", &forged)]);
    assert_eq!(refused.json()["error_description"], "its signature is wrong");
    // The application must prove itself as well.
    let public = aps.access().public_client_id.as_str();
    let fields = [("grant_type", JWT_BEARER), ("assertion", &*good), ("client_id", public)];
    assert_eq!(aps.bare_token(&fields).json()["error"], "unauthorized_client");
}

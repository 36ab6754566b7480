//! Assertions, access tokens, scopes.

use std::time::Duration;

use aws_lc_rs::rsa::{KeyPair, KeySize};
use reqwest::header;
use serde_json::{Value, json};
use transship::demo::Fault;

use super::{Account, Caller, METADATA, READ, refusal, sign, stage, with_samples};

const GRANT: &str = "urn:ietf:params:oauth:grant-type:jwt-bearer";

#[test]
fn a_signed_assertion_brings_a_token_that_is_good() {
    let stage = with_samples();
    let account = Account::new(&stage);
    let (status, reply) = account.exchange_claims(&account.claims(METADATA));
    assert_eq!((status, &reply["token_type"]), (200, &json!("Bearer")));
    assert_eq!(reply["expires_in"], 3599);
    // The official Python client always names the vendor's own address.
    let mut claims = account.claims(METADATA);
    claims["aud"] = "https://oauth2.googleapis.com/token".into();
    assert_eq!(account.exchange_claims(&claims).0, 200);

    let subject = stage.stand_ins.google_drive().subject.clone();
    let acting = account.sign_in(METADATA, Some(&subject));
    let user = acting.get("about", &[("fields", "user")])["user"].clone();
    assert_eq!((&user["emailAddress"], &user["me"]), (&json!(subject), &json!(true)));
    // They see what is theirs, where it lies, and not what was never shared with them.
    let root = acting.drive().root_folder_id();
    let own = acting.get(&format!("files/{root}"), &[("fields", "parents,ownedByMe")]);
    assert_eq!(own["ownedByMe"], true);
    assert_eq!(own["parents"].as_array().unwrap().len(), 1);
    let own = Caller::new(&stage).get(&format!("files/{root}"), &[("fields", "parents,ownedByMe")]);
    assert_eq!(own, json!({ "ownedByMe": false }), "its owner's drive is none of ours");
    let shared = acting.drive().shared_drive_id();
    let all = [("supportsAllDrives", "true")];
    assert_eq!(acting.refused(&format!("files/{shared}"), &all).0, 404);
}

#[test]
fn whatever_is_wrong_with_an_assertion_is_refused() {
    let stage = stage(|_| {});
    let account = Account::new(&stage);
    let now = jiff::Timestamp::now().as_second();
    let strange = KeyPair::generate(KeySize::Rsa2048).unwrap();
    let stranger = sign(&strange, &account.header(), &account.claims(READ));
    let with = |key: &str, value: Value| {
        let mut claims = account.claims(READ);
        claims[key] = value;
        account.signed(&account.header(), &claims)
    };
    let header = |header: Value| account.signed(&header, &account.claims(READ));
    let good = account.signed(&account.header(), &account.claims(READ));
    let (message, signature) = good.rsplit_once('.').unwrap();
    let altered = {
        let other = account.signed(&account.header(), &account.claims(METADATA));
        format!("{}.{signature}", other.rsplit_once('.').unwrap().0)
    };
    for (what, assertion, expected) in [
        ("the control", good.clone(), ""),
        ("no key id", header(json!({ "alg": "RS256" })), ""),
        ("another key", stranger, "invalid_grant: Invalid JWT Signature."),
        (
            "another key's id",
            header(json!({ "alg": "RS256", "kid": "x" })),
            "invalid_grant: Invalid JWT Signature.",
        ),
        ("claims of another assertion", altered, "invalid_grant: Invalid JWT Signature."),
        ("no signature", format!("{message}."), "invalid_grant: Invalid JWT Signature."),
        ("no algorithm", header(json!({ "alg": "none" })), "invalid_grant: Invalid JWT: Unsupp"),
        ("padding", format!("{good}=="), "invalid_grant: Invalid JWT: Malformed"),
        ("two parts", message.to_owned(), "invalid_grant: Invalid JWT: Malformed"),
        ("nonsense", "nonsense".into(), "invalid_grant: Invalid JWT: Malformed"),
        ("another account", with("iss", json!("x@y.example")), "invalid_grant: Invalid grant: acc"),
        (
            "another audience",
            with("aud", json!("https://example.com/token")),
            "invalid_grant: Invalid JWT: Failed audience check.",
        ),
        ("two hours", with("exp", json!(now + 7200)), "invalid_grant: Invalid JWT: Token must be"),
        ("over", with("exp", json!(now - 1)), "invalid_grant: Invalid JWT: Token must be"),
        ("a clock ahead", with("iat", json!(now + 900)), "invalid_grant: Invalid JWT: Token must"),
        ("no times", with("iat", Value::Null), "invalid_grant: Invalid JWT: Malformed"),
        ("no scope", with("scope", json!("")), "invalid_scope: Empty or missing"),
        ("a scope that is none", with("scope", json!(format!("{READ}s"))), "invalid_scope: Inv"),
        ("one good scope of two", with("scope", json!(format!("{READ} drive"))), "invalid_scope"),
        ("nobody", with("sub", json!("nobody@school.example")), "invalid_grant: Invalid email"),
        ("not delegated", with("sub", json!("bursar@school.example")), "unauthorized_client: Cl"),
        ("itself", with("sub", account.file["client_email"].clone()), ""),
    ] {
        let (status, reply) = account.exchange(&[("grant_type", GRANT), ("assertion", &assertion)]);
        if expected.is_empty() {
            assert_eq!(status, 200, "{what}: {reply}");
            continue;
        }
        let said = |key: &str| reply[key].as_str().unwrap_or_default().to_owned();
        let said = format!("{}: {}", said("error"), said("error_description"));
        let refused = if expected.starts_with("unauthorized") { 401 } else { 400 };
        assert_eq!(status, refused, "{what}: {reply}");
        assert!(said.starts_with(expected), "{what}: {said}");
        assert!(reply.get("access_token").is_none(), "{what}");
    }
    for (form, error) in [
        (vec![("grant_type", "password"), ("assertion", &*good)], "unsupported_grant_type"),
        (vec![("assertion", &*good)], "unsupported_grant_type"),
        (vec![("grant_type", GRANT)], "invalid_request"),
    ] {
        let (status, reply) = account.exchange(&form);
        assert_eq!((status, &reply["error"]), (400, &json!(error)));
    }
    let url = account.file["token_uri"].as_str().unwrap();
    let as_json = account.http.post(url).json(&json!({ "grant_type": GRANT, "assertion": good }));
    assert_eq!(stage.send(as_json).unwrap().status(), 400, "a form is wanted");
}

#[test]
fn tokens_are_good_for_their_time_and_their_scope() {
    let stage = with_samples();
    let account = Account::new(&stage);
    let reader = account.sign_in(READ, None);
    let metadata = account.sign_in(METADATA, None);
    let files = reader.drive().truth(reader.drive().root_folder_id()).unwrap().files;
    let file = files.iter().find(|row| row.name == "Letter of July.txt" && row.md5.is_some());
    let path = format!("files/{}", file.unwrap().id);
    for (path, query, scope_matters) in [
        ("files", vec![], false),
        ("changes/startPageToken", vec![], false),
        ("about", vec![("fields", "kind")], false),
        (&*path, vec![], false),
        (&*path, vec![("alt", "media")], true),
        ("drives", vec![], true),
    ] {
        assert_eq!(reader.fetch(reader.request(path, &query)).0, 200, "{path} {query:?}");
        let (status, headers, body) = metadata.fetch(metadata.request(path, &query));
        if !scope_matters {
            assert_eq!(status, 200, "{path} {query:?}");
            continue;
        }
        let body: Value = serde_json::from_slice(&body).unwrap();
        assert_eq!(refusal(status, &body), (403, "insufficientPermissions".into(), "".into()));
        let challenge = headers[header::WWW_AUTHENTICATE].to_str().unwrap();
        assert!(challenge.contains("insufficient_scope"), "{challenge}");
    }
    let own_only = account.sign_in("https://www.googleapis.com/auth/drive.file", None);
    assert_eq!(own_only.refused("files", &[]).1, "insufficientPermissions");

    for (authorization, expected) in [
        (None, (403, "forbidden")),
        (Some("Bearer made-up".to_owned()), (401, "authError")),
        (Some(format!("Basic {}", reader.token)), (401, "authError")),
        (Some(format!("bearer {}", reader.token)), (401, "authError")),
        (Some(reader.token.clone()), (401, "authError")),
    ] {
        let base = &stage.stand_ins.google_drive().base_url;
        let mut request = reader.http.get(format!("{base}/drive/v3/files"));
        if let Some(value) = &authorization {
            request = request.header(header::AUTHORIZATION, value);
        }
        let (status, headers, body) = reader.fetch(request);
        let (status, reason, _) = refusal(status, &serde_json::from_slice(&body).unwrap());
        assert_eq!((status, &*reason), expected, "{authorization:?}");
        assert_eq!(headers.contains_key(header::WWW_AUTHENTICATE), status == 401);
    }
    // Nobody may put a token into a URL.
    let in_query = reader.ask("files", &[("access_token", &reader.token)]);
    assert_eq!(in_query.0, 200, "it is not looked at");
    let journal = serde_json::to_string(&stage.world().journal()).unwrap();
    assert!(!journal.contains(&reader.token), "and not written down");

    let short = super::stage(|options| options.token_life = Duration::ZERO);
    assert_eq!(Caller::new(&short).refused("files", &[]).0, 401);
}

#[test]
fn the_key_file_is_for_its_owner_alone_and_new_in_every_world() {
    let stage = stage(|_| {});
    let access = stage.stand_ins.google_drive();
    assert!(access.credentials_path.starts_with(stage.scratch()));
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        let mode = std::fs::metadata(&access.credentials_path).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
    }
    let settings = access.account("drive");
    assert_eq!(settings.base_url, access.base_url);
    assert_eq!(settings.credentials_path, access.credentials_path);
    let account = Account::new(&stage);
    let other = super::stage(|_| {});
    let assertion = account.signed(&account.header(), &account.claims(READ));
    let (_, reply) =
        Account::new(&other).exchange(&[("grant_type", GRANT), ("assertion", &assertion)]);
    assert_eq!(reply["error"], "invalid_grant", "another world, another key");
    let shown = format!("{:?}", stage.stand_ins) + &format!("{:?}", stage.world());
    let secret = account.file["private_key"].as_str().unwrap().lines().nth(1).unwrap().to_owned();
    assert!(!shown.contains(&secret));
}

#[test]
fn a_revoked_token_stays_revoked() {
    let stage = with_samples();
    let caller = Caller::new(&stage);
    caller.get("files", &[]);
    stage.world().arm(Fault::DriveTokenRevoked);
    assert_eq!(caller.refused("files", &[]), (401, "authError".into(), "Authorization".into()));
    assert_eq!(caller.refused("files", &[]).0, 401, "again");
    Caller::new(&stage).get("files", &[]);
}

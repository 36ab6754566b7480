//! Log-in, lists and downloads, spoken to as the vendor's sample does.

use std::time::Duration;

use reqwest::{Client, RequestBuilder, StatusCode};
use serde_json::{Value, json};
use transship::demo::{Arming, AuthScheme, Fate, Fault, Flips, Status};

use crate::{Stage, export};

/// A signed-in caller.
pub struct Caller<'a> {
    pub stage: &'a Stage,
    pub http: Client,
    pub token: String,
}

impl<'a> Caller<'a> {
    pub fn sign_in(stage: &'a Stage) -> Self {
        let http = Client::builder().no_proxy().build().unwrap();
        let caller = Self { stage, http, token: String::new() };
        let (status, body) = caller.login(|request| request, caller.credentials());
        assert_eq!(status, StatusCode::OK);
        let token = body["sessionToken"].as_str().unwrap().trim_matches('"').to_owned();
        Self { token, ..caller }
    }

    pub fn credentials(&self) -> Value {
        let access = self.stage.stand_ins.encoura();
        json!({
            "userName": access.username, "password": access.password.expose(), "acceptedTerms": true,
        })
    }

    pub fn login(
        &self,
        change: impl FnOnce(RequestBuilder) -> RequestBuilder,
        body: Value,
    ) -> (StatusCode, Value) {
        let access = self.stage.stand_ins.encoura();
        let request = self
            .http
            .post(format!("{}/login", access.base_url))
            .header("x-api-key", access.api_key.expose())
            .json(&body);
        let reply = self.stage.send(change(request)).unwrap();
        (reply.status(), self.stage.wait(reply.json()).unwrap_or(Value::Null))
    }

    pub fn get(&self, path: &str) -> RequestBuilder {
        let access = self.stage.stand_ins.encoura();
        self.http
            .get(format!("{}{path}", access.base_url))
            .header("Authorization", format!("JWT {}", self.token))
            .header("Organization", &access.organization_uid)
            .timeout(Duration::from_millis(1500))
    }

    /// Status and body; `Err` when the reply did not come through.
    pub fn ask(&self, request: RequestBuilder) -> Result<(u16, String), reqwest::Error> {
        let reply = self.stage.send(request)?;
        Ok((reply.status().as_u16(), self.stage.wait(reply.text())?))
    }

    pub fn uids(&self, query: &str) -> Vec<String> {
        let (status, body) = self.ask(self.get(&format!("/datacenter/exports?{query}"))).unwrap();
        assert_eq!(status, 200, "{body}");
        let list: Vec<Value> = serde_json::from_str(&body).unwrap();
        list.iter().map(|export| export["uid"].as_str().unwrap().to_owned()).collect()
    }

    pub fn download_url(&self, uid: &str) -> String {
        let request = self.get(&format!("/datacenter/exports/{uid}/download"));
        let (status, body) = self.ask(request).unwrap();
        assert_eq!(status, 200, "{body}");
        let reply: Value = serde_json::from_str(&body).unwrap();
        reply["downloadUrl"].as_str().unwrap().to_owned()
    }
}

#[test]
fn login_is_strict_and_wraps_the_token() {
    let stage = Stage::new();
    let caller = Caller::sign_in(&stage);
    let with = |key: &str, value: Value| {
        let mut body = caller.credentials();
        body[key] = value;
        body
    };
    for (body, status) in [
        (caller.credentials(), 200),
        (with("password", json!("wrong")), 401),
        (with("userName", json!("somebody@else.example")), 401),
        (with("acceptedTerms", json!(false)), 400),
        (with("acceptedTerms", json!("true")), 400),
        (with("username", json!("a misspelt key")), 400),
        (json!([]), 400),
    ] {
        assert_eq!(caller.login(|request| request, body.clone()).0, status, "{body}");
    }
    let (status, _) = caller.login(|request| request.body("{}"), Value::Null);
    assert_eq!(status, 400);
    let plain = |request: RequestBuilder| {
        let mut request = request.build().unwrap();
        request.headers_mut().insert("content-type", "text/plain".parse().unwrap());
        RequestBuilder::from_parts(caller.http.clone(), request)
    };
    assert_eq!(caller.login(plain, caller.credentials()).0, 415);

    let login = || caller.login(|request| request, caller.credentials()).1;
    assert!(login()["sessionToken"].as_str().unwrap().starts_with('"'));
    assert_eq!(login()["user"]["organizations"].as_array().unwrap().len(), 1);
    stage.world().arm(Fault::LoginPlainToken);
    assert!(!login()["sessionToken"].as_str().unwrap().contains('"'));
    stage.world().arm(Fault::LoginTwoOrganisations);
    assert_eq!(login()["user"]["organizations"].as_array().unwrap().len(), 2);
    stage.world().arm(Fault::LoginNoToken);
    assert_eq!(login()["sessionToken"], Value::Null);
    stage.world().arm(Fault::LoginRefused);
    assert_eq!(caller.login(|request| request, caller.credentials()).0, 401);
}

#[test]
fn calls_need_the_right_word_a_living_session_and_the_organisation() {
    let stage = Stage::new();
    let caller = Caller::sign_in(&stage);
    let access = stage.stand_ins.encoura();
    let ask = |authorization: Option<String>, organization: Option<&str>| {
        let url = format!("{}/datacenter/exports?status=Delivered", access.base_url);
        let mut request = caller.http.get(url);
        if let Some(value) = authorization {
            request = request.header("Authorization", value);
        }
        if let Some(value) = organization {
            request = request.header("Organization", value);
        }
        caller.ask(request).unwrap().0
    };
    let (jwt, bearer) = (format!("JWT {}", caller.token), format!("Bearer {}", caller.token));
    let ours = Some(access.organization_uid.as_str());
    assert_eq!(ask(Some(jwt.clone()), ours), 200);
    assert_eq!(ask(Some(bearer.clone()), ours), 401);
    assert_eq!(
        ask(Some(format!("JWT \"{}\"", caller.token)), ours),
        401,
        "quotes are not stripped"
    );
    assert_eq!(ask(Some("JWT made-up".into()), ours), 401);
    assert_eq!(ask(None, ours), 401);
    assert_eq!(ask(Some(jwt.clone()), None), 400);
    assert_eq!(ask(Some(jwt.clone()), Some("another")), 403);

    stage.world().arm(Fault::BearerOnly);
    assert_eq!((ask(Some(jwt.clone()), ours), ask(Some(bearer.clone()), ours)), (401, 200));
    stage.world().disarm();
    stage.world().arm(Fault::SessionExpired);
    assert_eq!(ask(Some(jwt.clone()), ours), 401);
    assert_eq!(ask(Some(jwt), ours), 401, "an expired session stays expired");
    let fresh = Caller::sign_in(&stage);
    assert_eq!(fresh.uids("status=Delivered"), Vec::<String>::new());

    let either = Stage::with(|options| options.auth_scheme = AuthScheme::Either);
    let caller = Caller::sign_in(&either);
    assert_eq!(caller.uids("status=Delivered"), Vec::<String>::new());
    either.world().arm(Fault::JwtOnly);
    assert_eq!(caller.uids("status=Delivered"), Vec::<String>::new());
}

#[test]
fn being_listed_takes_an_export_out_of_the_list() {
    let stage = Stage::new();
    let caller = Caller::sign_in(&stage);
    let mut aos = export("b.csv", "b");
    aos.product_key = "aos".into();
    let (first, second) = (stage.world().add(export("a.csv", "a")), stage.world().add(aos));
    assert_eq!(stage.oracle().totals.waiting, 2);

    assert_eq!(caller.uids("status=NotDelivered&productKey=aos"), [&*second]);
    assert_eq!(caller.uids("status=NotDelivered"), [&*first]);
    assert_eq!(caller.uids("status=NotDelivered"), Vec::<String>::new());
    assert_eq!(caller.uids("status=Delivered"), [first.clone(), second.clone()]);
    assert_eq!(caller.uids("status=Delivered"), [first, second]);
    let fates: Vec<Fate> = stage.oracle().exports.iter().map(|export| export.fate).collect();
    assert_eq!(fates, [Fate::Lost, Fate::Lost], "listed and not arrived");

    for query in ["", "?status=delivered", "?productKey=aos"] {
        let (status, _) = caller.ask(caller.get(&format!("/datacenter/exports{query}"))).unwrap();
        assert_eq!(status, 400, "{query:?}");
    }
}

#[test]
fn an_export_may_also_flip_when_it_is_downloaded() {
    let stage = Stage::with(|options| options.flips = Flips::OnDownload);
    let caller = Caller::sign_in(&stage);
    let uid = stage.world().add(export("a.csv", "a"));
    assert_eq!(caller.uids("status=NotDelivered"), [&*uid]);
    assert_eq!(caller.uids("status=NotDelivered"), [&*uid]);
    caller.download_url(&uid);
    assert_eq!(caller.uids("status=NotDelivered"), Vec::<String>::new());
    assert_eq!(caller.uids("status=Delivered"), [uid]);
}

#[test]
fn list_faults_do_what_they_say() {
    // The fault, the status of the reply (none: it does not come through),
    // what its body begins with, and how many of two exports it flipped.
    let table: &[(Arming, Option<u16>, &str, usize)] = &[
        (Fault::ListObject.into(), Some(200), "{\"", 1),
        (Fault::List204.into(), Some(204), "", 0),
        (Fault::ListEmpty.into(), Some(200), "", 0),
        (Fault::ListNull.into(), Some(200), "null", 0),
        (Fault::ListBraces.into(), Some(200), "{}", 0),
        (Fault::ListHtml502.into(), Some(502), "<html>", 2),
        (Fault::ListHang.into(), None, "", 2),
        (Fault::ListCut.into(), None, "", 2),
        (Fault::ListCutBody.into(), None, "", 2),
        (Arming::from(Fault::ListCutBody).value(0), None, "", 2),
        (Arming::from(Fault::ListCutBody).value(1), None, "", 2),
        (Fault::ListItemWithoutUid.into(), Some(200), "[{\"", 2),
        (Fault::List500.into(), Some(500), "{\"message\"", 0),
        (Fault::List429.into(), Some(429), "{\"message\"", 0),
    ];
    let stage = Stage::new();
    let caller = Caller::sign_in(&stage);
    for (arming, status, body, flipped) in table {
        let name = arming.name.name();
        let mine = [stage.world().add(export("a", "a")), stage.world().add(export("b", "b"))];
        stage.world().arm(arming.clone());
        // A list of what was delivered is nobody's occasion.
        assert!(caller.ask(caller.get("/datacenter/exports?status=Delivered")).is_ok());
        let answer = caller.ask(caller.get("/datacenter/exports?status=NotDelivered"));
        match (&answer, status) {
            (Ok((got, text)), Some(status)) => {
                assert_eq!(got, status, "{name}");
                assert!(text.starts_with(body), "{name}: {text}");
                let empty = body.is_empty();
                assert_eq!(text.is_empty(), empty, "{name}: {text}");
            }
            (Err(_), None) => {}
            _ => panic!("{name}: {answer:?}"),
        }
        let is_flipped = |status: &Status| *status == Status::Delivered;
        let oracle = stage.oracle();
        let mine = oracle.exports.iter().filter(|export| mine.contains(&export.uid));
        let count = mine.filter(|export| is_flipped(&export.status)).count();
        assert_eq!(count, *flipped, "{name}");
        assert!(stage.world().armed().is_empty(), "{name} has struck");
        // And the next list is a list again.
        caller.uids("status=NotDelivered");
    }

    stage.world().arm(Arming::from(Fault::List429).value(7));
    let request = caller.get("/datacenter/exports?status=NotDelivered");
    let reply = stage.send(request).unwrap();
    assert_eq!(reply.headers()["retry-after"], "7");
    stage.world().arm(Fault::Delivered500);
    let request = caller.get("/datacenter/exports?status=Delivered");
    assert_eq!(caller.ask(request).unwrap().0, 500);
}

#[test]
fn a_stray_element_has_no_uid_and_costs_no_other() {
    let stage = Stage::new();
    let caller = Caller::sign_in(&stage);
    let mine = [stage.world().add(export("a", "a")), stage.world().add(export("b", "b"))];
    stage.world().arm(Fault::ListItemWithoutUid);
    let request = caller.get("/datacenter/exports?status=NotDelivered");
    let list: Vec<Value> = serde_json::from_str(&caller.ask(request).unwrap().1).unwrap();
    let uids: Vec<Option<&str>> = list.iter().map(|element| element["uid"].as_str()).collect();
    assert_eq!(uids, [Some(mine[0].as_str()), None, Some(mine[1].as_str())]);
}

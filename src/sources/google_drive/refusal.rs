//! What the service's refusals mean:
//! <https://developers.google.com/workspace/drive/api/guides/handle-errors>.

use reqwest::{Response, StatusCode};
use serde::Deserialize;

use crate::model::{Failure, FailureClass, Retry};
use crate::transport::http::{Secrets, refusal_and_body};

/// What to do about a call that brought nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Verdict {
    /// The account asks too much: everybody waits, then again.
    SlowDown,
    /// The service is unwell, or the network: again after a while.
    Again,
    /// The token is not good (any more).
    NewToken,
    /// A quota of the day or of the file is used up: not in this run.
    NotNow,
    /// The query is too long or too complex: ask for less at once.
    AskLess,
    /// The document is too large to be exported in this way.
    TooLarge,
    /// The object is not there, or we may not know of it.
    NotThere,
    /// We may not do this to this object.
    NotAllowed,
    /// It concerns the account or the project as a whole: a person must act.
    Setup,
    /// A request or a reply that is not understood.
    Wrong,
}

/// A call that brought nothing.
#[derive(Debug)]
pub(super) struct Refusal {
    pub(super) verdict: Verdict,
    /// None where there was no (whole) reply.
    pub(super) status: Option<StatusCode>,
    /// What the operator reads.
    pub(super) failure: Failure,
}

/// Status, the first reason that fits, what it means. A status with `""` is for
/// every reason that is not listed before it.
const TABLE: &[(u16, &str, Verdict)] = &[
    (400, "exportSizeLimitExceeded", Verdict::TooLarge),
    (400, "", Verdict::Wrong),
    (401, "", Verdict::NewToken),
    (403, "rateLimitExceeded", Verdict::SlowDown),
    (403, "userRateLimitExceeded", Verdict::SlowDown),
    (403, "RATE_LIMIT_EXCEEDED", Verdict::SlowDown),
    (403, "dailyLimitExceeded", Verdict::NotNow),
    (403, "dailyLimitExceededUnreg", Verdict::Setup),
    (403, "downloadQuotaExceeded", Verdict::NotNow),
    (403, "quotaExceeded", Verdict::NotNow),
    (403, "exportSizeLimitExceeded", Verdict::TooLarge),
    (403, "accessNotConfigured", Verdict::Setup),
    (403, "SERVICE_DISABLED", Verdict::Setup),
    (403, "insufficientPermissions", Verdict::Setup),
    (403, "ACCESS_TOKEN_SCOPE_INSUFFICIENT", Verdict::Setup),
    (403, "domainPolicy", Verdict::Setup),
    (403, "", Verdict::NotAllowed),
    (404, "", Verdict::NotThere),
    (408, "", Verdict::Again),
    (410, "", Verdict::NotThere),
    (413, "", Verdict::AskLess),
    (414, "", Verdict::AskLess),
    (429, "", Verdict::SlowDown),
];

/// What the operator can do about a reason.
const ADVICE: &[(&str, &str)] = &[
    ("accessNotConfigured", ENABLE),
    ("SERVICE_DISABLED", ENABLE),
    ("dailyLimitExceededUnreg", ENABLE),
    ("insufficientPermissions", SCOPE),
    ("ACCESS_TOKEN_SCOPE_INSUFFICIENT", SCOPE),
    ("domainPolicy", "the domain's administrators have disabled Drive for applications: ask them"),
    (
        "cannotDownloadAbusiveFile",
        "Google takes this file for malware or spam; only its owner can download it all the same",
    ),
    (
        "downloadQuotaExceeded",
        "the file was downloaded too often today; it goes on by itself later",
    ),
    ("dailyLimitExceeded", "the project's quota of the day is used up; it goes on by itself later"),
];

const ENABLE: &str = "enable the Google Drive API for the service account's project in the \
                      Google Cloud console";
const SCOPE: &str = "the token does not reach that far: with subject set, an administrator must \
                     allow the scope drive.readonly to the service account";

/// When a quota of the day is looked at again.
const LATER: Retry = Retry::After(std::time::Duration::from_secs(60 * 60));

/// The body of an error, as far as it is of use.
#[derive(Default, Deserialize)]
struct Body {
    #[serde(default)]
    error: Error,
}

#[derive(Default, Deserialize)]
struct Error {
    #[serde(default)]
    message: String,
    #[serde(default)]
    errors: Vec<Reason>,
    /// The newer form (google.rpc.ErrorInfo).
    #[serde(default)]
    details: Vec<Reason>,
}

#[derive(Default, Deserialize)]
struct Reason {
    #[serde(default)]
    reason: String,
}

impl Refusal {
    /// What a reply that is no success means.
    pub(super) async fn read(doing: &str, reply: Response, secrets: &Secrets) -> Self {
        let status = reply.status();
        let (failure, body) = refusal_and_body(doing, reply, secrets).await;
        let Body { error } = serde_json::from_slice(&body).unwrap_or_default();
        let reasons: Vec<&str> =
            error.errors.iter().chain(&error.details).map(|r| r.reason.as_str()).collect();
        let verdict = verdict(status.as_u16(), &reasons, &error.message);
        Self { verdict, status: Some(status), failure: worded(failure, verdict, &reasons) }
    }

    /// A call without a (whole) reply.
    pub(super) fn without_reply(failure: Failure) -> Self {
        let verdict = match failure.class {
            FailureClass::Network | FailureClass::Unavailable => Verdict::Again,
            // A certificate, an address that is not asked, a token that is not granted.
            FailureClass::HostKey
            | FailureClass::SignIn
            | FailureClass::Misconfigured
            | FailureClass::Local => Verdict::Setup,
            FailureClass::Throttled => Verdict::SlowDown,
            _ => Verdict::Wrong,
        };
        Self { verdict, status: None, failure }
    }

    /// The failure, as one of `object`. One without a reply is of the way there, or of
    /// the sign-in, and says so itself.
    pub(super) fn about(self, object: &str) -> Failure {
        match self.status {
            Some(_) => self.failure.about(object),
            None => self.failure,
        }
    }

    /// Whether it can only concern this object.
    pub(super) fn is_about_object(&self) -> bool {
        matches!(self.verdict, Verdict::NotThere | Verdict::NotAllowed)
    }
}

fn verdict(status: u16, reasons: &[&str], message: &str) -> Verdict {
    if status == 400 && message.to_ascii_lowercase().contains("too complex") {
        return Verdict::AskLess;
    }
    let of_status = || TABLE.iter().filter(|(of, ..)| *of == status);
    let by_reason = of_status().find(|(_, reason, _)| reasons.contains(reason));
    match by_reason.or_else(|| of_status().find(|(_, reason, _)| reason.is_empty())) {
        Some((.., verdict)) => *verdict,
        None if status >= 500 => Verdict::Again,
        None => Verdict::Wrong,
    }
}

/// The failure with the class, the advice and the retry that its verdict asks for.
fn worded(mut failure: Failure, verdict: Verdict, reasons: &[&str]) -> Failure {
    let advice = ADVICE.iter().find(|(reason, _)| reasons.contains(reason));
    if let Some((_, advice)) = advice {
        failure = failure.advice(*advice);
    }
    if let Some(reason) = reasons.iter().find(|reason| is_name(reason)) {
        let said = failure.said.take().map(|said| said.to_string()).unwrap_or_default();
        failure = failure.said(format!("{said} ({reason})"));
    }
    match verdict {
        Verdict::SlowDown => {
            failure.class = FailureClass::Throttled;
            failure
        }
        Verdict::NotNow => {
            failure.class = FailureClass::Full;
            failure.retry(LATER)
        }
        Verdict::Setup => {
            failure.class = FailureClass::Misconfigured;
            failure.retry(Retry::Never)
        }
        Verdict::NewToken => failure.advice(
            "the service refused a token that it had just granted: check this machine's clock",
        ),
        Verdict::NotAllowed if reasons.contains(&"cannotDownloadAbusiveFile") => {
            failure.retry(Retry::Never)
        }
        _ => failure,
    }
}

/// Whether a reason is a word, and not something to steer a screen with.
fn is_name(reason: &str) -> bool {
    (1..=60).contains(&reason.len())
        && reason.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn refusals_mean_what_the_vendor_says() {
        use Verdict as V;
        for (status, reason, message, expected) in [
            (403, "rateLimitExceeded", "", V::SlowDown),
            (403, "userRateLimitExceeded", "", V::SlowDown),
            (429, "rateLimitExceeded", "", V::SlowDown),
            (429, "", "", V::SlowDown),
            (500, "backendError", "", V::Again),
            (502, "", "", V::Again),
            (599, "", "", V::Again),
            (401, "authError", "Invalid Credentials", V::NewToken),
            (403, "dailyLimitExceeded", "", V::NotNow),
            (403, "downloadQuotaExceeded", "", V::NotNow),
            (403, "accessNotConfigured", "", V::Setup),
            (403, "insufficientPermissions", "", V::Setup),
            (403, "insufficientFilePermissions", "", V::NotAllowed),
            (403, "cannotDownloadAbusiveFile", "", V::NotAllowed),
            (403, "exportSizeLimitExceeded", "", V::TooLarge),
            (403, "something new", "", V::NotAllowed),
            (403, "", "", V::NotAllowed),
            (404, "notFound", "File not found: x.", V::NotThere),
            (410, "", "", V::NotThere),
            (400, "invalid", "Invalid Value", V::Wrong),
            (400, "invalid", "The query is too complex.", V::AskLess),
            (413, "", "", V::AskLess),
            (414, "", "", V::AskLess),
            (302, "", "", V::Wrong),
            (418, "", "", V::Wrong),
        ] {
            assert_eq!(verdict(status, &[reason], message), expected, "{status} {reason}");
        }
        // Both forms of an error at once.
        assert_eq!(verdict(403, &["forbidden", "SERVICE_DISABLED"], ""), V::Setup);
    }

    #[test]
    fn reasons_bring_advice() {
        let failure = || Failure::new(FailureClass::Refused, "asking", "host").said("403: no");
        for (reason, verdict, class, retry) in [
            ("accessNotConfigured", Verdict::Setup, FailureClass::Misconfigured, Retry::Never),
            ("downloadQuotaExceeded", Verdict::NotNow, FailureClass::Full, LATER),
            ("cannotDownloadAbusiveFile", Verdict::NotAllowed, FailureClass::Refused, Retry::Never),
        ] {
            let worded = worded(failure(), verdict, &[reason]);
            assert_eq!((worded.class, worded.retry), (class, retry), "{reason}");
            assert!(worded.advice.is_some() && worded.to_string().contains(reason), "{worded}");
        }
        let hostile = worded(failure(), Verdict::NotAllowed, &["\u{1b}[2J"]);
        assert_eq!(hostile.said.unwrap().as_str(), "403: no");
    }
}

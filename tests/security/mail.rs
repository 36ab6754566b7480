//! Mail over TLS with the real program and a certificate authority of our own: the letter is
//! handed over where everything is right, and nothing is said where anything is not.

use crate::authority::{Authority, Shown, authority, wrong};
use crate::post_office::{Offers, PASSWORD, PostOffice, USER};
use crate::support::program::Ran;

/// `transship notify test` against a mail server at `localhost`.
async fn send(trusted: &Authority, tls: &str, port: u16) -> Ran {
    let yaml = format!(
        "clients:\n  encoura: {{ api_key: k, organization_uid: o1, username: u, password: p }}\n\
         endpoints:\n  - {{ name: Exports, endpoint_type: encoura, schedule: {{ type: manual }} }}\n\
         notifications:\n  smtp: {{ host: localhost, port: {port}, tls: {tls}, username: {USER}, \
         password: \"${{PASSWORD}}\", from: transship@school.example, to: ops@school.example }}\n"
    );
    let arguments = ["--verbose", "notify", "test"];
    crate::tls::trusting(trusted, &yaml, &[("PASSWORD", PASSWORD)], &arguments).await
}

/// A server that shows `shown`, in the way that `tls` asks for.
async fn office(tls: &str, shown: &Shown<'_>) -> PostOffice {
    PostOffice::open(match tls {
        "starttls" => Offers::StartTls(shown.config()),
        _ => Offers::Implicit(shown.config()),
    })
    .await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_letter_is_handed_over_only_with_a_certificate_that_is_right_in_every_way() {
    let (ours, theirs) = (authority("ours"), authority("theirs"));
    let right = Shown { by: &ours, name: "localhost", years: (2020, 2090) };
    for tls in ["starttls", "implicit"] {
        let there = office(tls, &right).await;
        let ran = send(&ours, tls, there.port).await.expect(0);
        assert!(ran.stdout.contains("ok      smtp: 250 2.0.0 queued as 42"), "{tls}: {ran:#?}");
        let book = there.book();
        assert_eq!((book.encrypted, book.letters.len()), (1, 1), "{tls}: {book:#?}");
        assert!(book.said.iter().any(|line| line.starts_with("AUTH PLAIN ")), "{book:#?}");

        for (wrong, words) in wrong(right, &theirs) {
            let (name, years) = (wrong.name, wrong.years);
            let there = office(tls, &wrong).await;
            let ran = send(&ours, tls, there.port).await;
            assert_eq!(ran.code, 77, "{tls} {name} {years:?}: {ran:#?}");
            let said = format!("{}{}", ran.stdout, ran.stderr).to_lowercase();
            assert!(said.contains("certificate is not trusted"), "{tls} {name}: {said}");
            assert!(said.contains(words), "{tls} {name} {years:?}: {said}");
            let book = there.book();
            assert!(book.letters.is_empty() && book.encrypted == 0, "{tls} {name}: {book:#?}");
            let greeting = |line: &String| line.starts_with("EHLO") || line == "STARTTLS";
            assert!(book.said.iter().all(greeting), "{tls} {name} {years:?}: {book:#?}");
        }
    }
}

/// Asked for one way of encrypting, the other one's server gets no password either.
#[tokio::test(flavor = "multi_thread")]
async fn a_mail_server_of_the_other_way_or_of_none_gets_no_password() {
    let ours = authority("ours");
    let right = Shown { by: &ours, name: "localhost", years: (2020, 2090) };
    for (asked, offers) in [
        ("implicit", Offers::StartTls(right.config())),
        ("implicit", Offers::Plain),
        ("starttls", Offers::Plain),
    ] {
        let there = PostOffice::open(offers).await;
        let ran = send(&ours, asked, there.port).await;
        assert!(ran.code != 0, "{asked}: {ran:#?}");
        let book = there.book();
        assert!(book.letters.is_empty(), "{asked}: {book:#?}");
        assert!(!book.said.iter().any(|line| line.contains("AUTH")), "{asked}: {book:#?}");
        assert!(ran.stdout.contains("notifications.smtp"), "what to do is said: {ran:#?}");
    }
}

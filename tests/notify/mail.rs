//! Notifications as mail.

use transship::config::MailTls;
use transship::engine::test_notifications;
use transship::model::{FailureClass, Secret};

use crate::post_office::{Offers, PASSWORD, PostOffice};
use crate::receiver::{Receiver, morning, pass};
use crate::support::clock::SetClock;
use crate::support::desk::Desk;

#[tokio::test]
async fn a_failure_and_its_end_come_as_mail() {
    let office = PostOffice::open(Offers::Plain).await;
    let mut desk = Desk::new().await;
    desk.config.notifications.name = Some("büro\r\nBcc: all@school.example".into());
    desk.config.notifications.mail = Some(office.mail(MailTls::None));
    let clock = SetClock::at(morning());
    desk.arm("auth_refused");
    pass(&desk, &clock).await;
    let letter = office.letters(1).await.remove(0);
    assert_eq!(letter.from, "transship@school.example");
    assert_eq!(letter.to, ["ops@school.example", "night@school.example"]);
    let subject = letter.subject();
    assert!(subject.starts_with("transship on büro\\r\\nBcc"), "{subject}");
    assert!(subject.ends_with("Encoura exports: sign-in refused"), "{subject}");
    let to = letter.header("To");
    assert_eq!(to, "=?utf-8?B?T3Bz?= <ops@school.example>, night@school.example");
    assert!(letter.header("Date").ends_with(" -0000"), "{}", letter.header("Date"));
    assert!(!letter.text.to_lowercase().contains("\r\nbcc"), "{}", letter.text);
    assert_eq!(letter.header("Auto-Submitted"), "auto-generated");
    assert!(letter.header("Message-ID").ends_with("@school.example>"));
    assert!(letter.header("Content-Type").starts_with("text/plain"));
    let body = letter.body();
    assert!(body.contains("What to do: ") && body.contains("Encoura exports"), "{body}");
    assert!(!letter.text.contains(PASSWORD));

    desk.stand_ins.world().disarm();
    pass(&desk, &clock).await;
    pass(&desk, &clock).await;
    let letters = office.letters(2).await;
    assert_eq!(letters.len(), 2);
    let subject = letters[1].subject();
    assert!(subject.contains("over: sign-in refused"), "{subject}");
    assert_ne!(letters[1].header("Message-ID"), letter.header("Message-ID"));
}

#[tokio::test]
async fn without_encryption_no_password_leaves() {
    let desk = Desk::new().await;
    for (offers, class, words) in [
        (Offers::Plain, FailureClass::Protocol, "STARTTLS"),
        (Offers::untrusted(), FailureClass::HostKey, "not trusted"),
    ] {
        let office = PostOffice::open(offers.clone()).await;
        let mut config = desk.config.clone();
        config.notifications.mail = Some(office.mail(MailTls::StartTls));
        let failure = test_notifications(&config).await.remove(0).answer.unwrap_err();
        assert_eq!(failure.class, class, "{offers:?}: {failure}");
        assert!(failure.to_string().contains(words), "{offers:?}: {failure}");
        let book = office.book();
        assert_eq!(book.encrypted, 0, "{offers:?}");
        assert!(book.letters.is_empty(), "{offers:?}");
        let auth = book.said.iter().any(|line| line.starts_with("AUTH"));
        assert!(!auth, "{offers:?}: {:?}", book.said);
    }
}

#[tokio::test]
async fn what_a_mail_server_refuses_is_told_apart_and_without_the_password() {
    let office = PostOffice::open(Offers::Plain).await;
    let desk = Desk::new().await;
    let mail = office.mail(MailTls::None);
    let wrong = Secret::new("kanarienvogel-wrong");
    let other = transship::config::Mail {
        to: vec!["nobody@elsewhere.example".parse().unwrap()],
        ..mail.clone()
    };
    let refused =
        transship::config::Mail { login: Some(("transship".into(), wrong)), ..mail.clone() };
    let away = transship::config::Mail { port: 1, ..mail.clone() };
    for (mail, class, words) in [
        (refused, FailureClass::SignIn, "535"),
        (other, FailureClass::Refused, "nobody of this name"),
        (away, FailureClass::Network, "check host and port"),
    ] {
        let mut config = desk.config.clone();
        config.notifications.mail = Some(mail);
        let failure = test_notifications(&config).await.remove(0).answer.unwrap_err();
        assert_eq!(failure.class, class, "{failure}");
        let shown = failure.to_string();
        assert!(shown.contains(words) && shown.contains("smtp"), "{shown}");
        assert!(!shown.contains("kanarienvogel"), "{shown}");
        // Base64 of the login, as the server repeats it.
        assert!(!shown.contains("AHRyYW5z"), "{shown}");
    }
    assert!(office.book().letters.is_empty());
    let mut config = desk.config.clone();
    config.notifications.mail = Some(mail);
    let answer = test_notifications(&config).await.remove(0).answer.unwrap();
    assert!(answer.as_str().contains("queued as 42"), "{answer}");
    assert!(office.book().letters[0].header("Subject").contains("test message"));
}

/// One dead channel keeps nothing from the other one.
#[tokio::test]
async fn channels_do_not_wait_for_each_other() {
    let (office, receiver) = (PostOffice::open(Offers::Plain).await, Receiver::start().await);
    let mut desk = Desk::new().await;
    desk.config.notifications = receiver.alone();
    desk.config.notifications.mail = Some(office.mail(MailTls::None));
    receiver.answers(crate::scripted::Answer::Hang);
    let clock = SetClock::at(morning());
    desk.arm("auth_refused");
    pass(&desk, &clock).await;
    assert_eq!(office.letters(1).await.len(), 1);
    assert_eq!(receiver.requests().len(), 1);
    receiver.answers(crate::scripted::reply(200, ""));
    pass(&desk, &clock).await;
    assert_eq!((office.book().letters.len(), receiver.requests().len()), (1, 2));
}

//! A first look.

use super::*;
use transship::sources::google_drive::DriveSource;

#[tokio::test]
async fn a_few_names_are_found_and_nothing_is_changed() {
    let mut world = grove(3);
    world.file("top", "r");
    let stand = Stand::of(world).await;
    let source = stand.source(scope("r"));
    assert_eq!(source.peek(1).await.unwrap(), ["top.pdf"]);
    assert_eq!(source.peek(3).await.unwrap(), ["top.pdf", "d0-a.pdf", "d0-b.pdf"]);
    assert_eq!(source.peek(100).await.unwrap().len(), 7);
    assert_eq!(source.peek(0).await.unwrap().len(), 0);
    let failure = stand.source(scope("hidden")).peek(1).await.unwrap_err();
    assert!(failure.to_string().contains(EMAIL), "{failure}");
}

#[tokio::test]
async fn the_drives_are_listed_with_the_own_one() {
    let mut world = World::new();
    world.drive("0A");
    world.drive("0B");
    let stand = Stand::of(world).await;
    // Its token reaches metadata only, which is not enough for this list.
    let source = DriveSource::new(stand.account(), scope("r"), false);
    source.sign_in().await.unwrap();
    let projects = source.projects().await.unwrap();
    let found: Vec<(&str, &str, Option<&str>)> = projects
        .iter()
        .map(|p| (p.id.as_str(), p.name.as_str(), p.belongs_to.as_deref()))
        .collect();
    assert_eq!(
        found,
        [
            ("own", "My Drive", Some(EMAIL)),
            ("0A", "drive 0A", Some("shared drives")),
            ("0B", "drive 0B", Some("shared drives")),
        ]
    );
}

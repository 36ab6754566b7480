//! What becomes of a file over there once it is safe here.
//!
//! Only the version that was fetched is touched. The protocol knows no "if it is still
//! the same": between the look and the act there is one trip, in which a partner that
//! writes into a complete file is not noticed.

use super::SftpSource;
use super::place::Place;
use super::row::Fetchable;
use crate::model::{AfterFetch, Failure, FailureClass};
use crate::sources::Parted;
use crate::transport::sftp::wire::StatusCode;
use crate::transport::sftp::{SftpError, SftpSession};

/// Names that are tried for a file whose own is taken.
const NAMES: u32 = 10_000;

/// Does to the file that `content` describes what the endpoint wants.
pub(super) async fn part(
    source: &SftpSource,
    content: &serde_json::Value,
) -> Result<Parted, Failure> {
    let action = &source.scope.after_fetch;
    if *action == AfterFetch::Leave {
        return Ok(Parted::Left);
    }
    let (wanted, place) = Fetchable::read(content)?;
    let session = source.account.session().await?;
    source.called();
    let looked = session.stat(place.bytes()).await;
    let attrs = match looked {
        Ok(attrs) => attrs,
        // By a partner, a person, or by us: the reply may have been lost.
        Err(error) if error.is_missing() => return Ok(Parted::Gone),
        Err(error) => return Err(error.into_failure("looking at", place.shown())),
    };
    let now = (attrs.size, attrs.times.map(|(_, changed)| changed));
    if now != (Some(wanted.size), Some(wanted.changed)) {
        return Ok(Parted::Changed);
    }
    source.called();
    match action {
        AfterFetch::Leave => Ok(Parted::Left),
        AfterFetch::Delete => match session.remove(place.bytes()).await {
            Ok(()) => Ok(Parted::Deleted),
            Err(error) if error.is_missing() => Ok(Parted::Gone),
            Err(error) => Err(error.into_failure("deleting", place.shown())),
        },
        AfterFetch::Move(to) => {
            let root = source.root(&session).await?;
            let to = Place::new(root.bytes(), to.as_bytes());
            let moved = shift(&session, &root, &place, &to).await?;
            Ok(moved.map_or(Parted::Gone, |to| Parted::Moved(to.shown())))
        }
    }
}

/// Moves a file below `root` to the same place below `to`, under a name that is free;
/// where it is now, or none if it was gone.
async fn shift(
    session: &SftpSession,
    root: &Place,
    place: &Place,
    to: &Place,
) -> Result<Option<Place>, Failure> {
    const DOING: &str = "moving";
    let way = place.below(root).unwrap_or(place.name());
    let target = Place::new(to.bytes(), way);
    let folder = target.folder();
    make(session, to, &folder).await?;
    for number in 0..NAMES {
        let target = folder.inside(&numbered(target.name(), number));
        match session.lstat(target.bytes()).await {
            Ok(_) => continue,
            Err(error) if error.is_missing() => {}
            Err(error) => return Err(error.into_failure("looking for", target.shown())),
        }
        // SFTP's own rename, not the atomic one: that would replace what is there.
        match session.rename(place.bytes(), target.bytes()).await {
            Ok(()) => return Ok(Some(target)),
            Err(error) if error.is_missing() => return Ok(None),
            Err(error) if !is_taken(session, &error, &target).await => {
                return Err(error
                    .into_failure(DOING, place.shown())
                    .advice(format!("see whether this account may write to {}", folder.shown())));
            }
            Err(_) => {}
        }
    }
    Err(Failure::new(FailureClass::Full, DOING, place.shown())
        .said(format!("{NAMES} files of this name are in {} already", folder.shown())))
}

/// Whether a rename failed because its target is there by now. OpenSSH says no more than
/// "failure".
async fn is_taken(session: &SftpSession, error: &SftpError, target: &Place) -> bool {
    let vague = matches!(error.code(), Some(StatusCode::FAILURE | StatusCode::FILE_ALREADY_EXISTS));
    vague && session.lstat(target.bytes()).await.is_ok()
}

/// Makes `folder` and what is missing of the way to it, from `to` on.
async fn make(session: &SftpSession, to: &Place, folder: &Place) -> Result<(), Failure> {
    let mut way = vec![folder.clone()];
    let mut above = folder.clone();
    while above != *to && above.below(to).is_some() {
        above = above.folder();
        way.push(above.clone());
    }
    for folder in way.iter().rev() {
        match session.stat(folder.bytes()).await {
            Ok(_) => continue,
            Err(error) if error.is_missing() => {}
            Err(error) => return Err(error.into_failure("looking for", folder.shown())),
        }
        let Err(error) = session.mkdir(folder.bytes()).await else { continue };
        // Somebody else may have made it meanwhile: eight files are moved at a time.
        if session.stat(folder.bytes()).await.is_err() {
            return Err(error
                .into_failure("making the folder", folder.shown())
                .advice("have it made, or let this account make it"));
        }
    }
    Ok(())
}

/// `name`, and from 1 on `stem_1.ext`.
fn numbered(name: &[u8], number: u32) -> Vec<u8> {
    if number == 0 {
        return name.to_vec();
    }
    let dot = name.iter().rposition(|b| *b == b'.').filter(|at| *at > 0).unwrap_or(name.len());
    let (stem, extension) = name.split_at(dot);
    [stem, format!("_{number}").as_bytes(), extension].concat()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_numbered_before_their_extension() {
        for (name, number, expected) in [
            ("a.csv", 0, "a.csv"),
            ("a.csv", 1, "a_1.csv"),
            ("a.b.csv", 12, "a.b_12.csv"),
            ("a", 1, "a_1"),
            (".a", 1, ".a_1"),
        ] {
            assert_eq!(numbered(name.as_bytes(), number), expected.as_bytes());
        }
        assert_eq!(numbered(b"\xff.csv", 1), b"\xff_1.csv");
    }
}

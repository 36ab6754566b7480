//! Paths over there. They are bytes: the protocol knows no encoding, and a name in
//! another one than UTF-8 is fetched all the same.

use bytes::{BufMut, Bytes, BytesMut};
use percent_encoding::percent_decode_str;

/// The absolute path of a file or folder, without a slash at its end.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct Place(Bytes);

impl Place {
    /// `path` with every `.`, `..` and doubled slash taken out; nothing is above the
    /// root. What does not begin with a slash is below `from`.
    pub(super) fn new(from: &[u8], path: &[u8]) -> Self {
        let from: &[u8] = if path.starts_with(b"/") { b"" } else { from };
        let mut parts: Vec<&[u8]> = Vec::new();
        for part in from.split(|b| *b == b'/').chain(path.split(|b| *b == b'/')) {
            match part {
                b"" | b"." => {}
                b".." => drop(parts.pop()),
                part => parts.push(part),
            }
        }
        let mut tidy = BytesMut::new();
        for part in parts {
            tidy.put_u8(b'/');
            tidy.put_slice(part);
        }
        if tidy.is_empty() {
            tidy.put_u8(b'/');
        }
        Self(tidy.freeze())
    }

    /// The entry `name` of this folder. Only for names that [`is_plain`] lets through.
    pub(super) fn inside(&self, name: &[u8]) -> Self {
        let mut path = BytesMut::with_capacity(self.0.len() + 1 + name.len());
        path.put_slice(if &self.0[..] == b"/" { b"" } else { &self.0 });
        path.put_u8(b'/');
        path.put_slice(name);
        Self(path.freeze())
    }

    pub(super) fn bytes(&self) -> &[u8] {
        &self.0
    }

    /// As a request takes it.
    pub(super) fn request(&self) -> Bytes {
        self.0.clone()
    }

    /// The last name in it; empty for the root.
    pub(super) fn name(&self) -> &[u8] {
        self.0.rsplit(|b| *b == b'/').next().unwrap_or_default()
    }

    /// The folder that it lies in; the root lies in itself.
    pub(super) fn folder(&self) -> Self {
        let end = self.0.len() - self.name().len();
        Self::new(b"", &self.0[..end])
    }

    /// What leads from the folder `above` to here, without a slash before it; none if
    /// this is not below it.
    pub(super) fn below(&self, above: &Self) -> Option<&[u8]> {
        let rest = self.0.strip_prefix(above.0.strip_suffix(b"/").unwrap_or(&above.0))?;
        rest.strip_prefix(b"/").filter(|rest| !rest.is_empty())
    }

    /// A text from which the very same bytes can be had again: what is not UTF-8, or
    /// steers, stands as `%XX`, and so does `%` itself.
    pub(super) fn text(&self) -> String {
        let mut text = String::with_capacity(self.0.len());
        let escaped = |text: &mut String, byte: u8| text.push_str(&format!("%{byte:02X}"));
        for chunk in self.0.utf8_chunks() {
            for c in chunk.valid().chars() {
                if c == '%' || c.is_control() {
                    c.encode_utf8(&mut [0; 4]).bytes().for_each(|byte| escaped(&mut text, byte));
                } else {
                    text.push(c);
                }
            }
            chunk.invalid().iter().for_each(|byte| escaped(&mut text, *byte));
        }
        text
    }

    /// The path that [`Place::text`] was made of; none if it is no absolute path.
    pub(super) fn read(text: &str) -> Option<Self> {
        let bytes: Vec<u8> = percent_decode_str(text).collect();
        (bytes.starts_with(b"/") && !bytes.contains(&0)).then(|| Self(bytes.into()))
    }

    /// For messages; `Failure` makes it safe.
    pub(super) fn shown(&self) -> String {
        lossy(&self.0)
    }
}

/// A name as it is kept in the books and shown.
pub(super) fn lossy(name: &[u8]) -> String {
    String::from_utf8_lossy(name).into_owned()
}

/// Whether a name in a listing is that of an entry of its folder, and leads nowhere else.
pub(super) fn is_plain(name: &[u8]) -> bool {
    !name.is_empty() && name != b"." && name != b".." && !name.contains(&b'/') && !name.contains(&0)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn paths_are_absolute_and_tidy() {
        for (from, path, place) in [
            ("/home/feed", "outgoing", "/home/feed/outgoing"),
            ("/home/feed", "/outgoing/", "/outgoing"),
            ("/home/feed", ".", "/home/feed"),
            ("/home/feed", "", "/home/feed"),
            ("/home/feed", "../a/./b//c", "/home/a/b/c"),
            ("/", "../..", "/"),
        ] {
            let found = Place::new(from.as_bytes(), path.as_bytes());
            assert_eq!(found.shown(), place, "{from} {path}");
        }
    }

    #[test]
    fn folders_and_names() {
        let file = Place::new(b"/", b"/a/b/c.csv");
        assert_eq!((file.name(), file.folder().shown().as_str()), (&b"c.csv"[..], "/a/b"));
        assert_eq!(Place::new(b"", b"/a").folder().shown(), "/");
        assert_eq!(file.below(&Place::new(b"", b"/a")), Some(&b"b/c.csv"[..]));
        assert_eq!(file.below(&Place::new(b"", b"/")), Some(&b"a/b/c.csv"[..]));
        assert_eq!(file.below(&Place::new(b"", b"/a/b/c")), None);
        assert_eq!(file.below(&file), None);
    }

    #[test]
    fn names_that_lead_elsewhere_are_found_out() {
        for name in ["", ".", "..", "a/b", "../a", "/etc/passwd", "a\0b"] {
            assert!(!is_plain(name.as_bytes()), "{name:?}");
        }
        for name in ["a", "...", "a b", "-rf", "\u{1b}[2J", "a\\b"] {
            assert!(is_plain(name.as_bytes()), "{name:?}");
        }
    }

    proptest! {
        #[test]
        fn a_text_leads_back_to_the_bytes(name in prop::collection::vec(1u8.., 1..40)) {
            prop_assume!(is_plain(&name));
            let place = Place::new(b"", b"/a%2F/\xe4").inside(&name);
            let text = place.text();
            prop_assert!(!text.chars().any(char::is_control));
            prop_assert_eq!(Place::read(&text), Some(place));
        }

        #[test]
        fn other_bytes_are_another_text(a in prop::collection::vec(1u8.., 1..6),
                                        b in prop::collection::vec(1u8.., 1..6)) {
            prop_assume!(is_plain(&a) && is_plain(&b) && a != b);
            let root = Place::new(b"", b"/");
            prop_assert_ne!(root.inside(&a).text(), root.inside(&b).text());
        }
    }

    /// A listing as the server sends it, and where its names would lead.
    #[test]
    fn no_listing_leads_out_of_its_folder() {
        use crate::transport::sftp::wire::{Reply, take_packet};

        let folder = Place::new(b"/home/feed", b"outgoing");
        crate::fuzz::fuzz("sftp_listing", |bytes| {
            let mut stream = BytesMut::from(bytes);
            while let Ok(Some(packet)) = take_packet(&mut stream) {
                let Ok((_, Reply::Name(entries))) = Reply::decode(packet) else { continue };
                for entry in entries.iter().filter(|entry| is_plain(&entry.name)) {
                    let place = folder.inside(&entry.name);
                    assert_eq!(place.folder(), folder, "{:?}", entry.name);
                    assert_eq!(place.name(), &entry.name[..]);
                    assert_eq!(Place::read(&place.text()), Some(place));
                }
            }
        });
    }
}

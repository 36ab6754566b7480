//! Names: what the source calls a file, and what it is called over there.
//!
//! A name from outside is never a local path. Locally a file goes by our own
//! id; remotely by a sanitised name that is unique for every delivery.

/// The longest stem and extension kept, in bytes: with the suffixes the name
/// stays below the 255 bytes that file systems allow.
const MAX_STEM: usize = 150;
const MAX_EXTENSION: usize = 20;

/// The extension of temporary names.
const TEMPORARY: &str = "part";

/// Windows device names: no file may have one, whatever its extension.
const RESERVED: &[&str] = &["con", "prn", "aux", "nul"];

/// The naive script's rule, kept for its users: trim, spaces to `_`, drop every
/// character that is not a word character, `-` or `.`. On top of it: never
/// empty, no leading dots, no device names, of bounded length, and never the
/// extension of a temporary name.
pub fn sanitised(name: &str) -> String {
    let kept: String = name
        .trim()
        .chars()
        .map(|c| if c == ' ' { '_' } else { c })
        .filter(|c| c.is_alphanumeric() || matches!(c, '_' | '-' | '.'))
        .collect();
    // Dots at the end go before the extension is told, or a second pass would tell another one.
    let (stem, extension) = split(kept.trim_matches('.'));
    let mut stem = cut(stem, MAX_STEM).trim_end_matches('.').to_owned();
    if stem.is_empty() {
        stem.push_str("export");
    }
    if is_device(&stem) {
        stem.insert(0, '_');
    }
    // What ends like a temporary name is one to whoever takes the files over there.
    let mark = if extension.eq_ignore_ascii_case(TEMPORARY) { "_" } else { "" };
    join(&stem, &format!("{}{mark}", cut(extension, MAX_EXTENSION)))
}

/// The name under which a file is published: `{stem}_{uid8}[_g{generation}].{ext}`.
///
/// `digest` is the lower-case hex SHA-256 of the export's key, of which the
/// first `digits` make the name unique; `generation` starts at 1.
pub fn final_name(original: &str, digest: &str, digits: usize, generation: u32) -> String {
    let name = sanitised(original);
    let (stem, extension) = split(&name);
    let unique = &digest[..digits.min(digest.len())];
    let stem = match generation {
        0 | 1 => format!("{stem}_{unique}"),
        g => format!("{stem}_{unique}_g{g}"),
    };
    join(&stem, extension)
}

/// The temporary name of attempt `k` of the delivery with this `token`. It
/// differs from every final name at both ends, so that neither a prefix nor a
/// suffix mask of the receiver picks it up.
pub fn temporary_name(token: &str, attempt: u32) -> String {
    format!(".tmp-{token}-{attempt}.{TEMPORARY}")
}

/// Direct mode has no temporary name: from the second attempt on the final name
/// carries the attempt, because an earlier one may be lying there half-written.
pub fn direct_name(final_name: &str, attempt: u32) -> String {
    if attempt <= 1 {
        return final_name.to_owned();
    }
    let (stem, extension) = split(final_name);
    join(&format!("{stem}_a{attempt}"), extension)
}

/// The file type of a name: its extension in lower case, without the dot.
pub fn file_type(name: &str) -> String {
    split(name.trim()).1.to_lowercase()
}

/// Stem and extension; a name without a dot, or only a leading one, has none.
fn split(name: &str) -> (&str, &str) {
    match name.rsplit_once('.') {
        Some((stem, extension)) if !stem.is_empty() => (stem, extension),
        _ => (name, ""),
    }
}

fn join(stem: &str, extension: &str) -> String {
    if extension.is_empty() { stem.to_owned() } else { format!("{stem}.{extension}") }
}

/// At most `bytes` of `text`, cut between characters.
fn cut(text: &str, bytes: usize) -> &str {
    let mut end = text.len().min(bytes);
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    &text[..end]
}

fn is_device(stem: &str) -> bool {
    let base = stem.split('.').next().unwrap_or(stem).to_ascii_lowercase();
    RESERVED.contains(&base.as_str())
        || (base.len() == 4
            && (base.starts_with("com") || base.starts_with("lpt"))
            && base.ends_with(|c: char| c.is_ascii_digit() && c != '0'))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn hostile_names_become_harmless() {
        for (name, expected) in [
            ("ACT-My School-05012026-6300.csv", "ACT-My_School-05012026-6300.csv"),
            ("  spaced out .csv ", "spaced_out_.csv"),
            ("../../etc/passwd", "etcpasswd"),
            ("/absolute.csv", "absolute.csv"),
            ("..", "export"),
            ("", "export"),
            (".csv", "csv"),
            ("a\0b\\c.csv", "abc.csv"),
            ("CON", "_CON"),
            ("con.csv", "_con.csv"),
            ("com1.tar.gz", "_com1.tar.gz"),
            ("COM0.csv", "COM0.csv"),
            ("x\u{202e}vsc.csv", "xvsc.csv"),
            ("z\u{200b}w.csv", "zw.csv"),
            ("Ünïcode 文.csv", "Ünïcode_文.csv"),
            ("trailing.", "trailing"),
            ("A..b.", "A.b"),
            ("half.part", "half.part_"),
            ("half.Part.", "half.Part_"),
            ("a.part.csv", "a.part.csv"),
            ("a.an_extension_that_is_far_too_long.", "a.an_extension_that_is"),
        ] {
            assert_eq!(sanitised(name), expected, "{name:?}");
        }
    }

    #[test]
    fn generations_and_attempts_have_names_of_their_own() {
        let digest = "0123456789abcdef";
        assert_eq!(final_name("a.csv", digest, 8, 1), "a_01234567.csv");
        assert_eq!(final_name("a.csv", digest, 8, 2), "a_01234567_g2.csv");
        assert_eq!(final_name("a", digest, 12, 1), "a_0123456789ab");
        assert_eq!(direct_name("a_01234567.csv", 1), "a_01234567.csv");
        assert_eq!(direct_name("a_01234567.csv", 3), "a_01234567_a3.csv");
        assert_eq!(temporary_name("89abcdef", 2), ".tmp-89abcdef-2.part");
    }

    proptest! {
        #[test]
        fn a_sanitised_name_is_one_short_plain_path_component(
            name in prop_oneof![any::<String>(), "\\PC{0,5}\\.(part|PART|csv)"],
        ) {
            let safe = sanitised(&name);
            prop_assert!(!safe.is_empty() && safe.len() <= MAX_STEM + MAX_EXTENSION + 2);
            prop_assert!(!safe.starts_with('.') && !safe.to_lowercase().ends_with(".part"));
            prop_assert!(safe.chars().all(|c| c.is_alphanumeric() || matches!(c, '_' | '-' | '.')));
            prop_assert_eq!(sanitised(&safe), safe.clone(), "sanitising twice changes nothing");
        }

        #[test]
        fn equal_names_of_different_exports_are_told_apart(
            name in any::<String>(),
            (a, b) in ("[0-9a-f]{64}", "[0-9a-f]{64}").prop_filter("differ", |(a, b)| a[..8] != b[..8]),
            g in 1u32..4, h in 1u32..4,
        ) {
            prop_assert_ne!(final_name(&name, &a, 8, g), final_name(&name, &b, 8, h));
        }
    }

    #[test]
    fn no_name_leads_anywhere() {
        crate::fuzz::fuzz("name", |bytes| {
            let name = String::from_utf8_lossy(bytes);
            let (safe, last) = (sanitised(&name), final_name(&name, &"ab".repeat(32), 8, 1));
            for name in [safe, last, temporary_name("ab", 1)] {
                assert!(!name.contains(['/', '\\', '\0', ':']), "{name:?}");
                assert!(!name.is_empty() && name.len() <= 255, "{name:?}");
                assert!(!matches!(name.as_str(), "." | ".."), "{name:?}");
            }
        });
    }
}

//! What others send, changed at random: for the tests of whoever reads it.
//!
//! A target is a folder of samples below `tests/fuzz/corpus` and a test that reads bytes.
//! First the samples are read as they are, then changed ones, the same from the same seed:
//!
//! | variable | what it is | otherwise |
//! |---|---|---|
//! | `FUZZ_ROUNDS` | changed samples of each target | 3000 |
//! | `FUZZ_SECONDS` | so many seconds for each target instead | |
//! | `FUZZ_SEED` | another run | 1 |
//!
//! An input that breaks its reader is kept below `target/fuzz`; put it into the corpus
//! with a name that says what it is, and mend the reader.

use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use rand::rngs::StdRng;
use rand::{RngExt as _, SeedableRng as _};

/// The longest input, in bytes.
const LONGEST: usize = 64 * 1024;

/// What means something to readers of many kinds.
const WORDS: &[&[u8]] = &[
    b"\0",
    b"\n",
    b"\r\n",
    b"\"",
    b"'",
    b"\\",
    b",",
    b";",
    b"[",
    b"]",
    b"{",
    b"}",
    b":",
    b"/",
    b"../",
    b"${",
    b"-1",
    b"1e999",
    b"18446744073709551616",
    b"null",
    b"true",
    b"\\ud800",
    b"\xff",
    b"\xc3",
    b"\xed\xa0\x80",
    b"\xef\xbb\xbf",
    b"\xe2\x80\xae",
    b"\x1b[2J",
    b"\x7f\xff\xff\xff",
    b"\xff\xff\xff\xff",
    b"&a *a",
    b"<<: ",
    b"- ",
];

/// Reads the samples of `target`, as they are and changed, by `read`, which panics where
/// something is not as it must be.
pub(crate) fn fuzz(target: &str, read: impl Fn(&[u8])) {
    let corpus = corpus(target);
    let number = |name: &str| std::env::var(name).ok().map(|n| n.parse::<u64>().unwrap());
    let seconds = number("FUZZ_SECONDS").map(Duration::from_secs);
    let rounds = number("FUZZ_ROUNDS").unwrap_or(3000);
    let mut random = StdRng::seed_from_u64(number("FUZZ_SEED").unwrap_or(1));
    for sample in &corpus {
        attempt(target, sample, &read);
    }
    let begun = Instant::now();
    for round in 0.. {
        let on = seconds.map_or(round < rounds, |seconds| begun.elapsed() < seconds);
        if !on {
            break;
        }
        attempt(target, &changed(&corpus, &mut random), &read);
    }
}

/// The samples of `target`, by name.
fn corpus(target: &str) -> Vec<Vec<u8>> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fuzz/corpus").join(target);
    let entries =
        std::fs::read_dir(&folder).unwrap_or_else(|e| panic!("{}: {e}", folder.display()));
    let mut files: Vec<PathBuf> = entries.map(|entry| entry.unwrap().path()).collect();
    files.sort();
    let samples: Vec<_> = files.iter().map(|file| std::fs::read(file).unwrap()).collect();
    assert!(!samples.is_empty(), "{} is empty", folder.display());
    samples
}

/// Keeps what breaks it.
fn attempt(target: &str, input: &[u8], read: &impl Fn(&[u8])) {
    let Err(broken) = catch_unwind(AssertUnwindSafe(|| read(input))) else { return };
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("target/fuzz");
    let file = folder.join(format!("{target}-{:x}", md5::compute(input)));
    let kept = std::fs::create_dir_all(&folder).and_then(|()| std::fs::write(&file, input));
    eprintln!("{target} was broken by {} ({kept:?})", file.display());
    resume_unwind(broken);
}

/// One of the samples with one to eight changes.
fn changed(corpus: &[Vec<u8>], random: &mut StdRng) -> Vec<u8> {
    let mut bytes = pick(corpus, random).clone();
    for _ in 0..random.random_range(1..=8) {
        change(&mut bytes, corpus, random);
        bytes.truncate(LONGEST);
    }
    bytes
}

fn pick<'c, T>(from: &'c [T], random: &mut StdRng) -> &'c T {
    &from[random.random_range(0..from.len())]
}

fn change(bytes: &mut Vec<u8>, corpus: &[Vec<u8>], random: &mut StdRng) {
    let at = random.random_range(0..=bytes.len());
    let end = (at + random.random_range(1..=32)).min(bytes.len());
    match random.random_range(0..9) {
        0 if at < bytes.len() => bytes[at] ^= 1 << random.random_range(0..8),
        1 if at < bytes.len() => bytes[at] = random.random(),
        2 => _ = bytes.drain(at..end),
        3 => bytes.truncate(at),
        4 => {
            let piece = bytes[at..end].to_vec();
            let to = random.random_range(0..=bytes.len());
            bytes.splice(to..to, piece);
        }
        // Nested deeper, or longer, than anybody means it.
        5 => {
            let piece = bytes[at..end].to_vec();
            let times = random.random_range(2..400);
            bytes.splice(at..at, piece.repeat(times));
        }
        6 => {
            let word = *pick(WORDS, random);
            let times =
                if random.random_range(0..8) == 0 { random.random_range(2..2000) } else { 1 };
            bytes.splice(at..at, word.repeat(times));
        }
        7 => {
            let word = *pick(WORDS, random);
            bytes.splice(at..end, word.iter().copied());
        }
        // The rest is that of another one.
        _ => {
            let other = pick(corpus, random);
            let from = random.random_range(0..=other.len());
            bytes.truncate(at);
            bytes.extend_from_slice(&other[from..]);
        }
    }
}

#[cfg(test)]
mod tests {
    use std::cell::Cell;

    use super::*;

    /// A reader that takes nothing for granted but one thing is found out.
    #[test]
    fn a_reader_that_can_be_broken_is() {
        let corpus = [b"{\"name\":\"a\",\"size\":7}".to_vec()];
        let mut random = StdRng::seed_from_u64(1);
        let wrong = |bytes: &[u8]| {
            let text = std::str::from_utf8(bytes);
            text.is_ok_and(|text| text.starts_with('{') && !text.contains("size"))
        };
        assert!((0..2000).any(|_| wrong(&changed(&corpus, &mut random))));
    }

    #[test]
    fn the_same_seed_makes_the_same_inputs() {
        let all = |seed| {
            let hash = Cell::new(0u64);
            let mut random = StdRng::seed_from_u64(seed);
            for _ in 0..100 {
                for byte in changed(&[b"abc".to_vec()], &mut random) {
                    hash.set(hash.get().wrapping_mul(31).wrapping_add(u64::from(byte)));
                }
            }
            hash.get()
        };
        assert_eq!(all(1), all(1));
        assert_ne!(all(1), all(2));
    }
}

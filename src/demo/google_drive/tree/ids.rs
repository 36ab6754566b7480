//! Ids as the vendor makes them, and moments that only grow.

use jiff::Timestamp;
use rand::rngs::StdRng;
use rand::{RngExt as _, SeedableRng as _};

const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

/// Makes ids, the same ones in every run.
#[derive(Debug)]
pub(super) struct Ids(StdRng);

impl Ids {
    pub(super) fn new(seed: u64) -> Self {
        Self(StdRng::seed_from_u64(seed))
    }

    /// The id of a file: 33 characters.
    pub(super) fn file(&mut self) -> String {
        format!("1{}", self.random(32))
    }

    /// The id of a shared drive: 19 characters.
    pub(super) fn drive(&mut self) -> String {
        format!("0A{}Uk9PVA", self.random(11))
    }

    /// The id of a revision.
    pub(super) fn revision(&mut self) -> String {
        format!("0B{}", self.random(49))
    }

    /// Bytes in which no two places look alike.
    pub(super) fn noise(&mut self, length: usize) -> Vec<u8> {
        let mut bytes = vec![0; length];
        self.0.fill(bytes.as_mut_slice());
        bytes
    }

    fn random(&mut self, length: usize) -> String {
        (0..length).map(|_| char::from(ALPHABET[self.0.random_range(0..64)])).collect()
    }
}

/// A clock of whole milliseconds, as the vendor's times are, that never shows the
/// same twice.
#[derive(Debug, Default)]
pub(super) struct Clock(i64);

impl Clock {
    pub(super) fn now(&mut self) -> Timestamp {
        self.0 = Timestamp::now().as_millisecond().max(self.0 + 1);
        // The clock's own milliseconds are in range.
        Timestamp::from_millisecond(self.0).unwrap_or_default()
    }
}

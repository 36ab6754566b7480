//! SHA-256, the hash by which a file is known everywhere in this program.

use aws_lc_rs::digest::{Context, SHA256};

/// A SHA-256 in the making.
#[derive(Clone)]
pub struct Sha256(Context);

impl Sha256 {
    /// Nothing hashed yet.
    pub fn new() -> Self {
        Self(Context::new(&SHA256))
    }

    /// Takes in the next bytes.
    pub fn update(&mut self, bytes: &[u8]) {
        self.0.update(bytes);
    }

    /// The hash as 64 lower-case hex digits.
    pub fn hex(self) -> String {
        use std::fmt::Write as _;
        let mut hex = String::with_capacity(64);
        for byte in self.0.finish().as_ref() {
            // Writing to a String cannot fail.
            let _ = write!(hex, "{byte:02x}");
        }
        hex
    }

    /// The hash of `bytes` as 64 lower-case hex digits.
    pub fn of(bytes: &[u8]) -> String {
        let mut hash = Self::new();
        hash.update(bytes);
        hash.hex()
    }
}

impl Default for Sha256 {
    fn default() -> Self {
        Self::new()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn agrees_with_the_standard() {
        // FIPS 180-2, appendix B.1.
        assert_eq!(
            Sha256::of(b"abc"),
            "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
        );
    }
}

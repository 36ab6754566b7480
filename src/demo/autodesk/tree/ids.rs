//! Ids as the vendor makes them, reproducible.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use rand::rngs::StdRng;
use rand::{RngExt as _, SeedableRng as _};

/// The random parts of ids.
#[derive(Debug)]
pub(super) struct Ids(StdRng);

impl Default for Ids {
    fn default() -> Self {
        Self(StdRng::seed_from_u64(0xACC))
    }
}

impl Ids {
    /// 22 characters, as in URNs: `lw7b0sXUQ-6hWRgf34hBuw`.
    pub(super) fn key(&mut self) -> String {
        URL_SAFE_NO_PAD.encode(self.0.random::<u128>().to_be_bytes())
    }

    /// A UUID, version 4.
    pub(super) fn uuid(&mut self) -> String {
        crate::demo::world::uuid(self.0.random())
    }
}

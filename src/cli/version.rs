//! What `--version` tells: besides the version what this binary was built for, and with,
//! for whoever reports a fault or reads an advisory.

use std::env::consts::{ARCH, OS};
use std::sync::LazyLock;

/// The C library, or what stands for it.
const ENVIRONMENT: &str = if cfg!(target_env = "gnu") {
    "-gnu"
} else if cfg!(target_env = "musl") {
    "-musl"
} else if cfg!(target_env = "msvc") {
    "-msvc"
} else {
    ""
};

const OPTIMISED: &str = if cfg!(debug_assertions) { "for development" } else { "optimised" };

/// What libssh2 has its cryptography from.
const SSH: &str = if cfg!(any(feature = "vendored-openssl", windows)) {
    "OpenSSL built in"
} else {
    "the system's OpenSSL"
};

/// The version, and the lines below it.
pub(super) fn long() -> &'static str {
    static LONG: LazyLock<String> = LazyLock::new(|| {
        format!(
            "{}\nbuilt for {ARCH}-{OS}{ENVIRONMENT}, {OPTIMISED}\n\
             SQLite {}; SSH by libssh2 with {SSH}; TLS by rustls with AWS-LC",
            env!("CARGO_PKG_VERSION"),
            rusqlite::version(),
        )
    });
    &LONG
}

//! Which ciphers are asked for, and in which order.

use ssh2::{Error, MethodType, Session};

/// In libssh2's order, but for what comes first. What is broken, or was given up for its
/// small blocks (3DES, Blowfish, CAST, RC4), is not spoken.
const AES: &str = "aes128-gcm@openssh.com,aes256-gcm@openssh.com";
const CHACHA: &str = "chacha20-poly1305@openssh.com";
const OTHERS: &str = "aes256-ctr,aes192-ctr,aes128-ctr,aes256-cbc,aes192-cbc,aes128-cbc";

/// Has `session` ask for the ciphers that are quickest here: AES where the processor has
/// instructions for it, which is several times faster than ChaCha20 then, and slower
/// without.
pub(super) fn prefer(session: &Session) -> Result<(), Error> {
    let (first, second) = if has_aes() { (AES, CHACHA) } else { (CHACHA, AES) };
    let ciphers = format!("{first},{second},{OTHERS}");
    session.method_pref(MethodType::CryptCs, &ciphers)?;
    session.method_pref(MethodType::CryptSc, &ciphers)
}

#[cfg(any(target_arch = "x86_64", target_arch = "x86"))]
fn has_aes() -> bool {
    // The second is what the tag of GCM is made with.
    std::arch::is_x86_feature_detected!("aes") && std::arch::is_x86_feature_detected!("pclmulqdq")
}

#[cfg(target_arch = "aarch64")]
fn has_aes() -> bool {
    std::arch::is_aarch64_feature_detected!("aes")
        && std::arch::is_aarch64_feature_detected!("pmull")
}

#[cfg(not(any(target_arch = "x86_64", target_arch = "x86", target_arch = "aarch64")))]
fn has_aes() -> bool {
    false
}

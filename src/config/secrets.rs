//! Which keys hold secrets.

/// The keys whose values must never be shown.
pub(super) const KEYS: &[&str] =
    &["password", "api_key", "client_secret", "key_passphrase", "webhook_secret"];

/// Names that look like secrets and are none.
const HARMLESS: &[&str] = &[
    "host_key",
    "key",
    "key_path",
    "password_file",
    "api_key_file",
    "client_secret_file",
    "key_passphrase_file",
    "webhook_secret_file",
    "token_path",
    "product_keys",
];

/// Whether a key of this name, perhaps misspelled, may hold a secret.
pub(super) fn may_be_secret(key: &str) -> bool {
    let key = key.to_lowercase();
    if HARMLESS.contains(&key.as_str()) {
        return false;
    }
    ["pass", "secret", "token", "key"].iter().any(|part| key.contains(part))
        || KEYS.iter().any(|secret| strsim::damerau_levenshtein(&key, secret) <= 2)
}

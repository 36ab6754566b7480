//! The HTTP client that sources share: retries, limits, redaction, checked URLs.

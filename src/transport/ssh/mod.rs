//! SSH sessions: connection, host key, sign-in.

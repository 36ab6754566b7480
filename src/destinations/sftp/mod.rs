//! An SFTP folder.

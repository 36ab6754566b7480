//! What is in a version.

use std::path::Path;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use serde::{Deserialize, Serialize};

/// What is in a version. As JSON: `"text"`, `{"base64": "…"}`,
/// `{"noise": 1000}` or `{"storage": false}`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(untagged, deny_unknown_fields)]
pub enum Content {
    /// This text.
    Text(String),
    /// These bytes.
    Base64 {
        /// As base64.
        base64: Encoded,
    },
    /// So many bytes in which no two places look alike; they take no memory.
    Noise {
        /// How many bytes.
        noise: u64,
        /// Which ones.
        #[serde(default)]
        seed: u64,
    },
    /// The version has no object: it was never uploaded completely.
    Without {
        /// Always `false`.
        storage: Never,
    },
}

/// Bytes that are base64 in JSON.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Encoded(pub Bytes);

impl TryFrom<String> for Encoded {
    type Error = base64::DecodeError;

    fn try_from(text: String) -> Result<Self, base64::DecodeError> {
        Ok(Self(STANDARD.decode(text)?.into()))
    }
}

impl From<Encoded> for String {
    fn from(bytes: Encoded) -> Self {
        STANDARD.encode(bytes.0)
    }
}

/// `false`, and nothing else.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "bool", into = "bool")]
pub struct Never;

impl TryFrom<bool> for Never {
    type Error = &'static str;

    fn try_from(value: bool) -> Result<Self, &'static str> {
        if value { Err("`storage` can only be false") } else { Ok(Self) }
    }
}

impl From<Never> for bool {
    fn from(_: Never) -> Self {
        false
    }
}

impl Content {
    /// Without an object.
    pub const NONE: Self = Self::Without { storage: Never };

    /// So many bytes of noise.
    pub fn noise(bytes: u64) -> Self {
        Self::Noise { noise: bytes, seed: bytes }
    }

    /// Bytes in it.
    pub fn size(&self) -> u64 {
        match self {
            Self::Text(text) => text.len() as u64,
            Self::Base64 { base64 } => base64.0.len() as u64,
            Self::Noise { noise, .. } => *noise,
            Self::Without { .. } => 0,
        }
    }

    /// The bytes themselves.
    pub fn bytes(&self) -> Bytes {
        match self {
            Self::Text(text) => Bytes::from(text.clone()),
            Self::Base64 { base64 } => base64.0.clone(),
            Self::Noise { noise, seed } => noise_bytes(*noise, *seed),
            Self::Without { .. } => Bytes::new(),
        }
    }
}

/// Eight bytes of `splitmix64` at a time.
fn noise_bytes(length: u64, seed: u64) -> Bytes {
    let mut bytes = Vec::with_capacity(length as usize);
    let mut state = seed;
    while (bytes.len() as u64) < length {
        state = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = state;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        bytes.extend_from_slice(&(z ^ (z >> 31)).to_le_bytes());
    }
    bytes.truncate(length as usize);
    bytes.into()
}

/// The extension of a name in lower case, as the service finds it.
pub(in crate::demo::autodesk) fn type_of(name: &str) -> Option<String> {
    let extension = Path::new(name).extension()?.to_str()?;
    Some(extension.to_lowercase())
}

/// The media type of a file type.
pub(in crate::demo::autodesk) fn mime_type(file_type: Option<&str>) -> &'static str {
    match file_type {
        Some("pdf") => "application/pdf",
        Some("dwg") => "application/vnd.autodesk.autocad.dwg",
        Some("rvt") => "application/vnd.autodesk.revit",
        Some("docx") => "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
        Some("xlsx") => "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
        Some("txt") => "text/plain",
        Some("png") => "image/png",
        _ => "application/octet-stream",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn contents_are_read_from_json() {
        for (json, bytes) in [
            (r#""text""#, "text".as_bytes()),
            (r#"{"base64":"/wA="}"#, &[0xff, 0]),
            (r#"{"storage":false}"#, b""),
        ] {
            let content: Content = serde_json::from_str(json).unwrap();
            assert_eq!(&content.bytes()[..], bytes, "{json}");
            assert_eq!(serde_json::to_string(&content).unwrap(), json);
        }
        for wrong in [r#"{"storage":true}"#, r#"{"base64":"!"}"#, r#"{"noise":-1}"#, "7"] {
            assert!(serde_json::from_str::<Content>(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn noise_is_as_long_as_it_says_and_always_the_same() {
        for length in [0, 1, 7, 8, 9, 100_000] {
            let content = Content::noise(length);
            assert_eq!(content.bytes().len() as u64, length);
            assert_eq!(content.size(), length);
            assert_eq!(content.bytes(), content.bytes());
        }
        let a = Content::Noise { noise: 64, seed: 1 };
        assert_ne!(a.bytes(), Content::Noise { noise: 64, seed: 2 }.bytes());
    }
}

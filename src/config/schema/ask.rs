//! What the reader asks for.

/// What is asked for at one path.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::config) enum Ask {
    /// A single value.
    Text,
    /// The path of a file or folder.
    Path,
    /// A whole number, from the first to the second.
    Number(String, String),
    /// True or false.
    Flag,
    /// One of these words, upper and lower case alike.
    Choice(Vec<String>),
    /// A list of single values, or one alone.
    Texts,
    /// A secret; the key with `_file` behind names a file that holds it.
    Secret,
    /// A mapping with these keys.
    Section(Vec<String>),
    /// A mapping whose keys the operator chooses.
    Names,
    /// A list.
    List,
    /// It must be there.
    Required,
    /// Which of several kinds of sections this is.
    Variant(&'static str),
}

impl Ask {
    /// One of `choices`.
    pub fn choice<T>(choices: &[(&str, T)]) -> Self {
        Self::Choice(choices.iter().map(|(name, _)| (*name).to_owned()).collect())
    }
}

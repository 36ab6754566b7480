//! Datasets: what a partner's files hold, and what becomes of it.

use serde::{Deserialize, Serialize};

/// One dataset of the configuration: which files, how they are read, and the table
/// they become.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Dataset {
    /// Its name, and its table's: a letter, then letters, digits and `_`.
    pub name: String,
    /// Names of the files that belong to it: patterns with `*`, `?` and `{a,b}`.
    pub files: Vec<String>,
    /// How a file is read.
    pub format: Format,
    /// Its columns, in order. At least one.
    pub columns: Vec<Column>,
    /// The columns that tell rows apart, by name; empty: every row of every file is
    /// one of its own, known by file and line.
    pub key: Vec<String>,
    /// Sums that are kept while files are taken in.
    pub rollups: Vec<Rollup>,
    /// A file with a larger share of bad rows is refused whole. Percent, 0 to 100.
    pub max_bad_percent: u8,
}

impl Dataset {
    /// The column of this name.
    pub fn column(&self, name: &str) -> Option<&Column> {
        self.columns.iter().find(|column| column.name == name)
    }

    /// The name of the number that tells the rows of a dataset without a key apart:
    /// `sale_id` for `sales`, and `row_id` where a column is called so.
    pub fn row_id(&self) -> String {
        let singular = self.name.strip_suffix('s').filter(|name| !name.is_empty());
        let own = format!("{}_id", singular.unwrap_or(&self.name));
        if self.column(&own).is_some() { "row_id".to_owned() } else { own }
    }

    /// The columns with an index of their own.
    pub fn indexed(&self) -> impl Iterator<Item = &Column> {
        let first_of_key = self.key.first();
        self.columns.iter().filter(move |c| c.indexed && first_of_key != Some(&c.name))
    }

    /// The two indexed columns that are asked for together most: a value, preferably what
    /// the dataset refers to, and a time. One more index serves both at once; more would
    /// cost more while files are taken in than they are worth.
    pub fn pair(&self) -> Option<(&Column, &Column)> {
        let is_time =
            |c: &&Column| matches!(c.kind, ColumnKind::Date { .. } | ColumnKind::Timestamp { .. });
        let is_value =
            |c: &&Column| matches!(c.kind, ColumnKind::Text { .. } | ColumnKind::Integer { .. });
        let plain = || self.indexed().filter(|c| c.dictionary.is_none());
        let value = plain().filter(is_value).min_by_key(|c| c.references.is_none())?;
        Some((value, plain().find(is_time)?))
    }
}

/// How a file is read. Each may come compressed by gzip: its first bytes tell.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Format {
    /// Rows of cells; RFC 4180 and its dialects.
    Csv(Dialect),
    /// One array of objects.
    Json,
    /// One object a line.
    Ndjson,
}

/// A dialect of CSV.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Dialect {
    /// Between cells; one ASCII character.
    pub delimiter: char,
    /// Around cells that hold the delimiter, a line's end or itself doubled; none: a
    /// quote is a character like any other.
    pub quote: Option<char>,
    /// A label of the Encoding Standard: `utf-8`, `windows-1252`, `utf-16le` …
    pub encoding: String,
    /// Whether the first row names the columns. Else they come in the order of the
    /// definition.
    pub header: bool,
    /// Lines before the header, or before the first row, that are passed over.
    pub skip_lines: u32,
}

impl Default for Dialect {
    fn default() -> Self {
        Self {
            delimiter: ',',
            quote: Some('"'),
            encoding: "utf-8".to_owned(),
            header: true,
            skip_lines: 0,
        }
    }
}

/// One column.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Column {
    /// Its name in the table and in answers.
    pub name: String,
    /// Its name in the file (`from`); the same unless it is renamed.
    pub source: String,
    /// What its cells hold.
    pub kind: ColumnKind,
    /// A row without a value is a bad one.
    pub required: bool,
    /// White space around a value is taken off.
    pub trim: bool,
    /// What stands in for a missing value, as it would stand in the file.
    pub default: Option<String>,
    /// Texts that mean "no value", beside the empty one.
    pub nulls: Vec<String>,
    /// The dataset, keyed by one column, in which the value has to be there.
    pub references: Option<String>,
    /// The value is not in the file: it is the one that the row referenced by another
    /// column has at the moment at which the file is taken in.
    pub carried: Option<Carried>,
    /// Values are kept once, in a table of this name, and the rows hold their number:
    /// `category` with the dictionary `categories` is the column `category_id` and the
    /// table `categories(category_id, category_name)`.
    pub dictionary: Option<String>,
    /// There is an index, so that it can be filtered by.
    pub indexed: bool,
}

impl Column {
    /// A text column as it is if nothing more is said.
    pub fn text(name: &str) -> Self {
        Self {
            name: name.to_owned(),
            source: name.to_owned(),
            kind: ColumnKind::Text { max_length: None },
            required: false,
            trim: true,
            default: None,
            nulls: vec![],
            references: None,
            carried: None,
            dictionary: None,
            indexed: false,
        }
    }

    /// The column of the table that holds it: `category_id` where there is a
    /// dictionary, `_price_e2` for a decimal with two places (an integer, so that it
    /// stays exact), else its own name.
    pub fn stored_as(&self) -> String {
        match (&self.dictionary, &self.kind) {
            (Some(_), _) => format!("{}_id", self.name),
            (None, ColumnKind::Decimal { scale, .. }) => format!("_{}_e{scale}", self.name),
            _ => self.name.clone(),
        }
    }
}

/// Where a carried value comes from.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Carried {
    /// The column of this dataset that references a row of another one.
    pub via: String,
    /// The column of that row.
    pub column: String,
}

/// What a column's cells hold.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ColumnKind {
    /// Any text.
    Text {
        /// Characters at the most.
        max_length: Option<usize>,
    },
    /// A whole number of 64 bits.
    Integer {
        /// The least that is good.
        min: Option<i64>,
        /// The most that is good.
        max: Option<i64>,
    },
    /// An exact number with so many places after the point, as integer × 10^-scale. A
    /// value with more places is bad, unless they are zeros.
    Decimal {
        /// Places after the point, 0 to 12.
        scale: u8,
        /// The least that is good, times 10^scale.
        min: Option<i64>,
        /// The most that is good, times 10^scale.
        max: Option<i64>,
    },
    /// A floating-point number; finite.
    Real {
        /// The least that is good.
        min: Option<f64>,
        /// The most that is good.
        max: Option<f64>,
    },
    /// `true` or `false`, kept as 1 and 0.
    Boolean {
        /// What means true, besides `true`; lower case.
        truths: Vec<String>,
        /// What means false, besides `false`; lower case.
        falsehoods: Vec<String>,
    },
    /// A day, kept as `YYYY-MM-DD`.
    Date {
        /// `strftime` formats to try, in order; empty: `%Y-%m-%d`.
        formats: Vec<String>,
    },
    /// A moment, kept in UTC as `YYYY-MM-DDTHH:MM:SS.ffffffZ`: always with six places, so
    /// that texts sort as moments do.
    Timestamp {
        /// `strftime` formats to try, in order; empty: RFC 3339.
        formats: Vec<String>,
        /// IANA name of the zone of times that name none; none: UTC.
        timezone: Option<String>,
    },
}

/// A sum over a dataset's rows by some of its columns. Rows are always counted.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Rollup {
    /// Its name, `daily_count`; its table is `<dataset>_<name>`.
    pub name: String,
    /// The columns that make a group, by name.
    pub by: Vec<String>,
    /// The product of these columns (integers and decimals), summed up; empty: only
    /// the count. A row in which one of them is missing adds nothing to the sum.
    pub sum: Vec<String>,
}

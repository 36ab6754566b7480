//! One object → one row.

use std::borrow::Cow;
use std::collections::HashSet;
use std::fmt;

use serde::Deserialize;
use serde::de::{DeserializeSeed, Deserializer, MapAccess, Visitor};
use serde_json::error::Category;
use serde_json::value::RawValue;

use crate::model::Shown;
use crate::silver::read::row::{Given, Plan, RowBuilder, text_of};
use crate::silver::rows::{BadRow, Chunk, Drift};

use super::names::{Met, Names};

/// Objects of one file on their way to rows.
pub(in crate::silver::read) struct Objects {
    plan: Plan,
    names: Names,
    /// Objects that have been read.
    count: u64,
    drift: Drift,
}

/// A text that is not JSON, and why.
pub(in crate::silver::read) struct Broken(pub String);

impl Objects {
    pub fn new(plan: Plan) -> Self {
        Self { plan, names: Names::default(), count: 0, drift: Drift::default() }
    }

    /// Makes the chunk ready for more rows.
    pub fn begin(&self, chunk: &mut Chunk) {
        chunk.clear();
        chunk.width = self.plan.columns.len();
    }

    /// Everything has been read.
    pub fn end(&mut self) {
        self.drift = self.names.drift(&self.plan, self.count > 0);
    }

    /// The keys that have been met, in order.
    pub fn names(&self) -> Vec<String> {
        self.names.all()
    }

    pub fn drift(&self) -> &Drift {
        &self.drift
    }

    /// Puts the row that `text` holds into `chunk`, as a good or a bad one.
    pub fn row(&mut self, line: u64, text: &[u8], chunk: &mut Chunk) -> Result<(), Broken> {
        let bad =
            |reason: String| BadRow { line, column: None, reason, value: None, raw: text_of(text) };
        let Ok(json) = std::str::from_utf8(text) else {
            chunk.bad.push(bad("not valid utf-8".to_owned()));
            return Ok(());
        };
        self.count += 1;
        let mut values = vec![None; self.plan.columns.len()];
        let keys = Keys { objects: self, values: &mut values, met: 0 };
        let mut reader = serde_json::Deserializer::from_str(json);
        let wrong = match keys.deserialize(&mut reader).and_then(|wrong| {
            reader.end()?;
            Ok(wrong)
        }) {
            Ok(wrong) => wrong,
            Err(error) if error.classify() == Category::Data => {
                Some(format!("not an object: {error}"))
            }
            Err(error) => return Err(Broken(error.to_string())),
        };
        let wrong = wrong.or_else(|| {
            let none = values.iter().all(Option::is_none);
            none.then(|| "none of the columns is in it".to_owned())
        });
        if let Some(reason) = wrong {
            chunk.bad.push(bad(reason));
            return Ok(());
        }
        let mut row = RowBuilder::begin(chunk);
        for (column, value) in self.plan.columns.iter().zip(values) {
            let Some(value) = value else {
                row.missing(column);
                continue;
            };
            match given(value) {
                Some(given) => row.given(column, &given),
                None => {
                    let reason = "holds half a character (a lone surrogate)".to_owned();
                    row.wrong(column, Cow::Owned(reason), Some(value));
                }
            }
        }
        row.finish(line, || text_of(text));
        Ok(())
    }
}

/// What stands at a key; none if it is a text that cannot be one.
fn given(json: &str) -> Option<Given<'_>> {
    Some(match json.as_bytes().first() {
        Some(b'"') => {
            let inside = json.get(1..json.len() - 1)?;
            if memchr::memchr(b'\\', inside.as_bytes()).is_none() {
                Given::Text(Cow::Borrowed(inside))
            } else {
                Given::Text(Cow::Owned(serde_json::from_str(json).ok()?))
            }
        }
        Some(b't' | b'f') => Given::Boolean(json),
        Some(b'n') | None => Given::Null,
        Some(b'{' | b'[') => Given::Nested(json),
        Some(_) => Given::Number(json),
    })
}

/// Collects an object's values, as they stand there, by column.
struct Keys<'o, 'j> {
    objects: &'o mut Objects,
    values: &'o mut Vec<Option<&'j str>>,
    met: usize,
}

/// A key, borrowed where it can be.
#[derive(Deserialize, PartialEq, Eq, Hash)]
struct Key<'j>(#[serde(borrow)] Cow<'j, str>);

impl<'j> DeserializeSeed<'j> for Keys<'_, 'j> {
    /// What is wrong with the object as a whole.
    type Value = Option<String>;

    fn deserialize<D: Deserializer<'j>>(self, reader: D) -> Result<Self::Value, D::Error> {
        reader.deserialize_map(self)
    }
}

impl<'j> Visitor<'j> for Keys<'_, 'j> {
    type Value = Option<String>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'j>>(mut self, mut map: A) -> Result<Self::Value, A::Error> {
        let mut wrong = None;
        let mut strangers = HashSet::new();
        let object = self.objects.count;
        while let Some(Key(key)) = map.next_key()? {
            let value: &RawValue = map.next_value()?;
            let met = self.objects.names.meet(&key, self.met, object, &self.objects.plan);
            self.met += 1;
            let twice = match met {
                Met::Twice => true,
                Met::Once(None) => false,
                // Two spellings of one column are the same key twice.
                Met::Once(Some(column)) => self.values[column].replace(value.get()).is_some(),
                Met::Stranger => !strangers.insert(key.clone()),
            };
            if twice && wrong.is_none() {
                wrong = Some(format!("has the key \"{}\" twice", Shown::limited(&*key, 60)));
            }
        }
        Ok(wrong)
    }
}

//! One page.

use std::hash::{DefaultHasher, Hash as _, Hasher as _};

use rusqlite::types::{ToSqlOutput, Value, ValueRef};
use rusqlite::{OptionalExtension as _, Row, params_from_iter};

use super::cursor::{self, Cursor, NoCursor};
use super::filter::{Filter, Matches, Wanted};
use super::listing::Listing;
use super::{field::Field, json};
use crate::silver::reader::Session;

/// What a page is asked for.
#[derive(Clone, Debug)]
pub struct Ask {
    /// The filters, by their number in the listing.
    pub wanted: Vec<(usize, Wanted)>,
    /// The same as text; a cursor is good for the one that it was given for.
    pub asked: String,
    /// Rows at the most.
    pub limit: u32,
    /// Where the page before ended.
    pub cursor: Option<Cursor>,
}

/// A page as it goes out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Page {
    /// `{"<key>":[…],"next_cursor":…}` and a line's end.
    pub body: Vec<u8>,
    /// Where the next page begins; none: this is the last.
    pub next: Option<String>,
}

impl Page {
    /// A page without rows, where there is nothing yet.
    pub fn empty(key: &str) -> Self {
        let mut body = opened(key);
        close(&mut body, None);
        Self { body, next: None }
    }
}

/// The list begins.
fn opened(key: &str) -> Vec<u8> {
    let mut body = Vec::with_capacity(2_048);
    body.push(b'{');
    json::push_text(&mut body, key);
    body.extend_from_slice(b":[");
    body
}

/// The list is at its end. A cursor holds nothing that JSON would escape.
fn close(body: &mut Vec<u8>, next: Option<&str>) {
    match next {
        Some(next) => {
            body.extend_from_slice(b"],\"next_cursor\":\"");
            body.extend_from_slice(next.as_bytes());
            body.extend_from_slice(b"\"}\n");
        }
        None => body.extend_from_slice(b"],\"next_cursor\":null}\n"),
    }
}

impl Listing {
    /// A page, its rows under `key`.
    pub fn page(
        &self,
        session: &Session,
        ask: &Ask,
        key: &str,
    ) -> rusqlite::Result<Result<Page, NoCursor>> {
        match self.read_page(session, ask, key) {
            // Asked only where something is wrong: it would cost more than the page.
            Err(error) if !self.is_there(session)? => {
                tracing::debug!("silver: {} is not there yet: {error}", self.from);
                let none = Ok(Page::empty(key));
                Ok(if ask.cursor.is_some() { Err(NoCursor) } else { none })
            }
            read => read,
        }
    }

    fn read_page(
        &self,
        session: &Session,
        ask: &Ask,
        key: &str,
    ) -> rusqlite::Result<Result<Page, NoCursor>> {
        let wanted = self.looked_up(session, &ask.wanted)?;
        let asked = [self.identity.as_str(), ask.asked.as_str()];
        let way = self.way(&wanted);
        let after = match &ask.cursor {
            None => None,
            Some(cursor) => match cursor.open(session.key(), &asked, way.width()) {
                Ok(after) => Some(after),
                Err(wrong) => return Ok(Err(wrong)),
            },
        };
        let mut body = opened(key);
        let mut sealed = None;
        let mut read = 0;
        for leg in way.legs(after.as_deref()).into_iter().flatten() {
            let (sql, values) = way.statement(session, leg, Some(ask.limit + 1));
            let mut prepared = session.connection().prepare_cached(&sql)?;
            let mut rows = prepared.query(given(&values))?;
            while let Some(row) = rows.next()? {
                // There is one more: the page is not the last.
                if sealed.is_some() {
                    close(&mut body, sealed.as_deref());
                    return Ok(Ok(Page { body, next: sealed }));
                }
                if read > 0 {
                    body.push(b',');
                }
                self.push_row(&mut body, row)?;
                read += 1;
                if read == ask.limit {
                    let place = (self.fields.len()..).take(way.width()).map(|n| row.get_ref(n));
                    let place = place.collect::<rusqlite::Result<Vec<_>>>()?;
                    sealed = Some(cursor::seal(session.key(), &asked, place));
                }
            }
        }
        close(&mut body, None);
        Ok(Ok(Page { body, next: None }))
    }

    /// What tells this state of it from every other: it changes with each commit that
    /// changes rows. It is no secret and proves nothing.
    pub fn mark(&self, session: &Session, asked: &[&str]) -> rusqlite::Result<String> {
        let mut mark = DefaultHasher::new();
        session.stamp().hash(&mut mark);
        for dataset in &self.datasets {
            let known = session
                .connection()
                .prepare_cached("SELECT version, digest FROM datasets WHERE name = ?1")?
                .query_row([dataset], |row| {
                    row.get::<_, i64>(0)?.hash(&mut mark);
                    row.get_ref(1)?.as_str()?.hash(&mut mark);
                    Ok(())
                })
                .optional()?;
            known.is_some().hash(&mut mark);
        }
        (&self.identity, asked).hash(&mut mark);
        Ok(format!("{:016x}", mark.finish()))
    }

    /// Whether its tables are there: they come with the first file.
    pub(super) fn is_there(&self, session: &Session) -> rusqlite::Result<bool> {
        for table in &self.tables {
            if !session.has_table(table)? {
                return Ok(false);
            }
        }
        Ok(true)
    }

    /// With the numbers of those entries that have names.
    pub(super) fn looked_up(
        &self,
        session: &Session,
        wanted: &[(usize, Wanted)],
    ) -> rusqlite::Result<Vec<(usize, &Filter, Wanted)>> {
        let mut all = Vec::with_capacity(wanted.len());
        for (n, wanted) in wanted {
            let Some(filter) = self.filters.get(*n) else { continue };
            let found = match (&filter.matches, wanted) {
                (Matches::Entry { find }, Wanted::Entry(text)) => {
                    entry(session, find, text)?.unwrap_or_else(|| wanted.clone())
                }
                _ => wanted.clone(),
            };
            all.push((*n, filter, found));
        }
        Ok(all)
    }

    /// A row as an object.
    pub(super) fn push_row(&self, out: &mut Vec<u8>, row: &Row<'_>) -> rusqlite::Result<()> {
        for (n, (head, Field { kind, .. })) in self.heads.iter().zip(&self.fields).enumerate() {
            out.extend_from_slice(head);
            json::push(out, *kind, row.get_ref(n)?);
        }
        out.push(b'}');
        Ok(())
    }
}

/// Values as a statement takes them.
pub(super) fn given<'v>(values: &'v [ValueRef<'v>]) -> impl rusqlite::Params + 'v {
    params_from_iter(values.iter().map(|value| ToSqlOutput::Borrowed(*value)))
}

/// A name first; what is none may be a number.
fn entry(session: &Session, find: &str, text: &str) -> rusqlite::Result<Option<Wanted>> {
    let mut statement = session.connection().prepare_cached(find)?;
    let named: Option<i64> = statement.query_row([text], |row| row.get(0)).optional()?;
    let is_number = !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
    let number = named.or_else(|| is_number.then(|| text.parse().ok()).flatten());
    Ok(number.map(|number| Wanted::Is(Value::Integer(number))))
}

//! Everything, a piece at a time.

use rusqlite::Row;

use super::csv;
use super::filter::Wanted;
use super::listing::Listing;
use super::page::given;
use super::statement::Leg;
use crate::silver::reader::Session;

/// Bytes of a piece, about.
const PIECE: usize = 64 * 1024;

/// How everything is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Form {
    /// One object a line.
    Ndjson,
    /// RFC 4180, with a header.
    Csv,
}

/// Takes the pieces.
pub trait Sink {
    /// Takes what is there and leaves it empty; false: nobody wants any more.
    fn take(&mut self, piece: &mut Vec<u8>) -> bool;
}

impl Listing {
    /// Writes all rows that match, in their order; ends early where nobody wants more.
    pub fn stream(
        &self,
        session: &Session,
        wanted: &[(usize, Wanted)],
        form: Form,
        sink: &mut impl Sink,
    ) -> rusqlite::Result<()> {
        let mut piece = Vec::with_capacity(PIECE + PIECE / 4);
        self.push_beginning(&mut piece, form);
        if self.is_there(session)? {
            let wanted = self.looked_up(session, wanted)?;
            let (sql, values) = self.way(&wanted).statement(session, Leg::All, None);
            let mut prepared = session.connection().prepare_cached(&sql)?;
            let mut rows = prepared.query(given(&values))?;
            while let Some(row) = rows.next()? {
                match form {
                    Form::Ndjson => {
                        self.push_row(&mut piece, row)?;
                        piece.push(b'\n');
                    }
                    Form::Csv => self.push_record(&mut piece, row)?,
                }
                if piece.len() >= PIECE && !sink.take(&mut piece) {
                    return Ok(());
                }
            }
        }
        sink.take(&mut piece);
        Ok(())
    }

    /// What stands before the first row.
    pub fn push_beginning(&self, out: &mut Vec<u8>, form: Form) {
        if form == Form::Ndjson {
            return;
        }
        for (n, field) in self.fields.iter().enumerate() {
            if n > 0 {
                out.push(b',');
            }
            csv::push_text(out, field.name.as_bytes());
        }
        out.extend_from_slice(b"\r\n");
    }

    fn push_record(&self, out: &mut Vec<u8>, row: &Row<'_>) -> rusqlite::Result<()> {
        for (n, field) in self.fields.iter().enumerate() {
            if n > 0 {
                out.push(b',');
            }
            csv::push(out, field.kind, row.get_ref(n)?);
        }
        out.extend_from_slice(b"\r\n");
        Ok(())
    }
}

//! Booking files that landed, and their ranks.

use jiff::Timestamp;
use jiff::civil::Date;
use rusqlite::{OptionalExtension as _, Transaction, params};

use super::open::now_text;
use super::writer::Books;
use crate::model::{Failure, FailureClass};
use crate::silver::{Feeds, NewLanded};

const DOING: &str = "booking what landed";

/// Books what has not landed yet.
pub(super) fn land(books: &mut Books, files: &[NewLanded]) -> Result<u64, Failure> {
    books.write(DOING, |transaction, feeds| {
        let mut news = 0;
        for file in files {
            if let Some(export) = file.export
                && has_landed(transaction, export)?
            {
                continue;
            }
            let id = insert(transaction, feeds, file, None)?;
            let rank = rank(&file.name, file.changed_at, id);
            transaction.execute("UPDATE landed SET rank = ?2 WHERE id = ?1", params![id, rank])?;
            news += 1;
        }
        Ok(news)
    })
}

/// Books a corrected copy of a file.
pub(super) fn correct(books: &mut Books, file: i64, copy: &NewLanded) -> Result<i64, Failure> {
    let corrected = books.write(DOING, |transaction, feeds| {
        let sql = "SELECT endpoint, path, name, rank FROM landed WHERE id = ?";
        let original = transaction
            .query_row(sql, [file], |r| {
                let rank: String = r.get(3)?;
                Ok((r.get(0)?, r.get(1)?, r.get(2)?, rank))
            })
            .optional()?;
        let Some((endpoint, path, name, rank)) = original else { return Ok(None) };
        let copy = NewLanded { export: None, endpoint, path, name, ..copy.clone() };
        let id = insert(transaction, feeds, &copy, Some(file))?;
        let rank = format!("{rank}.{id:012}");
        transaction.execute("UPDATE landed SET rank = ?2 WHERE id = ?1", params![id, rank])?;
        Ok(Some(id))
    })?;
    corrected.ok_or_else(|| {
        Failure::new(FailureClass::NotFound, "correcting file", file.to_string())
            .said("no file that landed has this number")
    })
}

fn has_landed(transaction: &Transaction<'_>, export: i64) -> rusqlite::Result<bool> {
    transaction.prepare_cached("SELECT 1 FROM landed WHERE export = ?")?.exists([export])
}

fn insert(
    transaction: &Transaction<'_>,
    feeds: &Feeds,
    file: &NewLanded,
    corrects: Option<i64>,
) -> rusqlite::Result<i64> {
    transaction
        .prepare_cached(
            "INSERT INTO landed (export, corrects, endpoint, path, name, sha256, size, bronze,
                 changed_at, landed_at, dataset, rank, state, accept)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, '', 'landed',
                 EXISTS (SELECT 1 FROM landed WHERE sha256 = ?6 AND dataset = ?11 AND accept))",
        )?
        .insert(params![
            file.export,
            corrects,
            file.endpoint,
            file.path,
            file.name,
            file.sha256,
            i64::try_from(file.size).unwrap_or(i64::MAX),
            file.bronze,
            file.changed_at.map(|at| format!("{at:.3}")),
            now_text(),
            feeds.takes(&file.endpoint, &file.name).map(|dataset| &dataset.name),
        ])
}

/// The text by which files are ranked: the day in the name, the time of the last change
/// in seconds, the number. A corrected copy's has its own number behind it.
fn rank(name: &str, changed_at: Option<Timestamp>, id: i64) -> String {
    let day = day_in(name).map_or_else(|| "0000-00-00".to_owned(), |day| day.to_string());
    let seconds = changed_at.map_or(0, |at| at.as_second().max(0));
    format!("{day} {seconds:012} {id:012}")
}

/// The first day in a name: `2026-05-04` or `20260504`, with no digit beside it.
fn day_in(name: &str) -> Option<Date> {
    let bytes = name.as_bytes();
    let digit = |at: usize| bytes.get(at).is_some_and(u8::is_ascii_digit);
    let number = |at: usize, len: usize| -> Option<i16> {
        (at..at + len).all(digit).then(|| name[at..at + len].parse().ok()).flatten()
    };
    let day = |at: usize, month: usize, day: usize, end: usize| {
        let apart = (at == 0 || !digit(at - 1)) && !digit(end);
        let date = Date::new(
            number(at, 4)?,
            number(month, 2)?.try_into().ok()?,
            number(day, 2)?.try_into().ok()?,
        );
        date.ok().filter(|date| apart && date.year() >= 1900)
    };
    (0..bytes.len()).find_map(|at| {
        let dashes = bytes.get(at + 4) == Some(&b'-') && bytes.get(at + 7) == Some(&b'-');
        if dashes { day(at, at + 5, at + 8, at + 10) } else { day(at, at + 4, at + 6, at + 8) }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_day_in_a_name_is_found() {
        for (name, day) in [
            ("sales_data_2026-05-04.csv", Some("2026-05-04")),
            ("AOS_20260504_1.csv", Some("2026-05-04")),
            ("20260504.csv", Some("2026-05-04")),
            ("2026-05-04", Some("2026-05-04")),
            ("a 2026-13-04 20260230 2026-05-05.csv", Some("2026-05-05")),
            ("120260504.csv", None),
            ("202605041.csv", None),
            ("2026-05-041.csv", None),
            ("0000-00-00", None),
            ("näme ２０２６.csv", None),
            ("", None),
            ("2026-05", None),
        ] {
            let found = day_in(name).map(|day| day.to_string());
            assert_eq!(found.as_deref(), day, "{name}");
        }
    }

    #[test]
    fn ranks_sort_by_day_then_change_then_number() {
        let at = |seconds| Some(Timestamp::from_second(seconds).unwrap());
        let ranks = [
            rank("a.csv", at(-5), 1),
            rank("a.csv", None, 2),
            rank("a.csv", at(99), 9),
            rank("a.csv", at(100), 3),
            format!("{}.{:012}", rank("a.csv", at(100), 3), 50),
            rank("a.csv", at(100), 10),
            rank("a-20260504.csv", at(5), 4),
        ];
        assert!(ranks.is_sorted(), "{ranks:#?}");
    }
}

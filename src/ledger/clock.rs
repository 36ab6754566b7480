//! Times as the ledger writes them: UTC text of fixed width that sorts as it is.

use jiff::{Timestamp, TimestampRound, Unit};
use rusqlite::Row;

/// Now, to the millisecond that the ledger keeps.
pub(crate) fn now() -> Timestamp {
    let now = Timestamp::now();
    now.round(TimestampRound::new().smallest(Unit::Millisecond).mode(jiff::RoundMode::Trunc))
        .unwrap_or(now)
}

/// `2026-11-23T08:00:00.000Z`.
pub(super) fn text(at: Timestamp) -> String {
    format!("{at:.3}")
}

/// The time in column `name`.
pub(super) fn get(row: &Row<'_>, name: &str) -> rusqlite::Result<Timestamp> {
    get_optional(row, name)?.ok_or_else(|| {
        rusqlite::Error::InvalidColumnType(0, name.into(), rusqlite::types::Type::Null)
    })
}

/// The time in column `name`, if there is one.
pub(super) fn get_optional(row: &Row<'_>, name: &str) -> rusqlite::Result<Option<Timestamp>> {
    let Some(text) = row.get::<_, Option<String>>(name)? else { return Ok(None) };
    text.parse().map(Some).map_err(|e: jiff::Error| {
        rusqlite::Error::FromSqlConversionFailure(0, rusqlite::types::Type::Text, e.into())
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_sorts_as_time_does() {
        let times: Vec<Timestamp> =
            ["2026-01-01T00:00:00Z", "2026-01-01T00:00:00.5Z", "2026-01-01T00:00:01Z"]
                .map(|t| t.parse().unwrap())
                .into();
        let texts: Vec<String> = times.iter().map(|t| text(*t)).collect();
        assert!(texts.is_sorted());
        assert_eq!(texts[1], "2026-01-01T00:00:00.500Z");
    }
}

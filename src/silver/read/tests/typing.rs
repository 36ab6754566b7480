//! What is a value of which kind.

use proptest::prelude::*;

use super::*;

/// The kept value of `text`, or why it is none.
fn value(kind: &ColumnKind, text: &str) -> String {
    let columns = vec![column("v", kind.clone()), Column::text("w")];
    let cell = format!("\"{}\"", text.replace('"', "\"\""));
    let got = read_by(&csv(columns), format!("v,w\n{cell},w\n").as_bytes(), 1 << 18);
    match got.bad.first() {
        Some(bad) => format!("! {}", bad.reason),
        None => got.good[0].1[0].clone(),
    }
}

#[test]
fn values_are_kept_or_refused_with_the_reason() {
    let money = decimal(2);
    let bounded = ColumnKind::Decimal { scale: 2, min: Some(0), max: Some(9999) };
    let count = ColumnKind::Integer { min: Some(0), max: Some(10) };
    let real = ColumnKind::Real { min: Some(-1.5), max: None };
    let flag = ColumnKind::Boolean { truths: vec!["ja".into()], falsehoods: vec!["ñ".into()] };
    let day = ColumnKind::Date { formats: vec![] };
    let days = ColumnKind::Date { formats: vec!["%d.%m.%Y".into(), "%Y-%m-%d".into()] };
    let moment = ColumnKind::Timestamp { formats: vec![], timezone: None };
    let local = ColumnKind::Timestamp {
        formats: vec!["%Y-%m-%d %H:%M".into(), "%s".into(), "%Y-%m-%dT%H:%M:%S%z".into()],
        timezone: Some("America/Chicago".into()),
    };
    let short = ColumnKind::Text { max_length: Some(3) };
    for (kind, text, kept) in [
        (&integer(), "9223372036854775807", "9223372036854775807"),
        (&integer(), "9223372036854775808", "! too large"),
        (&integer(), "-9223372036854775809", "! too small"),
        (&integer(), " +007 ", "7"),
        (&integer(), "2.7", "! not a whole number"),
        (&integer(), "2.0", "! not a whole number"),
        (&integer(), "1e3", "! not a whole number"),
        (&integer(), "1 000", "! not a whole number"),
        (&integer(), "٣", "! not a whole number"),
        (&count, "-1", "! below 0"),
        (&count, "11", "! above 10"),
        (&money, "1234.5", "123450"),
        (&money, "-.5", "-50"),
        (&money, "1.2300", "123"),
        (&money, "1.234", "! has more than 2 places after the point"),
        (&money, "1,234.50", "! not a number"),
        (&money, "1.", "! not a number"),
        (&money, ".", "! not a number"),
        (&money, "-", "! not a number"),
        (&money, "1.2.3", "! not a number"),
        (&money, "1e2", "! not a number"),
        (&money, "$5", "! not a number"),
        (&money, "92233720368547758.07", "9223372036854775807"),
        (&money, "92233720368547758.08", "! too large"),
        (&money, "-92233720368547758.08", "-9223372036854775808"),
        (&money, "-92233720368547758.09", "! too small"),
        (&decimal(0), "5.00", "5"),
        (&decimal(0), "5.01", "! not a whole number"),
        (&bounded, "-0.01", "! below 0.00"),
        (&bounded, "100", "! above 99.99"),
        (&real, "-1.5e0", "-1.5"),
        (&real, "-2", "! below -1.5"),
        (&real, "1e999", "! too large"),
        (&real, "NaN", "! not a number"),
        (&real, "inf", "! not a number"),
        (&flag, "TRUE", "1"),
        (&flag, "Ja", "1"),
        (&flag, "Ñ", "0"),
        (&flag, "1", "! neither true nor false"),
        (&day, "2024-02-29", "2024-02-29"),
        (&day, "2026-02-29", "! not a day: expected %Y-%m-%d"),
        (&day, "2026-02-30", "! not a day: expected %Y-%m-%d"),
        (&day, "2026-1-1", "! not a day: expected %Y-%m-%d"),
        (&day, "2026-01-01T00:00:00", "! not a day: expected %Y-%m-%d"),
        (&day, "+026-01-01", "! not a day: expected %Y-%m-%d"),
        (&days, "31.12.2026", "2026-12-31"),
        (&days, "2026-12-31", "2026-12-31"),
        (&days, "31.11.2026", "! not a day: expected %d.%m.%Y or %Y-%m-%d"),
        (&days, "31.12.2026 x", "! not a day: expected %d.%m.%Y or %Y-%m-%d"),
        (&moment, "2026-01-31T08:00:00Z", "2026-01-31T08:00:00.000000Z"),
        (&moment, "2026-01-31 08:00:00.5+02:00", "2026-01-31T06:00:00.500000Z"),
        (&moment, "2026-01-31T08:00:00.123456789", "2026-01-31T08:00:00.123456Z"),
        (&moment, "1969-12-31T23:59:59.9999999Z", "1969-12-31T23:59:59.999999Z"),
        (&moment, "2026-01-31", "! not a moment: expected RFC 3339, as in 2026-01-31T08:00:00Z"),
        (
            &moment,
            "2026-02-30T08:00:00Z",
            "! not a moment: expected RFC 3339, as in 2026-01-31T08:00:00Z",
        ),
        (
            &moment,
            "0000-01-01T00:00:00+01:00",
            "! not a moment: expected RFC 3339, as in 2026-01-31T08:00:00Z",
        ),
        (
            &moment,
            "é026-01-31T08:00:00Z",
            "! not a moment: expected RFC 3339, as in 2026-01-31T08:00:00Z",
        ),
        (&local, "2026-01-31 08:00", "2026-01-31T14:00:00.000000Z"),
        (&local, "2026-03-08 02:30", "! a time that a clock change leaves out in America/Chicago"),
        (&local, "2026-11-01 01:30", "2026-11-01T06:30:00.000000Z"),
        (&local, "1700000000", "2023-11-14T22:13:20.000000Z"),
        (&local, "2026-03-08T02:30:00+0100", "2026-03-08T01:30:00.000000Z"),
        (&short, "äöü", "äöü"),
        (&short, "äöüß", "! longer than 3 characters"),
    ] {
        assert_eq!(value(kind, text), kept, "{text:?} as {kind:?}");
    }
}

#[test]
fn no_value_has_its_rules() {
    let nulls = || vec!["NULL".to_owned(), "-".to_owned()];
    let of = |more: Column| {
        let got = read(&csv(vec![more, Column::text("w")]), b"v,w\n  ,w\nNULL,w\n - ,w\nx,w\n");
        let mut all = got.reasons();
        all.extend(got.rows());
        all
    };
    let column = Column { nulls: nulls(), ..Column::text("v") };
    assert_eq!(of(column.clone()), ["2 ∅|w", "3 ∅|w", "4 ∅|w", "5 x|w"]);
    let column = Column { default: Some("none".into()), ..column };
    assert_eq!(of(column.clone()), ["2 none|w", "3 none|w", "4 none|w", "5 x|w"]);
    let column = Column { trim: false, required: true, default: None, ..column };
    assert_eq!(of(column), ["3 v: a value is required", "2   |w", "4  - |w", "5 x|w"]);
    let wrong = Column { default: Some("x".into()), kind: integer(), ..Column::text("v") };
    let failure = refused(&csv(vec![wrong]), b"v\n");
    let said = "column v of dataset things: its default is not a whole number";
    assert!(failure.to_string().contains(said), "{failure}");
}

#[test]
fn a_carried_column_is_not_in_the_file() {
    let carried = Some(crate::model::Carried { via: "a".into(), column: "k".into() });
    let columns = vec![Column { carried, required: true, ..Column::text("k") }, Column::text("a")];
    let got = read(&csv(columns.clone()), b"k,a\nx,y\n");
    assert_eq!(got.rows(), ["2 ∅|y"]);
    assert_eq!(got.drift.unknown, ["k"]);
    let dialect = Dialect { header: false, ..Dialect::default() };
    let got = read(&dataset(Format::Csv(dialect), columns.clone()), b"y\n");
    assert_eq!(got.rows(), ["1 ∅|y"]);
    let got = read(&dataset(Format::Json, columns), br#"[{"a":"y"}]"#);
    assert_eq!((got.rows(), got.drift), (vec!["1 ∅|y".to_owned()], Drift::default()));
}

proptest! {
    /// Written out and read back, any amount is the same.
    #[test]
    fn decimals_are_exact(units in any::<i64>(), scale in 0_u8..=12) {
        use crate::silver::read::typing::number::Decimal;
        use crate::silver::rows::spelled;
        let decimal = Decimal { scale, min: None, max: None };
        prop_assert_eq!(decimal.units(&spelled(units, scale)), Ok(units));
    }

    /// A number of JSON means the same with an exponent and without.
    #[test]
    fn exponents_move_the_point(units in any::<i32>(), exponent in -12_i32..=6) {
        use crate::silver::read::typing::number::{Decimal, plain};
        let decimal = Decimal { scale: 12, min: None, max: None };
        let shown = plain(&format!("{units}e{exponent}")).unwrap();
        let exact = i128::from(units) * 10_i128.pow((exponent + 12) as u32);
        let expected = i64::try_from(exact).ok();
        prop_assert_eq!(decimal.units(&shown).ok(), expected, "{}", shown);
    }

    /// The usual way to write a moment is read as any other is, and refused as any other.
    #[test]
    fn moments_without_a_fraction_are_those_with_none(
        year in prop_oneof![Just(0), Just(9998), Just(9999), 1900..2100_i32],
        (month, day) in (0..14_u8, 0..33_u8),
        (hour, minute, second) in (0..26_u8, 0..62_u8, 0..60_u8),
        sign in prop::sample::select(vec!['T', 't', ' ', '_']),
    ) {
        let moment = ColumnKind::Timestamp { formats: vec![], timezone: None };
        let text = format!("{year:04}-{month:02}-{day:02}{sign}{hour:02}:{minute:02}:{second:02}");
        let plain = value(&moment, &format!("{text}Z"));
        prop_assert_eq!(&plain, &value(&moment, &format!("{text}.0Z")), "{}", text);
    }
}

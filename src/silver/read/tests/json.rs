//! JSON arrays and NDJSON.

use proptest::prelude::*;
use serde_json::{Value, json};

use super::*;

fn things(format: Format) -> Dataset {
    dataset(format, abc())
}

#[test]
fn objects_become_rows() {
    for (object, row) in [
        (r#"{"a":"x","b":1,"c":2.5}"#, "x|1|250"),
        (r#" { "c" : "2.50" , "a" : "\u00e9\n" , "b" : null } "#, "é|∅|250"),
        // Exactly, never through a floating-point number.
        (
            r#"{"a":0.1000000000000000055,"b":9007199254740993,"c":90071992547409.93}"#,
            "0.1000000000000000055|9007199254740993|9007199254740993",
        ),
        (r#"{"a":true,"b":"7","c":1e2}"#, "true|7|10000"),
        (r#"{"a":{"k": [1, "x y\" ]"]} ,"b":-1,"c":12.5e-1}"#, r#"{"k":[1,"x y\" ]"]}|-1|125"#),
        (r#"{"A":"x","b":1,"c":-0.10}"#, "x|1|-10"),
        (r#"{"a":"","b":"","c":""}"#, "∅|∅|∅"),
        (r#"{"a":"x"}"#, "x|∅|∅"),
    ] {
        let got = read(&things(Format::Json), format!("[{object}]").as_bytes());
        assert_eq!(got.rows(), [format!("1 {row}")], "{object} {got:?}");
        let got = read(&things(Format::Ndjson), format!("\n{object}\r\n\n").as_bytes());
        assert_eq!(got.rows(), [format!("2 {row}")], "{object} {got:?}");
    }
}

#[test]
fn wrong_objects_are_bad_rows() {
    for (object, reason) in [
        (r#"{"a":"x","b":1.0,"c":1}"#, "1 b: not a whole number"),
        (r#"{"a":"x","b":[1],"c":1}"#, "1 b: an object or array, not a single value"),
        (r#"{"a":"x","b":true,"c":1}"#, "1 b: not a whole number"),
        (r#"{"a":"x","b":1,"c":1.005}"#, "1 c: has more than 2 places after the point"),
        (r#"{"a":"x","b":1,"c":1e-3}"#, "1 c: has more than 2 places after the point"),
        (r#"{"a":"x","b":1,"c":1e400}"#, "1 c: too large"),
        (r#"{"a":"x","b":1,"c":1e17}"#, "1 c: too large"),
        (r#"{"a":"x","a":"y","b":1}"#, r#"1: has the key "a" twice"#),
        (r#"{"a":"x","A":"y","b":1}"#, r#"1: has the key "A" twice"#),
        (r#"{"a":"x","new":1,"new":1}"#, r#"1: has the key "new" twice"#),
        (r#"{"a":"\ud800"}"#, "1 a: holds half a character (a lone surrogate)"),
        (r#"{"a":"\u0000"}"#, "1 a: holds a NUL character"),
        (r#"{"new":1}"#, "1: none of the columns is in it"),
        ("{}", "1: none of the columns is in it"),
        ("7", "1: not an object"),
        ("\"x\"", "1: not an object"),
        ("[]", "1: not an object"),
        ("null", "1: not an object"),
    ] {
        for (format, file) in
            [(Format::Json, format!("[{object}]")), (Format::Ndjson, object.to_owned())]
        {
            let got = read(&things(format), file.as_bytes());
            assert_eq!(got.reasons().len(), 1, "{object} {got:?}");
            assert!(got.reasons()[0].starts_with(reason), "{object} {:?}", got.reasons());
            assert_eq!(got.failure, None, "{object}");
        }
    }
    let got = read(&things(Format::Json), b"[{\"a\":\"\xff\"},{\"a\":\"x\"}]");
    assert_eq!(got.reasons(), ["1: not valid utf-8"]);
    assert_eq!(got.rows(), ["2 x|∅|∅"]);
}

#[test]
fn broken_arrays_end_where_they_break() {
    for (file, said) in [
        ("", "it is empty"),
        (" {\"a\":1}", "line 1, column 2: expected an array of objects, found \"{\""),
        ("[{\"a\":1}\n{\"a\":2}]", "line 2, column 1: expected \",\" or \"]\", found \"{\""),
        ("[{\"a\":1},", "ends too early, at element 1"),
        ("[{\"a\":1},]", "expected an object, found \"]\""),
        ("[{\"a\":1}", "ends too early"),
        ("[{\"a\":1}, {\"a\"", "ends too early, at element 2"),
        (
            "[{\"a\":1},\n {\"a\":tru}]",
            "element 2, which begins in line 2, column 2, is not valid JSON",
        ),
        ("[{\"a\":1},{\"a\":1]}]", "element 2"),
        ("[{\"a\":1}] []", "expected nothing behind the array"),
        ("[{\"a\":1},7", "ends too early"),
    ] {
        let got = read(&things(Format::Json), file.as_bytes());
        let failure = got.failure.clone().unwrap_or_else(|| panic!("{file}: {got:?}"));
        assert!(failure.contains(said), "{file}: {failure}");
        let before = usize::from(file.starts_with("[{\"a\":1}"));
        assert_eq!(got.good.len(), before, "{file}: what came before stays");
    }
    for file in ["[]", " [ ] \n", "\u{feff}[]"] {
        let got = read(&things(Format::Json), file.as_bytes());
        assert_eq!((got.failure, got.good.len(), got.drift.is_none()), (None, 0, true), "{file}");
    }
    let got = read(&things(Format::Ndjson), b"{\"a\":1}\n{\"a\":\n{\"a\":2} {}\n{\"a\":3}");
    assert_eq!(got.rows(), ["1 1|∅|∅", "4 3|∅|∅"]);
    assert!(got.reasons()[0].starts_with("2: not valid JSON"), "{got:?}");
    assert!(got.reasons()[1].starts_with("3: not valid JSON"), "{got:?}");
}

#[test]
fn drift_is_what_all_objects_say() {
    let file = br#"[{"a":1,"x":1},{"a":2,"y":{}},{"B":3}]"#;
    let got = read(&things(Format::Json), file);
    assert_eq!(got.rows(), ["1 1|∅|∅", "2 2|∅|∅", "3 ∅|3|∅"]);
    assert_eq!(got.drift.unknown, ["x", "y"]);
    assert_eq!(got.drift.missing, ["c"]);
}

fn value() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        "\\PC{0,8}".prop_map(Value::from),
        "[\\[\\]{},:\"\\\\ \\n]{0,6}".prop_map(Value::from),
    ];
    leaf.prop_recursive(3, 12, 3, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..3).prop_map(Value::from),
            prop::collection::vec(("[a\"\\]}]{1,3}", inner), 0..3)
                .prop_map(|entries| Value::Object(entries.into_iter().collect())),
        ]
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    /// As serde_json has it, which reads the whole file at once.
    #[test]
    fn elements_are_those_of_a_whole_read(
        rows in prop::collection::vec((value(), value()), 0..8),
        pretty in any::<bool>(), step in 1_usize..40,
    ) {
        let objects: Vec<Value> =
            rows.iter().map(|(a, z)| json!({"z": z, "a": a, "n": 1})).collect();
        let array = Value::from(objects.clone());
        let file = match pretty {
            true => serde_json::to_vec_pretty(&array).unwrap(),
            false => serde_json::to_vec(&array).unwrap(),
        };
        let a = Column { trim: false, ..Column::text("a") };
        let columns = vec![a, column("n", integer())];
        let got = read_by(&dataset(Format::Json, columns.clone()), &file, step);
        let text = |value: &Value| match value {
            Value::Null => "∅".to_owned(),
            Value::String(text) if text.is_empty() => "∅".to_owned(),
            Value::String(text) => text.clone(),
            other => other.to_string(),
        };
        let expected: Vec<(u64, Vec<String>)> = rows.iter().zip(1..)
            .map(|((a, _), n)| (n, vec![text(a), "1".to_owned()])).collect();
        prop_assert_eq!(&got.good, &expected);
        prop_assert_eq!(&got.bad, &vec![]);
        let lines: Vec<String> = objects.iter().map(Value::to_string).collect();
        let got = read_by(&dataset(Format::Ndjson, columns), lines.join("\n").as_bytes(), step);
        prop_assert_eq!(&got.good, &expected);
    }
}

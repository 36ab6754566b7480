//! A strict reader of Prometheus' text format 0.0.4, as `promtool check metrics` is.
//!
//! <https://prometheus.io/docs/instrumenting/exposition_formats/>

use std::collections::{BTreeMap, BTreeSet};

/// One sample.
#[derive(Clone, Debug, PartialEq)]
pub struct Sample {
    pub name: String,
    pub labels: BTreeMap<String, String>,
    pub value: f64,
}

/// Every sample, or what is wrong with the text.
pub fn parse(text: &str) -> Result<Vec<Sample>, String> {
    if !text.ends_with('\n') {
        return Err("the last line does not end".into());
    }
    let (mut samples, mut seen, mut families) = (Vec::new(), BTreeSet::new(), BTreeSet::new());
    // The family whose samples may follow: its name, and whether it has its type.
    let mut family: Option<(String, bool)> = None;
    for line in text.split_terminator('\n') {
        let wrong = |why: &str| Err(format!("{why}: {line:?}"));
        if let Some(rest) = line.strip_prefix("# HELP ") {
            let Some((name, help)) = rest.split_once(' ') else { return wrong("no help") };
            if !is_name(name, true) || help.is_empty() {
                return wrong("bad help");
            }
            if !families.insert(name.to_owned()) {
                return wrong("a family twice, or in two parts");
            }
            family = Some((name.to_owned(), false));
        } else if let Some(rest) = line.strip_prefix("# TYPE ") {
            let Some((name, kind)) = rest.split_once(' ') else { return wrong("no type") };
            if family != Some((name.to_owned(), false)) {
                return wrong("a type without its help");
            }
            match kind {
                "counter" if !name.ends_with("_total") => return wrong("a counter without _total"),
                "gauge" if name.ends_with("_total") => return wrong("a gauge with _total"),
                "counter" | "gauge" => family = Some((name.to_owned(), true)),
                _ => return wrong("unknown type"),
            }
        } else {
            let sample = sample(line).ok_or_else(|| format!("no sample: {line:?}"))?;
            if family != Some((sample.name.clone(), true)) {
                return wrong("a sample outside of its family");
            }
            if !seen.insert(format!("{} {:?}", sample.name, sample.labels)) {
                return wrong("a series twice");
            }
            samples.push(sample);
        }
    }
    Ok(samples)
}

fn is_name(name: &str, colons: bool) -> bool {
    let begins = |c: char| c.is_ascii_alphabetic() || c == '_' || (colons && c == ':');
    name.starts_with(begins) && name.chars().all(|c| begins(c) || c.is_ascii_digit())
}

fn sample(line: &str) -> Option<Sample> {
    let end = line.find(['{', ' '])?;
    let (name, mut rest) = line.split_at(end);
    let mut labels = BTreeMap::new();
    if let Some(inside) = rest.strip_prefix('{') {
        rest = inside;
        while !rest.starts_with('}') {
            let (label, after) = rest.split_once("=\"")?;
            let (value, after) = label_value(after)?;
            if !is_name(label, false) || labels.insert(label.to_owned(), value).is_some() {
                return None;
            }
            rest = after;
            if let Some(next) = rest.strip_prefix(',') {
                rest = next;
            } else if !rest.starts_with('}') {
                return None;
            }
        }
        rest = &rest[1..];
    }
    let value = rest.strip_prefix(' ')?;
    if !is_name(name, true) || value.contains(' ') {
        return None;
    }
    Some(Sample { name: name.to_owned(), labels, value: value.parse().ok()? })
}

/// The value up to its closing quote, and what follows.
fn label_value(text: &str) -> Option<(String, &str)> {
    let (mut value, mut chars) = (String::new(), text.char_indices());
    while let Some((at, c)) = chars.next() {
        match c {
            '"' => return Some((value, &text[at + 1..])),
            '\\' => match chars.next()?.1 {
                '\\' => value.push('\\'),
                '"' => value.push('"'),
                'n' => value.push('\n'),
                _ => return None,
            },
            c => value.push(c),
        }
    }
    None
}

#[test]
fn the_reader_takes_what_is_right_and_nothing_else() {
    let head = "# HELP a_total All.\n# TYPE a_total counter\n";
    let right = format!("{head}a_total{{x=\"1\\\"\\\\\\n\",y=\"\"}} 3\na_total 4.5e3\n");
    let samples = parse(&right).unwrap();
    assert_eq!(samples[0].labels["x"], "1\"\\\n");
    assert_eq!((samples[0].value, samples[1].value), (3.0, 4500.0));
    for wrong in [
        "",
        "a_total 3\n",
        "# TYPE a_total counter\na_total 3\n",
        "# HELP a All.\n# TYPE a counter\na 3\n",
        &format!("{head}a_total 3"),
        &format!("{head}a_total\n"),
        &format!("{head}a_total x\n"),
        &format!("{head}a_total{{x=1}} 3\n"),
        &format!("{head}a_total{{x=\"a\"b\"}} 3\n"),
        &format!("{head}a_total{{x=\"\\t\"}} 3\n"),
        &format!("{head}a_total{{x=\"a\nb\"}} 3\n"),
        &format!("{head}a_total{{x-y=\"a\"}} 3\n"),
        &format!("{head}a_total{{x=\"1\",x=\"1\"}} 3\n"),
        &format!("{head}a_total 3\na_total 4\n"),
        &format!("{head}b_total 3\n"),
        &format!("{head}a_total 3\n{head}a_total{{x=\"1\"}} 3\n"),
    ] {
        assert!(parse(wrong).is_err(), "{wrong}");
    }
}

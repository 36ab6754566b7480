//! A definition as the configuration has it.

use std::fmt::Write as _;

use crate::model::{Column, ColumnKind, Dataset, Dialect, Format, steerless};
use crate::silver::read::typing::number::spelled;

/// `dataset` as a section `datasets:`, with comments for whoever approves it. Read as
/// configuration it is the same dataset again.
pub fn to_yaml(dataset: &Dataset) -> String {
    let mut out = String::new();
    // A String takes everything.
    let _ = write(dataset, &mut out);
    out
}

fn write(dataset: &Dataset, out: &mut String) -> std::fmt::Result {
    writeln!(
        out,
        "# Proposed from the first rows of a file. Please check: is every type right, is a"
    )?;
    writeln!(
        out,
        "# value (!) always there, does the key tell rows apart? Columns that are not here"
    )?;
    writeln!(out, "# are reported and passed over.")?;
    writeln!(out, "datasets:")?;
    writeln!(out, "  {}:", name(&dataset.name))?;
    let files: Vec<String> = dataset.files.iter().map(|pattern| quoted(pattern)).collect();
    writeln!(out, "    files: [{}]", files.join(", "))?;
    match &dataset.format {
        Format::Csv(dialect) => write_dialect(dialect, out)?,
        Format::Json => writeln!(out, "    format: json    # one array of objects")?,
        Format::Ndjson => writeln!(out, "    format: ndjson    # one object a line")?,
    }
    if dataset.key.is_empty() {
        writeln!(
            out,
            "    # key: [...]    # without a key every line of every file is a row of its own"
        )?;
    } else {
        writeln!(out, "    key: {}    # the last file wins", list(&dataset.key))?;
    }
    writeln!(out, "    max_bad_percent: {}", dataset.max_bad_percent)?;
    write_rollups(dataset, out)?;
    writeln!(out, "    columns:")?;
    for column in &dataset.columns {
        writeln!(out, "      {}: {}", name(&column.name), said(column))?;
    }
    Ok(())
}

fn write_dialect(dialect: &Dialect, out: &mut String) -> std::fmt::Result {
    let usual = Dialect::default();
    writeln!(out, "    format: csv")?;
    if dialect.encoding != usual.encoding {
        writeln!(out, "    encoding: {}", quoted(&dialect.encoding))?;
    }
    if dialect.delimiter != usual.delimiter {
        let delimiter = match dialect.delimiter {
            '\t' => "tab".to_owned(),
            other => quoted(&other.to_string()),
        };
        writeln!(out, "    delimiter: {delimiter}")?;
    }
    if dialect.quote != usual.quote {
        let quote = dialect.quote.map_or("none".to_owned(), |quote| quoted(&quote.to_string()));
        writeln!(out, "    quote: {quote}")?;
    }
    if dialect.header != usual.header {
        writeln!(out, "    header: {}    # the columns come in this order", dialect.header)?;
    }
    if dialect.skip_lines != usual.skip_lines {
        writeln!(out, "    skip_lines: {}", dialect.skip_lines)?;
    }
    Ok(())
}

fn write_rollups(dataset: &Dataset, out: &mut String) -> std::fmt::Result {
    if dataset.rollups.is_empty() {
        // Else those that are known without being said would be added.
        let related = dataset.columns.iter().any(|column| column.references.is_some());
        return if related { writeln!(out, "    rollups: {{}}") } else { Ok(()) };
    }
    writeln!(out, "    rollups:")?;
    for rollup in &dataset.rollups {
        let (by, sum) = (list(&rollup.by), list(&rollup.sum));
        writeln!(out, "      {}: {{ by: {by}, sum: {sum} }}", name(&rollup.name))?;
    }
    Ok(())
}

/// What is to be said about a column: its type alone, if that is all.
fn said(column: &Column) -> String {
    let mut parts: Vec<(&str, String)> = Vec::new();
    let kind = kind(column, &mut parts);
    let mut part = |key, value: Option<String>| parts.extend(value.map(|value| (key, value)));
    if let Some(carried) = &column.carried {
        let (via, from) = (name(&carried.via), name(&carried.column));
        let indexed = if column.indexed { ", indexed: true" } else { "" };
        return format!("{{ carried: {{ via: {via}, column: {from} }}{indexed} }}");
    }
    part("from", (column.source != column.name).then(|| quoted(&column.source)));
    part("trim", (!column.trim).then(|| "false".to_owned()));
    part("default", column.default.as_deref().map(quoted));
    part("nulls", (!column.nulls.is_empty()).then(|| texts(&column.nulls)));
    part("references", column.references.as_deref().map(name));
    part("dictionary", column.dictionary.as_deref().map(name));
    part("indexed", column.indexed.then(|| "true".to_owned()));
    let required = if column.required { "!" } else { "" };
    if parts.is_empty() {
        return format!("{kind}{required}");
    }
    let parts: Vec<String> = parts.iter().map(|(key, value)| format!(", {key}: {value}")).collect();
    format!("{{ type: {kind}{required}{} }}", parts.concat())
}

/// The type's name; what more there is to it goes into `parts`.
fn kind(column: &Column, parts: &mut Vec<(&'static str, String)>) -> &'static str {
    let mut part = |key, value: Option<String>| parts.extend(value.map(|value| (key, value)));
    match &column.kind {
        ColumnKind::Text { max_length } => {
            part("max_length", max_length.map(|n| n.to_string()));
            "text"
        }
        ColumnKind::Integer { min, max } => {
            part("min", min.map(|n| n.to_string()));
            part("max", max.map(|n| n.to_string()));
            "integer"
        }
        ColumnKind::Decimal { scale, min, max } => {
            part("scale", Some(scale.to_string()));
            part("min", min.map(|n| spelled(n, *scale)));
            part("max", max.map(|n| spelled(n, *scale)));
            "decimal"
        }
        ColumnKind::Real { min, max } => {
            part("min", min.map(|n| n.to_string()));
            part("max", max.map(|n| n.to_string()));
            "real"
        }
        ColumnKind::Boolean { truths, falsehoods } => {
            part("true_values", (!truths.is_empty()).then(|| texts(truths)));
            part("false_values", (!falsehoods.is_empty()).then(|| texts(falsehoods)));
            "boolean"
        }
        ColumnKind::Date { formats } => {
            part("formats", (!formats.is_empty()).then(|| texts(formats)));
            "date"
        }
        ColumnKind::Timestamp { formats, timezone } => {
            part("formats", (!formats.is_empty()).then(|| texts(formats)));
            part("timezone", timezone.as_deref().map(quoted));
            "timestamp"
        }
    }
}

fn list(names: &[String]) -> String {
    let names: Vec<String> = names.iter().map(|one| name(one)).collect();
    format!("[{}]", names.join(", "))
}

fn texts(texts: &[String]) -> String {
    let texts: Vec<String> = texts.iter().map(|text| quoted(text)).collect();
    format!("[{}]", texts.join(", "))
}

/// A name of ours: letters, digits and `_`; in quotes where YAML takes it for something else.
fn name(name: &str) -> String {
    let words = ["true", "false", "null", "yes", "no", "on", "off", "y", "n"];
    match words.contains(&name.to_ascii_lowercase().as_str()) {
        true => format!("\"{name}\""),
        false => name.to_owned(),
    }
}

/// In double quotes, as JSON and YAML both have them; `${` stands for itself.
fn quoted(text: &str) -> String {
    let text = text.replace("${", "$${");
    steerless(&serde_json::Value::from(text).to_string())
}

//! One record as one line, in either form.
//!
//! Whatever a record holds, it stays one line: text from outside cannot forge
//! another one.

use std::fmt;

use jiff::{Timestamp, Zoned};
use serde::Serialize;
use tracing::field::{Field, Visit};
use tracing::{Event, Subscriber};
use tracing_subscriber::fmt::format::Writer;
use tracing_subscriber::fmt::{FmtContext, FormatEvent, FormatFields};
use tracing_subscriber::registry::LookupSpan;

use crate::config::LogFormat;
use crate::model::Shown;

/// The longest message or field, in characters.
const LONGEST: usize = 4000;

/// Writes records in this form.
pub(super) struct Form(pub LogFormat);

impl<S, N> FormatEvent<S, N> for Form
where
    S: Subscriber + for<'l> LookupSpan<'l>,
    N: for<'w> FormatFields<'w> + 'static,
{
    fn format_event(
        &self,
        _: &FmtContext<'_, S, N>,
        mut writer: Writer<'_>,
        event: &Event<'_>,
    ) -> fmt::Result {
        let mut record = Record::default();
        event.record(&mut record);
        let metadata = event.metadata();
        let line = match self.0 {
            LogFormat::Json => record.json(Timestamp::now(), metadata.level(), metadata.target()),
            LogFormat::Classic => {
                record.classic(&Zoned::now(), metadata.level(), metadata.target())
            }
        };
        writeln!(writer, "{line}")
    }
}

/// What a record says, safe to show.
#[derive(Default)]
struct Record {
    message: String,
    fields: serde_json::Map<String, serde_json::Value>,
}

/// A record as JSON: its keys in this order.
#[derive(Serialize)]
struct Line<'a> {
    timestamp: String,
    level: &'a str,
    target: &'a str,
    message: &'a str,
    #[serde(skip_serializing_if = "serde_json::Map::is_empty")]
    fields: &'a serde_json::Map<String, serde_json::Value>,
}

impl Record {
    /// One JSON object: timestamp, level, target, message and fields.
    fn json(&self, now: Timestamp, level: &tracing::Level, target: &str) -> String {
        let Self { message, fields } = self;
        let timestamp = format!("{now:.3}");
        let line = Line { timestamp, level: level.as_str(), target, message, fields };
        // Text, numbers and truth values under names: there is nothing that could fail.
        serde_json::to_string(&line).unwrap_or_default()
    }

    /// `2025-09-24 08:00:00,123 - function - LEVEL - message`, in local time.
    fn classic(mut self, now: &Zoned, level: &tracing::Level, target: &str) -> String {
        let function = match self.fields.remove("function") {
            Some(serde_json::Value::String(name)) => name,
            _ => target.rsplit("::").next().unwrap_or(target).to_owned(),
        };
        let level = match level.as_str() {
            "WARN" => "WARNING",
            other => other,
        };
        let time = now.strftime("%Y-%m-%d %H:%M:%S");
        let millis = now.subsec_nanosecond() / 1_000_000;
        let mut line = format!("{time},{millis:03} - {function} - {level} - {}", self.message);
        for (name, value) in &self.fields {
            line.push_str(&format!(" {name}={value}"));
        }
        line
    }

    fn put(&mut self, field: &Field, value: serde_json::Value) {
        match (field.name(), value) {
            ("message", serde_json::Value::String(text)) => self.message = text,
            (name, value) => {
                self.fields.insert(name.to_owned(), value);
            }
        }
    }
}

impl Visit for Record {
    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        self.record_str(field, &format!("{value:?}"));
    }

    fn record_str(&mut self, field: &Field, value: &str) {
        self.put(field, Shown::limited(value, LONGEST).into_string().into());
    }

    fn record_i64(&mut self, field: &Field, value: i64) {
        self.put(field, value.into());
    }

    fn record_u64(&mut self, field: &Field, value: u64) {
        self.put(field, value.into());
    }

    fn record_f64(&mut self, field: &Field, value: f64) {
        self.put(field, value.into());
    }

    fn record_bool(&mut self, field: &Field, value: bool) {
        self.put(field, value.into());
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write;
    use std::sync::{Arc, Mutex};

    use tracing_subscriber::layer::SubscriberExt as _;

    use super::*;

    #[derive(Clone, Default)]
    struct Buffer(Arc<Mutex<Vec<u8>>>);

    impl Write for Buffer {
        fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
            self.0.lock().unwrap().write(bytes)
        }
        fn flush(&mut self) -> std::io::Result<()> {
            Ok(())
        }
    }

    fn logged(format: LogFormat, log: impl FnOnce()) -> String {
        let buffer = Buffer::default();
        let writer = buffer.clone();
        let layer = tracing_subscriber::fmt::layer()
            .with_ansi(false)
            .event_format(Form(format))
            .with_writer(move || writer.clone());
        tracing::subscriber::with_default(tracing_subscriber::registry().with(layer), log);
        let bytes = buffer.0.lock().unwrap().clone();
        String::from_utf8(bytes).unwrap()
    }

    const HOSTILE: &str = "a\n{\"level\":\"ERROR\"}\u{1b}[2J\u{9b}\u{202e}";

    #[test]
    fn a_json_record_is_one_object_on_one_line() {
        let text =
            logged(LogFormat::Json, || tracing::warn!(bytes = 7, name = HOSTILE, "{HOSTILE}"));
        assert_eq!(text.matches('\n').count(), 1, "{text}");
        let line: serde_json::Value = serde_json::from_str(&text).unwrap();
        assert_eq!(line["level"], "WARN");
        assert_eq!(line["target"], module_path!());
        assert_eq!(line["fields"]["bytes"], 7);
        let shown = "a\\n{\"level\":\"ERROR\"}\\u{1b}[2J\\u{9b}\\u{202e}";
        assert_eq!(line["message"], shown);
        assert_eq!(line["fields"]["name"], shown);
        let time: Timestamp = line["timestamp"].as_str().unwrap().parse().unwrap();
        assert!(Timestamp::now().duration_since(time).as_secs() < 60);
    }

    #[test]
    fn a_classic_record_has_the_form_of_the_script() {
        let record = Record { message: "Uploaded".into(), fields: serde_json::Map::new() };
        let now: Zoned = "2025-09-24T08:00:00.123-05:00[America/Chicago]".parse().unwrap();
        assert_eq!(
            record.classic(&now, &tracing::Level::WARN, "transship::engine::sync"),
            "2025-09-24 08:00:00,123 - sync - WARNING - Uploaded"
        );
        let text = logged(LogFormat::Classic, || tracing::info!(function = "main", "{HOSTILE}"));
        assert_eq!(text.matches('\n').count(), 1, "{text}");
        assert!(text.contains(" - main - INFO - a\\n{"), "{text}");
    }
}

//! The text format of Prometheus, version 0.0.4.
//!
//! <https://prometheus.io/docs/instrumenting/exposition_formats/>

use std::fmt::Write as _;

/// What the format calls itself.
pub(super) const KIND: &str = "text/plain; version=0.0.4; charset=utf-8";

/// What a family of samples is.
#[derive(Clone, Copy, Debug)]
pub(super) enum Kind {
    /// Only grows.
    Counter,
    /// Goes up and down.
    Gauge,
}

/// Text that grows by one family after the other.
#[derive(Debug, Default)]
pub(super) struct Exposition(String);

/// A family that takes samples.
pub(super) struct Family<'e> {
    out: &'e mut String,
    name: &'static str,
}

impl Exposition {
    /// Begins a family; all of its samples follow at once.
    pub(super) fn family(&mut self, name: &'static str, kind: Kind, help: &str) -> Family<'_> {
        let kind = match kind {
            Kind::Counter => "counter",
            Kind::Gauge => "gauge",
        };
        let help = help.replace('\\', "\\\\").replace('\n', "\\n");
        // A String takes everything that is written.
        let _ = writeln!(self.0, "# HELP {name} {help}\n# TYPE {name} {kind}");
        Family { out: &mut self.0, name }
    }

    /// The whole text.
    pub(super) fn into_text(self) -> String {
        self.0
    }
}

impl Family<'_> {
    /// Adds a sample. Label names are ours, label values may be anything.
    pub(super) fn sample(&mut self, labels: &[(&str, &str)], value: f64) -> &mut Self {
        self.out.push_str(self.name);
        for (n, (name, value)) in labels.iter().enumerate() {
            let before = if n == 0 { '{' } else { ',' };
            let _ = write!(self.out, "{before}{name}=\"{}\"", escaped(value));
        }
        if !labels.is_empty() {
            self.out.push('}');
        }
        let _ = writeln!(self.out, " {value}");
        self
    }
}

/// A label's value: backslash, quote and line feed are escaped, and nothing else is.
fn escaped(value: &str) -> String {
    let mut text = String::with_capacity(value.len());
    for c in value.chars() {
        match c {
            '\\' => text.push_str("\\\\"),
            '"' => text.push_str("\\\""),
            '\n' => text.push_str("\\n"),
            c => text.push(c),
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_family_is_written_as_the_format_has_it() {
        let mut all = Exposition::default();
        all.family("a_total", Kind::Counter, "All \\ of\nit.").sample(&[], 3.0);
        all.family("b_seconds", Kind::Gauge, "Some.")
            .sample(&[("endpoint", "a\"b\\c\nd"), ("outcome", "done")], 0.25)
            .sample(&[("endpoint", "")], 1_777_881_600.5);
        assert_eq!(
            all.into_text(),
            "# HELP a_total All \\\\ of\\nit.\n# TYPE a_total counter\na_total 3\n\
             # HELP b_seconds Some.\n# TYPE b_seconds gauge\n\
             b_seconds{endpoint=\"a\\\"b\\\\c\\nd\",outcome=\"done\"} 0.25\n\
             b_seconds{endpoint=\"\"} 1777881600.5\n"
        );
    }
}

//! YAML text → a tree in which every value knows where it stands.
//!
//! Scalars stay text: what a value means is decided by whoever asks for it, so
//! that a password `0123` keeps its zero.

use std::collections::{HashMap, HashSet};

use serde_saphyr::granit_parser::{Event, Options, Parser, ScalarStyle, ScanError, Span, StrInput};

use super::problems::Place;

/// The largest file that is read, in bytes.
pub(super) const MAX_BYTES: usize = 1 << 20;
/// The most values a file may hold, counted after its aliases are filled in:
/// a few lines of nested aliases would otherwise grow without bounds.
const MAX_NODES: usize = 100_000;
/// The deepest nesting; aliases count with what they bring along.
const MAX_DEPTH: usize = 32;

/// A value and its place.
#[derive(Clone, Debug)]
pub(super) struct Node {
    pub place: Place,
    pub value: Value,
}

/// What a value is.
#[derive(Clone, Debug)]
pub(super) enum Value {
    Null,
    /// Whether it was quoted tells text from numbers and booleans.
    Scalar {
        text: String,
        quoted: bool,
    },
    List(Vec<Node>),
    Map(Vec<(Key, Node)>),
}

/// A key of a mapping and its place.
#[derive(Clone, Debug)]
pub(super) struct Key {
    pub name: String,
    pub place: Place,
}

impl Node {
    /// What it is, for an error message.
    pub fn kind(&self) -> &'static str {
        match self.value {
            Value::Null => "nothing",
            Value::Scalar { .. } => "a single value",
            Value::List(_) => "a list",
            Value::Map(_) => "a mapping",
        }
    }
}

/// A file that follows YAML's syntax.
#[derive(Debug)]
pub(super) struct Document {
    pub root: Node,
    /// Keys that stand in their mapping already, with the words for it.
    pub twice: Vec<(Place, String)>,
}

/// The only document of `text`; an empty one is [`Value::Null`].
pub(super) fn parse(text: &str) -> Result<Document, Vec<(Place, String)>> {
    if text.len() > MAX_BYTES {
        return Err(vec![(Place::START, format!("the file is larger than {MAX_BYTES} bytes"))]);
    }
    let masked = mask(text).map_err(|e| vec![e])?;
    let mut options = Options::default();
    options.set_emit_comments(false);
    options.flow_nesting_limit = MAX_DEPTH;
    options.block_nesting_limit = MAX_DEPTH;
    let parser = Parser::new_from_str_with_options(&masked, options);
    let mut builder = Builder { events: parser, anchors: HashMap::new(), nodes: 0, twice: vec![] };
    match builder.document() {
        Ok(root) => Ok(Document { root, twice: builder.twice }),
        Err(problem) => {
            // The parser finds it later, and elsewhere.
            let tab = tab_before(text, problem.0.line + 1);
            builder.twice.push(tab.unwrap_or(problem));
            Err(builder.twice)
        }
    }
}

/// The first line up to this one that is indented with a tab, which YAML does not allow.
fn tab_before(text: &str, last: usize) -> Option<(Place, String)> {
    let indented = text.lines().take(last).enumerate().find_map(|(n, line)| {
        let indent = &line[..line.len() - line.trim_start_matches([' ', '\t']).len()];
        indent.chars().position(|c| c == '\t').map(|column| (n, column))
    });
    let (line, column) = indented?;
    let place = Place { line: line + 1, column: column + 1, width: 1 };
    Some((place, "a tab: YAML is indented with spaces".to_owned()))
}

/// Where masked characters live: a plane of Unicode that no text needs.
const MASK: u32 = 0xF_0000;

/// Hides the inside of every `${…}` from the YAML parser, character for
/// character so that columns stay true. YAML takes the braces for a mapping
/// wherever a reference stands unquoted in `{ … }` or `[ … ]`.
fn mask(text: &str) -> Result<String, (Place, String)> {
    if let Some(at) = text.chars().position(|c| (MASK..MASK + 0x80).contains(&u32::from(c))) {
        let before: String = text.chars().take(at).collect();
        let line = before.matches('\n').count() + 1;
        let column = before.rsplit('\n').next().map_or(0, |l| l.chars().count()) + 1;
        let message = "a private-use character is not allowed here".to_owned();
        return Err((Place { line, column, width: 1 }, message));
    }
    let mut masked = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(start) = rest.find("${") {
        let Some(length) = rest[start..].find(['}', '\n']) else { break };
        let (before, reference) = rest.split_at(start);
        let (reference, after) = reference.split_at(length + 1);
        masked.push_str(before);
        if is_reference(reference) {
            masked.extend(reference.chars().map(masked_char));
        } else {
            masked.push_str(reference);
        }
        rest = after;
    }
    masked.push_str(rest);
    Ok(masked)
}

/// Whether `text` is `${…}` with something like a name in it; without one the
/// next brace of the line may belong to the mapping around it.
fn is_reference(text: &str) -> bool {
    let inside = text.strip_prefix("${").and_then(|t| t.strip_suffix('}'));
    inside.is_some_and(|inside| {
        let name = inside.split_once(":-").map_or(inside, |(name, _)| name);
        !name.contains(|c: char| c.is_whitespace() || matches!(c, '"' | '\'' | '{' | ','))
    })
}

/// Quotes and backslashes stay: they belong to the scalar around the reference.
fn masked_char(c: char) -> char {
    match c {
        '"' | '\'' | '\\' => c,
        c if c.is_ascii() && !c.is_ascii_control() => {
            char::from_u32(MASK + u32::from(c)).unwrap_or(c)
        }
        c => c,
    }
}

fn unmask(text: &str) -> String {
    let one = |c: char| match u32::from(c).checked_sub(MASK) {
        Some(ascii) if ascii < 0x80 => char::from_u32(ascii).unwrap_or(c),
        _ => c,
    };
    text.chars().map(one).collect()
}

struct Builder<'t> {
    events: Parser<'t, StrInput<'t>>,
    anchors: HashMap<usize, Node>,
    nodes: usize,
    twice: Vec<(Place, String)>,
}

type Step<T> = Result<T, (Place, String)>;

impl Builder<'_> {
    fn next(&mut self) -> Step<(Event<'static>, Place)> {
        match self.events.next() {
            Some(Ok((event, span))) => Ok((owned(event), place(&span))),
            Some(Err(error)) => Err(syntax(&error)),
            None => Ok((Event::StreamEnd, Place::START)),
        }
    }

    fn document(&mut self) -> Step<Node> {
        loop {
            match self.next()? {
                (Event::StreamStart | Event::DocumentStart(..), _) => {}
                (Event::StreamEnd | Event::DocumentEnd, place) => {
                    return Ok(Node { place, value: Value::Null });
                }
                (event, place) => {
                    let node = self.node(event, place, 0)?;
                    return self.end().map(|()| node);
                }
            }
        }
    }

    /// Reads on to the end, so that mistakes after the document are found too.
    fn end(&mut self) -> Step<()> {
        loop {
            match self.next()? {
                (Event::StreamEnd, _) => return Ok(()),
                (Event::DocumentStart(..), place) => {
                    return Err((place, "only one YAML document is expected in the file".into()));
                }
                _ => {}
            }
        }
    }

    fn node(&mut self, event: Event<'static>, place: Place, depth: usize) -> Step<Node> {
        self.count(place, 1)?;
        if depth > MAX_DEPTH {
            return Err((place, format!("nested deeper than {MAX_DEPTH} levels")));
        }
        let (value, anchor) = match event {
            Event::Scalar(text, style, anchor, _) => {
                let text = unmask(&text);
                let quoted = style != ScalarStyle::Plain;
                let null = !quoted && matches!(text.as_str(), "" | "~" | "null" | "Null" | "NULL");
                (if null { Value::Null } else { Value::Scalar { text, quoted } }, anchor)
            }
            Event::SequenceStart(_, anchor, _) => (self.list(depth)?, anchor),
            Event::MappingStart(_, anchor, _) => (self.map(depth)?, anchor),
            Event::Alias(id) => return self.alias(id, place, depth),
            _ => return Err((place, "a value is expected here".into())),
        };
        let node = Node { place, value };
        if anchor != 0 {
            self.anchors.insert(anchor, node.clone());
        }
        Ok(node)
    }

    fn list(&mut self, depth: usize) -> Step<Value> {
        let mut items = Vec::new();
        loop {
            match self.next()? {
                (Event::SequenceEnd, _) => return Ok(Value::List(items)),
                (event, place) => items.push(self.node(event, place, depth + 1)?),
            }
        }
    }

    fn map(&mut self, depth: usize) -> Step<Value> {
        let mut entries: Vec<(Key, Node)> = Vec::new();
        let mut merged = Vec::new();
        let mut seen = HashSet::new();
        loop {
            let (event, place) = self.next()?;
            let name = match event {
                Event::MappingEnd => break,
                Event::Scalar(text, ..) => unmask(&text),
                _ => return Err((place, "a key is expected to be plain text".into())),
            };
            let (event, value_place) = self.next()?;
            let value = self.node(event, value_place, depth + 1)?;
            if name == "<<" {
                merged.push(value);
            } else if seen.insert(name.clone()) {
                entries.push((Key { name, place }, value));
            } else {
                self.twice.push((place, format!("the key \"{name}\" stands here twice")));
            }
        }
        // What a merge brings gives way to what stands in the mapping itself.
        for (key, value) in merged.into_iter().flat_map(mappings_of) {
            if seen.insert(key.name.clone()) {
                entries.push((key, value));
            }
        }
        Ok(Value::Map(entries))
    }

    fn alias(&mut self, id: usize, place: Place, depth: usize) -> Step<Node> {
        let Some(node) = self.anchors.get(&id) else {
            return Err((place, "an alias may not stand inside its own anchor".into()));
        };
        let (size, height) = extent(node);
        if depth + height > MAX_DEPTH {
            return Err((place, format!("nested deeper than {MAX_DEPTH} levels")));
        }
        self.count(place, size)?;
        // Counted before it is copied; the anchor is still there.
        self.anchors.get(&id).cloned().ok_or_else(|| (place, "an unknown alias".to_owned()))
    }

    fn count(&mut self, place: Place, more: usize) -> Step<()> {
        self.nodes += more;
        if self.nodes > MAX_NODES {
            return Err((place, format!("the file holds more than {MAX_NODES} values")));
        }
        Ok(())
    }
}

fn mappings_of(node: Node) -> Vec<(Key, Node)> {
    match node.value {
        Value::Map(entries) => entries,
        Value::List(items) => items.into_iter().flat_map(mappings_of).collect(),
        _ => vec![],
    }
}

/// How many values `node` holds, and how deep.
fn extent(node: &Node) -> (usize, usize) {
    let inner: Vec<(usize, usize)> = match &node.value {
        Value::Null | Value::Scalar { .. } => return (1, 0),
        Value::List(items) => items.iter().map(extent).collect(),
        Value::Map(entries) => entries.iter().map(|(_, v)| extent(v)).collect(),
    };
    let size = inner.iter().map(|(size, _)| size).sum::<usize>();
    (size + 1, inner.iter().map(|(_, height)| height).max().unwrap_or(&0) + 1)
}

fn owned(event: Event<'_>) -> Event<'static> {
    match event {
        Event::Scalar(text, style, anchor, _) => {
            Event::Scalar(text.into_owned().into(), style, anchor, None)
        }
        Event::SequenceStart(style, anchor, _) => Event::SequenceStart(style, anchor, None),
        Event::MappingStart(style, anchor, _) => Event::MappingStart(style, anchor, None),
        Event::SequenceEnd => Event::SequenceEnd,
        Event::MappingEnd => Event::MappingEnd,
        Event::Alias(id) => Event::Alias(id),
        Event::DocumentStart(explicit, version) => Event::DocumentStart(explicit, version),
        Event::DocumentEnd => Event::DocumentEnd,
        Event::StreamEnd => Event::StreamEnd,
        _ => Event::StreamStart,
    }
}

fn place(span: &Span) -> Place {
    let (start, end) = (&span.start, &span.end);
    let width = if start.line() == end.line() { end.col().saturating_sub(start.col()) } else { 0 };
    Place { line: start.line(), column: start.col() + 1, width }
}

fn syntax(error: &ScanError) -> (Place, String) {
    let at = error.marker();
    let place = Place { line: at.line(), column: at.col() + 1, width: 0 };
    // The parser's words quote single characters at the most, never a value.
    (place, format!("this is not valid YAML: {}", unmask(&error.info())))
}

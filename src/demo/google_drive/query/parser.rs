//! From text to [`Query`].

use jiff::Timestamp;
use jiff::civil::DateTime;
use jiff::tz::TimeZone;

use super::lexer::{Token, tokens};
use super::{Flag, Match, Order, Query, Role, Term, Which};

/// Deepest nesting of parentheses and `not`s.
const DEEPEST: usize = 50;

/// Why a query was refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::demo::google_drive) enum Mistake {
    /// "Invalid Value".
    Invalid,
    /// "The query is too complex."
    TooComplex,
}

/// Reads a query of at most `most` terms.
pub(in crate::demo::google_drive) fn parse(text: &str, most: usize) -> Result<Query, Mistake> {
    let mut parser = Parser {
        tokens: tokens(text).ok_or(Mistake::Invalid)?.into_iter().peekable(),
        terms_left: most,
        depth: 0,
    };
    let query = parser.chain()?;
    match parser.tokens.next() {
        None => Ok(query),
        Some(_) => Err(Mistake::Invalid),
    }
}

struct Parser {
    tokens: std::iter::Peekable<std::vec::IntoIter<Token>>,
    terms_left: usize,
    depth: usize,
}

impl Parser {
    /// `and` and `or` bind alike and are taken from left to right (the guide on
    /// searching says so).
    fn chain(&mut self) -> Result<Query, Mistake> {
        let mut left = self.operand()?;
        loop {
            if self.word("and") {
                left = Query::And(Box::new(left), Box::new(self.operand()?));
            } else if self.word("or") {
                left = Query::Or(Box::new(left), Box::new(self.operand()?));
            } else {
                return Ok(left);
            }
        }
    }

    fn operand(&mut self) -> Result<Query, Mistake> {
        self.depth += 1;
        if self.depth > DEEPEST {
            return Err(Mistake::TooComplex);
        }
        let operand = if self.word("not") {
            Query::Not(Box::new(self.operand()?))
        } else if self.tokens.next_if_eq(&Token::Open).is_some() {
            let inner = self.chain()?;
            self.tokens.next_if_eq(&Token::Close).ok_or(Mistake::Invalid)?;
            inner
        } else {
            self.terms_left = self.terms_left.checked_sub(1).ok_or(Mistake::TooComplex)?;
            Query::Term(self.term()?)
        };
        self.depth -= 1;
        Ok(operand)
    }

    fn term(&mut self) -> Result<Term, Mistake> {
        match self.tokens.next() {
            Some(Token::Text(value)) => self.membership(value),
            Some(Token::Word(field)) => self.comparison(&field),
            _ => Err(Mistake::Invalid),
        }
    }

    /// `'value' in collection`
    fn membership(&mut self, value: String) -> Result<Term, Mistake> {
        if !self.word("in") {
            return Err(Mistake::Invalid);
        }
        match self.tokens.next() {
            Some(Token::Word(collection)) => match &*collection {
                "parents" => Ok(Term::InParents(value)),
                "owners" => Ok(Term::In(Role::Owners, value)),
                "writers" => Ok(Term::In(Role::Writers, value)),
                "readers" => Ok(Term::In(Role::Readers, value)),
                _ => Err(Mistake::Invalid),
            },
            _ => Err(Mistake::Invalid),
        }
    }

    /// `field operator value`
    fn comparison(&mut self, field: &str) -> Result<Term, Mistake> {
        match field {
            "name" => self.matching().map(|(how, text)| Term::Name(how, text)),
            "mimeType" => self.matching().map(|(how, text)| Term::MimeType(how, text)),
            "shortcutDetails.targetId" => match self.matching()? {
                (Match::Contains, _) => Err(Mistake::Invalid),
                (how, text) => Ok(Term::Target(how, text)),
            },
            "modifiedTime" => self.time(Which::Modified),
            "createdTime" => self.time(Which::Created),
            "viewedByMeTime" => self.time(Which::ViewedByMe),
            "trashed" => self.flag(Flag::Trashed),
            "starred" => self.flag(Flag::Starred),
            // The guide's own example has it bare.
            "sharedWithMe" if !matches!(self.tokens.peek(), Some(Token::Mark(_))) => {
                Ok(Term::Flag(Flag::SharedWithMe, true))
            }
            "sharedWithMe" => self.flag(Flag::SharedWithMe),
            _ => Err(Mistake::Invalid),
        }
    }

    fn matching(&mut self) -> Result<(Match, String), Mistake> {
        let how = match self.tokens.next() {
            Some(Token::Mark("=")) => Match::Is,
            Some(Token::Mark("!=")) => Match::IsNot,
            Some(Token::Word(word)) if word == "contains" => Match::Contains,
            _ => return Err(Mistake::Invalid),
        };
        Ok((how, self.text()?))
    }

    fn time(&mut self, which: Which) -> Result<Term, Mistake> {
        let order = match self.tokens.next() {
            Some(Token::Mark("<")) => Order::Before,
            Some(Token::Mark("<=")) => Order::NotAfter,
            Some(Token::Mark("=")) => Order::At,
            Some(Token::Mark("!=")) => Order::NotAt,
            Some(Token::Mark(">=")) => Order::NotBefore,
            Some(Token::Mark(">")) => Order::After,
            _ => return Err(Mistake::Invalid),
        };
        let at = moment(&self.text()?).ok_or(Mistake::Invalid)?;
        Ok(Term::Time(which, order, at))
    }

    fn flag(&mut self, flag: Flag) -> Result<Term, Mistake> {
        let positive = match self.tokens.next() {
            Some(Token::Mark("=")) => true,
            Some(Token::Mark("!=")) => false,
            _ => return Err(Mistake::Invalid),
        };
        match self.tokens.next() {
            Some(Token::Word(word)) if word == "true" => Ok(Term::Flag(flag, positive)),
            Some(Token::Word(word)) if word == "false" => Ok(Term::Flag(flag, !positive)),
            _ => Err(Mistake::Invalid),
        }
    }

    fn text(&mut self) -> Result<String, Mistake> {
        match self.tokens.next() {
            Some(Token::Text(text)) => Ok(text),
            _ => Err(Mistake::Invalid),
        }
    }

    fn word(&mut self, word: &str) -> bool {
        self.tokens.next_if(|token| matches!(token, Token::Word(w) if w == word)).is_some()
    }
}

/// RFC 3339; without an offset it is UTC, without a time midnight.
fn moment(text: &str) -> Option<Timestamp> {
    if let Ok(at) = text.parse() {
        return Some(at);
    }
    let civil: DateTime = text.parse().ok()?;
    civil.to_zoned(TimeZone::UTC).ok().map(|zoned| zoned.timestamp())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// As an expression in parentheses, to compare.
    fn shape(query: &Query) -> String {
        match query {
            Query::Or(a, b) => format!("({} | {})", shape(a), shape(b)),
            Query::And(a, b) => format!("({} & {})", shape(a), shape(b)),
            Query::Not(inner) => format!("!{}", shape(inner)),
            Query::Term(Term::InParents(id)) => format!("in {id}"),
            Query::Term(Term::In(role, who)) => format!("{role:?} {who}"),
            Query::Term(Term::Name(how, text)) => format!("name {how:?} {text}"),
            Query::Term(Term::MimeType(how, text)) => format!("mime {how:?} {text}"),
            Query::Term(Term::Target(how, text)) => format!("target {how:?} {text}"),
            Query::Term(Term::Time(which, order, at)) => format!("{which:?} {order:?} {at}"),
            Query::Term(Term::Flag(flag, is)) => format!("{flag:?} {is}"),
        }
    }

    #[test]
    fn queries_are_read() {
        for (text, expected) in [
            ("'A' in parents", "in A"),
            ("'A' in parents and trashed = false", "(in A & Trashed false)"),
            ("trashed=false", "Trashed false"),
            ("trashed != false", "Trashed true"),
            ("  trashed   =\ttrue ", "Trashed true"),
            (
                "('A' in parents or 'B' in parents) and trashed=false",
                "((in A | in B) & Trashed false)",
            ),
            // From left to right, not as in most languages.
            (
                "starred=true or trashed=true and 'A' in parents",
                "((Starred true | Trashed true) & in A)",
            ),
            (
                "starred=true or (trashed=true and 'A' in parents)",
                "(Starred true | (Trashed true & in A))",
            ),
            ("not 'A' in parents and trashed=true", "(!in A & Trashed true)"),
            ("not (trashed=true or starred=true)", "!(Trashed true | Starred true)"),
            ("not not trashed=true", "!!Trashed true"),
            (r"name = 'it\'s \\ here'", r"name Is it's \ here"),
            ("name='und oder ) and ('", "name Is und oder ) and ("),
            ("name != ''", "name IsNot "),
            ("name contains 'Ü'", "name Contains Ü"),
            (
                "mimeType='application/vnd.google-apps.folder'",
                "mime Is application/vnd.google-apps.folder",
            ),
            ("mimeType contains 'image/'", "mime Contains image/"),
            ("modifiedTime > '2012-06-04T12:00:00'", "Modified After 2012-06-04T12:00:00Z"),
            (
                "modifiedTime <= '2012-06-04T12:00:00-08:00'",
                "Modified NotAfter 2012-06-04T20:00:00Z",
            ),
            ("createdTime >= '2012-06-04'", "Created NotBefore 2012-06-04T00:00:00Z"),
            (
                "viewedByMeTime < '2012-06-04T12:00:00.123Z'",
                "ViewedByMe Before 2012-06-04T12:00:00.123Z",
            ),
            ("sharedWithMe", "SharedWithMe true"),
            ("sharedWithMe and name contains 'a'", "(SharedWithMe true & name Contains a)"),
            ("sharedWithMe = false", "SharedWithMe false"),
            (
                "'a@b.example' in owners or 'a@b.example' in readers",
                "(Owners a@b.example | Readers a@b.example)",
            ),
            ("shortcutDetails.targetId = 'A'", "target Is A"),
        ] {
            let query = parse(text, 100).unwrap_or_else(|mistake| panic!("{text}: {mistake:?}"));
            assert_eq!(shape(&query), expected, "{text}");
        }
    }

    #[test]
    fn mistakes_are_refused() {
        for text in [
            "",
            "   ",
            "A in parents",
            "\"A\" in parents",
            "'A' in parent",
            "'A' parents",
            "'A' in",
            "'A",
            "'A\\",
            r"name = 'a\n'",
            "name = it's",
            "name",
            "name =",
            "name > 'a'",
            "name = true",
            "trashed",
            "trashed = 'false'",
            "trashed = no",
            "trashed == false",
            "trashed > false",
            "trashed = false trashed = false",
            "trashed = false and",
            "and trashed = false",
            "or",
            "not",
            "(trashed = false",
            "trashed = false)",
            "()",
            "modifiedTime > 'yesterday'",
            "modifiedTime > 2012",
            "modifiedTime contains '2012-06-04'",
            "title = 'a'",
            "fullText contains 'a'",
            "trashed = false AND starred = true",
            "shortcutDetails.targetId contains 'A'",
            "trashed = false; starred = true",
            "name = 'a' # b",
            "sharedWithMe = 1",
        ] {
            assert_eq!(parse(text, 100), Err(Mistake::Invalid), "{text}");
        }
    }

    #[test]
    fn too_many_terms_are_too_complex() {
        let of = |terms: usize| vec!["'A' in parents"; terms].join(" or ");
        assert!(parse(&of(50), 50).is_ok());
        assert_eq!(parse(&of(51), 50), Err(Mistake::TooComplex));
        let deep = |depth| format!("{}trashed=true{}", "(".repeat(depth), ")".repeat(depth));
        assert!(parse(&deep(40), 50).is_ok());
        assert_eq!(parse(&deep(10_000), 50), Err(Mistake::TooComplex));
        assert_eq!(parse(&"not ".repeat(10_000), 50), Err(Mistake::TooComplex));
    }

    #[test]
    fn only_a_query_that_nothing_can_escape_pins_the_folders() {
        let pinned = |text: &str| {
            let query = parse(text, 100).unwrap();
            query.pinned().map(|ids| ids.join(" "))
        };
        for (text, expected) in [
            ("'A' in parents", Some("A")),
            ("('A' in parents or 'B' in parents) and trashed=false", Some("A B")),
            ("trashed=false and ('A' in parents or 'B' in parents)", Some("A B")),
            ("'A' in parents or trashed=false", None),
            ("not 'A' in parents", None),
            ("trashed=false", None),
        ] {
            assert_eq!(pinned(text).as_deref(), expected, "{text}");
        }
        let query = parse("not 'A' in parents or 'B' in parents", 9).unwrap();
        assert_eq!(query.parents(), ["A", "B"], "named is named");
    }

    /// The text of a query, with parentheses wherever they can be.
    fn written(query: &Query) -> String {
        let quoted = |text: &str| format!("'{}'", text.replace('\\', "\\\\").replace('\'', "\\'"));
        match query {
            Query::Or(a, b) => format!("({} or {})", written(a), written(b)),
            Query::And(a, b) => format!("({} and {})", written(a), written(b)),
            Query::Not(inner) => format!("not {}", written(inner)),
            Query::Term(Term::InParents(id)) => format!("{} in parents", quoted(id)),
            Query::Term(Term::Name(Match::Is, text)) => format!("name = {}", quoted(text)),
            Query::Term(Term::Flag(Flag::Trashed, is)) => format!("trashed = {is}"),
            Query::Term(Term::Time(_, _, at)) => format!("modifiedTime > '{at}'"),
            other => panic!("{other:?} is not made below"),
        }
    }

    fn queries() -> impl Strategy<Value = Query> {
        let moment = (0..4_000_000_000_i64)
            .prop_map(|second| Timestamp::from_second(second).unwrap())
            .prop_map(|at| Term::Time(Which::Modified, Order::After, at));
        let term = prop_oneof![
            any::<String>().prop_map(Term::InParents),
            any::<String>().prop_map(|text| Term::Name(Match::Is, text)),
            "['\\\\ ()a]{0,8}".prop_map(|text| Term::Name(Match::Is, text)),
            any::<bool>().prop_map(|is| Term::Flag(Flag::Trashed, is)),
            moment,
        ];
        term.prop_map(Query::Term).prop_recursive(6, 40, 2, |inner| {
            let pair = || (inner.clone().prop_map(Box::new), inner.clone().prop_map(Box::new));
            prop_oneof![
                pair().prop_map(|(a, b)| Query::Or(a, b)),
                pair().prop_map(|(a, b)| Query::And(a, b)),
                inner.clone().prop_map(|inner| Query::Not(Box::new(inner))),
            ]
        })
    }

    proptest! {
        #[test]
        fn what_is_written_is_read_back(query in queries()) {
            prop_assert_eq!(parse(&written(&query), 1000), Ok(query));
        }

        #[test]
        fn any_text_is_a_query_or_refused(text in "[a-z'()=<>! \\\\]{0,40}|\\PC{0,40}") {
            let _ = parse(&text, 100);
        }
    }
}

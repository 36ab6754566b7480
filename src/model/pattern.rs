//! Patterns for names: `*`, `?` and `{a,b}`.

/// So many patterns without braces a pattern may stand for. Braces beyond it are taken
/// for characters: `{a,b}{a,b}…` would be more than any memory holds.
pub const MOST_ALTERNATIVES: usize = 256;

/// Whether `name` as a whole fits `pattern`: `*` is any text, `?` one character,
/// `{a,b}` one of the texts between its commas; upper and lower case are alike. Braces
/// without a comma or without their end are characters like any other.
pub fn matches(pattern: &str, name: &str) -> bool {
    let name: Vec<char> = name.to_lowercase().chars().collect();
    alternatives(pattern).iter().any(|one| plain(one, &name))
}

/// The patterns without braces that `pattern` stands for, in order; at most
/// [`MOST_ALTERNATIVES`].
pub fn alternatives(pattern: &str) -> Vec<String> {
    let (mut open, mut done) = (vec![pattern.to_owned()], Vec::new());
    while let Some(one) = open.pop() {
        match first_braces(&one) {
            Some((before, choices, after))
                if open.len() + done.len() + choices.len() <= MOST_ALTERNATIVES =>
            {
                let filled = choices.iter().rev().map(|choice| format!("{before}{choice}{after}"));
                open.extend(filled);
            }
            _ => done.push(one),
        }
    }
    done
}

/// What stands before the first braces that hold a comma, the texts between its commas,
/// and what stands after them. Braces may hold braces.
fn first_braces(pattern: &str) -> Option<(&str, Vec<&str>, &str)> {
    pattern.match_indices('{').find_map(|(start, _)| {
        let (mut depth, mut choices, mut from) = (0, Vec::new(), start + 1);
        for (at, c) in pattern[start..].char_indices().map(|(at, c)| (start + at, c)) {
            match c {
                '{' => depth += 1,
                '}' => depth -= 1,
                ',' if depth == 1 => {
                    choices.push(&pattern[from..at]);
                    from = at + 1;
                }
                _ => {}
            }
            if depth == 0 {
                choices.push(&pattern[from..at]);
                let several = choices.len() > 1;
                return several.then_some((&pattern[..start], choices, &pattern[at + 1..]));
            }
        }
        None
    })
}

/// Whether `name`, in lower case, fits a pattern without braces.
fn plain(pattern: &str, name: &[char]) -> bool {
    let pattern: Vec<char> = pattern.to_lowercase().chars().collect();
    let (mut p, mut n) = (0, 0);
    // Where to go on when the last star has to take one character more.
    let mut again = None;
    while n < name.len() {
        match pattern.get(p) {
            Some('*') => {
                again = Some((p + 1, n));
                p += 1;
            }
            Some(c) if *c == '?' || *c == name[n] => {
                p += 1;
                n += 1;
            }
            _ => {
                let Some((after, from)) = again else { return false };
                again = Some((after, from + 1));
                (p, n) = (after, from + 1);
            }
        }
    }
    pattern[p..].iter().all(|c| *c == '*')
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn patterns_fit_whole_names() {
        for (pattern, name, fits) in [
            ("*", "", true),
            ("*.bak", "a.BAK", true),
            ("*.bak", "a.bak.pdf", false),
            ("~$*", "~$plan.docx", true),
            ("a?c", "abc", true),
            ("a?c", "ac", false),
            ("*a*b*", "xxaxxbxx", true),
            ("*a*b", "xxaxxbxx", false),
            ("*ab", "aab", true),
            ("", "", true),
            ("", "a", false),
            ("?", "ü", true),
            ("*.{csv,json}", "a.CSV", true),
            ("*.{csv,json}", "a.json", true),
            ("*.{csv,json}", "a.csv,json", false),
            ("{sales,{old,new}_stock}.csv", "new_stock.csv", true),
            ("{sales,{old,new}_stock}.csv", "stock.csv", false),
            ("a{,.gz}", "a", true),
            ("a{,.gz}", "a.gz", true),
            ("{a}", "{a}", true),
            ("{a}", "a", false),
            ("{a,b", "{a,b", true),
            ("a,b}", "a,b}", true),
            ("{}{a,b}", "{}b", true),
            ("{{a,b}}", "{a}", true),
        ] {
            assert_eq!(matches(pattern, name), fits, "{pattern:?} {name:?}");
        }
    }

    #[test]
    fn braces_without_end_cost_nothing() {
        let many = "{a,b}".repeat(60);
        assert!(alternatives(&many).len() <= MOST_ALTERNATIVES);
        assert_eq!(alternatives("a{b,c}d"), ["abd", "acd"]);
    }

    proptest! {
        #[test]
        fn any_text_is_a_pattern(pattern in "[{},a*?]{0,40}", name in "[{},a]{0,10}") {
            let _ = matches(&pattern, &name);
            prop_assert!(alternatives(&pattern).len() <= MOST_ALTERNATIVES);
        }
    }
}

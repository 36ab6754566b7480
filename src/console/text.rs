//! Text that fits: shortened with an ellipsis, measured in terminal cells.

use jiff::Timestamp;
use jiff::tz::TimeZone;
use unicode_width::{UnicodeWidthChar, UnicodeWidthStr};

/// The cells that `text` takes.
pub(super) fn width(text: &str) -> usize {
    text.width()
}

/// The longest beginning of `text` that takes at most `room` cells.
fn head(text: &str, room: usize) -> &str {
    let mut used = 0;
    for (at, c) in text.char_indices() {
        used += c.width().unwrap_or(0);
        if used > room {
            return &text[..at];
        }
    }
    text
}

/// The longest end of `text` that takes at most `room` cells.
fn tail(text: &str, room: usize) -> &str {
    let mut used = 0;
    for (at, c) in text.char_indices().rev() {
        used += c.width().unwrap_or(0);
        if used > room {
            return &text[at + c.len_utf8()..];
        }
    }
    text
}

/// `text` in at most `room` cells, its end cut visibly.
pub(super) fn shorten(text: &str, room: usize, ellipsis: char) -> String {
    if width(text) <= room {
        return text.to_owned();
    }
    match room {
        0 => String::new(),
        _ => format!("{}{ellipsis}", head(text, room - 1)),
    }
}

/// `text` in at most `room` cells, its middle cut visibly: of a file name both
/// the beginning and the end tell something.
pub(super) fn shorten_middle(text: &str, room: usize, ellipsis: char) -> String {
    if width(text) <= room {
        return text.to_owned();
    }
    if room < 3 {
        return shorten(text, room, ellipsis);
    }
    let end = (room - 1) / 2;
    format!("{}{ellipsis}{}", head(text, room - 1 - end), tail(text, end))
}

/// `text` filled up with spaces to `room` cells.
pub(super) fn pad(text: String, room: usize, right: bool) -> String {
    let fill = " ".repeat(room.saturating_sub(width(&text)));
    if right { fill + &text } else { text + &fill }
}

/// `text` in lines of at most `room` cells, broken between words where possible.
pub(super) fn wrap(text: &str, room: usize) -> Vec<String> {
    let room = room.max(2);
    let mut lines = vec![String::new()];
    for word in text.split(' ') {
        let mut word = word;
        while let Some(line) = lines.last_mut() {
            let gap = usize::from(!line.is_empty());
            if width(line) + gap + width(word) <= room {
                line.push_str(if gap == 1 { " " } else { "" });
                line.push_str(word);
                break;
            }
            if line.is_empty() {
                let part = head(word, room);
                line.push_str(part);
                word = &word[part.len()..];
            }
            lines.push(String::new());
        }
    }
    lines
}

/// Bytes in three digits and a decimal unit.
pub(super) fn bytes(count: u64) -> String {
    if count < 1000 {
        return format!("{count} B");
    }
    let mut value = count as f64;
    for unit in ["B", "kB", "MB", "GB", "TB"] {
        if value < 999.5 || unit == "TB" {
            let digits = if value < 9.95 { 1 } else { 0 };
            return format!("{value:.digits$} {unit}");
        }
        value /= 1000.0;
    }
    String::new()
}

/// Minutes, hours or days: an age or a wait, no finer than a minute.
pub(super) fn span(seconds: i64) -> String {
    match seconds {
        ..60 => "<1m".to_owned(),
        60..5_400 => format!("{}m", seconds / 60),
        5_400..129_600 => format!("{}h", (seconds + 1800) / 3600),
        _ => format!("{}d", (seconds + 43_200) / 86_400),
    }
}

/// How long ago `then` was, `4m`.
pub(super) fn age(now: Timestamp, then: Timestamp) -> String {
    span(now.as_second() - then.as_second())
}

/// When `then` will be, `in 4m`, or `now` once it is due.
pub(super) fn until(now: Timestamp, then: Timestamp) -> String {
    match then.as_second() - now.as_second() {
        ..=0 => "now".to_owned(),
        seconds => format!("in {}", span(seconds)),
    }
}

/// A moment of today, `06:00`, or of another day, `Mon 06:00`, `12 May 06:00`.
pub(super) fn moment(now: Timestamp, at: Timestamp, zone: &TimeZone) -> String {
    let (today, at) = (now.to_zoned(zone.clone()), at.to_zoned(zone.clone()));
    let days = today.date().since(at.date()).map_or(i32::MAX, |span| span.get_days());
    let format = match days {
        0 => "%H:%M",
        -6..=6 => "%a %H:%M",
        _ => "%-d %b %H:%M",
    };
    at.strftime(format).to_string()
}

/// Time left, `0:42` or `1:02:03`; `--:--` while nobody knows.
pub(super) fn left(seconds: Option<u64>) -> String {
    match seconds {
        Some(s) if s < 3600 => format!("{}:{:02}", s / 60, s % 60),
        Some(s) if s < 360_000 => format!("{}:{:02}:{:02}", s / 3600, s / 60 % 60, s % 60),
        _ => "--:--".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn numbers_read_well() {
        for (count, text) in [
            (0, "0 B"),
            (999, "999 B"),
            (1000, "1.0 kB"),
            (9_949, "9.9 kB"),
            (12_345, "12 kB"),
            (999_600, "1.0 MB"),
            (20_000_000_000, "20 GB"),
            (u64::MAX, "18446744 TB"),
        ] {
            assert_eq!(bytes(count), text);
        }
        for (seconds, text) in [
            (-5, "<1m"),
            (59, "<1m"),
            (60, "1m"),
            (5_399, "89m"),
            (7_200, "2h"),
            (86_400, "24h"),
            (172_800, "2d"),
        ] {
            assert_eq!(span(seconds), text);
        }
        for (seconds, text) in [
            (None, "--:--"),
            (Some(9), "0:09"),
            (Some(3_723), "1:02:03"),
            (Some(u64::MAX), "--:--"),
        ] {
            assert_eq!(left(seconds), text);
        }
    }

    #[test]
    fn the_middle_goes_first() {
        assert_eq!(shorten_middle("prospects_2026_05_01.csv", 12, '…'), "prospe…1.csv");
        assert_eq!(shorten_middle("文件文件文件.csv", 9, '…'), "文件….csv");
        assert_eq!(shorten("abcdef", 3, '…'), "ab…");
    }

    proptest! {
        #[test]
        fn what_is_shortened_or_wrapped_fits(text in "\\PC{0,60}", room in 2usize..30) {
            prop_assert!(width(&shorten(&text, room, '…')) <= room);
            prop_assert!(width(&shorten_middle(&text, room, '…')) <= room);
            let lines = wrap(&text, room);
            prop_assert!(lines.iter().all(|l| width(l) <= room));
            let letters = |s: &str| s.chars().filter(|c| *c != ' ').collect::<String>();
            prop_assert_eq!(letters(&lines.concat()), letters(&text), "nothing is lost");
        }
    }
}

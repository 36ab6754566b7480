//! Whole numbers, exact decimals, floating-point numbers.

use std::borrow::Cow;
use std::num::IntErrorKind;

use super::{Reason, within};

/// A whole number: digits, with or without a sign.
pub(in crate::silver::read) fn whole(text: &str) -> Result<i64, Reason> {
    text.parse::<i64>().map_err(|error| {
        Cow::Borrowed(match error.kind() {
            IntErrorKind::PosOverflow => "too large",
            IntErrorKind::NegOverflow => "too small",
            _ => "not a whole number",
        })
    })
}

/// A finite floating-point number.
pub(in crate::silver::read) fn real(text: &str) -> Result<f64, Reason> {
    // What Rust reads beyond numbers: "inf", "nan", "infinity".
    let number = text.bytes().all(|b| b.is_ascii_digit() || b"+-.eE".contains(&b));
    match text.parse::<f64>() {
        Ok(real) if number && real.is_finite() => Ok(real),
        Ok(_) if number => Err(Cow::Borrowed("too large")),
        _ => Err(Cow::Borrowed("not a number")),
    }
}

/// Exact numbers with `scale` places after the point.
pub(in crate::silver::read) struct Decimal {
    pub scale: u8,
    pub min: Option<i64>,
    pub max: Option<i64>,
}

impl Decimal {
    /// `text` times 10^scale.
    pub fn units(&self, text: &str) -> Result<i64, Reason> {
        let units = units(text, self.scale)?;
        within(units, self.min, self.max, |bound| spelled(bound, self.scale))?;
        Ok(units)
    }
}

/// `text`, a number with a point or without, times 10^scale.
pub(in crate::silver::read) fn units(text: &str, scale: u8) -> Result<i64, Reason> {
    const NOT: Reason = Cow::Borrowed("not a number");
    let (negative, digits) = match text.as_bytes() {
        [b'-', rest @ ..] => (true, rest),
        [b'+', rest @ ..] => (false, rest),
        rest => (false, rest),
    };
    let mut units: i64 = 0;
    let mut places: Option<u8> = None;
    let mut any = false;
    let mut fits = true;
    let mut spare = true;
    for byte in digits {
        match byte {
            b'0'..=b'9' => {
                any = true;
                if let Some(places) = &mut places {
                    if *places == scale {
                        spare &= *byte == b'0';
                        continue;
                    }
                    *places += 1;
                }
                match push_digit(units, *byte, negative) {
                    Some(more) => units = more,
                    None => fits = false,
                }
            }
            b'.' if places.is_none() => {
                places = Some(0);
                any = false;
            }
            _ => return Err(NOT),
        }
    }
    if !any {
        return Err(NOT);
    }
    if !spare {
        return Err(Cow::Owned(match scale {
            0 => "not a whole number".to_owned(),
            1 => "has more than 1 place after the point".to_owned(),
            scale => format!("has more than {scale} places after the point"),
        }));
    }
    for _ in places.unwrap_or(0)..scale {
        match push_digit(units, b'0', negative) {
            Some(more) => units = more,
            None => fits = false,
        }
    }
    match (fits, negative) {
        (true, _) => Ok(units),
        (false, false) => Err(Cow::Borrowed("too large")),
        (false, true) => Err(Cow::Borrowed("too small")),
    }
}

fn push_digit(units: i64, digit: u8, negative: bool) -> Option<i64> {
    let digit = i64::from(digit - b'0');
    units.checked_mul(10)?.checked_add(if negative { -digit } else { digit })
}

/// `units` × 10^-scale, written out: `-0.50`.
pub(in crate::silver::read) fn spelled(units: i64, scale: u8) -> String {
    let sign = if units < 0 { "-" } else { "" };
    let scale = usize::from(scale);
    let digits = format!("{:0>width$}", units.unsigned_abs(), width = scale + 1);
    let (whole, places) = digits.split_at(digits.len() - scale);
    if places.is_empty() { format!("{sign}{whole}") } else { format!("{sign}{whole}.{places}") }
}

/// A number of JSON that has an exponent, without it; none if that is beyond all columns.
pub(in crate::silver::read) fn plain(number: &str) -> Option<String> {
    /// Zeros that an exponent may stand for: no decimal has as many digits.
    const MAX: i32 = 64;
    let (mantissa, exponent) = number.split_once(['e', 'E'])?;
    let (sign, mantissa) = match mantissa.strip_prefix('-') {
        Some(rest) => ("-", rest),
        None => ("", mantissa),
    };
    let (whole, places) = mantissa.split_once('.').unwrap_or((mantissa, ""));
    let digits = format!("{whole}{places}");
    if digits.bytes().all(|b| b == b'0') {
        return Some("0".to_owned());
    }
    let exponent: i32 = exponent.parse().ok().filter(|e: &i32| e.abs() <= MAX)?;
    let point = i32::try_from(whole.len()).ok()?.checked_add(exponent)?;
    let length = i32::try_from(digits.len()).ok()?;
    Some(if point <= 0 {
        format!("{sign}0.{}{digits}", "0".repeat(point.unsigned_abs() as usize))
    } else if point >= length {
        format!("{sign}{digits}{}", "0".repeat((point - length) as usize))
    } else {
        let (before, after) = digits.split_at(point as usize);
        format!("{sign}{before}.{after}")
    })
}

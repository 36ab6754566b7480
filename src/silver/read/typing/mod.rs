//! A cell's text → its value, or why it is none.

pub(super) mod date;
pub(super) mod number;
pub(super) mod timestamp;

use std::borrow::Cow;

use crate::model::ColumnKind;
use crate::silver::rows::Cell;

use super::row::push;
use number::Decimal;

/// Why a text is no value of a kind, in words that follow "it is".
pub(super) type Reason = Cow<'static, str>;

/// A kind, made ready.
pub(super) enum Typing {
    Text { max_length: Option<usize> },
    Integer { min: Option<i64>, max: Option<i64> },
    Decimal(Decimal),
    Real { min: Option<f64>, max: Option<f64> },
    Boolean { truths: Vec<String>, falsehoods: Vec<String> },
    Date { formats: Vec<String> },
    Timestamp(timestamp::Moments),
}

impl Typing {
    /// Fails if the definition is wrong.
    pub fn of(kind: &ColumnKind) -> Result<Self, Reason> {
        Ok(match kind {
            ColumnKind::Text { max_length } => Self::Text { max_length: *max_length },
            ColumnKind::Integer { min, max } => Self::Integer { min: *min, max: *max },
            ColumnKind::Decimal { scale, min, max } => {
                Self::Decimal(Decimal { scale: *scale, min: *min, max: *max })
            }
            ColumnKind::Real { min, max } => Self::Real { min: *min, max: *max },
            ColumnKind::Boolean { truths, falsehoods } => {
                Self::Boolean { truths: truths.clone(), falsehoods: falsehoods.clone() }
            }
            ColumnKind::Date { formats } => Self::Date { formats: formats.clone() },
            ColumnKind::Timestamp { formats, timezone } => {
                Self::Timestamp(timestamp::Moments::of(formats, timezone.as_deref())?)
            }
        })
    }

    /// The cell of `value`; what it keeps as text is appended to `text`.
    pub fn cell(&self, value: &str, text: &mut String) -> Result<Cell, Reason> {
        match self {
            Self::Text { max_length } => {
                if value.as_bytes().contains(&0) {
                    return Err(Cow::Borrowed("holds a NUL character"));
                }
                if let Some(most) = max_length
                    && value.len() > *most
                    && value.chars().count() > *most
                {
                    return Err(Cow::Owned(format!("longer than {most} characters")));
                }
                Ok(push(value, text))
            }
            Self::Integer { min, max } => {
                let whole = number::whole(value)?;
                within(whole, *min, *max, |bound| bound.to_string())?;
                Ok(Cell::Integer(whole))
            }
            Self::Decimal(decimal) => decimal.units(value).map(Cell::Integer),
            Self::Real { min, max } => {
                let real = number::real(value)?;
                within(real, *min, *max, |bound| bound.to_string())?;
                Ok(Cell::Real(real))
            }
            Self::Boolean { truths, falsehoods } => {
                let is = |word: &str, others: &[String]| {
                    value.eq_ignore_ascii_case(word)
                        || (!others.is_empty() && others.contains(&value.to_lowercase()))
                };
                if is("true", truths) {
                    Ok(Cell::Integer(1))
                } else if is("false", falsehoods) {
                    Ok(Cell::Integer(0))
                } else {
                    Err(Cow::Borrowed("neither true nor false"))
                }
            }
            Self::Date { formats } => date::cell(value, formats, text),
            Self::Timestamp(moments) => moments.cell(value, text),
        }
    }
}

/// Whether `value` lies between the bounds; `shown` writes a bound.
fn within<T: PartialOrd + Copy>(
    value: T,
    min: Option<T>,
    max: Option<T>,
    shown: impl Fn(T) -> String,
) -> Result<(), Reason> {
    match (min, max) {
        (Some(min), _) if value < min => Err(Cow::Owned(format!("below {}", shown(min)))),
        (_, Some(max)) if value > max => Err(Cow::Owned(format!("above {}", shown(max)))),
        _ => Ok(()),
    }
}

/// `formats` for a message: `%d.%m.%Y or %Y%m%d`.
fn listed(formats: &[String]) -> String {
    formats.join(" or ")
}

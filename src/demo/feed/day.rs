//! One day of the feed: its files and what is true of them.

use std::io::{self, Write as _};

use flate2::Compression;
use flate2::write::GzEncoder;
use jiff::civil::Date;
use jiff::tz::TimeZone;
use jiff::{Span, Timestamp};

use super::book::Book;
use super::catalogue::Catalogue;
use super::files::{Sales, products};
use super::options::FeedOptions;

/// A file that was made.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Made {
    /// What it holds.
    pub content: Vec<u8>,
    /// When the partner finished it.
    pub modified: Timestamp,
    /// What is true of it; its name too.
    pub book: Book,
}

/// A day to be made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Day {
    /// Its number, from 0; before the first one negative.
    pub number: i32,
    /// Whether most of its sales are dirty, so that the file is refused.
    pub ruined: bool,
}

impl Day {
    /// An ordinary one.
    pub fn number(number: i32) -> Self {
        Self { number, ruined: false }
    }

    /// Its files, the same ones whenever they are made.
    ///
    /// # Errors
    /// The day is beyond the calendar.
    pub fn make(self, options: &FeedOptions) -> io::Result<Vec<Made>> {
        let date = options
            .first_day
            .checked_add(Span::new().try_days(self.number).map_err(io::Error::other)?)
            .map_err(io::Error::other)?;
        let catalogue = Catalogue::new(options.seed);
        // Of some days something is told: which, depends on their number alone.
        let now_and_then = |every: i32, at: i32| self.number.rem_euclid(every) == at;
        let surprise = |every, at| options.surprises && now_and_then(every, at);

        let supplier = surprise(20, 12);
        let dirty_product = options.dirty_percent > 0.0 && now_and_then(6, 2);
        let (content, book) = products(&catalogue, date, self.number, supplier, dirty_product);
        let told = Made { content, modified: finished(date, 4, 55, 0)?, book };

        let percent = if self.ruined { 80.0 } else { options.dirty_percent };
        let sales =
            Sales { rows: options.rows, percent, shop: surprise(20, 13), seed: options.seed };
        let (mut content, mut book) = sales.write(&catalogue, date, self.number);
        if options.gzip && now_and_then(7, 3) {
            content = gzip(&content)?;
            book.name.push_str(".gz");
        }
        // A late one comes when ten more days have come.
        let late = if surprise(30, 5) { 10 } else { 0 };
        let sold = Made { content, modified: finished(date, 5, 0, late)?, book };

        let repeated = surprise(25, 10).then(|| {
            let name = sold.book.name.replacen(".csv", "_copy.csv", 1);
            Made { book: sold.book.repeated(&name), ..sold.clone() }
        });
        Ok([Some(told), Some(sold), repeated].into_iter().flatten().collect())
    }
}

/// When the files of a day are finished: in the night after it, or `late` days later.
fn finished(day: Date, hour: i8, minute: i8, late: i64) -> io::Result<Timestamp> {
    let at = day
        .checked_add(Span::new().days(1 + late))
        .and_then(|day| day.at(hour, minute, 0, 0).to_zoned(TimeZone::UTC));
    Ok(at.map_err(io::Error::other)?.timestamp())
}

fn gzip(bytes: &[u8]) -> io::Result<Vec<u8>> {
    let mut packed = GzEncoder::new(Vec::new(), Compression::default());
    packed.write_all(bytes)?;
    packed.finish()
}

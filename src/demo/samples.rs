//! Score reports of people who do not exist, as the real ones look: leading
//! zeros, CRLF, commas in quotes, equal names on one day, and a PDF.

use std::fmt::Write as _;

use bytes::Bytes;
use rand::rngs::StdRng;
use rand::{RngExt as _, SeedableRng as _};

use super::world::{NewExport, Status};

/// Nobody is called this.
const FIRST_NAMES: &[&str] =
    &["Testina", "Samplo", "Fictiona", "Mockbert", "Zoë-Demo", "Placeholda", "Exempla", "Dummont"];
const LAST_NAMES: &[&str] =
    &["O'Specimen", "van Probe", "Beispiel, Jr.", "Échantillon", "Nonesuch", "de Muestra"];
const CITIES: &[&str] = &["Nowhere, KS", "Springfield \"North\"", "Anytown", "São Exemplo"];

/// The file that the one PDF of [`sample_exports`] holds.
const PDF: &[u8] = b"%PDF-1.4\n%\xe2\xe3\xcf\xd3\n1 0 obj<</Type/Catalog/Pages 2 0 R>>endobj\n\
2 0 obj<</Type/Pages/Kids[3 0 R]/Count 1>>endobj\n\
3 0 obj<</Type/Page/Parent 2 0 R/MediaBox[0 0 200 60]/Contents 4 0 R>>endobj\n\
4 0 obj<</Length 32>>stream\n0 0 m 200 60 l S % nothing to see\nendstream endobj\n\
trailer<</Root 1 0 R>>\n%%EOF\n";

/// An endless, reproducible stream of score reports.
#[derive(Debug)]
pub struct Samples {
    random: StdRng,
}

impl Samples {
    /// The stream of this seed.
    pub fn new(seed: u64) -> Self {
        Self { random: StdRng::seed_from_u64(seed) }
    }

    /// A report of `rows` students.
    pub fn report(&mut self, name: impl Into<String>, rows: usize) -> NewExport {
        let mut csv = String::from(
            "\"Student ID\",\"Last Name\",\"First Name\",\"City\",\"ZIP\",\"Composite\",\"Test Date\"\r\n",
        );
        for _ in 0..rows {
            self.row(&mut csv);
        }
        NewExport {
            name: name.into(),
            product_key: "score-reporter".into(),
            content: Bytes::from(csv),
            status: Status::NotDelivered,
        }
    }

    fn row(&mut self, csv: &mut String) {
        let random = &mut self.random;
        let mut pick = |from: &[&'static str]| from[random.random_range(0..from.len())];
        let (first, last, city) = (pick(FIRST_NAMES), pick(LAST_NAMES), pick(CITIES));
        // Ids and ZIP codes begin with zeros: a spreadsheet on the way would eat them.
        let id = random.random_range(0..1_000_000);
        let zip = random.random_range(0..10_000);
        let score = random.random_range(1..=36);
        let day = random.random_range(1..=28);
        // Writing to a string cannot fail.
        let _ = write!(
            csv,
            "000{id:06},\"{last}\",\"{first}\",\"{}\",{zip:05},{score:02},05{day:02}2026\r\n",
            city.replace('"', "\"\""),
        );
    }
}

impl Iterator for Samples {
    type Item = NewExport;

    /// The next report, of a few to some ten thousand students, under a name as
    /// the vendor makes them: the time is not padded.
    fn next(&mut self) -> Option<NewExport> {
        let rows = match self.random.random_range(0..10) {
            0 => self.random.random_range(5_000..20_000),
            _ => self.random.random_range(3..400),
        };
        let (month, day) = (self.random.random_range(1..=12), self.random.random_range(1..=28));
        let (hour, second) = (self.random.random_range(6..22), self.random.random_range(0..3600));
        let name = format!(
            "ACT-Demo College - North-{month:02}{day:02}2026-{hour}{:02}{:02}.csv",
            second / 60,
            second % 60,
        );
        Some(self.report(name, rows))
    }
}

/// Eight exports with everything that makes real ones hard: two pairs of equal
/// names, spaces, an empty report, a large one, a second product, a PDF.
pub fn sample_exports() -> Vec<NewExport> {
    let mut samples = Samples::new(2026);
    let mut exports = vec![
        samples.report("ACT-Demo College - North-05012026-63005.csv", 12),
        samples.report("ACT-Demo College - North-05012026-141502.csv", 250),
        samples.report("Enrollment_20260501_001234_Fall Search.csv", 40),
        samples.report("Enrollment_20260501_001234_Fall Search.csv", 41),
        samples.report("Prospects_20260501_001234_Ünïcode Order.csv", 0),
        samples.report("Prospects_20260504_001234_Big Order.csv", 9_000),
        samples.report("AOS_20260504_001234_Summary.csv", 5),
        samples.report("AOS_20260504_001234_Summary.csv", 6),
    ];
    for aos in &mut exports[6..] {
        aos.product_key = "aos".into();
    }
    exports[7].name = "Score Report Guide 2026.pdf".into();
    exports[7].content = Bytes::from_static(PDF);
    exports
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    #[test]
    fn the_samples_are_reproducible_and_all_different() {
        let exports = sample_exports();
        assert_eq!(exports, sample_exports());
        let contents: HashSet<_> = exports.iter().map(|export| &export.content).collect();
        assert_eq!(contents.len(), exports.len(), "else the oracle could not tell them apart");
        let names: HashSet<_> = exports.iter().map(|export| &export.name).collect();
        assert!(names.len() < exports.len(), "two of one day must carry the same name");
    }

    #[test]
    fn every_row_has_what_breaks_careless_code() {
        let report = Samples::new(1).report("a.csv", 200);
        let text = std::str::from_utf8(&report.content).unwrap();
        assert!(text.lines().skip(1).all(|row| row.starts_with("000")));
        assert_eq!(text.matches("\r\n").count(), 201);
        assert!(text.contains("\"Beispiel, Jr.\"") && text.contains("\"\"North\"\""));
    }
}

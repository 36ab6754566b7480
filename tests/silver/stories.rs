//! Any story of arrivals ends as the model says, and everything agrees after each step.

use proptest::prelude::*;
use transship::model::{Column, ColumnKind, Dataset};
use transship::silver::SetBack;

use super::model::{self, File, Tables};
use super::stand::{self, Stand, column, dataset, prices, products, whole};

#[derive(Clone, Debug)]
enum Step {
    /// A file lands: which content of which dataset, under which path, of which day,
    /// changed when.
    Land {
        content: usize,
        path: usize,
        day: u32,
        changed: i64,
    },
    Ingest,
    /// Everything again.
    Again,
    /// One file again, however bad it is.
    Accept {
        file: usize,
    },
    /// A corrected copy lands.
    Correct {
        file: usize,
        content: usize,
    },
    /// The program starts again.
    Reopen,
    /// With another definition.
    Redefine,
}

#[derive(Clone, Debug)]
struct Content {
    dataset: &'static str,
    rows: Vec<Vec<String>>,
}

fn content() -> impl Strategy<Value = Content> {
    let cells = |cells: &[&'static str]| prop::sample::select(cells.to_vec());
    let rows = |first: &[&'static str], second: &[&'static str], third: &[&'static str]| {
        let row = (cells(first), cells(second), cells(third));
        prop::collection::vec(row, 0..6)
    };
    let plain = |dataset: &'static str, width: usize| {
        move |rows: Vec<(&str, &str, &str)>| {
            let row = |(a, b, c): (&str, &str, &str)| {
                [a, b, c][..width].iter().map(ToString::to_string).collect()
            };
            Content { dataset, rows: rows.into_iter().map(row).collect() }
        }
    };
    prop_oneof![
        rows(&["a", "b"], &["1", "2", "x"], &[""]).prop_map(plain("notes", 2)),
        rows(&["a", "b", "c", ""], &["1", "2", "x"], &["5", "7", "-3", ""])
            .prop_map(plain("prices", 3)),
        rows(&["P1", "P2", "P3", "P4", ""], &["lamp", "pen"], &[""]).prop_map(plain("products", 2)),
        rows(&["P1", "P2", "P3", "P4"], &["1", "2", "x"], &[""]).prop_map(plain("sales", 2)),
    ]
}

fn step() -> impl Strategy<Value = Step> {
    let which = 0..12_usize;
    prop_oneof![
        8 => (which.clone(), 0..3_usize, 0..2_u32, 0..4_i64)
            .prop_map(|(content, path, day, changed)| Step::Land { content, path, day, changed }),
        5 => Just(Step::Ingest),
        1 => Just(Step::Again),
        1 => which.clone().prop_map(|file| Step::Accept { file }),
        2 => (which.clone(), which).prop_map(|(file, content)| Step::Correct { file, content }),
        1 => Just(Step::Reopen),
        1 => Just(Step::Redefine),
    ]
}

fn datasets(other: bool) -> Vec<Dataset> {
    let required = |name: &str, kind| Column { required: true, ..column(name, kind) };
    let text = ColumnKind::Text { max_length: None };
    let mut sales = stand::sales();
    let quantity = Column { required: true, ..sales.columns[2].clone() };
    sales.columns = vec![sales.columns[0].clone(), quantity];
    sales.rollups = vec![transship::model::Rollup {
        name: "by_product".into(),
        by: vec!["product_id".into()],
        sum: vec!["quantity".into()],
    }];
    let mut products = products();
    products.columns.pop();
    let mut all = vec![
        sales,
        dataset("notes", vec![required("word", text), required("n", whole())]),
        prices(),
        products,
    ];
    for dataset in &mut all {
        dataset.columns.last_mut().unwrap().indexed ^= other;
    }
    all
}

struct Story {
    stand: Stand,
    contents: Vec<Content>,
    files: Vec<File>,
    other: bool,
}

impl Story {
    async fn take(&mut self, step: &Step) {
        match *step {
            Step::Land { content, path, day, changed } => {
                let content = self.contents[content % self.contents.len()].clone();
                let day = 20260501 + day;
                let path = format!("{path}/{}-{day}.csv", content.dataset);
                let id = self.stand.land(&path, changed, &text(&content)).await;
                let Content { dataset, rows } = content;
                let chain = vec![id];
                let accepted = self.is_accepted(dataset, &rows);
                let file = File { id, dataset, path, day, changed, chain, rows, accepted };
                self.files.push(file);
            }
            Step::Ingest => {
                self.stand.ingest().await;
                assert_eq!(self.found(), model::tables(&self.files), "{:#?}", self.files);
            }
            Step::Again => {
                self.stand.again(SetBack::All).await;
            }
            Step::Accept { file } if !self.files.is_empty() => {
                let count = self.files.len();
                let accepted = self.files[file % count].clone();
                let same = |file: &&mut File| {
                    (file.dataset, &file.rows) == (accepted.dataset, &accepted.rows)
                };
                self.files.iter_mut().filter(same).for_each(|file| file.accepted = true);
                let which = SetBack::File { id: accepted.id, accept: true };
                assert_eq!(self.stand.again(which).await, 1);
            }
            Step::Correct { file, content } if !self.files.is_empty() => {
                let original = self.files[file % self.files.len()].clone();
                let fits: Vec<&Content> =
                    self.contents.iter().filter(|c| c.dataset == original.dataset).collect();
                // A product that goes takes no sale along: that is no story of this model.
                if original.dataset == "products" {
                    return;
                }
                let content = fits[content % fits.len()].clone();
                let copy = self.stand.bronze("", "", 0, text(&content).as_bytes());
                let id = self.stand.silver.correct(original.id, copy).await.unwrap();
                let chain = [original.chain.as_slice(), &[id]].concat();
                let rows = content.rows;
                let accepted = self.is_accepted(original.dataset, &rows);
                self.files.push(File { id, chain, rows, accepted, ..original });
            }
            Step::Accept { .. } | Step::Correct { .. } => {}
            Step::Reopen => self.stand.reopen(datasets(self.other)),
            Step::Redefine => {
                self.other = !self.other;
                self.stand.reopen(datasets(self.other));
            }
        }
        self.stand.check();
    }

    /// Whether these bytes were accepted under another name.
    fn is_accepted(&self, dataset: &str, rows: &[Vec<String>]) -> bool {
        self.files.iter().any(|f| f.accepted && f.dataset == dataset && f.rows == rows)
    }

    fn found(&self) -> Tables {
        let of = |sql: &str| {
            let mut rows: Vec<String> =
                self.stand.rows(sql).iter().map(|row| row.replace("|-|", "||")).collect();
            rows.sort();
            rows
        };
        Tables {
            notes: of("SELECT word, n FROM notes"),
            prices: of("SELECT * FROM prices"),
            products: of("SELECT product_id, product_name, file, line FROM products"),
            sales: of("SELECT product_id, quantity FROM sales"),
        }
    }
}

fn text(content: &Content) -> String {
    let head = match content.dataset {
        "notes" => "word,n",
        "prices" => "article,shop,amount",
        "products" => "product_id,product_name",
        _ => "product_id,quantity",
    };
    let rows = content.rows.iter().map(|row| row.join(",") + "\n").collect::<String>();
    format!("{head}\n{rows}")
}

fn cases() -> u32 {
    std::env::var("CASES").ok().and_then(|n| n.parse().ok()).unwrap_or(48)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: cases(), ..ProptestConfig::default() })]

    #[test]
    fn every_order_of_arrival_ends_alike(
        contents in prop::collection::vec(content(), 1..12),
        steps in prop::collection::vec(step(), 1..30),
    ) {
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        runtime.block_on(async {
            let stand = Stand::new(datasets(false));
            let mut story = Story { stand, contents, files: Vec::new(), other: false };
            for step in &steps {
                story.take(step).await;
            }
            story.take(&Step::Ingest).await;
        });
    }
}

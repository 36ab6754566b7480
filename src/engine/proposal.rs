//! A definition for files that no dataset takes, inferred and written out for the
//! operator to approve. It is never used by itself.

use std::collections::HashSet;
use std::io::Write as _;
use std::path::{Path, PathBuf};

use super::context::Context;
use super::lane::Lane;
use super::{Level, archive};
use crate::ledger::create_private_folder;
use crate::model::{Failure, FailureClass, Shown};
use crate::platform;
use crate::silver::read::infer;

/// The newest files without a dataset that are looked at in one pass.
const NEWEST: usize = 1_000;

/// Definitions that are proposed in one pass.
const MOST: usize = 20;

/// A file in bronze without a dataset.
#[derive(Debug)]
struct Stray {
    name: String,
    bronze: PathBuf,
}

/// Proposes a definition for each kind of file of the endpoint that no dataset takes,
/// unless one was proposed before. An endpoint that only delivers wants none.
pub(super) async fn propose(context: &Context, lane: &Lane) -> Result<(), Failure> {
    let strays = match lane.endpoint.datasets.is_empty() {
        true if lane.endpoint.deliver_to.is_some() => return Ok(()),
        true => fetched(context, lane).await?,
        false => unmatched(context, lane).await?,
    };
    if strays.is_empty() {
        return Ok(());
    }
    let folder = context.config.data_dir.join("proposed");
    let told = archive::blocking(move || Ok(write_all(&folder, &strays))).await?;
    for words in told {
        context.notice(Level::Warning, format!("{}: {words}", lane.endpoint.name));
    }
    Ok(())
}

/// What landed and no dataset takes, the newest first.
async fn unmatched(context: &Context, lane: &Lane) -> Result<Vec<Stray>, Failure> {
    let files = context.silver()?.unmatched(&lane.endpoint.name, NEWEST).await?;
    let stray =
        |(name, bronze)| Stray { name, bronze: context.config.data_dir.join::<String>(bronze) };
    Ok(files.into_iter().map(stray).collect())
}

/// What was fetched for an endpoint that has no datasets yet, the newest first.
async fn fetched(context: &Context, lane: &Lane) -> Result<Vec<Stray>, Failure> {
    let mut numbers = context.ledger.fetched_exports(lane.number).await?;
    numbers.reverse();
    numbers.truncate(NEWEST);
    let exports = context.ledger.exports_numbered(numbers).await?;
    let stray = |export: crate::ledger::Export| {
        let bronze = context.config.data_dir.join(export.archived.as_ref()?);
        Some(Stray { name: export.name().to_owned(), bronze })
    };
    Ok(exports.into_iter().filter_map(stray).collect())
}

/// Writes what is new, and says so.
fn write_all(folder: &Path, strays: &[Stray]) -> Vec<String> {
    let mut told = Vec::new();
    let mut kinds = HashSet::new();
    for stray in strays {
        let (pattern, dataset) = infer::names_for(&stray.name);
        let path = folder.join(format!("{dataset}.yaml"));
        if told.len() == MOST || !kinds.insert(pattern) || path.exists() {
            continue;
        }
        let name = Shown::new(&stray.name);
        match write(&path, stray) {
            Ok(()) => told.push(format!(
                "no dataset takes {name}: a definition is proposed in {}; look at it, put it into \
                 the configuration, and the file goes in",
                path.display()
            )),
            // That nothing takes it was said when it landed; this would be said in each pass.
            Err(failure) => tracing::debug!(%name, %failure, "no definition can be proposed"),
        }
    }
    told
}

/// Infers and writes one; never over one that is there, which may be half edited.
fn write(path: &Path, stray: &Stray) -> Result<(), Failure> {
    let file = std::fs::File::open(&stray.bronze)
        .map_err(|e| Failure::io("reading", stray.bronze.to_string_lossy(), &e))?;
    let dataset = infer::infer(&stray.name, Box::new(file)).map_err(|f| f.about(&stray.name))?;
    let folder = path.parent().ok_or_else(|| {
        Failure::new(FailureClass::Bug, "writing a definition", path.to_string_lossy())
    })?;
    create_private_folder(folder)?;
    platform::private_file()
        .write(true)
        .create_new(true)
        .open(path)
        .and_then(|mut file| file.write_all(infer::to_yaml(&dataset).as_bytes()))
        .map_err(|e| Failure::io("writing a definition", path.to_string_lossy(), &e))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn stray(folder: &Path, name: &str, content: &str) -> Stray {
        let bronze = folder.join(name);
        std::fs::write(&bronze, content).unwrap();
        Stray { name: name.into(), bronze }
    }

    #[test]
    fn each_kind_of_file_is_proposed_once_and_never_again() {
        let folder = tempfile::tempdir().unwrap();
        let rows = "shop_id,opened,takings\n1,2026-05-01,12.50\n2,2026-05-02,7.25\n";
        let strays = [
            stray(folder.path(), "shops_2026-05-02.csv", rows),
            stray(folder.path(), "shops_2026-05-01.csv", rows),
            stray(folder.path(), "staff.json", r#"[{"id": 1, "name": "A"}]"#),
            stray(folder.path(), "empty.csv", ""),
        ];
        let proposed = folder.path().join("proposed");
        let told = write_all(&proposed, &strays);
        assert_eq!(told.len(), 2, "{told:#?}");
        let text = std::fs::read_to_string(proposed.join("shops.yaml")).unwrap();
        for part in ["shops_*.csv", "shop_id: integer!", "opened: date!", "decimal!, scale: 2"] {
            assert!(text.contains(part), "{part} in:\n{text}");
        }
        std::fs::write(proposed.join("shops.yaml"), "half edited").unwrap();
        assert_eq!(write_all(&proposed, &strays[..3]), [] as [String; 0]);
        assert_eq!(std::fs::read_to_string(proposed.join("shops.yaml")).unwrap(), "half edited");
    }
}

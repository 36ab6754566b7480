//! Reading a bronze file on a thread of its own, and checking that it is what landed.

use std::fs::File;
use std::io::{self, BufReader, Read};
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};

use super::pipeline::Filling;
use super::trouble::Trouble;
use crate::model::{Dataset, Failure, FailureClass, Sha256};
use crate::silver::read;
use crate::silver::rows::Drift;

/// Bytes that are read at a time.
const BUFFER: usize = 128 << 10;

/// What came out beside the rows.
pub(super) struct Parsed {
    pub drift: Drift,
    /// Why it could not be read to its end, although its bytes are what landed.
    pub wrong: Option<String>,
}

/// Reads `path` to its end; if nobody takes chunks any more, that is the end too.
pub(super) fn parse(
    dataset: &Dataset,
    path: &Path,
    sha256: &str,
    filling: &Filling,
) -> Result<Parsed, Trouble> {
    let shown = path.to_string_lossy();
    let bronze = |e: &io::Error| {
        let failure = Failure::io("reading from bronze", &shown, e);
        match e.kind() {
            io::ErrorKind::NotFound => Trouble::Bronze(
                Failure::new(FailureClass::NotFound, failure.doing, &shown)
                    .said("the file is gone")
                    .advice("put it back from a backup; the partner may still have it"),
            ),
            _ => Trouble::Bronze(failure),
        }
    };
    let file = File::open(path).map_err(|e| bronze(&e))?;
    let hashed =
        Hashed(Arc::new(Mutex::new(Reading { file, hash: Some(Sha256::new()), failed: None })));
    let mut parsed = Parsed { drift: Drift::default(), wrong: None };
    if let Err(failure) = rows(dataset, hashed.clone(), filling, &mut parsed.drift) {
        // Ours or the definition's fault: the file may be as good as any.
        if matches!(failure.class, FailureClass::Bug | FailureClass::Misconfigured) {
            return Err(failure.into());
        }
        parsed.wrong = Some(why(&failure));
    }
    let found = hashed.finish().map_err(|e| bronze(&e))?;
    if found != sha256 {
        return Err(Trouble::Bronze(
            Failure::new(FailureClass::Damaged, "reading from bronze", &shown)
                .said(format!("its SHA-256 is {found}, and {sha256} landed"))
                .advice("put it back from a backup; the partner may still have it"),
        ));
    }
    Ok(parsed)
}

fn rows(
    dataset: &Dataset,
    file: Hashed,
    filling: &Filling,
    drift: &mut Drift,
) -> Result<(), Failure> {
    let file = Box::new(BufReader::with_capacity(BUFFER, file));
    let mut reader = read::open(dataset, file)?;
    let mut more = true;
    let mut result = Ok(());
    while more && result.is_ok() {
        let Some(mut chunk) = filling.empty() else { break };
        match reader.read(&mut chunk) {
            Ok(read) => more = read,
            Err(failure) => result = Err(failure),
        }
        // What came before the place that cannot be read is still told.
        if !filling.full(chunk) {
            break;
        }
    }
    drift.clone_from(reader.drift());
    result
}

/// A failure as the reason of a refusal.
fn why(failure: &Failure) -> String {
    match &failure.said {
        Some(said) => said.as_str().to_owned(),
        None => format!("{} {}", failure.doing, failure.object),
    }
}

/// The file, read by a parser that knows nothing of the hash that is made of it.
#[derive(Clone)]
struct Hashed(Arc<Mutex<Reading>>);

struct Reading {
    file: File,
    /// Taken by the end.
    hash: Option<Sha256>,
    failed: Option<io::Error>,
}

impl Read for Hashed {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let mut reading = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        match reading.file.read(buffer) {
            Ok(read) => {
                if let Some(hash) = &mut reading.hash {
                    hash.update(&buffer[..read]);
                }
                Ok(read)
            }
            Err(error) => {
                let kind = error.kind();
                if kind != io::ErrorKind::Interrupted {
                    reading.failed = Some(error);
                }
                Err(kind.into())
            }
        }
    }
}

impl Hashed {
    /// The hash of all its bytes, those that nobody read included. An error that the
    /// parser met is told here, whatever the parser made of it.
    fn finish(mut self) -> io::Result<String> {
        let mut buffer = vec![0; BUFFER];
        loop {
            if let Some(error) = self.reading().failed.take() {
                return Err(error);
            }
            match self.read(&mut buffer) {
                Ok(0) => break,
                Ok(_) => {}
                Err(e) if e.kind() == io::ErrorKind::Interrupted => {}
                Err(e) => return Err(self.reading().failed.take().unwrap_or(e)),
            }
        }
        Ok(self.reading().hash.take().unwrap_or_default().hex())
    }

    fn reading(&self) -> std::sync::MutexGuard<'_, Reading> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

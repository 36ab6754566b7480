//! Making files wait again.

use super::writer::Books;
use crate::model::Failure;
use crate::silver::SetBack;

/// Those that are in, refused or unmatched. What is repeated or superseded stays so while
/// what it gave way to is there, and waits by itself if that goes.
const AGAIN: &str = "state IN ('ingested', 'refused', 'unmatched')";

/// Makes files wait again. Gives how many.
pub(super) fn set_back(books: &mut Books, which: &SetBack) -> Result<u64, Failure> {
    let set = "UPDATE landed SET state = 'landed'";
    let changed = books.write("setting files back", |transaction, _| match which {
        SetBack::All => transaction.execute(&format!("{set} WHERE {AGAIN}"), []),
        SetBack::Endpoint(name) => {
            transaction.execute(&format!("{set} WHERE endpoint = ? AND {AGAIN}"), [name])
        }
        SetBack::File { id, accept } => {
            if *accept {
                // The bytes are accepted, whatever they are called.
                transaction.execute(
                    "UPDATE landed SET accept = 1, state = iif(state = 'refused', 'landed', state)
                     WHERE (sha256, dataset) = (SELECT sha256, dataset FROM landed WHERE id = ?)",
                    [id],
                )?;
            }
            transaction.execute(&format!("{set} WHERE id = ?"), [id])
        }
    })?;
    Ok(changed as u64)
}

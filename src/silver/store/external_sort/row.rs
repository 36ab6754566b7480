//! A row as bytes: its head, its key and line, its cells.

use crate::silver::rows::{Cell, Chunk};

/// Before each row: the length of its key, and that of key and cells together.
pub(super) const HEAD: usize = 8;

/// Appends row `n` of a chunk.
pub(super) fn write(out: &mut Vec<u8>, chunk: &Chunk, n: usize, key: &[usize]) {
    let (at, row) = (out.len(), chunk.row(n));
    out.extend([0; HEAD]);
    key.iter().for_each(|column| write_key(out, chunk, row[*column]));
    // Rows of the same key stay in the order of their lines.
    out.extend(chunk.lines[n].to_be_bytes());
    let key = out.len() - at - HEAD;
    row.iter().for_each(|cell| write_cell(out, chunk, *cell));
    let all = out.len() - at - HEAD;
    // A row has a few dozen megabytes at the most.
    out[at..at + 4].copy_from_slice(&(key as u32).to_le_bytes());
    out[at + 4..at + HEAD].copy_from_slice(&(all as u32).to_le_bytes());
}

/// Appends a row to a chunk; none if it is not as it was written.
pub(super) fn read(row: &[u8], chunk: &mut Chunk) -> Option<()> {
    let (line, mut rest) = (key_of(row).last_chunk()?, &row[HEAD + key_of(row).len()..]);
    for _ in 0..chunk.width {
        let (kind, after) = rest.split_first()?;
        let cell = match kind {
            0 => {
                rest = after;
                Cell::Null
            }
            1 | 2 => {
                let (bytes, after) = after.split_first_chunk()?;
                rest = after;
                match kind {
                    1 => Cell::Integer(i64::from_le_bytes(*bytes)),
                    _ => Cell::Real(f64::from_le_bytes(*bytes)),
                }
            }
            _ => {
                let (length, after) = after.split_first_chunk()?;
                let (text, after) = after.split_at_checked(u32::from_le_bytes(*length) as usize)?;
                rest = after;
                let start = chunk.text.len() as u32;
                chunk.text.push_str(std::str::from_utf8(text).ok()?);
                Cell::Text { start, end: chunk.text.len() as u32 }
            }
        };
        chunk.cells.push(cell);
    }
    chunk.lines.push(u64::from_be_bytes(*line));
    Some(())
}

/// A key so that bytes sort as SQLite's values do.
fn write_key(out: &mut Vec<u8>, chunk: &Chunk, cell: Cell) {
    const SIGN: u64 = 1 << 63;
    match cell {
        Cell::Null => {}
        Cell::Integer(n) => out.extend((n as u64 ^ SIGN).to_be_bytes()),
        Cell::Real(n) => {
            // Negative ones the other way round; -0.0 and 0.0 are the same key.
            let bits = (n + 0.0).to_bits();
            let bits = if bits & SIGN == 0 { bits | SIGN } else { !bits };
            out.extend(bits.to_be_bytes());
        }
        // It holds no NUL, which ends it.
        Cell::Text { .. } => {
            out.extend(chunk.text_of(cell).as_bytes());
            out.push(0);
        }
    }
}

fn write_cell(out: &mut Vec<u8>, chunk: &Chunk, cell: Cell) {
    match cell {
        Cell::Null => out.push(0),
        Cell::Integer(n) => {
            out.push(1);
            out.extend(n.to_le_bytes());
        }
        Cell::Real(n) => {
            out.push(2);
            out.extend(n.to_le_bytes());
        }
        Cell::Text { start, end } => {
            out.push(3);
            out.extend((end - start).to_le_bytes());
            out.extend(chunk.text_of(cell).as_bytes());
        }
    }
}

/// The length of a row behind its head.
pub(super) fn length(row: &[u8]) -> usize {
    u32::from_le_bytes([row[4], row[5], row[6], row[7]]) as usize
}

/// The key and the line of a row.
pub(super) fn key_of(row: &[u8]) -> &[u8] {
    &row[HEAD..HEAD + u32::from_le_bytes([row[0], row[1], row[2], row[3]]) as usize]
}

pub(super) fn prefix(key: &[u8]) -> u64 {
    // A key is as long as its line's number at the least.
    key.first_chunk().map_or(0, |bytes| u64::from_be_bytes(*bytes))
}

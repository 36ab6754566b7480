//! A file's bytes, unpacked and as UTF-8.
//!
//! Nothing is replaced: bytes that mean nothing in the file's encoding come out as bytes
//! that mean nothing in UTF-8, so that whoever looks at the record finds it malformed.

use std::io::{Cursor, Read};

use encoding_rs::{Decoder, DecoderResult, Encoding, UTF_8, UTF_16BE, UTF_16LE};
use flate2::read::MultiGzDecoder;

use crate::model::Failure;

use super::wrong;

/// A byte that stands nowhere in UTF-8.
const MALFORMED: u8 = 0xFF;

/// Bytes that are decoded at a time.
const STEP: usize = 64 * 1024;

pub(super) type Bytes = Box<dyn Read + Send>;

/// A stream of UTF-8, but for what was malformed.
pub(super) struct Input {
    bytes: Bytes,
    gzip: bool,
    encoding: &'static Encoding,
    /// None for UTF-8, which needs none.
    decoding: Option<Decoding>,
}

/// Bytes on their way through a decoder.
struct Decoding {
    decoder: Decoder,
    raw: Vec<u8>,
    /// What of `raw` waits.
    waiting: std::ops::Range<usize>,
    /// The file has ended, and then the decoder.
    ended: bool,
    finished: bool,
}

impl Input {
    /// Looks at the first bytes: gzip is unpacked, and a byte order mark, which is taken
    /// off, says more about the encoding than `label`.
    pub fn open(file: Bytes, label: &str) -> Result<Self, Failure> {
        let Some(named) = Encoding::for_label_no_replacement(label.as_bytes()) else {
            return Err(wrong::definition(format!("there is no encoding \"{label}\"")));
        };
        let (bytes, gzip) = unpacked(file)?;
        let (first, bytes) = begin(bytes, gzip)?;
        let (encoding, mark) = match first.as_slice() {
            [0xef, 0xbb, 0xbf] => (UTF_8, 3),
            [0xff, 0xfe, ..] => (UTF_16LE, 2),
            [0xfe, 0xff, ..] => (UTF_16BE, 2),
            _ => (named, 0),
        };
        let bytes: Bytes = Box::new(Cursor::new(first[mark..].to_vec()).chain(bytes));
        let decoding = (encoding != UTF_8).then(|| Decoding {
            decoder: encoding.new_decoder_without_bom_handling(),
            raw: vec![0; STEP],
            waiting: 0..0,
            ended: false,
            finished: false,
        });
        Ok(Self { bytes, gzip, encoding, decoding })
    }

    /// The encoding's name for a message: `utf-8`.
    pub fn encoding(&self) -> String {
        self.encoding.name().to_lowercase()
    }

    /// Fills the front of `out` (16 bytes or more) and says how far; 0 at the end.
    pub fn read(&mut self, out: &mut [u8]) -> Result<usize, Failure> {
        let Self { bytes, gzip, decoding, .. } = self;
        let Some(decoding) = decoding else { return pull(bytes, out, *gzip) };
        while !decoding.finished {
            if decoding.waiting.is_empty() && !decoding.ended {
                let count = pull(bytes, &mut decoding.raw, *gzip)?;
                decoding.waiting = 0..count;
                decoding.ended = count == 0;
            }
            let written = decoding.step(out);
            if written > 0 {
                return Ok(written);
            }
        }
        Ok(0)
    }
}

impl Decoding {
    /// Decodes some of what waits.
    fn step(&mut self, out: &mut [u8]) -> usize {
        // One byte is kept for the mark of what is malformed.
        let room = out.len() - 1;
        let source = &self.raw[self.waiting.clone()];
        let (result, read, written) =
            self.decoder.decode_to_utf8_without_replacement(source, &mut out[..room], self.ended);
        self.waiting.start += read;
        match result {
            DecoderResult::Malformed(..) => {
                out[written] = MALFORMED;
                written + 1
            }
            DecoderResult::InputEmpty => {
                self.finished = self.ended;
                written
            }
            DecoderResult::OutputFull => written,
        }
    }
}

/// The file's bytes, unpacked if they are gzip, and whether they are.
pub(super) fn unpacked(file: Bytes) -> Result<(Bytes, bool), Failure> {
    let (first, file) = begin(file, false)?;
    let gzip = first.starts_with(&[0x1f, 0x8b]);
    let whole = Cursor::new(first).chain(file);
    let bytes: Bytes = if gzip { Box::new(MultiGzDecoder::new(whole)) } else { Box::new(whole) };
    Ok((bytes, gzip))
}

/// The first three bytes, fewer only if there are no more, and the rest.
fn begin(mut bytes: Bytes, gzip: bool) -> Result<(Vec<u8>, Bytes), Failure> {
    let mut first = [0; 3];
    let mut count = 0;
    while count < first.len() {
        match pull(&mut bytes, &mut first[count..], gzip)? {
            0 => break,
            more => count += more,
        }
    }
    Ok((first[..count].to_vec(), bytes))
}

fn pull(bytes: &mut Bytes, out: &mut [u8], gzip: bool) -> Result<usize, Failure> {
    loop {
        match bytes.read(out) {
            Err(e) if e.kind() == std::io::ErrorKind::Interrupted => {}
            read => return read.map_err(|e| wrong::io(&e, gzip)),
        }
    }
}

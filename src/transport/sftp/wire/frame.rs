//! Where one packet ends and the next begins: a length of four bytes before each.

use bytes::{Buf, BufMut, Bytes, BytesMut};

use super::WireError;

/// The longest packet accepted, without its length field. OpenSSH allows 256 KiB;
/// a little more forgives peers that count the data alone.
pub const MAX_PACKET: usize = 256 * 1024 + 1024;

/// Takes the next complete packet off `stream`, without its length field;
/// `None` while some of it is still missing.
pub fn take_packet(stream: &mut BytesMut) -> Result<Option<Bytes>, WireError> {
    let Some(head) = stream.first_chunk::<4>() else { return Ok(None) };
    let announced = u32::from_be_bytes(*head);
    let length = announced as usize;
    if length == 0 || length > MAX_PACKET {
        return Err(WireError::Length(announced));
    }
    if stream.len() < 4 + length {
        // Room for the rest at once, not in doubling steps.
        stream.reserve(4 + length - stream.len());
        return Ok(None);
    }
    stream.advance(4);
    Ok(Some(stream.split_to(length).freeze()))
}

/// Appends a packet whose content `body` writes, filling in its length after.
pub(super) fn put_packet(out: &mut BytesMut, body: impl FnOnce(&mut BytesMut)) {
    let start = out.len();
    out.put_u32(0);
    body(out);
    let length = (out.len() - start - 4) as u32;
    out[start..start + 4].copy_from_slice(&length.to_be_bytes());
}

/// Appends a string: its length, then its bytes.
pub(super) fn put_string(out: &mut BytesMut, text: &[u8]) {
    out.put_u32(text.len() as u32);
    out.put_slice(text);
}

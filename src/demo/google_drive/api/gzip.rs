//! Bodies in the format of gzip (RFC 1952), in stored blocks (RFC 1951, 3.2.4):
//! nothing gets smaller, but a client has to unpack it all the same.

/// Most bytes in a stored block.
const BLOCK: usize = 0xffff;

/// `bytes` as a gzip file.
pub(super) fn gzip(bytes: &[u8]) -> Vec<u8> {
    // Magic, deflate, no flags, no time, no extra flags, system unknown.
    let mut packed = vec![0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 0xff];
    let mut blocks = bytes.chunks(BLOCK).peekable();
    if blocks.peek().is_none() {
        packed.extend([1, 0, 0, 0xff, 0xff]);
    }
    while let Some(block) = blocks.next() {
        let length = block.len() as u16;
        packed.push(u8::from(blocks.peek().is_none()));
        packed.extend(length.to_le_bytes());
        packed.extend((!length).to_le_bytes());
        packed.extend(block);
    }
    packed.extend(crc32(bytes).to_le_bytes());
    packed.extend((bytes.len() as u32).to_le_bytes());
    packed
}

fn crc32(bytes: &[u8]) -> u32 {
    const TABLE: [u32; 256] = {
        let mut table = [0; 256];
        let mut byte = 0;
        while byte < 256 {
            let mut rest = byte as u32;
            let mut bit = 0;
            while bit < 8 {
                rest = if rest & 1 == 1 { 0xedb8_8320 ^ (rest >> 1) } else { rest >> 1 };
                bit += 1;
            }
            table[byte] = rest;
            byte += 1;
        }
        table
    };
    !bytes.iter().fold(u32::MAX, |rest, byte| {
        TABLE[((rest ^ u32::from(*byte)) & 0xff) as usize] ^ (rest >> 8)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_checksum_is_the_standard_one() {
        assert_eq!(crc32(b"123456789"), 0xcbf4_3926, "the check value of CRC-32/ISO-HDLC");
    }

    #[test]
    fn blocks_hold_everything_and_the_last_is_marked() {
        for length in [0, 1, BLOCK, BLOCK + 1, 3 * BLOCK] {
            let bytes = vec![7; length];
            let packed = gzip(&bytes);
            let blocks = length.div_ceil(BLOCK).max(1);
            assert_eq!(packed.len(), 10 + 5 * blocks + length + 8);
            let last = 10 + (blocks - 1) * (BLOCK + 5);
            assert_eq!(packed[last], 1);
            assert!(blocks == 1 || packed[10] == 0);
        }
    }
}

use bytes::{BufMut, Bytes, BytesMut};
use proptest::collection::vec;
use proptest::prelude::*;

use super::extension::{Limits, StatVfs, read_one_string, read_two_paths};
use super::*;

fn text() -> impl Strategy<Value = Bytes> {
    vec(any::<u8>(), 0..40).prop_map(Bytes::from)
}

fn attrs() -> impl Strategy<Value = Attrs> {
    (
        any::<Option<u64>>(),
        any::<Option<(u32, u32)>>(),
        any::<Option<u32>>(),
        any::<Option<(u32, u32)>>(),
    )
        .prop_map(|(size, owner, permissions, times)| Attrs {
            size,
            owner,
            permissions,
            times,
        })
}

fn request() -> impl Strategy<Value = Request> {
    use Request as R;
    prop_oneof![
        (text(), any::<u32>(), attrs()).prop_map(|(path, flags, attrs)| R::Open {
            path,
            flags: OpenFlags(flags),
            attrs
        }),
        text().prop_map(|handle| R::Close { handle }),
        (text(), any::<u64>(), any::<u32>()).prop_map(|(handle, offset, length)| R::Read {
            handle,
            offset,
            length
        }),
        (text(), any::<u64>(), text()).prop_map(|(handle, offset, data)| R::Write {
            handle,
            offset,
            data
        }),
        text().prop_map(|path| R::Lstat { path }),
        text().prop_map(|handle| R::Fstat { handle }),
        (text(), attrs()).prop_map(|(path, attrs)| R::Setstat { path, attrs }),
        (text(), attrs()).prop_map(|(handle, attrs)| R::Fsetstat { handle, attrs }),
        text().prop_map(|path| R::Opendir { path }),
        text().prop_map(|handle| R::Readdir { handle }),
        text().prop_map(|path| R::Remove { path }),
        (text(), attrs()).prop_map(|(path, attrs)| R::Mkdir { path, attrs }),
        text().prop_map(|path| R::Rmdir { path }),
        text().prop_map(|path| R::Realpath { path }),
        text().prop_map(|path| R::Stat { path }),
        (text(), text()).prop_map(|(from, to)| R::Rename { from, to }),
        (text(), text()).prop_map(|(name, data)| R::Extended { name, data }),
    ]
}

fn reply() -> impl Strategy<Value = Reply> {
    use Reply as R;
    let entry = (text(), text(), attrs()).prop_map(|(name, long_name, attrs)| NameEntry {
        name,
        long_name,
        attrs,
    });
    prop_oneof![
        (any::<u32>(), text())
            .prop_map(|(code, message)| R::Status(Status { code: StatusCode(code), message })),
        text().prop_map(R::Handle),
        text().prop_map(R::Data),
        vec(entry, 0..4).prop_map(R::Name),
        attrs().prop_map(R::Attrs),
        text().prop_map(R::Extended),
    ]
}

/// One packet off a stream that holds exactly one.
fn only_packet(mut stream: BytesMut) -> Bytes {
    let packet = take_packet(&mut stream).unwrap().expect("a whole packet");
    assert!(stream.is_empty());
    packet
}

proptest! {
    #[test]
    fn requests_arrive_as_they_were_sent(id: u32, request in request()) {
        let mut stream = BytesMut::new();
        request.encode(id, &mut stream);
        prop_assert_eq!(Request::decode(only_packet(stream)).unwrap(), (id, request));
    }

    #[test]
    fn replies_arrive_as_they_were_sent(id: u32, reply in reply()) {
        let mut stream = BytesMut::new();
        reply.encode(id, &mut stream);
        prop_assert_eq!(Reply::decode(only_packet(stream)).unwrap(), (id, reply));
    }

    #[test]
    fn packets_are_found_however_the_stream_is_cut(
        requests in vec(request(), 1..6), cuts in vec(1usize..50, 1..200),
    ) {
        let mut sent = BytesMut::new();
        for (id, request) in requests.iter().enumerate() {
            request.encode(id as u32, &mut sent);
        }
        let (mut stream, mut arrived) = (BytesMut::new(), Vec::new());
        for cut in cuts.into_iter().chain(std::iter::repeat(7)) {
            if sent.is_empty() {
                break;
            }
            stream.put(sent.split_to(cut.min(sent.len())));
            while let Some(packet) = take_packet(&mut stream).unwrap() {
                arrived.push(Request::decode(packet).unwrap().1);
            }
        }
        prop_assert_eq!(arrived, requests);
    }

    #[test]
    fn garbage_is_an_error_and_nothing_worse(garbage in vec(any::<u8>(), 0..300)) {
        let garbage = Bytes::from(garbage);
        let _ = Request::decode(garbage.clone());
        let _ = Reply::decode(garbage.clone());
        let _ = Limits::decode(garbage.clone());
        let _ = StatVfs::decode(garbage.clone());
        let _ = read_one_string(garbage.clone());
        let _ = read_two_paths(garbage.clone());
        let mut stream = BytesMut::from(&garbage[..]);
        while let Ok(Some(_)) = take_packet(&mut stream) {}
    }

    #[test]
    fn no_part_of_a_request_is_a_request(request in request(), cut: prop::sample::Index) {
        // An extension's data has no end of its own, so it cannot be cut short.
        prop_assume!(!matches!(request, Request::Extended { .. }));
        let mut stream = BytesMut::new();
        request.encode(1, &mut stream);
        let packet = only_packet(stream);
        let cut = cut.index(packet.len());
        let part = Request::decode(packet.slice(..cut));
        prop_assert!(matches!(part, Err(WireError::Truncated(_))), "{part:?}");
    }
}

#[test]
fn the_greeting_carries_the_version_in_place_of_the_id() {
    let mut stream = BytesMut::new();
    Request::Init { version: VERSION }.encode(77, &mut stream);
    assert_eq!(&stream[..], [0, 0, 0, 5, 1, 0, 0, 0, 3]);
    assert_eq!(Request::decode(only_packet(stream)), Ok((0, Request::Init { version: 3 })));

    let version = Reply::Version {
        version: 3,
        extensions: vec![(extension::POSIX_RENAME.into(), Bytes::from_static(b"1"))],
    };
    let mut stream = BytesMut::new();
    version.encode(77, &mut stream);
    assert_eq!(Reply::decode(only_packet(stream)), Ok((0, version)));
}

#[test]
fn a_write_read_straight_into_its_packet_is_the_same_write() {
    let (mut whole, mut parts) = (BytesMut::new(), BytesMut::new());
    let handle = Bytes::from_static(b"h");
    let data = Bytes::from_static(b"content");
    write_head(&mut parts, 9, &handle, 5, data.len() as u32);
    parts.put_slice(&data);
    Request::Write { handle, offset: 5, data }.encode(9, &mut whole);
    assert_eq!(whole, parts);
    assert!(Request::decode(only_packet(parts)).is_ok());
}

#[test]
fn hostile_packets_are_refused() {
    let mut too_long = BytesMut::from(&(MAX_PACKET as u32 + 1).to_be_bytes()[..]);
    assert_eq!(take_packet(&mut too_long), Err(WireError::Length(MAX_PACKET as u32 + 1)));
    let mut empty = BytesMut::from(&[0u8; 4][..]);
    assert_eq!(take_packet(&mut empty), Err(WireError::Length(0)));

    // Four thousand million names, of which none is there.
    let many = Bytes::from_static(&[104, 0, 0, 0, 1, 0xff, 0xff, 0xff, 0xff]);
    assert_eq!(Reply::decode(many), Err(WireError::Truncated("a name")));

    let trailing = Bytes::from_static(&[4, 0, 0, 0, 1, 0, 0, 0, 1, b'h', b'!']);
    assert_eq!(Request::decode(trailing), Err(WireError::Trailing(1)));
    assert_eq!(Request::decode(Bytes::from_static(&[99, 0, 0, 0, 1])), Err(WireError::Type(99)));
}

#[test]
fn a_status_without_words_and_attributes_with_extras_are_understood() {
    let status = Bytes::from_static(&[101, 0, 0, 0, 7, 0, 0, 0, 2]);
    let expected = Status { code: StatusCode::NO_SUCH_FILE, message: Bytes::new() };
    assert_eq!(Reply::decode(status), Ok((7, Reply::Status(expected))));

    let mut extended = BytesMut::new();
    extended.put_slice(&[105, 0, 0, 0, 7]);
    extended.put_u32(0x8000_0001);
    extended.put_u64(42);
    extended.put_u32(1);
    extended.put_slice(&[0, 0, 0, 1, b'k', 0, 0, 0, 1, b'v']);
    let attrs = Attrs { size: Some(42), ..Attrs::default() };
    assert_eq!(Reply::decode(extended.freeze()), Ok((7, Reply::Attrs(attrs))));
}

#[test]
fn extensions_speak_both_ways() {
    let limits = Limits { packet: 1, read: 2, write: 3, handles: 4 };
    assert_eq!(Limits::decode(limits.encode()), Ok(limits));
    let space = StatVfs { fragment_size: 4096, blocks: 10, blocks_free: 5, blocks_available: 3 };
    assert_eq!(StatVfs::decode(space.encode()), Ok(space));
    assert_eq!(space.available_bytes(), 12_288);
    let (a, b) = (Bytes::from_static(b"/a b"), Bytes::from_static(b""));
    assert_eq!(read_two_paths(extension::two_paths(&a, &b)), Ok((a.clone(), b)));
    assert_eq!(read_one_string(extension::one_string(&a)), Ok(a));
}

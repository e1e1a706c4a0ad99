use httparse::Status;
use proptest::prelude::*;

use super::*;
use crate::kept::EXCERPT;

fn kept() -> Kept {
    let mut kept = Kept::new();
    kept.wants.body = EXCERPT;
    kept
}

/// Status, reuse and body; `None` if the connection ended too early.
type End = Result<Option<(u16, bool, Vec<u8>)>, Malformed>;

/// Reads a response that arrives in pieces, as a connection does. It must not matter whether its head is remembered.
fn read(pieces: &[&[u8]], head_request: bool) -> End {
    let mut memory = HeadMemory::default();
    let end = read_remembering(pieces, head_request, &mut memory);
    assert_eq!(read_remembering(pieces, head_request, &mut memory), end);
    end
}

fn read_remembering(pieces: &[&[u8]], head_request: bool, memory: &mut HeadMemory) -> End {
    let mut reader = ResponseReader::new();
    let mut kept = kept();
    reader.start(head_request, &mut kept);
    let mut buffer = Vec::new();
    for piece in pieces {
        buffer.extend_from_slice(piece);
        match reader.advance(&buffer, &mut kept, memory)? {
            Progress::MoreHead => {}
            Progress::MoreBody => buffer.clear(),
            Progress::Done => {
                return Ok(Some((
                    reader.status(),
                    reader.keep_alive(),
                    kept.body.as_bytes().to_vec(),
                )));
            }
        }
    }
    let complete = reader.ends_with_close();
    Ok(complete.then(|| (reader.status(), reader.keep_alive(), kept.body.as_bytes().to_vec())))
}

#[test]
fn bodies_end_where_their_framing_says() {
    let done = |status, keep_alive, body: &str| Ok(Some((status, keep_alive, body.as_bytes().to_vec())));
    let whole = |text: &str| read(&[text.as_bytes()], false);
    assert_eq!(
        whole("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello"),
        done(200, true, "hello")
    );
    assert_eq!(
        whole("HTTP/1.1 200 OK\r\nContent-Length: 5\r\nConnection: close\r\n\r\nhello"),
        done(200, false, "hello")
    );
    assert_eq!(
        whole("HTTP/1.0 200 OK\r\nContent-Length: 2\r\n\r\nok"),
        done(200, false, "ok")
    );
    assert_eq!(
        whole("HTTP/1.0 200 OK\r\nContent-Length: 2\r\nConnection: Keep-Alive\r\n\r\nok"),
        done(200, true, "ok")
    );
    assert_eq!(whole("HTTP/1.1 200 OK\r\n\r\nall of it"), done(200, false, "all of it"));
    assert_eq!(whole("HTTP/1.1 204 No Content\r\n\r\n"), done(204, true, ""));
    assert_eq!(
        whole("HTTP/1.1 304 Not Modified\r\nContent-Length: 9\r\n\r\n"),
        done(304, true, "")
    );
    assert_eq!(
        whole("HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 201 Created\r\nContent-Length: 0\r\n\r\n"),
        done(201, true, "")
    );
    assert_eq!(
        whole(
            "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nContent-Length: 1\r\n\r\n3;a=b\r\nabc\r\n0\r\nT: x\r\n\r\n"
        ),
        done(200, true, "abc")
    );
    assert_eq!(
        read(&[b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n"], true),
        done(200, true, "")
    );
    assert_eq!(
        whole("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nokmore"),
        done(200, false, "ok")
    );
    assert_eq!(whole("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhel"), Ok(None));
}

#[test]
fn malformed_responses_are_refused() {
    let fails = |text: &str| assert!(read(&[text.as_bytes()], false).is_err(), "{text}");
    fails("SSH-2.0-OpenSSH_9.2\r\n");
    fails("HTTP/2.0 200 OK\r\n\r\n");
    fails("HTTP/1.1 200 OK\r\nContent-Length: -5\r\n\r\n");
    fails("HTTP/1.1 200 OK\r\nContent-Length: 99999999999999999999\r\n\r\n");
    fails("HTTP/1.1 200 OK\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\n");
    fails("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nxyz\r\n");
    fails("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nabc\r\n");
    fails("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n11111111111111111\r\n");
    let endless = format!(
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1;{}",
        "x".repeat(20_000)
    );
    fails(&endless);
}

#[test]
fn the_target_of_a_redirect_is_kept() {
    let mut reader = ResponseReader::new();
    let mut kept = kept();
    let text = b"HTTP/1.1 301 Moved\r\nLocation: https://host/a\r\nContent-Length: 0\r\n\r\n";
    let mut memory = HeadMemory::default();
    for _ in 0..2 {
        reader.start(false, &mut kept);
        assert_eq!(reader.advance(text, &mut kept, &mut memory), Ok(Progress::Done));
        assert_eq!(kept.location.as_bytes(), b"https://host/a");
    }
}

#[test]
fn every_byte_may_come_alone() {
    let text =
        b"HTTP/1.1 103 Early Hints\r\nLink: a\r\n\r\nHTTP/1.1 200 OK\r\ntransfer-encoding: gzip, chunked\r\n\r\n\
        A\r\n0123456789\r\n1\r\nx\r\n0\r\na: b\r\nc: d\r\n\r\n";
    let pieces: Vec<&[u8]> = text.chunks(1).collect();
    assert_eq!(read(&pieces, false), Ok(Some((200, true, b"0123456789x".to_vec()))));
}

const VALID: [&str; 7] = [
    "HTTP/1.1 200 OK\r\nServer: x\r\nContent-Length: 12\r\n\r\nhello, world",
    "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5;a=b\r\nhello\r\n00c\r\nhello, world\r\n0\r\nT: x\r\n\r\n",
    "HTTP/1.0 404 Not Found\r\nConnection: keep-alive\r\nContent-Length: 2\r\n\r\nno",
    "HTTP/1.1 103 Early Hints\r\nLink: a\r\n\r\nHTTP/1.1 204 No Content\r\n\r\n",
    "HTTP/1.1 301 Moved\r\nLocation: https://host/a\r\nContent-Length: 0\r\n\r\n",
    "HTTP/1.1 500 Oh\r\n\r\nuntil the end",
    "HTTP/1.1 304 Not Modified\nContent-Length: 9\n\n",
];

proptest! {
    #[test]
    fn splits_change_nothing(bodies in proptest::collection::vec(proptest::collection::vec(any::<u8>(), 1..40), 0..5),
                             cuts in proptest::collection::vec(1_usize..200, 0..12)) {
        let mut text = b"HTTP/1.1 200 OK\r\nServer: x\r\nTransfer-Encoding: chunked\r\n\r\n".to_vec();
        for body in &bodies {
            text.extend_from_slice(format!("{:x}\r\n", body.len()).as_bytes());
            text.extend_from_slice(body);
            text.extend_from_slice(b"\r\n");
        }
        text.extend_from_slice(b"0\r\n\r\n");
        let mut pieces = Vec::new();
        let mut rest: &[u8] = &text;
        for cut in cuts {
            let (piece, after) = rest.split_at(cut.min(rest.len()));
            pieces.push(piece);
            rest = after;
        }
        pieces.push(rest);
        prop_assert_eq!(read(&pieces, false), Ok(Some((200, true, bodies.concat()))));
    }

    /// Valid answers with a few bytes changed, removed or repeated: no panic, and the same end however they arrive.
    #[test]
    fn damage_is_noticed_at_the_same_place_however_it_arrives(
        number in 0..VALID.len(),
        changes in proptest::collection::vec((any::<prop::sample::Index>(), 0..4_u8, any::<u8>()), 0..4),
        size in 1_usize..40,
        head_request in any::<bool>(),
    ) {
        let mut text = VALID[number].as_bytes().to_vec();
        for (index, kind, byte) in changes {
            let at = index.index(text.len());
            match kind {
                0 => text[at] = byte,
                1 => text.truncate(at.max(1)),
                2 => text.insert(at, byte),
                _ => text.extend_from_within(at..),
            }
        }
        let split: Vec<&[u8]> = text.chunks(size).collect();
        // Whether the connection can be reused is left out: bytes that follow are seen only if they come along.
        let end = |pieces: &[&[u8]]| {
            read(pieces, head_request).map(|end| end.map(|(status, _, body)| (status, body))).map_err(drop)
        };
        prop_assert_eq!(end(&split), end(&[&text]));
    }

    /// httparse reads sizes of chunks by itself, so it can judge ours.
    #[test]
    fn sizes_of_chunks_are_those_of_httparse(line in "[0-9a-fA-F]{1,4}[ \t]{0,2}(;[a-z=]{0,6})?") {
        let line = format!("{line}\r\n");
        let theirs = match httparse::parse_chunk_size(line.as_bytes()) {
            Ok(Status::Complete((_, size))) => Some(size),
            _ => None,
        };
        let data = "x".repeat(theirs.unwrap_or_default().min(0xffff) as usize);
        let end = if theirs == Some(0) { "" } else { "\r\n0\r\n" };
        let text = format!("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n{line}{data}{end}\r\n");
        let ours = read(&[text.as_bytes()], false);
        match theirs {
            Some(_) => prop_assert!(matches!(ours, Ok(Some((200, true, _)))), "{line:?}: {ours:?}"),
            None => prop_assert!(!matches!(ours, Ok(Some(_))), "{line:?}: {ours:?}"),
        }
    }

    #[test]
    fn no_bytes_make_it_panic(text in proptest::collection::vec(any::<u8>(), 0..300)) {
        let _ = read(&[&text], false);
        let mut framed = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n".to_vec();
        framed.extend_from_slice(&text);
        let _ = read(&[&framed], false);
    }
}

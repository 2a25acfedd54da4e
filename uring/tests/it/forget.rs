//! Forgotten handles, with operations in flight: they leak themselves, and nothing else suffers.

use std::{
    io::{Read, Write},
    mem,
};

use tidemill_uring::{io::Flow, net::TcpStream, runtime::Runtime};

use crate::stage::{Play, bytes, forget, forgetful, give_up, listener, pair, turn};

// io 32
#[test]
fn forgotten_handles_leak_only_themselves() {
    forgetful("forget::forgotten_handles_leak_only_themselves", || {
        let runtime = Runtime::new().expect("a runtime");
        let peers = runtime.play(async {
            let mut peers = Vec::new();
            for polls in 0..4 {
                let (ours, mut theirs) = pair().await;
                theirs.write_all(&bytes(1, 50_000)).expect("written");
                let (mut reader, mut writer) = ours.split();
                drop(forget(polls, reader.fill()).await);
                writer.write(&bytes(2, 4 << 20)).await.expect("queued");
                drop(forget(polls, writer.flushed()).await);
                mem::forget(reader);
                mem::forget(writer);
                peers.push(theirs);

                let (mut ours, theirs) = pair().await;
                let (reader, writer) = ours.both();
                drop(forget(polls, Flow::copy(reader, writer)).await);
                mem::forget(ours);
                peers.push(theirs);

                let (mut listening, addr) = listener();
                drop(forget(polls, listening.accept()).await);
                peers.push(std::net::TcpStream::connect(addr).expect("backlog"));
                turn().await;
                mem::forget(listening);

                echo_once().await;
            }
            peers
        });
        // All that is in flight ends with the runtime; what was forgotten keeps its memory.
        drop(runtime);
        drop(peers);
    });
}

/// Somebody else's connection, which must not notice.
async fn echo_once() {
    let (mut ours, mut theirs): (TcpStream, _) = pair().await;
    theirs.write_all(b"echo").expect("written");
    theirs.shutdown(std::net::Shutdown::Write).expect("shut");
    let (reader, writer) = ours.both();
    assert_eq!(Flow::copy(reader, writer).await.expect("echoed"), 4);
    drop(ours);
    let mut back = String::new();
    theirs.read_to_string(&mut back).expect("read");
    assert_eq!(back, "echo");
}

#[test]
fn a_forgotten_runtime_harms_nobody() {
    forgetful("forget::a_forgotten_runtime_harms_nobody", || {
        let runtime = Runtime::new().expect("a runtime");
        let (mut reader, _writer, _theirs) = runtime.play(async {
            let (ours, theirs) = pair().await;
            let (mut reader, writer) = ours.split();
            assert!(give_up(2, reader.fill()).await.is_none());
            (reader, writer, theirs)
        });
        mem::forget(runtime);
        Runtime::new().expect("another").play(async {
            echo_once().await;
            drop(give_up(2, reader.fill()).await);
        });
    });
}

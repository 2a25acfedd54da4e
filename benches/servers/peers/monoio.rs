//! On monoio.

use std::io;

use monoio::{
    IoUringDriver, RuntimeBuilder,
    buf::IoBuf,
    io::{AsyncReadRent, AsyncWriteRentExt},
    net::{TcpListener, TcpStream},
};
use tidemill_benches::server::{self, Arguments, BUFFER_BYTES};

use super::{COMPLETIONS, ENTRIES};

pub(crate) fn serve(told: &Arguments) -> io::Result<()> {
    let mut builder = RuntimeBuilder::<IoUringDriver>::new();
    if told.has("--tuned") {
        let mut ring = io_uring_06::IoUring::builder();
        ring.setup_single_issuer().setup_defer_taskrun().setup_cqsize(COMPLETIONS);
        builder = builder.with_entries(ENTRIES).uring_builder(ring);
    }
    builder.build()?.block_on(async {
        let listener = TcpListener::from_std(server::listener(told.listen)?)?;
        server::ready(listener.local_addr()?)?;
        loop {
            let (stream, _) = listener.accept().await?;
            drop(monoio::spawn(echo(stream)));
        }
    })
}

async fn echo(mut stream: TcpStream) -> io::Result<()> {
    let mut buffer = vec![0; BUFFER_BYTES];
    loop {
        let (count, filled) = stream.read(buffer).await;
        let count = count?;
        if count == 0 {
            server::connection_ended();
            return Ok(());
        }
        let (sent, rest) = stream.write_all(filled.slice(..count)).await;
        sent?;
        buffer = rest.into_inner();
    }
}

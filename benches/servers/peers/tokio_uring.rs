//! On tokio-uring.

use std::io;

use tidemill_benches::server::{self, Arguments, BUFFER_BYTES};
use tokio_uring::{
    buf::BoundedBuf,
    net::{TcpListener, TcpStream},
};

use super::{COMPLETIONS, ENTRIES};

pub(crate) fn serve(told: &Arguments) -> io::Result<()> {
    let mut builder = tokio_uring::builder();
    if told.has("--tuned") {
        let mut ring = tokio_uring::uring_builder();
        ring.setup_single_issuer().setup_coop_taskrun().setup_cqsize(COMPLETIONS);
        builder.entries(ENTRIES).uring_builder(&ring);
    }
    builder.start(async {
        let listener = TcpListener::from_std(server::listener(told.listen)?);
        server::ready(listener.local_addr()?)?;
        loop {
            let (stream, _) = listener.accept().await?;
            drop(tokio_uring::spawn(echo(stream)));
        }
    })
}

async fn echo(stream: TcpStream) -> io::Result<()> {
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

//! On compio: a buffer for each connection, or its pool of buffers.

use std::{io, num::NonZero};

use compio::{
    buf::{BufResult, IntoInner, IoBuf},
    driver::ProactorBuilder,
    io::{AsyncRead, AsyncReadManaged, AsyncWriteExt},
    net::{TcpListener, TcpStream},
    runtime::RuntimeBuilder,
};
use tidemill_benches::server::{self, Arguments, BUFFER_BYTES};

use super::{COMPLETIONS, ENTRIES};

pub(crate) fn serve(told: &Arguments) -> io::Result<()> {
    let mut proactor = ProactorBuilder::new();
    let managed = told.has("--managed");
    if told.has("--tuned") {
        proactor.single_issuer(true).defer_taskrun(true).capacity(ENTRIES).cqsize(COMPLETIONS);
    }
    if managed {
        proactor.buffer_pool_size(const { NonZero::new(1024).unwrap() });
        proactor.buffer_pool_buffer_len(BUFFER_BYTES);
    }
    let runtime = RuntimeBuilder::new().with_proactor(proactor).build()?;
    runtime.block_on(async {
        let listener = TcpListener::from_std(server::listener(told.listen)?)?;
        server::ready(listener.local_addr()?)?;
        loop {
            let (stream, _) = listener.accept().await?;
            if managed {
                compio::runtime::spawn(echo_managed(stream)).detach();
            } else {
                compio::runtime::spawn(echo(stream)).detach();
            }
        }
    })
}

async fn echo(mut stream: TcpStream) -> io::Result<()> {
    let mut buffer = vec![0; BUFFER_BYTES];
    loop {
        let BufResult(count, filled) = stream.read(buffer).await;
        let count = count?;
        if count == 0 {
            server::connection_ended();
            return Ok(());
        }
        let BufResult(sent, rest) = stream.write_all(filled.slice(..count)).await;
        sent?;
        buffer = rest.into_inner();
    }
}

async fn echo_managed(mut stream: TcpStream) -> io::Result<()> {
    while let Some(filled) = stream.read_managed(0).await? {
        if filled.is_empty() {
            break;
        }
        stream.write_all(filled).await.0?;
    }
    server::connection_ended();
    Ok(())
}

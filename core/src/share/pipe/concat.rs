//! Pipes into one, one after the other.

use crate::{
    lock::RawLock,
    share::pipe::{
        buffer::Buffer,
        reader::Reader,
        transfer::{End, transfer},
        writer::Writer,
    },
};

/// Writes all values of the first pipe to `to`, then those of the second, and so on, and then closes `to`. Where `to` is closed before, all that
/// are left are closed for reading.
///
/// Source: Async's `Pipe.concat`.
///
/// # Cancel safety
/// As that of [`transfer`].
pub async fn concat<'a, B: Buffer + 'a, K: RawLock + 'a, L: RawLock>(
    inputs: impl IntoIterator<Item = Reader<'a, B, K>>,
    to: Writer<'_, B, L>,
) -> End {
    let mut inputs = inputs.into_iter();
    while let Some(from) = inputs.next() {
        if transfer(from, to, |value| value).await == End::Closed {
            inputs.for_each(Reader::close);
            return End::Closed;
        }
    }
    to.close();
    End::Eof
}

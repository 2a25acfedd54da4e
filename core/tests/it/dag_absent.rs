//! Without feature `dag` nothing is written down, and what values and tasks carry for it takes no room.

use tidemill_core::{
    epoch::{Async, ReadBuffer, WriteBuffer},
    task::{Deadlock, Header, TaskInfo},
};

#[test]
fn what_is_not_written_down_takes_no_room() {
    let word = size_of::<usize>();
    // A handle, and the number of an epoch with marks: whether its time has come, and how a writer leaves.
    let sizes =
        [size_of::<Async<u32>>(), size_of::<ReadBuffer<u32>>(), size_of::<WriteBuffer<u32>>()];
    assert_eq!(sizes, [word, word + 16, word + 16]);
    // A number, a name and a priority; a list of those and how many are missing in it; and what `docs/architecture.md` says of a header.
    let sizes = [size_of::<TaskInfo>(), size_of::<Deadlock>(), size_of::<Header>()];
    assert_eq!(sizes, [2 * word + 8, 4 * word, 88]);
}

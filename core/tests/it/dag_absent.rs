//! Without feature `dag` nothing is written down, and what values and tasks carry for it takes no room.

use tidemill_core::{
    epoch::{Async, ReadBuffer, WriteBuffer},
    task::{Deadlock, Header, TaskInfo},
};

#[test]
fn what_is_not_written_down_takes_no_room() {
    let word = size_of::<usize>();
    // A handle, and the number of an epoch with a mark whether its time has come.
    assert_eq!(size_of::<ReadBuffer<u32>>(), word + 16);
    assert_eq!(size_of::<WriteBuffer<u32>>(), word + 16);
    assert_eq!(size_of::<Async<u32>>(), word);
    assert_eq!(size_of::<TaskInfo>(), 2 * word + 8);
    assert_eq!(size_of::<Deadlock>(), 4 * word);
    // As `docs/architecture.md` says.
    assert_eq!(size_of::<Header>(), 88);
}

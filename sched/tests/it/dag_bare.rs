//! Who depends on whom, of values and tasks in statics: also without an allocator, where the first so many are written down.

use tidemill_core::{
    dag,
    epoch::{AsyncCell, ReadBuffer, WriteBuffer},
    task_place,
};
use tidemill_sched::{
    Home,
    debug::{DebugScheduler, Order, Virtual},
};

use crate::board::alone;

/// Waits behind what it holds itself.
async fn own(reader: ReadBuffer<u32>, write: WriteBuffer<u32>) {
    let seen = *reader.get().await.expect("it is there");
    write.put(seen + 1).await;
}

#[test]
fn what_is_placed_is_written_down_and_diagnosed_and_what_finds_no_room_is_counted() {
    let _alone = alone();
    static HOME: Home<Virtual> = Home::new(Virtual::new());
    static X: AsyncCell<u32, 2> = AsyncCell::ready(1);
    static MANY: [AsyncCell<u32, 1>; 40] = [const { AsyncCell::empty() }; 40];
    let mut x = X.claim().expect("nobody else claims it").labelled("mine");
    let scheduler = DebugScheduler::claim(&HOME, Order::Fifo).expect("nobody else claims it");
    let (reader, write) = (x.read(), x.try_write().expect("there is room"));
    let place = task_place!(own);
    drop(scheduler.spawn_place(place, own(reader, write)).expect("the place is free"));
    scheduler.run_all();
    let deadlock = scheduler.deadlock().expect("it waits for itself");
    let found = deadlock.diagnosis();
    assert_eq!((deadlock.tasks().count(), deadlock.more(), found.blocked()), (1, 0, 1));
    assert_eq!(
        (found.cycle()[0].label, found.cycle_values()[0].label),
        (Some("own"), Some("mine"))
    );
    assert!(deadlock.to_string().contains("dependency cycle: 1 task(s), 1 data node(s): task "));
    let mut picture = String::new();
    dag::snapshot().write_dot(&mut picture).expect("a String takes it all");
    assert!(picture.contains("blocked: write") && picture.contains("mine"), "{picture}");

    let readers = MANY.each_ref().map(|cell| cell.claim().expect("nobody else claims it").read());
    let graph = dag::snapshot();
    let all = cfg!(feature = "alloc");
    assert_eq!((graph.values().count() >= 41, graph.lost() == 0), (all, all));
    assert!(!all || graph.diagnose().blocked() >= 1);
    drop(readers);
    drop(scheduler);
    // Its epochs end all the same, written down or not.
    let ended = MANY.each_ref().map(|cell| cell.claim().is_none());
    assert!(ended.into_iter().all(|claimed| claimed));
}

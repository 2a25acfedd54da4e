//! What happened last: steps of epochs, turns and wakes of tasks, in their order.

use tidemill_core::{
    dag::{self, Content, Event, Role, What},
    epoch::Async,
    error::Fault,
    task::Attributes,
};
use tidemill_sched::debug::{DebugScheduler, Order};

use crate::dag::{alone, ours};

/// What happened since `from` in epochs of values of this file.
fn words(from: u64) -> Vec<String> {
    let known: Vec<_> = ours().values().map(|it| Some(it.info.index)).collect();
    let told = |event: &Event| known.contains(&event.value);
    let word = |event: Event| format!("{:?} {}", event.what, event.epoch);
    dag::trace(from).filter(told).map(word).collect()
}

#[test]
fn the_steps_of_epochs_are_traced_in_order() {
    let _alone = alone();
    let begin = dag::trace(0).last().map_or(0, |event| event.number + 1);
    let mut x = Async::ready(1);
    let (reader, write) = (x.read(), x.write());
    let next = x.mutate();
    next.release();
    reader.release();
    write.fail(Fault::Text("broken"));
    let steps = [
        "Enrolled(Reader) 0",
        "Writing 1",
        "Enrolled(Writer) 1",
        "Writing 2",
        "Enrolled(Writer) 2",
        "Ended 2",
        "Finished 0",
        "Front 1",
        "Reading 1",
        "Finished 1",
        "Front 2",
        "Reading 2",
    ];
    assert_eq!(words(begin), steps);
    let value = ours().values().next().unwrap().content;
    assert_eq!(value, Content::Invalid);
}

#[test]
fn the_turns_and_wakes_of_a_task_are_traced_and_what_it_waits_for() {
    let _alone = alone();
    let begin = dag::trace(0).last().map_or(0, |event| event.number + 1);
    let scheduler = DebugScheduler::new(Order::Fifo);
    let mut x = Async::<u32>::empty();
    let (reader, write) = (x.read(), x.write());
    drop(scheduler.spawn_with(Attributes::new().name("reads"), async move {
        reader.await.map(|value| *value)
    }));
    let task = ours().tasks().next().unwrap().info.index;
    scheduler.run_all();
    drop(write);
    scheduler.run_all();
    let seen: Vec<_> =
        dag::trace(begin).filter(|it| it.task == Some(task)).map(|it| it.what).collect();
    let steps = [
        What::Made,
        What::Running,
        What::Waits(Role::Reader),
        What::Suspended,
        What::Woken,
        What::Running,
        What::Arrived(Role::Reader),
        What::Suspended,
        What::Over,
    ];
    assert_eq!(seen, steps);
    let mut told = String::new();
    dag::write_trace(&mut told).unwrap();
    assert!(told.contains(&format!("task {task} rescheduled\n")), "{told}");
    assert!(told.contains(&format!("task {task} waits as reader\n")), "{told}");
}

#[test]
fn the_trace_keeps_the_last_events_and_numbers_them_all() {
    let _alone = alone();
    let x = Async::ready(1);
    (0..5000).for_each(|_| drop(x.read()));
    let numbers: Vec<_> = dag::trace(0).map(|event| event.number).collect();
    assert!(
        numbers.len() >= 1024 && numbers[0] >= 5000 - 1024,
        "{} from {}",
        numbers.len(),
        numbers[0]
    );
    assert!(numbers.is_sorted_by(|a, b| a < b));
    // Whoever reads on from where he was misses none that are kept.
    let next = numbers.last().unwrap() + 1;
    drop(x.read());
    assert!(dag::trace(next).any(|event| event.what == What::Enrolled(Role::Reader)));
}

//! Who depends on whom: what is written down of values, epochs and tasks, how it is shown, and what is found to be wrong.

use std::{
    collections::HashSet,
    future::{Future, poll_fn},
    panic::Location,
    sync::{Mutex, MutexGuard, PoisonError},
    task::Poll,
};

use tidemill_core::{
    dag::{self, Content, Graph, Kind, NodeInfo, TaskState},
    epoch::{Async, AsyncCell, ReverseValue},
    ivar::both,
    task::{Attributes, yield_now},
    task_place,
};
use tidemill_sched::debug::{DebugScheduler, Order, Stopped};

/// The registry is one for the process, and tests of these files look at what they made alone.
pub(crate) fn alone() -> MutexGuard<'static, ()> {
    static ALONE: Mutex<()> = Mutex::new(());
    ALONE.lock().unwrap_or_else(PoisonError::into_inner)
}

/// What the tests of these files have made.
pub(crate) fn all_ours() -> Graph {
    let files = ["dag.rs", "dag_picture.rs", "dag_trace.rs"];
    dag::snapshot().only(|node| files.iter().any(|file| node.location.file().ends_with(file)))
}

/// The same without the value in a static, which stays for ever.
pub(crate) fn ours() -> Graph {
    all_ours().only(|node| node.label != Some("placed"))
}

fn text(graph: &Graph) -> String {
    let mut text = String::new();
    graph.write_text(&mut text).unwrap();
    text
}

fn names(nodes: &[NodeInfo]) -> Vec<&'static str> {
    nodes.iter().map(|node| node.label.unwrap_or("?")).collect()
}

/// A scheduler in which two tasks each hold what the other one waits for.
pub(crate) fn circle() -> (DebugScheduler, [Async<u32>; 2]) {
    let scheduler = DebugScheduler::new(Order::Fifo);
    let mut x = Async::ready(1).labelled("x");
    let mut y = Async::ready(2).labelled("y");
    // They have had other epochs.
    (0..3).for_each(|_| drop((x.mutate(), y.mutate())));
    let (read_x, read_y) = (x.read(), y.read());
    let (write_x, write_y) = (x.write(), y.write());
    drop(scheduler.spawn_with(Attributes::new().name("first"), async move {
        let seen = read_x.get().await.unwrap();
        write_y.put(seen + 1).await;
    }));
    drop(scheduler.spawn_with(Attributes::new().name("second"), async move {
        let seen = read_y.get().await.unwrap();
        write_x.put(seen + 1).await;
    }));
    scheduler.run_all();
    (scheduler, [x, y])
}

#[test]
fn tasks_that_hold_what_the_other_waits_for_are_a_cycle() {
    let _alone = alone();
    let (scheduler, values) = circle();
    // What tasks of another executor wait for is none of its business.
    let (other, late) = (DebugScheduler::new(Order::Fifo), Async::<u32>::empty());
    let reader = late.read();
    drop(other.spawn(async move { reader.await.map(|value| *value) }));
    other.run_all();
    let deadlock = scheduler.deadlock().expect("both wait");
    let found = deadlock.diagnosis();
    assert_eq!(
        (names(found.cycle()), names(found.cycle_values())),
        (vec!["first", "second"], vec!["x", "y"])
    );
    assert_eq!((found.blocked(), found.missing_writers().len()), (2, 0));
    assert_eq!(ours().diagnose().blocked(), 3);
    let told = deadlock.to_string();
    assert!(told.contains("these wait: task 1 (first); task 2 (second);"), "{told}");
    assert!(told.contains("dependency cycle: 2 task(s), 2 data node(s):"), "{told}");
    drop((scheduler, values));
}

#[test]
fn a_task_that_waits_behind_what_it_holds_is_a_cycle_of_its_own() {
    let _alone = alone();
    let scheduler = DebugScheduler::new(Order::Fifo);
    let mut x = Async::ready(1).labelled("mine");
    let (reader, write) = (x.read(), x.write());
    let stopped = scheduler.run_with(std::pin::pin!(scheduler.spawn(async move {
        let seen = reader.get().await.unwrap();
        write.put(seen + 1).await;
    })));
    let Err(Stopped::Deadlock(deadlock)) = stopped else { panic!("it waits for itself") };
    assert_eq!(deadlock.diagnosis().cycle().len(), 1);
    assert_eq!(names(deadlock.diagnosis().cycle_values()), ["mine"]);
}

#[test]
fn functions_that_wait_for_a_value_are_named_each_as_a_task_with_its_place() {
    let _alone = alone();
    let scheduler = DebugScheduler::new(Order::Fifo);
    let mut x = Async::<u32>::empty().labelled("lost");
    scheduler.enter(|| (0..3).for_each(|n| x.upon(move |x| assert_eq!(x.unwrap(), &n)).unwrap()));
    scheduler.run_all();
    let deadlock = scheduler.deadlock().expect("they wait");
    assert_eq!((deadlock.tasks().count(), deadlock.diagnosis().blocked()), (3, 3));
    assert_eq!(names(deadlock.diagnosis().missing_writers()), ["lost"]);
    let (graph, mut picture) = (ours(), String::new());
    let is_one = |task: &&dag::TaskRecord| task.info.type_name.contains("Audience");
    assert_eq!(graph.tasks().filter(is_one).count(), 3);
    graph.write_dot(&mut picture).unwrap();
    assert_eq!(picture.matches("\"await read\"").count(), 3, "{picture}");
    x.write().cancel();
    scheduler.run_all();
    assert!(scheduler.deadlock().is_none() && ours().tasks().count() == 0);
}

#[test]
fn a_value_that_somebody_reads_and_nobody_writes_has_a_missing_writer() {
    let _alone = alone();
    let scheduler = DebugScheduler::new(Order::Fifo);
    let (lost, mut there) =
        (Async::<u32>::empty().labelled("lost"), Async::ready(1).labelled("there"));
    let (a, b) = (lost.read(), there.mutate());
    drop(scheduler.spawn(async move { a.await.map(|value| *value) }));
    drop(scheduler.spawn(async move { *b.await.unwrap() += 1 }));
    scheduler.run_all();
    let deadlock = scheduler.deadlock().unwrap();
    assert_eq!(names(deadlock.diagnosis().missing_writers()), ["lost"]);
    assert_eq!((deadlock.diagnosis().blocked(), deadlock.diagnosis().cycle().len()), (1, 0));
    assert!(deadlock.to_string().ends_with(" (lost);"), "{deadlock}");
    // A writer that is enrolled is not missing, however long it takes.
    let (mut late, other) = (lost, DebugScheduler::new(Order::Fifo));
    let write = late.write();
    assert!(scheduler.deadlock().unwrap().diagnosis().missing_writers().is_empty());
    drop(other.spawn(write.put(7)));
    other.run_all();
    scheduler.run_all();
    assert_eq!(scheduler.live(), 0);
}

#[test]
fn who_waits_for_what_another_will_do_is_in_no_cycle() {
    let _alone = alone();
    let scheduler = DebugScheduler::new(Order::Fifo);
    let mut x = Async::<u32>::empty().labelled("x");
    let (write, read, change) = (x.write(), x.read(), x.mutate());
    // One task waits in two places of one value: the second comes when it leaves the first.
    drop(scheduler.spawn(async move {
        let reads = async move { *read.await.unwrap() };
        let changes = async move { *change.await.unwrap() += 1 };
        both(reads, changes).await.0
    }));
    scheduler.run_all();
    let found = ours().diagnose();
    assert_eq!((found.blocked(), found.cycle().len(), found.missing_writers().len()), (1, 0, 0));
    drop(scheduler.spawn(write.put(1)));
    scheduler.run_all();
    assert_eq!((scheduler.live(), ours().diagnose().blocked()), (0, 0));
    assert_eq!(*x.read().try_get().unwrap().unwrap(), 2);
}

#[test]
fn a_place_that_was_left_and_a_wait_that_was_given_up_are_not_told_any_more() {
    let _alone = alone();
    let scheduler = DebugScheduler::new(Order::Fifo);
    let (x, y, z) = (Async::ready(1), Async::<u32>::empty(), Async::<u32>::empty());
    let (first, second, third) = (x.read(), y.read(), z.read());
    drop(scheduler.spawn(async move {
        drop(first.await);
        let mut get = Box::pin(second.get());
        poll_fn(|cx| Poll::Ready(get.as_mut().poll(cx).is_pending())).await;
        drop(get);
        third.await.map(|value| *value)
    }));
    scheduler.run_all();
    let graph = ours();
    let index = |of: usize| graph.epochs().nth(of).expect("there are three").info.index;
    let told = text(&graph);
    let places = format!(
        " {} (reader)\n  associated epoch contexts: {} (reader), {0} (reader)\n",
        index(2),
        index(1)
    );
    assert!(told.contains(&places), "{told}");
    assert_eq!(graph.diagnose().missing_writers().len(), 1);
    drop((scheduler, x, y, z));
    let graph = dag::snapshot();
    let known: HashSet<_> = graph.values().map(|value| value.info.index).collect();
    assert!(graph.epochs().all(|epoch| known.contains(&epoch.value)), "they go with their value");
}

// epochs 114
#[test]
fn the_words_of_a_task_come_in_their_order_and_go_when_it_ends() {
    let _alone = alone();
    let scheduler = DebugScheduler::new(Order::Fifo);
    drop(scheduler.spawn_with(Attributes::new().name("walker"), async {
        yield_now().await;
        yield_now().await;
    }));
    let constructed = text(&ours());
    assert!(
        constructed.contains("transition count: 0\n  current state: constructed"),
        "{constructed}"
    );
    scheduler.run();
    let suspended = text(&ours());
    let words = [
        "Total tracked data nodes: 0",
        "Total tracked epoch contexts: 0",
        "Total tracked tasks: 1",
        "Task 1:",
        "task id:",
        "task pointer: 0x",
        "transition count: 2",
        "current state: suspended",
        "label: walker",
        "waiting on: none",
        "associated epoch contexts: none",
        "creation location: ",
        "last state-change: event",
        "blocked tasks: 0",
    ];
    let mut rest = suspended.as_str();
    for word in words {
        rest = rest.split_once(word).unwrap_or_else(|| panic!("no '{word}' in {suspended}")).1;
    }
    scheduler.run_all();
    assert!(text(&ours()).contains("Total tracked tasks: 0"));
}

// epochs 115
#[test]
fn a_task_that_is_suspended_tells_its_epochs_until_it_ends() {
    let _alone = alone();
    let scheduler = DebugScheduler::new(Order::Fifo);
    let mut x = Async::<u32>::empty();
    let (reader, write) = (x.read(), x.write());
    drop(scheduler.spawn(async move { reader.await.map(|value| *value) }));
    scheduler.run_all();
    let graph = ours();
    let epoch = graph.epochs().next().unwrap();
    assert_eq!(graph.epochs().count(), 1);
    let told = text(&graph);
    let mine = format!(
        "waiting on: {0} (reader)\n  associated epoch contexts: {0} (reader)\n",
        epoch.info.index
    );
    assert!(told.contains(&mine), "{told}");
    assert!(told.contains("blocked tasks: 1\nmissing writers: 0\n"), "{told}");
    drop(scheduler.spawn(write.put(3)));
    scheduler.run_all();
    let told = text(&ours());
    assert!(!told.contains("(reader)") && told.contains("Total tracked tasks: 0"), "{told}");
    drop(x);
    assert!(text(&ours()).contains("Total tracked epoch contexts: 0"));
}

#[test]
fn a_node_tells_its_type_its_name_and_the_call_that_made_it() {
    let _alone = alone();
    static PLACED: AsyncCell<u16, 1> = AsyncCell::ready(1);
    let scheduler = DebugScheduler::new(Order::Fifo);
    let (mut value, at): (Async<String>, u32) = (Async::empty(), line!());
    let mut reverse: ReverseValue<f32> = ReverseValue::new().labelled("gradient");
    let mut placed = PLACED.claim().unwrap().labelled("placed");
    async fn blink() {
        yield_now().await;
    }
    let handle = scheduler.spawn_place(task_place!(blink), blink()).unwrap();
    let (first, opened) = (value.write(), line!());
    let (second, behind) = (value.mutate(), line!());
    let (input, output, adder) = (reverse.input(), reverse.output(), reverse.adder());
    let change = placed.try_mutate().unwrap();
    let graph = all_ours();
    let told: Vec<_> = graph
        .values()
        .map(|it| (it.info.type_name.rsplit(':').next().unwrap(), it.info.label))
        .collect();
    assert_eq!(told, [("f32", Some("gradient")), ("u16", Some("placed")), ("String", None)]);
    let gradient: Vec<_> = graph.epochs().filter(|it| it.info.type_name == "f32").collect();
    assert!(gradient.iter().all(|it| it.info.label == Some("gradient")) && gradient.len() == 2);
    let string = graph.values().find(|it| it.info.label.is_none()).unwrap();
    let lines = |at: &'static Location<'static>| at.line();
    assert_eq!((lines(string.info.location), string.content), (at, Content::Unconstructed));
    let epochs: Vec<_> = graph.epochs().filter(|it| it.value == string.info.index).collect();
    // The first epoch is made with the value, the second by who enrols behind it.
    assert_eq!(epochs.iter().map(|it| lines(it.info.location)).collect::<Vec<_>>(), [at, behind]);
    assert!(opened > at && epochs.iter().all(|it| it.info.kind == Kind::Epoch));
    let task = graph.tasks().next().unwrap();
    assert_eq!(
        (task.info.label, task.info.kind, task.state),
        (Some("blink"), Kind::Task, TaskState::Constructed)
    );
    assert!(task.info.type_name.contains("blink") && task.info.address != 0);
    let indices: Vec<_> = graph.values().map(|it| it.info.index).chain([task.info.index]).collect();
    assert_eq!(indices.iter().collect::<HashSet<_>>().len(), 4);
    scheduler.run_all();
    assert!(handle.is_finished());
    drop((first, second, input, output, adder, change));
}

#[test]
fn a_long_chain_of_tasks_is_diagnosed_without_a_deep_stack() {
    let _alone = alone();
    let scheduler = DebugScheduler::new(Order::Fifo);
    let mut values: Vec<Async<u32>> = (0..=2000).map(|_| Async::ready(0)).collect();
    // Each task holds a value and waits to write the next one, the last for the first.
    for at in 0..2000 {
        let read = values[at].read();
        let write = values[(at + 1) % 2000].write();
        drop(scheduler.spawn(async move {
            let seen = *read.get().await.unwrap_or(&0);
            write.put(seen + 1).await;
        }));
    }
    scheduler.run_all();
    let deadlock = scheduler.deadlock();
    assert_eq!(ours().diagnose().blocked(), scheduler.live());
    assert!(deadlock.is_none_or(|deadlock| !deadlock.diagnosis().cycle().is_empty()));
}

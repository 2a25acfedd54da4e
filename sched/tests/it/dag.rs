//! Who depends on whom: what is written down of values, epochs and tasks, how it is shown, and what is found to be wrong.

use std::{
    io::Write,
    panic::Location,
    process::{Command, Stdio},
    sync::{Mutex, MutexGuard, PoisonError},
};

use tidemill_core::{
    dag::{self, Content, Event, Graph, Kind, NodeInfo, Role, TaskState, What},
    epoch::{Async, AsyncCell, ReverseValue, all},
    error::Fault,
    ivar::both,
    task::{Attributes, yield_now},
    task_place,
};
use tidemill_sched::debug::{DebugScheduler, Order, Stopped};

/// The registry is one for the process, and tests of this file look at what they made alone.
fn alone() -> MutexGuard<'static, ()> {
    static ALONE: Mutex<()> = Mutex::new(());
    ALONE.lock().unwrap_or_else(PoisonError::into_inner)
}

/// What this file has made.
fn all_ours() -> Graph {
    dag::snapshot().only(|node| node.location.file() == file!())
}

/// The same without the value in a static, which stays for ever.
fn ours() -> Graph {
    all_ours().only(|node| node.label != Some("placed"))
}

fn text(graph: &Graph) -> String {
    let mut text = String::new();
    graph.write_text(&mut text).unwrap();
    text
}

fn dot(graph: &Graph) -> String {
    let mut text = String::new();
    graph.write_dot(&mut text).unwrap();
    text
}

fn names(nodes: &[NodeInfo]) -> Vec<&'static str> {
    nodes.iter().map(|node| node.label.unwrap_or("?")).collect()
}

/// A scheduler in which two tasks each hold what the other one waits for.
fn circle() -> (DebugScheduler, [Async<u32>; 2]) {
    let scheduler = DebugScheduler::new(Order::Fifo);
    let mut x = Async::ready(1).labelled("x");
    let mut y = Async::ready(2).labelled("y");
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
    let deadlock = scheduler.deadlock().expect("both wait");
    let found = deadlock.diagnosis();
    assert_eq!(
        (names(found.cycle()), names(found.cycle_values())),
        (vec!["first", "second"], vec!["x", "y"])
    );
    assert_eq!((found.blocked(), found.missing_writers().len()), (2, 0));
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

// epochs 143
#[test]
fn a_picture_has_the_words_of_values_epochs_and_tasks_and_is_drawn() {
    let _alone = alone();
    let scheduler = DebugScheduler::new(Order::Fifo);
    let (mut a, mut b) = (Async::<u32>::empty().labelled("left \"one\""), Async::<u32>::empty());
    let (x, y) = (a.read(), b.read());
    let task = scheduler.spawn_with(Attributes::new().name("sum"), async move {
        let (x, y) = all((&x, &y)).await;
        x.unwrap() + y.unwrap()
    });
    let (write, _next) = (b.write(), b.mutate());
    scheduler.run_all();
    let graph = ours();
    let (data, tasks): (Vec<_>, Vec<_>) = (graph.values().collect(), graph.tasks().collect());
    let (left, right, sum) = (data[0].info.index, data[1].info.index, tasks[0].info.index);
    let epochs: Vec<_> = graph.epochs().map(|epoch| epoch.info.index).collect();
    let picture = dot(&graph);
    for word in [
        "digraph tidemill_dag {".to_owned(),
        "rankdir=LR;".to_owned(),
        format!("data_{left} [shape=cylinder, label=\"left \\\"one\\\"\\ndata {left}\\nu32\\n"),
        "state=unconstructed\", color=red];".to_owned(),
        format!("epoch_{} [shape=oval, label=\"epoch {0}\\ngen=0\\nphase=Started\"];", epochs[0]),
        format!("epoch_{} [shape=oval, label=\"epoch {0}\\ngen=0\\nphase=Writing\"];", epochs[1]),
        format!("epoch_{} [shape=oval, label=\"epoch {0}\\ngen=1\\nphase=Pending\"];", epochs[2]),
        format!("task_{sum} [shape=box, style=rounded, label=\"sum\\ntask {sum}\\n"),
        "suspended\\ntransitions=2\\nptr=0x".to_owned(),
        "\\nblocked: read\"];".to_owned(),
        format!("data_{left} -> epoch_{} [label=\"epochs\", style=dotted];", epochs[0]),
        format!("epoch_{} -> epoch_{} [label=\"next\"];", epochs[1], epochs[2]),
        // A task that waits for several waits for each.
        format!("data_{left} -> task_{sum} [label=\"co_await read\"];"),
        format!("data_{right} -> task_{sum} [label=\"co_await read\"];"),
        format!("epoch_{} -> task_{sum} [label=\"await read\"];", epochs[0]),
        format!("epoch_{} -> task_{sum} [label=\"await read\"];", epochs[1]),
        "diagnostics [shape=note, label=\"blocked tasks: 1\\nmissing writers: 1\", color=red];"
            .to_owned(),
    ] {
        assert!(picture.contains(&word), "no '{word}' in {picture}");
    }
    let drawn = draw(&picture);
    for word in
        ["left", "data ", "epoch ", "sum", "blocked tasks: 1", "await read", "missing writers: 1"]
    {
        assert!(drawn.contains(word), "no '{word}' in {drawn}");
    }
    drop((write, task));
    drop(a.write());
}

#[test]
fn a_picture_of_a_cycle_is_red_where_it_goes_round_and_is_drawn() {
    let _alone = alone();
    let (scheduler, values) = circle();
    let picture = dot(&ours());
    let nodes = picture.lines().filter(|line| !line.contains("->") && line.contains("color=red"));
    assert_eq!(nodes.count(), 5, "two tasks, two values, the note: {picture}");
    assert!(picture.contains("dependency cycle: 2 task(s), 2 data node(s)"), "{picture}");
    for word in ["co_await write", "await write", "blocked: write", "state=constructed"] {
        assert!(picture.contains(word), "no '{word}' in {picture}");
    }
    assert!(draw(&picture).contains("dependency cycle: 2 task(s), 2 data node(s)"));
    drop((scheduler, values));
}

/// Has Graphviz draw it.
fn draw(picture: &str) -> String {
    let dot = Command::new("dot").arg("-Tsvg").stdin(Stdio::piped()).stdout(Stdio::piped()).spawn();
    let mut dot = dot.expect("Graphviz is there: `ci/setup` installs it");
    // It ends when nobody holds its input.
    dot.stdin.take().unwrap().write_all(picture.as_bytes()).unwrap();
    let drawn = dot.wait_with_output().unwrap();
    assert!(drawn.status.success(), "it is refused: {picture}");
    let drawn = String::from_utf8(drawn.stdout).unwrap();
    assert!(drawn.contains("<svg"));
    // Its spaces are those that do not break.
    drawn.replace("&#160;", " ").replace("&#45;", "-")
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
    let (input, output) = (reverse.input(), reverse.output());
    let change = placed.try_mutate().unwrap();
    let graph = all_ours();
    let told: Vec<_> = graph
        .values()
        .map(|it| (it.info.type_name.rsplit(':').next().unwrap(), it.info.label))
        .collect();
    assert_eq!(told, [("f32", Some("gradient")), ("u16", Some("placed")), ("String", None)]);
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
    assert_eq!(indices.iter().collect::<std::collections::HashSet<_>>().len(), 4);
    scheduler.run_all();
    assert!(handle.is_finished());
    drop((first, second, input, output, change));
}

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

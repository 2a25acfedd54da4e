//! Pictures of who depends on whom: their words, and that Graphviz draws them.

use std::{
    io::Write,
    process::{Command, Stdio},
};

use tidemill_core::{
    dag::Graph,
    epoch::{Async, ReverseValue, all},
    kernel::kernel,
    task::Attributes,
};
use tidemill_sched::debug::{DebugScheduler, Order};

use crate::dag::{alone, circle, ours};

fn dot(graph: &Graph) -> String {
    let mut text = String::new();
    graph.write_dot(&mut text).unwrap();
    text
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

#[test]
fn a_small_kernel_shows_what_it_was_given_before_it_runs_and_where_it_stands() {
    let _alone = alone();
    let scheduler = DebugScheduler::new(Order::Fifo);
    let (mut x, y): (Async<u32>, _) = (Async::ready(1), Async::ready(2));
    let (z, at) = scheduler.enter(|| (&x + &y, line!()));
    scheduler.enter(|| x += 1);
    let graph = ours();
    let data: Vec<_> = graph.values().map(|value| value.info.index).collect();
    let tasks: Vec<_> = graph.tasks().map(|task| task.info).collect();
    assert_eq!((data.len(), tasks.len()), (3, 2));
    assert_eq!((tasks[0].location.line(), tasks[1].location.line()), (at, at + 1));
    let picture = dot(&graph);
    let (sum, change) = (tasks[0].index, tasks[1].index);
    // The result was begun first.
    let edges = picture.lines().filter(|line| line.contains("\"arg "));
    let mut edges: Vec<_> = edges.map(|line| line.trim().replace(", style=dashed];", "")).collect();
    edges.sort();
    let read = |data: u64| format!("data_{data} -> task_{sum} [label=\"arg read\"");
    let mut expected = vec![format!("task_{change} -> data_{} [label=\"arg write\"", data[1])];
    expected.extend([read(data[1]), read(data[2])]);
    expected.push(format!("task_{sum} -> data_{} [label=\"arg write\"", data[0]));
    expected.sort();
    assert_eq!(edges, expected, "{picture}");
    // Names of types that are long are cut to their ends.
    assert!(picture.contains(&format!("task {change}\\njob::Change<..>\\n")), "{picture}");
    scheduler.run_all();
    assert!(!dot(&ours()).contains("arg "), "they have ended");
    // A kernel and a gradient stand where they were asked for, too.
    let mut result = Async::<u32>::empty();
    let mut gradient = ReverseValue::<u32>::new();
    let at = scheduler.enter(|| {
        let copy = kernel(x.read(), result.write(), async |x, result| {
            result.set(*x.await?).await;
            Ok(())
        });
        copy.expect("an executor is current").detach();
        gradient += &y;
        gradient.accumulate(async { Ok(1) }, |sum, one| *sum += one);
        line!()
    });
    let lines: Vec<_> = ours().tasks().map(|task| at - task.info.location.line()).collect();
    assert_eq!(lines, [7, 2, 1]);
    drop(gradient);
    scheduler.run_all();
    drop(result);
    drop((x, y, z));
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

//! Values in the memory of a node.

use std::{
    cell::Cell,
    panic::{AssertUnwindSafe, catch_unwind},
    pin::pin,
    rc::Rc,
    sync::Arc,
    thread,
};

use tidemill_core::epoch::View;
use tidemill_sched::{
    debug::{DebugScheduler, Order},
    pool::{NodeBox, Topology},
};

fn here() -> (Topology, usize) {
    let topology = Topology::detect().unwrap();
    let node = topology.nodes()[0].id;
    (topology, node)
}

/// This machine and a node of it; one that it does not have; and a machine that is made up, where there is hwloc.
fn everywhere() -> Vec<(Topology, usize)> {
    let (topology, node) = here();
    let mut all = vec![(topology.clone(), node), (topology, 1023)];
    all.extend(Topology::synthetic("node:2 pu:2").map(|topology| (topology, 1)));
    assert_eq!(all.len(), if cfg!(feature = "hwloc") { 3 } else { 2 });
    all
}

/// Counts its drops.
#[derive(Clone, Default)]
struct Counted(Rc<Cell<usize>>);

impl Drop for Counted {
    fn drop(&mut self) {
        self.0.set(self.0.get() + 1);
    }
}

#[test]
fn a_value_is_read_and_changed_and_dropped_once_wherever_it_lies() {
    for (topology, node) in everywhere() {
        let drops = Counted::default();
        let mut value = NodeBox::new(&topology, node, (7, drops.clone()));
        value.0 += 1;
        assert_eq!((value.0, drops.0.get()), (8, 0));
        drop(value);
        assert_eq!(drops.0.get(), 1);
        let out = NodeBox::new(&topology, node, (9, drops.clone())).into_inner();
        assert_eq!((out.0, drops.0.get()), (9, 1));
        drop(out);
        assert_eq!(drops.0.get(), 2);
        let boxed = NodeBox::from(Box::new(drops.clone()));
        assert_eq!((boxed.node(), boxed.is_bound()), (None, false));
        drop(boxed);
        assert_eq!(drops.0.get(), 3);
    }
}

#[test]
fn a_slice_is_made_value_by_value_and_dropped_whole() {
    for (topology, node) in everywhere() {
        let drops = Counted::default();
        let rows = NodeBox::from_fn(&topology, node, 1000, |index| (index, drops.clone()));
        assert!(rows.iter().map(|row| row.0).eq(0..1000));
        drop(rows);
        assert_eq!(drops.0.get(), 1000);
        let none = NodeBox::from_fn(&topology, node, 0, |_| drops.clone());
        assert_eq!((none.len(), none.node()), (0, None));
    }
}

#[test]
fn a_maker_that_panics_leaves_nothing_behind() {
    for (topology, node) in everywhere() {
        let drops = Counted::default();
        let panics = |make: &mut dyn FnMut()| {
            let payload = catch_unwind(AssertUnwindSafe(make)).unwrap_err();
            assert_eq!(payload.downcast_ref(), Some(&"the maker"));
        };
        panics(&mut || drop(NodeBox::<u64>::with(&topology, node, || panic!("the maker"))));
        panics(&mut || {
            drop(NodeBox::from_fn(&topology, node, 10, |index| {
                assert!(drops.0.get() == 0);
                if index == 3 { panic!("the maker") } else { drops.clone() }
            }));
        });
        assert_eq!(drops.0.get(), 3, "the three that it made");
    }
}

#[test]
fn a_drop_that_panics_goes_through() {
    struct Panics;
    impl Drop for Panics {
        fn drop(&mut self) {
            panic!("the drop");
        }
    }
    for (topology, node) in everywhere() {
        let value = NodeBox::new(&topology, node, (vec![1], Panics));
        let payload = catch_unwind(AssertUnwindSafe(|| drop(value))).unwrap_err();
        assert_eq!(payload.downcast_ref(), Some(&"the drop"));
    }
}

#[test]
fn a_value_stands_as_its_type_asks() {
    #[repr(align(64))]
    struct Line([u8; 3]);
    #[repr(align(65536))]
    struct Wide([u8; 3]);
    #[repr(align(4096))]
    struct Nothing;
    for (topology, node) in everywhere() {
        let line = NodeBox::new(&topology, node, Line([1, 2, 3]));
        assert_eq!((line.0, (&raw const *line).addr() % 64), ([1, 2, 3], 0));
        let wide = NodeBox::from_fn(&topology, node, 3, |index| Wide([index as u8; 3]));
        assert_eq!((wide[2].0, (&raw const *wide).addr() % 65536), ([2; 3], 0));
        let nothing = NodeBox::new(&topology, node, Nothing);
        assert_eq!((nothing.node(), (&raw const *nothing).addr() % 4096), (None, 0));
        let many = NodeBox::from_fn(&topology, node, usize::MAX, |_| ());
        assert_eq!((many.len(), many.is_bound()), (usize::MAX, false));
    }
}

#[test]
fn a_slice_larger_than_any_memory_is_refused_before_it_is_made() {
    let (topology, node) = here();
    let make = || drop(NodeBox::from_fn(&topology, node, usize::MAX, |_| unreachable!() as u64));
    catch_unwind(AssertUnwindSafe(make)).unwrap_err();
}

#[test]
fn it_outlives_the_topology_and_goes_to_other_threads() {
    let (topology, node) = here();
    let shared = Arc::new(NodeBox::from_fn(&topology, node, 100, |index| index));
    let owned = NodeBox::new(&topology, node, vec![1, 2, 3]);
    drop(topology);
    let other = shared.clone();
    let sum = thread::spawn(move || other.iter().sum::<usize>() + owned.into_inner().len());
    assert_eq!(sum.join().unwrap(), 4950 + 3);
    assert_eq!(shared[99], 99);
}

#[test]
fn a_node_that_is_not_there_binds_nothing_and_says_so() {
    let (topology, _) = here();
    for node in [1023, usize::MAX] {
        let value = NodeBox::new(&topology, node, 5);
        assert_eq!((*value, value.node(), value.is_bound()), (5, None, false));
    }
    if let Ok(topology) = Topology::synthetic("node:2 pu:2") {
        let value = NodeBox::new(&topology, 1, 5);
        assert_eq!((*value, value.node()), (5, None), "hwloc would say that it is bound");
    }
}

#[test]
fn a_value_that_is_bound_lies_on_its_node() {
    let topology = Topology::detect().unwrap();
    for node in topology.nodes() {
        // Several pages, all of them written.
        let value = NodeBox::from_fn(&topology, node.id, 10_000, |index| index as u64);
        let lies = topology.memory_nodes(&*value);
        if value.is_bound() {
            assert_eq!((value.node(), lies.unwrap()), (Some(node.id), vec![node.id]));
        }
    }
    assert!(topology.memory_nodes(&[0_u8; 0]).is_err() || cfg!(feature = "hwloc"));
}

#[test]
fn a_value_in_epochs_lies_on_a_node() {
    let (topology, node) = here();
    let row = NodeBox::from_fn(&topology, node, 4096, |column| column as f64);
    let (bound, start) = (row.node(), row.as_ptr());
    let mut row: View<_, [f64]> = View::deferred(row);
    let (before, double, after) = (row.read(), row.mutate(), row.read());
    drop(row);
    let scheduler = DebugScheduler::new(Order::Reverse);
    let sums = scheduler.enter(|| {
        let sum = |row: tidemill_core::epoch::ReadView<_, [f64]>| async move {
            let row = row.await.unwrap();
            assert_eq!(row.as_ptr(), start);
            row.iter().sum::<f64>()
        };
        let (before, after) = (sum(before), sum(after));
        let both = async {
            let before = before.await;
            double.await.unwrap().iter_mut().for_each(|value| *value *= 2.0);
            (before, after.await)
        };
        scheduler.run_with(pin!(both)).ok().unwrap()
    });
    assert_eq!(sums, (4096.0 * 4095.0 / 2.0, 4096.0 * 4095.0));
    assert!(bound.is_none() || bound == Some(node));
}

//! Virtual time: it passes when nothing else can happen, and a simulation that can never go on says so.

use std::{future::pending, panic, time::Duration};

use tidemill_core::scope::after;
use tidemill_uring::{
    runtime::spawn,
    sim::{Plan, Sim, seeds},
};

use crate::stage::turn;

#[test]
fn a_year_passes_at_once() {
    seeds(|seed| {
        let sim = Sim::new(seed, Plan::ROUGH);
        sim.run(async {
            let year = Duration::from_secs(365 * 24 * 3600);
            let sooner = spawn(after(year / 2)).expect("inside a runtime");
            after(year).await.expect("inside a runtime");
            sooner.await.expect("no panic").expect("inside a runtime");
        });
        sim.end();
    });
}

#[test]
fn timers_fire_in_order_and_not_early_beside_a_task_that_spins() {
    seeds(|seed| {
        let sim = Sim::new(seed, Plan::ROUGH);
        sim.run(async {
            let spinning = spawn(async {
                loop {
                    turn().await;
                }
            })
            .expect("inside a runtime");
            let order = std::rc::Rc::new(std::cell::RefCell::new(Vec::new()));
            let tasks: Vec<_> = [3, 1, 2, 4]
                .into_iter()
                .map(|millis| {
                    let order = order.clone();
                    spawn(async move {
                        after(Duration::from_millis(millis)).await.expect("inside a runtime");
                        order.borrow_mut().push(millis);
                    })
                    .expect("inside a runtime")
                })
                .collect();
            for task in tasks {
                task.await.expect("no panic");
            }
            assert_eq!(*order.borrow(), [1, 2, 3, 4]);
            spinning.cancel();
            drop(spinning.await);
        });
        sim.end();
    });
}

#[test]
fn a_simulation_that_can_never_go_on_says_so_with_its_seed() {
    let sim = Sim::new(77, Plan::CALM);
    let told = panic::catch_unwind(panic::AssertUnwindSafe(|| sim.run(pending::<()>())));
    let told = told.expect_err("nothing can come");
    let text = told.downcast_ref::<String>().expect("a text");
    assert!(text.contains("seed 77") && text.contains("nothing can ever happen"), "{text}");
    sim.stop();
}

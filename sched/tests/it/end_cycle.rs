//! A task ends the cycle in which it has its turn. Runs with and without `std`.

use std::rc::Rc;

use tidemill_core::{
    context::end_cycle,
    error::NoContext,
    task::{Attributes, Priority},
};
use tidemill_sched::Local;

use crate::{
    board::{Board, Log},
    everywhere::in_order,
};

const LOW: Attributes = Attributes::new().priority(Priority::Low);

// async 60
#[test]
fn the_turn_in_which_a_task_ends_the_cycle_is_the_last_one_of_normal_tasks() {
    in_order(|place| {
        assert_eq!(end_cycle(), Err(NoContext));
        let log = Log::default();
        for word in ["a", "b", "c", "d", "low"] {
            let attributes = if word == "low" { LOW } else { Attributes::new() };
            let say = log.clone();
            drop(place.spawn_with(attributes, async move {
                say.say(word);
                if word == "b" {
                    end_cycle().unwrap();
                    say.say("still b");
                }
            }));
        }
        place.one_cycle();
        assert_eq!(log.take(), ["a", "b", "still b", "low"]);
        // What was asked for outside of a cycle is nobody's.
        place.here().end_cycle();
        place.one_cycle();
        assert_eq!(log.take(), ["c", "d"]);
    });
}

#[test]
fn a_turn_that_ends_an_inner_cycle_leaves_the_outer_one_to_go_on() {
    in_order(|place| {
        let (log, inner) = (Log::default(), Rc::new(Local::new(Board::default())));
        let (say, within) = (log.clone(), inner.clone());
        drop(place.spawn(async move {
            let said = say.clone();
            drop(within.spawn(async move {
                end_cycle().unwrap();
                said.say("inner");
            }));
            let said = say.clone();
            drop(within.spawn(async move { said.say("later") }));
            within.tick();
            say.say("outer");
        }));
        let say = log.clone();
        drop(place.spawn(async move { say.say("next") }));
        place.one_cycle();
        assert_eq!(log.take(), ["inner", "outer", "next"]);
        inner.tick();
        assert_eq!(log.take(), ["later"]);
    });
}

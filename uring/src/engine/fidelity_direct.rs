//! The simulated ring beside the kernel's, on direct descriptors.

use super::{
    GROUP, Op, Target, Until,
    fidelity::{CANCELED, MORE, both, simulated},
    sim::Plan,
};

#[test]
fn a_connection_at_an_entry_of_the_table_is_one_like_any_other() {
    both(|rig| {
        rig.ask(Op::accept_direct(rig.door()), 3);
        assert_eq!(rig.enter(Until::Now), []);
        rig.dial();
        assert_eq!(rig.enter(Until::Completion), [(3, 0, 0)], "the first entry, and no more");
        let there = Target::direct(0);
        rig.lend(2);
        rig.ask(Op::receive(there, GROUP), 7);
        rig.write(b"one");
        assert_eq!(rig.enter(Until::Completion), [(7, 3, MORE | 1)]);
        rig.send_to(there, b"short", 5);
        assert_eq!(rig.enter(Until::Now), []);
        assert_eq!(rig.drain(), b"short");
        rig.ask(Op::cancel(7), 9);
        assert_eq!(rig.enter(Until::Completion), [(7, CANCELED, 0)]);
        assert!(!rig.has_ended());
        rig.ask(Op::shutdown(there), 4);
        assert_eq!(rig.enter(Until::Completion), [(4, 0, 0)]);
        assert!(rig.has_ended());
        rig.ask(Op::close_direct(0), 5);
        assert_eq!(rig.enter(Until::Completion), [(5, 0, 0)]);
        rig.ask(Op::receive(there, GROUP), 7);
        assert_eq!(rig.enter(Until::Completion), [(7, -libc::EBADF, 0)]);
        rig.ask(Op::close_direct(0), 5);
        assert_eq!(rig.enter(Until::Completion), [(5, -libc::EBADF, 0)]);
    });
}

// io 6
#[test]
fn a_connection_that_finds_the_table_full_is_destroyed_until_an_entry_is_closed() {
    both(|rig| {
        let mut fars = Vec::new();
        for entry in 0..4 {
            fars.push(rig.dial());
            rig.ask(Op::accept_direct(rig.door()), 3);
            assert_eq!(rig.enter(Until::Completion), [(3, entry, 0)]);
        }
        fars.push(rig.dial());
        rig.ask(Op::accept_direct(rig.door()), 3);
        assert_eq!(rig.enter(Until::Completion), [(3, -libc::ENFILE, 0)]);
        assert!(rig.has_ended(), "it was accepted, and closed");
        rig.ask(Op::close_direct(2), 5);
        assert_eq!(rig.enter(Until::Completion), [(5, 0, 0)]);
        fars.push(rig.dial());
        rig.ask(Op::accept_direct(rig.door()), 3);
        assert_eq!(rig.enter(Until::Completion), [(3, 2, 0)]);
    });
}

#[test]
#[should_panic(expected = "seed 1: a descriptor was closed under Receive")]
fn an_entry_closed_under_its_operation_is_noticed() {
    let mut rig = simulated(1, Plan::CALM);
    rig.dial();
    rig.ask(Op::accept_direct(rig.door()), 3);
    assert_eq!(rig.enter(Until::Completion), [(3, 0, 0)]);
    rig.lend(1);
    rig.ask(Op::receive(Target::direct(0), GROUP), 7);
    rig.ask(Op::close_direct(0), 5);
    rig.enter(Until::Now);
}

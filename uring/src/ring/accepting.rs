//! Accepting: arms as many accepts as there are slots, hands connections to their listener, and goes on when one is closed.
//!
//! | moment                                  | what happens                                                                |
//! |-----------------------------------------|-----------------------------------------------------------------------------|
//! | somebody asks, nothing is ready         | accepts are armed, unless the one for many still is, or is being cancelled  |
//! | a connection is delivered               | it takes a slot, and waits in the listener; too few are left: a cancel      |
//! | slots became free                       | listeners that wait are armed, before the turn enters                       |
//! | a listener comes, or gets no slot       | who has more than a share has it cancelled, and arms anew                   |
//!
//! [I1] Shots are cancelled all together: where one alone was, a wake of the socket that was meant for it would be lost to those that stay.

use std::rc::Rc;

use super::{
    driver::{Driver, Seat},
    fd::{self, Fd, File},
    listening::Listening,
    slots::Way,
    table::{Role, Slot},
};
use crate::engine::{Completion, Op};

impl Driver {
    /// A listener on `fd`, whose kernel keeps `backlog` connections: its number.
    pub(super) fn listen(&mut self, fd: &Rc<Fd>, backlog: u32) -> u32 {
        let place = self.listeners.vacant_entry();
        let key = place.key() as u32;
        let many = self.table.open(Role::Accept(key), Some(fd.clone()));
        place.insert(Listening::new(many, backlog));
        self.recall();
        key
    }

    /// Somebody gets nothing because of what others have armed: those who have more than their share arm anew.
    #[cold]
    fn recall(&mut self) {
        if !self.slots.are_limited() {
            return;
        }
        let share = self.slots.share(self.listeners.len() as u32) as usize;
        let mut back = Vec::new();
        for (_, listening) in &self.listeners {
            back.push(listening.many);
            if listening.shots.len() > share {
                // [I1]
                back.extend(&listening.shots);
            }
        }
        back.into_iter().for_each(|slot| self.cancel(slot));
    }

    /// The owner of the listener `key` leaves: what nobody took is the caller's to drop.
    pub(super) fn dismiss(&mut self, key: u32) -> Listening {
        let left = self.listeners.remove(key as usize);
        if self.table.get(left.many).armed {
            // What it still delivers is closed at once.
            self.slots.withdraw(left.promise());
        }
        self.abandon(left.many);
        left.shots.iter().for_each(|shot| self.abandon(*shot));
        left
    }

    /// Arms what the listener `key` may have armed.
    pub(super) fn arm_accepts(&mut self, key: u32) {
        let listening = &self.listeners[key as usize];
        let entry = self.table.get(listening.many);
        if self.stopped || entry.armed {
            return;
        }
        let Some(fd) = entry.fd.clone() else { return };
        let (count, armed) = (self.listeners.len() as u32, listening.shots.len() as u32);
        match self.slots.way(listening.backlog, count, armed) {
            Way::Many => {
                self.slots.promise(listening.promise());
                let token = self.table.arm(listening.many);
                self.submit(Op::accept(fd.target()), token);
            }
            Way::Once(0) if armed == 0 => self.recall(),
            Way::Once(count) => (0..count).for_each(|_| self.arm_shot(key, &fd)),
        }
    }

    fn arm_shot(&mut self, key: u32, fd: &Rc<Fd>) {
        let shot = self.table.open(Role::Shot(key), Some(fd.clone()));
        self.slots.promise(1);
        self.listeners[key as usize].shots.push(shot);
        let token = self.table.arm(shot);
        let op = match self.slots.is_direct() {
            true => Op::accept_direct(fd.target()),
            false => Op::accept_once(fd.target()),
        };
        self.submit(op, token);
    }

    /// Slots became free: who waits for a connection is armed.
    pub(super) fn resume(&mut self) {
        let waiting = self.listeners.iter().filter(|(_, listening)| listening.is_waiting());
        let keys: Vec<u32> = waiting.map(|(key, _)| key as u32).collect();
        keys.into_iter().for_each(|key| self.arm_accepts(key));
    }

    /// An accept of the listener `key` answered.
    pub(super) fn accepted(&mut self, slot: Slot, key: u32, completion: Completion) {
        let entry = self.table.get(slot);
        let (orphan, shot) = (entry.orphan, matches!(entry.role, Role::Shot(_)));
        if shot {
            self.slots.withdraw(1);
        }
        if completion.result >= 0 {
            let file = self.adopt(&completion);
            // Without a listener it is closed here.
            if !orphan && let Some(listening) = self.listeners.get_mut(key as usize) {
                self.stats.accepted += 1;
                listening.ready.push_back(file);
                let full = listening.ready.len() >= Listening::BOUND;
                if !shot && (full || self.slots.is_overdrawn()) {
                    self.cancel(slot);
                }
            }
        }
        if !completion.more() {
            self.table.land(slot);
            if orphan || shot {
                self.close_entry(slot);
            }
        }
        let Some(listening) = self.listeners.get_mut(key as usize).filter(|_| !orphan) else {
            return;
        };
        match (completion.more(), shot) {
            (true, _) => {}
            (false, true) => listening.forget(slot),
            (false, false) => self.slots.withdraw(listening.promise()),
        }
        let again = [-libc::ECANCELED, -libc::EINTR, -libc::EAGAIN, -libc::ECONNABORTED];
        if completion.result < 0 && !again.contains(&completion.result) {
            listening.error = Some(-completion.result);
        }
        if let Some(waker) = listening.waker.take() {
            self.woken.push((Seat::Listener(key), waker));
        }
    }

    /// The connection that an accept delivered.
    fn adopt(&mut self, completion: &Completion) -> File {
        if self.slots.is_direct() {
            let entry = completion.result as u32;
            return File { fd: Fd::direct(entry), place: self.slots.take(Some(entry)) };
        }
        File { fd: fd::accepted(completion), place: self.slots.take(None) }
    }
}

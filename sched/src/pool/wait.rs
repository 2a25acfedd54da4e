//! Waiting in a turn: others have theirs on top of the frame that waits, and the worker sleeps there where it would; from a depth on it only sleeps.

#![expect(unsafe_code, reason = "queues a task of erased type")]

use tidemill_core::{
    task::{Done, Drive, Undone},
    wait::Wait,
};

use super::{
    rest::{For, Told, Who, is_told},
    schedule::Why,
    worker::{ROUND, Worker, park},
};

impl Worker {
    /// Sleeps until it is rung, and takes no task.
    fn sleep_full(&self) {
        let shared = self.shared();
        let worker = self.desk.worker;
        if let Some(task) = self.desk.next.take() {
            // SAFETY: it is in no queue, and to be in one.
            unsafe { shared.schedule(task, Why::Again) };
            shared.wake_one(self.desk.group);
        }
        if self.searching.take() && shared.idle.found() {
            shared.wake_one(self.desk.group);
        }
        shared.idle.fill(worker);
        if !self.is_rung() && !shared.is_stopped() {
            shared.look();
            shared.seats[worker].counts.parks.add(1);
            while !self.is_rung() && park(&shared.clock, Wait::Forever) {}
        }
        shared.idle.clear(worker);
        self.answer();
    }

    /// Gives turns until `done`, on top of the frame that waits.
    fn drive_until(&self, told: &Told, done: &mut Done<'_>) -> Result<(), Undone> {
        let full = self.deep.get() > self.shared().deepest;
        let mut turns = 0_usize;
        loop {
            if done(&self.waker) {
                return Ok(());
            }
            if self.shared().is_stopped() {
                return Err(Undone::Gone);
            }
            if is_told(told) {
                return Err(match full {
                    true => Undone::TooDeep,
                    false => Undone::Deadlock(self.shared().deadlock()),
                });
            }
            if full {
                self.sleep_full();
                continue;
            }
            turns = turns.wrapping_add(1);
            if self.within(|| self.step()) && !turns.is_multiple_of(ROUND) {
                continue;
            }
            if self.local.step_within(turns) {
                continue;
            }
            match self.local.settle() {
                Wait::Poll => {}
                wait => self.sleep(wait),
            }
            self.local.rouse();
        }
    }
}

impl Drive for Worker {
    fn drive(&self, done: &mut Done<'_>) -> Result<(), Undone> {
        struct Out<'w>(&'w Worker, Told);
        impl Drop for Out<'_> {
            fn drop(&mut self) {
                self.0.deep.set(self.0.deep.get() - 1);
                self.0.shared().leave(&self.1);
            }
        }
        if done(&self.waker) {
            return Ok(());
        }
        self.deep.set(self.deep.get() + 1);
        let told = self.shared().enter(For::Value, Who::Worker(self.desk.worker));
        let out = Out(self, told);
        self.drive_until(&out.1, done)
    }
}

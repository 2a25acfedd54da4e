//! A raft: a pool without threads, for models. Whoever has a handle makes tasks, and gives turns.

#![expect(unsafe_code, reason = "a pool of a model")]

use std::{any::Any, collections::VecDeque, ptr::NonNull};

use loom::sync::Mutex;
use tidemill_core::{
    clock::Instant,
    context::{Done, Head, HomeRef, HomeVTable, Priority},
    task::{Header, JoinHandle, PoolHead, Turned, spawn_pooled},
};

/// A pool without threads: a queue, and whoever takes from it.
#[repr(C)]
pub(crate) struct Raft {
    pub(crate) head: PoolHead,
    queue: Mutex<VecDeque<Task>>,
    freed: std::sync::Arc<std::sync::atomic::AtomicBool>,
}

#[derive(Clone, Copy)]
pub(crate) struct Task(NonNull<Header>);

// SAFETY: headers are `Send + Sync`.
unsafe impl Send for Task {}

static VTABLE: HomeVTable = HomeVTable {
    now: |_| Instant::ORIGIN,
    queue: |_, _| unreachable!(),
    queue_many: |_, _| unreachable!(),
    queue_later: |_, _| unreachable!(),
    send: |head, task| {
        // SAFETY: a raft begins with its head, and a handle of it calls.
        unsafe { head.cast::<Raft>().as_ref() }.queue.lock().unwrap().push_back(Task(task.cast()));
    },
    // SAFETY: as above.
    is_open: |head| unsafe { head.cast::<Raft>().as_ref() }.head.is_open(),
    adopt: |head, task, priority| {
        // SAFETY: as below.
        if unsafe { (VTABLE.admit)(head, task, priority) } {
            // SAFETY: as above.
            unsafe { (VTABLE.send)(head, task) };
        }
    },
    admit: |head, task, priority| {
        // SAFETY: as above.
        let raft = unsafe { head.cast::<Raft>().as_ref() };
        // SAFETY: it is new, and of this raft.
        unsafe { raft.head.insert(task.cast(), priority) }.is_some()
    },
    send_new: |_, _, _| unreachable!(),
    end_cycle: |_| {},
    drive: |_: &HomeRef, _: &mut Done<'_>, _: &mut dyn Any| unreachable!(),
    free: Some(|head| {
        // SAFETY: it was leaked by `launch`, and no handle is left.
        let raft = unsafe { Box::from_raw(head.cast::<Raft>().as_ptr()) };
        raft.freed.store(true, std::sync::atomic::Ordering::Relaxed);
    }),
};

/// A handle on a raft, which lives as long as there is one; and whether it is freed.
pub(crate) struct Handle {
    pub(crate) home: HomeRef,
    freed: std::sync::Arc<std::sync::atomic::AtomicBool>,
}

impl Handle {
    pub(crate) fn launch() -> Self {
        let freed = std::sync::Arc::default();
        let raft = Raft {
            head: PoolHead::new(&VTABLE, 0, 1),
            queue: Mutex::new(VecDeque::new()),
            freed: std::sync::Arc::clone(&freed),
        };
        let raft = NonNull::from(Box::leak(Box::new(raft)));
        // SAFETY: a raft begins with its head; nobody else has it yet.
        let home = unsafe { Head::handle(raft.cast()) };
        // SAFETY: the handle keeps it.
        unsafe { raft.as_ref() }.head.head().settle();
        Self { home, freed }
    }

    pub(crate) fn raft(&self) -> &Raft {
        // SAFETY: the handle keeps it.
        unsafe { &*self.home.as_ptr().cast() }
    }

    pub(crate) fn more(&self) -> Self {
        Self { home: self.home.clone(), freed: std::sync::Arc::clone(&self.freed) }
    }

    pub(crate) fn spawn<F: Future<Output: Send> + Send + 'static>(
        &self,
        future: F,
    ) -> JoinHandle<F::Output> {
        // SAFETY: it is handed over below.
        let (task, handle) = unsafe { spawn_pooled(self.home.clone(), (), future) };
        // SAFETY: it was made just now.
        if unsafe { self.raft().head.insert(task, Priority::Normal) }.is_some() {
            self.raft().queue.lock().unwrap().push_back(Task(task));
        }
        handle
    }

    /// Gives a turn, if a task is ready.
    pub(crate) fn step(&self) -> bool {
        let task = self.raft().queue.lock().unwrap().pop_front();
        let Some(task) = task else { return false };
        // SAFETY: it was taken out of its queue just now.
        if unsafe { PoolHead::run(task.0) } == Turned::Enqueue {
            self.raft().queue.lock().unwrap().push_back(task);
        }
        true
    }

    /// Ends it, when nobody takes turns any more.
    pub(crate) fn end(self) {
        self.raft().head.close();
        // SAFETY: closed, and no turn is taken.
        while unsafe { self.raft().head.cancel_one() } {}
        let freed = self.freed.clone();
        drop(self);
        assert!(freed.load(std::sync::atomic::Ordering::Relaxed), "a handle is left");
    }
}

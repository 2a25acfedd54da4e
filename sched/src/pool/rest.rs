//! Who waits for a pool, and what becomes of that when nothing can come any more.
//!
//! | waits for   | who                           | nothing goes on, and nobody outside brings anything | nothing goes on, but somebody may |
//! |-------------|-------------------------------|-----------------------------------------------------|-----------------------------------|
//! | a value     | a worker, on top of a turn    | the newest of them is told so, first                | waits on                          |
//! | a value     | the owner                     | the same, when no worker waits                      | waits on                          |
//! | rest        | the owner (`run_all`)         | is told when no value is waited for                 | is told                           |

use std::{
    sync::{
        Arc,
        atomic::{
            AtomicBool,
            Ordering::{Acquire, Relaxed, Release},
        },
    },
    thread::Thread,
};

/// What is waited for.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum For {
    Value,
    Rest,
}

/// Who waits.
#[derive(Clone, Debug)]
pub(super) enum Who {
    Worker(usize),
    Owner(Thread),
}

/// Whether it was told.
pub(super) type Told = Arc<AtomicBool>;

/// Whether nothing can come any more.
pub(super) fn is_told(told: &Told) -> bool {
    // ordering: Acquire pairs with Release in `tell`: what was seen to be at rest.
    told.load(Acquire)
}

/// What was told counts no more.
pub(super) fn forget(told: &Told) {
    // ordering: Relaxed, it is told anew under the lock.
    told.store(false, Relaxed);
}

struct Waiting {
    what: For,
    who: Who,
    told: Told,
}

/// See the [module](self). The newest stand last.
#[derive(Default)]
pub(super) struct Rest(Vec<Waiting>);

impl Rest {
    /// Notes a wait.
    pub(super) fn enter(&mut self, what: For, who: Who) -> Told {
        let told = Told::default();
        self.0.push(Waiting { what, who, told: told.clone() });
        told
    }

    /// It is over.
    pub(super) fn leave(&mut self, told: &Told) {
        self.0.retain(|waiting| !Arc::ptr_eq(&waiting.told, told));
    }

    /// Whether the owner waits, and so brings nothing.
    pub(super) fn owner_waits(&self) -> bool {
        self.0.iter().any(|waiting| matches!(waiting.who, Who::Owner(_)))
    }

    /// Nothing goes on: says who is to be woken, and told. `alone`: nobody outside brings anything either, so that values will not come.
    pub(super) fn tell(&mut self, alone: bool) -> Vec<Who> {
        let newest = |owner: bool| {
            let is = |waiting: &Waiting| matches!(waiting.who, Who::Owner(_)) == owner;
            self.0.iter().rposition(|waiting| waiting.what == For::Value && is(waiting))
        };
        // What a worker waits on top of may be what the owner waits for.
        let told = match newest(false).or_else(|| newest(true)).filter(|_| alone) {
            Some(at) => &self.0[at..=at],
            None => &self.0[..],
        };
        let told = told.iter().filter(|waiting| alone || waiting.what == For::Rest);
        told.map(|waiting| {
            // ordering: Release pairs with Acquire in `is_told`.
            waiting.told.store(true, Release);
            waiting.who.clone()
        })
        .collect()
    }
}

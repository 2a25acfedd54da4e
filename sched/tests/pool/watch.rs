//! What a pool tells of its turns.

use std::{sync::Mutex, time::Duration};

use tidemill_core::task::Attributes;
use tidemill_sched::pool::{End, LongTurn, Pool};

#[test]
fn a_long_turn_is_told_with_the_name_of_its_task() {
    static TOLD: Mutex<Vec<LongTurn>> = Mutex::new(Vec::new());
    let at_least = Duration::from_millis(5);
    let tell = |turn: &LongTurn| TOLD.lock().unwrap().push(*turn);
    let pool = Pool::builder().workers(1).on_long_turn(at_least, tell).build().unwrap();
    let work = async move {
        let begun = std::time::Instant::now();
        while begun.elapsed() < at_least {
            std::hint::spin_loop();
        }
    };
    let slow = pool.spawn_with(Attributes::new().name("slow"), work).unwrap();
    pool.block_on(slow).unwrap().unwrap();
    pool.run_all().unwrap();
    let told = TOLD.lock().unwrap().clone();
    let named: Vec<_> = told.iter().filter(|turn| turn.task.name == Some("slow")).collect();
    assert_eq!(named.len(), 1);
    assert!(named[0].took >= at_least && named[0].worker == 0);
    assert!(pool.stats()[0].longest_poll >= named[0].took);
}

#[test]
fn a_panic_of_who_is_told_of_turns_loses_no_task() {
    let tell = |_: &LongTurn| panic!("told, on purpose");
    let pool = Pool::builder().workers(2).on_long_turn(Duration::ZERO, tell).build().unwrap();
    let tasks: Vec<_> = (0..20)
        .map(|n| {
            let turns = async move {
                for _ in 0..3 {
                    tidemill_core::task::yield_now().await;
                }
                n
            };
            pool.spawn(turns).unwrap()
        })
        .collect();
    for (n, task) in tasks.into_iter().enumerate() {
        assert_eq!(pool.block_on(task).unwrap().unwrap(), n);
    }
    assert!(pool.shutdown(End::Cancel).is_err(), "the panics are told");
}

#[test]
fn a_worker_counts_what_it_does() {
    let pool = Pool::new(2).unwrap();
    for _ in 0..10 {
        pool.block_on(pool.spawn(async {}).unwrap()).unwrap().unwrap();
    }
    let stats = pool.stats();
    assert_eq!(stats.iter().map(|worker| worker.polls).sum::<usize>(), 10);
    assert!(stats.iter().all(|worker| worker.longest_poll.is_zero()), "nobody watches");
    let count =
        |of: fn(&tidemill_sched::pool::WorkerStats) -> usize| stats.iter().map(of).sum::<usize>();
    assert!(count(|worker| worker.parks) > 0 && count(|worker| worker.doorbells) > 0);
}

#[cfg(feature = "tracing")]
mod spans {
    use std::sync::{
        Arc, Mutex,
        atomic::{AtomicU64, Ordering::SeqCst},
    };

    use tidemill_core::task::Attributes;
    use tidemill_sched::pool::Pool;
    use tracing::{
        Event, Metadata, Subscriber,
        field::{Field, Visit},
        span::{Attributes as SpanAttributes, Id, Record},
    };

    /// Writes down the names of tasks whose turns are entered.
    #[derive(Clone, Default)]
    struct Notes(Arc<Mutex<Vec<String>>>, Arc<AtomicU64>);

    struct Name<'n>(&'n mut Vec<String>);

    impl Visit for Name<'_> {
        fn record_str(&mut self, field: &Field, value: &str) {
            if field.name() == "name" {
                self.0.push(value.to_owned());
            }
        }

        fn record_debug(&mut self, _: &Field, _: &dyn std::fmt::Debug) {}
    }

    impl Subscriber for Notes {
        fn enabled(&self, metadata: &Metadata<'_>) -> bool {
            metadata.target() == "tidemill"
        }

        fn new_span(&self, span: &SpanAttributes<'_>) -> Id {
            assert_eq!(span.metadata().name(), "turn");
            let mut names = Vec::new();
            span.record(&mut Name(&mut names));
            let mut notes = self.0.lock().unwrap();
            let first = !notes.contains(&"explodes".to_owned());
            let explodes = first && names.contains(&"explodes".to_owned());
            notes.append(&mut names);
            drop(notes);
            assert!(!explodes, "the first turn of this name, on purpose");
            Id::from_u64(self.1.fetch_add(1, SeqCst) + 1)
        }

        fn record(&self, _: &Id, _: &Record<'_>) {}
        fn record_follows_from(&self, _: &Id, _: &Id) {}
        fn event(&self, _: &Event<'_>) {}
        fn enter(&self, _: &Id) {}
        fn exit(&self, _: &Id) {}
    }

    #[test]
    fn every_turn_is_a_span_with_the_name_of_its_task() {
        let notes = Notes::default();
        // The workers are other threads: they see the subscriber of the process alone.
        tracing::subscriber::set_global_default(notes.clone()).unwrap();
        let pool = Pool::new(1).unwrap();
        let twice = async { tidemill_core::task::yield_now().await };
        let task = pool.spawn_with(Attributes::new().name("twice"), twice).unwrap();
        pool.block_on(task).unwrap().unwrap();
        let named = notes.0.lock().unwrap().iter().filter(|name| *name == "twice").count();
        assert_eq!(named, 2);
        // Its first turn does not come to be, since the subscriber panics: it has it again.
        let explodes = Attributes::new().name("explodes");
        let task = pool.spawn_with(explodes, async { 7 }).unwrap();
        assert_eq!(pool.block_on(task).unwrap().unwrap(), 7);
        let named = notes.0.lock().unwrap().iter().filter(|name| *name == "explodes").count();
        assert_eq!(named, 2);
    }
}

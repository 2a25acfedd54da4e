//! What a pool tells of its turns.

use std::{sync::Mutex, time::Duration};

use tidemill_core::task::Attributes;
use tidemill_sched::pool::{LongTurn, Pool};

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
            span.record(&mut Name(&mut self.0.lock().unwrap()));
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
    }
}

//! The canary: a model that must fail, or else loom does not see core's atomics and every other model passes for nothing.
#![cfg(loom)]

use std::sync::Arc;

use loom::thread;
use tidemill_core::sync::{
    AtomicBool, AtomicUsize,
    Ordering::{self, Acquire, Relaxed, Release},
};

struct Parcel {
    content: AtomicUsize,
    there: AtomicBool,
}

/// One thread packs a parcel and says so with `publish`; another looks with Acquire.
fn hand_over(publish: Ordering) {
    loom::model(move || {
        let parcel =
            Arc::new(Parcel { content: AtomicUsize::new(0), there: AtomicBool::new(false) });
        let sends = thread::spawn({
            let parcel = Arc::clone(&parcel);
            move || {
                parcel.content.store(7, Relaxed);
                parcel.there.store(true, publish);
            }
        });
        if parcel.there.load(Acquire) {
            assert_eq!(parcel.content.load(Relaxed), 7, "the parcel is there, and empty");
        }
        sends.join().unwrap();
    });
}

/// **A parcel that is there has been packed**: true with Release.
#[test]
fn a_parcel_published_with_release_arrives_whole() {
    hand_over(Release);
}

/// The same with Relaxed, a deliberate fault. This test is green when loom finds it.
#[test]
#[should_panic(expected = "the parcel is there, and empty")]
fn the_canary_fails_its_model() {
    hand_over(Relaxed);
}

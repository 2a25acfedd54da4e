//! Protected bodies: their end runs once, however they end.

use std::{cell::Cell, rc::Rc};

use tidemill_core::{
    context::{Context, Monitor},
    error::{Fault, Unwound},
    scope::protect,
};

use crate::{
    board::{Log, yield_now},
    orders::{Play, everywhere},
};

const BAD: Fault = Fault::Text("bad");

fn ends(play: &mut Play, body: Result<u32, Fault>, last: Result<(), Fault>) -> (String, usize) {
    let runs = Rc::new(Cell::new(0));
    let count = runs.clone();
    let ended = play.run(protect(
        async {
            yield_now().await;
            body
        },
        move || {
            count.set(count.get() + 1);
            async { last }
        },
    ));
    let said = match ended {
        Ok(value) => format!("{value}"),
        Err(Unwound::Body(body)) => format!("body {body}"),
        Err(Unwound::Finally(last)) => format!("finally {last}"),
        Err(Unwound::Both { body, finally }) => format!("both {body} {finally}"),
    };
    (said, runs.get())
}

#[test]
fn the_end_of_a_protected_body_runs_once_and_both_errors_are_told() {
    // async 46
    everywhere(|play| {
        let worse = Fault::Text("worse");
        assert_eq!(ends(play, Ok(7), Ok(())), ("7".into(), 1));
        assert_eq!(ends(play, Err(BAD), Ok(())), ("body bad".into(), 1));
        assert_eq!(ends(play, Ok(7), Err(worse.clone())), ("finally worse".into(), 1));
        assert_eq!(ends(play, Err(BAD), Err(worse)), ("both bad worse".into(), 1));
    });
}

#[test]
fn the_end_of_a_protected_body_runs_once_where_it_panics_or_is_cancelled_at_any_point() {
    // async 46, changed: on cancellation too.
    everywhere(|play| {
        let top = Monitor::top();
        for turns in 0..6 {
            let log = Log::default();
            let (said, ended) = (log.clone(), log.clone());
            let task = Context::root().with_monitor(top.clone()).run(|| {
                play.local.spawn(protect(
                    async move {
                        said.say("body");
                        yield_now().await;
                        Ok::<(), Fault>(())
                    },
                    move || async move {
                        yield_now().await;
                        ended.say("finally");
                        Err(BAD)
                    },
                ))
            });
            play.local.set_budget(1);
            for _ in 0..turns {
                play.local.tick();
            }
            play.local.set_budget(256);
            task.cancel();
            play.settle();
            let expected: &[&str] = if turns == 0 { &[] } else { &["body", "finally"] };
            assert_eq!(log.take(), expected, "cancelled after {turns} turns");
        }
        assert!(top.seen() > 0, "an error at the end of what was cancelled goes to the monitor");
        let log = play.log.clone();
        let task = play.local.spawn(protect(
            async { if true { panic!("body") } else { Ok::<(), Fault>(()) } },
            move || async move {
                log.say("finally");
                Ok(())
            },
        ));
        play.settle();
        assert!(task.is_finished());
        assert!(play.run(task).is_err());
        assert_eq!(play.log.take(), ["finally"]);
    });
}

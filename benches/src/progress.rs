//! How far a run is, and how long it may still take: a line on the error stream now and then.

use std::{
    io::{self, IsTerminal, Write},
    time::{Duration, Instant},
};

/// What is planned and what is done, in seconds as planned.
#[derive(Debug)]
pub struct Progress {
    planned: f64,
    done: f64,
    began: Instant,
    told: Option<Instant>,
}

impl Progress {
    /// Nothing is done of what is planned.
    pub fn new(planned: f64) -> Self {
        Self { planned, done: 0.0, began: Instant::now(), told: None }
    }

    /// Says what comes next, where the last word is a while ago.
    pub fn say(&mut self, what: &str) {
        let terminal = io::stderr().is_terminal();
        let pause = if terminal { Duration::from_millis(200) } else { Duration::from_secs(10) };
        if self.told.is_some_and(|told| told.elapsed() < pause) {
            return;
        }
        self.told = Some(Instant::now());
        let part = (self.done / self.planned).clamp(0.0, 1.0);
        let line = format!("[{:3.0} %] {}: {what}", part * 100.0, self.left());
        let mut out = io::stderr().lock();
        // Progress that nobody can see is none.
        let _ = match terminal {
            true => write!(out, "\r\x1b[K{line}"),
            false => writeln!(out, "{line}"),
        };
        let _ = out.flush();
    }

    /// Notes that so much of the plan is done.
    pub fn add(&mut self, seconds: f64) {
        self.done += seconds;
    }

    /// Says something that stays.
    pub fn note(&mut self, what: &str) {
        let clear = if io::stderr().is_terminal() { "\r\x1b[K" } else { "" };
        eprintln!("{clear}{what}");
    }

    /// As planned at first, and more and more as the run itself goes.
    fn left(&self) -> String {
        let rest = (self.planned - self.done).max(0.0);
        let weight = (self.done / self.planned * 5.0).clamp(0.0, 1.0);
        let pace = match self.done > 0.0 {
            true => self.began.elapsed().as_secs_f64() / self.done,
            false => 1.0,
        };
        let seconds = rest * (pace * weight + 1.0 - weight);
        match seconds {
            90.0.. => format!("about {:.0} minutes left", seconds / 60.0),
            _ => format!("about {seconds:.0} seconds left"),
        }
    }
}

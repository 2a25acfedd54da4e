//! One of everything that firmware needs, on a trace of words: two tasks and an Ivar, a timer, a task that is cancelled, epochs in a static,
//! a pipe out of an interrupt, a choice between a moment and an event, sleep where there is nothing to do.
//!
//! | the interrupt | does                              | wakes            |
//! |---------------|-----------------------------------|------------------|
//! | first         | fills [`PRESSED`]                 | `run`            |
//! | next four     | write into [`SAMPLES`], come again | `collect`        |
//! | after         | fills [`SIGNAL`]                  | a choice         |

use core::{
    fmt::Arguments,
    future::pending,
    sync::atomic::{AtomicUsize, Ordering::Relaxed},
    time::Duration,
};

use tidemill_core::{
    choose,
    clock::Instant,
    epoch::{AsyncCell, MutableBuffer, ReadBuffer, WriteBuffer},
    error::{Fault, JoinError, NoContext},
    ivar::Ivar,
    scope::{after, at},
    share::pipe::FixedPipe,
    task::{Hooks, TaskPlace, task_align, task_size, yield_now},
    task_place,
};
use tidemill_sched::Local;

use crate::{Desk, line::say};

/// A board's desk, for tasks.
type At = &'static dyn Desk;

static ANSWER: Ivar<u32> = Ivar::new();
static PRESSED: Ivar<u32> = Ivar::new();
static SIGNAL: Ivar<u32> = Ivar::new();
static SAMPLES: FixedPipe<u32, 2> = FixedPipe::fixed();
static TIMELINE: AsyncCell<u32, 3> = AsyncCell::empty();
/// How often the interrupt has come.
static TIMES: AtomicUsize = AtomicUsize::new(0);

const SAMPLE: Duration = Duration::from_micros(200);

/// What the board's interrupt does.
pub fn on_interrupt(desk: At) {
    let before = TIMES.load(Relaxed);
    TIMES.store(before + 1, Relaxed);
    match before {
        0 => _ = PRESSED.fill(7),
        sample @ 1..=4 => {
            // Nobody else writes there, and the reader keeps up.
            let _ = SAMPLES.writer().try_write(sample as u32 * 10);
            if sample < 4 {
                desk.stir(SAMPLE);
            } else {
                SAMPLES.writer().close();
            }
        }
        _ => _ = SIGNAL.fill(9),
    }
}

/// Runs the tour, and says whether all of it was as it should be.
pub async fn run<H: Hooks>(local: &Local<H>, desk: At) -> bool {
    say(desk, format_args!("tidemill: the tour begins"));
    let tour = Tour { desk };
    let good = [
        tour.two_tasks(local).await,
        tour.a_moment(local).await,
        tour.a_cancel(local).await,
        tour.an_interrupt().await,
        tour.a_pipe(local).await,
        tour.epochs(local).await,
        tour.choices(local).await,
    ];
    tour.say(format_args!("slept in between: {}", desk.sleeps() > 0));
    tour.sizes();
    let ends = local.live() == 0;
    tour.say(format_args!("no task is left: {ends}"));
    good.iter().all(|&good| good) && ends && desk.sleeps() > 0
}

struct Tour {
    desk: At,
}

impl Tour {
    fn say(&self, words: Arguments<'_>) {
        say(self.desk, words);
    }

    /// What tasks cost: lines that begin with `#` are for the reader, and not compared.
    fn sizes(&self) {
        let header = size_of::<TaskPlace<{ task_size(&nothing) }, { task_align(&nothing) }>>();
        self.say(format_args!(
            "# static RAM of a task: {header} bytes; and for its future or output:"
        ));
        let tasks = [
            ("ask", task_size(&ask)),
            ("answer", task_size(&answer)),
            ("wait", task_size(&wait)),
            ("collect", task_size(&collect)),
            ("write", task_size(&write)),
            ("change", task_size(&change)),
            ("show_first", task_size(&show_first)),
        ];
        for (name, size) in tasks {
            self.say(format_args!("#   {name}: {size} bytes"));
        }
        self.say(format_args!(
            "# stack, one for all tasks and interrupts: {} bytes",
            self.desk.stack()
        ));
    }

    /// Two tasks and an Ivar.
    async fn two_tasks<H: Hooks>(&self, local: &Local<H>) -> bool {
        let asks = local.spawn_place(task_place!(ask), ask(self.desk));
        let answers = local.spawn_place(task_place!(answer), answer(self.desk));
        let (Ok(asks), Ok(answers)) = (asks, answers) else { return false };
        let heard = asks.await;
        matches!(heard, Ok(42)) && answers.await.is_ok()
    }

    /// A timer while the processor sleeps: never early. And one while a task is busy: not late either. (How late the first is says more about
    /// the emulator, in which a sleep of 5 ms lasts 10.)
    async fn a_moment<H: Hooks>(&self, local: &Local<H>) -> bool {
        let sleeps = self.desk.sleeps();
        let (woken, early, _) = sleep(local, Duration::from_millis(5)).await;
        let slept = self.desk.sleeps() > sleeps;
        self.say(format_args!("a timer: {woken:?}, early: {early}, slept until then: {slept}"));
        let Ok(busy) = local.spawn_place(task_place!(stay_busy), stay_busy()) else { return false };
        let (_, early_again, late) = sleep(local, Duration::from_millis(2)).await;
        busy.cancel();
        let on_time = busy.await.is_err() && !early_again && late < Duration::from_micros(400);
        self.say(format_args!("a timer beside a busy task: on time: {on_time}"));
        woken.is_ok() && !early && slept && on_time
    }

    /// A task that waits for ever, and is cancelled.
    async fn a_cancel<H: Hooks>(&self, local: &Local<H>) -> bool {
        let Ok(waits) = local.spawn_place(task_place!(wait), wait(self.desk)) else { return false };
        yield_now().await;
        self.say(format_args!("cancels it"));
        waits.cancel();
        let ended = waits.await;
        let cancelled = matches!(ended, Err(JoinError::Cancelled));
        self.say(format_args!("it was cancelled: {cancelled}"));
        cancelled
    }

    /// An interrupt fills an Ivar.
    async fn an_interrupt(&self) -> bool {
        self.desk.stir(Duration::from_millis(1));
        let pressed = PRESSED.read().await.copied();
        self.say(format_args!("the interrupt fills {pressed:?}"));
        pressed == Ok(7)
    }

    /// Interrupts write into a pipe, a task reads it.
    async fn a_pipe<H: Hooks>(&self, local: &Local<H>) -> bool {
        let collects = local.spawn_place(task_place!(collect), collect(self.desk));
        self.desk.stir(SAMPLE);
        let Ok(collects) = collects else { return false };
        matches!(collects.await, Ok(100))
    }

    /// Epochs: tasks take their turns in the order in which they enrolled, not in that in which they were made.
    async fn epochs<H: Hooks>(&self, local: &Local<H>) -> bool {
        let Some(mut value) = TIMELINE.claim() else { return false };
        let (Ok(writer), first) = (value.try_write(), value.read()) else { return false };
        let (Ok(changer), last) = (value.try_mutate(), value.read()) else { return false };
        let tasks = (
            local.spawn_place(task_place!(show_last), show_last(self.desk, last)),
            local.spawn_place(task_place!(change), change(self.desk, changer)),
            local.spawn_place(task_place!(show_first), show_first(self.desk, first)),
            local.spawn_place(task_place!(write), write(self.desk, writer)),
        );
        let (Ok(last), Ok(changes), Ok(first), Ok(writes)) = tasks else { return false };
        let seen = (writes.await, first.await, changes.await, last.await);
        matches!(seen, (Ok(()), Ok(Ok(1)), Ok(true), Ok(Ok(42))))
    }

    /// The first of a moment and an event: once it is the one, once the other.
    async fn choices<H: Hooks>(&self, local: &Local<H>) -> bool {
        let begun = local.hooks().now();
        let first = choose! {
            signal = &SIGNAL => signal.copied().unwrap_or(0),
            _ = after(Duration::from_millis(1)) => 1,
        };
        self.say(format_args!("a choice: {}", name_of(first)));
        self.desk.stir(Duration::from_millis(1));
        let second = choose! {
            _ = after(Duration::from_secs(1)) => 1,
            signal = &SIGNAL => signal.copied().unwrap_or(0),
        };
        self.say(format_args!("a choice: {}", name_of(second)));
        let long: Instant = begun + Duration::from_millis(500);
        first == 1 && second == 9 && local.hooks().now() < long
    }
}

fn name_of(chosen: u32) -> &'static str {
    match chosen {
        1 => "the moment",
        9 => "the event",
        _ => "neither",
    }
}

/// How a sleep ended, whether too early, and how late.
async fn sleep<H: Hooks>(
    local: &Local<H>,
    span: Duration,
) -> (Result<(), NoContext>, bool, Duration) {
    let due = local.hooks().now() + span;
    let woken = at(due).await;
    let now = local.hooks().now();
    (woken, now < due, now - due)
}

async fn nothing() {}

async fn stay_busy() {
    loop {
        yield_now().await;
    }
}

async fn ask(desk: At) -> u32 {
    say(desk, format_args!("one task waits"));
    let answer = ANSWER.read().await.copied().unwrap_or(0);
    say(desk, format_args!("it has {answer}"));
    answer
}

async fn answer(desk: At) {
    say(desk, format_args!("the other fills 42"));
    let _ = ANSWER.fill(42);
    say(desk, format_args!("and goes on"));
}

struct Says(At, &'static str);

impl Drop for Says {
    fn drop(&mut self) {
        say(self.0, format_args!("{}", self.1));
    }
}

async fn wait(desk: At) {
    let _drops = Says(desk, "it is dropped where it waits");
    say(desk, format_args!("a task waits for ever"));
    pending::<()>().await;
}

async fn collect(desk: At) -> u32 {
    let mut sum = 0;
    while let Some(sample) = SAMPLES.reader().read().await {
        say(desk, format_args!("a sample out of an interrupt: {sample}"));
        sum += sample;
    }
    say(desk, format_args!("the pipe is closed, the sum is {sum}"));
    sum
}

async fn write(desk: At, buffer: WriteBuffer<u32>) {
    say(desk, format_args!("epochs: writes 1"));
    buffer.put(1).await;
}

async fn change(desk: At, buffer: MutableBuffer<u32>) -> bool {
    let Ok(mut value) = buffer.await else { return false };
    say(desk, format_args!("epochs: changes {}", *value));
    *value += 41;
    true
}

async fn show_first(desk: At, buffer: ReadBuffer<u32>) -> Result<u32, ()> {
    show(desk, &buffer).await
}

async fn show_last(desk: At, buffer: ReadBuffer<u32>) -> Result<u32, ()> {
    show(desk, &buffer).await
}

async fn show(desk: At, buffer: &ReadBuffer<u32, Fault>) -> Result<u32, ()> {
    let value = *buffer.await.map_err(drop)?;
    say(desk, format_args!("epochs: reads {value}"));
    Ok(value)
}

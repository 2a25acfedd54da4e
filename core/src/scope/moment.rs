//! A moment that is waited for, where Homes are counted: it binds to a Home, and sleeps on its wheel. (Without `alloc` it is `fixed`.)

use core::{
    fmt,
    future::Future,
    pin::Pin,
    task::{Context, Poll},
    time::Duration,
};

use pin_project_lite::pin_project;

use crate::{
    clock::{Clock, Instant},
    context::{CurrentHome, Here, current},
    error::NoContext,
    time::{Sleep, coalesce},
};

#[derive(Clone, Copy, Debug)]
pub(super) enum Moment {
    Span(Duration),
    /// With slack, and how to use it: named here, so that who allows none has no division in his program.
    Within(Duration, Duration, fn(Instant, Duration) -> Instant),
    Deadline(Instant),
}

pin_project! {
    /// The future of [`after`](super::after::after), [`at`](super::after::at) and their like.
    #[must_use = "futures do nothing unless polled"]
    pub struct After {
        #[pin]
        stage: Stage,
    }
}

pin_project! {
    #[project = StageProjection]
    enum Stage {
        Unbound { moment: Moment },
        Bound {
            #[pin]
            sleep: Sleep<CurrentHome>,
        },
    }
}

impl After {
    #[inline]
    pub(super) fn new(moment: Moment) -> Self {
        Self { stage: moment.bind() }
    }

    pub(super) fn on(here: &Here, moment: Moment) -> Self {
        Self { stage: Stage::Bound { sleep: moment.on(here.as_current()) } }
    }

    /// Allows it to resolve by up to `slack` later than it is due, and never earlier: one wake then serves several.
    pub fn with_slack(self, slack: Duration) -> Self {
        let stage = match self.stage {
            Stage::Unbound { moment } => Stage::Unbound {
                moment: match moment {
                    Moment::Span(span) => Moment::Within(span, slack, coalesce),
                    Moment::Within(span, _, by) => Moment::Within(span, slack, by),
                    Moment::Deadline(deadline) => Moment::Deadline(coalesce(deadline, slack)),
                },
            },
            Stage::Bound { sleep } => {
                let deadline = coalesce(sleep.deadline(), slack);
                Stage::Bound { sleep: Sleep::at(sleep.source().clone(), deadline) }
            }
        };
        Self { stage }
    }

    /// When it resolves, by the clock of its Home, if it is bound to one.
    pub fn deadline(&self) -> Option<Instant> {
        match &self.stage {
            Stage::Unbound { .. } => None,
            Stage::Bound { sleep } => Some(sleep.deadline()),
        }
    }
}

impl Moment {
    /// Bound to the current Home, if there is one.
    #[cfg_attr(not(feature = "std"), inline(never))]
    fn bind(self) -> Stage {
        match current() {
            Some(here) => Stage::Bound { sleep: self.on(here) },
            None => Stage::Unbound { moment: self },
        }
    }

    #[inline]
    fn on(self, here: CurrentHome) -> Sleep<CurrentHome> {
        match self {
            Self::Span(span) => Sleep::after(here, span),
            Self::Within(span, slack, coalesce) => {
                let deadline = coalesce(here.now() + span, slack);
                Sleep::at(here, deadline)
            }
            Self::Deadline(deadline) => Sleep::at(here, deadline),
        }
    }
}

impl Future for After {
    type Output = Result<(), NoContext>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let mut stage = self.project().stage;
        if let StageProjection::Unbound { moment } = stage.as_mut().project() {
            let bound = moment.bind();
            stage.set(bound);
        }
        match stage.project() {
            StageProjection::Bound { sleep } => sleep.poll(cx).map_err(|_closed| NoContext),
            StageProjection::Unbound { .. } => Poll::Ready(Err(NoContext)),
        }
    }
}

impl fmt::Debug for After {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.stage {
            Stage::Unbound { moment } => f.debug_tuple("After").field(moment).finish(),
            Stage::Bound { sleep } => f.debug_tuple("After").field(&sleep.deadline()).finish(),
        }
    }
}

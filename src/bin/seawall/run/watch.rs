//! Who is told of a run while it goes on: a file of events, and people.

use super::event_file::EventFile;
use super::frame::View;
use super::lines::{Lines, row};
use super::progress::Progress;
use super::record::Record;
use super::screen::Screen;
use super::signals::News;
use seawall::crossbeam_channel::{Receiver, select};
use seawall::{CircuitBreakerRegistry, Event};
use std::sync::Arc;
use std::time::{Duration, Instant};

/// How often somebody looks who has nothing to draw.
const SELDOM: Duration = Duration::from_secs(3600);
/// At most ten frames a second.
const FRAME_INTERVAL: Duration = Duration::from_millis(100);
/// How many lines are put together at most before they are written.
const MOST_LINES: usize = 1000;

/// Everybody who is told.
pub(crate) struct Watch<'a> {
    pub(crate) run: &'a str,
    pub(crate) file: Option<&'a mut EventFile>,
    pub(crate) record: Option<&'a mut Record>,
    pub(crate) people: Option<People<'a>>,
}

impl Watch<'_> {
    /// Tells of every event until there are no more.
    pub(crate) fn until_over(mut self, events: &Receiver<Event>, signals: &Receiver<News>) {
        let interval = self.people.as_ref().map_or(SELDOM, People::interval);
        loop {
            select! {
                recv(events) -> event => match event {
                    Ok(event) => self.tell(&event),
                    Err(_) => return,
                },
                recv(signals) -> news => self.warn(news.ok()),
                default(interval) => {}
            }
            events.try_iter().take(MOST_LINES).for_each(|event| self.tell(&event));
            if let Some(people) = &mut self.people {
                people.show();
            }
        }
    }

    fn tell(&mut self, event: &Event) {
        if let Some(file) = &mut self.file {
            file.write(event, self.run);
        }
        if let Some(record) = &mut self.record {
            record.take(event);
        }
        if let Some(people) = &mut self.people {
            people.take(event);
        }
    }

    fn warn(&mut self, news: Option<News>) {
        if let (Some(people), Some(News { signal, effect })) = (&mut self.people, news) {
            people.said += &row(people.lines.palette.notable, signal, None, effect);
        }
    }
}

/// People at a terminal, or behind a pipe.
pub(crate) struct People<'a> {
    screen: &'a Screen,
    lines: Lines,
    breakers: Arc<CircuitBreakerRegistry>,
    progress: Progress,
    /// Lines that are to be written.
    said: String,
    live: Option<Live>,
}

/// The live display's clock.
struct Live {
    began: Instant,
    /// A run that is over before has no frame.
    next_frame: Instant,
}

impl<'a> People<'a> {
    /// With `is_live`, a frame below the lines.
    pub(crate) fn new(screen: &'a Screen, lines: Lines, is_live: bool, breakers: Arc<CircuitBreakerRegistry>) -> Self {
        let began = Instant::now();
        let live = is_live.then(|| Live { began, next_frame: began + FRAME_INTERVAL });
        Self { screen, lines, breakers, progress: Progress::default(), said: String::new(), live }
    }

    fn interval(&self) -> Duration {
        self.live.as_ref().map_or(SELDOM, |_| FRAME_INTERVAL)
    }

    fn take(&mut self, event: &Event) {
        self.said.extend(self.lines.line(event, &self.progress, &self.breakers));
        self.progress.take(event);
    }

    fn show(&mut self) {
        let Some(live) = &mut self.live else {
            self.screen.say(&self.said);
            return self.said.clear();
        };
        let now = Instant::now();
        if now < live.next_frame {
            return;
        }
        live.next_frame = now + FRAME_INTERVAL;
        let breakers = &self.breakers;
        let view = View {
            now: now - live.began,
            size: Screen::size(),
            palette: self.lines.palette,
            tried_in: &|backend| Some(breakers.get(backend).retry_at()?.saturating_duration_since(now)),
        };
        let frame = if Screen::is_ours() { view.frame(&self.progress) } else { Vec::new() };
        self.screen.draw(&self.said, frame);
        self.said.clear();
    }
}

/// What was said last is shown, and the frame goes.
impl Drop for People<'_> {
    fn drop(&mut self) {
        self.screen.say(&self.said);
    }
}

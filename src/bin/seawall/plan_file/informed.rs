//! A backend that is told of what came before.

use super::template::Templates;
use crate::response_files::ResponseFiles;
use seawall::{Backend, Context, Message, Response, RunnerBuilder, SendError, TaskId};
use std::collections::HashSet;
use std::sync::Arc;

/// What there is to tell.
#[derive(Clone, Debug, Default)]
pub(super) struct News {
    pub(super) templates: Option<Arc<Templates>>,
    /// Who is taken as done.
    pub(super) left_out: Arc<HashSet<TaskId>>,
    /// For backends that start programs.
    pub(super) files: Option<Arc<ResponseFiles>>,
}

/// Fills in prompts, and sees to it that programs find the files that they may read.
struct Informed<B> {
    backend: B,
    news: News,
}

impl News {
    /// Adds a backend that hears of it. Where there is nothing to tell, nothing stands before the backend.
    pub(super) fn add<B: Backend + 'static>(
        self,
        builder: RunnerBuilder<'static>,
        name: Arc<str>,
        backend: B,
    ) -> RunnerBuilder<'static> {
        if self.templates.is_none() && self.files.is_none() {
            return builder.backend(name, backend);
        }
        builder.backend(name, Informed { backend, news: self })
    }
}

impl<B: Backend> Backend for Informed<B> {
    fn send(&self, request: &Message, cx: &Context<'_>) -> Result<Response, SendError> {
        let News { templates, left_out, files } = &self.news;
        files.as_ref().map_or(Ok(()), |files| files.provide(cx))?;
        match templates.as_ref().and_then(|templates| templates.fill(cx, left_out)) {
            Some(prompt) => self.backend.send(&request.clone().with_prompt(prompt?), cx),
            None => self.backend.send(request, cx),
        }
    }
}

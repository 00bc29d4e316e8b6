//! Prompts that are in files of their own.

use super::faults::{Fault, Faults};
use super::field::Field;
use super::source;
use seawall::Message;
use std::collections::HashMap;
use std::path::{Path, PathBuf};

/// Reads each file once, however many tasks send it.
pub(super) struct Prompts<'a> {
    folder: &'a Path,
    read: HashMap<PathBuf, Result<Message, String>>,
}

impl<'a> Prompts<'a> {
    /// Relative paths begin at `folder`.
    pub(super) fn new(folder: &'a Path) -> Self {
        Self { folder, read: HashMap::new() }
    }

    pub(super) fn folder(&self) -> &'a Path {
        self.folder
    }

    pub(super) fn read(&mut self, field: &Field<'_, '_>, faults: &mut Faults) -> Option<Message> {
        let name = field.text_without_nul(faults)?;
        let path = self.folder.join(name);
        let prompt = self.read.entry(path).or_insert_with_key(|path| prompt_at(path));
        match prompt {
            Ok(prompt) => Some(prompt.clone()),
            Err(reason) => {
                let title = format!("`{}` in {}: failed to read {name}", field.key, field.place);
                faults.add(Fault::at(field.span.clone(), title).label(reason.clone()));
                None
            }
        }
    }
}

fn prompt_at(path: &Path) -> Result<Message, String> {
    let bytes = source::read_file(path).map_err(|error| source::reason(path, &error))?;
    String::from_utf8(bytes).map(Message::from).map_err(|_| "it is not UTF-8".to_owned())
}

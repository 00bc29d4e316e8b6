//! Finds a task's place by its name. It holds no names: whoever asks tells the name at a place.

use super::edges::number;
use hashbrown::{DefaultHashBuilder, HashTable};
use std::hash::BuildHasher;

/// Five bytes a task, which is why it is no `HashMap<TaskId, usize>`.
pub(crate) struct Index {
    places: HashTable<u32>,
    hasher: DefaultHashBuilder,
}

impl Index {
    /// Calls `twin` for each item whose name was there before, and says whether it is the name's first repetition.
    pub(super) fn of<T>(items: &[T], id_of: impl Fn(&T) -> &str, mut twin: impl FnMut(usize, bool)) -> Self {
        let hasher = DefaultHashBuilder::default();
        let hash_at = |place: &u32| hasher.hash_one(id_of(&items[*place as usize]));
        let mut places: HashTable<u32> = HashTable::with_capacity(items.len());
        let mut twins = hashbrown::HashSet::new();
        for (place, item) in items.iter().enumerate() {
            let id = id_of(item);
            let is_same = |other: &u32| id_of(&items[*other as usize]) == id;
            match places.entry(hasher.hash_one(id), is_same, hash_at) {
                hashbrown::hash_table::Entry::Occupied(_) => twin(place, twins.insert(id)),
                hashbrown::hash_table::Entry::Vacant(vacant) => drop(vacant.insert(number(place))),
            }
        }
        Self { places, hasher }
    }

    /// The place of the task `id`, if there is one.
    pub(crate) fn find<'a>(&self, id: &str, id_at: impl Fn(u32) -> &'a str) -> Option<u32> {
        self.places.find(self.hasher.hash_one(id), |place| id_at(*place) == id).copied()
    }
}

//! Where in a table the rows of each sync are.

use std::collections::HashMap;
use std::ops::RangeInclusive;

use crate::engine::Kind;

/// Which rows of the tables are whose. Tables are read from end to end once, for the first sync; rows of the others are then
/// known to lie between two numbers.
pub struct Spans {
    /// The place of each sync among the runs, by its id.
    places: HashMap<Vec<u8>, usize>,
    /// The first and last row of each sync, by kind.
    spans: [Vec<Option<(i64, i64)>>; Kind::ALL.len()],
    /// The sync that was asked for last: rows of one follow one another.
    last: Option<(Vec<u8>, Option<usize>)>,
}

impl Spans {
    /// For syncs with these ids.
    pub fn new<'i>(ids: impl ExactSizeIterator<Item = &'i str>) -> Spans {
        let spans = Kind::ALL.map(|_| vec![None; ids.len()]);
        let places = ids.enumerate().map(|(place, id)| (id.as_bytes().to_vec(), place)).collect();
        Spans { places, spans, last: None }
    }

    /// The place of a sync; `None` if there is none with that id.
    pub fn place(&mut self, sync_id: &[u8]) -> Option<usize> {
        match &self.last {
            Some((last, place)) if last == sync_id => *place,
            _ => {
                let place = self.places.get(sync_id).copied();
                self.last = Some((sync_id.to_vec(), place));
                place
            }
        }
    }

    /// Notes a row of a sync.
    pub fn add(&mut self, kind: Kind, place: usize, row: i64) {
        let span = &mut self.spans[kind as usize][place];
        *span = Some(span.map_or((row, row), |(first, last)| (first.min(row), last.max(row))));
    }

    /// The rows to read for the sync at a place.
    pub fn rows(&self, kind: Kind, place: usize) -> RangeInclusive<i64> {
        match (place, self.spans[kind as usize].get(place)) {
            (0, _) => i64::MIN..=i64::MAX,
            (_, Some(Some((first, last)))) => *first..=*last,
            #[allow(clippy::reversed_empty_ranges)]
            _ => 1..=0,
        }
    }
}

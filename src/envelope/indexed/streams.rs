//! Who goes from frame to frame, and how far he will be read ahead.

use parking_lot::Mutex;

/// Walks that are followed at a time: those of a few cursors or listings.
const MOST: usize = 8;
/// The most frames that are asked for at once.
const MOST_FRAMES: usize = 64;

/// Walks through files in the order of their names. Whoever comes for the file behind his last one has twice as many read at
/// once; who comes for any other has that one alone.
#[derive(Default)]
pub struct Streams(Mutex<Vec<Stream>>);

/// A walk, by the file that it will come to next, and what it has come for last.
struct Stream {
    next: usize,
    frames: usize,
}

impl Streams {
    /// How many files from `index` on are worth reading, for somebody who comes for that one.
    pub fn come_for(&self, index: usize) -> usize {
        let mut streams = self.0.lock();
        let known = streams.iter().position(|stream| stream.next == index);
        let frames = match known.map(|known| streams.remove(known)) {
            Some(stream) => (stream.frames * 2).min(MOST_FRAMES),
            None => 1,
        };
        if streams.len() == MOST {
            streams.remove(0);
        }
        streams.push(Stream { next: index + 1, frames });
        frames
    }

    /// Whether somebody who goes from file to file will come for this one next.
    pub fn lead_to(&self, index: usize) -> bool {
        self.0.lock().iter().any(|stream| stream.next == index && stream.frames > 1)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_goes_on_has_more_read_and_who_jumps_has_not() {
        let streams = Streams::default();
        assert_eq!([4, 5, 6, 7].map(|index| streams.come_for(index)), [1, 2, 4, 8]);
        assert!(streams.lead_to(8) && !streams.lead_to(9));
        assert_eq!([20, 3, 8].map(|index| streams.come_for(index)), [1, 1, 16]);
        assert!(!streams.lead_to(21));
        for other in 0..MOST {
            streams.come_for(100 + 2 * other);
        }
        assert_eq!(streams.come_for(9), 1, "it was forgotten");
    }
}

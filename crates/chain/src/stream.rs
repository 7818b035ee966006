//! Lines on their way, before they are packed: words one after the other in pieces of one size, what a line lacks
//! left out, so that many millions pass through little memory with little work.

use crate::facts::NONE;
use crate::line::{Line, Said};

/// Words of a piece.
const PIECE: usize = 1 << 14;
/// Most words that are asked of the system at once.
const MOST_AT_ONCE: usize = 1 << 24;
/// Most words of a line.
const MOST: usize = 10;

/// In the head of a line: which words follow the item, the step and the time.
const PLACE: u32 = 1 << 24;
const OTHER: u32 = 1 << 25;
const DOCUMENT: u32 = 1 << 26;
const LOW: u32 = 1 << 27;
const HIGH: u32 = 1 << 28;

/// A line as its words; of them the item, the step and the kind are known without more ado.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Coded {
    words: [u32; MOST],
    count: usize,
}

impl Coded {
    pub(crate) fn of(line: &Line) -> Self {
        let (words, count) = words(line);
        Self { words, count }
    }

    pub(crate) fn item(&self) -> u32 {
        self.words[1]
    }

    pub(crate) fn event(&self) -> u32 {
        self.words[2]
    }

    pub(crate) fn said(&self) -> Said {
        Said::of(self.words[0].to_le_bytes()[0])
    }

    /// The whole line.
    pub(crate) fn line(&self) -> Line {
        line(&self.words)
    }

    /// The same of another item and step.
    pub(crate) fn with(mut self, item: u32, event: u32) -> Self {
        self.words[1..3].copy_from_slice(&[item, event]);
        self
    }
}

/// Where a piece lies, and how much of it is used; a line that begins in it has room for [`MOST`] words.
#[derive(Debug, Clone, Copy)]
struct Piece {
    slab: usize,
    first: usize,
    used: usize,
}

/// Memory for the pieces of several streams: what one was drained of goes to the next, and at last everything goes back
/// to the system at once, so that nothing else comes to lie in between.
#[derive(Debug, Clone, Default)]
pub(crate) struct Space {
    slabs: Vec<Vec<u32>>,
    free: Vec<Piece>,
}

/// Lines in order of arrival.
#[derive(Debug, Clone, Default)]
pub(crate) struct Stream {
    pieces: Vec<Piece>,
}

impl Space {
    fn piece(&mut self) -> Piece {
        if let Some(piece) = self.free.pop() {
            return piece;
        }
        // as much again as there is, so that a small index takes little
        let words: usize = self.slabs.iter().map(Vec::len).sum();
        let (slab, size) = (self.slabs.len(), words.clamp(PIECE, MOST_AT_ONCE));
        self.slabs.push(vec![0; size]);
        self.free.extend((1..size / PIECE).rev().map(|at| Piece { slab, first: at * PIECE, used: 0 }));
        Piece { slab, first: 0, used: 0 }
    }

    /// The line that begins at a word of a piece.
    #[inline]
    fn line(&self, piece: &Piece, at: usize) -> Option<Coded> {
        let words = *self.slabs.get(piece.slab)?.get(piece.first + at..)?.first_chunk()?;
        Some(Coded { words, count: count(words[0]) })
    }
}

/// The lower and the upper half.
fn halves(number: i64) -> (u32, u32) {
    let [a, b, c, d, e, f, g, h] = number.to_le_bytes();
    (u32::from_le_bytes([a, b, c, d]), u32::from_le_bytes([e, f, g, h]))
}

fn whole(low: u32, high: u32) -> i64 {
    (u64::from(high) << 32 | u64::from(low)).cast_signed()
}

/// The words of a line, and how many they are.
#[inline]
fn words(line: &Line) -> ([u32; MOST], usize) {
    let ((early, late), (low, high)) = (halves(line.time), halves(line.mantissa));
    let mut words = [0; MOST];
    let mut head = u32::from_le_bytes([line.said, line.unit, line.scale, 0]);
    words[1..5].copy_from_slice(&[line.item, line.event, early, late]);
    let mut at = 5;
    let parts = [
        (PLACE, line.place, NONE),
        (OTHER, line.other, NONE),
        (DOCUMENT, line.document, NONE),
        (LOW, low, 0),
        (HIGH, high, 0),
    ];
    for (flag, word, absent) in parts {
        words[at] = word;
        let there = word != absent;
        head |= if there { flag } else { 0 };
        at += usize::from(there);
    }
    words[0] = head;
    (words, at)
}

/// How many words a line with this head takes.
#[inline]
fn count(head: u32) -> usize {
    // how many of the five flags are set, two bits at a time
    let flags = head >> 24 & 31;
    let pairs = (flags & 0b1_0101) + (flags >> 1 & 0b1_0101);
    5 + ((pairs & 3) + (pairs >> 2 & 3) + (pairs >> 4)) as usize
}

/// The line of these words.
#[inline]
fn line(words: &[u32; MOST]) -> Line {
    let head = words[0];
    let mut at = 5;
    let mut next = |flag: u32, absent: u32| {
        let there = head & flag != 0;
        let word = if there { words[at % MOST] } else { absent };
        at += usize::from(there);
        word
    };
    let [said, unit, scale, _] = head.to_le_bytes();
    let (place, other, document) = (next(PLACE, NONE), next(OTHER, NONE), next(DOCUMENT, NONE));
    let (low, high) = (next(LOW, 0), next(HIGH, 0));
    let (time, mantissa) = (whole(words[3], words[4]), whole(low, high));
    Line { time, mantissa, event: words[2], item: words[1], place, other, document, unit, scale, said }
}

impl Stream {
    /// Adds a line.
    #[inline]
    pub(crate) fn push(&mut self, space: &mut Space, line: &Coded) {
        if self.pieces.last().is_none_or(|piece| piece.used + MOST > PIECE) {
            self.pieces.push(space.piece());
        }
        if let Some(piece) = self.pieces.last_mut() {
            // what is too much is written over by the next
            let at = piece.first + piece.used;
            space.slabs[piece.slab][at..at + MOST].copy_from_slice(&line.words);
            piece.used += line.count;
        }
    }

    /// Goes over all lines.
    pub(crate) fn each(&self, space: &Space, mut each: impl FnMut(Coded)) {
        for piece in &self.pieces {
            let mut at = 0;
            while let Some(line) = space.line(piece, at).filter(|_| at < piece.used) {
                at += line.count;
                each(line);
            }
        }
    }

    /// Hands every line on and gives the memory back on the way.
    pub(crate) fn drain(self, space: &mut Space, mut each: impl FnMut(&mut Space, Coded)) {
        for piece in self.pieces {
            let mut at = 0;
            while let Some(line) = space.line(&piece, at).filter(|_| at < piece.used) {
                at += line.count;
                each(space, line);
            }
            space.free.push(Piece { used: 0, ..piece });
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn word() -> impl Strategy<Value = u32> {
        prop_oneof![Just(NONE), Just(0), any::<u32>()]
    }

    fn number() -> impl Strategy<Value = i64> {
        prop_oneof![Just(0), Just(-1), Just(i64::MIN), Just(1 << 32), any::<i64>()]
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]

        #[test]
        fn lines_come_out_as_they_went_in_and_in_their_order_over_many_pieces(
            some in proptest::collection::vec(
                (number(), number(), [word(), word(), word(), word(), word()], any::<[u8; 3]>()), 1..40,
            ),
        ) {
            let lines: Vec<Line> = some.iter().map(|&(time, mantissa, words, [unit, scale, said])| {
                let [event, item, place, other, document] = words;
                Line { time, mantissa, event, item, place, other, document, unit, scale, said }
            }).collect();
            let many = PIECE / 5 / lines.len() + 2;
            let (mut space, mut stream) = (Space::default(), Stream::default());
            for _ in 0..many {
                lines.iter().for_each(|line| stream.push(&mut space, &Coded::of(line)));
            }
            prop_assert!(stream.pieces.len() > 1);
            let (mut seen, mut wanted) = (0, lines.iter().cycle());
            let mut same = true;
            stream.each(&space, |coded| {
                let line = coded.line();
                same &= wanted.next() == Some(&line) && (coded.item(), coded.event()) == (line.item, line.event);
                same &= coded.said() == line.said() && coded.with(7, 8).line() == Line { item: 7, event: 8, ..line };
                seen += 1;
            });
            prop_assert!(same && seen == many * lines.len());
            // what is drained may go to another stream in the same space, which needs hardly more
            let (pieces, mut other) = (stream.pieces.len(), Stream::default());
            let size = |space: &Space| space.slabs.iter().map(Vec::len).sum::<usize>();
            let before = size(&space);
            stream.drain(&mut space, |space, line| other.push(space, &line));
            prop_assert!(other.pieces.len() == pieces && size(&space) <= 2 * before);
            let mut drained = Vec::new();
            other.drain(&mut space, |_, coded| drained.push(coded.line()));
            prop_assert_eq!(drained.len(), many * lines.len());
            prop_assert!(drained.chunks(lines.len()).all(|chunk| chunk == lines));
            prop_assert_eq!(space.free.len() * PIECE, size(&space));
        }
    }
}

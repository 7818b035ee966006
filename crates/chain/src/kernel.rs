//! The kernel: which node leads to which, where it lies and what passed through it, in a few flat columns.
//!
//! A *slot* is a node or, after all the nodes, a transformation. Each slot has one word each way: nothing, its
//! only neighbour, or the start of its run in a list (a count, then the neighbours). Most lots come from one
//! place and many go nowhere, so the common step of a walk reads one word. Slots are in the depth-first order of
//! [`crate::order`]: what is reached together lies together.

use crate::column::Column;
use crate::derive::index;
use crate::facts::NONE;
use crate::order::Groups;

/// Marks a word as the start of a run.
const MANY: u32 = 1 << 31;

/// The neighbours of every slot in one direction.
#[derive(Debug, Clone, Default)]
pub(crate) struct Ways {
    pub(crate) words: Column<u32>,
    pub(crate) runs: Column<u32>,
}

/// The two arrays of [`Ways`] as slices, for a walk.
#[derive(Debug, Clone, Copy)]
pub(crate) struct WaysRef<'a> {
    words: &'a [u32],
    runs: &'a [u32],
}

/// Where the neighbours of a slot are: its word, and for a run their count.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Near {
    word: u32,
    count: u32,
}

impl WaysRef<'_> {
    /// Looks up several slots: their words first, then the heads of their runs, so that memory answers many at once.
    /// A slot that was not sealed has no neighbours.
    #[inline]
    pub(crate) fn many<const N: usize>(&self, slots: &[u32; N]) -> [Near; N] {
        let mut near = [Near { word: NONE, count: 0 }; N];
        for (near, &slot) in near.iter_mut().zip(slots) {
            near.word = self.words.get(slot as usize).map_or(NONE, |&word| word);
        }
        for near in near.iter_mut().filter(|near| near.word >= MANY && near.word != NONE) {
            near.count = self.runs.get((near.word & !MANY) as usize).map_or(0, |&count| count);
        }
        near
    }

    /// Calls `visit` with each neighbour that was looked up.
    #[inline]
    pub(crate) fn follow(&self, near: Near, mut visit: impl FnMut(u32)) {
        if near.word < MANY {
            visit(near.word);
        } else if near.count > 0 {
            let from = (near.word & !MANY) as usize + 1;
            self.runs[from..from + near.count as usize].iter().for_each(|&slot| visit(slot));
        }
    }

    /// Calls `visit` with each neighbour.
    #[inline]
    pub(crate) fn each(&self, slot: u32, visit: impl FnMut(u32)) {
        let [near] = self.many(&[slot]);
        self.follow(near, visit);
    }

    /// Whether nothing lies this way.
    #[inline]
    pub(crate) fn is_end(&self, slot: u32) -> bool {
        self.words[slot as usize] == NONE
    }
}

impl Ways {
    /// From where the neighbours of each slot begin, and the neighbours; repeats and [`NONE`] are dropped.
    fn of(starts: &[u32], near: &[u32]) -> Self {
        let mut words = vec![NONE; starts.len().saturating_sub(1)];
        let mut runs = Vec::new();
        let mut many: Vec<u32> = Vec::new();
        for (word, range) in words.iter_mut().zip(starts.windows(2)) {
            let near = &near[range[0] as usize..range[1] as usize];
            if let [one] = near {
                *word = *one;
                continue;
            }
            many.clear();
            many.extend(near.iter().copied().filter(|&slot| slot != NONE));
            if !many.is_sorted() {
                many.sort_unstable();
            }
            many.dedup();
            match &many[..] {
                [] => {}
                [one] => *word = *one,
                many => {
                    *word = MANY | index(runs.len());
                    runs.push(index(many.len()));
                    runs.extend_from_slice(many);
                }
            }
        }
        Self { words: words.into(), runs: runs.into() }
    }

    pub(crate) fn slices(&self) -> WaysRef<'_> {
        WaysRef { words: &self.words, runs: &self.runs }
    }

    /// How many neighbours all slots have together.
    fn links(&self) -> usize {
        let alone = self.words.iter().filter(|&&word| word < MANY).count();
        let runs = self.words.iter().filter(|&&word| word >= MANY && word != NONE).count();
        alone + self.runs.len() - runs
    }

    fn bytes(&self) -> usize {
        size_of_val(&*self.words) + size_of_val(&*self.runs)
    }

    fn owned_bytes(&self) -> usize {
        self.words.owned_bytes() + self.runs.owned_bytes()
    }
}

/// What walks read.
#[derive(Debug, Clone, Default)]
pub(crate) struct Kernel {
    pub(crate) out: Ways,
    pub(crate) into: Ways,
    /// Place of each node, [`NONE`] when it is not known.
    pub(crate) places: Column<u32>,
}

impl Kernel {
    /// From the places of the nodes, where the links out of each slot begin, and the slot each link leads to, those from
    /// nowhere last. Returns the links into each slot too, by number.
    pub(crate) fn of(places: Vec<u32>, out_starts: &[u32], to: Vec<u32>) -> (Self, Groups) {
        let slots = out_starts.len().saturating_sub(1);
        let out = Ways::of(out_starts, &to);
        let real = out_starts.last().map_or(0, |&end| end as usize);
        let mut starts = vec![0u32; slots + 1];
        for &slot in to.iter().filter(|&&slot| slot != NONE) {
            starts[slot as usize + 1] += 1;
        }
        (0..slots).for_each(|at| starts[at + 1] += starts[at]);
        let count = starts[slots] as usize;
        let (mut values, mut sources) = (vec![0u32; count], vec![NONE; count]);
        let mut put = |number: usize, slot: u32, from: u32| {
            if slot != NONE {
                let at = &mut starts[slot as usize];
                values[*at as usize] = index(number);
                sources[*at as usize] = from;
                *at += 1;
            }
        };
        for (from, range) in (0..).zip(out_starts.windows(2)) {
            (range[0] as usize..range[1] as usize).for_each(|number| put(number, to[number], from));
        }
        (real..to.len()).for_each(|number| put(number, to[number], NONE));
        drop(to);
        starts.rotate_right(1);
        starts[0] = 0;
        let into = Ways::of(&starts, &sources);
        (Self { out, into, places: places.into() }, Groups { starts, values })
    }

    /// Nodes: the slots before the transformations.
    pub(crate) fn nodes(&self) -> u32 {
        index(self.places.len())
    }

    /// Nodes and transformations.
    pub(crate) fn slots(&self) -> u32 {
        index(self.out.words.len())
    }

    /// Links, repeats once.
    pub(crate) fn links(&self) -> usize {
        self.out.links()
    }

    /// Bytes of the columns, owned or mapped.
    pub(crate) fn bytes(&self) -> usize {
        self.out.bytes() + self.into.bytes() + size_of_val(&*self.places)
    }

    /// Bytes held in memory of our own.
    pub(crate) fn owned_bytes(&self) -> usize {
        self.out.owned_bytes() + self.into.owned_bytes() + self.places.owned_bytes()
    }
}

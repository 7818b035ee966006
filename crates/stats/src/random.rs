//! Counter-based random numbers: Philox4x32-10, streams keyed by (seed, purpose, index), and draws from distributions.
//!
//! A number depends on its key and its position alone, never on which thread asked first. Whoever works in parallel
//! cuts the work into parts of a fixed size and gives each part the stream of its own index; then the result is the
//! same for one thread and for sixty-four. Logarithms and powers come from `libm`, not from the system, so that the bits
//! are the same on another machine too.
//!
//! Source: Salmon, Moraes, Dror, Shaw: *Parallel random numbers: as easy as 1, 2, 3*, SC 2011.

mod alias;
mod continuous;
mod discrete;
mod multinomial;

pub use alias::Alias;
pub use multinomial::Multinomial;

const MULTIPLIER_0: u64 = 0xD251_1F53;
const MULTIPLIER_1: u64 = 0xCD9E_8D57;
const WEYL_0: u32 = 0x9E37_79B9;
const WEYL_1: u32 = 0xBB67_AE85;

/// Low 32 bits; the high ones are used apart.
#[inline(always)]
#[expect(clippy::cast_possible_truncation, reason = "the low half is what is wanted")]
const fn low(value: u64) -> u32 {
    value as u32
}

/// The bijection Philox4x32 with ten rounds: 128 bits of counter and 64 bits of key to 128 random bits (Salmon et al.
/// 2011, §3.3; known-answer vectors of Random123).
#[must_use]
#[inline]
pub const fn philox4x32(counter: [u32; 4], key: [u32; 2]) -> [u32; 4] {
    let ([mut a, mut b, mut c, mut d], [mut k0, mut k1]) = (counter, key);
    let mut round = 0;
    while round < 10 {
        let p0 = MULTIPLIER_0 * a as u64;
        let p1 = MULTIPLIER_1 * c as u64;
        (a, b, c, d) = (low(p1 >> 32) ^ b ^ k0, low(p1), low(p0 >> 32) ^ d ^ k1, low(p0));
        k0 = k0.wrapping_add(WEYL_0);
        k1 = k1.wrapping_add(WEYL_1);
        round += 1;
    }
    [a, b, c, d]
}

/// Blocks of Philox computed side by side.
const ABREAST: usize = 4;

/// [`philox4x32`] of a counter and those after it, word by word, and the counter moved on: while one waits the others compute.
#[inline]
fn philox_abreast(counter: &mut [u32; 4], key: [u32; 2]) -> [[u32; ABREAST]; 4] {
    let mut a = [0; ABREAST];
    for a in &mut a {
        *a = counter[0];
        counter[0] = counter[0].wrapping_add(1);
    }
    let (mut b, mut c, mut d) = ([counter[1]; ABREAST], [counter[2]; ABREAST], [counter[3]; ABREAST]);
    let [mut k0, mut k1] = key;
    for _ in 0..10 {
        for k in 0..ABREAST {
            let p0 = MULTIPLIER_0 * u64::from(a[k]);
            let p1 = MULTIPLIER_1 * u64::from(c[k]);
            (a[k], b[k], c[k], d[k]) =
                (low(p1 >> 32) ^ b[k] ^ k0, low(p1), low(p0 >> 32) ^ d[k] ^ k1, low(p0));
        }
        k0 = k0.wrapping_add(WEYL_0);
        k1 = k1.wrapping_add(WEYL_1);
    }
    [a, b, c, d]
}

/// What a stream is drawn for: two purposes never share numbers under one seed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Purpose(u32);

impl Purpose {
    /// The purpose of that name (FNV-1a, 32 bits). Usable in constants; names within one program must differ in their
    /// hash, which a test of the program shows.
    #[must_use]
    pub const fn of(name: &str) -> Self {
        let bytes = name.as_bytes();
        let mut hash = 0x811C_9DC5_u32;
        let mut at = 0;
        while at < bytes.len() {
            hash = (hash ^ bytes[at] as u32).wrapping_mul(0x0100_0193);
            at += 1;
        }
        Self(hash)
    }

    /// The number the purpose is keyed by.
    #[must_use]
    pub const fn code(self) -> u32 {
        self.0
    }
}

/// A sequence of random numbers of its own: (seed, purpose, index) name it, and nothing else decides what it gives.
/// It is good for 2³³ numbers of 64 bits.
#[derive(Debug, Clone)]
pub struct Stream {
    key: [u32; 2],
    counter: [u32; 4],
    block: [u32; 4],
    used: usize,
    spare: Option<f64>,
}

impl Stream {
    /// The stream of that seed, purpose and index (a person, a part of the work, a replicate).
    #[must_use]
    pub fn new(seed: u64, purpose: Purpose, index: u64) -> Self {
        Self {
            key: [low(seed), low(seed >> 32)],
            counter: [0, purpose.0, low(index), low(index >> 32)],
            block: [0; 4],
            used: 4,
            spare: None,
        }
    }

    /// The next 32 bits.
    #[inline]
    pub fn next_u32(&mut self) -> u32 {
        if self.used == 4 {
            self.block = philox4x32(self.counter, self.key);
            self.counter[0] = self.counter[0].wrapping_add(1);
            self.used = 0;
        }
        let value = self.block[self.used];
        self.used += 1;
        value
    }

    /// The next 64 bits: two words, the earlier one low.
    #[inline]
    pub fn next_u64(&mut self) -> u64 {
        let first = u64::from(self.next_u32());
        first | u64::from(self.next_u32()) << 32
    }

    /// Fills `out` with 64-bit numbers taken from whole blocks: the fast way for inner loops. Words left over from
    /// single draws before are dropped.
    #[inline]
    pub fn fill_u64(&mut self, out: &mut [u64]) {
        self.used = 4;
        let (many, rest) = out.as_chunks_mut::<{ 2 * ABREAST }>();
        for numbers in many {
            let words = philox_abreast(&mut self.counter, self.key);
            for k in 0..ABREAST {
                numbers[2 * k] = u64::from(words[0][k]) | u64::from(words[1][k]) << 32;
                numbers[2 * k + 1] = u64::from(words[2][k]) | u64::from(words[3][k]) << 32;
            }
        }
        for pair in rest.chunks_mut(2) {
            let [a, b, c, d] = philox4x32(self.counter, self.key);
            self.counter[0] = self.counter[0].wrapping_add(1);
            pair[0] = u64::from(a) | u64::from(b) << 32;
            if let Some(second) = pair.get_mut(1) {
                *second = u64::from(c) | u64::from(d) << 32;
            }
        }
    }

    /// A whole number in 0..`bound`, every one equally likely (Lemire 2019, with rejection). `bound` 0 gives 0.
    #[inline]
    pub fn below(&mut self, bound: u64) -> u64 {
        if bound == 0 {
            return 0;
        }
        loop {
            let wide = u128::from(self.next_u64()) * u128::from(bound);
            #[expect(
                clippy::cast_possible_truncation,
                reason = "the low half decides the rejection, the high one is below the bound"
            )]
            let (fraction, value) = (wide as u64, (wide >> 64) as u64);
            if fraction >= bound || fraction >= bound.wrapping_neg() % bound {
                return value;
            }
        }
    }

    /// [`Stream::below`] for an index.
    #[inline]
    #[expect(clippy::cast_possible_truncation, reason = "the value is below a usize")]
    pub fn index(&mut self, bound: usize) -> usize {
        self.below(bound as u64) as usize
    }

    /// Uniform on the open interval (0, 1): the middle of one of 2⁵² equal cells.
    #[inline]
    pub fn uniform(&mut self) -> f64 {
        unit(self.next_u64())
    }

    /// Brings the items into random order (Fisher–Yates).
    pub fn shuffle<T>(&mut self, items: &mut [T]) {
        for last in (1..items.len()).rev() {
            let other = self.index(last + 1);
            items.swap(last, other);
        }
    }
}

/// The number of (0, 1) that 64 random bits stand for: the middle of one of 2⁵² equal cells.
#[must_use]
#[inline]
#[expect(clippy::cast_precision_loss, reason = "52 bits fit a double exactly")]
pub fn unit(bits: u64) -> f64 {
    ((bits >> 12) as f64 + 0.5) * (1.0 / 4_503_599_627_370_496.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_known_answers_of_random123_are_met() {
        let ones = u32::MAX;
        let cases = [
            ([0; 4], [0; 2], [0x6627_E8D5, 0xE169_C58D, 0xBC57_AC4C, 0x9B00_DBD8]),
            ([ones; 4], [ones; 2], [0x408F_276D, 0x41C8_3B0E, 0xA20B_C7C6, 0x6D54_51FD]),
            (
                [0x243F_6A88, 0x85A3_08D3, 0x1319_8A2E, 0x0370_7344],
                [0xA409_3822, 0x299F_31D0],
                [0xD16C_FE09, 0x94FD_CCEB, 0x5001_E420, 0x2412_6EA1],
            ),
        ];
        for (counter, key, expected) in cases {
            assert_eq!(philox4x32(counter, key), expected, "counter {counter:08x?} key {key:08x?}");
        }
    }

    #[test]
    fn a_number_depends_on_its_key_and_place_alone() {
        let purpose = Purpose::of("test");
        let mut one = Stream::new(7, purpose, 3);
        let words: Vec<u64> = (0..27).map(|_| one.next_u64()).collect();
        let mut filled = vec![0; 27];
        Stream::new(7, purpose, 3).fill_u64(&mut filled);
        assert_eq!(words, filled);
        for (seed, name, index) in [(8, "test", 3), (7, "other", 3), (7, "test", 4)] {
            assert_ne!(Stream::new(seed, Purpose::of(name), index).next_u64(), words[0]);
        }
    }

    #[test]
    fn every_value_below_a_bound_is_equally_likely() {
        let mut stream = Stream::new(1, Purpose::of("below"), 0);
        let mut counts = [0_u32; 7];
        for _ in 0..70_000 {
            counts[stream.index(7)] += 1;
        }
        let chi2: f64 = counts.iter().map(|&count| (f64::from(count) - 1e4).powi(2) / 1e4).sum();
        assert!(chi2 < 22.5, "χ² of 6 degrees of freedom {chi2}");
        assert_eq!(stream.below(1), 0);
        assert!((0..1000).all(|_| stream.below(u64::MAX) < u64::MAX));
    }

    #[test]
    fn the_unit_interval_is_open() {
        assert!(unit(0) > 0.0 && unit(u64::MAX) < 1.0);
    }

    #[test]
    fn shuffling_keeps_every_item() {
        let mut items: Vec<u32> = (0..50).collect();
        Stream::new(3, Purpose::of("shuffle"), 0).shuffle(&mut items);
        assert_ne!(items, (0..50).collect::<Vec<_>>());
        items.sort_unstable();
        assert_eq!(items, (0..50).collect::<Vec<_>>());
    }
}

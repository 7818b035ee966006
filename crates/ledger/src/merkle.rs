//! RFC 6962 tree maths, pure: roots, inclusion and consistency proofs and their verification.
//!
//! A tree is known by its *complete subtrees*: [`Node`] `(level, index)` covers the leaves
//! `index << level .. (index + 1) << level`. Whoever stores their hashes can answer every proof. Which ones a proof
//! needs is computed here; reading them is not.

use sha2::{Digest, Sha256};
use std::ops::Range;

/// A SHA-256 hash.
pub type Hash = [u8; 32];

/// A complete subtree.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Node {
    /// Height over the leaves: 0 is a leaf.
    pub level: u32,
    /// Place among the subtrees of its level, from 0.
    pub index: u64,
}

/// RFC 6962 section 2.1: SHA-256 of 0x00 and the leaf's bytes.
#[must_use]
pub fn leaf_hash(bytes: &[u8]) -> Hash {
    Sha256::new().chain_update([0]).chain_update(bytes).finalize().into()
}

/// RFC 6962 section 2.1: SHA-256 of 0x01 and both halves' hashes.
#[must_use]
pub fn node_hash(left: &Hash, right: &Hash) -> Hash {
    Sha256::new().chain_update([1]).chain_update(left).chain_update(right).finalize().into()
}

/// The root of a tree without leaves: the hash of nothing.
#[must_use]
pub fn empty_root() -> Hash {
    Sha256::digest([]).into()
}

/// The root over leaf hashes (RFC 6962 section 2.1).
#[must_use]
pub fn root_of(leaves: &[Hash]) -> Hash {
    match leaves {
        [] => empty_root(),
        [one] => *one,
        many => {
            let (left, right) = many.split_at(many.len().next_power_of_two() / 2);
            node_hash(&root_of(left), &root_of(right))
        }
    }
}

/// The leaf ranges whose hashes prove that leaf `index` is in the tree of `size` leaves, from the leaf upwards
/// (RFC 6962 section 2.1.1). Empty when there is no such leaf.
#[must_use]
pub fn inclusion_ranges(index: u64, size: u64) -> Vec<Range<u64>> {
    let mut ranges = Vec::new();
    if index >= size {
        return ranges;
    }
    let (mut start, mut end) = (0, size);
    while end - start > 1 {
        let middle = start + split(end - start);
        if index < middle {
            ranges.push(middle..end);
            end = middle;
        } else {
            ranges.push(start..middle);
            start = middle;
        }
    }
    ranges.reverse();
    ranges
}

/// The leaf ranges whose hashes prove that the tree of `old` leaves is a prefix of the tree of `new` leaves, from the
/// bottom upwards (RFC 6962 section 2.1.2). Empty when nothing needs proof or `old` is larger.
#[must_use]
pub fn consistency_ranges(old: u64, new: u64) -> Vec<Range<u64>> {
    let mut ranges = consistency_path(old, new);
    // a base that starts at the first leaf is the old tree itself, whose root the verifier has
    if ranges.first().is_some_and(|base| base.start == 0) {
        ranges.remove(0);
    }
    ranges
}

/// As [`consistency_ranges`], with the base always in front.
fn consistency_path(old: u64, new: u64) -> Vec<Range<u64>> {
    if old == 0 || old >= new {
        return Vec::new();
    }
    let (mut start, mut end) = (0, new);
    let mut ranges = Vec::new();
    while old < end {
        let middle = start + split(end - start);
        if old <= middle {
            ranges.push(middle..end);
            end = middle;
        } else {
            ranges.push(start..middle);
            start = middle;
        }
    }
    ranges.push(start..end);
    ranges.reverse();
    ranges
}

/// The complete subtrees that make up a range of a proof, from left to right; [`fold`] joins their hashes.
#[must_use]
pub fn subtrees(range: Range<u64>) -> Vec<Node> {
    let (mut start, end) = (range.start, range.end);
    let mut nodes = Vec::new();
    while start < end {
        let level = (end - start).ilog2();
        nodes.push(Node { level, index: start >> level });
        start += 1 << level;
    }
    nodes
}

/// The hash of a range from the hashes of its [`subtrees`].
#[must_use]
pub fn fold(hashes: &[Hash]) -> Hash {
    let mut from_right = hashes.iter().rev();
    let Some(last) = from_right.next() else { return empty_root() };
    from_right.fold(*last, |right, left| node_hash(left, &right))
}

/// Whether `proof` shows that `leaf` is number `index` in the tree of `size` leaves with this `root`.
#[must_use]
pub fn verify_inclusion(leaf: &Hash, index: u64, size: u64, proof: &[Hash], root: &Hash) -> bool {
    let ranges = inclusion_ranges(index, size);
    if index >= size || ranges.len() != proof.len() {
        return false;
    }
    let join = |own: Hash, (range, other): (&Range<u64>, &Hash)| {
        if range.end <= index { node_hash(other, &own) } else { node_hash(&own, other) }
    };
    ranges.iter().zip(proof).fold(*leaf, join) == *root
}

/// Whether `proof` shows that the tree of `old` leaves is a prefix of the tree of `new` leaves.
#[must_use]
pub fn verify_consistency(old: u64, old_root: &Hash, new: u64, new_root: &Hash, proof: &[Hash]) -> bool {
    if old > new || (old == new && old_root != new_root) || (old == 0 && *old_root != empty_root()) {
        return false;
    }
    let path = consistency_path(old, new);
    let Some(base) = path.first() else { return proof.is_empty() };
    let (base_hash, rest) = if base.start == 0 {
        (*old_root, proof)
    } else {
        let Some((first, rest)) = proof.split_first() else { return false };
        (*first, rest)
    };
    if rest.len() != path.len() - 1 {
        return false;
    }
    let (mut old_hash, mut new_hash) = (base_hash, base_hash);
    for (range, other) in path[1..].iter().zip(rest) {
        if range.end <= base.start {
            old_hash = node_hash(other, &old_hash);
            new_hash = node_hash(other, &new_hash);
        } else {
            new_hash = node_hash(&new_hash, other);
        }
    }
    old_hash == *old_root && new_hash == *new_root
}

/// The largest power of two below `n` (at least 2).
const fn split(n: u64) -> u64 {
    1 << (n - 1).ilog2()
}

#[cfg(test)]
mod tests {
    use super::*;
    use ct_merkle::mem_backed_tree::MemoryBackedTree;
    use proptest::prelude::*;

    fn leaves(n: usize) -> Vec<Hash> {
        (0..n).map(|i| leaf_hash(i.to_string().as_bytes())).collect()
    }

    fn proof(leaves: &[Hash], ranges: Vec<Range<u64>>) -> Vec<Hash> {
        let part = |n: Node| {
            let start = usize::try_from(n.index << n.level).unwrap();
            root_of(&leaves[start..start + (1 << n.level)])
        };
        ranges.into_iter().map(|r| fold(&subtrees(r).into_iter().map(part).collect::<Vec<_>>())).collect()
    }

    /// RFC 6962 section 2.1.2, word for word.
    fn subproof(m: usize, d: &[Hash], whole: bool) -> Vec<Hash> {
        if m == d.len() {
            return if whole { vec![] } else { vec![root_of(d)] };
        }
        let k = d.len().next_power_of_two() / 2;
        let (mut out, last) = if m <= k {
            (subproof(m, &d[..k], whole), root_of(&d[k..]))
        } else {
            (subproof(m - k, &d[k..], false), root_of(&d[..k]))
        };
        out.push(last);
        out
    }

    #[test]
    fn the_empty_tree_and_one_leaf_are_as_the_rfc_says() {
        let sha = |hex: &str| hex.to_owned();
        assert_eq!(
            hex::encode(root_of(&[])),
            sha("e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855")
        );
        assert_eq!(
            hex::encode(leaf_hash(b"")),
            sha("6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d")
        );
    }

    #[test]
    fn roots_and_proofs_of_every_small_tree_agree_with_another_implementation() {
        let mut oracle = MemoryBackedTree::<Sha256, Vec<u8>>::new();
        for n in 1..=66usize {
            oracle.push((n - 1).to_string().into_bytes());
            let all = leaves(n);
            let root = root_of(&all);
            assert_eq!(root.as_slice(), oracle.root().as_bytes().as_slice(), "root of {n}");
            for i in 0..n {
                let ours = proof(&all, inclusion_ranges(i as u64, n as u64));
                assert_eq!(ours.concat(), oracle.prove_inclusion(i).as_bytes(), "leaf {i} of {n}");
                assert!(verify_inclusion(&all[i], i as u64, n as u64, &ours, &root));
            }
            for old in 1..n {
                let ours = proof(&all, consistency_ranges(old as u64, n as u64));
                assert_eq!(ours.concat(), oracle.prove_consistency(n - old).as_bytes(), "{old} in {n}");
                assert_eq!(ours, subproof(old, &all, true), "{old} in {n}");
                assert!(verify_consistency(old as u64, &root_of(&all[..old]), n as u64, &root, &ours));
            }
        }
    }

    #[test]
    fn trivial_consistency_needs_no_proof() {
        let (one, two) = (root_of(&leaves(1)), root_of(&leaves(2)));
        assert!(verify_consistency(0, &empty_root(), 2, &two, &[]));
        assert!(verify_consistency(2, &two, 2, &two, &[]));
        assert!(!verify_consistency(2, &one, 2, &two, &[]));
        assert!(!verify_consistency(0, &one, 2, &two, &[]));
        assert!(!verify_consistency(2, &two, 1, &one, &[]));
        assert!(!verify_consistency(1, &one, 2, &two, &[]));
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]

        #[test]
        fn a_proof_holds_for_nothing_but_its_leaf_index_size_and_root(
            n in 1usize..400, at in any::<prop::sample::Index>(), bit in 0usize..256, delta in 1u64..5,
        ) {
            let all = leaves(n);
            let i = at.index(n);
            let (index, size, root) = (i as u64, n as u64, root_of(&all));
            let good = proof(&all, inclusion_ranges(index, size));
            let flip = |mut h: Hash| { h[bit / 8] ^= 1 << (bit % 8); h };
            prop_assert!(verify_inclusion(&all[i], index, size, &good, &root));
            prop_assert!(!verify_inclusion(&flip(all[i]), index, size, &good, &root));
            prop_assert!(!verify_inclusion(&all[i], index, size, &good, &flip(root)));
            prop_assert!(!verify_inclusion(&all[i], index + delta, size, &good, &root));
            if let Some(k) = good.len().checked_sub(1).map(|last| bit % (last + 1)) {
                let mut bad = good.clone();
                bad[k] = flip(bad[k]);
                prop_assert!(!verify_inclusion(&all[i], index, size, &bad, &root));
                prop_assert!(!verify_inclusion(&all[i], index, size, &good[1..], &root));
            }
        }

        #[test]
        fn a_changed_past_has_no_consistency_proof(n in 2usize..400, at in any::<prop::sample::Index>(), bit in 0usize..256) {
            let all = leaves(n);
            let old = 1 + at.index(n - 1);
            let (m, size) = (old as u64, n as u64);
            let good = proof(&all, consistency_ranges(m, size));
            let (before, after) = (root_of(&all[..old]), root_of(&all));
            prop_assert!(verify_consistency(m, &before, size, &after, &good));
            let mut other = before;
            other[bit / 8] ^= 1 << (bit % 8);
            prop_assert!(!verify_consistency(m, &other, size, &after, &good));
            prop_assert!(!verify_consistency(m, &before, size, &other, &good));
            let mut forged = good.clone();
            let k = bit % forged.len();
            forged[k][bit / 8] ^= 1 << (bit % 8);
            prop_assert!(!verify_consistency(m, &before, size, &after, &forged));
        }
    }
}

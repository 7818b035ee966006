//! The tree's hashes in tiles of height 8 (C2SP tlog-tiles): how the tree grows, is stored and is read.
//!
//! Tile `(level, index)` holds up to 256 hashes of the complete subtrees of height `8 * level`; only the last tile of
//! a level may be partial. So a leaf costs 32 bytes and 1/256 row, and a proof reads a few 8 kB rows.

use crate::Error;
use crate::merkle::{Hash, Node, fold, node_hash, root_of, subtrees};
use std::collections::BTreeMap;
use std::ops::Range;
use store::Tx;

/// Hashes in a full tile.
pub(crate) const WIDTH: usize = 256;

/// One tile.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Tile {
    pub(crate) level: u32,
    pub(crate) index: u64,
    pub(crate) hashes: Vec<Hash>,
}

impl Tile {
    pub(crate) fn bytes(&self) -> Vec<u8> {
        self.hashes.concat()
    }
}

/// The right edge of a tree: its partial tiles. All that is needed to append and to know the root.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Edge {
    size: u64,
    levels: Vec<Vec<Hash>>,
}

impl Edge {
    pub(crate) const fn size(&self) -> u64 {
        self.size
    }

    /// Appends a leaf hash; tiles that became full are added to `full`.
    pub(crate) fn append(&mut self, leaf: Hash, full: &mut Vec<Tile>) {
        self.size += 1;
        let mut hash = leaf;
        for level in 0u32.. {
            if self.levels.len() == level as usize {
                self.levels.push(Vec::with_capacity(WIDTH));
            }
            let tile = &mut self.levels[level as usize];
            tile.push(hash);
            if tile.len() < WIDTH {
                return;
            }
            let hashes = std::mem::take(tile);
            hash = root_of(&hashes);
            full.push(Tile { level, index: (self.size >> (8 * (level + 1))) - 1, hashes });
        }
    }

    /// The partial tiles, to be stored beside the full ones.
    pub(crate) fn partial(&self) -> impl Iterator<Item = Tile> + '_ {
        (0u32..).zip(&self.levels).filter(|(_, hashes)| !hashes.is_empty()).map(|(level, hashes)| Tile {
            level,
            index: last_index(self.size, level),
            hashes: hashes.clone(),
        })
    }

    /// The root of the whole tree.
    pub(crate) fn root(&self) -> Hash {
        let mut root: Option<Hash> = None;
        for hashes in &self.levels {
            let blocks = subtrees(0..hashes.len() as u64);
            for block in blocks.iter().rev() {
                let start = index(block.index << block.level);
                let left = root_of(&hashes[start..start + (1 << block.level)]);
                root = Some(root.map_or(left, |right| node_hash(&left, &right)));
            }
        }
        root.unwrap_or_else(|| fold(&[]))
    }

    /// Reads the edge of the tree of `size` leaves.
    pub(crate) async fn load(tx: &mut Tx, size: u64) -> Result<Self, Error> {
        let mut levels = Vec::new();
        let mut level = 0;
        while size >> (8 * level) > 0 {
            let width = index((size >> (8 * level)) % WIDTH as u64);
            levels.push(match width {
                0 => Vec::new(),
                _ => {
                    let stored = read(tx, level, last_index(size, level), width).await?;
                    let mut hashes = stored.ok_or_else(|| missing(level, size))?;
                    hashes.truncate(width);
                    hashes
                }
            });
            level += 1;
        }
        Ok(Self { size, levels })
    }
}

/// Stores tiles, replacing shorter ones.
pub(crate) async fn save(tx: &mut Tx, tiles: &[Tile]) -> Result<(), Error> {
    let values = tiles
        .iter()
        .flat_map(|t| [i64::from(t.level).into(), signed(t.index).into(), t.bytes().into()])
        .collect();
    tx.insert_many(
        "insert into log_tile (level, idx, hashes)",
        3,
        values,
        "on conflict (level, idx) do update set hashes = excluded.hashes",
    )
    .await?;
    Ok(())
}

/// The hashes of a tile; `None` when it is not there or has fewer than `width`.
pub(crate) async fn read(
    tx: &mut Tx,
    level: u32,
    index: u64,
    width: usize,
) -> Result<Option<Vec<Hash>>, Error> {
    let row = tx
        .first(
            "select hashes from log_tile where level = $1 and idx = $2",
            &[level.into(), signed(index).into()],
        )
        .await?;
    let Some(row) = row else { return Ok(None) };
    let hashes = hashes(&row.bytes("hashes")?);
    Ok((hashes.len() >= width).then_some(hashes))
}

/// A tile's bytes as hashes; a rest that is no whole hash is left out.
pub(crate) fn hashes(bytes: &[u8]) -> Vec<Hash> {
    bytes.as_chunks::<32>().0.to_vec()
}

/// The hashes of the ranges of a proof within the tree of `size` leaves.
pub(crate) async fn prove(tx: &mut Tx, size: u64, ranges: Vec<Range<u64>>) -> Result<Vec<Hash>, Error> {
    let mut seen: BTreeMap<(u32, u64), Vec<Hash>> = BTreeMap::new();
    let mut proof = Vec::with_capacity(ranges.len());
    for range in ranges {
        let mut parts = Vec::new();
        for Node { level, index: place } in subtrees(range) {
            let (tile, inner) = (level / 8, level % 8);
            let first = place << inner;
            let key = (tile, first / WIDTH as u64);
            if let std::collections::btree_map::Entry::Vacant(slot) = seen.entry(key) {
                let hashes = read(tx, key.0, key.1, 1).await?.ok_or_else(|| missing(tile, size))?;
                slot.insert(hashes);
            }
            let from = index(first % WIDTH as u64);
            let hashes = seen[&key].get(from..from + (1 << inner)).ok_or_else(|| missing(tile, size))?;
            parts.push(root_of(hashes));
        }
        proof.push(fold(&parts));
    }
    Ok(proof)
}

/// Index of the last, partial tile of a level.
const fn last_index(size: u64, level: u32) -> u64 {
    (size >> (8 * level)) / WIDTH as u64
}

fn missing(level: u32, size: u64) -> Error {
    Error::Damaged(format!("a hash tile of level {level} is missing or short for a tree of {size} entries"))
}

/// Positions and sizes stay far below 2^63.
pub(crate) fn signed(n: u64) -> i64 {
    i64::try_from(n).unwrap_or(i64::MAX)
}

fn index(n: u64) -> usize {
    usize::try_from(n).unwrap_or(usize::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::merkle::leaf_hash;

    #[test]
    fn the_edge_knows_every_root_and_fills_tiles_in_order() {
        let (mut edge, mut full, mut leaves) = (Edge::default(), Vec::new(), Vec::new());
        assert_eq!(edge.root(), root_of(&[]));
        for i in 0..66_000u32 {
            let leaf = leaf_hash(&i.to_be_bytes());
            leaves.push(leaf);
            edge.append(leaf, &mut full);
            if i < 300 || i % 29_973 == 0 {
                assert_eq!(edge.root(), root_of(&leaves), "size {}", i + 1);
            }
        }
        assert_eq!(edge.root(), root_of(&leaves));
        assert_eq!(full.iter().filter(|t| t.level == 0).count(), 257);
        assert_eq!(full.iter().filter(|t| t.level == 1).map(|t| t.index).collect::<Vec<_>>(), [0]);
        let partial: Vec<_> = edge.partial().map(|t| (t.level, t.index, t.hashes.len())).collect();
        assert_eq!(partial, [(0, 257, 208), (1, 1, 1), (2, 0, 1)]);
    }
}

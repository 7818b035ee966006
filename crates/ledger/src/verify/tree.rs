//! Rows against tiles against signed roots: which of them was changed.

use super::Report;
use super::checkpoints::Heads;
use super::record::Record;
use crate::Error;
use crate::merkle::{Hash, root_of};
use crate::tiles::{Edge, WIDTH, hashes, signed};
use base::{Id, Text};
use std::collections::{BTreeMap, BTreeSet};
use store::Tx;

/// A row whose canonical bytes and leaf column agree with each other but not with the tile.
#[derive(Debug, Clone)]
struct Suspect {
    entry: Option<Id>,
    position: i64,
    row: Hash,
    tile: Hash,
    /// The signed root follows from neither side, so the tile may be the one that was changed.
    unclear: bool,
}

/// The tree as the rows give it and as the tiles give it, grown side by side and compared at every signed head.
#[derive(Debug)]
pub(super) struct Tree {
    size: u64,
    heads: BTreeMap<u64, Hash>,
    rows: Edge,
    tiles: Edge,
    /// Size of the last head that was reached.
    head: u64,
    /// Neither side leads to the signed roots any more.
    lost: bool,
    /// Suspects since the last head.
    open: Vec<Suspect>,
    suspects: Vec<Suspect>,
    /// Positions without a row, and what the tile has there.
    missing: BTreeMap<u64, Option<Hash>>,
    /// The level-0 tile at hand.
    tile: (u64, Vec<Hash>),
    /// Tiles already reported, by level and index.
    flagged: BTreeSet<(u32, u64)>,
}

impl Tree {
    pub(super) fn new(heads: &Heads) -> Self {
        Self {
            size: heads.roots.keys().next_back().copied().unwrap_or(0),
            heads: heads.roots.clone(),
            rows: Edge::default(),
            tiles: Edge::default(),
            head: 0,
            lost: false,
            open: Vec::new(),
            suspects: Vec::new(),
            missing: BTreeMap::new(),
            tile: (u64::MAX, Vec::new()),
            flagged: BTreeSet::new(),
        }
    }

    /// Follows the record at its position. True when its canonical bytes may be taken for what was recorded.
    pub(super) async fn follow(
        &mut self,
        tx: &mut Tx,
        record: &Record,
        report: &mut Report,
    ) -> Result<bool, Error> {
        let position = record.position.and_then(|p| u64::try_from(p).ok()).unwrap_or(0);
        self.fill(tx, position, report).await?;
        let tile = self.tile_hash(tx, position).await?;
        let add = |report: &mut Report, entry, column, zh, en| {
            report.add(entry, record.position, column, Text::of(zh, en));
        };
        let (row, by_tile, authentic) = match (record.hash, record.leaf, tile) {
            (Some(row), Some(leaf), Some(tile)) if row == leaf && leaf == tile => (row, tile, true),
            (Some(row), _, Some(tile)) if row == tile => {
                add(
                    report,
                    record.signed_id(),
                    "journal.leaf",
                    "叶哈希已被改动。",
                    "the leaf hash was changed",
                );
                (row, tile, true)
            }
            (_, Some(leaf), Some(tile)) if leaf == tile => {
                add(
                    report,
                    record.id,
                    "journal.canonical",
                    "记录内容已被改动。",
                    "the content of the record was changed",
                );
                (leaf, tile, false)
            }
            (Some(row), leaf, Some(tile)) => {
                if leaf != Some(row) {
                    add(
                        report,
                        record.signed_id(),
                        "journal.leaf",
                        "叶哈希已被改动。",
                        "the leaf hash was changed",
                    );
                }
                let (entry, position) = (record.signed_id(), signed(position));
                self.open.push(Suspect { entry, position, row, tile, unclear: false });
                (row, tile, leaf == Some(row))
            }
            (row, leaf, None) => {
                self.flag(position, report);
                let best = row.or(leaf).unwrap_or_default();
                (best, best, row == leaf)
            }
            (None, _, Some(tile)) => {
                add(
                    report,
                    record.id,
                    "journal.canonical",
                    "记录内容与叶哈希均已被改动。",
                    "the content of the record and its leaf hash were changed",
                );
                (tile, tile, false)
            }
        };
        self.grow(row, by_tile, report);
        Ok(authentic)
    }

    /// Notes the positions before `end` that have no row.
    pub(super) async fn fill(&mut self, tx: &mut Tx, end: u64, report: &mut Report) -> Result<(), Error> {
        while self.rows.size() < end {
            let position = self.rows.size();
            let tile = self.tile_hash(tx, position).await?;
            self.missing.insert(position, tile);
            let hash = tile.unwrap_or_default();
            self.grow(hash, hash, report);
        }
        Ok(())
    }

    /// The size of the largest head that is signed.
    pub(super) const fn signed_size(&self) -> u64 {
        self.size
    }

    fn grow(&mut self, row: Hash, tile: Hash, report: &mut Report) {
        let mut full = Vec::new();
        self.rows.append(row, &mut full);
        full.clear();
        self.tiles.append(tile, &mut full);
        if let Some(root) = self.heads.get(&self.rows.size()).copied() {
            self.reach(root, report);
        }
    }

    /// Compares both sides with a signed head and decides over the suspects since the last one.
    fn reach(&mut self, root: Hash, report: &mut Report) {
        let (from, to) = (self.head, self.rows.size());
        self.head = to;
        let suspects = std::mem::take(&mut self.open);
        if self.lost {
            self.suspects.extend(suspects.into_iter().map(|s| Suspect { unclear: true, ..s }));
            return;
        }
        if self.tiles.root() == root {
            self.rows = self.tiles.clone();
            self.suspects.extend(suspects);
        } else if self.rows.root() == root {
            self.tiles = self.rows.clone();
            for suspect in suspects {
                self.flag(u64::try_from(suspect.position).unwrap_or(0), report);
            }
        } else {
            self.lost = true;
            if suspects.is_empty() && self.missing.range(from..to).next().is_none() {
                report.add(
                    None,
                    Some(signed(from)),
                    "journal.canonical",
                    Text::new(
                        format!("位置 {from} 至 {} 之间的记录连同哈希一起被改写，与签名不符。", to - 1),
                        format!(
                            "records between positions {from} and {} were rewritten together with their hashes",
                            to - 1
                        ),
                    ),
                );
            }
            self.suspects.extend(suspects.into_iter().map(|s| Suspect { unclear: true, ..s }));
        }
    }

    /// Reports the level-0 tile of a position, once.
    fn flag(&mut self, position: u64, report: &mut Report) {
        let index = position / WIDTH as u64;
        if self.flagged.insert((0, index)) {
            report.add(
                None,
                Some(signed(position)),
                format!("log_tile.hashes (level 0, index {index})"),
                Text::of("哈希树数据已被改动或缺失。", "a hash tile was changed or is missing"),
            );
        }
    }

    async fn tile_hash(&mut self, tx: &mut Tx, position: u64) -> Result<Option<Hash>, Error> {
        let index = position / WIDTH as u64;
        if self.tile.0 != index {
            self.tile = (index, read(tx, 0, index).await?.map(|b| hashes(&b)).unwrap_or_default());
        }
        let at = usize::try_from(position % WIDTH as u64).unwrap_or(0);
        Ok(self.tile.1.get(at).copied())
    }

    /// Judges a record that is not in the tree: waiting, or moved out of its position. True when its canonical bytes
    /// may be taken for what was recorded.
    pub(super) fn stray(&mut self, record: &Record, report: &mut Report) -> bool {
        let home = self
            .missing
            .iter()
            .find(|(_, tile)| tile.is_some() && (**tile == record.hash || **tile == record.leaf))
            .map(|(position, tile)| (*position, *tile));
        if let Some((position, tile)) = home {
            self.missing.remove(&position);
            let entry = record.signed_id().or(record.id);
            moved(report, entry, record.position, signed(position));
            return record.hash == tile;
        }
        if record.position.is_some() {
            report.add(
                record.signed_id().or(record.id),
                record.position,
                "journal.position",
                Text::of("位置不在已签名的范围内。", "the position lies outside the signed tree"),
            );
        }
        let authentic = record.hash.is_some() && record.hash == record.leaf;
        if !authentic {
            report.add(
                record.id,
                record.position,
                "journal.canonical",
                Text::of(
                    "待入列记录的内容与叶哈希不符。",
                    "the content of a waiting record does not match its leaf hash",
                ),
            );
        }
        authentic
    }

    /// Reports what is left: rewritten, exchanged and missing records, and the upper tiles.
    pub(super) async fn finish(mut self, tx: &mut Tx, report: &mut Report) -> Result<(), Error> {
        self.suspects.append(&mut self.open);
        let homes: BTreeMap<Hash, i64> = self.suspects.iter().map(|s| (s.tile, s.position)).collect();
        for suspect in &self.suspects {
            match homes.get(&suspect.row) {
                Some(home) => moved(report, suspect.entry, Some(suspect.position), *home),
                None => report.add(
                    suspect.entry,
                    Some(suspect.position),
                    if suspect.unclear {
                        "journal.canonical or log_tile.hashes"
                    } else {
                        "journal.canonical"
                    },
                    Text::of(
                        "记录内容及其叶哈希已被改写，与签名不符。",
                        "the record was rewritten with its leaf hash and is not what was signed",
                    ),
                ),
            }
        }
        for position in self.missing.keys() {
            let text = Text::of("该位置的记录缺失。", "the record at this position is missing");
            report.add(None, Some(signed(*position)), "journal", text);
        }
        self.upper_tiles(tx, report).await
    }

    /// Checks every tile's place and length, and each hash above level 0 against the tile below it.
    async fn upper_tiles(&mut self, tx: &mut Tx, report: &mut Report) -> Result<(), Error> {
        let mut counts: BTreeMap<i64, u64> = BTreeMap::new();
        let (mut level, mut idx) = (-1i64, i64::MAX);
        loop {
            let rows = tx
                .query(
                    "select level, idx, hashes from log_tile where level > $1 or (level = $1 and idx > $2) \
                     order by level, idx limit 100",
                    &[level.into(), idx.into()],
                )
                .await?;
            if rows.is_empty() {
                break;
            }
            for row in rows {
                (level, idx) = (row.int("level")?, row.int("idx")?);
                *counts.entry(level).or_default() += 1;
                let bytes = row.bytes("hashes").unwrap_or_default();
                if !self.tile_holds(tx, level, idx, &bytes).await? {
                    report.add(
                        None,
                        None,
                        format!("log_tile.hashes (level {level}, index {idx})"),
                        changed(),
                    );
                }
            }
        }
        for level in 1u32..8 {
            let expected = (self.size >> (8 * level)).div_ceil(WIDTH as u64);
            let found = counts.get(&i64::from(level)).copied().unwrap_or(0);
            if found < expected {
                report.add(None, None, format!("log_tile (level {level})"), changed());
            }
        }
        Ok(())
    }

    async fn tile_holds(&self, tx: &mut Tx, level: i64, idx: i64, bytes: &[u8]) -> Result<bool, Error> {
        let (Ok(level), Ok(index)) = (u32::try_from(level), u64::try_from(idx)) else { return Ok(false) };
        if self.flagged.contains(&(level, index)) {
            return Ok(true); // reported already
        }
        let all = if level < 8 { self.size >> (8 * level) } else { 0 };
        let width = all.saturating_sub(index.saturating_mul(WIDTH as u64)).min(WIDTH as u64);
        if width == 0 || bytes.len() as u64 != 32 * width {
            return Ok(false);
        }
        if level == 0 {
            return Ok(true); // compared with the rows
        }
        for (i, hash) in (0u64..).zip(hashes(bytes)) {
            let below = index * WIDTH as u64 + i;
            if self.flagged.contains(&(level - 1, below)) {
                continue;
            }
            let Some(lower) = read(tx, level - 1, below).await? else { return Ok(false) };
            if root_of(&hashes(&lower)) != hash {
                return Ok(false);
            }
        }
        Ok(true)
    }
}

fn changed() -> Text {
    Text::of("哈希树数据已被改动或缺失。", "a hash tile was changed or is missing")
}

fn moved(report: &mut Report, entry: Option<Id>, stored: Option<i64>, home: i64) {
    report.add(
        entry,
        Some(home),
        "journal.position",
        Text::new(
            format!(
                "位置已被改动：现为{}，签名位置为 {home}。",
                stored.map_or("空".to_owned(), |p| p.to_string())
            ),
            format!(
                "the position was changed: it is {}, the signed one is {home}",
                stored.map_or("empty".to_owned(), |p| p.to_string())
            ),
        ),
    );
}

async fn read(tx: &mut Tx, level: u32, index: u64) -> Result<Option<Vec<u8>>, Error> {
    let sql = "select hashes from log_tile where level = $1 and idx = $2";
    let row = tx.first(sql, &[level.into(), signed(index).into()]).await?;
    Ok(row.and_then(|r| r.bytes("hashes").ok()))
}

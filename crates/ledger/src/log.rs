//! Reading the log from outside: checkpoint, hash tiles and entry bundles as C2SP tlog-tiles serves them, the feed.

use crate::merkle::{Hash, consistency_ranges};
use crate::tiles::{WIDTH, prove, signed};
use crate::{Error, note};
use base::{Id, Instant};
use serde::Serialize;
use store::{Row, Sql, Store, Tx};

/// The signal raised when a new checkpoint was signed ([`store::Store::listen`]).
pub const LOG_SIGNAL: &str = "log";

/// An entry with its position: what a feed or a projection sees.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct JournalRow {
    /// Place in the tree, from 0.
    pub position: i64,
    /// Entry id.
    pub id: Id,
    /// When it happened.
    pub at: Instant,
    /// What happened.
    pub kind: String,
    /// Region code.
    pub region: String,
    /// Record concerned.
    pub subject: String,
    /// Who acted.
    pub actor: String,
    /// The canonical entry, JSON.
    pub canonical: String,
}

impl JournalRow {
    pub(crate) fn read(row: &Row) -> Result<Self, Error> {
        Ok(Self {
            position: row.int("position")?,
            id: row.id("id")?,
            at: row.instant("at")?,
            kind: row.text("kind")?,
            region: row.text("region")?,
            subject: row.text("subject")?,
            actor: row.text("actor")?,
            canonical: row.text("canonical")?,
        })
    }

    /// The facts of the entry (member `body`).
    ///
    /// # Errors
    /// [`Error::Damaged`] when the stored entry is no JSON object.
    pub fn body<T: serde::de::DeserializeOwned>(&self) -> Result<T, Error> {
        #[derive(serde::Deserialize)]
        struct Outer<T> {
            body: T,
        }
        serde_json::from_str::<Outer<T>>(&self.canonical)
            .map(|outer| outer.body)
            .map_err(|e| Error::Damaged(format!("entry {}: {e}", self.id)))
    }
}

/// Up to `limit` sequenced entries from `position` on whose region begins with `region`, in tree order. The next call
/// passes the last row's position plus one; because a late entry gets a later position, nothing is ever missed.
///
/// # Errors
/// When the store fails.
pub async fn feed(store: &Store, position: i64, limit: u32, region: &str) -> Result<Vec<JournalRow>, Error> {
    let mut within = Sql::new("1 = 1");
    if !region.is_empty() {
        // the highest Unicode character closes the range of texts with this prefix
        within
            .push(" and region >= ")
            .bind(region)
            .push(" and region < ")
            .bind(format!("{region}\u{10ffff}"));
    }
    feed_seen(store, position, limit, &within).await
}

/// As [`feed`], the entries that fulfil `seen`, a condition on `region`, `agency` and `classification`.
///
/// # Errors
/// When the store fails.
pub async fn feed_seen(
    store: &Store,
    position: i64,
    limit: u32,
    seen: &Sql,
) -> Result<Vec<JournalRow>, Error> {
    let mut sql = Sql::new(
        "select position, id, at, kind, region, subject, actor, canonical from journal where position >= ",
    );
    sql.bind(position).push(" and ").append(seen);
    sql.push(" order by position limit ").bind(limit);
    let rows = store.select(&sql).await?;
    store.settled().await?;
    rows.iter().map(JournalRow::read).collect()
}

/// Entries about a subject, oldest first, sequenced or not: the history of a record.
///
/// # Errors
/// When the store fails.
pub async fn history(store: &Store, subject: &str) -> Result<Vec<JournalRow>, Error> {
    store
        .query(
            "select coalesce(position, -1) as position, id, at, kind, region, subject, actor, canonical \
             from journal where subject = $1 order by id",
            &[subject.into()],
        )
        .await?
        .iter()
        .map(JournalRow::read)
        .collect()
}

/// How far the journal and its log have come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Standing {
    /// Entries written.
    pub entries: i64,
    /// Of these, not sequenced yet.
    pub waiting: i64,
    /// Size of the tree under the newest checkpoint.
    pub signed: i64,
}

/// How far the journal and its log have come.
///
/// # Errors
/// Storage.
pub async fn standing(store: &Store) -> Result<Standing, store::Error> {
    let row = store
        .one(
            "select count(*) as entries, cast(coalesce(sum(case when position is null then 1 else 0 end), 0) as bigint) \
             as waiting, (select coalesce(max(size), 0) from log_checkpoint) as signed from journal",
            &[],
        )
        .await?;
    Ok(Standing { entries: row.int("entries")?, waiting: row.int("waiting")?, signed: row.int("signed")? })
}

/// Whose an entry is: by this its readers are chosen.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Whose {
    /// Region code.
    pub region: String,
    /// Department; `""` for none.
    pub agency: String,
    /// 1 internal, 2 confidential.
    pub classification: u8,
}

impl Whose {
    /// Of a row of the journal with its columns `region`, `agency` and `classification`.
    ///
    /// # Errors
    /// When one of them is missing.
    pub fn read(row: &Row) -> Result<Self, store::Error> {
        // what does not fit is for nobody
        let classification = u8::try_from(row.int("classification")?).unwrap_or(u8::MAX);
        Ok(Self { region: row.text("region")?, agency: row.text("agency")?, classification })
    }
}

/// Whose an entry is; `None` when there is no such entry.
///
/// # Errors
/// Storage.
pub async fn whose(store: &Store, entry: Id) -> Result<Option<Whose>, store::Error> {
    let sql = "select region, agency, classification from journal where id = $1";
    store.first(sql, &[entry.into()]).await?.as_ref().map(Whose::read).transpose()
}

/// The latest signed checkpoint, as served under `/log/checkpoint`; `None` before the sequencer's first pass.
///
/// # Errors
/// When the store fails.
pub async fn checkpoint(store: &Store) -> Result<Option<String>, Error> {
    let row = store.first("select note from log_checkpoint order by size desc limit 1", &[]).await?;
    store.settled().await?;
    Ok(row.map(|r| r.text("note")).transpose()?)
}

/// The first signed head of the tree that covers an entry.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FirstHead {
    /// Position of the entry.
    pub position: i64,
    /// Size of the tree, greater than the position.
    pub size: i64,
    /// Root of the tree, 32 bytes.
    pub root: Vec<u8>,
    /// The checkpoint as signed.
    pub note: String,
}

/// The first checkpoint that covers an entry: fixed once it is signed, and known to nobody when the entry is written. `None`
/// until then.
///
/// # Errors
/// Storage.
pub async fn first_head_over(tx: &mut Tx, entry: Id) -> Result<Option<FirstHead>, store::Error> {
    let row = tx
        .first(
            "select j.position, c.size, c.root, c.note from journal j join log_checkpoint c on c.size > j.position \
             where j.id = $1 and j.position is not null order by c.size limit 1",
            &[entry.into()],
        )
        .await?;
    let read = |row: Row| {
        Ok(FirstHead {
            position: row.int("position")?,
            size: row.int("size")?,
            root: row.bytes("root")?,
            note: row.text("note")?,
        })
    };
    row.map(read).transpose()
}

/// Verifier keys of every checkpoint ever signed, oldest first.
///
/// # Errors
/// When the store fails.
pub async fn keys(store: &Store) -> Result<Vec<String>, Error> {
    let rows = store.query("select vkey from log_key order by at, vkey", &[]).await?;
    rows.iter().map(|r| Ok(r.text("vkey")?)).collect()
}

/// The bytes of hash tile `(level, index)`: `width` hashes of 32 bytes (1 to 256; `None`: a full tile). `None` when
/// the published tree does not have that many.
///
/// # Errors
/// When the store fails.
pub async fn tile(
    store: &Store,
    level: u32,
    index: u64,
    width: Option<usize>,
) -> Result<Option<Vec<u8>>, Error> {
    let bytes = 32 * width.unwrap_or(WIDTH);
    let sql = "select hashes from log_tile where level = $1 and idx = $2";
    let row = store.first(sql, &[level.into(), signed(index).into()]).await?;
    store.settled().await?;
    let Some(mut hashes) = row.map(|r| r.bytes("hashes")).transpose()? else { return Ok(None) };
    if bytes == 0 || hashes.len() < bytes {
        return Ok(None);
    }
    hashes.truncate(bytes);
    Ok(Some(hashes))
}

/// Entry bundle `index`: `width` entries (1 to 256; `None`: a full bundle), each after its length in 16 bits,
/// big-endian. `None` when the published tree does not have that many.
///
/// An entry that does not fulfil `seen`, a condition on `region`, `agency` and `classification`, is withheld: its length is 0, which no
/// entry has. Its leaf hash stands at the same place of the hash tile of level 0, so that the others and the tree verify all the same.
///
/// # Errors
/// When the store fails.
pub async fn entry_bundle(
    store: &Store,
    index: u64,
    width: Option<usize>,
    seen: &Sql,
) -> Result<Option<Vec<u8>>, Error> {
    let width = width.unwrap_or(WIDTH).min(WIDTH);
    let first = signed(index.saturating_mul(WIDTH as u64));
    let last = first.saturating_add(signed(width as u64));
    let mut sql = Sql::new("select case when ");
    sql.append(seen).push(" then canonical else '' end as canonical from journal where position >= ");
    sql.bind(first).push(" and position < ").bind(last).push(" order by position");
    let rows = store.select(&sql).await?;
    store.settled().await?;
    if width == 0 || rows.len() < width {
        return Ok(None);
    }
    let mut bundle = Vec::new();
    for row in rows {
        let entry = row.text("canonical")?;
        let length = u16::try_from(entry.len())
            .map_err(|_| Error::Damaged(format!("an entry of bundle {index} is longer than 65,535 bytes")))?;
        bundle.extend_from_slice(&length.to_be_bytes());
        bundle.extend_from_slice(entry.as_bytes());
    }
    Ok(Some(bundle))
}

/// A request path below `/log/tile/`: `LEVEL/INDEX`, `LEVEL/INDEX.p/WIDTH` or the same with `entries` for the level.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TilePath {
    /// Level of a hash tile; `None` for an entry bundle.
    pub level: Option<u32>,
    /// Index within the level.
    pub index: u64,
    /// Width of a partial tile, 1 to 255.
    pub width: Option<usize>,
}

impl TilePath {
    /// Reads a path such as `0/x001/x234/067.p/8` (C2SP tlog-tiles: three digits an element, all but the last
    /// begin with `x`).
    #[must_use]
    pub fn parse(path: &str) -> Option<Self> {
        let (level, rest) = path.split_once('/')?;
        let level = match level {
            "entries" => None,
            digits => Some(digits.parse().ok().filter(|l| *l < 64 && digits == format!("{l}"))?),
        };
        let (number, width) = match rest.split_once(".p/") {
            None => (rest, None),
            Some((number, w)) => {
                (number, Some(w.parse().ok().filter(|n| (1..256).contains(n) && w == format!("{n}"))?))
            }
        };
        let parts: Vec<&str> = number.split('/').collect();
        let (last, before) = parts.split_last()?;
        let mut index: u64 = 0;
        for part in before.iter().map(|p| p.strip_prefix('x')).chain([Some(*last)]) {
            let digits = part.filter(|p| p.len() == 3 && p.bytes().all(|b| b.is_ascii_digit()))?;
            index = index.checked_mul(1000)?.checked_add(digits.parse().ok()?)?;
        }
        (before.first() != Some(&"x000")).then_some(Self { level, index, width })
    }
}

/// The proof that the tree of `old` entries is a prefix of the tree of `new` entries.
///
/// # Errors
/// [`Error::Damaged`] when hashes are missing: also when `new` is larger than the tree.
pub async fn consistency(store: &Store, old: u64, new: u64) -> Result<Vec<Hash>, Error> {
    let mut tx = store.snapshot().await?;
    prove(&mut tx, new, consistency_ranges(old, new)).await
}

/// The latest checkpoint within a transaction: its note, opened with whichever known key signed it, and that key.
pub(crate) async fn latest(tx: &mut Tx) -> Result<Option<(String, note::Checkpoint, String)>, Error> {
    let row = tx.first("select note from log_checkpoint order by size desc limit 1", &[]).await?;
    let Some(row) = row else { return Ok(None) };
    let text = row.text("note")?;
    let mut last = note::NoteError::Unsigned("any known key".to_owned());
    for row in tx.query("select vkey from log_key order by at desc", &[]).await? {
        let key = row.text("vkey")?;
        match note::open(&text, &key) {
            Ok(checkpoint) => return Ok(Some((text, checkpoint, key))),
            Err(error) => last = error,
        }
    }
    Err(last.into())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tile_paths_are_read_strictly() {
        let path = |level, index, width| Some(TilePath { level, index, width });
        for (text, expected) in [
            ("0/000", path(Some(0), 0, None)),
            ("1/x001/x234/067", path(Some(1), 1_234_067, None)),
            ("entries/x001/067.p/12", path(None, 1067, Some(12))),
            ("0/000.p/256", None),
            ("0/000.p/0", None),
            ("0/000.p/01", None),
            ("0/x000/001", None),
            ("0/1", None),
            ("00/001", None),
            ("64/001", None),
            ("0/001/002", None),
            ("../001", None),
            ("0/x999/x999/x999/x999/x999/x999/x999/999", None),
            ("", None),
        ] {
            assert_eq!(TilePath::parse(text), expected, "{text}");
        }
    }
}

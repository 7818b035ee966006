//! The trace index of the process: opened from its file, following every capture, rebuilt at will.
//!
//! Positions are the order in which captures were committed. Several processes on one database agree because each
//! reads what it has not seen yet, in that order. The file is a mapped segment; what came since is a delta in memory,
//! merged into a new file in the background while readers and captures go on. A file that is torn, damaged or of another
//! database is not used: the rows are the truth.

use crate::fact::{EventFact, ItemFact};
use crate::{Error, step};
use chain::{Bytes, Index, Names, SegmentError, Step};
use std::path::{Path, PathBuf};
use std::sync::{Arc, PoisonError, RwLock};
use store::{Row, Store, map};
use tokio::sync::Mutex;

/// Most captures read at once when catching up.
const PAGE: i64 = 500;
/// Most events read at once when catching up, so that a start needs no more memory than the index itself.
const EVENTS: i64 = 10_000;
/// Files up to this size are read whole and checked before they are used; larger ones meanwhile.
const CHECK_AT_ONCE: usize = 64 << 20;
/// A delta of at most this many lines is read again from the rows at the next start rather than merged when the
/// province closes, once the file holds this many times as much.
const SMALL_DELTA: usize = 20_000;

/// The index behind a lock, with the position it has reached. Cheap to clone: all clones are one index.
#[derive(Debug, Clone)]
pub struct TraceIndex(Arc<Shared>);

#[derive(Debug)]
struct Shared {
    index: RwLock<Index>,
    /// One follower at a time; readers are not held up by it.
    following: Mutex<()>,
    /// Where the file lies; none while the index lives in memory alone.
    file: Option<PathBuf>,
    /// One merge at a time; whoever takes over much waits for it, so that the delta stays bounded.
    merging: Arc<Mutex<()>>,
}

impl TraceIndex {
    /// Builds the index from what is stored, in memory.
    ///
    /// # Errors
    /// Storage.
    pub async fn open(store: &Store) -> Result<Self, Error> {
        Ok(Self::of(build(store).await?, None))
    }

    /// Opens the index from its file and takes over what was committed since; from the rows when there is no file, it
    /// cannot be read, or it is of another database.
    ///
    /// # Errors
    /// Storage.
    pub async fn open_with(store: &Store, file: &Path) -> Result<Self, Error> {
        let (index, late_check) = match restore(store, file).await {
            Ok((index, bytes)) => (index, bytes),
            Err(reason) => {
                tracing::info!(%reason, "the trace index is built from its rows");
                (build(store).await?, None)
            }
        };
        let this = Self::of(index, Some(file.to_owned()));
        this.catch_up(store).await?;
        if let Some(bytes) = late_check {
            let (this, store) = (this.clone(), store.clone());
            tokio::spawn(async move { this.check(&store, bytes).await });
        }
        Ok(this)
    }

    /// Reads the whole file behind the answers; when it is not what was written, the rows take its place.
    async fn check(&self, store: &Store, bytes: Bytes) {
        let checked = tokio::task::spawn_blocking(move || chain::verify_segment((*bytes).as_ref())).await;
        if let Ok(Err(error)) = checked {
            tracing::error!(%error, "the trace index is built from its rows");
            match build(store).await {
                Ok(index) => {
                    if let Err(error) = self.replace(store, index).await {
                        tracing::error!(?error, "the trace index could not be built anew");
                    }
                }
                Err(error) => tracing::error!(?error, "the trace index could not be built anew"),
            }
        }
    }

    /// Writes the index to a file, whole or not at all. What a start reads faster from the rows than this would
    /// write is left out.
    ///
    /// # Errors
    /// Storage, or the file.
    pub async fn save(&self, store: &Store, file: &Path) -> Result<(), Error> {
        let (index, size) = self.read(|index| (index.clone(), index.stats()));
        let small = index.delta() <= SMALL_DELTA && size.steps > 100 * SMALL_DELTA;
        if small && size.mapped_bytes > 0 && self.0.file.as_deref() == Some(file) {
            return Ok(());
        }
        write(store, index, file).await.map(drop)
    }

    fn of(index: Index, file: Option<PathBuf>) -> Self {
        let (index, following) = (RwLock::new(index), Mutex::new(()));
        Self(Arc::new(Shared { index, following, file, merging: Arc::default() }))
    }

    /// Reads the index. The closure must be short: a capture waits for it.
    pub fn read<T>(&self, look: impl FnOnce(&Index) -> T) -> T {
        look(&self.0.index.read().unwrap_or_else(PoisonError::into_inner))
    }

    /// The capture position the index has reached.
    #[must_use]
    pub fn position(&self) -> i64 {
        self.read(Index::position)
    }

    /// Takes over everything committed since, in portions: however much that is (other processes may have stored millions of
    /// events meanwhile), the delta is merged whenever it has grown enough, before more is taken.
    ///
    /// # Errors
    /// Storage; what was taken over before stays.
    pub async fn catch_up(&self, store: &Store) -> Result<(), Error> {
        let last = last_position(store).await?;
        let mut is_merging = true;
        while self.position() < last && self.take_portion(store).await? {
            if is_merging && self.position() < last && self.read(Index::wants_merge) {
                let _one = self.0.merging.lock().await;
                // somebody else may have merged while this waited
                if self.read(Index::wants_merge)
                    && let Err(error) = self.merge(store).await
                {
                    tracing::warn!(?error, "the trace index keeps its delta until the next merge");
                    is_merging = false;
                }
            }
        }
        self.merge_if_due(store);
        Ok(())
    }

    /// Takes over the next captures, as many as one reading takes; false when there are none.
    async fn take_portion(&self, store: &Store) -> Result<bool, Error> {
        let _one = self.0.following.lock().await;
        let position = self.position();
        let (facts, reached) = read_after(store, position).await?;
        if reached > position {
            self.apply(&facts, reached);
        }
        Ok(reached > position)
    }

    /// After a commit of some captures, the last of them at a position: takes the facts at hand when nothing is missing
    /// between, else reads.
    pub(crate) async fn follow(
        &self,
        store: &Store,
        last: i64,
        captures: usize,
        facts: &[EventFact],
    ) -> Result<(), Error> {
        {
            let _one = self.0.following.lock().await;
            if i64::try_from(captures).is_ok_and(|captures| self.position() + captures == last) {
                self.apply(facts, last);
                self.merge_if_due(store);
                return Ok(());
            }
        }
        self.catch_up(store).await
    }

    fn apply(&self, facts: &[EventFact], position: i64) {
        take(&mut self.0.index.write().unwrap_or_else(PoisonError::into_inner), facts, position);
    }

    /// Starts a merge in the background when the delta has grown enough and none is under way.
    fn merge_if_due(&self, store: &Store) {
        if self.read(Index::wants_merge)
            && let Ok(one) = self.0.merging.clone().try_lock_owned()
        {
            let (this, store) = (self.clone(), store.clone());
            tokio::spawn(async move {
                if let Err(error) = this.merge(&store).await {
                    tracing::warn!(?error, "the trace index keeps its delta until the next merge");
                }
                drop(one);
            });
        }
    }

    /// Merges the delta into a new file (or, without one, in memory) and puts it in place of the old; readers and
    /// captures go on meanwhile.
    ///
    /// # Errors
    /// Storage, or the file; the index stays as it is.
    pub async fn merge(&self, store: &Store) -> Result<(), Error> {
        let index = self.read(Clone::clone);
        let merged = match &self.0.file {
            Some(file) => write(store, index, file).await?,
            None => {
                let merge = move || {
                    let mut index = index;
                    index.merge();
                    index
                };
                tokio::task::spawn_blocking(merge).await.map_err(|_| Error::Interrupted)?
            }
        };
        self.replace(store, merged).await
    }

    /// Puts another index in place of this one once it has caught up with it.
    async fn replace(&self, store: &Store, mut index: Index) -> Result<(), Error> {
        // most of what came meanwhile is taken over while captures go on, the rest while they wait; what this one
        // has not seen either is left for later
        advance(store, &mut index, self.position()).await?;
        let _one = self.0.following.lock().await;
        advance(store, &mut index, self.position()).await?;
        let mut place = self.0.index.write().unwrap_or_else(PoisonError::into_inner);
        let old = std::mem::replace(&mut *place, index);
        drop(place);
        drop(old);
        Ok(())
    }
}

/// The position of the last capture.
async fn last_position(store: &Store) -> Result<i64, Error> {
    Ok(store.one("select last from capture_position where id = 1", &[]).await?.int("last")?)
}

/// Builds an index of all rows.
async fn build(store: &Store) -> Result<Index, Error> {
    let mut names = Names::default();
    let mut steps: Vec<Step> = Vec::new();
    let mut position = 0;
    loop {
        let (facts, reached) = read_after(store, position).await?;
        if reached == position {
            break;
        }
        position = reached;
        for fact in &facts {
            steps.extend(step::steps(fact, &mut names));
        }
    }
    let build = move || {
        let mut index = Index::build(names, steps);
        index.set_position(position);
        index
    };
    tokio::task::spawn_blocking(build).await.map_err(|_| Error::Interrupted)
}

/// Gives an index the facts of the captures up to a position.
fn take(index: &mut Index, facts: &[EventFact], position: i64) {
    let mut steps = Vec::with_capacity(facts.len());
    for fact in facts {
        steps.extend(step::steps(fact, index.names_mut()));
    }
    index.apply_all(&steps);
    index.set_position(position);
}

/// Gives an index nobody reads yet what was committed after it, up to a position or a little beyond.
async fn advance(store: &Store, index: &mut Index, until: i64) -> Result<(), Error> {
    while index.position() < until {
        let (facts, reached) = read_after(store, index.position()).await?;
        if reached == index.position() {
            break;
        }
        take(index, &facts, reached);
    }
    Ok(())
}

/// Merges an index, writes it to a file and opens that.
async fn write(store: &Store, mut index: Index, file: &Path) -> Result<Index, Error> {
    let mark = mark(store, index.position()).await?;
    let path = file.to_owned();
    let write = move || {
        map::publish(&path, |out| index.write_segment(mark, out))?;
        let bytes: Bytes = map::map(&path)?;
        let opened = Index::open_segment(bytes).map_err(std::io::Error::other);
        opened.map(|(index, _)| index)
    };
    let written = tokio::task::spawn_blocking(write).await.map_err(|_| Error::Interrupted)?;
    let fail = |source| store::Error::File { path: file.display().to_string(), source };
    Ok(written.map_err(fail)?)
}

/// The capture at a position: a file whose mark differs is of another database.
async fn mark(store: &Store, position: i64) -> Result<i64, Error> {
    let row = store.first("select id from capture where position = $1", &[position.into()]).await?;
    Ok(row.map(|r| r.int("id")).transpose()?.unwrap_or_default())
}

/// Opens the file. Its bytes come along when they are still to be checked.
async fn restore(store: &Store, file: &Path) -> Result<(Index, Option<Bytes>), String> {
    let path = file.to_owned();
    let open = move || {
        let bytes: Bytes = map::map(&path).map_err(|e| e.to_string())?;
        let large = (*bytes).as_ref().len() > CHECK_AT_ONCE;
        let said = |error: SegmentError| error.to_string();
        if !large {
            chain::verify_segment((*bytes).as_ref()).map_err(said)?;
        }
        let (index, mark) = Index::open_segment(bytes.clone()).map_err(said)?;
        Ok::<_, String>((index, mark, large.then_some(bytes)))
    };
    let (index, wanted, bytes) = tokio::task::spawn_blocking(open).await.map_err(|e| e.to_string())??;
    let found = mark(store, index.position()).await.map_err(|e| e.to_string())?;
    if found == wanted { Ok((index, bytes)) } else { Err("the file is of another database".to_owned()) }
}

/// The facts of the next captures after a position, in order, and the position they reach.
async fn read_after(store: &Store, position: i64) -> Result<(Vec<EventFact>, i64), Error> {
    let captures = store
        .query(
            "select position, stored from capture where position > $1 order by position limit $2",
            &[position.into(), PAGE.into()],
        )
        .await?;
    // whole captures, as many as stay within the bound of events; at least one
    let (mut reached, mut events) = (position, 0);
    for row in &captures {
        events += row.int("stored")?;
        if events > EVENTS && reached > position {
            break;
        }
        reached = row.int("position")?;
    }
    if reached == position {
        return Ok((Vec::new(), position));
    }
    let span = [position.into(), reached.into()];
    let events = store
        .query(
            "select e.id, e.declared, e.type, e.action, e.biz_step, e.disposition, e.event_time, e.record_time, \
             e.read_point, e.biz_location, e.source, e.destination, e.document, e.join_id, e.withdrawn, e.withdraws, \
             e.items from capture c join event e on e.capture = c.id where c.position > $1 and c.position <= $2 \
             order by c.position, e.leaf",
            &span,
        )
        .await?;
    let facts = events.iter().map(event_fact).collect::<Result<_, _>>()?;
    Ok((facts, reached))
}

/// The facts of a stored event.
pub(crate) fn event_fact(row: &Row) -> Result<EventFact, store::Error> {
    Ok(EventFact {
        id: row.id("id")?,
        kind: row.text("type")?,
        action: row.opt_text("action")?,
        biz_step: row.opt_text("biz_step")?,
        disposition: row.opt_text("disposition")?,
        time: row.instant("event_time")?,
        recorded: row.instant("record_time")?,
        read_point: row.opt_text("read_point")?,
        biz_location: row.opt_text("biz_location")?,
        source: row.opt_text("source")?,
        destination: row.opt_text("destination")?,
        document: row.opt_text("document")?,
        join: row.opt_text("join_id")?,
        declaration: !row.text("declared")?.is_empty(),
        withdrawn: row.flag("withdrawn")?,
        withdraws: row.opt_id("withdraws")?,
        items: items(row)?,
    })
}

/// The items of a stored event.
pub(crate) fn items(row: &Row) -> Result<Vec<ItemFact>, store::Error> {
    ItemFact::of_row_text(&row.text("items")?).ok_or_else(|| store::Error::Corrupt {
        what: format!("the items of event {}", row.int("id").unwrap_or(0)),
    })
}

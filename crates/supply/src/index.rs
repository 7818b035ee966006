//! The trace index of the process: built from the columns at start, following every capture, rebuilt at will.
//!
//! Positions are the order in which captures were committed. Several processes on one database agree because each
//! reads what it has not seen yet, in that order.

use crate::fact::{EventFact, ItemFact};
use crate::{Error, step};
use chain::{Index, Names, Step};
use std::path::Path;
use std::sync::{Arc, PoisonError, RwLock};
use store::{Row, Store};
use tokio::sync::Mutex;

/// Most captures read at once when catching up.
const PAGE: i64 = 500;
/// Most events read at once when catching up, so that a start needs no more memory than the index itself.
const EVENTS: i64 = 10_000;

/// The index behind a lock, with the position it has reached.
#[derive(Debug)]
pub struct TraceIndex {
    index: RwLock<Index>,
    /// One follower at a time; readers are not held up by it.
    following: Mutex<()>,
}

impl TraceIndex {
    /// Builds the index from what is stored.
    ///
    /// # Errors
    /// Storage.
    pub async fn open(store: &Store) -> Result<Self, Error> {
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
        Ok(Self::of(tokio::task::spawn_blocking(build).await.map_err(|_| Error::Interrupted)?))
    }

    /// Opens the index from a snapshot and takes over what was committed since; from the rows when there is no
    /// snapshot, it cannot be read, or it is of another database.
    ///
    /// # Errors
    /// Storage.
    pub async fn open_with(store: &Store, snapshot: &Path) -> Result<Self, Error> {
        match restore(store, snapshot).await {
            Ok(index) => {
                let index = Self::of(index);
                index.catch_up(store).await?;
                Ok(index)
            }
            Err(reason) => {
                tracing::info!(%reason, "the trace index is built from its rows");
                Self::open(store).await
            }
        }
    }

    /// Writes a snapshot beside the file and puts it in its place.
    ///
    /// # Errors
    /// Storage, or the file.
    pub async fn save(self: &Arc<Self>, store: &Store, snapshot: &Path) -> Result<(), Error> {
        let index = self.clone();
        let (position, bytes) = tokio::task::spawn_blocking(move || {
            let mut index = index.index.write().unwrap_or_else(PoisonError::into_inner);
            (index.position(), index.to_bytes())
        })
        .await
        .map_err(|_| Error::Interrupted)?;
        let mut out = mark(store, position).await?.to_le_bytes().to_vec();
        out.extend_from_slice(&bytes);
        let fail = |source| store::Error::File { path: snapshot.display().to_string(), source };
        let part = snapshot.with_extension("part");
        tokio::fs::write(&part, out).await.map_err(fail)?;
        tokio::fs::rename(&part, snapshot).await.map_err(fail)?;
        Ok(())
    }

    fn of(index: Index) -> Self {
        Self { index: RwLock::new(index), following: Mutex::new(()) }
    }

    /// Reads the index. The closure must be short: a capture waits for it.
    pub fn read<T>(&self, look: impl FnOnce(&Index) -> T) -> T {
        look(&self.index.read().unwrap_or_else(PoisonError::into_inner))
    }

    /// The capture position the index has reached.
    pub fn position(&self) -> i64 {
        self.read(Index::position)
    }

    /// Takes over everything committed since.
    ///
    /// # Errors
    /// Storage; what was taken over before stays.
    pub async fn catch_up(&self, store: &Store) -> Result<(), Error> {
        let last = store.one("select last from capture_position where id = 1", &[]).await?.int("last")?;
        if self.position() >= last {
            return Ok(());
        }
        let _one = self.following.lock().await;
        loop {
            let position = self.position();
            let (facts, reached) = read_after(store, position).await?;
            if reached == position {
                return Ok(());
            }
            self.apply(&facts, reached);
        }
    }

    /// After a commit: takes the facts at hand when nothing is missing between, else reads.
    pub(crate) async fn follow(
        &self,
        store: &Store,
        position: i64,
        facts: &[EventFact],
    ) -> Result<(), Error> {
        {
            let _one = self.following.lock().await;
            if self.position() + 1 == position {
                self.apply(facts, position);
                return Ok(());
            }
        }
        self.catch_up(store).await
    }

    fn apply(&self, facts: &[EventFact], position: i64) {
        let mut index = self.index.write().unwrap_or_else(PoisonError::into_inner);
        let mut steps = Vec::with_capacity(facts.len());
        for fact in facts {
            steps.extend(step::steps(fact, index.names_mut()));
        }
        index.apply_all(&steps);
        index.set_position(position);
    }
}

/// The capture at a position: a snapshot whose mark differs is of another database.
async fn mark(store: &Store, position: i64) -> Result<i64, Error> {
    let row = store.first("select id from capture where position = $1", &[position.into()]).await?;
    Ok(row.map(|r| r.int("id")).transpose()?.unwrap_or_default())
}

async fn restore(store: &Store, snapshot: &Path) -> Result<Index, String> {
    let bytes = tokio::fs::read(snapshot).await.map_err(|e| e.to_string())?;
    let (first, body) = bytes.split_first_chunk::<8>().ok_or("the snapshot is empty")?;
    let wanted = i64::from_le_bytes(*first);
    let index = Index::from_bytes(body).map_err(|e| e.to_string())?;
    let found = mark(store, index.position()).await.map_err(|e| e.to_string())?;
    if found == wanted { Ok(index) } else { Err("the snapshot is of another database".to_owned()) }
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
             e.read_point, e.biz_location, e.source, e.destination, e.document, e.join_id, e.withdrawn, e.withdraws \
             from capture c join event e on e.capture = c.id where c.position > $1 and c.position <= $2 \
             order by c.position, e.leaf",
            &span,
        )
        .await?;
    let items = store
        .query(
            "select i.event, i.role, i.item, i.class, i.qty, i.uom from capture c \
             join event e on e.capture = c.id join event_item i on i.event = e.id \
             where c.position > $1 and c.position <= $2 order by c.position, e.leaf, i.n",
            &span,
        )
        .await?;
    let mut facts = Vec::with_capacity(events.len());
    let mut items = items.iter().peekable();
    for row in &events {
        let mut fact = event_fact(row)?;
        while let Some(item) = items.peek() {
            if item.id("event")? != fact.id {
                break;
            }
            fact.items.push(item_fact(item)?);
            items.next();
        }
        facts.push(fact);
    }
    Ok((facts, reached))
}

/// The facts of a stored event, without its items.
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
        items: Vec::new(),
    })
}

/// A stored item.
pub(crate) fn item_fact(row: &Row) -> Result<ItemFact, store::Error> {
    Ok(ItemFact {
        role: row.parsed("role")?,
        item: row.text("item")?,
        class: row.opt_text("class")?,
        qty: row.opt_text("qty")?.and_then(|t| t.parse().ok()),
        uom: row.opt_text("uom")?,
    })
}

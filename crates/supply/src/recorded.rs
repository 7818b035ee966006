//! Stored events as events of the standard.

use crate::event::hash_bytes;
use crate::prepare::hash_id;
use crate::{Error, Supply};
use base::Id;
use epcis::{Context, Event, Limits};
use std::collections::HashMap;
use std::sync::Arc;
use store::{Row, Sql, Store};

/// What [`Recorder::event`] reads, of events whose ids follow.
const COLUMNS: &str = "select e.id, e.event_id, e.hash, e.record_time, e.body, c.context from event e \
    join capture c on c.id = e.capture where e.id in ";

/// Reads events from the store; the contexts it meets are kept.
pub(crate) struct Recorder<'a> {
    store: &'a Store,
    reader: Reader,
}

/// Reads events from their rows.
#[derive(Default)]
pub(crate) struct Reader {
    contexts: HashMap<String, Arc<Context>>,
}

impl<'a> Recorder<'a> {
    pub(crate) fn new(store: &'a Store) -> Self {
        Self { store, reader: Reader::default() }
    }

    /// The rows of events, by their ids; ids of no event are passed over.
    pub(crate) async fn rows(&self, ids: &[Id]) -> Result<HashMap<Id, Row>, Error> {
        let mut found = HashMap::with_capacity(ids.len());
        for part in ids.chunks(1000) {
            let mut sql = Sql::new(COLUMNS);
            sql.bind_ids(part);
            for row in self.store.select(&sql).await? {
                found.insert(row.id("id")?, row);
            }
        }
        Ok(found)
    }

    /// [`Reader::event`].
    pub(crate) fn event(&mut self, row: &Row) -> Result<Event, Error> {
        self.reader.event(row)
    }
}

impl Reader {
    /// The event of a row with `id, event_id, hash, record_time, body, context`, with the id and record time this
    /// repository gave it.
    pub(crate) fn event(&mut self, row: &Row) -> Result<Event, Error> {
        let event_id = match row.opt_text("event_id")? {
            Some(given) => given,
            None => hash_id(&hash_bytes(row)?),
        };
        let context = self.context(row.text("context")?)?;
        let event = Event::recorded(&row.text("body")?, &context, &event_id, row.instant("record_time")?);
        let id = row.id("id")?;
        Ok(event.ok_or_else(|| store::Error::Corrupt { what: format!("event {id}") })?)
    }

    fn context(&mut self, text: String) -> Result<Arc<Context>, Error> {
        if let Some(known) = self.contexts.get(&text) {
            return Ok(known.clone());
        }
        let context = context(&text)
            .ok_or_else(|| store::Error::Corrupt { what: "the context of a capture".to_owned() })?;
        self.contexts.insert(text, context.clone());
        Ok(context)
    }
}

/// The context of a capture from its text.
pub(crate) fn context(text: &str) -> Option<Arc<Context>> {
    let node = epcis::parse(text.as_bytes(), &Limits::default()).ok()?;
    Some(Arc::new(Context::from_node(&node)))
}

impl Supply {
    /// Stored events as events of the standard, with the id and record time this repository gave them, in the order
    /// asked for; the caller has made sure that they may be seen.
    ///
    /// # Errors
    /// Storage.
    pub async fn recorded(&self, ids: &[Id]) -> Result<Vec<Event>, Error> {
        let mut recorder = Recorder::new(&self.store);
        let mut rows = recorder.rows(ids).await?;
        let rows = ids.iter().filter_map(|id| rows.remove(id)).collect::<Vec<_>>();
        rows.iter().map(|row| recorder.event(row)).collect()
    }
}

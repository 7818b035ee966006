//! Stored events as events of the standard.

use crate::event::hash_bytes;
use crate::prepare::hash_id;
use crate::{Error, Supply};
use base::Id;
use epcis::{Context, Event, Limits};
use std::collections::HashMap;
use std::sync::Arc;
use store::{Row, Sql, Store};

/// Reads rows with `id, event_id, hash, record_time, body, capture`; the contexts of the captures it meets are kept.
pub(crate) struct Recorder<'a> {
    store: &'a Store,
    contexts: HashMap<Id, Arc<Context>>,
}

impl<'a> Recorder<'a> {
    pub(crate) fn new(store: &'a Store) -> Self {
        Self { store, contexts: HashMap::new() }
    }

    /// The event with the id and record time this repository gave it.
    pub(crate) async fn event(&mut self, row: &Row) -> Result<Event, Error> {
        let event_id = match row.opt_text("event_id")? {
            Some(given) => given,
            None => hash_id(&hash_bytes(row)?),
        };
        let context = self.context(row.id("capture")?).await?;
        let event = Event::recorded(&row.text("body")?, &context, &event_id, row.instant("record_time")?);
        let id = row.id("id")?;
        Ok(event.ok_or_else(|| store::Error::Corrupt { what: format!("event {id}") })?)
    }

    async fn context(&mut self, capture: Id) -> Result<Arc<Context>, Error> {
        if let Some(known) = self.contexts.get(&capture) {
            return Ok(known.clone());
        }
        let row = self.store.one("select context from capture where id = $1", &[capture.into()]).await?;
        let context = context(&row.text("context")?)
            .ok_or_else(|| store::Error::Corrupt { what: format!("the context of capture {capture}") })?;
        self.contexts.insert(capture, context.clone());
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
        let mut events: HashMap<Id, Event> = HashMap::new();
        for part in ids.chunks(500) {
            let mut sql = Sql::new(
                "select e.id, e.event_id, e.hash, e.record_time, e.body, e.capture from event e where e.id in ",
            );
            sql.bind_list(part.iter().copied());
            for row in self.store.select(&sql).await? {
                events.insert(row.id("id")?, recorder.event(&row).await?);
            }
        }
        Ok(ids.iter().filter_map(|id| events.remove(id)).collect())
    }
}

//! Wake-up calls between the parts of one process; a hint only, since other processes are not heard: listeners poll too.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};
use tokio::sync::watch;

/// Named counters, shared by every clone of a store.
#[derive(Debug, Clone, Default)]
pub(crate) struct Signals(Arc<Mutex<BTreeMap<&'static str, watch::Sender<u64>>>>);

impl Signals {
    pub(crate) fn listen(&self, name: &'static str) -> watch::Receiver<u64> {
        let mut map = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        map.entry(name).or_insert_with(|| watch::Sender::new(0)).subscribe()
    }

    pub(crate) fn raise(&self, name: &'static str) {
        let map = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(sender) = map.get(name) {
            sender.send_modify(|n| *n += 1);
        }
    }
}

//! What cases of an outbreak are kept with: `supply::CaseFiles` over the matters and the signals of the watch.

use access::{Access, Principal};
use async_trait::async_trait;
use base::{Id, Instant, Text};
use flow::Engine;
use ledger::Permit;
use std::sync::Arc;
use store::Store;
use supply::{CaseFiles, Error};
use watch::Watch;

/// The matters and signals of a province.
#[derive(Debug, Clone)]
pub struct Files {
    store: Store,
    engine: Arc<Engine>,
    access: Access,
    watch: Watch,
}

impl Files {
    /// Over the services of a province.
    #[must_use]
    pub const fn new(store: Store, engine: Arc<Engine>, access: Access, watch: Watch) -> Self {
        Self { store, engine, access, watch }
    }
}

#[async_trait]
impl CaseFiles for Files {
    async fn permit(
        &self,
        who: &Principal,
        action: &'static str,
        about: &str,
        now: Instant,
    ) -> Result<(Permit, String), Error> {
        let unknown = || Error::NotFound(about.to_owned());
        let (kind, id) = about.split_once(':').ok_or_else(unknown)?;
        let id: Id = id.parse().map_err(|_| unknown())?;
        match kind {
            "matter" => {
                let asked =
                    flow::standing(&self.store, &self.engine, &self.access, (who, now), id, action).await;
                let found = asked.map_err(|e| match e {
                    flow::Error::Denied(denied) => denied.into(),
                    flow::Error::NotFound(_) => unknown(),
                    flow::Error::Store(e) => e.into(),
                    other => Error::Directory(Box::new(other)),
                })?;
                if action == "act" && !found.running {
                    return Err(Error::Wrong {
                        field: "about",
                        text: Text::of(
                            "办件已办结，不能再保存病例；请在相关的在办办件中保存。",
                            "The matter is closed and takes no more cases; keep them with one that runs.",
                        ),
                    });
                }
                Ok((found.permit, found.region))
            }
            "signal" => {
                let asked = self.watch.standing(&self.store, who, action, now, id).await;
                asked.map_err(|e| match e {
                    watch::Error::Denied(denied) => denied.into(),
                    watch::Error::NotFound => unknown(),
                    watch::Error::Store(e) => e.into(),
                    other => Error::Directory(Box::new(other)),
                })
            }
            _ => Err(unknown()),
        }
    }
}

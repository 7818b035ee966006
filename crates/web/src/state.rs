//! What every handler shares: the store and the domain services, wired once by `shian`.

use base::{IdGen, Instant};
use epcis::ident::PrefixLengths;
use std::sync::{Arc, PoisonError, RwLock};

/// The application as the doors see it.
pub struct App {
    /// The database.
    pub store: store::Store,
    /// Attachments by content hash.
    pub attachments: store::attachments::Attachments,
    /// Policies and vault.
    pub access: access::Access,
    /// Programs that asked a moment ago.
    pub recent: access::Recent,
    /// Procedures.
    pub engine: Arc<flow::Engine>,
    /// Samples and verdicts.
    pub lab: lab::Lab,
    /// Surveillance.
    pub watch: watch::Watch,
    /// Inspections outside.
    pub field: field::Field,
    /// Whom to inspect and what to sample.
    pub target: target::Target,
    /// Assessments of exposure kept ready.
    pub bench: Arc<assess::live::Workbench>,
    /// Trace events and their index.
    pub supply: supply::Supply,
    /// The rules in force.
    pub rules: &'static limits::Rules,
    /// Record ids of this process.
    pub ids: Arc<IdGen>,
    /// The time; tests give their own.
    pub clock: fn() -> Instant,
    /// `https://…` under which the public reaches this province, without a trailing slash; for QR codes and receipts.
    pub origin: String,
    /// Company prefixes whose length is known, for EPC URNs.
    pub prefixes: Prefixes,
    /// Whom this server may call.
    pub outbound: crate::outbound::Outbound,
    /// Open sockets.
    pub sockets: crate::Sockets,
    /// The font of documents as PDF.
    pub faces: crate::Faces,
    /// Set `Secure` on cookies (behind TLS).
    pub secure_cookies: bool,
}

impl App {
    /// The time now.
    #[must_use]
    pub fn now(&self) -> Instant {
        (self.clock)()
    }
}

/// The lengths of company prefixes as they are now; the table in the database is what counts.
#[derive(Debug, Default)]
pub struct Prefixes(RwLock<Arc<PrefixLengths>>);

impl Prefixes {
    /// The lengths to use now.
    #[must_use]
    pub fn current(&self) -> Arc<PrefixLengths> {
        self.0.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Takes the table as it is in the database; where a line is not usable it is passed over.
    ///
    /// # Errors
    /// Storage.
    pub async fn load(&self, store: &store::Store) -> Result<(), registry::Error> {
        let mut lengths = PrefixLengths::default();
        for line in registry::company_prefixes(store).await? {
            lengths.insert(&line.leading, line.length);
        }
        *self.0.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(lengths);
        Ok(())
    }
}

impl std::fmt::Debug for App {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("App").field("origin", &self.origin).finish_non_exhaustive()
    }
}

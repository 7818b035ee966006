//! What every handler shares: the store and the domain services, wired once by `shian`.

use base::{IdGen, Instant};
use std::sync::Arc;

/// The application as the doors see it.
pub struct App {
    /// The database.
    pub store: store::Store,
    /// Attachments by content hash.
    pub attachments: store::attachments::Attachments,
    /// Policies and vault.
    pub access: access::Access,
    /// Procedures.
    pub engine: Arc<flow::Engine>,
    /// Samples and verdicts.
    pub lab: lab::Lab,
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
    pub prefixes: epcis::ident::PrefixLengths,
    /// Whom this server may call.
    pub outbound: crate::outbound::Outbound,
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

impl std::fmt::Debug for App {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("App").field("origin", &self.origin).finish_non_exhaustive()
    }
}

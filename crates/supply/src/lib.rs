//! Capture and query of trace events, upkeep of the chain index, lots and recall scope.
//!
//! Main types: [`Supply`] (everything goes through it), [`CaptureOutcome`], [`PlaceDirectory`] and [`CaseFiles`] (the
//! register, and matters and signals, asked through traits), [`TraceIndex`]. Invariants: one capture is one transaction and one journal entry that carries the
//! Merkle root of its events; an event is stored once and never changes, an error declaration only withdraws it; the
//! index holds nothing that cannot be rebuilt from the rows. It must never know procedures, samples or the register
//! itself.

mod ask;
mod backfill;
mod batch;
mod batch_file;
mod capture;
mod cases;
mod certificate;
mod claim;
mod connector;
mod ended;
mod error;
mod event;
mod fact;
mod group;
mod index;
mod job;
mod lots;
mod masterdata;
mod named;
mod outbreak;
mod outcome;
mod partnership;
mod place;
mod portion;
mod prepare;
mod public;
mod query;
mod received;
mod record;
mod recorded;
mod resources;
mod rows;
mod said;
mod scope;
mod sight;
mod step;
mod subscription;
mod term;
mod upload;
mod view;
mod words;

pub use ask::{
    Answer, Ask, CaseLine, Cell, Choice, Column, County, Found, FoundKind, Need, OutbreakAnswer, PARAMETERS,
    Parameter, Question, Reply, Separate, Since, Table, gap_kinds, gap_word,
};
pub use backfill::BACKFILL_JOB;
pub use batch::{NewLot, Part};
pub use batch_file::{BatchOutcome, InBatch, OutBatch, in_columns, out_columns};
pub use capture::CAPTURED;
pub use cases::{CaseFiles, CaseSet, KeptCases, KeptSuspect};
pub use certificate::{
    CERTIFICATE_URI, Certificate, CertificateFault, CertificateFilter, CertificateNode, CertificateRule,
    CitedCertificate, NewCertificate, certificate_number,
};
pub use connector::{Connector, ConnectorChange, Direction, NewConnector, PastTurn, Tally, Turn};
pub use error::Error;
pub use event::{EventDetail, EventFilter, EventPage, EventRow};
pub use fact::{EventFact, ItemFact, Role};
pub use index::TraceIndex;
pub use job::CaptureJob;
pub use lots::{GapView, HoldingView, Holdings, LotView, NeighbourView};
pub use named::{NamedQuery, QUERIES};
pub use outbreak::{MixingProblem, OutbreakCase, OutbreakNetwork, Period};
pub use outcome::{
    CaptureOptions, CaptureOutcome, CaptureState, Duplicate, ErrorBehaviour, Format, StoredEvent,
};
pub use partnership::{Partnership, partnerships};
pub use place::{DirectoryError, Dossier, OperatorInfo, Partner, PlaceDirectory, PlaceInfo};
pub use public::{PublicLot, PublicStop};
pub use query::{NextPage, Page, QueryPage, Strides};
pub use received::CAPTURE_JOB;
pub use record::{
    CertificateCheck, Course, Duty, FirmGaps, GapOrder, GapQuery, Keep, Lack, RecordField, RecordQuery,
    RecordRow, RecordRule, Records, RegionGaps, record_rules, shelf_life_end,
};
pub use resources::{Collection, EVENT_TYPES};
pub use scope::{Frozen, RegionTotal, ScopeOptions, ScopeReport, ScopeRow, TraceReport};
pub use step::{site_key, steps};
pub use subscription::{Delivery, NewSubscription, Reach, Subscription};
pub use term::events_naming;
pub use upload::{LEDGER_NAMESPACE, LedgerKind, LedgerOptions, LedgerOutcome};
pub use view::{Legend, LotInfo, TraceLink, TraceNode, TraceView, amount_text};

use access::{Access, Principal, Resource};
use base::Instant;
use ledger::Permit;
use std::sync::Arc;
use store::Store;

/// Events of one document at most.
const EVENTS: usize = 5_000_000;
/// Bytes of one document at most: 4 GiB.
const UPLOAD: u64 = 4 << 30;

/// The trace part of the office: storage, rights, register and index. Cheap to clone.
#[derive(Clone)]
pub struct Supply {
    /// The database.
    pub store: Store,
    /// Rights.
    pub access: Access,
    /// The register of places.
    pub directory: Arc<dyn PlaceDirectory>,
    /// The trace index.
    pub index: Arc<TraceIndex>,
    /// Bounds on what is read at once: a short document, one event of a long one; and events of any document.
    pub limits: epcis::Limits,
    /// Bytes of a document taken in to be worked off later.
    pub upload: u64,
    /// How queries look for a page.
    pub strides: Strides,
    pub(crate) words: words::Words,
    pub(crate) merging: term::Merging,
    pub(crate) queue: group::Queue,
    pub(crate) master: masterdata::Kept,
    pub(crate) regions: ask::Regions,
    pub(crate) case_files: Arc<dyn CaseFiles>,
}

impl Supply {
    /// Opens the trace part and builds its index from what is stored.
    ///
    /// # Errors
    /// Storage.
    pub async fn open(
        store: Store,
        access: Access,
        directory: Arc<dyn PlaceDirectory>,
    ) -> Result<Self, Error> {
        term::complete(&store).await?;
        let index = Arc::new(TraceIndex::open(&store).await?);
        Ok(Self::of(store, access, directory, index))
    }
}

impl Supply {
    fn of(store: Store, access: Access, directory: Arc<dyn PlaceDirectory>, index: Arc<TraceIndex>) -> Self {
        let limits = epcis::Limits { problems: 10_000, events: EVENTS, ..epcis::Limits::default() };
        Self {
            store,
            access,
            directory,
            index,
            limits,
            upload: UPLOAD,
            strides: Strides::default(),
            words: words::Words::default(),
            merging: term::Merging::default(),
            queue: group::Queue::default(),
            master: masterdata::Kept::default(),
            regions: ask::Regions::default(),
            case_files: Arc::new(cases::NoFiles),
        }
    }

    /// Anybody with an account who may see events at all.
    pub(crate) fn may_look(&self, who: &Principal, now: Instant) -> Result<Permit, Error> {
        let region = who.grants.first().map(|g| g.region.clone()).unwrap_or_default();
        let resource = Resource::new("event", region).of_operator(who.operator);
        Ok(self.access.check(who, "view", &resource, now)?)
    }

    /// As [`Supply::open`], with a snapshot of the index to start from ([`TraceIndex::save`] writes it).
    ///
    /// # Errors
    /// Storage.
    pub async fn open_with(
        store: Store,
        access: Access,
        directory: Arc<dyn PlaceDirectory>,
        snapshot: &std::path::Path,
    ) -> Result<Self, Error> {
        term::complete(&store).await?;
        let index = Arc::new(TraceIndex::open_with(&store, snapshot).await?);
        Ok(Self::of(store, access, directory, index))
    }
}

impl std::fmt::Debug for Supply {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Supply").field("position", &self.index.position()).finish_non_exhaustive()
    }
}

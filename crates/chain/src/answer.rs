//! What the index answers: nodes, links, recall scopes and gaps as plain data.

use crate::{Amount, DocId, How, ItemId, PlaceId, Qty};
use serde::{Deserialize, Serialize};

/// How far a query may go. When it stops there the answer says `truncated`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Bounds {
    /// Most nodes in an answer.
    pub max_nodes: usize,
    /// Most links between the start and any node (a transformation counts two).
    pub max_depth: u32,
}

impl Default for Bounds {
    fn default() -> Self {
        Self { max_nodes: 200_000, max_depth: 256 }
    }
}

/// The stable name of a node: this item at this place from this time. Survives rebuilding the index.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct NodeKey {
    /// The item.
    pub item: ItemId,
    /// The place.
    pub place: PlaceId,
    /// First arrival, or first trace, of this stretch of time; UTC microseconds.
    pub since: i64,
}

/// What a node of a trace is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum NodeKind {
    /// An item at a place from a time.
    Lot(NodeKey),
    /// A transformation at a place, starting at a time.
    Process {
        /// Where.
        place: PlaceId,
        /// First event of the transformation, UTC microseconds.
        since: i64,
        /// Record id of that event.
        event: u64,
    },
}

/// A node of a trace.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TraceNode {
    /// What it is.
    pub kind: NodeKind,
    /// Last event of this stretch, UTC microseconds.
    pub until: i64,
    /// Links from the start.
    pub depth: u32,
    /// The goods begin here as far as the records go: nothing leads in.
    pub origin: bool,
    /// Nothing leads on from here.
    pub end: bool,
}

/// What a link is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum LinkKind {
    /// Shipped and received.
    Moved,
    /// Shipped, no receipt recorded: on the way, or received without a record.
    Shipped,
    /// Received from a named sender who recorded no shipment.
    Received,
    /// Into a transformation.
    Input,
    /// Out of a transformation.
    Output,
    /// The same stock later on, after new goods were added to it.
    Carried,
}

/// A link of a trace, from the earlier to the later node.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TraceLink {
    /// Index of the earlier node in [`Trace::nodes`].
    pub from: usize,
    /// Index of the later node.
    pub to: usize,
    /// What it is.
    pub kind: LinkKind,
    /// When the goods left, UTC microseconds.
    pub depart: Option<i64>,
    /// When they arrived, UTC microseconds.
    pub arrive: Option<i64>,
    /// Quantity that left.
    pub sent: Option<Qty>,
    /// Quantity that arrived.
    pub received: Option<Qty>,
    /// Record ids of the events that prove it.
    pub events: Vec<u64>,
    /// The document that travelled with the goods.
    pub document: Option<DocId>,
}

/// A trace: the nodes reached and the links between them.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Trace {
    /// Nodes in order of depth; the start first.
    pub nodes: Vec<TraceNode>,
    /// Links between them.
    pub links: Vec<TraceLink>,
    /// The bounds stopped the search: there is more.
    pub truncated: bool,
}

/// Part a place plays in a recall.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Role {
    /// The item was made, grown or first recorded here.
    Origin,
    /// Should still have some of it, or cannot show that it has none.
    Holder,
    /// Passed all of it on.
    Intermediate,
    /// Sold, used or destroyed all of it.
    SoldOut,
    /// Goods are on their way here; no receipt recorded.
    Expected,
}

/// One item at one place within a recall scope.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ScopeRow {
    /// The item.
    pub item: ItemId,
    /// The place.
    pub place: PlaceId,
    /// One of the suspect lots itself, not something made from it.
    pub culprit: bool,
    /// Part the place plays.
    pub role: Role,
    /// Links from the suspect lot.
    pub depth: u32,
    /// First and last arrival, UTC microseconds.
    pub arrived: Option<(i64, i64)>,
    /// Stock of this item here before the suspect goods came.
    pub opening: Amount,
    /// Made, grown or first recorded here.
    pub produced: Amount,
    /// Received from others.
    pub received: Amount,
    /// Shipped to this place without a recorded receipt.
    pub expected: Amount,
    /// Passed on to other places.
    pub passed_on: Amount,
    /// Made into other items.
    pub made_into: Amount,
    /// Sold to consumers.
    pub sold: Amount,
    /// Used up.
    pub consumed: Amount,
    /// Destroyed under control.
    pub destroyed: Amount,
    /// Lost, stolen or spoilt.
    pub lost: Amount,
    /// What should be here now: opening + produced + received − everything out. Below zero when the records
    /// contradict each other.
    pub on_hand: Amount,
    /// Whether an officer may find some of it here: on hand or expected, known or not known to be none.
    pub may_hold: bool,
    /// Where it came from.
    pub suppliers: Vec<PlaceId>,
    /// Where it went.
    pub customers: Vec<PlaceId>,
    /// Record ids of the events by which it came here.
    pub evidence: Vec<u64>,
}

/// Totals over a recall scope.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Totals {
    /// Made, grown or first recorded; and what was there before or came in from outside the scope.
    pub produced: Amount,
    /// Shipped, no receipt recorded.
    pub in_transit: Amount,
    /// Should be on hand.
    pub held: Amount,
    /// Made into other items.
    pub made_into: Amount,
    /// Sold to consumers.
    pub sold: Amount,
    /// Used up.
    pub consumed: Amount,
    /// Destroyed under control.
    pub destroyed: Amount,
    /// Lost, stolen or spoilt.
    pub lost: Amount,
    /// Produced − in transit − held − made into − sold − consumed − destroyed − lost: shrinkage between
    /// shipment and receipt, or records that contradict each other.
    pub unaccounted: Amount,
}

/// How wide a scope is drawn.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct ScopeOptions {
    /// Start from this upstream lot instead of the sampled one.
    pub from_item: Option<ItemId>,
    /// Also suspect the other outputs of the transformations the suspect lot came out of.
    pub include_sibling_outputs: bool,
    /// Limits of the search.
    pub bounds: Bounds,
}

/// Everything a failed sample of one item puts under suspicion.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Scope {
    /// The suspect lots: whole, wherever they are.
    pub culprits: Vec<ItemId>,
    /// Where the sampled item came from: origins and route.
    pub upstream: Trace,
    /// Where the suspect lots and all that was made from them went.
    pub downstream: Trace,
    /// One row for each item at each place downstream, nearest first.
    pub rows: Vec<ScopeRow>,
    /// Totals of the suspect lots alone.
    pub totals: Totals,
    /// Totals of the products made from them.
    pub derived: Totals,
    /// The bounds stopped the search: there is more.
    pub truncated: bool,
}

/// A record that does not fit: the list an inspector asks the firm about.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Gap {
    /// What does not fit.
    pub kind: GapKind,
    /// The item.
    pub item: ItemId,
    /// The other party, when named.
    pub other: Option<PlaceId>,
    /// When, UTC microseconds.
    pub time: i64,
    /// How much, when reported.
    pub quantity: Option<Qty>,
    /// Record id of the event.
    pub event: u64,
}

/// What does not fit.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum GapKind {
    /// This place received what nobody recorded shipping.
    ReceivedUnshipped,
    /// This place shipped, used or sold what it never received or made (or not before that time).
    SentUnreceived,
    /// This place shipped what the recipient has not recorded receiving.
    NotReceived,
    /// Goods were shipped to this place and it recorded no receipt.
    ReceiptMissing,
    /// The recipient recorded receiving from this place, which recorded no shipment.
    ShipmentMissing,
    /// Goods were seen here that it never received or made.
    SeenUnreceived,
    /// More went out of this stock than came in; the quantity is the excess.
    Overdrawn,
}

/// A node that could explain several cases.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Source {
    /// The item that could have carried it and where.
    pub node: NodeKey,
    /// Indices of the cases it leads to.
    pub cases: Vec<usize>,
    /// Fewest links to the nearest case.
    pub nearest: u32,
    /// Nothing leads in: an origin.
    pub origin: bool,
}

/// The neighbours of an item at a place, one link away.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Hop {
    /// Nodes of the item at the place and their neighbours, with the links between them.
    pub trace: Trace,
    /// How much came in, made here or received.
    pub inward: Amount,
    /// How much went out, by any way.
    pub outward: Amount,
}

/// One stretch of one item at one place, as listed by place or by item.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Holding {
    /// Item, place and time.
    pub node: NodeKey,
    /// Last event, UTC microseconds.
    pub until: i64,
    /// What should be on hand after the last event of the whole stock.
    pub on_hand: Amount,
}

/// How goods went out of the chain, as the scope counts them.
pub(crate) fn leave_field(row: &mut ScopeRow, how: How) -> &mut Amount {
    match how {
        How::Sold => &mut row.sold,
        How::Destroyed => &mut row.destroyed,
        How::Consumed => &mut row.consumed,
        How::Lost => &mut row.lost,
    }
}

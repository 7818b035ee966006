//! What the index is told: one step for each fact of a trace event.

use crate::{DocId, ItemId, JoinId, PlaceId, Qty};
use serde::{Deserialize, Serialize};

/// Items with their quantities; a quantity that was not reported stays `None`.
pub type Items = Vec<(ItemId, Option<Qty>)>;

/// One fact of one trace event. An event that says two things (packs and ships) gives two steps with the same
/// `event`; the same step applied again changes nothing.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Step {
    /// Record id of the event: the evidence shown in every answer, and what an error declaration withdraws.
    pub event: u64,
    /// When it happened, UTC microseconds (EPCIS `eventTime`).
    pub time: i64,
    /// When it was recorded, UTC microseconds (EPCIS `recordTime`). Answers never depend on it.
    pub record: i64,
    /// What happened.
    pub kind: Kind,
}

/// Which half of a movement was recorded.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Phase {
    /// The sender's record (shipping, departing).
    Shipped,
    /// The recipient's record (receiving, arriving, accepting).
    Received,
}

/// How goods leave the chain.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum How {
    /// Sold to a consumer.
    Sold,
    /// Destroyed under control.
    Destroyed,
    /// Eaten or used up, not becoming part of a recorded product.
    Consumed,
    /// Lost, stolen or spoilt.
    Lost,
}

/// What happened. Association (equipment, reusable containers) is not content and has no kind here.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Kind {
    /// Items come into being at a place (commissioning, harvest, import; EPCIS action ADD).
    Appear {
        /// Where.
        place: PlaceId,
        /// What and how much.
        items: Items,
    },
    /// Items were seen at a place (storing, inspecting; EPCIS action OBSERVE without movement).
    Observe {
        /// Where.
        place: PlaceId,
        /// What and how much.
        items: Items,
    },
    /// Items move between two places. The two halves pair up by item, places, document and time; either may
    /// be missing or late.
    Move {
        /// Sender, when recorded.
        from: Option<PlaceId>,
        /// Recipient, when recorded.
        to: Option<PlaceId>,
        /// What and how much.
        items: Items,
        /// Which half this is.
        phase: Phase,
        /// The document that travels with the goods, when recorded.
        document: Option<DocId>,
    },
    /// Inputs become outputs.
    Transform {
        /// Where.
        place: PlaceId,
        /// What goes in.
        inputs: Items,
        /// What comes out.
        outputs: Items,
        /// Joins several events into one transformation: then, as EPCIS says, every input may be in every output.
        id: Option<JoinId>,
    },
    /// Children are put into a parent and move with it until they are unpacked.
    Pack {
        /// Where.
        place: PlaceId,
        /// The pallet, case or container.
        parent: ItemId,
        /// What goes in.
        children: Items,
    },
    /// Children are taken out of a parent.
    Unpack {
        /// Where.
        place: PlaceId,
        /// The pallet, case or container.
        parent: ItemId,
        /// What comes out; none named means all of it.
        children: Items,
    },
    /// Items leave the chain.
    Leave {
        /// Where.
        place: PlaceId,
        /// What and how much.
        items: Items,
        /// How.
        how: How,
    },
    /// An error declaration: the event with this record id no longer counts, whenever it arrives.
    Withdraw {
        /// Record id of the withdrawn event.
        event: u64,
    },
}

//! Adapters: the domain crates ask for their surroundings through traits, and these answer from their neighbours.

mod attachments;
mod background;
mod cases;
mod consequence;
mod ground;
mod inspections;
mod records;
mod register;
mod surveillance;
mod targeting;
mod templates;

pub(crate) use attachments::sweep_on;
pub use cases::Files;
pub use consequence::Disposal;
pub use ground::Ground;
pub use inspections::Inspections;
pub(crate) use inspections::business;
pub(crate) use records::records_on;
pub use register::Register;
pub(crate) use surveillance::{gather, watch_on};
pub use targeting::Targeting;
pub(crate) use targeting::{learn, learn_on};
pub use templates::Templates;

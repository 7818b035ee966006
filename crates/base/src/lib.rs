//! The nouns every other crate shares: identifiers with check digits, regions, the working-day calendar,
//! statutory clocks, exact decimals, units, instants and bilingual text.
//!
//! Main types: [`Id`], [`Instant`], [`Text`], [`Lang`], [`RegionCode`], [`Uscc`], [`LicenceNo`], [`gs1::Gtin`],
//! [`Calendar`], [`Clock`], [`Reported`], [`Quantity`]. Invariants: no I/O, no clock (the caller passes the time), no binary floats for
//! anything the law measures.

pub mod calendar;
pub mod clock;
pub mod decimal;
pub mod department;
pub mod gs1;
pub mod heading;
pub mod id;
pub mod instant;
pub mod licence;
pub mod person_id;
pub mod quantity;
pub mod region;
pub mod text;
pub mod uscc;

pub use calendar::Calendar;
pub use clock::{Clock, ClockRule};
pub use decimal::Reported;
pub use department::Department;
pub use gs1::{Gln, Gtin, Sscc};
pub use heading::HeadingError;
pub use id::{Id, IdGen};
pub use instant::Instant;
pub use jiff::civil::Date;
pub use licence::LicenceNo;
pub use person_id::PersonId;
pub use quantity::Quantity;
pub use region::{Level, RegionCode, Regions};
pub use rust_decimal::Decimal;
pub use text::{Lang, Text};
pub use uscc::Uscc;

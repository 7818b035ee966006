//! Assessments of the office: what the science says of the province's own data, kept where it must be kept.
//!
//! * [`exposure`]: a question (substance, people, assumptions) and what the province's results answer; the model file that repeats it.
//! * [`live`]: assessments kept ready, so that a new result or another assumption moves the figures at once.
//! * [`runs`]: long runs as jobs, with their answers.
//! * [`acute`]: large portions times residues, food by food.
//! * [`survey`]: who ate what: the generated demonstration survey, and surveys that were uploaded.
//! * [`foods`], [`substances`]: foods as surveys count them with their place in the food tree; guidance values.
//! * [`methods`]: one help text a method.
//!
//! It must never know samples, operators or matters: their rows are given to it by the door, read with the reader's rights. It decides
//! nothing.

pub mod acute;
mod error;
pub mod exposure;
pub mod foods;
pub mod live;
pub mod methods;
mod reading;
pub mod runs;
pub mod substances;
pub mod survey;

pub use error::Error;
pub use reading::{ENOUGH, Gathered, OfFood, Row, Samples};

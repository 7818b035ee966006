//! The demo province: fictitious firms in real counties, two years of goods, samples and one incident waiting.

mod documents;
mod flows;
mod illness;
mod incidents;
mod inspections;
mod lines;
mod load;
mod matters;
mod papers;
mod past;
mod people;
mod samples;
mod sampling;
mod targeting;
mod world;

pub(crate) use load::{Made, Wanted, create};
pub(crate) use people::{GUIDE, PASSWORD, laboratory};

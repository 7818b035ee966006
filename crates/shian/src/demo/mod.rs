//! The demo province: fictitious firms in real counties, two years of goods, samples and one incident waiting.

mod flows;
mod lines;
mod world;

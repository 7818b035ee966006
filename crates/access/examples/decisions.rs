//! Measures decisions a second: `cargo run --release -p access --example decisions`.
#![allow(clippy::print_stdout)] // an example talks to the terminal

use access::{Access, Resource, Vault, testing};
use base::{Date, Id, Instant};
use std::time::Instant as Clock;

fn main() -> Result<(), access::Error> {
    let access = Access::new(Vault::from_key([0; 32]))?;
    let now = Instant::china(Date::constant(2026, 9, 1), 9, 0);
    let task = Resource::new("task", "620102").of_agency("market");
    let event = Resource::new("event", "620102").of_operator(Some(Id(5)));
    let cases = [
        ("officer acts on a task", testing::officer("6201"), "act", task.clone()),
        ("desk decides a task", testing::desk("62"), "decide", task.clone()),
        ("firm captures", testing::firm(Id(5)), "capture", event),
        ("refused, with words", testing::officer("63"), "act", task),
    ];
    for (what, who, action, res) in cases {
        let (start, mut n) = (Clock::now(), 0u32);
        while start.elapsed().as_millis() < 1_000 {
            let _ = std::hint::black_box(access.check(&who, action, &res, now));
            n += 1;
        }
        println!("{what}: {:.0} decisions/s", f64::from(n) / start.elapsed().as_secs_f64());
    }
    let (start, mut n) = (Clock::now(), 0u32);
    let who = testing::officer("62");
    while start.elapsed().as_millis() < 1_000 {
        // a place never asked about before: Cedar itself
        let res = Resource::new("task", format!("620102{n:06}")).of_agency("market");
        std::hint::black_box(access.allows(&who, "act", &res, now));
        n += 1;
    }
    println!("first time asked: {:.0} decisions/s", f64::from(n) / start.elapsed().as_secs_f64());
    let (start, mut n) = (Clock::now(), 0u32);
    let who = testing::officer("6201");
    while start.elapsed().as_millis() < 1_000 {
        std::hint::black_box(access.scope(&who, "view", "task", now).sql("region", None, None));
        n += 1;
    }
    println!("scope: {:.0} conditions/s", f64::from(n) / start.elapsed().as_secs_f64());
    Ok(())
}

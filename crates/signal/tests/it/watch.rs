//! The watch of a night: what must not change its verdicts.

use signal::watch::{Plan, Sitting, Step, Stream, night};
use stats::random::{Purpose, Stream as Random};

/// Daily counts of two years and a half, from hardly a case to several a day.
fn streams() -> Vec<Stream> {
    (0..24)
        .map(|at| {
            let mut random = Random::new(1, Purpose::of("watch test"), at);
            let level = (random.uniform() * 4.0 - 3.0).exp();
            let counts = (0..900).map(|_| random.poisson(level) as f64).collect();
            Stream {
                place: format!("{:06}", 620_101 + at / 4),
                hazard: format!("h{}", at % 4),
                first: "2022-01-03".parse().expect("a date"),
                step: Step::Day,
                counts,
                population: None,
            }
        })
        .collect()
}

#[test]
fn a_night_heard_in_portions_is_the_night_heard_at_once_on_any_number_of_threads() {
    let (streams, plan) = (streams(), Plan::builtin());
    let detectors = plan.detectors();
    let told = |night: &signal::watch::Night| {
        assert!(!night.verdicts.is_empty() && !night.nulls.is_empty());
        serde_json::to_string(&(&night.verdicts, &night.nulls, night.undecided)).expect("verdicts")
    };
    let at_once = night(&streams, &detectors, None, 1);
    for (portion, threads) in [(5, 1), (24, 3), (1, 2)] {
        let mut sitting = Sitting::new(&detectors, None);
        streams.chunks(portion).for_each(|part| sitting.hear(part, threads));
        let heard = sitting.close();
        assert!(told(&heard) == told(&at_once), "{portion} series a portion, {threads} threads");
        // what one night learnt serves the next as it stands
        let mut next = Sitting::new(&detectors, Some(&at_once.nulls));
        streams.chunks(portion).for_each(|part| next.hear(part, threads));
        let next = next.close();
        assert!(next.nulls.is_empty());
        assert_eq!(next.verdicts, at_once.verdicts);
    }
}

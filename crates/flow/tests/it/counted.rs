//! Every clock of every procedure counted by hand, around holidays and made-up workdays, with pauses and extensions.

use base::calendar::Calendar;
use base::clock::{Amount, Clock, Unit};
use base::{Date, Instant};
use flow::ClockUse;
use proptest::prelude::*;
use std::collections::BTreeSet;

/// Counts by hand: day after day, whole days that a pause touches left out.
fn by_hand(c: &ClockUse, start: Instant, pause: Option<(Instant, Instant)>, more: Option<Amount>) -> Instant {
    let calendar = Calendar::builtin();
    if c.unit == Unit::Hour {
        let stood = pause.map_or(0, |(a, b)| (b.0 - a.0) / 1_000_000);
        return start.plus_seconds(i64::from(c.amount) * 3600 + stood);
    }
    let paused = |d: Date| {
        pause.is_some_and(|(a, b)| {
            let (begin, end) = (Instant::china(d, 0, 0), Instant::china(d.tomorrow().unwrap(), 0, 0));
            a < end && b > begin
        })
    };
    let mut at = start.china_date();
    if matches!(c.unit, Unit::Month | Unit::Year) {
        // the same day of the month, or its last where that month is shorter
        let months = if c.unit == Unit::Year { 12 * c.amount } else { c.amount };
        let all = i32::from(at.year()) * 12 + i32::from(at.month()) - 1 + i32::try_from(months).unwrap();
        let (year, month) = (i16::try_from(all / 12).unwrap(), i8::try_from(all % 12 + 1).unwrap());
        let first = Date::constant(year, month, 1);
        at = Date::constant(year, month, at.day().min(first.days_in_month()));
        while c.roll_over && !calendar.is_working_day(at) {
            at = at.tomorrow().unwrap();
        }
        return Instant(Instant::china(at.tomorrow().unwrap(), 0, 0).0 - 1);
    }
    let count = |at: &mut Date, amount: u32, working: bool| {
        let mut left = amount;
        while left > 0 {
            *at = at.tomorrow().unwrap();
            if !paused(*at) && (!working || calendar.is_working_day(*at)) {
                left -= 1;
            }
        }
    };
    count(&mut at, c.amount, c.unit == Unit::WorkingDay);
    let mut working = c.unit == Unit::WorkingDay;
    if let Some(more) = more {
        working = more.unit == Unit::WorkingDay;
        count(&mut at, more.amount, working);
    }
    if c.roll_over && !working {
        // a day on which the period stands still is no last day either
        while !calendar.is_working_day(at) || paused(at) {
            at = at.tomorrow().unwrap();
        }
    }
    Instant(Instant::china(at.tomorrow().unwrap(), 0, 0).0 - 1)
}

/// Every clock of every procedure whose length the law gives, once for each period and kind.
fn clocks() -> Vec<ClockUse> {
    let mut seen = BTreeSet::new();
    let all = flow::shipped().unwrap().into_iter().flat_map(|d| d.clocks);
    let all = all.filter(|c| c.until.is_none());
    all.filter(|c| seen.insert((c.amount, c.unit.name().en.into_owned(), c.roll_over, c.extension.is_some())))
        .collect()
}

fn rule_of(c: &ClockUse) -> base::ClockRule {
    base::ClockRule {
        id: c.id.clone(),
        amount: c.amount,
        unit: c.unit,
        basis: c.basis.clause.clone(),
        status: c.basis.status,
        roll_over: c.roll_over,
        direction: base::clock::Direction::After,
    }
}

#[test]
fn every_clock_counts_as_by_hand_around_holidays_and_made_up_workdays() {
    // around New Year, the Spring Festival with its worked weekend, the autumn holidays, and a Friday night
    let starts = [(2025, 12, 30), (2026, 2, 12), (2026, 9, 25), (2026, 9, 30), (2026, 10, 9)];
    for c in clocks() {
        for (y, m, d) in starts {
            for hour in [0, 9, 23] {
                let start = Instant::china(Date::constant(y, m, d), hour, 30);
                let due = Clock::start(rule_of(&c), start).due(Calendar::builtin()).unwrap().at;
                assert_eq!(
                    due,
                    by_hand(&c, start, None, None),
                    "{} of {} {:?} from {start:?}",
                    c.id,
                    c.amount,
                    c.unit
                );
            }
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]
    #[test]
    fn a_pause_and_an_extension_move_every_clock_as_by_hand(
        pick in 0usize..1000, day in 0i64..300, minute in 0i64..1440, after in 0i64..20_000, length in 1i64..30_000, more in 0u32..20,
    ) {
        // a pause lengthens months day by day: that is the clock's own test
        let all: Vec<ClockUse> =
            clocks().into_iter().filter(|c| !matches!(c.unit, Unit::Month | Unit::Year)).collect();
        let c = &all[pick % all.len()];
        let start = Instant::china(Date::constant(2025, 12, 1), 0, 0).plus_seconds(day * 86_400 + minute * 60);
        let plain = Clock::start(rule_of(c), start);
        let due = plain.due(Calendar::builtin()).unwrap().at;
        let from = start.plus_seconds(after * 60);
        let to = from.plus_seconds(length * 60);
        let mut clock = plain;
        let pause = (from < due).then_some((from, to));
        if pause.is_some() {
            clock.suspend(from, "检验", "desk").unwrap();
            clock.resume(to).unwrap();
        }
        let extension = c.extension.as_ref().filter(|e| more > 0 && c.unit != Unit::Hour && matches!(e.unit, Unit::WorkingDay | Unit::CalendarDay));
        let extension = extension.map(|e| Amount { amount: more.min(e.at_most), unit: e.unit });
        if let Some(by) = extension {
            clock.extend(by, "复杂", "desk").unwrap();
        }
        let found = clock.due(Calendar::builtin()).unwrap().at;
        prop_assert_eq!(found, by_hand(c, start, pause, extension), "{} {} {:?} paused {:?} extended {:?}", c.id, c.amount, c.unit, pause, extension);
    }
}

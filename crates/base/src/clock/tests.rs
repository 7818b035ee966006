//! Clock tests: dated cases around holidays and properties of suspensions and extensions.

use super::*;
use proptest::prelude::*;

fn rule(amount: u32, unit: Unit) -> ClockRule {
    let basis = "测试".to_owned();
    let (roll_over, direction) = (true, Direction::After);
    ClockRule { id: "T".into(), amount, unit, basis, status: Status::Verified, roll_over, direction }
}

/// `2026-09-02 08:00` in China.
fn at(text: &str) -> Instant {
    Instant::parse(&format!("{}:00+08:00", text.replace(' ', "T"))).unwrap()
}

fn clock(start: &str, amount: u32, unit: Unit) -> Clock {
    Clock::start(rule(amount, unit), at(start))
}

fn due(clock: &Clock) -> String {
    clock.due(Calendar::builtin()).map_or("open".into(), |d| d.at.china_minute())
}

fn pause(clock: &mut Clock, from: &str, to: Option<&str>) {
    clock.suspensions.push(Suspension {
        from: at(from),
        to: to.map(at),
        reason: "检验".into(),
        approved_by: "局长".into(),
    });
}

#[test]
fn periods_end_where_the_law_says() {
    for (start, amount, unit, expected) in [
        // the day of the event is not counted
        ("2026-09-02 08:00", 5, Unit::WorkingDay, "2026-09-09 23:59"),
        ("2026-09-02 23:59", 5, Unit::WorkingDay, "2026-09-09 23:59"),
        // New Year, with the Sunday made up on 4 January
        ("2025-12-31 10:00", 2, Unit::WorkingDay, "2026-01-05 23:59"),
        // Spring Festival, with Saturdays made up on 14 and 28 February
        ("2026-02-13 10:00", 2, Unit::WorkingDay, "2026-02-24 23:59"),
        ("2026-02-24 10:00", 4, Unit::WorkingDay, "2026-02-28 23:59"),
        // National Day, with the Saturday made up on 10 October
        ("2026-09-28 10:00", 5, Unit::WorkingDay, "2026-10-10 23:59"),
        // a last day in the holidays rolls to the next working day
        ("2026-09-18 10:00", 15, Unit::CalendarDay, "2026-10-08 23:59"),
        ("2026-09-25 10:00", 15, Unit::CalendarDay, "2026-10-10 23:59"), // a made-up Saturday is worked
        ("2026-06-01 10:00", 90, Unit::CalendarDay, "2026-08-31 23:59"), // 30 August is a Sunday
        // months and years end on the same-numbered day or the last of a shorter month
        ("2026-03-31 10:00", 3, Unit::Month, "2026-06-30 23:59"),
        ("2026-01-31 10:00", 1, Unit::Month, "2026-02-28 23:59"), // a made-up Saturday
        ("2024-02-29 10:00", 1, Unit::Year, "2025-02-28 23:59"),
        ("2024-10-01 10:00", 2, Unit::Year, "2026-10-08 23:59"),
        // hours run through nights and holidays
        ("2026-09-30 20:30", 24, Unit::Hour, "2026-10-01 20:30"),
        ("2026-02-16 01:00", 72, Unit::Hour, "2026-02-19 01:00"),
    ] {
        assert_eq!(due(&clock(start, amount, unit)), expected, "{start} + {amount} {unit:?}");
    }
    let exact = clock("2026-09-02 08:00", 5, Unit::WorkingDay).due(Calendar::builtin()).unwrap();
    assert_eq!(exact.at.0 + 1, at("2026-09-10 00:00").0);
}

#[test]
fn retention_periods_do_not_roll() {
    let mut retention = clock("2024-10-01 10:00", 2, Unit::Year);
    retention.rule.roll_over = false;
    assert_eq!(due(&retention), "2026-10-01 23:59");
}

#[test]
fn what_must_happen_before_an_event_leaves_the_whole_period_clear() {
    for (event, amount, unit, expected) in [
        ("2026-10-16 09:00", 7, Unit::WorkingDay, "2026-10-07 23:59"), // 8 to 15 October less a Sunday
        ("2026-10-16 09:00", 3, Unit::CalendarDay, "2026-10-12 23:59"),
        ("2026-10-16 09:00", 24, Unit::Hour, "2026-10-15 09:00"),
        ("2026-10-16 09:00", 1, Unit::Month, "2026-09-15 23:59"),
    ] {
        let mut notice = clock(event, amount, unit);
        notice.rule.direction = Direction::Before;
        assert_eq!(due(&notice), expected, "{amount} {unit:?}");
    }
}

#[test]
fn days_touched_by_a_suspension_are_not_counted() {
    for (from, to, expected) in [
        ("2026-09-04 17:00", "2026-09-04 18:00", "2026-09-10 23:59"), // one hour takes its day
        ("2026-09-04 17:00", "2026-09-08 09:00", "2026-09-14 23:59"), // Friday, Monday, Tuesday
        ("2026-09-05 00:00", "2026-09-07 00:00", "2026-09-09 23:59"), // a weekend takes nothing
        ("2026-09-02 09:00", "2026-09-02 10:00", "2026-09-09 23:59"), // the day of the event was not counted anyway
        ("2026-09-10 00:00", "2026-09-20 00:00", "2026-09-09 23:59"), // after the end
    ] {
        let mut period = clock("2026-09-02 08:00", 5, Unit::WorkingDay);
        pause(&mut period, from, Some(to));
        assert_eq!(due(&period), expected, "{from} to {to}");
    }
    let mut overlapping = clock("2026-09-02 08:00", 10, Unit::CalendarDay);
    pause(&mut overlapping, "2026-09-05 08:00", Some("2026-09-07 08:00"));
    pause(&mut overlapping, "2026-09-07 07:00", Some("2026-09-08 08:00"));
    assert_eq!(due(&overlapping), "2026-09-16 23:59"); // 5 to 8 September out, counted once
}

#[test]
fn hours_leave_out_exactly_the_suspended_interval() {
    let mut period = clock("2026-09-02 08:00", 24, Unit::Hour);
    pause(&mut period, "2026-09-02 10:00", Some("2026-09-02 11:30"));
    assert_eq!(due(&period), "2026-09-03 09:30");
    pause(&mut period, "2026-09-03 09:00", None);
    assert_eq!(due(&period), "open");
}

#[test]
fn an_open_suspension_stops_the_clock_and_keeps_what_was_left() {
    let calendar = Calendar::builtin();
    let mut period = clock("2026-09-02 08:00", 5, Unit::WorkingDay);
    period.suspend(at("2026-09-04 09:00"), "检验", "局长").unwrap();
    assert_eq!(period.suspend(at("2026-09-04 10:00"), "检验", "局长"), Err(ClockError::AlreadySuspended));
    assert_eq!(due(&period), "open");
    let later = at("2026-12-01 09:00");
    assert_eq!(period.state(calendar, later), State::Suspended);
    assert_eq!(period.remaining(calendar, later).text().zh, "剩 4 个工作日");
    assert_eq!(period.resume(at("2026-09-04 08:00")), Err(ClockError::Backwards));
    period.resume(at("2026-09-07 09:00")).unwrap();
    assert_eq!(period.resume(at("2026-09-07 09:00")), Err(ClockError::NotSuspended));
    assert_eq!(due(&period), "2026-09-11 23:59");

    let mut late = clock("2026-09-02 08:00", 1, Unit::WorkingDay);
    pause(&mut late, "2026-09-08 09:00", None);
    assert_eq!(late.state(calendar, later), State::Overdue, "a suspension after the end saves nothing");
}

#[test]
fn extensions_run_on_from_the_unrolled_end() {
    let mut period = clock("2026-06-01 10:00", 90, Unit::CalendarDay); // Sunday 30 August
    period.extend(Amount { amount: 30, unit: Unit::CalendarDay }, "复杂", "负责人").unwrap();
    assert_eq!(due(&period), "2026-09-29 23:59");
    let mut mixed = clock("2026-09-02 08:00", 5, Unit::WorkingDay);
    mixed.extend(Amount { amount: 24, unit: Unit::Hour }, "复杂", "负责人").unwrap();
    assert_eq!(due(&mixed), "2026-09-10 23:59");
    mixed.met_at = Some(at("2026-09-09 10:00"));
    assert_eq!(mixed.extend(Amount { amount: 1, unit: Unit::Hour }, "", ""), Err(ClockError::Met));
}

#[test]
fn state_and_remaining_tell_the_officer_where_the_clock_stands() {
    let calendar = Calendar::builtin();
    let period = clock("2026-09-28 10:00", 5, Unit::WorkingDay); // due 10 October
    for (now, state, zh, en) in [
        ("2026-09-28 11:00", State::Running, "剩 5 个工作日", "5 working days left"),
        ("2026-10-04 11:00", State::Running, "剩 3 个工作日", "3 working days left"),
        ("2026-10-10 23:59", State::Running, "今日到期", "due today"),
        ("2026-10-11 00:00", State::Overdue, "已逾期", "overdue"), // a Sunday: no working day lost yet
        ("2026-10-12 09:00", State::Overdue, "逾期 1 个工作日", "1 working day overdue"),
    ] {
        let text = period.remaining(calendar, at(now)).text();
        assert_eq!((period.state(calendar, at(now)), &*text.zh, &*text.en), (state, zh, en), "{now}");
    }
    let hours = clock("2026-09-28 10:00", 24, Unit::Hour);
    assert_eq!(hours.remaining(calendar, at("2026-09-29 09:30")).text().zh, "不足 1 小时");
    assert_eq!(hours.remaining(calendar, at("2026-09-29 12:30")).text().en, "2 hours overdue");
    let mut met = period.clone();
    met.met_at = Some(at("2026-10-10 20:00"));
    assert_eq!(met.state(calendar, at("2027-01-01 00:00")), State::Met);
    met.met_at = Some(at("2026-10-11 00:00"));
    assert_eq!(met.state(calendar, at("2027-01-01 00:00")), State::MetLate);
}

#[test]
fn a_period_into_an_undeclared_year_is_provisional() {
    let calendar = Calendar::builtin();
    for (amount, unit, provisional) in [
        (30, Unit::WorkingDay, true),
        (5, Unit::WorkingDay, false),
        (60, Unit::CalendarDay, true), // its end depends on rolling
        (60 * 24, Unit::Hour, false),
    ] {
        let due = clock("2026-12-01 10:00", amount, unit).due(calendar).unwrap();
        assert_eq!(due.provisional, provisional, "{amount} {unit:?}");
    }
}

#[test]
fn the_rulebook_names_every_clock_in_both_languages() {
    let rules = Rules::builtin();
    assert!(rules.iter().count() > 100);
    let recall = rules.get("RCL-01").unwrap();
    assert_eq!(
        (recall.rule.amount, recall.rule.unit, recall.rule.status),
        (24, Unit::Hour, Status::Verified)
    );
    let disposal = rules.get("SAM-21").unwrap();
    assert_eq!((disposal.rule.amount, disposal.rule.unit), (90, Unit::CalendarDay));
    assert_eq!(disposal.rule.status, Status::Unverified);
    assert_eq!(rules.get("PEN-07").unwrap().rule.direction, Direction::Before);
    assert_eq!(rules.get("SAM-11").unwrap().extension, Some(Amount { amount: 5, unit: Unit::WorkingDay }));
    for (amount, unit, direction) in rules.iter().map(|c| (c.rule.amount, c.rule.unit, c.rule.direction)) {
        assert!(amount > 0 && (direction == Direction::After || unit != Unit::Hour));
    }
}

#[test]
fn a_clock_keeps_its_facts_through_json() {
    let mut period = clock("2026-09-02 08:00", 5, Unit::WorkingDay);
    pause(&mut period, "2026-09-04 17:00", None);
    let text = serde_json::to_string(&period).unwrap();
    assert_eq!(serde_json::from_str::<Clock>(&text).unwrap(), period);
}

fn units() -> impl Strategy<Value = Unit> {
    prop::sample::select(vec![Unit::WorkingDay, Unit::CalendarDay, Unit::Hour, Unit::Month, Unit::Year])
}

/// Hours since 2025-06-01 00:00 in China.
fn hour(hours: i64) -> Instant {
    at("2025-06-01 00:00").plus_seconds(hours * 3600)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(128))]
    #[test]
    fn suspensions_and_extensions_never_bring_the_end_forward(
        start in 0i64..9000, amount in 1u32..40, unit in units(), more in 1u32..20,
        pauses in prop::collection::vec((0i64..12000, 1i64..800), 1..4),
    ) {
        let calendar = Calendar::builtin();
        let mut period = Clock::start(rule(amount, unit), hour(start));
        let mut before = period.due(calendar).unwrap().at;
        prop_assert!(before > period.start);
        for (from, long) in pauses {
            let (from, to) = (hour(from), Some(hour(from + long)));
            period.suspensions.push(Suspension { from, to, reason: String::new(), approved_by: String::new() });
            let after = period.due(calendar).unwrap().at;
            prop_assert!(after >= before);
            before = after;
        }
        period.extend(Amount { amount: more, unit }, "", "").unwrap();
        prop_assert!(period.due(calendar).unwrap().at >= before);
    }

    #[test]
    fn a_later_start_never_ends_earlier(
        start in 0i64..9000, later in 0i64..200, amount in 1u32..40, unit in units(), from in 0i64..9000, long in 1i64..300,
    ) {
        let calendar = Calendar::builtin();
        let mut pair = [hour(start), hour(start + later)].map(|s| Clock::start(rule(amount, unit), s));
        // months differ in length, so that a suspension may take a day from the earlier of two equal ends only
        if !matches!(unit, Unit::Month | Unit::Year) {
            for period in &mut pair {
                let (from, to) = (hour(from), Some(hour(from + long)));
                period.suspensions.push(Suspension { from, to, reason: String::new(), approved_by: String::new() });
            }
        }
        prop_assert!(pair[0].due(calendar).unwrap().at <= pair[1].due(calendar).unwrap().at);
    }

    #[test]
    fn suspended_working_days_are_given_back_one_for_one(start in 0i64..6000, amount in 1u32..30, from in 0i64..40, long in 1i64..20) {
        let calendar = Calendar::builtin();
        let day = hour(start).china_date();
        let from = calendar.add_working_days(day, 1).date.saturating_add(jiff::ToSpan::days(from));
        let to = from.saturating_add(jiff::ToSpan::days(long));
        let mut period = Clock::start(rule(amount, Unit::WorkingDay), hour(start));
        let suspension = (Instant::china(from, 0, 0), Some(Instant::china(to, 0, 0)));
        period.suspensions.push(Suspension { from: suspension.0, to: suspension.1, reason: String::new(), approved_by: String::new() });
        let end = period.due(calendar).unwrap().date;
        let counted = (1..).map(|n| day.saturating_add(jiff::ToSpan::days(n)))
            .take_while(|d| *d <= end)
            .filter(|d| calendar.is_working_day(*d) && !(from <= *d && *d < to))
            .count();
        prop_assert_eq!(counted, amount as usize);
        prop_assert!(!(from <= end && end < to));
    }
}

//! A contradictory set of accounts in words and numbers, in both languages.

use super::solve::{Arc, Origin, Problem};
use super::{Finding, FindingKind, FlowKind, Term};
use base::{Decimal, Text};
use std::collections::BTreeSet;

/// Kilograms as people read them.
fn shown(kilograms: Decimal) -> String {
    let tonne = Decimal::ONE_THOUSAND;
    if kilograms >= tonne {
        format!("{} t", (kilograms / tonne).round_dp(3).normalize())
    } else {
        format!("{} kg", kilograms.round_dp(3).normalize())
    }
}

fn what(problem: &Problem<'_>, arc: &Arc, out: bool) -> &'static str {
    match arc.origin {
        Origin::Opening(_) => "opening",
        Origin::Closing(_) => "closing",
        Origin::Waste(_) => "waste",
        Origin::Harvest(_) => "harvest",
        Origin::Made(_) => "made",
        Origin::Used(_) => "used",
        Origin::Lost(_) => "lost",
        Origin::Moved(n) => match (problem.balance.flows[n].kind, out) {
            (FlowKind::Certificate, true) => "certified",
            (FlowKind::Carry, _) => "carried",
            (_, true) => "shipped",
            (_, false) => "received",
        },
    }
}

fn named(what: &str) -> (&'static str, &'static str) {
    match what {
        "opening" => ("期初", "opening"),
        "closing" => ("期末", "closing"),
        "waste" => ("损耗销毁", "waste"),
        "harvest" => ("最高可收", "harvest at most"),
        "made" => ("产出", "made"),
        "used" => ("投料", "used"),
        "lost" => ("加工损失", "lost in processing"),
        "certified" => ("开证", "certified"),
        "carried" => ("结转", "carried over"),
        "shipped" => ("发出", "shipped"),
        _ => ("收到", "received"),
    }
}

/// Sums terms of one kind and lists them: `received 6 t + opening 3.1 t`.
fn list(terms: &[Term], tolerance: Decimal) -> Text {
    let mut kinds: Vec<&'static str> = Vec::new();
    terms.iter().for_each(|t| {
        if !kinds.contains(&t.what) {
            kinds.push(t.what);
        }
    });
    let (mut zh, mut en) = (Vec::new(), Vec::new());
    for kind in kinds {
        let of: Vec<&Term> = terms.iter().filter(|t| t.what == kind).collect();
        let declared: Decimal = of.iter().map(|t| t.kilograms).sum();
        let counted: Decimal = of.iter().map(|t| t.counted).sum();
        let (name_zh, name_en) = named(kind);
        // what differs by no more than the tolerance and rounding needs no words
        let close = tolerance + Decimal::new(1, 3);
        let same = (declared - counted).abs() <= declared.abs() * close;
        let (also_zh, also_en) = if same {
            (String::new(), String::new())
        } else {
            (format!("（计 {}）", shown(counted)), format!(" (counts as {})", shown(counted)))
        };
        zh.push(format!("{name_zh} {}{also_zh}", shown(declared)));
        en.push(format!("{name_en} {}{also_en}", shown(declared)));
    }
    if zh.is_empty() {
        return Text::of("无任何来源记录", "nothing on record");
    }
    Text::new(zh.join(" + "), en.join(" + "))
}

/// Makes a finding of a set from which `deficit` grams more must leave than can enter (`inward`: the other way round).
pub(super) fn finding(problem: &Problem<'_>, set: &[bool], deficit: i64, inward: bool) -> Finding {
    let leaves = |arc: &&Arc| {
        let (from, to) = if inward { (arc.to, arc.from) } else { (arc.from, arc.to) };
        set[from] && !set[to]
    };
    let enters = |arc: &&Arc| {
        let (from, to) = if inward { (arc.to, arc.from) } else { (arc.from, arc.to) };
        !set[from] && set[to]
    };
    let demanded: Vec<&Arc> = problem.arcs.iter().filter(leaves).filter(|a| a.lo > 0).collect();
    let possible: Vec<&Arc> = problem.arcs.iter().filter(enters).filter(|a| a.hi > 0).collect();
    // told in the product that weighs most among what left
    let measure = demanded.iter().max_by_key(|a| a.lo).map_or(Decimal::ONE_THOUSAND, |a| problem.grams[a.of]);
    let in_kilograms = |grams: i64| Decimal::from(grams) / measure;
    let id = |arc: &Arc| match arc.origin {
        Origin::Opening(a) | Origin::Closing(a) | Origin::Waste(a) | Origin::Harvest(a) => {
            problem.balance.accounts[a].id.clone()
        }
        Origin::Moved(f) | Origin::Used(f) | Origin::Made(f) | Origin::Lost(f) => {
            problem.balance.flows[f].id.clone()
        }
    };
    let term = |arc: &Arc, least: bool| Term {
        what: what(problem, arc, least != inward),
        id: id(arc),
        kilograms: if least {
            arc.declared.0
        } else {
            arc.declared.1.unwrap_or_else(|| in_kilograms(arc.hi))
        },
        counted: in_kilograms(if least { arc.lo } else { arc.hi }).round_dp(3),
    };
    let demanded_terms: Vec<Term> = demanded.iter().map(|a| term(a, true)).collect();
    let possible_terms: Vec<Term> = possible.iter().map(|a| term(a, false)).collect();
    let kind = classify(problem, set, (&demanded, &possible), inward);
    let mut accounts: BTreeSet<usize> =
        (1..=problem.balance.accounts.len()).filter(|&n| set[n]).map(|n| n - 1).collect();
    if accounts.is_empty() {
        // a process by itself: the firm that ran it
        accounts.extend(demanded.iter().chain(&possible).map(|a| a.of));
    }
    let collect = |of: &dyn Fn(usize) -> Option<String>| -> Vec<String> {
        accounts.iter().filter_map(|&a| of(a)).collect::<BTreeSet<_>>().into_iter().collect()
    };
    let all = &problem.balance.accounts;
    let firms = collect(&|a| Some(all[a].firm.clone()));
    let products = collect(&|a| Some(all[a].product.clone()));
    let periods = collect(&|a| all[a].period.clone());
    let lots = collect(&|a| all[a].lot.clone());
    let excess = in_kilograms(deficit).round_dp(3);
    let sum = |terms: &[Term]| terms.iter().map(|t| t.counted).sum::<Decimal>();
    let declared: Decimal = demanded_terms.iter().map(|t| t.kilograms).sum();
    let most = sum(&possible_terms);
    let who = |mark: &str| {
        let mut parts = vec![firms.join(mark), products.join(mark)];
        parts.extend((!lots.is_empty()).then(|| lots.join(mark)));
        parts.extend((!periods.is_empty()).then(|| periods.join(mark)));
        parts.join(" ")
    };
    let tolerance = problem.balance.tolerance;
    let (out, into) = (list(&demanded_terms, tolerance), list(&possible_terms, tolerance));
    let percent = (tolerance * Decimal::ONE_HUNDRED).normalize();
    let (allowed_zh, allowed_en) = if tolerance.is_zero() {
        (String::new(), String::new())
    } else {
        (format!("（已计 {percent}% 允差）"), format!(" ({percent} % tolerance counted)"))
    };
    let text = match kind {
        FindingKind::Vanished => Text::new(
            format!(
                "{}：{}，去向最多 {}：{}；{} 去向不明{allowed_zh}",
                who("、"),
                out.zh,
                shown(most),
                into.zh,
                shown(excess)
            ),
            format!(
                "{}: {}, of which at most {} is accounted for: {}; {} is unaccounted for{allowed_en}",
                who(", "),
                out.en,
                shown(most),
                into.en,
                shown(excess)
            ),
        ),
        _ => {
            let (head_zh, head_en) = heading(kind);
            let total = if demanded_terms.len() > 1
                && demanded_terms.iter().any(|t| t.what != demanded_terms[0].what)
            {
                format!(" = {}", shown(declared))
            } else {
                String::new()
            };
            Text::new(
                format!(
                    "{head_zh}：{}：{}{total}，最多只能有 {}：{}；多出 {}{allowed_zh}",
                    who("、"),
                    out.zh,
                    shown(most),
                    into.zh,
                    shown(excess)
                ),
                format!(
                    "{head_en}: {}: {}{total}, could have had at most {}: {}; {} too much{allowed_en}",
                    who(", "),
                    out.en,
                    shown(most),
                    into.en,
                    shown(excess)
                ),
            )
        }
    };
    Finding {
        kind,
        firms,
        products,
        periods,
        accounts: accounts.iter().map(|&a| all[a].id.clone()).collect(),
        demanded: demanded_terms,
        possible: possible_terms,
        excess,
        text,
    }
}

const fn heading(kind: FindingKind) -> (&'static str, &'static str) {
    match kind {
        FindingKind::Oversold => ("发出多于可有", "More left than there can have been"),
        FindingKind::LotTwice => ("同一批次重复销售", "One lot sold more than once"),
        FindingKind::FromNowhere => ("来源不明", "From nowhere"),
        FindingKind::OverHarvest => ("超出可收获量", "More than the area can have borne"),
        FindingKind::OverYield => ("产出超过投料可得", "More made than the input can have given"),
        FindingKind::Vanished => ("去向不明", "Unaccounted for"),
    }
}

fn classify(
    problem: &Problem<'_>,
    set: &[bool],
    (demanded, possible): (&[&Arc], &[&Arc]),
    inward: bool,
) -> FindingKind {
    if inward {
        return FindingKind::Vanished;
    }
    let process = set.iter().enumerate().any(|(n, s)| *s && n > problem.balance.accounts.len());
    let is = |arcs: &[&Arc], test: fn(Origin) -> bool| arcs.iter().any(|a| test(a.origin));
    let of_lot =
        (1..=problem.balance.accounts.len()).any(|n| set[n] && problem.balance.accounts[n - 1].lot.is_some());
    let sales = demanded.iter().filter(|a| matches!(a.origin, Origin::Moved(_))).count();
    if possible.is_empty() {
        FindingKind::FromNowhere
    } else if process || is(possible, |o| matches!(o, Origin::Used(_))) {
        FindingKind::OverYield
    } else if is(possible, |o| matches!(o, Origin::Harvest(_))) {
        FindingKind::OverHarvest
    } else if of_lot && sales > 1 {
        FindingKind::LotTwice
    } else {
        FindingKind::Oversold
    }
}

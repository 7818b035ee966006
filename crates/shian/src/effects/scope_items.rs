//! From a scope to the work it makes: which places get which task, what is to be accounted for at each, in one unit.

use base::{Decimal, Text};
use chain::{Amount, Role, Unit};
use flow::NewItem;
use std::collections::{BTreeMap, BTreeSet};
use supply::{ScopeReport, ScopeRow};

/// Where the matter is held, for places that are nowhere else.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Home<'a> {
    /// Region code of the matter.
    pub(crate) region: &'a str,
}

impl Home<'_> {
    /// The region whose officers do the work at a place: its own within the province, else the one that holds the
    /// matter, which writes to its colleagues elsewhere.
    fn region(&self, place: &str) -> String {
        let province = |code: &str| code.get(..2).map(str::to_owned);
        let inside = !place.is_empty() && province(place) == province(self.region);
        if inside { place.to_owned() } else { self.region.to_owned() }
    }
}

/// The work a scope makes.
#[derive(Debug, Clone, PartialEq, Default)]
pub(crate) struct Work {
    /// Places that may still hold some.
    pub(crate) seal: Vec<NewItem>,
    /// Places that hold, sold or await some.
    pub(crate) check: Vec<NewItem>,
    /// Where it began.
    pub(crate) source: Vec<NewItem>,
    /// Unit of the quantities, as shown.
    pub(crate) unit: &'static str,
    /// Made, grown or first recorded.
    pub(crate) produced: Option<Decimal>,
    /// To be accounted for at all places together.
    pub(crate) total: Decimal,
    /// Some quantities are unknown, in another unit, or at no recorded place.
    pub(crate) partial: bool,
}

impl Work {
    /// Distinct places.
    pub(crate) fn places(&self) -> usize {
        self.all().map(|i| i.subject.as_str()).collect::<BTreeSet<_>>().len()
    }

    /// Distinct counties.
    pub(crate) fn counties(&self) -> usize {
        self.all().map(|i| i.region.get(..6).unwrap_or(&i.region)).collect::<BTreeSet<_>>().len()
    }

    fn all(&self) -> impl Iterator<Item = &NewItem> {
        self.seal.iter().chain(&self.check).chain(&self.source)
    }
}

/// One place with what its rows add up to.
#[derive(Debug, Default)]
struct Stand {
    hold: bool,
    answer: bool,
    quantity: Amount,
}

/// The work of a scope.
pub(crate) fn work(report: &ScopeReport, home: Home<'_>) -> Work {
    let mut stands: BTreeMap<&str, Stand> = BTreeMap::new();
    let mut partial = false;
    for row in &report.rows {
        let quantity = to_account_for(row);
        let concerned = row.may_hold || quantity.may_be_positive();
        if row.place.is_empty() {
            partial |= concerned;
            continue;
        }
        let stand = stands.entry(&row.place).or_default();
        stand.hold |= row.may_hold;
        stand.answer |= concerned;
        stand.quantity.add_all(&quantity);
    }
    let unit = unit_of(stands.values().map(|s| &s.quantity));
    let mut work = Work { unit: shown(unit), ..Work::default() };
    for (key, stand) in stands.iter().filter(|(_, s)| s.answer) {
        let expected = in_unit(&stand.quantity, unit);
        partial |= expected.is_none() || stand.quantity.quantity_unknown || stand.quantity.mixed_units();
        work.total += expected.unwrap_or_default();
        let item = item(report, home, key, expected, work.unit);
        if stand.hold {
            work.seal.push(item.clone());
        }
        work.check.push(item);
    }
    for key in origins(report) {
        work.source.push(item(report, home, key, None, ""));
    }
    work.produced = in_unit(&report.totals.produced, unit);
    work.partial = partial;
    work
}

/// What officers must account for at a place: what should be there, what is on its way there, what left to
/// consumers or was lost. What was passed on or made into something else is accounted for where it went.
fn to_account_for(row: &ScopeRow) -> Amount {
    let mut sum = Amount::default();
    let mut on_hand = row.on_hand.clone();
    // more went out than came in: a gap of the record, not a negative stock
    on_hand.sums.retain(|q| q.value > Decimal::ZERO);
    for part in [&on_hand, &row.expected, &row.sold, &row.consumed, &row.lost] {
        sum.add_all(part);
    }
    sum
}

/// Places where the suspect lots, or what they were made from, begin.
fn origins(report: &ScopeReport) -> BTreeSet<&str> {
    let made = report.rows.iter().filter(|r| r.culprit && r.role == Role::Origin).map(|r| r.place.as_str());
    let began = report.upstream.nodes.iter().filter(|n| n.origin).map(|n| n.place.as_str());
    made.chain(began).filter(|p| !p.is_empty()).collect()
}

fn item(report: &ScopeReport, home: Home<'_>, key: &str, expected: Option<Decimal>, unit: &str) -> NewItem {
    let place = report.legend.places.get(key);
    let label = match place {
        None => key.to_owned(),
        Some(p) if p.name.is_empty() || p.name == p.operator_name => p.operator_name.clone(),
        Some(p) if p.operator_name.is_empty() || p.name.starts_with(&p.operator_name) => p.name.clone(),
        Some(p) => format!("{}（{}）", p.operator_name, p.name),
    };
    NewItem {
        subject: key.to_owned(),
        site: place.and_then(|p| p.site),
        label,
        region: home.region(place.map_or("", |p| p.region.as_str())),
        expected,
        unit: unit.to_owned(),
    }
}

/// The unit most places count in: kilograms before all others.
fn unit_of<'a>(amounts: impl Iterator<Item = &'a Amount>) -> Unit {
    let mut seen: BTreeMap<Unit, usize> = BTreeMap::new();
    for q in amounts.flat_map(|a| &a.sums) {
        *seen.entry(q.common().unit).or_default() += 1;
    }
    if seen.contains_key(&Unit::KGM) || seen.is_empty() {
        return Unit::KGM;
    }
    seen.into_iter().max_by_key(|(_, n)| *n).map_or(Unit::KGM, |(unit, _)| unit)
}

/// The sum in a unit; `None` when nothing of it is known in that unit.
fn in_unit(amount: &Amount, unit: Unit) -> Option<Decimal> {
    let sums: Vec<Decimal> =
        amount.sums.iter().map(|q| q.common()).filter(|q| q.unit == unit).map(|q| q.value).collect();
    if sums.is_empty() {
        let nothing = amount.sums.is_empty() && !amount.quantity_unknown;
        return nothing.then_some(Decimal::ZERO);
    }
    Some(sums.into_iter().sum::<Decimal>().round_dp(6).normalize())
}

fn shown(unit: Unit) -> &'static str {
    match unit.as_str() {
        "KGM" => "kg",
        "LTR" => "L",
        "" => "件",
        _ => "单位",
    }
}

/// What the matter says when the record does not tell everything.
pub(crate) fn caveat(report: &ScopeReport, work: &Work) -> Option<Text> {
    if report.truncated {
        return Some(Text::of(
            "涉及环节过多，只计算到上限，请缩小批次后再扩大范围",
            "the scope reaches the search bound; more places may be concerned",
        ));
    }
    work.partial.then(|| {
        Text::of(
            "部分记录缺少数量、单位不一或未注明场所，合计仅供参考",
            "some records lack a quantity, use another unit or name no place; the sums are a lower bound",
        )
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use chain::{Qty, Totals};
    use supply::{Legend, PlaceInfo, ScopeOptions, TraceView};

    fn amount(kg: &[(i64, Unit)]) -> Amount {
        let mut sum = Amount::default();
        for (value, unit) in kg {
            sum.add(Some(Qty::new(Decimal::from(*value), *unit)));
        }
        sum
    }

    fn kg(value: i64) -> Amount {
        amount(&[(value, Unit::KGM)])
    }

    fn row(place: &str, role: Role) -> ScopeRow {
        let none = Amount::default;
        ScopeRow {
            item: "lot".to_owned(),
            place: place.to_owned(),
            region: String::new(),
            culprit: true,
            role,
            depth: 0,
            arrived: None,
            opening: none(),
            produced: none(),
            received: none(),
            expected: none(),
            passed_on: none(),
            made_into: none(),
            sold: none(),
            consumed: none(),
            destroyed: none(),
            lost: none(),
            on_hand: none(),
            may_hold: false,
            suppliers: Vec::new(),
            customers: Vec::new(),
            evidence: Vec::new(),
        }
    }

    fn place(key: &str, region: &str) -> (String, PlaceInfo) {
        let info = PlaceInfo {
            key: key.to_owned(),
            operator: Some(base::Id(1)),
            operator_name: format!("firm {key}"),
            site: Some(base::Id(2)),
            name: format!("firm {key}"),
            region: region.to_owned(),
            form: String::new(),
        };
        (key.to_owned(), info)
    }

    fn report(rows: Vec<ScopeRow>, places: &[(&str, &str)]) -> ScopeReport {
        ScopeReport {
            item: "lot".to_owned(),
            place: None,
            at: None,
            position: 1,
            options: ScopeOptions::default(),
            culprits: vec!["lot".to_owned()],
            upstream: TraceView::default(),
            downstream: TraceView::default(),
            rows,
            totals: Totals { produced: kg(100), ..Totals::default() },
            derived: Totals::default(),
            regions: Vec::new(),
            truncated: false,
            legend: Legend { places: places.iter().map(|(k, r)| place(k, r)).collect(), ..Legend::default() },
        }
    }

    fn keys(items: &[NewItem]) -> Vec<&str> {
        items.iter().map(|i| i.subject.as_str()).collect()
    }

    #[test]
    fn what_is_held_is_sealed_what_was_sold_is_checked_and_where_it_was_made_is_asked() {
        let rows = vec![
            ScopeRow { produced: kg(100), passed_on: kg(100), ..row("maker", Role::Origin) },
            ScopeRow { received: kg(60), passed_on: kg(60), ..row("dealer", Role::Intermediate) },
            ScopeRow { on_hand: kg(20), sold: kg(20), may_hold: true, ..row("shop", Role::Holder) },
            ScopeRow { sold: kg(40), ..row("stall", Role::SoldOut) },
            ScopeRow { expected: kg(20), may_hold: true, ..row("school", Role::Expected) },
        ];
        let all = [
            ("maker", "620102"),
            ("dealer", "620102"),
            ("shop", "620103"),
            ("stall", "6201"),
            ("school", "620104"),
        ];
        let work = work(&report(rows, &all), Home { region: "620105" });
        assert_eq!(keys(&work.seal), ["school", "shop"]);
        assert_eq!(keys(&work.check), ["school", "shop", "stall"]);
        assert_eq!(keys(&work.source), ["maker"]);
        assert_eq!(
            (work.unit, work.total, work.produced),
            ("kg", Decimal::from(100), Some(Decimal::from(100)))
        );
        assert_eq!((work.places(), work.counties(), work.partial), (4, 4, false));
    }

    #[test]
    fn places_outside_the_register_or_the_province_are_the_work_of_the_county_that_holds_the_matter() {
        let rows = ["nowhere", "shandong", "here"]
            .map(|p| ScopeRow { on_hand: kg(1), may_hold: true, ..row(p, Role::Holder) })
            .to_vec();
        let work =
            work(&report(rows, &[("shandong", "370102"), ("here", "620102001")]), Home { region: "620105" });
        let regions: BTreeMap<&str, &str> =
            work.check.iter().map(|i| (i.subject.as_str(), i.region.as_str())).collect();
        assert_eq!(regions["nowhere"], "620105");
        assert_eq!(regions["shandong"], "620105");
        assert_eq!(regions["here"], "620102001");
        let unknown = work.check.iter().find(|i| i.subject == "nowhere").unwrap();
        assert_eq!((unknown.label.as_str(), unknown.site), ("nowhere", None));
    }

    #[test]
    fn quantities_are_exact_decimals_of_one_unit_and_what_cannot_be_added_is_said() {
        let grams = Unit::new("GRM").unwrap();
        let rows = vec![
            ScopeRow { on_hand: amount(&[(1500, grams)]), may_hold: true, ..row("a", Role::Holder) },
            ScopeRow { on_hand: amount(&[(7, Unit::PIECE)]), may_hold: true, ..row("b", Role::Holder) },
            ScopeRow { on_hand: kg(-3), sold: kg(3), may_hold: false, ..row("c", Role::SoldOut) },
        ];
        let report = report(rows, &[]);
        let work = work(&report, Home { region: "620105" });
        let expected: Vec<Option<Decimal>> = work.check.iter().map(|i| i.expected).collect();
        assert_eq!(expected, [Some(Decimal::new(15, 1)), None, Some(Decimal::from(3))]);
        assert_eq!(work.total, Decimal::new(45, 1));
        assert!(work.partial && caveat(&report, &work).is_some());
    }

    #[test]
    fn the_same_place_with_several_items_is_one_item_of_work() {
        let rows = vec![
            ScopeRow { on_hand: kg(1), may_hold: true, ..row("a", Role::Holder) },
            ScopeRow { item: "other".to_owned(), culprit: false, sold: kg(2), ..row("a", Role::SoldOut) },
        ];
        let work = work(&report(rows, &[]), Home { region: "620105" });
        assert_eq!((work.check.len(), work.check[0].expected), (1, Some(Decimal::from(3))));
    }
}

//! What the records of a firm or a region do not explain, shares through mixing, and whether books can be true.

use super::spread::counties;
use super::table::{Cell, Table, number, text};
use super::ways::county_of;
use super::{Answer, Ask, Found, FoundKind, Question};
use crate::view::{place_key, record};
use crate::{Error, Period, Supply};
use access::{Principal, Resource};
use base::{Decimal, Instant, Text};
use chain::balance::FindingKind;
use chain::{Gap, GapKind};
use ledger::Context;
use std::collections::{BTreeMap, BTreeSet};
use std::time::Instant as Clock;

/// Places of a region looked at in one question.
const PLACES: usize = 20_000;
/// Gaps of one answer.
const GAPS: usize = 20_000;
/// Said where a solver refuses and names no place.
const CONTRADICTION: Text = Text::of("记录自相矛盾", "the records contradict themselves");
/// Days of a balance when no period is given.
const BALANCE_DAYS: i64 = 365;

/// The name of a kind of gap in addresses and files.
const fn gap_key(kind: GapKind) -> &'static str {
    match kind {
        GapKind::ReceivedUnshipped => "received_unshipped",
        GapKind::SentUnreceived => "sent_unreceived",
        GapKind::NotReceived => "not_received",
        GapKind::ReceiptMissing => "receipt_missing",
        GapKind::ShipmentMissing => "shipment_missing",
        GapKind::SeenUnreceived => "seen_unreceived",
        GapKind::Overdrawn => "overdrawn",
    }
}

/// Every kind of gap: its name in addresses and files, and in words.
#[must_use]
pub fn gap_kinds() -> [(&'static str, Text); 7] {
    [
        GapKind::ReceivedUnshipped,
        GapKind::SentUnreceived,
        GapKind::NotReceived,
        GapKind::ReceiptMissing,
        GapKind::ShipmentMissing,
        GapKind::SeenUnreceived,
        GapKind::Overdrawn,
    ]
    .map(|kind| (gap_key(kind), gap_word(kind)))
}

/// A kind of gap in words.
#[must_use]
pub const fn gap_word(kind: GapKind) -> Text {
    match kind {
        GapKind::ReceivedUnshipped => {
            Text::of("收到了无人记录发出的货", "received what nobody recorded shipping")
        }
        GapKind::SentUnreceived => {
            Text::of("发出了未曾购入或生产的货", "passed on what it never received or made")
        }
        GapKind::NotReceived => Text::of("对方未记录收货", "the recipient recorded no receipt"),
        GapKind::ReceiptMissing => Text::of("缺少收货记录", "its own receipt is missing"),
        GapKind::ShipmentMissing => Text::of("缺少发货记录", "its own shipment is missing"),
        GapKind::SeenUnreceived => {
            Text::of("出现了未曾购入或生产的货", "goods were seen that it never received or made")
        }
        GapKind::Overdrawn => Text::of("发出多于收进", "more went out than came in"),
    }
}

impl Supply {
    pub(super) async fn ask_gaps(&self, cx: &Context, who: &Principal, ask: &Ask) -> Result<Answer, Error> {
        let mut answer = self.blank(Question::Gaps, ask);
        let places = self.gap_places(cx, who, ask, &mut answer).await?;
        let clock = Clock::now();
        let kind = ask.kind.as_deref();
        let mut gaps: Vec<(String, String, Option<String>, Gap)> = self.index.read(|index| {
            let mut out = Vec::new();
            for place in &places {
                let Some(number) = index.names().find_place(place) else { continue };
                let wanted = |g: &Gap| {
                    kind.is_none_or(|k| gap_key(g.kind) == k) && ask.meets(Instant(g.time), Instant(g.time))
                };
                out.extend(index.gaps(number).into_iter().filter(wanted).map(|g| {
                    let item = index.names().item_key(g.item).to_owned();
                    (place.clone(), item, g.other.map(|p| place_key(index, p)), g)
                }));
                if out.len() > GAPS {
                    break;
                }
            }
            out
        });
        answer.engine += clock.elapsed().as_micros();
        answer.truncated |= gaps.len() > GAPS;
        gaps.truncate(GAPS);
        gaps.sort_by_key(|g| std::cmp::Reverse(g.3.time));
        let named = gaps.iter().flat_map(|g| std::iter::once(&g.0).chain(&g.2)).cloned().collect();
        answer.legend = self.legend(named, gaps.iter().map(|g| g.1.clone()).collect()).await?;
        let mut table = Table::new([
            text("kind", "缺口", "Gap"),
            text("place", "被问的场所", "Place asked"),
            text("county", "县区", "County"),
            text("other", "另一方", "Other side"),
            text("lot", "批次", "Lot"),
            text("time", "时间", "When"),
            number("quantity", "数量", "Quantity"),
            number("events", "证据", "Events"),
        ]);
        let mut kinds: BTreeMap<GapKind, usize> = BTreeMap::new();
        for (place, item, other, gap) in gaps {
            *kinds.entry(gap.kind).or_default() += 1;
            let county = county_of(&answer.legend, &place);
            table.rows.push(vec![
                Cell::Words(gap_word(gap.kind)),
                Cell::Place(place),
                Cell::Region(county),
                other.map_or(Cell::Empty, Cell::Place),
                Cell::Lot(item),
                Cell::Time(Instant(gap.time)),
                Cell::quantity(gap.quantity),
                Cell::Events(vec![record(gap.event)]),
            ]);
        }
        answer.counties = counties(&table, 1, 2);
        let count = |lang| {
            let parts: Vec<String> =
                kinds.iter().map(|(kind, n)| format!("{} {n}", gap_word(*kind).get(lang))).collect();
            parts.join("; ")
        };
        let asked: BTreeSet<&String> = places.iter().collect();
        answer.summary = Text::new(
            format!(
                "查了 {} 处场所，{} 条记录对不上。{}",
                asked.len(),
                table.rows.len(),
                count(base::Lang::Zh)
            ),
            format!(
                "{} places were looked at, {} records do not fit. {}",
                asked.len(),
                table.rows.len(),
                count(base::Lang::En)
            ),
        );
        answer.table = table;
        Ok(answer)
    }

    /// The places whose records are asked, with the right to ask.
    async fn gap_places(
        &self,
        cx: &Context,
        who: &Principal,
        ask: &Ask,
        answer: &mut Answer,
    ) -> Result<Vec<String>, Error> {
        if let Some(operator) = ask.operator {
            return self.places_of(cx, who, operator).await;
        }
        if let Some(place) = &ask.place {
            let keys = [place.clone()];
            let owners = self.directory.owners(&keys).await.map_err(Error::Directory)?;
            let owner = owners.get(place);
            let own = who.grants.first().map(|g| g.region.clone()).unwrap_or_default();
            let region = owner.map_or(own, |p| p.region.clone());
            let lot = Resource::new("lot", region).of_operator(owner.and_then(|p| p.operator));
            self.access.check(who, "view", &lot, cx.now)?;
            return Ok(keys.to_vec());
        }
        let region = ask.region.clone().unwrap_or_default();
        self.access.check(who, "view", &Resource::new("lot", region.clone()), cx.now)?;
        let prefix = region.trim_end_matches("00").to_owned();
        let (places, more) =
            self.places_in(if prefix.is_empty() { &region } else { &prefix }, PLACES).await?;
        if more {
            answer.notes.push(Text::new(
                format!("该地区场所超过 {PLACES} 处，只查了前 {PLACES} 处：请按县查询。"),
                format!("The region has more than {PLACES} places; the first {PLACES} were looked at. Ask by county."),
            ));
        }
        Ok(places)
    }

    pub(super) async fn ask_mixing(&self, cx: &Context, who: &Principal, ask: &Ask) -> Result<Answer, Error> {
        let mut answer = self.blank(Question::Mixing, ask);
        let mut table = Table::new([
            text("lot", "批次", "Lot"),
            text("place", "场所", "Place"),
            text("county", "县区", "County"),
            number("share_least", "比例下限 %", "Share, least %"),
            number("share_most", "比例上限 %", "Share, most %"),
            number("matter_least", "其中问题物料下限 kg", "Suspect matter, least kg"),
            number("matter_most", "其中问题物料上限 kg", "Suspect matter, most kg"),
            text("source", "来自批次", "From lot"),
        ]);
        let mut whole = 0usize;
        for lot in &ask.lots {
            let problem = self.mixing_of(cx, who, lot, ask.place.as_deref(), ask.at, ask.bounds).await?;
            answer.truncated |= problem.truncated;
            let clock = Clock::now();
            let mixed = chain::mixing::mix(&problem.mixing).map_err(|error| {
                let (at, text) = error.0.into_iter().next().unwrap_or_else(|| (String::new(), CONTRADICTION));
                let told = Text::new(format!("{at}：{}", text.zh), format!("{at}: {}", text.en));
                Error::wrong("lot", told)
            })?;
            answer.engine += clock.elapsed().as_micros();
            let asked: BTreeMap<&String, &(String, String)> = problem.lots.iter().collect();
            for share in &mixed.lots {
                let Some((item, place)) = asked.get(&share.id) else { continue };
                if share.share.hi <= 0.0 {
                    continue;
                }
                whole += usize::from(share.share.lo > 0.999_999);
                table.rows.push(vec![
                    Cell::Lot(item.clone()),
                    Cell::Place(place.clone()),
                    Cell::Empty,
                    Cell::real(share.share.lo * 100.0),
                    Cell::real(share.share.hi * 100.0),
                    Cell::real(share.contaminated.lo),
                    Cell::real(share.contaminated.hi),
                    Cell::Lot(lot.clone()),
                ]);
            }
            let mut told = mixed.notes;
            told.truncate(5);
            answer.notes.extend(told);
        }
        let places = table.rows.iter().filter_map(|r| match &r[1] {
            Cell::Place(place) => Some(place.clone()),
            _ => None,
        });
        let items = table.rows.iter().filter_map(|r| match &r[0] {
            Cell::Lot(item) => Some(item.clone()),
            _ => None,
        });
        answer.legend =
            self.legend(places.collect(), items.chain(ask.lots.iter().cloned()).collect()).await?;
        for row in &mut table.rows {
            if let Cell::Place(place) = &row[1] {
                row[2] = Cell::Region(county_of(&answer.legend, place));
            }
        }
        answer.counties = counties(&table, 1, 2);
        answer.summary = Text::new(
            format!(
                "{} 个批次·场所含有所查批次，其中 {whole} 个全部都是；按比例从高到低排列，缺数量处给出上下限。",
                table.rows.len()
            ),
            format!(
                "{} lots at places contain the lot asked about, {whole} of them consist of it; the highest share first, with bounds where a quantity is missing.",
                table.rows.len()
            ),
        );
        answer.table = table;
        Ok(answer)
    }

    pub(super) async fn ask_balance(
        &self,
        cx: &Context,
        who: &Principal,
        ask: &Ask,
    ) -> Result<Answer, Error> {
        let mut answer = self.blank(Question::Balance, ask);
        let Some(operator) = ask.operator else { return Ok(answer) };
        let now = cx.now;
        let given = ask.window.unwrap_or(Period { from: Instant(i64::MIN), until: Instant(i64::MAX) });
        let until = given.until.min(now.plus_seconds(1));
        let from =
            if given.from.0 == i64::MIN { until.plus_seconds(-BALANCE_DAYS * 86_400) } else { given.from };
        let period = Period { from, until };
        let books = self.balance_of(cx, who, operator, period, &ask.yields, ask.tolerance).await?;
        let clock = Clock::now();
        let report = chain::balance::check(&books).map_err(|error| {
            let (at, text) = error.0.into_iter().next().unwrap_or_else(|| (String::new(), CONTRADICTION));
            Error::wrong("yield", Text::new(format!("{at}：{}", text.zh), format!("{at}: {}", text.en)))
        })?;
        answer.engine += clock.elapsed().as_micros();
        let products: BTreeSet<String> = report.findings.iter().flat_map(|f| f.products.clone()).collect();
        answer.legend = self.legend(BTreeSet::new(), products).await?;
        let mut table = Table::new([
            text("finding", "问题", "Finding"),
            text("product", "产品", "Product"),
            number("demanded", "至少去了 kg", "Left for certain, kg"),
            number("possible", "至多有过 kg", "Can have been there, kg"),
            number("excess", "无法解释 kg", "Not explained, kg"),
            text("text", "说明", "In words"),
        ]);
        for f in &report.findings {
            let sum = |terms: &[chain::balance::Term]| -> Decimal { terms.iter().map(|t| t.counted).sum() };
            table.rows.push(vec![
                Cell::Words(finding_word(f.kind)),
                f.products.first().cloned().map_or(Cell::Empty, Cell::Lot),
                Cell::Number(sum(&f.demanded).normalize()),
                Cell::Number(sum(&f.possible).normalize()),
                Cell::Number(f.excess.normalize()),
                Cell::Words(f.text.clone()),
            ]);
        }
        answer.notes.extend(report.notes.into_iter().take(10));
        let firm =
            ask.about.iter().find(|f| f.kind == FoundKind::Firm).map_or("", |f: &Found| f.name.as_str());
        let (a, b) = (period.from.china_date(), period.until.plus_seconds(-1).china_date());
        answer.summary = if report.feasible {
            Text::new(
                format!(
                    "{firm} {a} 至 {b} 的账可以成立：{} 个产品账户，{} 笔流水，容差之内没有矛盾。",
                    books.accounts.len(),
                    books.flows.len()
                ),
                format!(
                    "The books of {firm} from {a} to {b} can be true: {} products, {} movements, no contradiction within the tolerance.",
                    books.accounts.len(),
                    books.flows.len()
                ),
            )
        } else {
            Text::new(
                format!(
                    "{firm} {a} 至 {b} 的账不能成立：{} 处矛盾，最大差额 {} kg。",
                    report.findings.len(),
                    report.findings[0].excess.normalize()
                ),
                format!(
                    "The books of {firm} from {a} to {b} cannot be true: {} contradictions, the greatest of {} kg.",
                    report.findings.len(),
                    report.findings[0].excess.normalize()
                ),
            )
        };
        answer.table = table;
        Ok(answer)
    }
}

fn finding_word(kind: FindingKind) -> Text {
    match kind {
        FindingKind::Oversold => Text::of("出多于有", "more left than can have been there"),
        FindingKind::LotTwice => Text::of("同一批次卖了两次", "one lot sold twice"),
        FindingKind::FromNowhere => Text::of("来历不明", "sold without coming in"),
        FindingKind::OverHarvest => Text::of("超过可能的产量", "more than the area can bear"),
        FindingKind::OverYield => Text::of("超过可能的得率", "more made than the inputs can give"),
        FindingKind::Vanished => Text::of("进后不明去向", "came in and is not accounted for"),
    }
}

//! The parameters of a question: the same names on a page, in the API and on the command line.

use super::case_line::CaseLine;
use super::subject::{Choice, Found, FoundKind};
use super::{Need, Question};
use crate::{Error, OutbreakCase, Period, Supply};
use access::Principal;
use base::{Date, Decimal, Id, Instant, Text};
use chain::Bounds;
use chain::balance::Yield;
use ledger::Context;

/// Nodes and links a search goes, unless said, and at most.
const NODES: usize = 20_000;
const MOST_NODES: usize = 200_000;
/// The same where only sums by county are told, which cost no row a node.
const SUMMED_NODES: usize = 1_000_000;
const DEPTH: u32 = 256;
/// Lots, cases asked about at once.
const MOST_LOTS: usize = 200;
/// Lots of a place that stand for a case whose lot is not known.
const LOTS_OF_CASE: usize = 40;

/// A parameter of questions.
#[derive(Debug, Clone)]
pub struct Parameter {
    /// Name.
    pub name: &'static str,
    /// What it is.
    pub text: Text,
}

const fn p(name: &'static str, zh: &'static str, en: &'static str) -> Parameter {
    Parameter { name, text: Text::of(zh, en) }
}

/// Every parameter there is; one that is empty counts as absent.
pub const PARAMETERS: &[Parameter] = &[
    p(
        "lot",
        "批次，可多个（重复本参数，或分行、逗号分隔）：GS1 链接、URN、(01)…(10)…、“条码 批号”、SSCC、其他编码、批号或产品名",
        "lot, several by repeating it, lines or commas: Digital Link, URN, (01)…(10)…, 'GTIN lot', SSCC, another code, a lot number or a product name",
    ),
    p(
        "place",
        "场所：GLN、链接、统一社会信用代码或登记名称",
        "place: GLN, link, unified social credit code or registered name",
    ),
    p("at", "时点：此时之后来的、此前走的不算", "moment: what came later, or left earlier, does not count"),
    p("from", "时间段自（含）", "time window from (inclusive)"),
    p("until", "时间段至（日期含当日）", "time window until (a date includes its day)"),
    p("to", "路径的终点：批次或场所", "end of the path: lot or place"),
    p(
        "since",
        "自此以后：时间，或上次答案的 position",
        "since: a time, or the `position` of an earlier answer",
    ),
    p(
        "operator",
        "单位：编号、统一社会信用代码或登记名称",
        "firm: id, unified social credit code or registered name",
    ),
    p("region", "行政区划代码", "region code"),
    p("kind", "缺口种类", "kind of gap"),
    p(
        "case",
        "病例，一行一个：批次 | 场所 | 日期 | 权重 | 名称；批次可空（则取该场所当时的批次），权重为负表示查过而没有问题",
        "case, one a line: lot | place | date | weight | name; without lot the lots at the place then; a negative weight: checked, nothing found",
    ),
    p("siblings", "包括同次加工的其他产出（1）", "also the other outputs of its transformations (1)"),
    p("yield", "得率：原料条码>产品条码=0.75，可多个", "yield: GTIN used>GTIN made=0.75, may repeat"),
    p("tolerance", "容差（%），默认 2", "tolerance in per cent, 2 unless said"),
    p(
        "nodes",
        "最多节点数，默认 20000，至多 200000；按县区汇总的去向（spread）默认及至多 1000000",
        "most nodes, 20000 unless said, 200000 at most; for `spread`, which only sums by county, 1000000 both",
    ),
    p("depth", "最多步数，默认 256", "most links, 256 unless said"),
    p("q", "只要含这些字词的行", "only rows with these words"),
    p("within", "只要此地区的行（区划代码前缀）", "only rows of this region (beginning of its code)"),
    p("sort", "排序的列", "column to sort by"),
    p("dir", "asc 或 desc", "asc or desc"),
];

/// What is to be compared with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Since {
    /// What was recorded at this time or later.
    Time(Instant),
    /// What was captured after this position.
    Position(i64),
}

/// Parameters read, before their lots and places are looked up.
#[derive(Debug, Default)]
pub(super) struct Typed {
    lots: Vec<String>,
    place: String,
    to: String,
    operator: String,
    cases: Vec<CaseLine>,
    ask: Ask,
}

/// A question understood: keys instead of what was typed.
#[derive(Debug, Clone, Default)]
pub struct Ask {
    /// Item keys.
    pub lots: Vec<String>,
    /// Site key.
    pub place: Option<String>,
    /// The moment.
    pub at: Option<Instant>,
    /// Only rows whose time meets this.
    pub window: Option<Period>,
    /// Where a path ends.
    pub to: Option<Found>,
    /// What is to be compared with.
    pub since: Option<Since>,
    /// The firm.
    pub operator: Option<Id>,
    /// The region.
    pub region: Option<String>,
    /// Kind of gap.
    pub kind: Option<String>,
    /// Cases.
    pub cases: Vec<OutbreakCase>,
    /// Also the other outputs of transformations.
    pub siblings: bool,
    /// Yields.
    pub yields: Vec<Yield>,
    /// Tolerance as a share.
    pub tolerance: Decimal,
    /// Bounds of the search.
    pub bounds: Bounds,
    /// Words a row must have.
    pub words: String,
    /// Region a row must lie in.
    pub within: String,
    /// Column and whether descending.
    pub sort: Option<(String, bool)>,
    /// What it is about.
    pub about: Vec<Found>,
}

impl Ask {
    /// Whether a stretch of time meets the window.
    pub(super) fn meets(&self, from: Instant, until: Instant) -> bool {
        self.window.is_none_or(|w| until >= w.from && from < w.until)
    }
}

/// A date or time; a date means its first moment, or with `end` the first moment after it.
pub(super) fn moment(field: &'static str, text: &str, end: bool) -> Result<Instant, Error> {
    let wrong = || {
        Error::wrong(
            field,
            Text::of(
                "日期应如 2026-11-21，时间应如 2026-11-21T08:00:00+08:00。",
                "A date looks like 2026-11-21, a time like 2026-11-21T08:00:00+08:00.",
            ),
        )
    };
    if let Ok(date) = text.parse::<Date>()
        && text.len() == 10
    {
        let start = Instant::china(date, 0, 0);
        return Ok(if end { start.plus_seconds(86_400) } else { start });
    }
    // a plus sign that went through an address comes as a space
    Instant::parse(&text.replace(' ', "+")).map_err(|_| wrong())
}

fn whole<T: std::str::FromStr>(field: &'static str, text: &str) -> Result<T, Error> {
    text.parse().map_err(|_| Error::wrong(field, Text::of("应为整数。", "It must be a whole number.")))
}

/// `GTIN>GTIN=0.75`; keys of classes are understood too.
fn read_yield(text: &str) -> Result<Yield, Error> {
    let wrong = || {
        Error::wrong(
            "yield",
            Text::of(
                "得率应如 06900000000014>06900000000021=0.75。",
                "A yield looks like 06900000000014>06900000000021=0.75.",
            ),
        )
    };
    let (products, share) = text.rsplit_once('=').ok_or_else(wrong)?;
    let (from, to) = products.split_once('>').ok_or_else(wrong)?;
    let class = |text: &str| {
        let text = text.trim();
        let digits = text.len() >= 8 && text.len() <= 14 && text.bytes().all(|b| b.is_ascii_digit());
        if digits { format!("https://id.gs1.org/01/{text:0>14}") } else { epcis::ident::item_key(text).uri }
    };
    let share: f64 = share.trim().parse().map_err(|_| wrong())?;
    if !(share > 0.0 && share <= 100.0) {
        return Err(wrong());
    }
    let share = chain::mixing::Share::Exactly(share);
    Ok(Yield { from: class(from), to: class(to), share, basis: None })
}

/// Parts of a parameter that holds several: lines, commas, semicolons, Chinese ones too.
fn several(text: &str) -> impl Iterator<Item = &str> {
    text.split(['\n', '\r', ',', ';', '，', '；', '、']).map(str::trim).filter(|part| !part.is_empty())
}

impl Typed {
    pub(super) fn read(question: Question, parameters: &[(String, String)]) -> Result<Self, Error> {
        let mut out = Self::default();
        let (unless_said, most) = match question {
            Question::Spread => (SUMMED_NODES, SUMMED_NODES),
            _ => (NODES, MOST_NODES),
        };
        out.ask.bounds = Bounds { max_nodes: unless_said, max_depth: DEPTH };
        out.ask.tolerance = Decimal::new(2, 2);
        let (mut from, mut until) = (None, None);
        let mut sort = None;
        let mut descending = false;
        for (name, value) in parameters {
            let value = value.trim();
            if value.is_empty() {
                continue;
            }
            match name.as_str() {
                "lot" => out.lots.extend(several(value).map(ToOwned::to_owned)),
                "place" => value.clone_into(&mut out.place),
                "to" => value.clone_into(&mut out.to),
                "operator" => value.clone_into(&mut out.operator),
                "at" => out.ask.at = Some(moment("at", value, true)?),
                "from" => from = Some(moment("from", value, false)?),
                "until" => until = Some(moment("until", value, true)?),
                "since" => {
                    out.ask.since = Some(match value.parse::<i64>() {
                        Ok(position) => Since::Position(position),
                        Err(_) => Since::Time(moment("since", value, false)?),
                    });
                }
                "region" => {
                    value.parse::<base::RegionCode>().map_err(|_| {
                        Error::wrong(
                            "region",
                            Text::of("区划代码应如 620102。", "A region code looks like 620102."),
                        )
                    })?;
                    out.ask.region = Some(value.to_owned());
                }
                "kind" => {
                    if super::gap_kinds().iter().all(|(key, _)| *key != value) {
                        let known = super::gap_kinds().map(|(key, _)| key).join(", ");
                        return Err(Error::wrong(
                            "kind",
                            Text::new(
                                format!("没有此种缺口；可用：{known}。"),
                                format!("There is no such kind; there are {known}."),
                            ),
                        ));
                    }
                    out.ask.kind = Some(value.to_owned());
                }
                "case" => {
                    let lines = value.lines().filter(|l| !l.trim().is_empty()).map(CaseLine::read);
                    out.cases.extend(lines.filter(|l| !l.is_heading()));
                }
                "siblings" => out.ask.siblings = matches!(value, "1" | "true"),
                "yield" => {
                    for part in several(value) {
                        out.ask.yields.push(read_yield(part)?);
                    }
                }
                "tolerance" => {
                    let share: Decimal = value.parse().map_err(|_| {
                        Error::wrong(
                            "tolerance",
                            Text::of("容差应为百分数。", "It must be a number of per cent."),
                        )
                    })?;
                    out.ask.tolerance = share / Decimal::ONE_HUNDRED;
                }
                "nodes" => {
                    out.ask.bounds.max_nodes = whole::<usize>("nodes", value)?.clamp(1, most);
                }
                "depth" => out.ask.bounds.max_depth = whole::<u32>("depth", value)?.clamp(1, DEPTH),
                "q" => value.clone_into(&mut out.ask.words),
                "within" => value.clone_into(&mut out.ask.within),
                "sort" => sort = Some(value.to_owned()),
                "dir" => descending = value == "desc",
                _ => {}
            }
        }
        if from.is_some() || until.is_some() {
            let period =
                Period { from: from.unwrap_or(Instant(i64::MIN)), until: until.unwrap_or(Instant(i64::MAX)) };
            if period.from >= period.until {
                return Err(Error::wrong(
                    "until",
                    Text::of("时间段的结束早于开始。", "The window ends before it begins."),
                ));
            }
            out.ask.window = Some(period);
        }
        out.ask.sort = sort.map(|key| (key, descending));
        for (field, count) in [("lot", out.lots.len()), ("case", out.cases.len())] {
            if count > MOST_LOTS {
                return Err(Error::wrong(
                    field,
                    Text::new(
                        format!("一次最多 {MOST_LOTS} 个，请分批。"),
                        format!("{MOST_LOTS} at most at once; ask in parts."),
                    ),
                ));
            }
        }
        out.enough(question)?;
        Ok(out)
    }

    /// Whether what the question needs was given.
    fn enough(&self, question: Question) -> Result<(), Error> {
        let firm = !self.operator.is_empty();
        let (field, missing) = match question.needs() {
            Need::Lots | Need::LotsAndTo if self.lots.is_empty() => {
                ("lot", Text::of("请给出批次。", "Give a lot."))
            }
            Need::LotsAndTo if self.to.is_empty() => {
                ("to", Text::of("请给出终点：批次或场所。", "Give the end: a lot or a place."))
            }
            Need::Cases if self.cases.is_empty() => (
                "case",
                Text::of(
                    "请给出病例，一行一个：批次 | 场所 | 日期 | 权重 | 名称。",
                    "Give cases, one a line: lot | place | date | weight | name.",
                ),
            ),
            Need::FirmOrRegion if !firm && self.place.is_empty() && self.ask.region.is_none() => (
                "operator",
                Text::of("请给出单位、场所或区划代码。", "Give a firm, a place or a region code."),
            ),
            Need::Firm if !firm => ("operator", Text::of("请给出单位。", "Give a firm.")),
            Need::LotsOrFirm if !firm && self.lots.is_empty() => {
                ("lot", Text::of("请给出批次或单位。", "Give lots or a firm."))
            }
            _ => return Ok(()),
        };
        Err(Error::wrong(field, missing))
    }
}

impl Supply {
    /// Looks up what was typed; what is unknown or has several meanings goes to `choices`.
    pub(super) async fn understand(
        &self,
        cx: &Context,
        who: &Principal,
        question: Question,
        typed: &Typed,
        choices: &mut Vec<Choice>,
    ) -> Result<Ask, Error> {
        let mut ask = typed.ask.clone();
        for text in &typed.lots {
            let found = self.find_lots(cx, who, text).await?;
            if let Some(one) = Choice::settle("lot", text, found, choices) {
                if !ask.lots.contains(&one.key) {
                    ask.lots.push(one.key.clone());
                }
                ask.about.push(one);
            }
        }
        if !typed.place.is_empty() {
            let found = self.find_places(&typed.place).await?;
            if let Some(one) = Choice::settle("place", &typed.place, found, choices) {
                ask.place = Some(one.key.clone());
                ask.about.push(one);
            }
        }
        if !typed.to.is_empty() && question == Question::Path {
            let mut found = self.find_lots(cx, who, &typed.to).await?;
            if found.is_empty() {
                found = self.find_places(&typed.to).await?;
            }
            if let Some(one) = Choice::settle("to", &typed.to, found, choices) {
                ask.about.push(one.clone());
                ask.to = Some(one);
            }
        }
        if !typed.operator.is_empty() {
            let found = self.find_firms(&typed.operator).await?;
            if let Some(one) = Choice::settle("operator", &typed.operator, found, choices) {
                ask.operator = one.key.parse().ok();
                ask.about.push(one);
            }
        }
        for (n, line) in typed.cases.iter().enumerate() {
            self.understand_case(cx, who, n, line, &mut ask, choices).await?;
        }
        Ok(ask)
    }

    async fn understand_case(
        &self,
        cx: &Context,
        who: &Principal,
        n: usize,
        line: &CaseLine,
        ask: &mut Ask,
        choices: &mut Vec<Choice>,
    ) -> Result<(), Error> {
        let at = match line.at.as_str() {
            "" => None,
            text => Some(moment("case", text, true)?),
        };
        let weight: f64 = match line.weight.as_str() {
            "" => 1.0,
            text => text.parse().ok().filter(|w: &f64| w.is_finite()).ok_or_else(|| {
                Error::wrong(
                    "case",
                    Text::new(
                        format!("病例 {} 的权重“{text}”不是数字。", n + 1),
                        format!("The weight `{text}` of case {} is no number.", n + 1),
                    ),
                )
            })?,
        };
        let place = match line.place.as_str() {
            "" => None,
            text => {
                let found = self.find_places(text).await?;
                Choice::settle("case", text, found, choices)
            }
        };
        let lots = match (line.lot.as_str(), &place) {
            ("", Some(place)) => self.lots_at(&place.key, at),
            ("", None) => Vec::new(),
            (text, _) => {
                let found = self.find_lots(cx, who, text).await?;
                Choice::settle("case", text, found, choices).into_iter().collect()
            }
        };
        let name = match line.name.as_str() {
            "" => format!("{}{}", cx.lang.pick("病例", "case "), n + 1),
            name => name.to_owned(),
        };
        if lots.is_empty() && choices.is_empty() {
            return Err(Error::wrong(
                "case",
                Text::new(
                    format!("“{name}”没有可查的批次：请给出批次，或当时有批次记录的场所。"),
                    format!(
                        "{name} has no lot to trace: give a lot, or a place with a record of lots at that time."
                    ),
                ),
            ));
        }
        ask.about.push(Found {
            key: line.line(),
            kind: FoundKind::Case,
            name: name.clone(),
            detail: lots.iter().take(3).map(|l| l.name.as_str()).collect::<Vec<_>>().join("、"),
        });
        for (k, lot) in lots.iter().take(LOTS_OF_CASE).enumerate() {
            ask.cases.push(OutbreakCase {
                name: name.clone(),
                item: lot.key.clone(),
                place: place.as_ref().map(|p| p.key.clone()),
                at,
                // a case whose lot is not known is still one case
                weight: if k == 0 { weight } else { 0.0 },
            });
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(question: Question, pairs: &[(&str, &str)]) -> Result<Typed, Error> {
        let pairs: Vec<_> = pairs.iter().map(|(a, b)| ((*a).to_owned(), (*b).to_owned())).collect();
        Typed::read(question, &pairs)
    }

    #[test]
    fn several_lots_may_be_pasted_by_lines_or_commas() {
        let typed = read(Question::Origins, &[("lot", "A 1\nB 2，C 3"), ("lot", "D")]).unwrap();
        assert_eq!(typed.lots, ["A 1", "B 2", "C 3", "D"]);
    }

    #[test]
    fn an_empty_first_column_is_a_case_and_headings_are_none() {
        // its lot is not known
        let typed = read(Question::Source, &[("case", "批次\t场所\t日期\n\t便民超市\t2026-11-01")]).unwrap();
        assert_eq!(typed.cases.len(), 1);
        assert_eq!((typed.cases[0].lot.as_str(), typed.cases[0].place.as_str()), ("", "便民超市"));
    }

    #[test]
    fn what_is_missing_or_wrong_is_named() {
        for (question, pairs, field) in [
            (Question::Origins, &[][..], "lot"),
            (Question::Path, &[("lot", "x")][..], "to"),
            (Question::Source, &[][..], "case"),
            (Question::Balance, &[][..], "operator"),
            (Question::Gaps, &[("region", "xx")][..], "region"),
            (Question::Scope, &[("lot", "x"), ("at", "yesterday")][..], "at"),
            (Question::Scope, &[("lot", "x"), ("from", "2026-02-01"), ("until", "2026-01-01")][..], "until"),
            (Question::Balance, &[("operator", "x"), ("yield", "a=b")][..], "yield"),
        ] {
            match read(question, pairs) {
                Err(Error::Wrong { field: named, .. }) => assert_eq!(named, field, "{question:?}"),
                other => panic!("{question:?}: {other:?}"),
            }
        }
    }
}

//! The outbreak desk: what several cases have in common, ranked two ways, with reasons and what would settle the matter.

use super::spread::counties;
use super::table::{Cell, Table, number, text};
use super::ways::county_of;
use super::{Answer, Ask, Question};
use crate::{Error, OutbreakNetwork, Supply};
use access::Principal;
use base::Text;
use chain::outbreak::{Fcl, Locator, Ranking};
use chain::score::Scores;
use ledger::Context;
use serde::Serialize;
use std::collections::{BTreeMap, BTreeSet};
use std::time::Instant as Clock;

/// Suspects told with reasons.
const TOLD: usize = 20;
/// Firms whose records to fetch next.
const NEXT: usize = 5;
/// Places named that only one of two suspects reaches.
const NAMED: usize = 5;

/// What would separate the first two suspects.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Separate {
    /// Site keys of the first and second suspect.
    pub suspects: [String; 2],
    /// Cases only the first explains.
    pub only_first: Vec<String>,
    /// Cases only the second explains.
    pub only_second: Vec<String>,
    /// Site keys only goods of the first reached: illness or a positive sample there speaks for it.
    pub places_first: Vec<String>,
    /// Site keys only goods of the second reached.
    pub places_second: Vec<String>,
    /// In words.
    pub text: Text,
}

/// What an outbreak question adds to its table.
#[derive(Debug, Clone)]
pub struct OutbreakAnswer {
    /// The network that was scored.
    pub network: OutbreakNetwork,
    /// FoodChain-Lab's scores.
    pub scores: Scores,
    /// The ranking by likelihood.
    pub ranking: Ranking,
    /// What would separate the first two; `None` with fewer than two.
    pub separate: Option<Separate>,
}

impl OutbreakAnswer {
    /// The case as FoodChain-Lab JSON with its scores.
    ///
    /// # Errors
    /// When it does not serialise (never for a case made here).
    pub fn fcl(&self) -> Result<Vec<u8>, Error> {
        let mut fcl = Fcl::of(&self.network.network);
        fcl.set_scores(&self.scores);
        serde_json::to_vec(fcl.value())
            .map_err(|e| store::Error::Setup(format!("a case does not serialise: {e}")).into())
    }
}

impl Supply {
    pub(super) async fn ask_source(&self, cx: &Context, who: &Principal, ask: &Ask) -> Result<Answer, Error> {
        let mut answer = self.blank(Question::Source, ask);
        let network = self.outbreak_network(cx, who, &ask.cases, ask.bounds).await?;
        let cases: BTreeSet<&String> = ask.cases.iter().map(|c| &c.name).collect();
        let clock = Clock::now();
        let scores = chain::score::score(&network.network);
        let locator = Locator::new(&network.network);
        let mut ranking = locator.ranking(TOLD + cases.len());
        // the cases themselves are no suspects
        ranking.stations.retain(|s| !cases.contains(&s.id));
        ranking.ends.retain(|s| !cases.contains(s));
        let all: f64 = ranking.stations.iter().map(|s| s.posterior).sum();
        if all > 0.0 {
            ranking.stations.iter_mut().for_each(|s| s.posterior /= all);
        }
        ranking.next.truncate(NEXT);
        answer.engine += clock.elapsed().as_micros();
        answer.truncated = network.truncated;
        answer.legend = network.legend.clone();
        let score: BTreeMap<&str, f64> =
            scores.stations.iter().map(|s| (s.id.as_str(), s.score.score)).collect();
        let mut table = Table::new([
            number("rank", "名次", "Rank"),
            text("place", "嫌疑场所", "Suspect"),
            text("county", "县区", "County"),
            number("posterior", "可能性 %", "Likelihood %"),
            number("score", "关联分", "FCL score"),
            number("cases", "可解释病例", "Cases explained"),
            number("distance", "平均距离", "Distance"),
            text("lot", "最可疑批次", "Most suspect lot"),
            text("why", "理由", "Why"),
        ]);
        for (n, s) in ranking.stations.iter().take(200).enumerate() {
            let lot = ranking.lots.iter().find(|l| l.station == s.id).map(|l| l.lot.clone());
            let reached = s.reasons.len();
            table.rows.push(vec![
                Cell::count(n + 1),
                Cell::Place(if s.id == "?" { String::new() } else { s.id.clone() }),
                Cell::Region(county_of(&answer.legend, &s.id)),
                Cell::real((s.posterior * 1000.0).round() / 10.0),
                score.get(s.id.as_str()).map_or(Cell::Empty, |v| Cell::real(*v)),
                if reached > 0 { Cell::count(reached) } else { Cell::real(s.reached) },
                s.effective_distance.map_or(Cell::Empty, Cell::real),
                lot.map_or(Cell::Empty, Cell::Lot),
                Cell::Words(why(s, &ranking, cases.len())),
            ]);
        }
        answer.counties = counties(&table, 1, 2);
        // one case is explained by many places; what is common explains two
        let common = |s: &chain::outbreak::Suspect| s.reasons.len() >= cases.len().min(2);
        let mut separate = match ranking.stations.as_slice() {
            [a, b, ..] if common(a) => Some(self.separate(a, b, &network, &ask.cases, ask.bounds)),
            _ => None,
        };
        answer.summary = match ranking.stations.first() {
            None => Text::of(
                "记录中没有任何场所能解释这些病例：请核对批次，或向各病例场所补要进货记录。",
                "No place in the records explains these cases: check the lots, or ask the places of the cases for their purchases.",
            ),
            Some(s) if !common(s) => Text::of(
                "没有共同来源：记录中没有一个场所的货能到达其中两个病例。请核对病例是否相关，或补要缺失的进货记录。",
                "There is no common source: goods of no place in the records lead to two of the cases. Check whether the cases belong together, or ask for the purchases that are missing.",
            ),
            Some(s) => {
                let name = answer.legend.place_name(&s.id);
                let (likely, of) = (s.posterior * 100.0, cases.len());
                let reached = s.reasons.len();
                Text::new(
                    format!(
                        "最可能的共同来源是 {name}（{likely:.0}%），可解释 {of} 个病例中的 {reached} 个。"
                    ),
                    format!(
                        "The most likely common source is {name} ({likely:.0} %); it explains {reached} of {of} cases."
                    ),
                )
            }
        };
        for next in &ranking.next {
            answer.notes.push(next_words(&answer.legend, next));
        }
        answer.notes.extend(chain::outbreak::check(&network.network).into_iter().take(5));
        let more: BTreeSet<String> = separate
            .iter()
            .flat_map(|s| s.places_first.iter().chain(&s.places_second).cloned())
            .filter(|p| !answer.legend.places.contains_key(p))
            .collect();
        let known = self.legend(more, BTreeSet::new()).await?;
        answer.legend.places.extend(known.places);
        if let Some(s) = &mut separate {
            s.text = settle(&answer.legend, s);
            answer.notes.insert(0, s.text.clone());
        }
        answer.table = table;
        answer.outbreak = Some(Box::new(OutbreakAnswer { network, scores, ranking, separate }));
        Ok(answer)
    }

    /// Cases and places that one of two suspects explains and the other does not.
    fn separate(
        &self,
        a: &chain::outbreak::Suspect,
        b: &chain::outbreak::Suspect,
        network: &OutbreakNetwork,
        cases: &[crate::OutbreakCase],
        bounds: chain::Bounds,
    ) -> Separate {
        let explained = |s: &chain::outbreak::Suspect| -> BTreeSet<String> {
            s.reasons.iter().map(|r| r.case.clone()).collect()
        };
        let (ca, cb) = (explained(a), explained(b));
        let reached = |suspect: &str| -> BTreeSet<String> {
            let lots: BTreeSet<&String> = network
                .network
                .deliveries
                .iter()
                .filter(|d| d.from == suspect && d.to != suspect)
                .filter_map(|d| d.lot.as_ref())
                .collect();
            self.index.read(|index| {
                let items: Vec<chain::ItemId> =
                    lots.into_iter().filter_map(|lot| index.names().find_item(lot)).collect();
                let spread = index.places_reached(&items, bounds);
                spread.places.iter().map(|p| crate::view::place_key(index, *p)).collect()
            })
        };
        let (pa, pb) = (reached(&a.id), reached(&b.id));
        let known: BTreeSet<&String> = cases.iter().filter_map(|c| c.place.as_ref()).collect();
        let only = |here: &BTreeSet<String>, there: &BTreeSet<String>| -> Vec<String> {
            here.difference(there)
                .filter(|p| !known.contains(p) && !p.is_empty() && **p != a.id && **p != b.id)
                .take(NAMED)
                .cloned()
                .collect()
        };
        Separate {
            suspects: [a.id.clone(), b.id.clone()],
            only_first: ca.difference(&cb).cloned().collect(),
            only_second: cb.difference(&ca).cloned().collect(),
            places_first: only(&pa, &pb),
            places_second: only(&pb, &pa),
            text: Text::of("尚无", "none yet"),
        }
    }
}

/// Why a suspect stands where it stands.
fn why(s: &chain::outbreak::Suspect, ranking: &Ranking, cases: usize) -> Text {
    if s.reasons.is_empty() {
        return Text::of("名次靠后，未逐一说明", "far down the list, not told one by one");
    }
    let best = s.reasons.iter().max_by(|a, b| a.probability.total_cmp(&b.probability));
    let steps = s.reasons.iter().map(|r| r.path.len()).max().unwrap_or(0);
    let (n, ends) = (s.reasons.len(), ranking.ends.contains(&s.id));
    let near = best.map(|r| (r.case.clone(), r.probability * 100.0)).unwrap_or_default();
    Text::new(
        format!(
            "其货物可到达 {cases} 个病例中的 {n} 个，最远 {steps} 次交付；与“{}”联系最紧（{:.0}% 的货到此）{}",
            near.0,
            near.1,
            if ends { "；其进货无记录，可能只是转手" } else { "" }
        ),
        format!(
            "its goods lead to {n} of {cases} cases within {steps} deliveries; closest to {} ({:.0} % of what it sent on ends there){}",
            near.0,
            near.1,
            if ends { "; its own purchases are not recorded: it may only have passed it on" } else { "" }
        ),
    )
}

/// Whose records to fetch next.
fn next_words(legend: &crate::Legend, next: &chain::outbreak::NextFirm) -> Text {
    let name = legend.place_name(&next.id);
    Text::new(
        format!(
            "下一步先调取 {name} 的记录：预计可减少 {:.2} 比特的不确定，经过它的可疑货流占 {:.0}%。",
            next.bits,
            next.flow * 100.0
        ),
        format!(
            "Fetch the records of {name} next: expected to remove {:.2} bits of doubt; {:.0} % of the suspected flow passes through it.",
            next.bits,
            next.flow * 100.0
        ),
    )
}

/// What would tell the first two suspects apart.
fn settle(legend: &crate::Legend, s: &Separate) -> Text {
    let name = |p: &String| legend.place_name(p);
    let names = |all: &[String], join: &str| all.iter().map(name).collect::<Vec<_>>().join(join);
    let (a, b) = (name(&s.suspects[0]), name(&s.suspects[1]));
    let (mut zh, mut en) =
        (format!("区分前两名（{a} 与 {b}）："), format!("To separate the first two ({a} and {b}): "));
    if !s.only_first.is_empty() {
        zh.push_str(&format!("病例 {} 只有 {a} 能解释；", s.only_first.join("、")));
        en.push_str(&format!("only {a} explains {}; ", s.only_first.join(", ")));
    }
    if !s.only_second.is_empty() {
        zh.push_str(&format!("病例 {} 只有 {b} 能解释；", s.only_second.join("、")));
        en.push_str(&format!("only {b} explains {}; ", s.only_second.join(", ")));
    }
    if !s.places_first.is_empty() {
        zh.push_str(&format!(
            "{} 只到过 {a} 的货，那里出现病例或阳性样品就指向 {a}；",
            names(&s.places_first, "、")
        ));
        en.push_str(&format!(
            "{} received goods of {a} alone: illness or a positive sample there points to {a}; ",
            names(&s.places_first, ", ")
        ));
    }
    if !s.places_second.is_empty() {
        zh.push_str(&format!(
            "{} 只到过 {b} 的货，那里出现病例或阳性样品就指向 {b}；",
            names(&s.places_second, "、")
        ));
        en.push_str(&format!(
            "{} received goods of {b} alone: illness or a positive sample there points to {b}; ",
            names(&s.places_second, ", ")
        ));
    }
    if s.only_first.is_empty()
        && s.only_second.is_empty()
        && s.places_first.is_empty()
        && s.places_second.is_empty()
    {
        zh.push_str("两者的货到过同样的地方，只有抽检它们的留样和进货才能区分；");
        en.push_str("their goods went to the same places; only sampling what they keep and bought can tell them apart; ");
    }
    let end = |text: &str, mark: char| format!("{}{mark}", text.trim_end().trim_end_matches(['；', ';']));
    Text::new(end(&zh, '。'), end(&en, '.'))
}

//! The same draw from any list: a roster in a file, a seed everybody can check, and a record that anybody can repeat.

use base::Text;
use ledger::draw::{FORMAT, choose};
use ledger::merkle::{leaf_hash, root_of};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// One line of the roster.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Listing {
    /// What identifies it; unique.
    pub id: String,
    /// Its stratum; one draw in each.
    pub stratum: String,
    /// Chances, 1 or more.
    pub weight: u32,
}

/// One drawn line.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ListPick {
    /// What identifies it.
    pub id: String,
    /// Its stratum.
    pub stratum: String,
    /// Its ticket, hex: the smallest tickets of a stratum are drawn.
    pub ticket: String,
}

/// A draw from a roster.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ListDraw {
    /// The algorithm.
    pub format: String,
    /// Merkle root over the roster in order of id, hex: another roster has another root.
    pub root: String,
    /// Lines of the roster.
    pub listed: usize,
    /// The seed, hex.
    pub seed: String,
    /// Column that separates strata.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub strata: Option<String>,
    /// How many are drawn in each stratum.
    pub take: BTreeMap<String, u32>,
    /// The lines drawn, by stratum and in order of ticket.
    pub picks: Vec<ListPick>,
}

/// Why a roster cannot be drawn from, or does not match its draw.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ListError {
    /// Two lines have one id.
    #[error("the id {0} stands twice in the roster: {0} 在名单中重复，请合并后再抽")]
    Twice(String),
    /// The seed is not hex.
    #[error("the seed is not hexadecimal: 种子须为十六进制")]
    Seed,
    /// More are asked for than the stratum has.
    #[error("{} {has} line(s), {asked} asked for: {}仅有 {has} 家，不足 {asked} 家", of(stratum).en, of(stratum).zh)]
    Few {
        /// The stratum.
        stratum: String,
        /// Lines it has.
        has: usize,
        /// Lines asked for.
        asked: u32,
    },
    /// Another algorithm.
    #[error("the draw was made by another algorithm ({0}): 抽取算法不同（{0}）")]
    Format(String),
    /// The roster is not the one drawn from.
    #[error("the roster is not the one drawn from (root {0}): 名单与抽取时不一致（根 {0}）")]
    Roster(String),
    /// Other lines come out.
    #[error("other lines come out of this roster and seed: 按此名单与种子抽不出这一结果")]
    Picks,
}

/// Where lines are short: a stratum, or the roster where there are none.
fn of(stratum: &str) -> Text {
    if stratum.is_empty() {
        return Text::of("名单", "the roster has");
    }
    Text::new(format!("层 {stratum} "), format!("stratum {stratum} has"))
}

fn root(roster: &[Listing]) -> String {
    let leaves: Vec<_> = roster
        .iter()
        .map(|l| leaf_hash(format!("l|{}|{}|{}", l.id, l.stratum, l.weight).as_bytes()))
        .collect();
    hex::encode(root_of(&leaves))
}

fn ordered(mut roster: Vec<Listing>) -> Result<Vec<Listing>, ListError> {
    roster.sort();
    match roster.windows(2).find(|w| w[0].id == w[1].id) {
        Some(pair) => Err(ListError::Twice(pair[0].id.clone())),
        None => Ok(roster),
    }
}

impl ListDraw {
    /// Draws from a roster; its order changes nothing.
    ///
    /// # Errors
    /// An id twice, a seed that is no hex, a stratum with fewer lines than asked for.
    pub fn draw(
        roster: Vec<Listing>,
        seed: &str,
        strata: Option<String>,
        take: BTreeMap<String, u32>,
    ) -> Result<Self, ListError> {
        let roster = ordered(roster)?;
        let seed = seed.trim().to_ascii_lowercase();
        if seed.is_empty() || hex::decode(&seed).is_err() {
            return Err(ListError::Seed);
        }
        for (stratum, asked) in &take {
            let has = roster.iter().filter(|l| l.stratum == *stratum).count();
            if has < *asked as usize {
                return Err(ListError::Few { stratum: stratum.clone(), has, asked: *asked });
            }
        }
        let lines = roster.iter().map(|l| (l.stratum.as_str(), l.id.as_str(), l.weight));
        let chosen = choose(&seed, lines, |s| take.get(s).copied().unwrap_or(0) as usize);
        let picks = chosen
            .into_iter()
            .map(|c| ListPick { id: c.key.to_owned(), stratum: c.stratum, ticket: hex::encode(c.ticket) })
            .collect();
        Ok(Self {
            format: FORMAT.to_owned(),
            root: root(&roster),
            listed: roster.len(),
            seed,
            strata,
            take,
            picks,
        })
    }

    /// Repeats the draw from the roster: empty when all holds.
    ///
    /// # Errors
    /// The roster cannot be drawn from at all.
    pub fn verify(&self, roster: Vec<Listing>) -> Result<Vec<ListError>, ListError> {
        if self.format != FORMAT {
            return Ok(vec![ListError::Format(self.format.clone())]);
        }
        let again = Self::draw(roster, &self.seed, self.strata.clone(), self.take.clone())?;
        let mut found = Vec::new();
        if again.root != self.root || again.listed != self.listed {
            found.push(ListError::Roster(again.root));
        }
        if again.picks != self.picks {
            found.push(ListError::Picks);
        }
        Ok(found)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use ::sampling::inclusion::probabilities;

    fn roster(weights: &[u32]) -> Vec<Listing> {
        let line =
            |(i, w): (usize, &u32)| Listing { id: format!("firm-{i}"), stratum: String::new(), weight: *w };
        weights.iter().enumerate().map(line).collect()
    }

    fn take(n: u32) -> BTreeMap<String, u32> {
        BTreeMap::from([(String::new(), n)])
    }

    #[test]
    fn a_draw_holds_for_its_roster_in_any_order_and_for_no_other() {
        let list = roster(&[1, 2, 1, 1, 3, 1, 1]);
        let drawn = ListDraw::draw(list.clone(), "00FF", None, take(3)).unwrap();
        assert_eq!(drawn.picks.len(), 3);
        let mut back = list.clone();
        back.reverse();
        assert_eq!(drawn.verify(back).unwrap(), []);
        let mut fewer = list.clone();
        fewer.pop();
        assert!(matches!(drawn.verify(fewer).unwrap()[0], ListError::Roster(_)));
        let mut forged = drawn.clone();
        forged.picks.swap(0, 1);
        assert_eq!(forged.verify(list.clone()).unwrap(), [ListError::Picks]);
        assert_eq!(ListDraw::draw(list.clone(), "xyz", None, take(3)).unwrap_err(), ListError::Seed);
        assert!(matches!(
            ListDraw::draw(list.clone(), "00", None, take(9)).unwrap_err(),
            ListError::Few { has: 7, .. }
        ));
        let twice = vec![list[0].clone(), list[0].clone()];
        assert_eq!(
            ListDraw::draw(twice, "00", None, take(1)).unwrap_err(),
            ListError::Twice("firm-0".into())
        );
    }

    #[test]
    fn over_many_seeds_every_line_comes_as_often_as_its_inclusion_probability_says() {
        for weights in [vec![1, 1, 1, 1, 1], vec![1, 2, 3, 1, 5]] {
            let chances: Vec<f64> = weights.iter().map(|w| f64::from(*w)).collect();
            let want = probabilities(&chances, 2).unwrap();
            let list = roster(&weights);
            let rounds = 3000_u32;
            let mut hits = vec![0.0; weights.len()];
            for i in 0..rounds {
                for p in ListDraw::draw(list.clone(), &format!("{i:08x}"), None, take(2)).unwrap().picks {
                    let at = list.iter().position(|l| l.id == p.id).unwrap();
                    hits[at] += 1.0;
                }
            }
            // chi-square of the cells hit and not hit; 5 degrees of freedom, 0.1 % at 20.5
            let chi: f64 = hits
                .iter()
                .zip(&want)
                .map(|(h, p)| (h - f64::from(rounds) * p).powi(2) / (f64::from(rounds) * p * (1.0 - p)))
                .sum();
            assert!(chi < 20.5, "{weights:?}: {hits:?} {want:?} {chi}");
        }
    }
}

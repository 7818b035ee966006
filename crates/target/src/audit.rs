//! The draw of a proposal's random share: everybody not chosen by score is listed, the list is frozen and journalled, and a public
//! value nobody knew then draws; a pure function anybody can repeat.

use base::{Id, Instant};
use ledger::draw::choose;
use ledger::merkle::{leaf_hash, root_of};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

/// The format, and the algorithm: [`ledger::draw::choose`] over one stratum of equal chances.
pub(crate) const FORMAT: &str = "shian-audit-1";

/// What was frozen, and, once drawn, the outcome.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AuditRecord {
    /// [`FORMAT`].
    pub format: String,
    /// The proposal.
    pub proposal: Id,
    /// Recipe of the model that scored the list.
    pub recipe: String,
    /// Region code.
    pub region: String,
    /// Time of freezing.
    pub frozen: Instant,
    /// How many are drawn.
    pub take: u32,
    /// The public source of randomness named beforehand.
    pub source: String,
    /// When its value becomes known: after freezing.
    pub source_due: Instant,
    /// SHA-256 of the server's secret, hex.
    pub commitment: String,
    /// Subjects chosen by score: not drawn from.
    pub chosen: Vec<String>,
    /// Subjects drawn from, in order.
    pub rest: Vec<String>,
    /// Merkle root over all of this, hex.
    pub root: String,
    /// The outcome.
    #[serde(default)]
    pub drawn: Option<AuditDrawn>,
}

/// What was drawn, from which seed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AuditDrawn {
    /// The value the named source gave.
    pub public: String,
    /// The server's share, hex: its hash was published with the frozen list.
    pub secret: String,
    /// SHA-256 over root, public value and secret, hex.
    pub seed: String,
    /// Subjects drawn, in order of ticket.
    pub picks: Vec<String>,
}

/// What does not hold in a record.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum AuditFinding {
    /// Another algorithm.
    Format(String),
    /// The root is not that of the lists.
    Root,
    /// The source was known before the list was frozen.
    Late,
    /// The secret does not hash to the commitment.
    Commitment,
    /// The seed is not the hash of its parts.
    Seed,
    /// Other subjects come out.
    Picks,
}

impl AuditRecord {
    /// Puts the lists in order and works out the root.
    #[must_use]
    pub fn freeze(mut self) -> Self {
        self.chosen.sort();
        self.rest.sort();
        self.root = self.root_now();
        self
    }

    fn root_now(&self) -> String {
        let head = format!(
            "{}|{}|{}|{}|{}|{}|{}|{}|{}",
            self.format,
            self.proposal.0,
            self.recipe,
            self.region,
            self.frozen.0,
            self.take,
            self.source_due.0,
            self.source,
            self.commitment
        );
        let mut leaves = vec![leaf_hash(head.as_bytes())];
        leaves.extend(self.chosen.iter().map(|s| leaf_hash(format!("c|{s}").as_bytes())));
        leaves.extend(self.rest.iter().map(|s| leaf_hash(format!("r|{s}").as_bytes())));
        hex::encode(root_of(&leaves))
    }

    /// The seed from the public value and the secret.
    #[must_use]
    pub fn seed(&self, public: &str, secret: &[u8]) -> String {
        let text = format!("{FORMAT}|seed|{}|{}|{}", self.root, public.trim(), hex::encode(secret));
        hex::encode(Sha256::digest(text.as_bytes()))
    }

    /// The subjects a seed draws, in order of ticket.
    #[must_use]
    pub fn draw(&self, seed: &str) -> Vec<String> {
        let all = self.rest.iter().map(|s| ("audit", s.as_str(), 1));
        let take = usize::try_from(self.take).unwrap_or(usize::MAX);
        choose(seed, all, |_| take).into_iter().map(|c| c.key.to_owned()).collect()
    }

    /// The chance every subject of the rest had to be drawn.
    #[must_use]
    pub fn inclusion(&self) -> f64 {
        (f64::from(self.take) / self.rest.len().max(1) as f64).min(1.0)
    }

    /// Repeats the record without asking anybody: empty when everything holds.
    #[must_use]
    pub fn verify(&self) -> Vec<AuditFinding> {
        if self.format != FORMAT {
            return vec![AuditFinding::Format(self.format.clone())];
        }
        let mut out = Vec::new();
        if !self.rest.is_sorted() || !self.chosen.is_sorted() || self.root_now() != self.root {
            out.push(AuditFinding::Root);
        }
        if self.source_due <= self.frozen {
            out.push(AuditFinding::Late);
        }
        let Some(drawn) = &self.drawn else { return out };
        let secret = hex::decode(&drawn.secret).unwrap_or_default();
        if hex::encode(Sha256::digest(&secret)) != self.commitment {
            out.push(AuditFinding::Commitment);
        }
        if self.seed(&drawn.public, &secret) != drawn.seed {
            out.push(AuditFinding::Seed);
        }
        if self.draw(&drawn.seed) != drawn.picks {
            out.push(AuditFinding::Picks);
        }
        out
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn record() -> AuditRecord {
        AuditRecord {
            format: FORMAT.into(),
            proposal: Id(7),
            recipe: "ab".into(),
            region: "62".into(),
            frozen: Instant(10),
            take: 3,
            source: "虚构第 1 期".into(),
            source_due: Instant(20),
            commitment: hex::encode(Sha256::digest([1_u8; 32])),
            chosen: vec!["operator:2".into()],
            rest: (10..40).rev().map(|n| format!("operator:{n}")).collect(),
            root: String::new(),
            drawn: None,
        }
        .freeze()
    }

    #[test]
    fn a_record_holds_and_a_forged_one_names_what_does_not() {
        let mut r = record();
        assert_eq!(r.verify(), []);
        let seed = r.seed(" 07 08 ", &[1; 32]);
        let picks = r.draw(&seed);
        assert_eq!(picks.len(), 3);
        r.drawn = Some(AuditDrawn { public: "07 08".into(), secret: hex::encode([1_u8; 32]), seed, picks });
        assert_eq!(r.verify(), []);
        type Forge = fn(&mut AuditRecord);
        let table: [(Forge, &[AuditFinding]); 5] = [
            (|r| r.rest.pop().map(drop).unwrap_or_default(), &[AuditFinding::Root]),
            (|r| r.drawn.as_mut().unwrap().picks.swap(0, 1), &[AuditFinding::Picks]),
            (|r| r.drawn.as_mut().unwrap().public = "09".into(), &[AuditFinding::Seed]),
            (
                |r| r.drawn.as_mut().unwrap().secret = "00".into(),
                &[AuditFinding::Commitment, AuditFinding::Seed],
            ),
            (|r| r.format = "x".into(), &[AuditFinding::Format(String::new())]),
        ];
        for (forge, want) in table {
            let mut bad = r.clone();
            forge(&mut bad);
            let found = bad.verify();
            assert!(
                found.iter().zip(want).all(|(a, b)| std::mem::discriminant(a) == std::mem::discriminant(b))
            );
            assert!(!found.is_empty() && found[0] != AuditFinding::Late, "{found:?}");
        }
        assert!((r.inclusion() - 0.1).abs() < 1e-12);
    }

    #[test]
    fn over_many_seeds_everybody_comes_equally_often() {
        let r = record();
        let mut hits = vec![0.0_f64; r.rest.len()];
        let rounds = 2000_u32;
        for i in 0..rounds {
            for p in r.draw(&format!("{i:08x}")) {
                hits[r.rest.iter().position(|s| *s == p).unwrap()] += 1.0;
            }
        }
        let want = f64::from(rounds) * r.inclusion();
        let chi: f64 = hits.iter().map(|h| (h - want).powi(2) / (want * 0.9)).sum();
        // 29 degrees of freedom, 0.1 % at 58.3
        assert!(chi < 58.3, "{chi}");
    }
}

//! The draw of the retest laboratory: the list is frozen when the retest is accepted, the seed is completed by the first
//! checkpoint of the journal that covers the freezing. Nobody who presses a button can choose it, and there is one only.
//!
//! `root` = SHA-256("shian-retest-1|" draw "|" matter "|" frozen "|" commitment "|" laboratories joined by ","), `seed` =
//! SHA-256("shian-retest-1|seed|" root "|" root of the tree at that checkpoint "|" secret); the laboratory whose
//! SHA-256("shian-retest-1|lab|" seed "|" id) is smallest is drawn. Numbers are decimal, hashes lower-case hexadecimal.

use crate::query::{Page, limit, page, prefix};
use crate::{Error, Lab};
use base::{Id, Instant, Text};
use ledger::{Context, Entry, Permit};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use store::{Row, Sql, Store, Tx};

/// The algorithm.
const FORMAT: &str = "shian-retest-1";

/// A frozen list of laboratories and, once drawn, the outcome: all an outsider needs to repeat it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RetestRecord {
    /// `shian-retest-1`.
    pub format: String,
    /// Record id of the draw.
    pub draw: Id,
    /// The matter.
    pub matter: Id,
    /// Time of freezing.
    pub frozen: Instant,
    /// SHA-256 of the server's secret, hex.
    pub commitment: String,
    /// The laboratories that can be drawn, in order of id.
    pub laboratories: Vec<Id>,
    /// Over all of this, hex.
    pub root: String,
    /// The outcome.
    #[serde(default)]
    pub drawn: Option<RetestDrawn>,
}

/// What was drawn, from which seed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RetestDrawn {
    /// The journal entry of the freezing.
    pub entry: Id,
    /// Its position in the tree.
    pub position: i64,
    /// Size of the tree at the first checkpoint that covers it.
    pub size: i64,
    /// Root of the tree there, hex.
    pub tree: String,
    /// The checkpoint as signed.
    pub checkpoint: String,
    /// The server's share of the seed, hex.
    pub secret: String,
    /// The seed, hex.
    pub seed: String,
    /// Who was drawn.
    pub laboratory: Id,
}

fn hash(text: &str) -> String {
    hex::encode(Sha256::digest(text.as_bytes()))
}

fn ticket(seed: &str, laboratory: Id) -> String {
    hash(&format!("{FORMAT}|lab|{seed}|{}", laboratory.0))
}

impl RetestRecord {
    fn root_now(&self) -> String {
        let ids: Vec<String> = self.laboratories.iter().map(|l| l.0.to_string()).collect();
        let (draw, matter, frozen) = (self.draw.0, self.matter.0, self.frozen.0);
        hash(&format!("{FORMAT}|{draw}|{matter}|{frozen}|{}|{}", self.commitment, ids.join(",")))
    }

    fn seed(&self, tree: &str, secret: &str) -> String {
        hash(&format!("{FORMAT}|seed|{}|{tree}|{secret}", self.root))
    }

    fn pick(&self, seed: &str) -> Option<Id> {
        self.laboratories.iter().copied().min_by_key(|l| ticket(seed, *l))
    }

    /// The ticket of each laboratory, of which the smallest is drawn; none before the draw.
    #[must_use]
    pub fn tickets(&self) -> Vec<(Id, String)> {
        let Some(drawn) = &self.drawn else { return Vec::new() };
        self.laboratories.iter().map(|l| (*l, ticket(&drawn.seed, *l))).collect()
    }

    /// Repeats the draw without asking anybody: what does not hold, empty when everything does.
    #[must_use]
    pub fn verify(&self) -> Vec<Text> {
        let mut out = Vec::new();
        if self.format != FORMAT {
            return vec![Text::new(
                format!("未知算法 {}", self.format),
                format!("unknown algorithm {}", self.format),
            )];
        }
        if !self.laboratories.is_sorted() || self.root_now() != self.root {
            out.push(Text::of("名录与其根哈希不符", "the root is not that of the list"));
        }
        let Some(d) = &self.drawn else { return out };
        let secret = hex::decode(&d.secret).unwrap_or_default();
        if hex::encode(Sha256::digest(&secret)) != self.commitment {
            out.push(Text::of("服务器种子与事先承诺不符", "the secret does not hash to its commitment"));
        }
        let stated = d.checkpoint.split_once("\n\n").map(|(text, _)| format!("{text}\n"));
        let stated = stated.and_then(|text| ledger::note::Checkpoint::parse(&text).ok());
        let same = stated
            .is_some_and(|c| hex::encode(c.root) == d.tree && i64::try_from(c.size).ok() == Some(d.size));
        if !same || d.position >= d.size {
            out.push(Text::of(
                "检查点与所用根哈希不符，或未覆盖固定名录的存证",
                "the checkpoint is not that of the seed, or does not cover the freezing",
            ));
        }
        if self.seed(&d.tree, &d.secret) != d.seed {
            out.push(Text::of("种子不是其各部分的哈希", "the seed is not the hash of its parts"));
        }
        if self.pick(&d.seed) != Some(d.laboratory) {
            out.push(Text::of("重算得到另一家机构", "another laboratory comes out"));
        }
        out
    }
}

fn sealed(draw: Id) -> String {
    format!("retest.draw:{draw}")
}

fn vault(e: access::Error) -> Error {
    Error::Store(store::Error::Setup(format!("a sealed value: {e}")))
}

impl Lab {
    /// Freezes the list of a retest: every laboratory of the register but the first one and those that declined. A list that
    /// waits already stays.
    ///
    /// # Errors
    /// [`Error::State`] when there is nobody to draw; storage.
    pub async fn freeze_retest(
        &self,
        tx: &mut Tx,
        cx: &Context,
        permit: &Permit,
        matter: Id,
        region: &str,
        without: &[Id],
    ) -> Result<RetestRecord, Error> {
        if let Some((record, _, _)) = waiting(tx, matter).await? {
            return Ok(record);
        }
        let found = self.surroundings.laboratories(tx).await.map_err(Error::Hook)?;
        let mut laboratories: Vec<Id> = found.into_iter().filter_map(|l| l.operator).collect();
        laboratories.retain(|l| !without.contains(l));
        laboratories.sort_unstable();
        laboratories.dedup();
        if laboratories.is_empty() {
            return Err(Error::State(Text::of(
                "登记库中没有其他检验机构；请先登记复检机构名录中的机构",
                "the register has no other laboratory; register those of the published list first",
            )));
        }
        let mut secret = [0_u8; 32];
        getrandom::fill(&mut secret)
            .map_err(|_| Error::Store(store::Error::Setup("the system gives no randomness".to_owned())))?;
        let mut record = RetestRecord {
            format: FORMAT.to_owned(),
            draw: cx.id(),
            matter,
            frozen: cx.now,
            commitment: hex::encode(Sha256::digest(secret)),
            laboratories,
            root: String::new(),
            drawn: None,
        };
        record.root = record.root_now();
        let body = serde_json::json!({
            "draw": record.draw, "root": record.root, "commitment": record.commitment, "laboratories": record.laboratories,
        });
        let entry = Entry {
            kind: "retest.frozen",
            region: region.to_owned(),
            subject: format!("matter:{matter}"),
            body,
            private: None,
        };
        let entry = ledger::append(tx, cx, permit, entry).await?.id;
        let secret = self.access.vault().seal_bytes(&sealed(record.draw), &secret).map_err(vault)?;
        tx.exec(
            "insert into retest_draw (id, matter, region, record, secret, entry, frozen) values ($1, $2, $3, $4, $5, $6, $7)",
            &[
                record.draw.into(),
                matter.into(),
                region.into(),
                crate::sampling::json(&record)?.into(),
                secret.into(),
                entry.into(),
                cx.now.into(),
            ],
        )
        .await?;
        Ok(record)
    }

    /// Draws from the frozen list; once.
    ///
    /// # Errors
    /// [`Error::State`] when no list waits, or the journal has not signed the freezing yet (a matter of a second); storage.
    pub async fn draw_retest(
        &self,
        tx: &mut Tx,
        cx: &Context,
        permit: &Permit,
        matter: Id,
    ) -> Result<(RetestRecord, String), Error> {
        let Some((mut record, entry, region)) = waiting(tx, matter).await? else {
            return Err(Error::State(Text::of(
                "没有待抽取的检验机构名录",
                "no list of laboratories waits for a draw",
            )));
        };
        let Some(head) = ledger::first_head_over(tx, entry).await? else {
            return Err(Error::State(Text::of(
                "名录的存证尚未签署，请数秒后重试；抽取结果不受点击时间影响",
                "the journal has not signed the list yet; try again in a few seconds. The moment changes nothing",
            )));
        };
        let row = tx.one("select secret from retest_draw where id = $1", &[record.draw.into()]).await?;
        let secret =
            self.access.vault().open_bytes(&sealed(record.draw), &row.bytes("secret")?).map_err(vault)?;
        let (tree, secret) = (hex::encode(&head.root), hex::encode(secret));
        let seed = record.seed(&tree, &secret);
        let laboratory =
            record.pick(&seed).ok_or_else(|| Error::State(Text::of("名录为空", "the list is empty")))?;
        record.drawn = Some(RetestDrawn {
            entry,
            position: head.position,
            size: head.size,
            tree,
            checkpoint: head.note,
            secret,
            seed,
            laboratory,
        });
        tx.exec_one(
            "update retest_draw set record = $1, secret = null, drawn = $2 where id = $3 and drawn is null",
            &[crate::sampling::json(&record)?.into(), cx.now.into(), record.draw.into()],
        )
        .await?;
        let entry = Entry {
            kind: "retest.drawn",
            region,
            subject: format!("matter:{matter}"),
            body: serde_json::json!({ "draw": record.draw, "drawn": record.drawn }),
            private: None,
        };
        ledger::append(tx, cx, permit, entry).await?;
        let name = self.surroundings.name(tx, laboratory).await.map_err(Error::Hook)?;
        Ok((record, name))
    }
}

/// The list that waits in a matter, its journal entry and region.
async fn waiting(tx: &mut Tx, matter: Id) -> Result<Option<(RetestRecord, Id, String)>, Error> {
    let row = tx
        .first(
            "select record, entry, region from retest_draw where matter = $1 and drawn is null order by id desc limit 1",
            &[matter.into()],
        )
        .await?;
    Ok(match row {
        Some(row) => Some((row.json("record")?, row.id("entry")?, row.text("region")?)),
        None => None,
    })
}

/// A draw of a retest laboratory as everybody sees it: its list from the freezing on, secret and seed once it is drawn.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct RetestDraw {
    /// Region code of the authority that drew.
    pub region: String,
    /// All an outsider needs to repeat it.
    pub record: RetestRecord,
}

const DRAWS: &str = "select region, record from retest_draw where ";

fn read(row: &Row) -> Result<RetestDraw, store::Error> {
    Ok(RetestDraw { region: row.text("region")?, record: row.json("record")? })
}

/// One draw of a retest laboratory.
///
/// # Errors
/// [`Error::NotFound`]; storage.
pub async fn retest_draw(store: &Store, draw: Id) -> Result<RetestDraw, Error> {
    let mut sql = Sql::new(DRAWS);
    sql.push("id = ").bind(draw);
    let row = store.select(&sql).await?.into_iter().next();
    Ok(read(&row.ok_or_else(|| Error::NotFound(format!("retest draw {draw}")))?)?)
}

/// The draws of retest laboratories in a region, newest first.
///
/// # Errors
/// Storage.
pub async fn retest_draws(
    store: &Store,
    region: Option<&str>,
    after: Option<&str>,
    rows: u32,
) -> Result<Page<RetestDraw>, Error> {
    let mut sql = Sql::new(DRAWS);
    sql.push("1 = 1");
    prefix(&mut sql, " and region", region.unwrap_or_default());
    if let Some(after) = after.and_then(|t| t.parse::<Id>().ok()) {
        sql.push(" and id < ").bind(after);
    }
    let rows = limit(rows);
    sql.push(" order by id desc limit ").bind(i64::from(rows) + 1);
    let found: Vec<RetestDraw> = store.select(&sql).await?.iter().map(read).collect::<Result<_, _>>()?;
    Ok(page(found, rows, |d| d.record.draw.to_string()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn record() -> RetestRecord {
        let mut r = RetestRecord {
            format: FORMAT.to_owned(),
            draw: Id(1),
            matter: Id(2),
            frozen: Instant(3),
            commitment: hex::encode(Sha256::digest(b"secret")),
            laboratories: (10..20).map(Id).collect(),
            root: String::new(),
            drawn: None,
        };
        r.root = r.root_now();
        r
    }

    fn drawn(mut r: RetestRecord, tree: [u8; 32]) -> RetestRecord {
        let note = ledger::note::Checkpoint {
            origin: "example.test/log".to_owned(),
            size: 8,
            root: tree,
            at: Instant(4),
        };
        let (tree, secret) = (hex::encode(tree), hex::encode(b"secret"));
        let seed = r.seed(&tree, &secret);
        let laboratory = r.pick(&seed).unwrap();
        let checkpoint = format!("{}\n\u{2014} example.test/log AAAA\n", note.text());
        r.drawn = Some(RetestDrawn {
            entry: Id(5),
            position: 7,
            size: 8,
            tree,
            checkpoint,
            secret,
            seed,
            laboratory,
        });
        r
    }

    #[test]
    fn a_retest_draw_can_be_repeated_and_every_changed_part_is_found() {
        assert!(record().tickets().is_empty(), "no ticket before the seed");
        let good = drawn(record(), [9; 32]);
        assert_eq!(good.verify(), []);
        let smallest = good.tickets().into_iter().min_by(|a, b| a.1.cmp(&b.1)).unwrap();
        assert_eq!(Some(smallest.0), good.drawn.as_ref().map(|d| d.laboratory));
        let spoil = |f: &dyn Fn(&mut RetestRecord)| {
            let mut bad = good.clone();
            f(&mut bad);
            bad.verify().len()
        };
        assert!(spoil(&|r| r.laboratories.truncate(9)) > 0, "a laboratory less");
        assert!(spoil(&|r| r.drawn.as_mut().unwrap().tree = hex::encode([8; 32])) > 0, "another checkpoint");
        assert!(spoil(&|r| r.drawn.as_mut().unwrap().secret = "00".to_owned()) > 0, "another secret");
        assert!(spoil(&|r| r.drawn.as_mut().unwrap().position = 8) > 0, "a checkpoint before the freezing");
        assert!(spoil(&|r| r.drawn.as_mut().unwrap().laboratory = Id(99)) > 0, "another laboratory");
        assert!(spoil(&|r| r.format = "x".to_owned()) > 0);
    }

    #[test]
    fn every_laboratory_has_the_same_chance() {
        let mut hits = [0_u32; 10];
        for i in 0..4000_u32 {
            let mut tree = [0; 32];
            tree[..4].copy_from_slice(&i.to_be_bytes());
            let chosen = drawn(record(), tree).drawn.unwrap().laboratory;
            hits[usize::try_from(chosen.0 - 10).unwrap()] += 1;
        }
        // chi-square, 9 degrees of freedom, 0.1 % at 27.9
        let chi: f64 = hits.iter().map(|h| (f64::from(*h) - 400.0).powi(2) / 400.0).sum();
        assert!(chi < 27.9, "{hits:?} {chi}");
    }
}

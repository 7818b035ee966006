//! Finding rows by words: terms of a title or a name are kept in a table of their own, and a search reads the rows of its rarest term
//! instead of every title; it works the same on both engines.

use crate::{Error, Sql, Tx, Value};
use base::Id;
use std::collections::BTreeSet;

/// Signs of a term of a Chinese text.
const PAIR: usize = 2;
/// Signs of a term of an English text.
const TRIPLE: usize = 3;
/// Words of a text looked for; further ones are left out.
const WORDS: usize = 6;
/// Rows of a term that are still read one by one.
const READ: i64 = 20_000;
/// Rows found that are still put in order by their numbers; beyond, the list is walked in its own order.
const FEW: usize = 1_000;

/// What a text finds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Found {
    /// These and no others.
    Few(Vec<Id>),
    /// Too many to name: the list tests each row as it goes.
    Many,
}

/// A table of terms: `(term, owner)`.
#[derive(Debug, Clone, Copy)]
pub struct Index {
    /// The table.
    pub table: &'static str,
    /// Its column of the rows found.
    pub owner: &'static str,
    /// `insert into table (term, owner)`.
    pub insert: &'static str,
    /// English texts are kept too, by [`triples`].
    pub english: bool,
}

/// `text` in lower case as the terms have it.
fn folded(text: &str) -> Vec<char> {
    text.chars().map(|c| c.to_ascii_lowercase()).collect()
}

fn windows(text: &str, signs: usize) -> BTreeSet<String> {
    folded(text).windows(signs).map(|w| w.iter().collect()).collect()
}

/// Every two neighbouring signs of a Chinese text, in lower case.
#[must_use]
pub fn pairs(text: &str) -> BTreeSet<String> {
    windows(text, PAIR)
}

/// Every three neighbouring signs of an English text, in lower case.
#[must_use]
pub fn triples(text: &str) -> BTreeSet<String> {
    windows(text, TRIPLE)
}

/// The last part of a key, as the terms have it whole.
#[must_use]
pub fn token(key: &str) -> String {
    folded(key.rsplit('/').next().unwrap_or(key)).into_iter().collect()
}

/// Whether a [`token`] is longer than any other term, so that it finds nothing but keys.
#[must_use]
pub fn is_key(token: &str) -> bool {
    token.chars().count() > TRIPLE
}

/// The words of a text, the first six.
pub fn words(text: &str) -> impl Iterator<Item = &str> {
    text.split_whitespace().take(WORDS)
}

/// The pattern of `like` for a text somewhere in a column in lower case; `\` is the escape sign.
#[must_use]
pub fn like(text: &str) -> String {
    let escaped = text.trim().to_lowercase().replace('\\', "\\\\").replace('%', "\\%").replace('_', "\\_");
    format!("%{escaped}%")
}

/// As many rows as a search need read to know that they are too many.
#[must_use]
pub fn most() -> i64 {
    i64::try_from(FEW).unwrap_or(i64::MAX) + 1
}

impl Index {
    /// Keeps the terms of a new row.
    ///
    /// # Errors
    /// Storage.
    pub async fn keep(&self, tx: &mut Tx, owner: Id, terms: BTreeSet<String>) -> Result<(), Error> {
        let values: Vec<Value> = terms.into_iter().flat_map(|t| [t.into(), owner.into()]).collect();
        tx.insert_many(self.insert, 2, values, "").await?;
        Ok(())
    }

    /// How many have a term, counted no further than needed.
    async fn rarity(&self, tx: &mut Tx, term: &str) -> Result<i64, Error> {
        let mut sql = Sql::new("select count(*) as n from (select ");
        sql.push(self.owner).push(" from ").push(self.table).push(" where term = ").bind(term);
        sql.push(" limit ").bind(READ + 1).push(") few");
        tx.select(&sql).await?.first().map_or(Ok(0), |row| row.int("n"))
    }

    /// The rarest of some terms with the number of those that have it.
    async fn rarest(&self, tx: &mut Tx, terms: BTreeSet<String>) -> Result<Option<(i64, String)>, Error> {
        let mut best: Option<(i64, String)> = None;
        for term in terms {
            let n = self.rarity(tx, &term).await?;
            if best.as_ref().is_none_or(|(least, _)| n < *least) {
                best = Some((n, term));
            }
            if n == 0 {
                break;
            }
        }
        Ok(best)
    }

    /// The terms one of which every text with the word has, and how many have them; `None` for words shorter than a term.
    async fn leading(&self, tx: &mut Tx, word: &str) -> Result<Option<(i64, Vec<String>)>, Error> {
        let pair = self.rarest(tx, pairs(word)).await?;
        if !self.english || !word.is_ascii() {
            return Ok(pair.map(|(n, term)| (n, vec![term])));
        }
        let triple = self.rarest(tx, triples(word)).await?;
        Ok(pair.zip(triple).map(|((n, pair), (m, triple))| (n + m, vec![pair, triple])))
    }

    /// The terms of the word of a text that the fewest have: every row with the whole text has one of them. `None` when they are still
    /// too many to be read one by one, or no word is as long as a term.
    ///
    /// # Errors
    /// Storage.
    pub async fn lead(&self, tx: &mut Tx, text: &str) -> Result<Option<Vec<String>>, Error> {
        let mut lead: Option<(i64, Vec<String>)> = None;
        for word in words(text) {
            if let Some(found) = self.leading(tx, word).await?
                && lead.as_ref().is_none_or(|(least, _)| found.0 < *least)
            {
                lead = Some(found);
            }
        }
        Ok(lead.filter(|(n, _)| *n <= READ).map(|(_, terms)| terms))
    }

    /// Appends `(select owner from table where term in …)`.
    pub fn push_owners(&self, sql: &mut Sql, terms: Vec<String>) {
        sql.push("(select ").push(self.owner).push(" from ").push(self.table).push(" where term in ");
        sql.bind_list(terms).push(")");
    }
}

/// What statements find that each give a column `id` and are limited to [`most`] rows, and the number a text is. No right is checked: the
/// list that asks cuts them to what its reader may see.
///
/// # Errors
/// Storage.
pub async fn gather(tx: &mut Tx, statements: &[Sql], text: &str) -> Result<Found, Error> {
    let mut ids: BTreeSet<Id> = text.trim().parse::<Id>().into_iter().collect();
    for sql in statements {
        for row in tx.select(sql).await? {
            ids.insert(row.id("id")?);
        }
        if ids.len() > FEW {
            return Ok(Found::Many);
        }
    }
    Ok(Found::Few(ids.into_iter().collect()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_is_cut_into_pairs_of_chinese_and_triples_of_english_signs() {
        let mut all = pairs("核查A8：面条");
        all.extend(triples("Noodles"));
        let has = |t: &str| all.contains(t);
        assert!(["核查", "查a", "a8", "面条", "noo", "les"].iter().all(|t| has(t)), "{all:?}");
        assert!(!has("no") && !has("Noo") && !has("核"));
        assert_eq!(like(" 5%_A\\ "), "%5\\%\\_a\\\\%");
        assert!(is_key(&token("https://id.example/414/6900000000014")) && !is_key("abc"));
    }
}

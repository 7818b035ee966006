//! What a person typed, looked up: a lot by any spelling of its identifier or by name, a place, a firm.

use crate::{Error, Partner, PlaceInfo, Supply, site_key};
use access::Principal;
use base::{Id, Instant, Uscc};
use chain::ItemId;
use epcis::ident;
use ledger::Context;
use serde::Serialize;
use std::collections::BTreeSet;
use store::Sql;

/// Candidates shown.
const SHOWN: i64 = 20;
/// Lots of the index searched by their ending at most, before only exact names are found.
const SEARCHED: usize = 5_000_000;
/// Days a lot may have lain at a place before a case there.
const BEFORE_CASE: i64 = 30 * 86_400;

/// What sort of thing was found.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum FoundKind {
    /// A lot, instance or logistic unit; the key is its item key.
    Lot,
    /// A place; the key is its site key.
    Place,
    /// A firm; the key is its record id.
    Firm,
    /// A case; the key is its line.
    Case,
}

/// A thing found.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Found {
    /// Its key.
    pub key: String,
    /// What it is.
    pub kind: FoundKind,
    /// Its name.
    pub name: String,
    /// What tells it from others of the name.
    pub detail: String,
}

/// Something typed that means nothing, or more than one thing.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Choice {
    /// The parameter.
    pub field: &'static str,
    /// What was typed.
    pub typed: String,
    /// What it may mean; empty: nothing.
    pub candidates: Vec<Found>,
}

impl Choice {
    /// The only thing meant; else the choice is noted.
    pub(super) fn settle(
        field: &'static str,
        typed: &str,
        mut found: Vec<Found>,
        choices: &mut Vec<Self>,
    ) -> Option<Found> {
        if found.len() == 1 {
            return found.pop();
        }
        choices.push(Self { field, typed: typed.to_owned(), candidates: found });
        None
    }
}

/// The item key an identifier in any notation stands for; `None` for what is no identifier.
pub(super) fn item_of(text: &str) -> Option<String> {
    let text = text.trim();
    let digits = |t: &str| !t.is_empty() && t.bytes().all(|b| b.is_ascii_digit());
    if text.starts_with("http://") || text.starts_with("https://") || text.starts_with("urn:") {
        return Some(ident::item_key(text).uri);
    }
    let link = |gtin: &str, lot: &str| {
        let lot: String =
            percent_encoding::utf8_percent_encode(lot, percent_encoding::NON_ALPHANUMERIC).collect();
        Some(ident::item_key(&format!("https://id.gs1.org/01/{gtin:0>14}/10/{lot}")).uri)
    };
    // GS1 element string with brackets: (01)GTIN(10)LOT, (00)SSCC
    if let Some(rest) = text.strip_prefix('(') {
        let part = |ai: &str| {
            rest.split('(').find_map(|p| p.strip_prefix(ai)).and_then(|p| p.strip_prefix(')')).map(str::trim)
        };
        return match (part("00"), part("01"), part("10"), part("21")) {
            (Some(sscc), ..) => Some(ident::item_key(&format!("https://id.gs1.org/00/{sscc}")).uri),
            (_, Some(gtin), _, Some(serial)) => {
                Some(ident::item_key(&format!("https://id.gs1.org/01/{gtin}/21/{serial}")).uri)
            }
            (_, Some(gtin), Some(lot), _) => link(gtin, lot),
            (_, Some(gtin), ..) => Some(format!("https://id.gs1.org/01/{gtin:0>14}")),
            _ => None,
        };
    }
    // GTIN and lot, parted by a space or a stroke
    if let Some((gtin, lot)) = text.split_once([' ', '\t', '/', '#'])
        && digits(gtin)
        && matches!(gtin.len(), 8 | 12 | 13 | 14)
        && !lot.trim().is_empty()
    {
        return link(gtin, lot.trim());
    }
    if digits(text) && text.len() == 18 {
        return Some(ident::item_key(&format!("https://id.gs1.org/00/{text}")).uri);
    }
    // element string without brackets, as a scanner gives it
    if let Some(rest) = text.strip_prefix("01")
        && rest.len() > 16
        && rest.is_char_boundary(14)
        && digits(&rest[..14])
        && let Some(lot) = rest[14..].strip_prefix("10")
    {
        return link(&rest[..14], lot.trim_matches('\u{1d}'));
    }
    if digits(text) && matches!(text.len(), 8 | 12 | 13 | 14) {
        return Some(format!("https://id.gs1.org/01/{text:0>14}"));
    }
    None
}

impl Supply {
    /// The lots a text may mean, which the reader may see: a scanned code, a GS1 link, a lot number, words of a name.
    ///
    /// # Errors
    /// Storage, or the directory of places.
    pub async fn lots_named(&self, cx: &Context, who: &Principal, text: &str) -> Result<Vec<Found>, Error> {
        self.find_lots(cx, who, text).await
    }

    pub(super) async fn find_lots(
        &self,
        cx: &Context,
        who: &Principal,
        text: &str,
    ) -> Result<Vec<Found>, Error> {
        let text = base::text::halfwidth(text);
        let known = |key: &str| self.index.read(|index| index.names().find_item(key).is_some());
        if known(&text) {
            return self.named_lots(vec![text]).await;
        }
        if let Some(key) = item_of(&text) {
            let lots = self.of_class(&key).await?;
            if known(&key) && lots.is_empty() {
                return self.named_lots(vec![key]).await;
            }
            return self.allowed(cx, who, lots).await;
        }
        let mut keys = self.with_lot_number(&text);
        for key in self.by_words(&text).await? {
            if !keys.contains(&key) {
                keys.push(key);
            }
        }
        keys.retain(|key| known(key));
        self.allowed(cx, who, keys).await
    }

    /// Lots of a product, newest first.
    async fn of_class(&self, key: &str) -> Result<Vec<String>, Error> {
        let mut sql = Sql::new("select item from lot where class = ");
        sql.bind(key).push(" and item <> ").bind(key).push(" order by first_event desc limit ").bind(SHOWN);
        let mut items = Vec::new();
        for row in self.store.select(&sql).await? {
            items.push(row.text("item")?);
        }
        Ok(items)
    }

    /// Lots whose key ends with this lot number.
    fn with_lot_number(&self, text: &str) -> Vec<String> {
        if text.contains(char::is_whitespace) {
            return Vec::new();
        }
        let number: String =
            percent_encoding::utf8_percent_encode(text, percent_encoding::NON_ALPHANUMERIC).collect();
        let key = ident::item_key(&format!("https://id.gs1.org/01/00000000000000/10/{number}")).uri;
        let Some((_, ending)) = key.rsplit_once("/01/00000000000000") else { return Vec::new() };
        let shown = usize::try_from(SHOWN).unwrap_or(20);
        self.index.read(|index| {
            let items = &index.names().items;
            if items.len() > SEARCHED {
                return Vec::new();
            }
            items.iter().filter(|item| item.ends_with(ending)).take(shown).map(ToOwned::to_owned).collect()
        })
    }

    /// Lots whose name or key has every word, newest first.
    async fn by_words(&self, text: &str) -> Result<Vec<String>, Error> {
        let words: Vec<&str> = text.split_whitespace().take(6).collect();
        if words.is_empty() || text.chars().count() < 2 {
            return Ok(Vec::new());
        }
        let mut sql = Sql::new("select item from lot where ");
        for (n, word) in words.iter().enumerate() {
            let plain: String = word.chars().filter(|c| !matches!(c, '%' | '_')).collect();
            let like = format!("%{plain}%");
            sql.push(if n == 0 { "(name like " } else { " and (name like " }).bind(like.as_str());
            sql.push(" or lot_no like ")
                .bind(like.as_str())
                .push(" or item like ")
                .bind(like.as_str())
                .push(")");
        }
        sql.push(" order by first_event desc limit ").bind(SHOWN);
        let mut items = Vec::new();
        for row in self.store.select(&sql).await? {
            items.push(row.text("item")?);
        }
        Ok(items)
    }

    /// Those of the lots the reader may see, by name.
    async fn allowed(&self, cx: &Context, who: &Principal, keys: Vec<String>) -> Result<Vec<Found>, Error> {
        let mut seen = Vec::new();
        for key in keys {
            match self.may_trace(cx, who, &key, None).await {
                Ok(()) => seen.push(key),
                Err(Error::Denied(_)) => {}
                Err(other) => return Err(other),
            }
        }
        self.named_lots(seen).await
    }

    async fn named_lots(&self, keys: Vec<String>) -> Result<Vec<Found>, Error> {
        let infos = self.lot_infos(keys.iter().cloned().collect()).await?;
        let found = keys.into_iter().map(|key| {
            let info = infos.get(&key);
            let name = info.map_or_else(|| key.clone(), crate::LotInfo::shown);
            let dates = info.map(|i| [&i.produced, &i.spec].map(|d| d.clone().unwrap_or_default()));
            let detail = dates.map(|d| d.join(" ").trim().to_owned()).unwrap_or_default();
            Found { key, kind: FoundKind::Lot, name, detail }
        });
        Ok(found.collect())
    }

    /// The places a text may mean.
    pub(super) async fn find_places(&self, text: &str) -> Result<Vec<Found>, Error> {
        let text = base::text::halfwidth(text);
        let gln = text.len() == 13 && text.bytes().all(|b| b.is_ascii_digit());
        let key = if gln {
            format!("https://id.gs1.org/414/{text}")
        } else {
            site_key(&ident::place_key(&text)).to_owned()
        };
        let owners = self.directory.owners(std::slice::from_ref(&key)).await.map_err(Error::Directory)?;
        if let Some(place) = owners.get(&key) {
            return Ok(vec![found_place(place)]);
        }
        if self.index.read(|index| index.names().find_place(&key).is_some()) {
            let name = key.clone();
            return Ok(vec![Found { key, kind: FoundKind::Place, name, detail: String::new() }]);
        }
        Ok(self.partner_places(&text).await?.iter().map(found_place).collect())
    }

    async fn partner_places(&self, text: &str) -> Result<Vec<PlaceInfo>, Error> {
        let mut partners = vec![Partner::Name(text.to_owned())];
        if text.parse::<Uscc>().is_ok() {
            partners.push(Partner::Uscc(text.to_uppercase()));
        }
        let found = self.directory.partners(&partners).await.map_err(Error::Directory)?;
        let mut seen = BTreeSet::new();
        Ok(found.into_iter().flatten().filter(|p| seen.insert(p.key.clone())).collect())
    }

    /// The firms a text may mean.
    pub(super) async fn find_firms(&self, text: &str) -> Result<Vec<Found>, Error> {
        let text = base::text::halfwidth(text);
        if let Ok(id) = text.parse::<Id>() {
            let found = self.directory.operator(id).await.map_err(Error::Directory)?;
            return Ok(found.into_iter().map(|o| firm(o.id, o.name, o.region)).collect());
        }
        let mut places = self.partner_places(&text).await?;
        if places.is_empty() {
            let keys: Vec<String> = self.find_places(&text).await?.into_iter().map(|f| f.key).collect();
            places = self.directory.owners(&keys).await.map_err(Error::Directory)?.into_values().collect();
        }
        let mut seen = BTreeSet::new();
        Ok(places
            .into_iter()
            .filter_map(|p| Some(firm(p.operator?, p.operator_name, p.region)))
            .filter(|f| seen.insert(f.key.clone()))
            .collect())
    }

    /// The lots with a record at a place in the weeks before a moment.
    pub(super) fn lots_at(&self, place: &str, at: Option<Instant>) -> Vec<Found> {
        self.index.read(|index| {
            let Some(place) = index.names().find_place(place) else { return Vec::new() };
            let near = |since: i64, until: i64| {
                at.is_none_or(|at| since <= at.0 && until >= at.plus_seconds(-BEFORE_CASE).0)
            };
            let mut held: Vec<(i64, ItemId)> = index
                .items_at(place)
                .into_iter()
                .filter(|h| near(h.node.since, h.until))
                .map(|h| (h.node.since, h.node.item))
                .collect();
            held.sort_unstable_by(|a, b| b.cmp(a));
            let mut seen = BTreeSet::new();
            held.retain(|(_, item)| seen.insert(*item));
            let found = held.into_iter().map(|(_, item)| {
                let key = index.names().item_key(item).to_owned();
                Found { name: key.clone(), key, kind: FoundKind::Lot, detail: String::new() }
            });
            found.collect()
        })
    }
}

fn found_place(place: &PlaceInfo) -> Found {
    let name = if place.name.is_empty() { &place.operator_name } else { &place.name };
    Found {
        key: place.key.clone(),
        kind: FoundKind::Place,
        name: name.clone(),
        detail: format!("{} {}", place.operator_name, place.region),
    }
}

fn firm(id: Id, name: String, region: String) -> Found {
    Found { key: id.to_string(), kind: FoundKind::Firm, name, detail: region }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_usual_notation_of_a_lot_is_understood() {
        let lot = "https://id.gs1.org/01/06990000010014/10/GM260901001";
        for typed in [
            lot,
            "https://shop.example/01/06990000010014/10/GM260901001?x=1",
            "(01)06990000010014(10)GM260901001",
            "6990000010014 GM260901001",
            "06990000010014/GM260901001",
            "urn:epc:class:lgtin:699000.0001001.GM260901001",
        ] {
            assert_eq!(item_of(typed).as_deref(), Some(lot), "{typed}");
        }
        assert_eq!(item_of("010699000001001410GM260901001").as_deref(), Some(lot));
        assert_eq!(
            item_of("106990000000000013").as_deref(),
            Some("https://id.gs1.org/00/106990000000000013")
        );
        assert_eq!(item_of("6990000010014").as_deref(), Some("https://id.gs1.org/01/06990000010014"));
        for name in ["挂面", "GM260901001", "虚构 挂面"] {
            assert_eq!(item_of(name), None, "{name}");
        }
    }
}

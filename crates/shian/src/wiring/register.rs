//! The register of places as trace events need it: `supply::PlaceDirectory` over the registry.

use async_trait::async_trait;
use base::{Id, Uscc};
use std::collections::{BTreeSet, HashMap};
use store::Store;
use supply::{DirectoryError, Dossier, OperatorInfo, Partner, PlaceDirectory, PlaceInfo, site_key};

const GLN_KEY: &str = "https://id.gs1.org/414/";
const SITE_KEY: &str = "urn:shian:site:";
/// Products and their lots, by GTIN.
const GTIN_KEY: &str = "https://id.gs1.org/01/";
/// Parties, by GLN.
const PARTY_KEY: &str = "https://id.gs1.org/417/";

/// The key of a site in trace events: its GLN as a Digital Link; a name of ours for a site without one.
pub(crate) fn key_of(gln: Option<&str>, site: Id) -> String {
    gln.map_or_else(|| format!("{SITE_KEY}{}", site.0), |gln| format!("{GLN_KEY}{gln}"))
}

/// The registry, asked for places.
#[derive(Debug, Clone)]
pub struct Register {
    store: Store,
}

impl Register {
    /// The register of a province.
    #[must_use]
    pub const fn new(store: Store) -> Self {
        Self { store }
    }

    /// Names the operators of sites; the first site of each operator comes first.
    pub(crate) async fn places(&self, sites: Vec<registry::Site>) -> Result<Vec<PlaceInfo>, DirectoryError> {
        let ids: Vec<Id> = sites.iter().map(|s| s.operator).collect::<BTreeSet<_>>().into_iter().collect();
        let names = registry::operator_names(&self.store, &ids).await?;
        let place = |s: registry::Site| PlaceInfo {
            key: key_of(s.gln.as_deref(), s.id),
            operator_name: names.get(&s.operator).map(|n| n.zh.to_string()).unwrap_or_default(),
            operator: Some(s.operator),
            site: Some(s.id),
            name: s.name,
            region: s.region,
            form: s.form,
        };
        Ok(sites.into_iter().map(place).collect())
    }

    /// The one site a place key means.
    pub(crate) async fn site(&self, key: &str) -> Result<Option<registry::Site>, DirectoryError> {
        if let Some(gln) = gln_of(key) {
            return Ok(registry::sites_by_gln(&self.store, &[gln]).await?.remove(gln));
        }
        match own_site(key) {
            Some(id) => Ok(registry::site(&self.store, id).await?),
            None => Ok(None),
        }
    }

    /// Operators of exactly these names.
    pub(crate) async fn named(&self, names: &[&str]) -> Result<HashMap<String, Vec<Id>>, DirectoryError> {
        Ok(registry::operators_named(&self.store, names).await?)
    }

    async fn places_of(&self, operator: Id) -> Result<Vec<PlaceInfo>, DirectoryError> {
        self.places(registry::sites_of(&self.store, operator).await?).await
    }
}

fn gln_of(key: &str) -> Option<&str> {
    site_key(key).strip_prefix(GLN_KEY)
}

/// The first part of a Digital Link behind this key.
fn digits_of<'k>(key: &'k str, before: &str) -> Option<&'k str> {
    key.strip_prefix(before)?.split('/').next()
}

fn own_site(key: &str) -> Option<Id> {
    key.strip_prefix(SITE_KEY)?.parse().ok().map(Id)
}

#[async_trait]
impl PlaceDirectory for Register {
    async fn owners(&self, keys: &[String]) -> Result<HashMap<String, PlaceInfo>, DirectoryError> {
        let glns: BTreeSet<&str> = keys.iter().filter_map(|k| gln_of(k)).collect();
        let glns: Vec<&str> = glns.into_iter().collect();
        let by_gln = registry::sites_by_gln(&self.store, &glns).await?;
        let mut sites: Vec<registry::Site> = by_gln.into_values().collect();
        for id in keys.iter().filter_map(|k| own_site(k)) {
            sites.extend(registry::site(&self.store, id).await?);
        }
        let places: HashMap<String, PlaceInfo> =
            self.places(sites).await?.into_iter().map(|p| (p.key.clone(), p)).collect();
        // an answer for each key as it was asked, with or without an extension
        let answer = |k: &String| Some((k.clone(), places.get(site_key(k))?.clone()));
        Ok(keys.iter().filter_map(answer).collect())
    }

    async fn stewards(&self, keys: &[String]) -> Result<HashMap<String, (Id, String)>, DirectoryError> {
        let gtins: Vec<&str> = keys.iter().filter_map(|k| digits_of(k, GTIN_KEY)).collect();
        let glns: Vec<&str> = keys.iter().filter_map(|k| digits_of(k, PARTY_KEY)).collect();
        let products = registry::products_by_gtin(&self.store, &gtins).await?;
        let sites = registry::sites_by_gln(&self.store, &glns).await?;
        let others: Vec<&str> = gtins.into_iter().filter(|g| !products.contains_key(*g)).collect();
        let prefixes = registry::prefix_owners(&self.store, &others).await?;
        let owner = |key: &String| {
            let gtin = digits_of(key, GTIN_KEY);
            let product =
                gtin.and_then(|g| products.get(g).map(|p| p.operator).or_else(|| prefixes.get(g).copied()));
            product.or_else(|| digits_of(key, PARTY_KEY).and_then(|g| sites.get(g)).map(|s| s.operator))
        };
        let of: HashMap<&String, Id> = keys.iter().filter_map(|k| Some((k, owner(k)?))).collect();
        let ids: Vec<Id> = of.values().copied().collect::<BTreeSet<_>>().into_iter().collect();
        let names = registry::operator_names(&self.store, &ids).await?;
        let named = |id: Id| names.get(&id).map(|n| n.zh.to_string()).unwrap_or_default();
        Ok(of.into_iter().map(|(key, id)| (key.clone(), (id, named(id)))).collect())
    }

    async fn operator(&self, id: Id) -> Result<Option<OperatorInfo>, DirectoryError> {
        let Some(operator) = registry::operator(&self.store, id).await? else { return Ok(None) };
        let places = self.places_of(id).await?;
        Ok(Some(OperatorInfo { id, name: operator.name, region: operator.region, places }))
    }

    async fn regions(&self, operators: &[Id]) -> Result<HashMap<Id, String>, DirectoryError> {
        Ok(registry::operator_regions(&self.store, operators).await?)
    }

    async fn dossiers(&self, operators: &[Id]) -> Result<HashMap<Id, Dossier>, DirectoryError> {
        let mut found = HashMap::new();
        for id in operators {
            let Some(operator) = registry::operator(&self.store, *id).await? else { continue };
            let sites = registry::sites_of(&self.store, *id).await?;
            let licences = registry::licences_of(&self.store, *id).await?;
            let valid = licences.into_iter().filter(|l| l.status == registry::LicenceStatus::Valid);
            found.insert(
                *id,
                Dossier {
                    code: if operator.natural { String::new() } else { operator.code },
                    address: sites.into_iter().map(|s| s.address).find(|a| !a.is_empty()).unwrap_or_default(),
                    // contact persons are sealed in the register; a firm states how it reaches its partner
                    reachable: false,
                    licences: valid.map(|l| (l.number, l.issued, l.expires)).collect(),
                },
            );
        }
        Ok(found)
    }

    async fn concerned(&self, entry: &ledger::JournalRow) -> Result<Vec<Id>, DirectoryError> {
        Ok(registry::concerned(&self.store, entry).await?)
    }

    async fn food_classes(&self, product: &str) -> Result<Vec<String>, DirectoryError> {
        Ok(food_classes(product))
    }

    async fn partners(&self, partners: &[Partner]) -> Result<Vec<Vec<PlaceInfo>>, DirectoryError> {
        let names: BTreeSet<&str> = partners
            .iter()
            .filter_map(|p| if let Partner::Name(n) = p { Some(n.as_str()) } else { None })
            .collect();
        let names: Vec<&str> = names.into_iter().collect();
        let named = self.named(&names).await?;
        let mut all = Vec::with_capacity(partners.len());
        for partner in partners {
            let operators: Vec<Id> = match partner {
                Partner::Gln(gln) => {
                    let key = format!("{GLN_KEY}{gln}");
                    let found = self.owners(std::slice::from_ref(&key)).await?;
                    all.push(found.into_values().collect());
                    continue;
                }
                Partner::Uscc(code) => match code.parse::<Uscc>() {
                    Ok(uscc) => {
                        let found = registry::operator_by_uscc(&self.store, &uscc).await?;
                        found.map(|o| o.id).into_iter().collect()
                    }
                    Err(_) => Vec::new(),
                },
                Partner::Name(name) => named.get(name).cloned().unwrap_or_default(),
            };
            let mut places = Vec::new();
            for operator in operators {
                places.extend(self.places_of(operator).await?);
            }
            all.push(places);
        }
        Ok(all)
    }
}

/// The classes of Annex A of GB 2762 a product of this name lies in.
fn food_classes(product: &str) -> Vec<String> {
    let rules = limits::Rules::builtin();
    let placed = rules.foods().resolve(product, rules.trees());
    let annex = rules.trees().iter().zip(placed.positions).find(|(tree, _)| tree.name == "gb2762");
    let Some((tree, Some(position))) = annex else { return Vec::new() };
    position.closure.iter().filter_map(|n| tree.nodes().get(*n)).map(|n| n.code.clone()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use supply::CertificateRule;

    #[test]
    fn commitment_certificates_are_for_fresh_produce_and_not_for_what_is_made_of_it() {
        let rule = CertificateRule::builtin().unwrap();
        for fresh in ["苹果", "大白菜", "马铃薯", "鸡蛋", "香菇(鲜)", "草鱼", "示例百合", "示例苹果"]
        {
            assert!(!rule.leaves_out(fresh, &food_classes(fresh)), "{fresh}: {:?}", food_classes(fresh));
        }
        for made in ["挂面", "示例挂面", "大米", "酱油", "马铃薯淀粉"] {
            assert!(rule.leaves_out(made, &food_classes(made)), "{made}: {:?}", food_classes(made));
        }
    }

    #[test]
    fn a_key_names_a_site_by_gln_with_or_without_extension_or_by_our_own_name() {
        assert_eq!(gln_of("https://id.gs1.org/414/6901234500004"), Some("6901234500004"));
        assert_eq!(gln_of("https://id.gs1.org/414/6901234500004/254/7"), Some("6901234500004"));
        assert_eq!(gln_of("urn:shian:site:77"), None);
        assert_eq!(own_site(&key_of(None, Id(77))), Some(Id(77)));
        assert_eq!(own_site("urn:shian:site:x"), None);
        assert_eq!(key_of(Some("6901234500004"), Id(77)), "https://id.gs1.org/414/6901234500004");
    }
}

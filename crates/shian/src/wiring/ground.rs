//! What a sample stands on: the register and the trace record behind `lab::Surroundings`.

use super::Register;
use async_trait::async_trait;
use base::{Date, Id, Uscc};
use lab::{Asked, Found, HookError, Stage, Surroundings};
use registry::OperatorKind;
use store::Tx;
use supply::Supply;

/// The registry and the trace index, asked for samples.
#[derive(Debug, Clone)]
pub struct Ground {
    access: access::Access,
    supply: Supply,
    register: Register,
}

impl Ground {
    /// Over the trace part of a province and the register behind it.
    #[must_use]
    pub fn new(supply: Supply, access: access::Access) -> Self {
        let register = Register::new(supply.store.clone());
        Self { access, supply, register }
    }

    async fn operator_meant(&self, asked: &Asked) -> Result<Option<registry::Operator>, HookError> {
        let store = &self.supply.store;
        if let Some(code) = asked.uscc.as_deref().filter(|c| !c.trim().is_empty()) {
            let Ok(uscc) = code.trim().parse::<Uscc>() else { return Ok(None) };
            return Ok(registry::operator_by_uscc(store, &uscc).await?);
        }
        let name = asked.name.trim();
        if name.is_empty() {
            return Ok(None);
        }
        match self.register.named(&[name]).await?.remove(name).as_deref() {
            Some([one]) => Ok(registry::operator(store, *one).await?),
            // nobody, or more than one of that name
            _ => Ok(None),
        }
    }
}

#[async_trait]
impl Surroundings for Ground {
    async fn lot_known(&self, _tx: &mut Tx, item: &str) -> Result<bool, HookError> {
        self.supply.index.catch_up(&self.supply.store).await?;
        Ok(self.supply.index.read(|index| index.names().find_item(item).is_some()))
    }

    async fn find(&self, _tx: &mut Tx, asked: &Asked) -> Result<Option<Found>, HookError> {
        if let Some(key) = asked.place.as_deref().filter(|k| !k.is_empty())
            && let Some(site) = self.register.site(key).await?
        {
            let name = site.name.clone();
            return Ok(self.register.places(vec![site]).await?.into_iter().next().map(|p| Found {
                operator: p.operator,
                site: p.site,
                place: Some(p.key),
                name,
                region: p.region,
                kind: String::new(),
            }));
        }
        let Some(operator) = self.operator_meant(asked).await? else { return Ok(None) };
        let mut sites = registry::sites_of(&self.supply.store, operator.id).await?;
        // an operator with several sites does not say which one was meant
        let one = if sites.len() == 1 { sites.pop() } else { None };
        let (site, place, region) = match one {
            Some(site) => {
                let key = super::register::key_of(site.gln.as_deref(), site.id);
                (Some(site.id), Some(key), site.region)
            }
            None => (None::<Id>, None, operator.region),
        };
        Ok(Some(Found {
            operator: Some(operator.id),
            site,
            place,
            name: operator.name,
            region,
            kind: String::new(),
        }))
    }

    async fn roster(&self, _tx: &mut Tx, region: &str, stage: Stage) -> Result<Vec<Found>, HookError> {
        let found = registry::roster(&self.supply.store, kinds(stage), region).await?;
        Ok(found
            .into_iter()
            .map(|r| Found {
                operator: Some(r.operator),
                site: Some(r.site),
                place: Some(super::register::key_of(r.gln.as_deref(), r.site)),
                name: r.name,
                region: r.region,
                kind: r.kind.to_owned(),
            })
            .collect())
    }

    async fn address(&self, _tx: &mut Tx, operator: Id) -> Result<String, HookError> {
        let sites = registry::sites_of(&self.supply.store, operator).await?;
        Ok(sites.into_iter().next().map(|s| s.address).unwrap_or_default())
    }

    async fn name(&self, _tx: &mut Tx, operator: Id) -> Result<String, HookError> {
        Ok(registry::operator(&self.supply.store, operator).await?.map(|o| o.name).unwrap_or_default())
    }

    async fn laboratories(&self, _tx: &mut Tx) -> Result<Vec<Found>, HookError> {
        let found = registry::operators_of_kind(&self.supply.store, OperatorKind::Laboratory).await?;
        let one = |o: registry::PublicOperator| Found {
            operator: Some(o.id),
            name: o.name,
            region: o.region,
            ..Found::default()
        };
        Ok(found.into_iter().map(one).collect())
    }

    async fn samplers(
        &self,
        _tx: &mut Tx,
        region: &str,
        agency: &str,
        on: Date,
    ) -> Result<Vec<(Id, String)>, HookError> {
        Ok(access::officers_for(&self.supply.store, &self.access, region, agency, on).await?)
    }
}

/// Whom a stage samples.
const fn kinds(stage: Stage) -> &'static [OperatorKind] {
    match stage {
        Stage::Production => &[OperatorKind::Producer, OperatorKind::Workshop],
        Stage::Circulation => &[
            OperatorKind::Wholesaler,
            OperatorKind::Retailer,
            OperatorKind::SmallShop,
            OperatorKind::Stall,
            OperatorKind::Importer,
        ],
        Stage::Catering => &[OperatorKind::Caterer, OperatorKind::Canteen, OperatorKind::Kitchen],
    }
}

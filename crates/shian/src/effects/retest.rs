//! What a retest or objection asks of the laboratory part: no publication meanwhile, and another laboratory by lot.

use super::settle::nonconformity;
use async_trait::async_trait;
use flow::{Effect, EffectCx, EffectError, EffectOut, MatterDraft};
use lab::Lab;
use ledger::Permit;
use ledger::merkle::leaf_hash;
use registry::OperatorKind;
use serde_json::Value as Json;
use std::collections::BTreeMap;
use store::{Store, Tx};

pub(crate) const HOLD: &str = "lab.hold_nonconformity";
pub(crate) const DRAW: &str = "lab.draw_retest_laboratory";

/// Parameter `held`: whether the sample is kept from publication from now on.
#[derive(Debug, Clone)]
pub struct Hold {
    lab: Lab,
}

impl Hold {
    /// Over the laboratory part of a province.
    #[must_use]
    pub const fn new(lab: Lab) -> Self {
        Self { lab }
    }
}

#[async_trait]
impl Effect for Hold {
    async fn run(
        &self,
        tx: &mut Tx,
        cx: &EffectCx<'_>,
        matter: &mut MatterDraft,
        params: &BTreeMap<String, Json>,
    ) -> Result<EffectOut, EffectError> {
        let held = params.get("held").and_then(Json::as_bool).ok_or_else(|| {
            flow::Error::Procedure(format!("{HOLD} needs the parameter `held`: true or false"))
        })?;
        if let Some(id) = nonconformity(&matter.subject) {
            let permit = Permit::system(&format!("{}.{}", matter.procedure, cx.step));
            self.lab.hold_nonconformity(tx, cx.context, &permit, id, held).await?;
        }
        Ok(EffectOut::default())
    }
}

/// Draws among the laboratories on the register, the first one left out, by the newest signed checkpoint of the journal, which
/// nobody knew when the application was accepted. Sets `retest_laboratory`, `retest_laboratory_name` and `draw`.
#[derive(Debug, Clone)]
pub struct DrawLaboratory {
    store: Store,
}

impl DrawLaboratory {
    /// Over the store of a province.
    #[must_use]
    pub const fn new(store: Store) -> Self {
        Self { store }
    }
}

#[async_trait]
impl Effect for DrawLaboratory {
    async fn run(
        &self,
        _tx: &mut Tx,
        _cx: &EffectCx<'_>,
        matter: &mut MatterDraft,
        _params: &BTreeMap<String, Json>,
    ) -> Result<EffectOut, EffectError> {
        let first = matter.fact("first_laboratory").to_owned();
        let before = matter.fact("retest_laboratory").to_owned();
        let mut all = registry::operators_of_kind(&self.store, OperatorKind::Laboratory).await?;
        all.retain(|o| o.id.to_string() != first && o.id.to_string() != before);
        let size = ledger::standing(&self.store).await?.signed;
        let ticket = |id: base::Id| {
            hex::encode(leaf_hash(format!("shian-retest-1|{}|{size}|{}", matter.id.0, id.0).as_bytes()))
        };
        let Some(chosen) = all.iter().min_by_key(|o| ticket(o.id)) else {
            return Err(flow::Error::refused(
                "登记库中没有其他检验机构；请先登记复检机构名录中的机构",
                "the register has no other laboratory; register those of the published list first",
            )
            .into());
        };
        let (id, name, n) = (chosen.id, chosen.name.clone(), all.len());
        let draw = format!("{n} 家候选，种子 = 办件编号 + 存证长度 {size}，签号 {}", &ticket(id)[..16]);
        matter.set("retest_laboratory", id.to_string());
        matter.set("retest_laboratory_name", name);
        matter.set("draw", draw);
        Ok(EffectOut::default())
    }
}

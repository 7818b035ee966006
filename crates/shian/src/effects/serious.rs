//! `lab.settle_serious`: a result that may gravely harm health was reported upwards, or found to be no danger.

use super::permit;
use async_trait::async_trait;
use base::Id;
use flow::{Effect, EffectCx, EffectError, EffectOut, MatterDraft};
use lab::Lab;
use serde_json::Value as Json;
use std::collections::BTreeMap;
use store::Tx;

pub(crate) const NAME: &str = "lab.settle_serious";

/// Stops the clock of the finding the matter is about.
#[derive(Debug, Clone)]
pub struct SettleSerious {
    lab: Lab,
}

impl SettleSerious {
    /// Over the laboratory part of a province.
    #[must_use]
    pub const fn new(lab: Lab) -> Self {
        Self { lab }
    }
}

#[async_trait]
impl Effect for SettleSerious {
    async fn run(
        &self,
        tx: &mut Tx,
        cx: &EffectCx<'_>,
        matter: &mut MatterDraft,
        _: &BTreeMap<String, Json>,
    ) -> Result<EffectOut, EffectError> {
        // a matter opened by hand is about no sample
        let sample: Option<Id> = matter.subject.strip_prefix("sample:").and_then(|t| t.parse().ok());
        if let Some(sample) = sample {
            self.lab.settle_serious(tx, cx.context, &permit(matter, cx), sample).await?;
        }
        Ok(EffectOut::default())
    }
}

//! `lab.settle_nonconformity`: the end of a disposal settles the nonconformity it was about.

use super::{permit, text};
use async_trait::async_trait;
use base::Id;
use flow::{Effect, EffectCx, EffectError, EffectOut, MatterDraft};
use lab::{Lab, NonconformityState};
use serde_json::Value as Json;
use std::collections::BTreeMap;
use store::Tx;

pub(crate) const NAME: &str = "lab.settle_nonconformity";

/// Parameter `state`: the word of a [`NonconformityState`].
#[derive(Debug, Clone)]
pub struct Settle {
    lab: Lab,
}

impl Settle {
    /// Over the laboratory part of a province.
    #[must_use]
    pub const fn new(lab: Lab) -> Self {
        Self { lab }
    }
}

/// The nonconformity a matter is about.
pub(super) fn nonconformity(subject: &str) -> Option<Id> {
    subject.strip_prefix("nonconformity:")?.parse().ok()
}

#[async_trait]
impl Effect for Settle {
    async fn run(
        &self,
        tx: &mut Tx,
        cx: &EffectCx<'_>,
        matter: &mut MatterDraft,
        params: &BTreeMap<String, Json>,
    ) -> Result<EffectOut, EffectError> {
        let word = text(params, NAME, "state")?;
        let state = NonconformityState::read(word).ok_or_else(|| {
            flow::Error::Procedure(format!("{NAME}: `{word}` is no state of a nonconformity"))
        })?;
        // a matter opened by hand is about something else: nothing to settle
        if let Some(id) = nonconformity(&matter.subject) {
            let permit = permit(matter, cx);
            self.lab.settle_nonconformity(tx, cx.context, &permit, id, state).await?;
        }
        Ok(EffectOut::default())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_matter_about_a_nonconformity_settles_one() {
        assert_eq!(nonconformity(&format!("nonconformity:{}", Id(9))), Some(Id(9)));
        assert_eq!(nonconformity("lot:https://id.gs1.org/01/0690/10/A"), None);
    }
}

//! Rows recorded wrongly: the event is declared wrong, and a new row takes its place in the same capture.

use super::LEDGER_NAMESPACE;
use crate::capture::Standing;
use crate::outcome::CaptureOutcome;
use crate::{Error, Supply, prepare};
use access::Principal;
use base::{Id, Text};
use ledger::Context;
use paper::sheet::RowError;
use serde_json::{Value, json};

/// Why a recorded event is declared wrong, in the words of CBV 2.0.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Why {
    /// It did not take place.
    DidNotOccur,
    /// It took place otherwise.
    IncorrectData,
}

impl Why {
    const fn word(self) -> &'static str {
        match self {
            Self::DidNotOccur => "did_not_occur",
            Self::IncorrectData => "incorrect_data",
        }
    }
}

impl Supply {
    /// Withdraws a row of a ledger: its event is declared not to have taken place. It stays on record with its declaration.
    ///
    /// # Errors
    /// [`Error::Rows`] without a reason, or when it was withdrawn before; [`Error::NotFound`] for an event of somebody else;
    /// [`Error::Denied`].
    pub async fn withdraw_row(
        &self,
        cx: &Context,
        who: &Principal,
        event: Id,
        reason: &str,
    ) -> Result<CaptureOutcome, Error> {
        let standing = self.standing(cx, who, None).await?;
        let reason = reason.trim();
        if reason.chars().count() < 2 {
            return Err(wrong(
                "reason",
                reason,
                Text::of("请写明撤回原因", "give the reason for withdrawing it"),
            ));
        }
        let (context, declared) = self.declared(cx, &standing, event, Why::DidNotOccur, reason, &[]).await?;
        let document = json!({
            "@context": context,
            "type": "EPCISDocument",
            "schemaVersion": "2.0",
            "creationDate": cx.now.rfc3339(),
            "epcisBody": { "eventList": [declared] },
        });
        let bytes = document.to_string().into_bytes();
        self.capture_made(cx, &standing, "ledger.withdrawn", &document, &prepare::sha256(&bytes), None, None)
            .await
    }

    /// Adds to the document of a row the declaration that the event it replaces was wrong.
    pub(super) async fn replace_in(
        &self,
        cx: &Context,
        standing: &Standing,
        replaced: Id,
        document: &mut Value,
    ) -> Result<(), Error> {
        let reading = epcis::json::read_node((&*document).into(), self.limits);
        let load = prepare::load(prepare::sha256(&[]), "ledger", reading, cx.now);
        let new: Vec<String> = load.prepared.iter().map(|p| prepare::hash_id(&p.hash)).collect();
        let why = Why::IncorrectData;
        let (context, declared) = self.declared(cx, standing, replaced, why, "", &new).await?;
        if let Some(contexts) = document["@context"].as_array_mut() {
            let more = match context {
                Value::Array(all) => all,
                one => vec![one],
            };
            for one in more {
                if !contexts.contains(&one) {
                    contexts.push(one);
                }
            }
        }
        if let Some(events) = document["epcisBody"]["eventList"].as_array_mut() {
            events.push(declared);
        }
        Ok(())
    }

    /// The context of an own event, and the event with the declaration that it was wrong.
    async fn declared(
        &self,
        cx: &Context,
        standing: &Standing,
        event: Id,
        why: Why,
        reason: &str,
        corrective: &[String],
    ) -> Result<(Value, Value), Error> {
        let unknown = || Error::NotFound(event.to_string());
        let rows = self
            .store
            .query(
                "select e.hash, e.event_id, e.body, e.operator, e.withdrawn, e.declared, c.context from event e \
                 join capture c on c.id = e.capture where e.id = $1",
                &[event.into()],
            )
            .await?;
        let row = rows.first().ok_or_else(unknown)?;
        let own = standing.operator.is_some() && row.opt_id("operator")? == standing.operator;
        if !own || !row.text("declared")?.is_empty() {
            return Err(unknown());
        }
        if row.flag("withdrawn")? {
            let text = Text::of("这一笔此前已更正或撤回", "this row was mended or withdrawn before");
            return Err(wrong("名称", "", text));
        }
        let hash = <[u8; 32]>::try_from(row.bytes("hash")?).map_err(|_| unknown())?;
        if corrective.contains(&prepare::hash_id(&hash)) {
            let text = Text::of(
                "没有改动：请更正或补充后再提交",
                "nothing was changed: correct or add something first",
            );
            return Err(wrong("名称", "", text));
        }
        let broken = || store::Error::Corrupt { what: format!("event {event}") };
        let context = serde_json::from_str(&row.text("context")?).map_err(|_| broken())?;
        let mut body: Value = serde_json::from_str(&row.text("body")?).map_err(|_| broken())?;
        if let (None, Some(id)) = (body.get("eventID"), row.opt_text("event_id")?) {
            body["eventID"] = id.into();
        }
        let mut declaration = json!({ "declarationTime": cx.now.rfc3339(), "reason": why.word() });
        if !corrective.is_empty() {
            declaration["correctiveEventIDs"] = json!(corrective);
        }
        if !reason.is_empty() {
            declaration[format!("{LEDGER_NAMESPACE}reason")] = reason.into();
        }
        body["errorDeclaration"] = declaration;
        Ok((context, body))
    }
}

fn wrong(column: &str, value: &str, message: Text) -> Error {
    Error::Rows(vec![RowError { line: 1, column: column.to_owned(), value: value.to_owned(), message }])
}

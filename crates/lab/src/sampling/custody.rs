//! The chain of custody: who had the sample when, with its seal and temperature, and the laboratory's check on arrival.

use super::Book;
use super::plan::resource;
use crate::blind::blind_leg;
use crate::register::received_problem;
use crate::sample::words;
use crate::{Error, Lab, Problem, Sample, SampleState};
use access::Principal;
use base::{Date, Decimal, Id, Instant, Text};
use ledger::{Context, Entry};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use store::{Store, Tx};

words! {
    /// A leg of the way of a sample.
    Leg {
        /// Sealed where it was taken.
        Sealed = "sealed", "现场封样", "Sealed on the spot";
        /// Given to a carrier or brought along.
        Sent = "sent", "寄送", "Sent";
        /// Handed from one to another under way.
        Handed = "handed_over", "交接", "Handed over";
        /// Accepted by the laboratory.
        Received = "received", "收样", "Received";
        /// Refused by the laboratory.
        Refused = "refused", "拒收", "Refused";
        /// The backup portion went to the retest laboratory.
        Backup = "backup_out", "移交备份样品", "Backup handed over";
    }
}

/// A handover to be recorded.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Handover {
    /// Who has it now: carrier, person's post, laboratory. No person's name.
    pub party: String,
    /// Number of the seal.
    pub seal_no: String,
    /// Whether the seal was whole.
    pub seal_ok: Option<bool>,
    /// °C as read.
    pub temperature: String,
    /// What the laboratory checked: id of the check → holds.
    pub checks: BTreeMap<String, bool>,
    /// Note, or the reason of a refusal.
    pub note: String,
    /// Day of arrival at the laboratory, where it is recorded on a later one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub received: Option<Date>,
}

/// One entry of the chain.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct CustodyEntry {
    /// The leg.
    pub leg: Leg,
    /// What was recorded.
    #[serde(flatten)]
    pub handover: Handover,
    /// Account that recorded it.
    pub account: Option<Id>,
    /// When.
    pub at: Instant,
}

#[expect(clippy::too_many_arguments, reason = "the columns of the table")]
pub(crate) async fn insert(
    tx: &mut Tx,
    cx: &Context,
    sample: Id,
    leg: Leg,
    party: &str,
    seal_no: Option<&str>,
    seal_ok: Option<bool>,
    temperature: Option<&str>,
    checks: Option<String>,
    note: &str,
) -> Result<(), Error> {
    tx.exec(
        "insert into custody (id, sample, kind, party, seal_no, seal_ok, temperature, checks, note, account, at) \
         values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)",
        &[
            cx.id().into(),
            sample.into(),
            leg.word().into(),
            party.trim().into(),
            seal_no.into(),
            seal_ok.into(),
            temperature.filter(|t| !t.is_empty()).into(),
            checks.into(),
            note.trim().into(),
            cx.actor.account.into(),
            cx.now.into(),
        ],
    )
    .await?;
    Ok(())
}

impl Lab {
    /// Records that a sample was sent or handed over on its way to the laboratory.
    ///
    /// # Errors
    /// [`Error::Invalid`] naming the field; [`Error::State`] once the laboratory has it; [`Error::Denied`].
    pub async fn hand_over(
        &self,
        tx: &mut Tx,
        cx: &Context,
        who: &Principal,
        sample: Id,
        leg: Leg,
        h: Handover,
    ) -> Result<(), Error> {
        let s = self.sample_to_change(tx, sample).await?;
        let permit = self.access.check(who, "act", &resource(&s.region, &s.agency, None), cx.now)?;
        if !matches!(leg, Leg::Sent | Leg::Handed)
            || !matches!(s.state, SampleState::Sealed | SampleState::Sent)
        {
            return Err(Error::State(Text::new(
                format!("抽样单 {} 当前为“{}”，不能再登记寄送或交接", s.form_no, s.state.label().zh),
                format!(
                    "sample {} is \"{}\"; it can no longer be sent or handed over",
                    s.form_no,
                    s.state.label().en
                ),
            )));
        }
        let mut problems = examine(&h);
        if h.party.trim().is_empty() {
            let text = Text::of("请填写接手的承运人或单位", "state the carrier or body that took it");
            problems.push(Problem::new("party", Text::of("接手方", "taken by"), "", text));
        }
        if !problems.is_empty() {
            return Err(Error::Invalid(problems));
        }
        put(tx, cx, &permit, &s, leg, &h).await?;
        tx.exec_one(
            "update sample set state = 'sent', version = version + 1 where id = $1 and version = $2",
            &[sample.into(), s.version.into()],
        )
        .await?;
        Ok(())
    }

    /// The laboratory's check on arrival, the one way in: accepts the sample when every check holds, else refuses it with the reason.
    ///
    /// # Errors
    /// [`Error::Invalid`] when a check is unanswered, a refusal says no reason, or the day cannot be; [`Error::State`]; [`Error::Denied`].
    pub async fn check_in(
        &self,
        tx: &mut Tx,
        cx: &Context,
        who: &Principal,
        sample: Id,
        mut h: Handover,
    ) -> Result<SampleState, Error> {
        let s = self.sample_to_change(tx, sample).await?;
        let lab = resource(&s.region, &s.agency, None).of_operator(s.laboratory);
        let permit = self.access.check(who, "act", &lab, cx.now)?;
        if !matches!(s.state, SampleState::Sealed | SampleState::Sent) {
            return Err(Error::State(Text::new(
                format!("样品 {} 当前为“{}”，无需再验收", s.blind_no(), s.state.label().zh),
                format!("sample {} is \"{}\"; it was checked in before", s.blind_no(), s.state.label().en),
            )));
        }
        let book = Book::builtin();
        let mut problems = examine(&h);
        for check in book.checks() {
            if !h.checks.contains_key(&check.id) {
                let text = Text::of("请逐项填写验收结果", "answer every check");
                problems.push(Problem::new(&check.id, check.title.clone(), "", text));
            }
        }
        let today = cx.now.china_date();
        let received = h.received.unwrap_or(today);
        problems.extend(received_problem(s.sampled, received, today));
        h.checks.retain(|id, _| book.checks().iter().any(|c| c.id == *id));
        let accepted = h.checks.values().all(|ok| *ok);
        if !accepted && h.note.trim().is_empty() {
            let text = Text::of("拒收须书面说明理由", "a refusal says its reason");
            problems.push(Problem::new("note", Text::of("说明", "note"), "", text));
        }
        if !problems.is_empty() {
            return Err(Error::Invalid(problems));
        }
        h.seal_ok = h.checks.get("seal").copied();
        let leg = if accepted { Leg::Received } else { Leg::Refused };
        put(tx, cx, &permit, &s, leg, &h).await?;
        let state = if accepted { SampleState::Received } else { SampleState::Refused };
        let received = accepted.then_some(received);
        tx.exec_one(
            "update sample set state = $1, received = $2, version = version + 1 where id = $3 and version = $4",
            &[state.word().into(), received.into(), sample.into(), s.version.into()],
        )
        .await?;
        Ok(state)
    }

    /// The chain of a sample as the reader got it, oldest first; that of a blind one names no firm.
    ///
    /// # Errors
    /// Storage.
    pub async fn custody(&self, store: &Store, sample: &Sample) -> Result<Vec<CustodyEntry>, Error> {
        let rows =
            store.query("select * from custody where sample = $1 order by id", &[sample.id.into()]).await?;
        let mut out = Vec::with_capacity(rows.len());
        for row in rows {
            let checks = match row.opt_text("checks")? {
                Some(_) => row.json("checks")?,
                None => BTreeMap::new(),
            };
            let entry = CustodyEntry {
                leg: row.parsed("kind")?,
                handover: Handover {
                    party: row.text("party")?,
                    seal_no: row.opt_text("seal_no")?.unwrap_or_default(),
                    seal_ok: row.opt_int("seal_ok")?.map(|n| n == 1),
                    temperature: row.opt_text("temperature")?.unwrap_or_default(),
                    checks,
                    note: row.opt_text("note")?.unwrap_or_default(),
                    received: None,
                },
                account: row.opt_id("account")?,
                at: row.instant("at")?,
            };
            out.push(if sample.blind { blind_leg(entry) } else { entry });
        }
        Ok(out)
    }
}

async fn put(
    tx: &mut Tx,
    cx: &Context,
    permit: &ledger::Permit,
    s: &Sample,
    leg: Leg,
    h: &Handover,
) -> Result<(), Error> {
    let checks = (!h.checks.is_empty()).then(|| serde_json::json!(h.checks).to_string());
    let (seal, temperature) = (Some(h.seal_no.as_str()), Some(h.temperature.as_str()));
    insert(tx, cx, s.id, leg, &h.party, seal, h.seal_ok, temperature, checks, &h.note).await?;
    let kind = match leg {
        Leg::Received => "sample.received",
        Leg::Refused => "sample.refused",
        _ => "sample.custody",
    };
    let entry = Entry {
        kind,
        region: s.region.clone(),
        subject: format!("sample:{}", s.id),
        body: serde_json::json!({ "form_no": s.form_no, "leg": leg.word(), "handover": h }),
        private: None,
    };
    ledger::append(tx, cx, permit, entry).await?;
    Ok(())
}

fn examine(h: &Handover) -> Vec<Problem> {
    let t = h.temperature.trim();
    let plausible = |n: Decimal| n > Decimal::from(-100) && n < Decimal::from(100);
    if t.is_empty() || t.parse::<Decimal>().is_ok_and(plausible) {
        return Vec::new();
    }
    let text = Text::of(
        "请填写 -100 到 100 之间的温度（℃），未测可不填",
        "state the temperature in °C between -100 and 100, or leave it empty",
    );
    vec![Problem::new("temperature", Text::of("温度", "temperature"), t, text)]
}

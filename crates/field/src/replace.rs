//! After the draw: an operator that has closed or moved, an officer who is ill. The next of the same draw goes instead, by
//! rule and with the reason on record; nobody chooses freely.

use crate::drawn::{Draw, DrawState, Named, draw_in};
use crate::draws::{candidates_by, gone, write};
use crate::{Error, Field, resource};
use access::Principal;
use base::{Id, Text};
use ledger::Context;
use ledger::draw::{Pick, Record, Replaced, Substituted, replacement, substitute};
use serde_json::json;
use std::collections::BTreeMap;
use std::str::FromStr;
use store::Tx;

/// Longest explanation.
const LONG: usize = 500;

macro_rules! reasons {
    ($(#[$doc:meta])* $name:ident { $($(#[$inner:meta])* $variant:ident = $word:literal, $zh:literal, $en:literal;)+ }) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq)]
        pub enum $name { $($(#[$inner])* $variant),+ }

        impl $name {
            /// All of them.
            pub const ALL: &'static [Self] = &[$(Self::$variant),+];

            /// Stored word.
            #[must_use]
            pub const fn word(self) -> &'static str {
                match self { $(Self::$variant => $word),+ }
            }

            /// On screen.
            #[must_use]
            pub const fn label(self) -> Text {
                match self { $(Self::$variant => Text::of($zh, $en)),+ }
            }
        }

        impl FromStr for $name {
            type Err = Error;

            fn from_str(text: &str) -> Result<Self, Error> {
                let found = Self::ALL.iter().copied().find(|r| r.word() == text);
                found.ok_or_else(|| Error::invalid("why", "请选择原因", "choose the reason from the list"))
            }
        }
    };
}

reasons! {
    /// Why a drawn operator cannot be inspected; the words are those of the procedure's form for what was not done.
    GaveUp {
        /// Out of business.
        Closed = "closed", "已停业", "out of business";
        /// Not at its place any more.
        Absent = "absent", "已迁出或查无此处", "moved away, or no such place";
        /// A higher level inspected it within three months.
        Repeat = "repeat", "上级三个月内已检查", "a higher level inspected within three months";
        /// Anything else, as explained.
        Other = "other", "其他", "another reason";
    }
}

reasons! {
    /// Why a drawn officer does not go.
    StoodBack {
        /// Ill or on leave.
        Ill = "ill", "病假、事假", "ill or on leave";
        /// Ordered elsewhere.
        Duty = "duty", "另有紧急公务", "ordered to urgent work elsewhere";
        /// No longer an officer of the region.
        Left = "left", "已调离", "has left the office";
        /// Has to keep away from the operator.
        Kin = "kin", "应当回避", "has to keep away";
    }
}

impl Field {
    /// Gives a drawn operator up and opens an inspection of the next in its stratum, with the two officers the seed sends
    /// there. The inspection given up ends as not done, with the reason. Needs `decide` on matters of the region.
    ///
    /// # Errors
    /// [`Error::Invalid`] without an explanation; [`Error::State`] when nothing is drawn, the operator is not to be visited or
    /// was inspected, or its stratum has nobody left; [`Error::Denied`].
    pub async fn substitute(
        &self,
        tx: &mut Tx,
        cx: &Context,
        who: &Principal,
        (draw_id, out): (Id, Id),
        why: GaveUp,
        reason: &str,
    ) -> Result<Pick, Error> {
        let (row, mut record) = draw_in(tx, draw_id).await?;
        let permit = self.access.check(who, "decide", &resource(&row.region, &row.agency), cx.now)?;
        let reason = explained(reason)?;
        performed(&row)?;
        if !record.drawn.as_ref().is_some_and(|d| d.holds(out)) {
            return Err(Error::state(
                "该单位不在本次抽取应检查的单位之列",
                "this operator is not, or no longer, to be visited by this draw",
            ));
        }
        let Some(by) = substitute(&record, out) else {
            return Err(Error::state(
                "同一层的名录中已没有可递补的单位，请在下一次抽取中补足",
                "nobody of its stratum is left on the frozen list; make it up with the next draw",
            ));
        };
        let sent = tx
            .first(
                "select distinct matter from inspection_officer where draw = $1 and operator = $2",
                &[draw_id.into(), out.into()],
            )
            .await?;
        let given_up = sent.map(|r| r.id("matter")).transpose()?;
        if let Some(matter) = given_up {
            let inspection = self.inspection_in(tx, matter).await?;
            if inspection.waiting {
                self.office
                    .call_off(tx, cx, who, matter, (why.word(), reason))
                    .await
                    .map_err(Error::of_hook)?;
            } else if !inspection.called_off {
                return Err(Error::state(
                    "该单位已经检查，不能再更换",
                    "this operator was inspected; it can no longer be replaced",
                ));
            }
            tx.exec(
                "update inspection_officer set ended = $2 where matter = $1 and ended is null",
                &[matter.into(), cx.now.into()],
            )
            .await?;
        }
        let plan = self.plan_in(tx, row.plan).await?;
        let stored = tx.one("select names from inspection_draw where id = $1", &[draw_id.into()]).await?;
        let names: BTreeMap<String, Named> = stored.json("names")?;
        let known = candidates_by(self.office.roster(tx, &row.region, cx.now).await.map_err(Error::of_hook)?);
        let candidate = known.get(&by.target).cloned().or_else(|| gone(&names, by.target));
        let candidate = candidate.ok_or(Error::NotFound(Text::of("被检查单位", "operator")))?;
        let drawn = (&candidate, draw_id, &by.samplers[..]);
        let matter = self.office.open(tx, cx, who, &plan, drawn).await.map_err(Error::of_hook)?;
        let inspection = self.inspection_in(tx, matter).await?;
        self.put_officers(tx, cx, who, &inspection, Some(draw_id), &by.samplers).await?;
        if let Some(drawn) = &mut record.drawn {
            let why = why.word().to_owned();
            drawn.substituted.push(Substituted { out, by: by.clone(), why, at: cx.now });
        }
        keep(tx, &row, &record).await?;
        let body = json!({
            "root": record.root, "out": out, "given_up": given_up, "by": by.target, "ticket": by.ticket, "matter": matter,
            "why": why.word(),
        });
        write(tx, cx, &permit, &row.region, draw_id, "inspection.target_replaced", body).await?;
        Ok(by)
    }

    /// Sends the next officer in the order of the seed instead of one who was drawn and cannot go. An officer may say it of
    /// himself (`act`); of somebody else it takes `decide`. Gives who goes.
    ///
    /// # Errors
    /// [`Error::Invalid`] when the officer is not sent there; [`Error::State`] once the inspection is over, when its officers were
    /// not drawn, or nobody is left; [`Error::Denied`].
    pub async fn stand_back(
        &self,
        tx: &mut Tx,
        cx: &Context,
        who: &Principal,
        matter: Id,
        out: Id,
        why: StoodBack,
    ) -> Result<Id, Error> {
        let i = self.inspection_in(tx, matter).await?;
        let action = if out == who.account { "act" } else { "decide" };
        let permit = self.access.check(who, action, &resource(&i.region, &i.agency), cx.now)?;
        if !i.waiting {
            return Err(Error::state(
                "检查已经完成，不能再更换人员",
                "the inspection is over; its officers no longer change",
            ));
        }
        let sent = tx
            .first(
                "select draw, operator from inspection_officer where matter = $1 and account = $2 and ended is null",
                &[matter.into(), out.into()],
            )
            .await?;
        let sent = sent.ok_or_else(|| {
            Error::invalid("officer", "该人员未被派往此处", "this officer is not sent to the inspection")
        })?;
        let (Some(draw_id), Some(target)) = (sent.opt_id("draw")?, sent.opt_id("operator")?) else {
            return Err(Error::state(
                "检查人员不是随机抽取的，请直接改派",
                "the officers were not drawn: send others instead",
            ));
        };
        let (row, mut record) = draw_in(tx, draw_id).await?;
        performed(&row)?;
        let Some(by) = replacement(&record, target) else {
            return Err(Error::state(
                "抽取名单中没有其他可派人员；请撤下该单位并由下一名单位递补",
                "nobody else on the frozen list can go; give the operator up for the next of its stratum",
            ));
        };
        let mut lead = by;
        if let Some(drawn) = &mut record.drawn {
            let why = Some(why.word().to_owned());
            drawn.replaced.push(Replaced { target, out, by, at: cx.now, why });
            lead = drawn.samplers_of(target).map_or(by, |pair| pair[0]);
        }
        tx.exec_one(
            "update inspection_officer set ended = $3 where matter = $1 and account = $2 and ended is null",
            &[matter.into(), out.into(), cx.now.into()],
        )
        .await?;
        self.put_officers(tx, cx, who, &i, Some(draw_id), &[by]).await?;
        keep(tx, &row, &record).await?;
        if lead == by {
            self.office.give(tx, cx, who, matter, by).await.map_err(Error::of_hook)?;
        }
        let body = json!({
            "root": record.root, "matter": matter, "target": target, "out": out, "by": by, "why": why.word(),
        });
        write(tx, cx, &permit, &row.region, draw_id, "inspection.officer_replaced", body).await?;
        Ok(by)
    }
}

fn explained(reason: &str) -> Result<&str, Error> {
    let reason = reason.trim();
    if reason.is_empty() || reason.chars().count() > LONG {
        return Err(Error::invalid(
            "reason",
            "请说明情况（500 字以内）",
            "say what was found, in at most 500 characters",
        ));
    }
    Ok(reason)
}

fn performed(row: &Draw) -> Result<(), Error> {
    if row.state == DrawState::Drawn {
        return Ok(());
    }
    Err(Error::state("尚未抽取，无可更换", "nothing is drawn yet: there is nothing to replace"))
}

async fn keep(tx: &mut Tx, row: &Draw, record: &Record) -> Result<(), Error> {
    tx.exec_one(
        "update inspection_draw set record = $1, version = version + 1 where id = $2 and version = $3",
        &[json!(record).to_string().into(), row.id.into(), row.version.into()],
    )
    .await?;
    Ok(())
}

//! Who is sent: officers of an inspection, and who keeps away from whom.

use crate::{Error, Field, Inspection, resource};
use access::Principal;
use base::{Id, Instant, Text};
use ledger::{Context, Entry};
use serde::Serialize;
use serde_json::json;
use store::{Store, Tx};

/// Two officers at least inspect (Order 49 of 2021, art. 23).
const LEAST: usize = 2;

/// An officer sent to an inspection.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Sent {
    /// The inspection's matter.
    pub matter: Id,
    /// The officer.
    pub account: Id,
    /// The draw that sent the officer, if one did.
    pub draw: Option<Id>,
    /// Since when.
    pub at: Instant,
}

pub(crate) const INSPECTION: Text = Text::of("检查", "inspection");

/// Who is sent to an inspection now, in order of account.
///
/// # Errors
/// Storage.
pub async fn officers_of(store: &Store, matter: Id) -> Result<Vec<Sent>, Error> {
    let rows = store
        .query(
            "select matter, account, draw, at from inspection_officer where matter = $1 and ended is null order by account",
            &[matter.into()],
        )
        .await?;
    rows.iter()
        .map(|r| {
            Ok(Sent { matter, account: r.id("account")?, draw: r.opt_id("draw")?, at: r.instant("at")? })
        })
        .collect()
}

impl Field {
    /// The inspection of a matter.
    pub(crate) async fn inspection_in(&self, tx: &mut Tx, matter: Id) -> Result<Inspection, Error> {
        let found = self.office.inspection(tx, matter).await.map_err(Error::of_hook)?;
        found.ok_or(Error::NotFound(INSPECTION))
    }

    /// Sends officers to an inspection instead of those sent before. Needs `act` on the matter.
    ///
    /// # Errors
    /// [`Error::Invalid`] for fewer than two, for somebody who cannot be sent or has to keep away; [`Error::State`] when the
    /// officers were drawn or the inspection is over; [`Error::Denied`].
    pub async fn send(
        &self,
        tx: &mut Tx,
        cx: &Context,
        who: &Principal,
        matter: Id,
        accounts: &[Id],
    ) -> Result<(), Error> {
        let i = self.inspection_in(tx, matter).await?;
        let permit = self.access.check(who, "act", &resource(&i.region, &i.agency), cx.now)?;
        if !i.waiting {
            return Err(Error::state(
                "检查已经完成，不能再改派",
                "the inspection is over; nobody can be sent",
            ));
        }
        let drawn = tx
            .first(
                "select draw from inspection_officer where matter = $1 and draw is not null and ended is null",
                &[matter.into()],
            )
            .await?;
        if drawn.is_some() {
            return Err(Error::state(
                "检查人员由随机抽取确定，不能另行指派",
                "the officers were drawn at random; nobody else can be sent",
            ));
        }
        let mut accounts = accounts.to_vec();
        accounts.sort_unstable();
        accounts.dedup();
        if accounts.len() < LEAST {
            return Err(Error::invalid("officer", "至少选派两名检查人员", "choose two officers at least"));
        }
        let able = self
            .office
            .officers(tx, &i.region, &i.agency, cx.now.china_date())
            .await
            .map_err(Error::of_hook)?;
        let declared = self.office.recused(tx, &accounts).await.map_err(Error::of_hook)?;
        for account in &accounts {
            if !able.iter().any(|(id, _)| id == account) {
                return Err(Error::invalid(
                    "officer",
                    "所选人员不在本地区可派检查人员之列",
                    "one of them cannot be sent in this region; choose from the list",
                ));
            }
            let keeps_away =
                declared.get(account).is_some_and(|of| i.operator.is_some_and(|o| of.contains(&o)));
            if keeps_away {
                return Err(Error::invalid(
                    "officer",
                    "所选人员须回避该单位，请另行选派",
                    "one of them has to keep away from this operator; choose another",
                ));
            }
        }
        tx.exec(
            "update inspection_officer set ended = $2 where matter = $1 and ended is null",
            &[matter.into(), cx.now.into()],
        )
        .await?;
        self.put_officers(tx, cx, who, &i, None, &accounts).await?;
        self.office.give(tx, cx, who, matter, accounts[0]).await.map_err(Error::of_hook)?;
        let body = json!({ "officers": accounts });
        let entry = Entry {
            kind: "inspection.sent",
            region: i.region.clone(),
            subject: format!("matter:{matter}"),
            body,
            private: None,
        };
        ledger::append(tx, cx, &permit, entry).await?;
        Ok(())
    }

    pub(crate) async fn put_officers(
        &self,
        tx: &mut Tx,
        cx: &Context,
        who: &Principal,
        i: &Inspection,
        draw: Option<Id>,
        accounts: &[Id],
    ) -> Result<(), Error> {
        for account in accounts {
            tx.exec(
                "insert into inspection_officer (matter, account, operator, region, agency, draw, assigned_by, at, ended) \
                 values ($1, $2, $3, $4, $5, $6, $7, $8, null) on conflict (matter, account) do update set \
                 draw = excluded.draw, assigned_by = excluded.assigned_by, at = excluded.at, ended = null",
                &[
                    i.matter.into(),
                    (*account).into(),
                    i.operator.into(),
                    i.region.as_str().into(),
                    i.agency.as_str().into(),
                    draw.into(),
                    who.account.into(),
                    cx.now.into(),
                ],
            )
            .await?;
        }
        Ok(())
    }

    /// The running inspections a person is sent to, oldest first, 200 at most.
    ///
    /// # Errors
    /// Storage.
    pub async fn sent_to(&self, store: &Store, account: Id) -> Result<Vec<Id>, Error> {
        let rows = store
            .query(
                "select o.matter from inspection_officer o join matter m on m.id = o.matter where o.account = $1 \
                 and o.ended is null and m.closed_at is null order by o.matter limit 200",
                &[account.into()],
            )
            .await?;
        Ok(rows.iter().map(|r| r.id("matter")).collect::<Result<_, _>>()?)
    }

    /// Who can be sent in a region: account and name. Needs `act` on matters there.
    ///
    /// # Errors
    /// The register fails; [`Error::Denied`].
    pub async fn sendable(
        &self,
        tx: &mut Tx,
        who: &Principal,
        now: Instant,
        region: &str,
        agency: &str,
    ) -> Result<Vec<(Id, String)>, Error> {
        self.access.check(who, "act", &resource(region, agency), now)?;
        self.office.officers(tx, region, agency, now.china_date()).await.map_err(Error::of_hook)
    }
}

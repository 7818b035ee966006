//! Recusal (回避): relations samplers and reviewers declare to firms. They keep a sampler out of a draw, and one declared after it sends the
//! next in order; they keep a reviewer from approving, returning or submitting what was found there.

use super::freeze::{draw_in, json, write};
use super::plan::resource;
use super::targets::{TARGET, TargetState, read};
use crate::query::prefix;
use crate::sample::words;
use crate::{Error, Lab, Problem};
use access::Principal;
use base::{Id, Instant, Text};
use ledger::draw::{Replaced, replacement};
use ledger::{Context, Entry};
use serde::{Deserialize, Serialize};
use std::collections::{HashMap, HashSet};
use store::{Row, Sql, Store, Tx};

words! {
    /// Why a sampler keeps away from a firm.
    RecusalGround {
        /// A close relative works or has a share there.
        Kin = "kin", "近亲属在该单位任职或有利害关系", "a close relative works or has an interest there";
        /// Worked there within three years.
        Employment = "employment", "近三年曾在该单位任职", "worked there within three years";
        /// A share, a loan, a contract.
        Interest = "interest", "持股、借贷等经济利益", "a share, a loan or another economic interest";
        /// Anything else that may weigh.
        Other = "other", "其他可能影响公正的关系", "another relation that may weigh";
    }
}

/// A declared relation.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Recusal {
    /// Record id.
    pub id: Id,
    /// Account of the sampler.
    pub sampler: Id,
    /// The firm.
    pub operator: Id,
    /// Region code under which it was declared.
    pub region: String,
    /// Department.
    pub agency: String,
    /// Why.
    pub ground: RecusalGround,
    /// When it was declared.
    pub declared: Instant,
    /// When it ended.
    pub ended: Option<Instant>,
}

/// A relation to be declared.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct NewRecusal {
    /// Account of the sampler.
    pub sampler: Id,
    /// The firm.
    pub operator: Id,
    /// Region code.
    pub region: String,
    /// Department.
    pub agency: String,
    /// Why.
    pub ground: RecusalGround,
}

/// From whom each of these samplers keeps away.
///
/// # Errors
/// Storage.
pub async fn recused(tx: &mut Tx, samplers: &[Id]) -> Result<HashMap<Id, Vec<Id>>, Error> {
    let mut out: HashMap<Id, Vec<Id>> = HashMap::new();
    for part in samplers.chunks(500) {
        let mut sql = Sql::new(
            "select distinct sampler, operator from sampling_recusal where ended is null and sampler in ",
        );
        sql.bind_list(part.iter().copied()).push(" order by 1, 2");
        for row in tx.select(&sql).await? {
            out.entry(row.id("sampler")?).or_default().push(row.id("operator")?);
        }
    }
    Ok(out)
}

/// Why somebody keeps away from a firm, as declared first; `None` when nothing stands.
///
/// # Errors
/// Storage.
pub async fn recusal_ground(
    tx: &mut Tx,
    account: Id,
    operator: Id,
) -> Result<Option<RecusalGround>, store::Error> {
    let sql = "select ground from sampling_recusal where sampler = $1 and operator = $2 and ended is null order by id limit 1";
    let row = tx.first(sql, &[account.into(), operator.into()]).await?;
    let word = row.map(|r| r.text("ground")).transpose()?;
    Ok(word.map(|w| RecusalGround::read(&w).unwrap_or(RecusalGround::Other)))
}

/// Who keeps away from these firms, in order of account.
///
/// # Errors
/// Storage.
pub async fn recused_from(tx: &mut Tx, operators: impl IntoIterator<Item = Id>) -> Result<Vec<Id>, Error> {
    let mut sql =
        Sql::new("select distinct sampler from sampling_recusal where ended is null and operator in ");
    sql.bind_list(operators).push(" order by 1");
    Ok(tx.select(&sql).await?.iter().map(|row| row.id("sampler")).collect::<Result<_, _>>()?)
}

/// Samplers and persons of the register who bear the same name and are two people, as was decided.
///
/// # Errors
/// Storage.
pub async fn cleared_namesakes(store: &Store) -> Result<HashSet<(Id, Id)>, Error> {
    let rows = store.query("select sampler, person from sampling_namesake", &[]).await?;
    Ok(rows.iter().map(|r| Ok((r.id("sampler")?, r.id("person")?))).collect::<Result<_, store::Error>>()?)
}

impl Lab {
    /// Notes that a person of the register who bears a sampler's name is another person, so that it is no longer proposed.
    ///
    /// # Errors
    /// [`Error::State`] when it is noted already; [`Error::Denied`] to anybody but who decides, and to the sampler himself.
    pub async fn clear_namesake(
        &self,
        tx: &mut Tx,
        cx: &Context,
        who: &Principal,
        of: NewRecusal,
        person: Id,
    ) -> Result<(), Error> {
        let mut record = resource(&of.region, &of.agency, None);
        record.recused.push(of.sampler);
        let permit = self.access.check(who, "decide", &record, cx.now)?;
        if of.sampler == who.account {
            return Err(Error::State(Text::of(
                "本人不能确认与自己同名的登记人员是他人，请由负责人确认",
                "nobody clears himself: whoever is in charge says that it is another person",
            )));
        }
        let key: [store::Value; 2] = [of.sampler.into(), person.into()];
        let sql = "select cleared from sampling_namesake where sampler = $1 and person = $2";
        if tx.first(sql, &key).await?.is_some() {
            return Err(Error::State(Text::of("已确认不是同一人", "this is noted already")));
        }
        let [sampler, named] = key;
        tx.exec(
            "insert into sampling_namesake (sampler, person, cleared, cleared_by) values ($1, $2, $3, $4)",
            &[sampler, named, cx.now.into(), who.account.into()],
        )
        .await?;
        let entry = Entry {
            kind: "sampling.namesake_cleared",
            region: of.region,
            subject: format!("operator:{}", of.operator),
            body: serde_json::json!({ "sampler": of.sampler, "person": person }),
            private: None,
        };
        ledger::append(tx, cx, &permit, entry).await?;
        Ok(())
    }

    /// Declares that a sampler keeps away from a firm: an own relation, or, for who decides, anybody's. It holds for every list
    /// frozen from now on.
    ///
    /// # Errors
    /// [`Error::State`] when it stands already; [`Error::Denied`].
    pub async fn declare_recusal(
        &self,
        tx: &mut Tx,
        cx: &Context,
        who: &Principal,
        new: NewRecusal,
    ) -> Result<Id, Error> {
        let action = if new.sampler == who.account { "act" } else { "decide" };
        let permit = self.access.check(who, action, &resource(&new.region, &new.agency, None), cx.now)?;
        let stands = tx
            .first(
                "select id from sampling_recusal where sampler = $1 and operator = $2 and ended is null",
                &[new.sampler.into(), new.operator.into()],
            )
            .await?;
        if stands.is_some() {
            return Err(Error::State(Text::of("该回避已登记", "this relation is declared already")));
        }
        let id = cx.id();
        tx.exec(
            "insert into sampling_recusal (id, sampler, operator, region, agency, ground, declared, declared_by) \
             values ($1, $2, $3, $4, $5, $6, $7, $8)",
            &[
                id.into(),
                new.sampler.into(),
                new.operator.into(),
                new.region.as_str().into(),
                new.agency.as_str().into(),
                new.ground.word().into(),
                cx.now.into(),
                who.account.into(),
            ],
        )
        .await?;
        let entry = Entry {
            kind: "sampling.recusal_declared",
            region: new.region,
            subject: format!("operator:{}", new.operator),
            body: serde_json::json!({ "recusal": id, "sampler": new.sampler }),
            private: Some(serde_json::json!({ "ground": new.ground.word() })),
        };
        ledger::append(tx, cx, &permit, entry).await?;
        Ok(id)
    }

    /// Ends a declared relation. Who declared it for himself does not end it alone: it takes the right to decide.
    ///
    /// # Errors
    /// [`Error::NotFound`]; [`Error::State`] when it ended before; [`Error::Denied`].
    pub async fn end_recusal(&self, tx: &mut Tx, cx: &Context, who: &Principal, id: Id) -> Result<(), Error> {
        let rows = tx.query("select * from sampling_recusal where id = $1", &[id.into()]).await?;
        let of = rows.first().map(recusal).transpose()?;
        let of = of.ok_or_else(|| Error::NotFound(format!("recusal {id}")))?;
        let mut record = resource(&of.region, &of.agency, None);
        record.recused.push(of.sampler);
        let permit = self.access.check(who, "decide", &record, cx.now)?;
        if of.ended.is_some() {
            return Err(Error::State(Text::of("该回避已解除", "this relation has ended already")));
        }
        tx.exec("update sampling_recusal set ended = $1 where id = $2", &[cx.now.into(), id.into()]).await?;
        let entry = Entry {
            kind: "sampling.recusal_ended",
            region: of.region,
            subject: format!("operator:{}", of.operator),
            body: serde_json::json!({ "recusal": id, "sampler": of.sampler }),
            private: None,
        };
        ledger::append(tx, cx, &permit, entry).await?;
        Ok(())
    }

    /// Declared relations of a region the reader may act in, newest first; those in force, or all.
    ///
    /// # Errors
    /// Storage.
    pub async fn recusals(
        &self,
        store: &Store,
        who: &Principal,
        now: Instant,
        region: Option<&str>,
        all: bool,
    ) -> Result<Vec<Recusal>, Error> {
        let scope = self.access.scope(who, "act", "sample", now).with_agency("c.agency");
        let mut sql = Sql::new("select c.* from sampling_recusal c where ");
        sql.append(&scope.sql("c.region", None, None));
        if let Some(region) = region {
            prefix(&mut sql, " and c.region", region);
        }
        sql.push(if all { "" } else { " and c.ended is null" }).push(" order by c.id desc limit 500");
        Ok(store.select(&sql).await?.iter().map(recusal).collect::<Result<_, _>>()?)
    }

    /// A sampler who was drawn for a place stands aside there: the next in the order of the seed goes instead, the record of
    /// the draw says so, and the relation is declared for later draws. Gives who goes.
    ///
    /// # Errors
    /// [`Error::Invalid`] when the sampler was not sent there; [`Error::State`] once the place is finished, or nobody is left;
    /// [`Error::Denied`] to anybody but the sampler and who decides.
    pub async fn stand_aside(
        &self,
        tx: &mut Tx,
        cx: &Context,
        who: &Principal,
        target: Id,
        sampler: Id,
        ground: RecusalGround,
    ) -> Result<Id, Error> {
        let mut sql = Sql::new(TARGET);
        sql.push(" where g.id = ").bind(target);
        let row = tx.select(&sql).await?.into_iter().next();
        let t = row.as_ref().map(read).transpose()?;
        let t = t.ok_or_else(|| Error::NotFound(format!("target {target}")))?;
        let action = if sampler == who.account { "act" } else { "decide" };
        let permit = self.access.check(who, action, &resource(&t.region, &t.agency, None), cx.now)?;
        if t.state != TargetState::Waiting || t.chosen.is_some() {
            return Err(Error::State(Text::of(
                "该处已开始或完成抽样，不能再更换抽样人员",
                "sampling began or ended at this place; its samplers no longer change",
            )));
        }
        if !t.samplers.contains(&sampler) {
            let text = Text::of("该人员未被派往此处", "this person was not sent there");
            let label = Text::of("抽样人员", "sampler");
            return Err(Error::Invalid(vec![Problem::new("sampler", label, sampler.to_string(), text)]));
        }
        let (_, mut record) = draw_in(tx, t.draw).await?;
        let Some(by) = replacement(&record, t.operator) else {
            return Err(Error::State(Text::of(
                "抽取名单中没有其他可派人员：请撤下该处并另行抽取",
                "nobody else on the frozen list can go: report the place as not sampled and draw again",
            )));
        };
        if let Some(drawn) = &mut record.drawn {
            drawn.replaced.push(Replaced { target: t.operator, out: sampler, by, at: cx.now, why: None });
        }
        let pair = t.samplers.map(|id| if id == sampler { by } else { id });
        tx.exec(
            "update sampling_draw set record = $1, version = version + 1 where id = $2",
            &[json(&record)?.into(), t.draw.into()],
        )
        .await?;
        tx.exec_one(
            "update sampling_target set sampler = $1, partner = $2, version = version + 1 where id = $3 and version = $4",
            &[pair[0].into(), pair[1].into(), target.into(), t.version.into()],
        )
        .await?;
        let body = serde_json::json!({ "target": t.operator, "out": sampler, "by": by });
        write(tx, cx, &permit, &t.region, t.draw, "sampling.sampler_replaced", body).await?;
        let new = NewRecusal { sampler, operator: t.operator, region: t.region, agency: t.agency, ground };
        match self.declare_recusal(tx, cx, who, new).await {
            Ok(_) | Err(Error::State(_)) => Ok(by),
            Err(e) => Err(e),
        }
    }
}

fn recusal(row: &Row) -> Result<Recusal, store::Error> {
    Ok(Recusal {
        id: row.id("id")?,
        sampler: row.id("sampler")?,
        operator: row.id("operator")?,
        region: row.text("region")?,
        agency: row.text("agency")?,
        ground: row.parsed("ground")?,
        declared: row.instant("declared")?,
        ended: row.opt_instant("ended")?,
    })
}

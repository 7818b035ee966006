//! Results for the public (公示): drafted by one person, published by another, corrected and withdrawn with their trace.

use super::Book;
use super::plan::resource;
use super::public::PublicRow;
use crate::contest::publishable;
use crate::query::prefix;
use crate::report::failure;
use crate::result::results_in;
use crate::sample::words;
use crate::{Conclusion, Error, Lab, Problem, Sample, register};
use access::Principal;
use base::{Id, Instant, Text};
use ledger::{Context, Entry, Permit};
use serde::Serialize;
use sha2::{Digest, Sha256};
use store::{Row, Sql, Store, Tx};

words! {
    /// Where a list stands.
    BulletinState {
        /// Waiting for a second person.
        Draft = "draft", "待发布", "Draft";
        /// Public.
        Published = "published", "已发布", "Published";
        /// Taken back; says why.
        Withdrawn = "withdrawn", "已撤回", "Withdrawn";
    }
}

words! {
    /// Where a row of a list stands.
    RowState {
        /// As published, or the corrected form.
        Standing = "standing", "有效", "Standing";
        /// Replaced by a corrected row.
        Corrected = "corrected", "已更正", "Corrected";
        /// Taken back.
        Retracted = "retracted", "已撤回", "Retracted";
    }
}

/// A list of results.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Bulletin {
    /// Record id.
    pub id: Id,
    /// Optimistic lock.
    pub version: i64,
    /// In its address.
    pub slug: String,
    /// Region code.
    pub region: String,
    /// Department.
    pub agency: String,
    /// Heading.
    pub title: Text,
    /// Where it stands.
    pub state: BulletinState,
    /// Account that drafted it.
    pub drafted_by: Option<Id>,
    /// Time of publication.
    pub published: Option<Instant>,
    /// SHA-256 of the rows as published, hex.
    pub sha256: Option<String>,
    /// Journal entry of the publication.
    pub journal: Option<Id>,
    /// Why it was withdrawn.
    pub reason: Option<String>,
    /// When it was withdrawn.
    pub withdrawn: Option<Instant>,
    /// Rows that stand and pass.
    pub qualified: i64,
    /// Rows that stand and fail.
    pub unqualified: i64,
}

/// Most rows of one list.
const MOST: i64 = 5000;

impl Lab {
    /// Drafts a list of every concluded sample of a region that no list has yet. Risk monitoring never enters, nor a failure
    /// within the days for retest and objection, under one, or overturned by one; nor a result of a laboratory whose annex is not
    /// loaded, unless somebody decided by name to accept it ([`Lab::accept_laboratory`]).
    ///
    /// # Errors
    /// [`Error::State`] when nothing waits; [`Error::Invalid`] without a title; [`Error::Denied`].
    pub async fn draft_bulletin(
        &self,
        tx: &mut Tx,
        cx: &Context,
        who: &Principal,
        region: &str,
        agency: &str,
        title: &Text,
    ) -> Result<Id, Error> {
        let permit = self.access.check(who, "act", &resource(region, agency, None), cx.now)?;
        if title.zh.trim().is_empty() {
            let text = Text::of("请填写公告标题", "give the list a title");
            return Err(Error::Invalid(vec![Problem::new("title", Text::of("标题", "title"), "", text)]));
        }
        let mut sql = Sql::new(
            "select s.* from sample s where s.state = 'submitted' and s.kind <> 'monitoring' \
             and s.conclusion in ('qualified', 'unqualified') and s.agency = ",
        );
        sql.bind(agency);
        prefix(&mut sql, " and s.region", region);
        sql.push(
            " and not exists (select 1 from bulletin_row b join bulletin u on u.id = b.bulletin \
             where b.sample = s.id and u.state <> 'withdrawn' and b.state <> 'retracted') \
             and (s.laboratory is null \
              or exists (select 1 from accreditation a where a.laboratory = s.laboratory) \
              or exists (select 1 from laboratory_acceptance c where c.laboratory = s.laboratory and c.ended is null)) \
             and ",
        );
        sql.append(&publishable(cx.now.china_date()));
        sql.push(" order by s.conclusion desc, s.id limit ").bind(MOST);
        let rows = tx.select(&sql).await?;
        if rows.is_empty() {
            return Err(Error::State(Text::of(
                "没有可公示的结果：已报送的样品均已公示，或尚在复检、异议期限内或办理中，或承检机构能力附表未载入且未决定采信",
                "nothing can be published: every submitted sample is published already, or within the days for retest and objection, or under one, or its laboratory has neither an annex nor a decision that accepts it",
            )));
        }
        let id = cx.id();
        let slug = id.to_string().to_lowercase();
        tx.exec(
            "insert into bulletin (id, version, slug, region, agency, title, title_en, state, drafted_by, drafted) \
             values ($1, 1, $2, $3, $4, $5, $6, 'draft', $7, $8)",
            &[
                id.into(),
                slug.into(),
                region.into(),
                agency.into(),
                title.zh.trim().into(),
                (if title.en.trim().is_empty() { title.zh.trim() } else { title.en.trim() }).into(),
                who.account.into(),
                cx.now.into(),
            ],
        )
        .await?;
        let mut values = Vec::with_capacity(rows.len() * 10);
        for (seq, row) in rows.iter().enumerate() {
            let sample = register::read(row)?;
            let body = self.public_body(tx, &sample).await?;
            push_row(&mut values, cx.id(), id, &sample, seq + 1, &body)?;
        }
        insert_rows(tx, values).await?;
        let body = serde_json::json!({ "title": title.zh, "rows": rows.len() });
        record(tx, cx, &permit, region, id, "sampling.bulletin_drafted", body).await?;
        Ok(id)
    }

    /// Publishes a draft: another person than who drafted it. The journal holds the SHA-256 of its rows.
    ///
    /// # Errors
    /// [`Error::State`] unless it is a draft, or when a sample in it is contested since, naming it; [`Error::Denied`], also
    /// for the drafter.
    pub async fn publish_bulletin(
        &self,
        tx: &mut Tx,
        cx: &Context,
        who: &Principal,
        id: Id,
    ) -> Result<(), Error> {
        let b = bulletin_in(tx, id).await?;
        let permit =
            self.access.check(who, "publish", &resource(&b.region, &b.agency, b.drafted_by), cx.now)?;
        if b.state != BulletinState::Draft {
            return Err(Error::State(Text::of(
                "该公告已经发布或撤回",
                "this list is published or withdrawn already",
            )));
        }
        held(tx, id).await?;
        still_publishable(tx, cx, id).await?;
        let rows =
            tx.query("select body from bulletin_row where bulletin = $1 order by seq", &[id.into()]).await?;
        let bodies: Vec<String> = rows.iter().map(|r| r.text("body")).collect::<Result<_, _>>()?;
        let text = format!("[\n{}\n]\n", bodies.join(",\n"));
        let sha256 = hex::encode(Sha256::digest(text.as_bytes()));
        let body = serde_json::json!({
            "title": b.title.zh, "slug": b.slug, "sha256": sha256, "rows": bodies.len(),
            "qualified": b.qualified, "unqualified": b.unqualified,
        });
        let entry = Entry {
            kind: "sampling.bulletin_published",
            region: b.region.clone(),
            subject: format!("bulletin:{id}"),
            body,
            private: None,
        };
        let appended = ledger::append(tx, cx, &permit, entry).await?;
        tx.exec_one(
            "update bulletin set state = 'published', published_by = $1, published = $2, rows = $3, sha256 = $4, journal = $5, \
             version = version + 1 where id = $6 and version = $7",
            &[
                who.account.into(),
                cx.now.into(),
                text.into(),
                sha256.into(),
                appended.id.into(),
                id.into(),
                b.version.into(),
            ],
        )
        .await?;
        Ok(())
    }

    /// Takes a whole list back with the reason; it stays readable with a mark.
    ///
    /// # Errors
    /// [`Error::Invalid`] without a reason; [`Error::State`] when withdrawn before; [`Error::Denied`].
    pub async fn withdraw_bulletin(
        &self,
        tx: &mut Tx,
        cx: &Context,
        who: &Principal,
        id: Id,
        reason: &str,
    ) -> Result<(), Error> {
        let b = bulletin_in(tx, id).await?;
        let permit = self.access.check(who, "publish", &resource(&b.region, &b.agency, None), cx.now)?;
        reasoned(reason)?;
        if b.state == BulletinState::Withdrawn {
            return Err(Error::State(Text::of("该公告已撤回", "this list is withdrawn already")));
        }
        tx.exec_one(
            "update bulletin set state = 'withdrawn', reason = $1, withdrawn = $2, withdrawn_by = $3, version = version + 1 \
             where id = $4 and version = $5",
            &[reason.trim().into(), cx.now.into(), who.account.into(), id.into(), b.version.into()],
        )
        .await?;
        let body = serde_json::json!({ "slug": b.slug, "reason": reason.trim() });
        record(tx, cx, &permit, &b.region, id, "sampling.bulletin_withdrawn", body).await
    }

    /// Takes one published row back, or replaces it by what the record says now with an added remark; the old row stays
    /// readable.
    ///
    /// # Errors
    /// [`Error::Invalid`] without a reason; [`Error::State`] unless the row stands in a published list; [`Error::Denied`].
    pub async fn amend_row(
        &self,
        tx: &mut Tx,
        cx: &Context,
        who: &Principal,
        row: Id,
        to: RowState,
        reason: &str,
    ) -> Result<(), Error> {
        const ROW: &str = "select bulletin, sample, seq, state from bulletin_row where id = $1";
        let none = || Error::NotFound(format!("row {row}"));
        let sample = tx.first(ROW, &[row.into()]).await?.ok_or_else(none)?.id("sample")?;
        hold_failures(tx, &[sample]).await?;
        let found = tx.first(ROW, &[row.into()]).await?.ok_or_else(none)?;
        let b = bulletin_in(tx, found.id("bulletin")?).await?;
        let permit = self.access.check(who, "publish", &resource(&b.region, &b.agency, None), cx.now)?;
        reasoned(reason)?;
        if b.state != BulletinState::Published
            || found.text("state")? != RowState::Standing.word()
            || to == RowState::Standing
        {
            return Err(Error::State(Text::of(
                "只有已发布且有效的条目可以更正或撤回",
                "only a standing row of a published list can be corrected or taken back",
            )));
        }
        let sample = self.sample_in(tx, sample).await?;
        let row =
            PublishedRow { id: row, seq: found.int("seq")?, list: b.id, slug: b.slug, region: b.region };
        self.amend(tx, cx, &permit, &row, &sample, to, reason.trim()).await
    }

    #[expect(clippy::too_many_arguments, reason = "the house shape and what an amendment is")]
    async fn amend(
        &self,
        tx: &mut Tx,
        cx: &Context,
        permit: &Permit,
        row: &PublishedRow,
        sample: &Sample,
        to: RowState,
        reason: &str,
    ) -> Result<(), Error> {
        let new = if to == RowState::Corrected {
            let mut body = self.public_body(tx, sample).await?;
            body.remark = reason.to_owned();
            let (id, mut values) = (cx.id(), Vec::new());
            let seq = usize::try_from(row.seq).unwrap_or_default();
            push_row(&mut values, id, row.list, sample, seq, &body)?;
            insert_rows(tx, values).await?;
            Some(id)
        } else {
            None
        };
        tx.exec(
            "update bulletin_row set state = $1, reason = $2, changed = $3, replaced_by = $4 where id = $5",
            &[to.word().into(), reason.into(), cx.now.into(), new.into(), row.id.into()],
        )
        .await?;
        let body =
            serde_json::json!({ "slug": row.slug, "seq": row.seq, "state": to.word(), "reason": reason });
        record(tx, cx, permit, &row.region, row.list, "sampling.row_amended", body).await
    }

    /// Lists the reader may see, newest first: a draft only by who may draft or publish it, the rest by everybody.
    ///
    /// # Errors
    /// Storage.
    pub async fn bulletins(
        &self,
        store: &Store,
        who: &Principal,
        now: Instant,
    ) -> Result<Vec<Bulletin>, Error> {
        let mut sql = Sql::new(BULLETIN);
        sql.push(" where ").append(&self.sees_bulletin(who, now)).push(" order by u.id desc limit 300");
        Ok(store.select(&sql).await?.iter().map(read).collect::<Result<_, _>>()?)
    }

    /// One list, by the same rule.
    ///
    /// # Errors
    /// [`Error::NotFound`], also for what the reader may not see.
    pub async fn bulletin(
        &self,
        store: &Store,
        who: &Principal,
        now: Instant,
        id: Id,
    ) -> Result<Bulletin, Error> {
        let mut sql = Sql::new(BULLETIN);
        sql.push(" where u.id = ").bind(id).push(" and ").append(&self.sees_bulletin(who, now));
        let row = store.select(&sql).await?.into_iter().next();
        row.as_ref().map(read).transpose()?.ok_or_else(|| Error::NotFound(format!("bulletin {id}")))
    }

    fn sees_bulletin(&self, who: &Principal, now: Instant) -> Sql {
        let mut sql = Sql::new("(u.published is not null");
        for action in ["act", "publish"] {
            let scope = self.access.scope(who, action, "sample", now).with_agency("u.agency");
            sql.push(" or ").append(&scope.sql("u.region", None, None));
        }
        sql.push(")");
        sql
    }

    /// What the public reads of a sample.
    async fn public_body(&self, tx: &mut Tx, s: &Sample) -> Result<PublicRow, Error> {
        let results = results_in(tx, s.id).await?;
        let failures: Vec<_> =
            results.iter().filter(|r| !r.withdrawn && r.failing().is_some()).map(failure).collect();
        let book = Book::builtin();
        let mut risks: Vec<Text> = failures.iter().filter_map(|f| book.risk(&f.analyte).cloned()).collect();
        risks.dedup();
        let mut address = async |operator: Option<Id>| match operator {
            Some(id) => self.surroundings.address(tx, id).await.map_err(Error::Hook),
            None => Ok(String::new()),
        };
        let (producer_address, place_address) = (address(s.producer).await?, address(s.operator).await?);
        let form = tx.first("select body from sample_form where sample = $1", &[s.id.into()]).await?;
        let form: super::FormFields = match form {
            Some(row) => row.json("body")?,
            None => super::FormFields::default(),
        };
        let laboratory = match s.laboratory {
            Some(id) => self.surroundings.name(tx, id).await.map_err(Error::Hook)?,
            None => String::new(),
        };
        Ok(PublicRow {
            form_no: s.form_no.clone(),
            qualified: s.conclusion == Some(Conclusion::Qualified),
            product: s.product_name.clone(),
            trademark: form.trademark,
            spec: form.spec,
            lot: s.lot_no.clone().unwrap_or_default(),
            item: s.item.clone(),
            produced: s.produced.map(|d| d.to_string()).unwrap_or_default(),
            producer: s.producer_name.clone(),
            producer_address,
            place: s.place_name.clone(),
            place_address: if form.address.is_empty() { place_address } else { form.address },
            region: s.region.clone(),
            class: s.placing.class.clone().unwrap_or_default(),
            sampled: s.sampled.to_string(),
            report_no: s.report_no.clone().unwrap_or_default(),
            laboratory,
            failures,
            risks,
            remark: String::new(),
        })
    }
}

/// Holds the samples of a list and their failures as they are until the transaction ends: none of them is contested, overturned or judged
/// again between the question whether it may be published and the publication.
async fn held(tx: &mut Tx, bulletin: Id) -> Result<(), Error> {
    let rows =
        tx.query("select distinct sample from bulletin_row where bulletin = $1", &[bulletin.into()]).await?;
    let samples: Vec<Id> = rows.iter().map(|r| r.id("sample")).collect::<Result<_, _>>()?;
    hold_failures(tx, &samples).await
}

/// As [`held`], for these samples. The samples come first and then the failures, here and wherever both are locked.
async fn hold_failures(tx: &mut Tx, samples: &[Id]) -> Result<(), Error> {
    tx.lock("sample", samples).await?;
    let mut failures = Vec::new();
    for part in samples.chunks(500) {
        let mut sql = Sql::new("select id from nonconformity where sample in ");
        sql.bind_list(part.iter().copied());
        for row in tx.select(&sql).await? {
            failures.push(row.id("id")?);
        }
    }
    failures.sort_unstable();
    tx.lock("nonconformity", &failures).await?;
    Ok(())
}

/// Refuses a draft in which a failed sample is contested, or its days run anew, since it was drafted.
async fn still_publishable(tx: &mut Tx, cx: &Context, bulletin: Id) -> Result<(), Error> {
    let mut sql =
        Sql::new("select s.form_no from bulletin_row b join sample s on s.id = b.sample where b.bulletin = ");
    sql.bind(bulletin)
        .push(" and not (")
        .append(&publishable(cx.now.china_date()))
        .push(") order by b.seq limit 20");
    let names: Vec<String> =
        tx.select(&sql).await?.iter().map(|r| r.text("form_no")).collect::<Result<_, _>>()?;
    if names.is_empty() {
        return Ok(());
    }
    let list = names.join("、");
    Err(Error::State(Text::new(
        format!("下列样品起草后进入复检、异议或结论已改变，不能发布，请撤回本草稿后重新起草：{list}"),
        format!("contested or changed since the draft; take the draft back and draft anew: {list}"),
    )))
}

/// A standing row of a published list.
struct PublishedRow {
    id: Id,
    seq: i64,
    list: Id,
    slug: String,
    region: String,
}

async fn published_rows_of(tx: &mut Tx, sample: Id, failing: bool) -> Result<Vec<PublishedRow>, Error> {
    let mut sql = Sql::new(
        "select b.id, b.seq, u.id as list, u.slug, u.region from bulletin_row b join bulletin u on u.id = b.bulletin \
         where b.state = 'standing' and u.state = 'published' and b.sample = ",
    );
    sql.bind(sample).push(if failing { " and b.qualified = 0" } else { "" });
    let rows = tx.select(&sql).await?;
    let read = |r: &Row| {
        Ok::<_, store::Error>(PublishedRow {
            id: r.id("id")?,
            seq: r.int("seq")?,
            list: r.id("list")?,
            slug: r.text("slug")?,
            region: r.text("region")?,
        })
    };
    Ok(rows.iter().map(read).collect::<Result<_, _>>()?)
}

/// Takes the published failure of a sample back because it was overturned; a draft is stopped when it is to be published, and a row that
/// says by a corrected report that the sample passes stays.
pub(crate) async fn retract_overturned(
    lab: &Lab,
    tx: &mut Tx,
    cx: &Context,
    permit: &Permit,
    sample: Id,
) -> Result<(), Error> {
    const WHY: &str = "复检或异议推翻了不合格结论";
    let sample = lab.sample_in(tx, sample).await?;
    for row in published_rows_of(tx, sample.id, true).await? {
        lab.amend(tx, cx, permit, &row, &sample, RowState::Retracted, WHY).await?;
    }
    Ok(())
}

/// A corrected report: published rows of the sample are corrected where it passes and taken back where it does not; rows of drafts say
/// what the report says now.
pub(crate) async fn correct_published(
    lab: &Lab,
    tx: &mut Tx,
    cx: &Context,
    permit: &Permit,
    sample: &Sample,
    passes: bool,
    why: &str,
) -> Result<(), Error> {
    let to = if passes { RowState::Corrected } else { RowState::Retracted };
    for row in published_rows_of(tx, sample.id, false).await? {
        lab.amend(tx, cx, permit, &row, sample, to, why).await?;
    }
    let body = lab.public_body(tx, sample).await?;
    tx.exec(
        "update bulletin_row set qualified = $1, words = $2, body = $3 where sample = $4 and bulletin in \
         (select id from bulletin where state = 'draft')",
        &[body.qualified.into(), body.words().into(), super::freeze::json(&body)?.into(), sample.id.into()],
    )
    .await?;
    Ok(())
}

fn reasoned(reason: &str) -> Result<(), Error> {
    if !reason.trim().is_empty() {
        return Ok(());
    }
    let text = Text::of("请填写理由，理由将一并公开", "give the reason; it is published too");
    Err(Error::Invalid(vec![Problem::new("reason", Text::of("理由", "reason"), "", text)]))
}

fn push_row(
    values: &mut Vec<store::Value>,
    id: Id,
    bulletin: Id,
    sample: &Sample,
    seq: usize,
    body: &PublicRow,
) -> Result<(), Error> {
    values.extend([
        id.into(),
        bulletin.into(),
        sample.id.into(),
        i64::try_from(seq).unwrap_or(i64::MAX).into(),
        body.qualified.into(),
        sample.region.as_str().into(),
        sample.placing.class.clone().into(),
        body.words().into(),
        super::freeze::json(body)?.into(),
        RowState::Standing.word().into(),
    ]);
    Ok(())
}

async fn insert_rows(tx: &mut Tx, values: Vec<store::Value>) -> Result<(), Error> {
    let head =
        "insert into bulletin_row (id, bulletin, sample, seq, qualified, region, class, words, body, state)";
    tx.insert_many(head, 10, values, "").await?;
    Ok(())
}

async fn record(
    tx: &mut Tx,
    cx: &Context,
    permit: &Permit,
    region: &str,
    id: Id,
    kind: &'static str,
    body: serde_json::Value,
) -> Result<(), Error> {
    let entry =
        Entry { kind, region: region.to_owned(), subject: format!("bulletin:{id}"), body, private: None };
    ledger::append(tx, cx, permit, entry).await?;
    Ok(())
}

pub(crate) const BULLETIN: &str = "select u.id, u.version, u.slug, u.region, u.agency, u.title, u.title_en, u.state, \
    u.drafted_by, u.published, u.sha256, u.journal, u.reason, u.withdrawn, \
    (select count(*) from bulletin_row b where b.bulletin = u.id and b.state = 'standing' and b.qualified = 1) as good, \
    (select count(*) from bulletin_row b where b.bulletin = u.id and b.state = 'standing' and b.qualified = 0) as bad \
    from bulletin u";

async fn bulletin_in(tx: &mut Tx, id: Id) -> Result<Bulletin, Error> {
    let mut sql = Sql::new(BULLETIN);
    sql.push(" where u.id = ").bind(id);
    let row = tx.select(&sql).await?.into_iter().next();
    row.as_ref().map(read).transpose()?.ok_or_else(|| Error::NotFound(format!("bulletin {id}")))
}

pub(crate) fn read(row: &Row) -> Result<Bulletin, store::Error> {
    Ok(Bulletin {
        id: row.id("id")?,
        version: row.int("version")?,
        slug: row.text("slug")?,
        region: row.text("region")?,
        agency: row.text("agency")?,
        title: Text::new(row.text("title")?, row.text("title_en")?),
        state: row.parsed("state")?,
        drafted_by: row.opt_id("drafted_by")?,
        published: row.opt_instant("published")?,
        sha256: row.opt_text("sha256")?,
        journal: row.opt_id("journal")?,
        reason: row.opt_text("reason")?,
        withdrawn: row.opt_instant("withdrawn")?,
        qualified: row.int("good")?,
        unqualified: row.int("bad")?,
    })
}

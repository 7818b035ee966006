//! An engine with small real effects, people, and short ways to write and read.

use access::{Access, Principal, Role};
use async_trait::async_trait;
use base::{Decimal, Id, IdGen, Instant, Lang, Text};
use flow::{
    DocumentSource, Effect, EffectCx, EffectError, EffectOut, Effects, Engine, Field, FieldType, Form,
    MatterDraft, NewItem, NewMatter, NewTask, Procedure, Render,
};
use ledger::Context;
use serde_json::{Value as Json, json};
use std::collections::BTreeMap;
use std::sync::Arc;
use store::attachments::{Attachments, Kept};
use store::{Store, Tx};
use tokio::sync::OnceCell;

/// The effects `shian` registers for the procedures of the rulebook.
pub(crate) const OUTSIDE: [&str; 21] = [
    "supply.recall_scope",
    "lab.settle_nonconformity",
    "lab.settle_serious",
    "lab.hold_nonconformity",
    "lab.draw_retest_laboratory",
    "lab.record_service",
    "lab.file_contest",
    "lab.freeze_retest_draw",
    "registry.find_licence",
    "registry.screen",
    "registry.grant_licence",
    "registry.set_licence",
    "registry.ban",
    "registry.note_credit",
    "registry.close_credit",
    "registry.count_credit",
    "registry.check_repair",
    "registry.set_grade",
    "registry.plan_inspections",
    "case.manifest",
    "case.sign",
];

/// County, place, expected kilograms.
pub(crate) const PLACES: [(&str, &str, i64); 4] =
    [("620102", "shop-1", 40), ("620102", "shop-2", 30), ("620104", "depot", 100), ("620802", "school", 20)];

/// A picture of one point and a page without words, with the hashes that name them.
pub(crate) const PHOTO: (&[u8], &str) = (
    include_bytes!("../../../../testdata/papers/photo.png"),
    "d44c0303173ecdb8ba72a7ab688f020583b31865537e2f9ab57e56aeec687807",
);
pub(crate) const PAPER: (&[u8], &str) = (
    include_bytes!("../../../../testdata/papers/paper.pdf"),
    "4028af3714fa07d2f20e758649532faef11b4818c99a2b8dc0c88170a0dc8784",
);

pub(crate) const FIRM: Id = Id(7_000_001);

/// Puts every place of [`PLACES`] under a recall check, seals the depot, asks the producer, opens the recall.
struct Scope;

#[async_trait]
impl Effect for Scope {
    async fn run(
        &self,
        _tx: &mut Tx,
        cx: &EffectCx<'_>,
        matter: &mut MatterDraft,
        params: &BTreeMap<String, Json>,
    ) -> Result<EffectOut, EffectError> {
        let kind = |name: &str| params[name].as_str().unwrap().to_owned();
        let item = |(region, place, kg): &(&str, &str, i64)| NewItem {
            subject: format!("https://id.gs1.org/414/{place}"),
            site: None,
            label: format!("虚构{place}"),
            region: (*region).to_owned(),
            expected: Some(Decimal::from(*kg)),
            unit: "kg".to_owned(),
        };
        let mut checked: Vec<NewItem> = PLACES.iter().map(item).collect();
        let widened = cx.step == "widen";
        let shipped = if widened { "200" } else { "190" };
        if widened {
            checked.push(item(&("620802", "canteen", 10)));
        }
        let mut out = EffectOut::default();
        out.tasks.extend(NewTask::by_county(&kind("check"), checked.clone()));
        out.tasks.extend(NewTask::by_county(&kind("seal"), vec![checked[2].clone()]));
        out.tasks.extend(NewTask::by_county(&kind("source"), vec![item(&("620402", "mill", 200))]));
        matter.set("shipped", shipped);
        matter.set("unit", "kg");
        matter.set("places", checked.len());
        let title = Text::new(format!("召回：{}", matter.title.zh), format!("Recall: {}", matter.title.en));
        let recall = NewMatter::new("620402", matter.fact("item"), title)
            .of_operator(Some(FIRM))
            .with_key(format!("recall:{}", matter.id))
            .fact("product", matter.fact("product"))
            .fact("harm", matter.fact("harm"))
            .fact("shipped", shipped)
            .fact("unit", "kg");
        out.matters.push((kind("recall"), recall));
        Ok(out)
    }
}

/// Stands for the laboratory's settlement: remembers the state as a link.
struct Settle;

#[async_trait]
impl Effect for Settle {
    async fn run(
        &self,
        _tx: &mut Tx,
        _cx: &EffectCx<'_>,
        matter: &mut MatterDraft,
        params: &BTreeMap<String, Json>,
    ) -> Result<EffectOut, EffectError> {
        let state = params["state"].as_str().unwrap().to_owned();
        let link = flow::NewLink { kind: "settled".into(), target: matter.subject.clone(), label: state };
        Ok(EffectOut { links: vec![link], ..EffectOut::default() })
    }
}

/// Stands for what only the laboratory notes.
struct Nothing;

#[async_trait]
impl Effect for Nothing {
    async fn run(
        &self,
        _tx: &mut Tx,
        _cx: &EffectCx<'_>,
        _matter: &mut MatterDraft,
        _params: &BTreeMap<String, Json>,
    ) -> Result<EffectOut, EffectError> {
        Ok(EffectOut::default())
    }
}

/// Puts the facts behind the template's text.
pub(crate) struct Plain;

impl Render for Plain {
    fn render(&self, source: &DocumentSource<'_>, context: &Json) -> Result<(Text, Text), EffectError> {
        let product = context["facts"]["product"].as_str().unwrap_or_default();
        let body = |text: &str| format!("{text}<!-- {product} -->");
        Ok((source.title.clone(), Text::new(body(source.zh), body(source.en))))
    }

    fn text(&self, html: &str) -> String {
        html.to_owned()
    }

    fn html(&self, text: &str) -> String {
        text.to_owned()
    }
}

pub(crate) fn effects() -> Effects {
    let mut effects = Effects::builtin();
    effects.register(OUTSIDE[0], Arc::new(Scope)).register(OUTSIDE[1], Arc::new(Settle));
    for name in &OUTSIDE[2..] {
        effects.register(name, Arc::new(Nothing));
    }
    effects
}

/// The shipped procedures and those given.
pub(crate) fn engine_with(more: Vec<flow::Definition>) -> Engine {
    let all = flow::shipped().unwrap().into_iter().chain(more);
    Engine::new(
        all.map(|d| Procedure::compile(d).unwrap()).collect(),
        effects(),
        Arc::new(Plain),
        access::Vault::from_key([7; 32]),
    )
}

pub(crate) struct World {
    pub(crate) store: Store,
    pub(crate) engine: Engine,
    pub(crate) access: Access,
    pub(crate) ids: Arc<IdGen>,
    pub(crate) now: Instant,
}

impl World {
    pub(crate) fn new(store: Store, engine: Engine) -> Self {
        let now = Instant::china(base::Date::constant(2026, 9, 28), 9, 0);
        Self { store, engine, access: access::testing::access(), ids: Arc::new(IdGen::new(1)), now }
    }

    pub(crate) async fn all() -> Vec<(&'static str, Self)> {
        let stores = store::testing::stores().await;
        stores.into_iter().map(|(name, store)| (name, Self::new(store, engine_with(Vec::new())))).collect()
    }

    pub(crate) fn cx(&self, who: &Principal) -> Context {
        Context { now: self.now, ids: self.ids.clone(), actor: who.actor(), lang: Lang::Zh }
    }

    pub(crate) fn after_hours(&mut self, hours: i64) {
        self.now = self.now.plus_seconds(hours * 3600);
    }

    pub(crate) async fn open(
        &self,
        who: &Principal,
        procedure: &str,
        new: NewMatter,
    ) -> Result<Id, flow::Error> {
        let mut tx = self.store.begin().await?;
        let opened =
            flow::open(&mut tx, &self.cx(who), &self.engine, &self.access, who, procedure, new).await?;
        tx.commit().await?;
        Ok(opened.matter)
    }

    pub(crate) async fn step(
        &self,
        who: &Principal,
        matter: Id,
        name: &str,
        form: Json,
    ) -> Result<flow::Outcome, flow::Error> {
        let version = self.version(matter).await;
        self.step_at(who, matter, version, name, form).await
    }

    pub(crate) async fn step_at(
        &self,
        who: &Principal,
        matter: Id,
        version: i64,
        name: &str,
        form: Json,
    ) -> Result<flow::Outcome, flow::Error> {
        let mut tx = self.store.begin().await?;
        let cx = self.cx(who);
        let out =
            flow::transition(&mut tx, &cx, &self.engine, &self.access, who, matter, version, name, &form)
                .await?;
        tx.commit().await?;
        Ok(out)
    }

    pub(crate) async fn report(
        &self,
        who: &Principal,
        item: Id,
        version: i64,
        form: Json,
    ) -> Result<flow::ItemOutcome, flow::Error> {
        let mut tx = self.store.begin().await?;
        let cx = self.cx(who);
        let out =
            flow::report_item(&mut tx, &cx, &self.engine, &self.access, who, item, version, &form).await?;
        tx.commit().await?;
        Ok(out)
    }

    /// The papers [`fill`] names, sent in by a person as a page does it.
    pub(crate) async fn send_papers(&self, tx: &mut Tx, who: &Principal) {
        static KEPT: OnceCell<(tempfile::TempDir, Attachments, Vec<Kept>)> = OnceCell::const_new();
        let (_, attachments, kept) = KEPT
            .get_or_init(|| async {
                let folder = tempfile::tempdir().unwrap();
                let attachments = Attachments::new(folder.path());
                let mut kept = Vec::new();
                for (bytes, hash) in [PHOTO, PAPER] {
                    kept.push(attachments.keep(bytes.to_vec()).await.unwrap());
                    assert_eq!(kept.last().unwrap().attachment().sha256, hash);
                }
                (folder, attachments, kept)
            })
            .await;
        for paper in kept {
            flow::record_file(tx, &self.cx(who), attachments, paper).await.unwrap();
        }
    }

    /// Puts a person on record, with account and grants.
    pub(crate) async fn enrol(&self, who: &Principal) {
        let mut tx = self.store.begin().await.unwrap();
        tx.exec(
            "insert into account (id, version, login, region, operator, name, password, must_change, status, failures, totp_state, totp_step, \
             created_at) values ($1, 1, $2, '620102', $3, $4, '', 0, 'active', 0, 'off', 0, $5)",
            &[
                who.account.into(),
                who.login.as_str().into(),
                who.operator.into(),
                vec![0_u8].into(),
                self.now.into(),
            ],
        )
        .await
        .unwrap();
        for g in &who.grants {
            tx.exec(
                "insert into account_grant (id, account, role, region, agency, ceiling, valid_from, created_at) \
                 values ($1, $2, $3, $4, $5, $6, $7, $8)",
                &[
                    self.ids.next(self.now).into(),
                    who.account.into(),
                    g.role.code().into(),
                    g.region.as_str().into(),
                    g.agency.as_str().into(),
                    i64::from(g.ceiling).into(),
                    g.from.into(),
                    self.now.into(),
                ],
            )
            .await
            .unwrap();
        }
        tx.commit().await.unwrap();
    }

    pub(crate) async fn version(&self, matter: Id) -> i64 {
        let row = self.store.one("select version from matter where id = $1", &[matter.into()]).await.unwrap();
        row.int("version").unwrap()
    }

    pub(crate) async fn count(&self, sql: &'static str, matter: Id) -> i64 {
        self.store.one(sql, &[matter.into()]).await.unwrap().int("n").unwrap()
    }

    /// A disposal matter in 兰州 城关, as the failed report opens it.
    pub(crate) async fn disposal(&self, who: &Principal) -> Id {
        let title = Text::of("虚构面粉铅超标", "Lead in a fictitious flour");
        let new = NewMatter::new("620102", "nonconformity:1", title)
            .fact("product", "虚构面粉")
            .fact("item", "https://id.gs1.org/01/06900000000017/10/L1")
            .fact("harm", "general");
        self.open(who, "disposal", new).await.unwrap()
    }

    pub(crate) async fn view(&self, who: &Principal, matter: Id) -> flow::view::MatterView {
        flow::view::matter(&self.store, &self.engine, &self.access, who, self.now, matter).await.unwrap()
    }

    pub(crate) async fn task(&self, who: &Principal, task: Id) -> flow::view::TaskView {
        flow::view::task(&self.store, &self.engine, &self.access, who, self.now, task).await.unwrap()
    }
}

/// An officer of market supervision with an account of their own.
pub(crate) fn officer(account: i64, region: &str) -> Principal {
    access::testing::principal(account, Role::Officer, region, "market", None)
}

/// A deciding desk.
pub(crate) fn desk(account: i64, region: &str) -> Principal {
    access::testing::principal(account, Role::Desk, region, "market", None)
}

/// The producer's account.
pub(crate) fn firm() -> Principal {
    access::testing::firm(FIRM)
}

pub(crate) fn found(kg: &str, recovered: &str, sold: &str) -> Json {
    json!({"outcome": "open", "found": kg, "recovered": recovered, "sold": sold})
}

/// Fills every field with something right for its type; a choice takes its option number `turn`.
pub(crate) fn fill(form: &Form, turn: usize) -> Json {
    fn value(field: &Field, turn: usize) -> Json {
        let option = || field.options[turn % field.options.len()].id.clone();
        let number =
            || field.min.unwrap_or(Decimal::ONE).max(Decimal::ONE).min(field.max.unwrap_or(Decimal::MAX));
        match field.kind {
            FieldType::Text | FieldType::LongText | FieldType::Lot => json!("文字"),
            FieldType::Number | FieldType::Money => json!(number().to_string()),
            FieldType::Date => json!("2026-09-28"),
            FieldType::Region => json!("620102"),
            FieldType::Select => json!(option()),
            FieldType::Multi => json!([option()]),
            FieldType::YesNo => json!(turn.is_multiple_of(2)),
            FieldType::Operator => json!(FIRM),
            FieldType::Person => json!({"name": "虚构甲", "phone": "13800000000"}),
            FieldType::Limit => json!("GB2762-2022/1"),
            FieldType::Signature => json!({"name": "虚构乙", "image": [PHOTO.1]}),
            FieldType::Position => json!({"lat": "36.06", "lon": "103.83"}),
            FieldType::File => json!([PAPER.1]),
            FieldType::Photo => json!([PHOTO.1]),
            FieldType::Part => Json::Null,
            FieldType::Checklist => {
                let row = |i: &flow::CheckItem| json!({"item": i.id, "result": "pass"});
                field.items.iter().map(row).collect()
            }
            FieldType::Group => {
                let row: serde_json::Map<_, _> =
                    field.fields.iter().map(|f| (f.id.clone(), value(f, turn))).collect();
                let mut other = row.clone();
                if let Some(column) = &field.distinct {
                    other.insert(column.clone(), json!("另一文字"));
                }
                json!([row, other])
            }
        }
    }
    let entry: serde_json::Map<_, _> =
        form.leaves().into_iter().map(|f| (f.id.clone(), value(f, turn))).collect();
    Json::Object(entry)
}

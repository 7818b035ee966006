//! A small province in process: a real store, real rights, procedures, laboratory and trace; a fictitious register of
//! six places; accounts of every role; and a client that speaks HTTP to the router.

use access::{Grant, NewAccount, Principal, Role};
use async_trait::async_trait;
use axum::Router;
use axum::body::Body;
use axum::http::{HeaderMap, Method, Request, StatusCode, header};
use base::{Date, Decimal, Id, IdGen, Instant, Lang, Text};
use flow::{
    DocumentSource, Effect, EffectCx, EffectError, EffectOut, Effects, Engine, MatterDraft, NewItem,
    NewMatter, NewTask, Procedure, Render,
};
use lab::{Asked, Consequence, Found, HookError, Lab, Nonconformity, Stage, Surroundings};
use ledger::{Actor, Context, FileSigner, Sequencer};
use serde_json::{Value, json};
use std::collections::{BTreeMap, HashMap};
use std::sync::{Arc, OnceLock, Weak};
use store::Tx;
use supply::{DirectoryError, OperatorInfo, Partner, PlaceDirectory, PlaceInfo, Supply};
use tower::ServiceExt;
use web::App;

pub(crate) const PASSWORD: &str = "fictitious-password-1";
pub(crate) const ORIGIN: &str = "https://shian.example";
/// The laboratory's operator.
pub(crate) const LABORATORY: Id = Id(50);

/// Noon of the day the tests play on.
pub(crate) fn now() -> Instant {
    Instant::china(Date::constant(2026, 11, 21), 12, 0)
}

/// [`now`], and the time that has passed since it was first asked.
pub(crate) fn running() -> Instant {
    static START: OnceLock<std::time::Instant> = OnceLock::new();
    let passed = START.get_or_init(std::time::Instant::now).elapsed();
    Instant(now().0 + i64::try_from(passed.as_micros()).unwrap())
}

/// Site key of operator `n`.
pub(crate) fn site(n: i64) -> String {
    let gln = base::Gln::with_check(&format!("69900000{n:04}")).unwrap();
    format!("https://id.gs1.org/414/{gln}")
}

/// Lot key of product 1.
pub(crate) fn lot(number: &str) -> String {
    let gtin = base::Gtin::with_check("0690000000001").unwrap();
    format!("https://id.gs1.org/01/{gtin}/10/{number}")
}

struct Register(Vec<PlaceInfo>);

impl Register {
    fn new() -> Self {
        let forms = ["farm", "producer", "wholesale", "retail", "retail", "catering"];
        let place = |n: i64| PlaceInfo {
            key: site(n),
            operator: Some(Id(n)),
            operator_name: format!("虚构经营者{n}"),
            site: Some(Id(n + 100)),
            name: format!("虚构场所{n}"),
            region: "620102".to_owned(),
            form: forms[usize::try_from(n - 1).unwrap()].to_owned(),
        };
        Self((1..=6).map(place).collect())
    }
}

#[async_trait]
impl PlaceDirectory for Register {
    async fn owners(&self, keys: &[String]) -> Result<HashMap<String, PlaceInfo>, DirectoryError> {
        Ok(self.0.iter().filter(|p| keys.contains(&p.key)).map(|p| (p.key.clone(), p.clone())).collect())
    }

    /// Every product is the first operator's.
    async fn stewards(&self, keys: &[String]) -> Result<HashMap<String, (Id, String)>, DirectoryError> {
        let products = keys.iter().filter(|k| k.starts_with("https://id.gs1.org/01/"));
        Ok(products.map(|k| (k.clone(), (Id(1), "虚构经营者1".to_owned()))).collect())
    }

    async fn operator(&self, id: Id) -> Result<Option<OperatorInfo>, DirectoryError> {
        let places: Vec<_> = self.0.iter().filter(|p| p.operator == Some(id)).cloned().collect();
        Ok(places.first().cloned().map(|p| OperatorInfo {
            id,
            name: p.operator_name,
            region: p.region,
            places,
        }))
    }

    async fn partners(&self, partners: &[Partner]) -> Result<Vec<Vec<PlaceInfo>>, DirectoryError> {
        let one = |partner: &Partner| {
            let fits = |p: &&PlaceInfo| match partner {
                Partner::Gln(gln) => p.key.ends_with(gln.as_str()),
                Partner::Uscc(_) => false,
                Partner::Name(name) => p.operator_name == *name,
            };
            self.0.iter().filter(fits).cloned().collect()
        };
        Ok(partners.iter().map(one).collect())
    }
}

/// Opens the disposal of a failed sample.
#[derive(Default)]
struct Disposal(OnceLock<Weak<Engine>>);

#[async_trait]
impl Consequence for Disposal {
    async fn nonconforming(
        &self,
        tx: &mut Tx,
        cx: &Context,
        n: &Nonconformity,
    ) -> Result<Option<Id>, HookError> {
        let engine = self.0.get().and_then(Weak::upgrade).ok_or("no engine")?;
        let title = Text::of("虚构挂面不合格核查处置", "Disposal of fictitious noodles");
        let new = NewMatter::new("620102", format!("nonconformity:{}", n.id), title)
            .with_key(format!("disposal:{}", n.id))
            .fact("product", n.product_name.as_str())
            .fact("item", n.item.clone().unwrap_or_else(|| lot("L1")))
            .fact("harm", "general");
        let authority = flow::Authority::System("lab.nonconformity");
        Ok(Some(flow::open_as(tx, cx, &engine, authority, "disposal", new).await?.matter))
    }

    async fn serious(
        &self,
        _: &mut Tx,
        _: &Context,
        _: &lab::NewSerious<'_>,
    ) -> Result<Option<Id>, HookError> {
        Ok(Some(Id(78)))
    }

    async fn corrected(
        &self,
        _: &mut Tx,
        _: &Context,
        report: &lab::CorrectedReport<'_>,
    ) -> Result<Option<Id>, HookError> {
        Ok(report.nonconformity.matter)
    }

    async fn contest(
        &self,
        tx: &mut Tx,
        cx: &Context,
        who: &access::Principal,
        new: &lab::NewContest<'_>,
    ) -> Result<Id, HookError> {
        let engine = self.0.get().and_then(Weak::upgrade).ok_or("no engine")?;
        let n = new.nonconformity;
        let mut matter = NewMatter::new("620102", format!("nonconformity:{}", n.id), new.kind.label())
            .of_operator(new.applicant)
            .with_key(format!("{}:{}", new.kind.word(), n.id));
        matter.parent = n.matter;
        match flow::open(tx, cx, &engine, &access::testing::access(), who, new.kind.word(), matter).await {
            Ok(opened) => Ok(opened.matter),
            Err(flow::Error::Denied(denied)) => Err(denied.into()),
            Err(other) => Err(other.into()),
        }
    }
}

struct Around;

#[async_trait]
impl Surroundings for Around {
    async fn lot_known(&self, tx: &mut Tx, item: &str) -> Result<bool, HookError> {
        Ok(tx.first("select item from lot where item = $1", &[item.into()]).await?.is_some())
    }

    async fn find(&self, _: &mut Tx, asked: &Asked) -> Result<Option<Found>, HookError> {
        let all = Register::new().0;
        let fits = |p: &&PlaceInfo| asked.place.as_ref() == Some(&p.key) || asked.name == p.operator_name;
        Ok(all.iter().find(fits).map(|p| Found {
            operator: p.operator,
            site: p.site,
            place: Some(p.key.clone()),
            name: p.operator_name.clone(),
            region: p.region.clone(),
            ..Found::default()
        }))
    }

    async fn roster(&self, _: &mut Tx, region: &str, _: Stage) -> Result<Vec<Found>, HookError> {
        let one = |n: i64| Found {
            operator: Some(Id(n)),
            site: Some(Id(100 + n)),
            place: Some(format!("https://id.gs1.org/414/699000000{n:04}")),
            name: format!("虚构商店{n}"),
            region: region.to_owned(),
            ..Found::default()
        };
        Ok((1..=12).map(one).collect())
    }

    async fn address(&self, _: &mut Tx, _: Id) -> Result<String, HookError> {
        Ok("虚构路 1 号".to_owned())
    }

    async fn name(&self, _: &mut Tx, _: Id) -> Result<String, HookError> {
        Ok("虚构检验机构".to_owned())
    }

    async fn laboratories(&self, _: &mut Tx) -> Result<Vec<Found>, HookError> {
        let one = |id| Found { operator: Some(id), region: "620102".to_owned(), ..Found::default() };
        Ok([LABORATORY, Id(901), Id(902)].map(one).to_vec())
    }

    async fn samplers(
        &self,
        _: &mut Tx,
        region: &str,
        _: &str,
        _: Date,
    ) -> Result<Vec<(Id, String)>, HookError> {
        let who = access::testing::officer(region).account;
        Ok(vec![(who, "甲".to_owned()), (Id(who.0 + 7), "乙".to_owned())])
    }
}

/// Two shops of one county to be checked.
struct Scope;

#[async_trait]
impl Effect for Scope {
    async fn run(
        &self,
        _: &mut Tx,
        _: &EffectCx<'_>,
        matter: &mut MatterDraft,
        params: &BTreeMap<String, Value>,
    ) -> Result<EffectOut, EffectError> {
        let items = [4, 5].map(|n| NewItem {
            subject: site(n),
            site: None,
            label: format!("虚构场所{n}"),
            region: "620102".to_owned(),
            expected: Some(Decimal::from(30)),
            unit: "kg".to_owned(),
        });
        let mut out = EffectOut::default();
        out.tasks.extend(NewTask::by_county(params["check"].as_str().unwrap_or_default(), items.to_vec()));
        matter.set("shipped", "60");
        matter.set("unit", "kg");
        matter.set("places", 2);
        Ok(out)
    }
}

struct Nothing;

#[async_trait]
impl Effect for Nothing {
    async fn run(
        &self,
        _: &mut Tx,
        _: &EffectCx<'_>,
        _: &mut MatterDraft,
        _: &BTreeMap<String, Value>,
    ) -> Result<EffectOut, EffectError> {
        Ok(EffectOut::default())
    }
}

struct Plain;

impl Render for Plain {
    fn render(&self, source: &DocumentSource<'_>, _: &Value) -> Result<(Text, Text), EffectError> {
        Ok((source.title.clone(), Text::new(source.zh.to_owned(), source.en.to_owned())))
    }

    fn text(&self, html: &str) -> String {
        html.to_owned()
    }

    fn html(&self, text: &str) -> String {
        text.to_owned()
    }
}

fn engine() -> Engine {
    let mut effects = Effects::builtin();
    effects
        .register("supply.recall_scope", Arc::new(Scope))
        .register("lab.settle_nonconformity", Arc::new(Nothing))
        .register("lab.file_contest", Arc::new(Nothing));
    let definitions = flow::shipped().unwrap().into_iter().chain([crate::work::visit()]);
    let procedures = definitions.map(|d| Procedure::compile(d).unwrap()).collect();
    Engine::new(procedures, effects, Arc::new(Plain), access::Vault::from_key([7; 32]))
}

/// The province and its router.
pub(crate) struct Province {
    pub(crate) app: Arc<App>,
    pub(crate) router: Router,
    accounts: HashMap<&'static str, Id>,
    _files: tempfile::TempDir,
}

/// What came back.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Vec<u8>,
}

impl Answer {
    pub(crate) fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }

    pub(crate) fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap_or_else(|e| panic!("{e}: {} {}", self.status, self.text()))
    }

    pub(crate) fn header(&self, name: &str) -> &str {
        self.headers.get(name).and_then(|v| v.to_str().ok()).unwrap_or_default()
    }

    /// The type of a problem document, which it must be.
    pub(crate) fn problem(&self) -> String {
        assert_eq!(
            self.header("content-type"),
            "application/problem+json",
            "{} {}",
            self.status,
            self.text()
        );
        let body = self.json();
        assert_eq!(body["status"], self.status.as_u16(), "{body}");
        assert!(body["detail"].as_str().is_some_and(|d| !d.is_empty()), "{body}");
        body["type"].as_str().unwrap_or_default().to_owned()
    }
}

/// How a request says who it comes from.
pub(crate) enum As<'a> {
    Nobody,
    Token(&'a str),
    /// A session cookie; `true`: from a page of this site.
    Session(&'a str, bool),
}

impl Province {
    pub(crate) async fn new() -> Self {
        Self::with_clock(now).await
    }

    /// The same with a clock that runs from [`now`] on.
    pub(crate) async fn running() -> Self {
        Self::with_clock(running).await
    }

    async fn with_clock(clock: fn() -> Instant) -> Self {
        let (_, store) = store::testing::stores().await.swap_remove(0);
        let access = access::testing::access();
        let supply = Supply::open(store.clone(), access.clone(), Arc::new(Register::new())).await.unwrap();
        let supply = supply.with_case_files(Arc::new(crate::quiet::AnyMatter(access.clone())));
        let disposal = Arc::new(Disposal::default());
        let rules = limits::Rules::builtin();
        let lab = Lab::new(access.clone(), rules, disposal.clone(), Arc::new(Around));
        let engine = Arc::new(engine());
        let _ = disposal.0.set(Arc::downgrade(&engine));
        let files = tempfile::tempdir().unwrap();
        let app = Arc::new(App {
            attachments: store::attachments::Attachments::new(files.path()),
            recent: access::Recent::of(&store),
            store,
            watch: watch::Watch::new(access.clone()),
            access,
            engine,
            lab,
            field: field::Field::new(access::testing::access(), Arc::new(crate::quiet::Quiet)),
            target: target::Target::new(
                access::testing::access(),
                Arc::new(target::testing::Town::default()),
                "62",
            ),
            supply,
            rules,
            ids: Arc::new(IdGen::new(1)),
            clock,
            origin: ORIGIN.to_owned(),
            prefixes: web::Prefixes::default(),
            outbound: web::outbound::Outbound::new(Vec::new(), true),
            bench: std::sync::Arc::default(),
            faces: web::Faces::default(),
            secure_cookies: false,
            sockets: web::Sockets::default(),
        });
        let router = web::router(app.clone());
        let mut province = Self { app, router, accounts: HashMap::new(), _files: files };
        province.populate().await;
        province
    }

    pub(crate) fn cx(&self, who: &str) -> Context {
        Context { now: now(), ids: self.app.ids.clone(), actor: Actor::system(who), lang: Lang::Zh }
    }

    async fn populate(&mut self) {
        let people: [(&'static str, Role, &str, &str, Option<Id>); 10] = [
            ("admin", Role::Admin, "", "", None),
            ("firm1", Role::Firm, "", "", Some(Id(1))),
            ("firm2", Role::Firm, "", "", Some(Id(2))),
            ("officer", Role::Officer, "620102", "market", None),
            ("desk", Role::Desk, "620102", "market", None),
            ("above", Role::Desk, "62", "market", None),
            ("elsewhere", Role::Officer, "620802", "market", None),
            ("leader", Role::Leader, "62", "market", None),
            ("lab1", Role::Laboratory, "", "", Some(LABORATORY)),
            ("lab2", Role::Laboratory, "", "", Some(LABORATORY)),
        ];
        let cx = self.cx("test");
        let mut admin = Principal::anonymous();
        for (login, role, region, agency, operator) in people {
            let new = NewAccount {
                login: login.to_owned(),
                password: self.app.access.hash_password(login, PASSWORD).unwrap(),
                name: format!("虚构{login}"),
                phone: None,
                region: if login == "admin" { String::new() } else { "62".to_owned() },
                operator,
                must_change: false,
            };
            let mut tx = self.app.store.begin().await.unwrap();
            let id = if login == "admin" {
                access::account::create_first_account(&mut tx, &cx, &self.app.access, new).await.unwrap()
            } else {
                let access = &self.app.access;
                let id = access::account::create_account(&mut tx, &cx, access, &admin, new).await.unwrap();
                let grant = Grant {
                    ceiling: if matches!(role, Role::Firm | Role::Laboratory) { 1 } else { 2 },
                    role,
                    region: region.to_owned(),
                    agency: agency.to_owned(),
                    from: Date::constant(2020, 1, 1),
                    to: None,
                };
                access::testing::give(&mut tx, &cx, access, &admin, id, &grant).await;
                id
            };
            tx.commit().await.unwrap();
            self.accounts.insert(login, id);
            if login == "admin" {
                let session = self.session("admin").await;
                let (store, access) = (&self.app.store, &self.app.access);
                let visit = access::session::principal_for(store, access, &session, now()).await.unwrap();
                admin = visit.unwrap().principal;
            }
        }
    }

    /// The account of a login.
    pub(crate) fn account(&self, login: &str) -> Id {
        self.accounts[login]
    }

    /// Signs in; the session token.
    pub(crate) async fn session(&self, login: &str) -> String {
        let (store, access) = (&self.app.store, &self.app.access);
        let session = access::session::login(store, &self.cx(login), access, None, login, PASSWORD, None)
            .await
            .unwrap();
        session.token
    }

    /// The account as rights see it.
    pub(crate) async fn principal(&self, login: &str) -> Principal {
        let found = access::account::principal_by_id(
            &self.app.store,
            &self.app.access,
            self.account(login),
            self.app.now(),
        );
        found.await.unwrap().unwrap()
    }

    /// An access token of the account.
    pub(crate) async fn token(&self, login: &str) -> String {
        let session = self.session(login).await;
        let visit = access::session::principal_for(&self.app.store, &self.app.access, &session, now()).await;
        let who = visit.unwrap().unwrap().principal;
        let mut tx = self.app.store.begin().await.unwrap();
        let made =
            access::api_token::create_api_token(&mut tx, &self.cx(login), &who, "test", None).await.unwrap();
        tx.commit().await.unwrap();
        made.1
    }

    /// Gives every waiting entry its position and signs.
    pub(crate) async fn sequence(&self) {
        let signer = FileSigner::from_seed("shian.example/log", &[3; 32]);
        Sequencer::new(Arc::new(signer), "test").run_once(&self.app.store, now()).await.unwrap();
    }

    /// One request.
    pub(crate) async fn send(
        &self,
        method: Method,
        path: &str,
        who: &As<'_>,
        headers: &[(&str, &str)],
        body: impl Into<Body>,
    ) -> Answer {
        let mut request = Request::builder().method(method).uri(path).header(header::HOST, "shian.example");
        match who {
            As::Nobody => {}
            As::Token(token) => request = request.header(header::AUTHORIZATION, format!("Bearer {token}")),
            As::Session(token, ours) => {
                request = request.header(header::COOKIE, format!("shian_session={token}"));
                if *ours {
                    request = request.header(header::ORIGIN, ORIGIN);
                }
            }
        }
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let request = request.body(body.into()).unwrap();
        let response = self.router.clone().oneshot(request).await.unwrap();
        let (parts, body) = response.into_parts();
        let body = axum::body::to_bytes(body, usize::MAX).await.unwrap().to_vec();
        Answer { status: parts.status, headers: parts.headers, body }
    }

    pub(crate) async fn get(&self, path: &str, who: &As<'_>) -> Answer {
        self.send(Method::GET, path, who, &[], Body::empty()).await
    }

    /// A JSON body.
    pub(crate) async fn post(&self, path: &str, who: &As<'_>, body: &Value) -> Answer {
        self.send(Method::POST, path, who, &[("content-type", "application/json")], body.to_string()).await
    }
}

/// A capture document.
pub(crate) fn document(events: &[Value]) -> Value {
    json!({
        "@context": ["https://ref.gs1.org/standards/epcis/2.0.0/epcis-context.jsonld"],
        "type": "EPCISDocument",
        "schemaVersion": "2.0",
        "creationDate": "2026-11-21T00:00:00Z",
        "epcisBody": { "eventList": events },
    })
}

/// A lot made by operator `n` on a day of November 2026.
pub(crate) fn made(n: i64, day: u8, item: &str) -> Value {
    json!({
        "type": "ObjectEvent", "action": "ADD", "bizStep": "commissioning",
        "eventTime": format!("2026-11-{day:02}T08:00:00.000+08:00"), "eventTimeZoneOffset": "+08:00",
        "readPoint": { "id": site(n) }, "bizLocation": { "id": site(n) },
        "quantityList": [{ "epcClass": item, "quantity": 100, "uom": "KGM" }],
    })
}

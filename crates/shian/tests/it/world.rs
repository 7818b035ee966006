//! A small fictitious province: a field, a noodle maker, a dealer, a shop, a school, a shop nobody suspects.

use access::{Principal, Role, testing};
use base::gs1::{Gln, Gtin};
use base::{Date, Decimal, Id, IdGen, Instant, Lang, RegionCode, Uscc};
use epcis::build::{Deal, Draft, Frame, Lot, commission, document, receive, sell, ship, transform};
use ledger::{Context, FileSigner, Sequencer, Signer};
use registry::{Code, NewOperator, NewSite, OperatorKind};
use shian::DataArgs;
use shian::config::Config;
use std::sync::Arc;
use store::Store;
use supply::{CaptureOptions, CaptureState, Format};

pub(crate) const MAKER_COUNTY: &str = "620723";
pub(crate) const SHOP_COUNTY: &str = "620104";
pub(crate) const SCHOOL_COUNTY: &str = "620402";
pub(crate) const FIELD_COUNTY: &str = "620602";

/// A firm with its one site.
pub(crate) struct Firm {
    pub(crate) operator: Id,
    pub(crate) place: String,
}

/// Everything opened over one store.
pub(crate) struct World {
    pub(crate) app: web::App,
    pub(crate) now: Instant,
    pub(crate) field: Firm,
    pub(crate) maker: Firm,
    pub(crate) dealer: Firm,
    pub(crate) shop: Firm,
    pub(crate) school: Firm,
    pub(crate) spared: Firm,
    pub(crate) laboratory: Id,
    pub(crate) noodles: String,
    signer: Arc<FileSigner>,
    _keys: tempfile::TempDir,
}

/// A product key of the fictitious maker and a lot of it.
pub(crate) fn lot(product: u32, number: &str) -> String {
    format!("https://id.gs1.org/01/{}/10/{number}", gtin(product))
}

pub(crate) fn gtin(product: u32) -> String {
    Gtin::with_check(&format!("069900000{product:04}")).unwrap().to_string()
}

pub(crate) fn day(text: &str) -> Date {
    text.parse().unwrap()
}

/// An account of a role, told apart from others by its number.
pub(crate) fn person(number: i64, role: Role, region: &str, operator: Option<Id>) -> Principal {
    let agency = if operator.is_some() { "" } else { "market" };
    testing::principal(number, role, region, agency, operator)
}

impl World {
    /// One world for each engine there is.
    pub(crate) async fn all() -> Vec<(&'static str, Self)> {
        let mut all = Vec::new();
        for (name, store) in store::testing::stores().await {
            all.push((name, Self::new(store).await));
        }
        all
    }

    async fn new(store: Store) -> Self {
        let keys = tempfile::tempdir().unwrap();
        let args = DataArgs { config: None, data: Some(keys.path().to_owned()), database: None };
        let config = Config::load(&args).unwrap();
        std::fs::create_dir_all(config.keys()).unwrap();
        let app = shian::province::wire(&config, store, Arc::new(IdGen::new(1))).await.unwrap();
        let now = Instant::parse("2026-11-16T09:00:00+08:00").unwrap();
        let desk = person(900, Role::Desk, "62", None);
        let mut firms = Vec::new();
        let all = [
            ("虚构麦场", FIELD_COUNTY, OperatorKind::Farm),
            ("虚构面业", MAKER_COUNTY, OperatorKind::Producer),
            ("虚构批发", "620102", OperatorKind::Wholesaler),
            ("虚构超市", SHOP_COUNTY, OperatorKind::Retailer),
            ("虚构小学食堂", SCHOOL_COUNTY, OperatorKind::Canteen),
            ("虚构便利店", "620105", OperatorKind::Retailer),
            ("虚构检测", "620102", OperatorKind::Laboratory),
        ];
        for (n, (name, county, kind)) in all.into_iter().enumerate() {
            firms.push(firm(&app, &desk, now, u32::try_from(n).unwrap() + 1, name, county, kind).await);
        }
        let laboratory = firms.pop().unwrap().operator;
        let mut firms = firms.into_iter();
        let mut next = || firms.next().unwrap();
        let mut world = Self {
            app,
            now,
            field: next(),
            maker: next(),
            dealer: next(),
            shop: next(),
            school: next(),
            spared: next(),
            laboratory,
            noodles: lot(2, "N1"),
            signer: Arc::new(FileSigner::from_seed("test.shian/journal", &[9; 32])),
            _keys: keys,
        };
        world.trade(&desk).await;
        world.now = Instant::parse("2026-11-20T10:00:00+08:00").unwrap();
        world
    }

    /// 400 kg of wheat become 300 kg of noodles N1: 100 stay, 200 go to the dealer and on to shop and school; the shop
    /// sold 50; the school has not confirmed its 80. N2 goes to a shop nobody suspects.
    async fn trade(&self, desk: &Principal) {
        let [field, maker, dealer, shop, school, spared] =
            [&self.field, &self.maker, &self.dealer, &self.shop, &self.school, &self.spared]
                .map(|f| f.place.as_str());
        let (wheat, n1, n2) = (lot(1, "W1"), self.noodles.clone(), lot(2, "N2"));
        let mut events = vec![commission(&at(0, field), &kg(&wheat, 400)[0])];
        events.extend(moved(1, field, maker, &wheat, 400, true));
        let made =
            transform(&at(10, maker), &kg(&wheat, 400), &kg(&n1, 300)).with_production_date("2026-10-20");
        events.push(made.with_lot_number("N1"));
        events.push(commission(&at(11, maker), &kg(&n2, 60)[0]));
        events.extend(moved(20, maker, dealer, &n1, 200, true));
        events.extend(moved(21, maker, spared, &n2, 60, true));
        events.extend(moved(30, dealer, shop, &n1, 120, true));
        events.extend(moved(31, dealer, school, &n1, 80, false));
        events.push(sell(&at(50, shop), &kg(&n1, 50)));
        let bytes = document(events, self.now).to_string().into_bytes();
        let cx = self.cx(desk);
        let done = self
            .app
            .supply
            .capture(&cx, desk, bytes, Format::Json, &CaptureOptions::default())
            .await
            .unwrap();
        assert_eq!(done.state, CaptureState::Stored, "{:?}", done.problems);
    }

    /// Acts for a person now.
    pub(crate) fn cx(&self, who: &Principal) -> Context {
        Context { now: self.now, ids: self.app.ids.clone(), actor: who.actor(), lang: Lang::Zh }
    }

    /// Everything waiting gets its place in the tree.
    pub(crate) async fn sequence(&self) {
        let sequencer = Sequencer::new(self.signer.clone(), "test");
        while sequencer.run_once(&self.app.store, self.now).await.unwrap().more {}
    }

    /// The key a reader trusts.
    pub(crate) fn key(&self) -> String {
        self.signer.verifier_key()
    }

    /// A paper sent in by a person, ready to be named in a form.
    pub(crate) async fn paper(&self, who: &Principal) -> serde_json::Value {
        let bytes = include_bytes!("../../../../testdata/papers/paper.pdf").to_vec();
        let kept = self.app.attachments.keep(bytes).await.unwrap();
        let mut tx = self.app.store.begin().await.unwrap();
        flow::record_file(&mut tx, &self.cx(who), &self.app.attachments, &kept).await.unwrap();
        tx.commit().await.unwrap();
        serde_json::json!([kept.attachment().sha256])
    }

    /// Takes a step in a matter at its present version.
    pub(crate) async fn step(
        &self,
        who: &Principal,
        matter: Id,
        step: &str,
        form: serde_json::Value,
    ) -> Result<flow::Outcome, flow::Error> {
        let version = self.matter(who, matter).await.version;
        let mut tx = self.app.store.begin().await.unwrap();
        let (cx, app) = (self.cx(who), &self.app);
        let done =
            flow::transition(&mut tx, &cx, &app.engine, &app.access, who, matter, version, step, &form)
                .await?;
        tx.commit().await.unwrap();
        Ok(done)
    }

    /// A matter as a person sees it.
    pub(crate) async fn matter(&self, who: &Principal, id: Id) -> flow::view::MatterView {
        let app = &self.app;
        flow::view::matter(&app.store, &app.engine, &app.access, who, self.now, id).await.unwrap()
    }

    /// The open tasks of a person's region.
    pub(crate) async fn tasks(&self, who: &Principal) -> Vec<flow::view::TaskView> {
        let app = &self.app;
        let filter = flow::view::TaskFilter::default();
        let page =
            flow::view::tasks_for(&app.store, &app.engine, &app.access, who, self.now, &filter, None, 100)
                .await;
        let mut tasks = Vec::new();
        for line in page.unwrap().rows {
            tasks.push(
                flow::view::task(&app.store, &app.engine, &app.access, who, self.now, line.id).await.unwrap(),
            );
        }
        tasks
    }

    /// Reports an item of a task.
    pub(crate) async fn report(
        &self,
        who: &Principal,
        item: &flow::view::ItemView,
        form: serde_json::Value,
    ) -> flow::ItemOutcome {
        let (cx, app) = (self.cx(who), &self.app);
        let mut tx = app.store.begin().await.unwrap();
        let done =
            flow::report_item(&mut tx, &cx, &app.engine, &app.access, who, item.id, item.version, &form)
                .await;
        let done = done.unwrap();
        tx.commit().await.unwrap();
        done
    }

    /// Publishes the draft of a document.
    pub(crate) async fn publish(
        &self,
        who: &Principal,
        matter: Id,
        name: &str,
    ) -> Result<flow::Published, flow::Error> {
        let view = self.matter(who, matter).await;
        let draft = view.documents.iter().find(|d| d.name == name && d.status == "draft").unwrap();
        let (cx, app) = (self.cx(who), &self.app);
        let mut tx = app.store.begin().await.unwrap();
        let done =
            flow::publish_document(&mut tx, &cx, &app.engine, &app.access, who, draft.id, draft.version)
                .await?;
        tx.commit().await.unwrap();
        Ok(done)
    }
}

async fn firm(
    app: &web::App,
    desk: &Principal,
    now: Instant,
    number: u32,
    name: &str,
    county: &str,
    kind: OperatorKind,
) -> Firm {
    let region: RegionCode = county.parse().unwrap();
    let cx = Context { now, ids: app.ids.clone(), actor: desk.actor(), lang: Lang::Zh };
    let gln = Gln::with_check(&format!("69900000{number:04}")).unwrap();
    let mut tx = app.store.begin().await.unwrap();
    let new = NewOperator {
        code: Code::Uscc(Uscc::issue(&region, number)),
        name: name.to_owned(),
        name_en: String::new(),
        kinds: vec![kind],
        region: county.to_owned(),
    };
    let operator = registry::create_operator(&mut tx, &cx, &app.access, desk, new).await.unwrap();
    let site = NewSite {
        operator: operator.into(),
        gln: Some(gln),
        name: name.to_owned(),
        address: "虚构路1号".to_owned(),
        region: county.to_owned(),
        position: None,
        form: String::new(),
    };
    registry::create_site(&mut tx, &cx, &app.access, desk, site).await.unwrap();
    tx.commit().await.unwrap();
    Firm { operator, place: format!("https://id.gs1.org/414/{gln}") }
}

fn kg(class: &str, amount: i64) -> [Lot<'_>; 1] {
    [Lot::new(class, Decimal::from(amount), Some("KGM"))]
}

/// A place some hours after the story begins.
fn at(hour: i64, place: &str) -> Frame<'_> {
    let time = Instant::parse("2026-10-20T08:00:00+08:00").unwrap().plus_seconds(hour * 3600);
    Frame { time, zone_minutes: 480, place }
}

/// Goods shipped and, two hours later, received.
fn moved(hour: i64, from: &str, to: &str, class: &str, amount: i64, received: bool) -> Vec<Draft> {
    let deal = Deal { from: Some(from), to: Some(to), paper: None };
    let mut events = vec![ship(&at(hour, from), &kg(class, amount), &deal)];
    if received {
        events.push(receive(&at(hour + 2, to), &kg(class, amount), &deal));
    }
    events
}

//! The sampling system of the demo: this year's plan, a draw in 城关区 with one place visited, a published list.

use super::load::Loader;
use super::people;
use crate::out;
use access::Principal;
use anyhow::{Context as _, Result};
use base::{Decimal, Id, Instant, Text};
use lab::{
    Budget, FormFields, Method, NewDraw, NewForm, NewPlan, PlanState, SampleKind, Stage, TaskFilter, Wish,
};

/// The county of the draw.
pub(crate) const COUNTY: &str = "620102";
const DAY: i64 = 86_400;

/// The food class of a product line by its code.
pub(crate) fn class_of(line: &str) -> &'static str {
    match line {
        "YC" => "08",
        "RN" => "09",
        "MS" => "23",
        "PG" => "35",
        "SC" => "33",
        "YR" => "32",
        "HJ" => "02",
        _ => "01",
    }
}

async fn person(loader: &Loader<'_>, login: &str, now: Instant) -> Result<Principal> {
    people::principal(&loader.app.store, &loader.access, login, &loader.context(&loader.exchange, now)).await
}

/// A second laboratory, for retests; and the plan of this year, by the rules, issued in January.
pub(crate) async fn plan(loader: &Loader<'_>, now: Instant) -> Result<()> {
    out::progress("抽检计划 sampling plan");
    let lab = &loader.app.lab;
    let year = now.china_date().year();
    let january = Instant::china(base::Date::constant(year, 1, 8), 9, 0).min(now);
    let (desk, second) = (person(loader, "desk", now).await?, person(loader, "desk2", now).await?);
    let mut tx = loader.app.store.begin().await?;
    let region: base::RegionCode = "620402".parse()?;
    let other = registry::NewOperator {
        code: registry::Code::Uscc(base::Uscc::issue(&region, 999_998)),
        name: "白银示例检测技术中心".to_owned(),
        name_en: "Baiyin Demo Testing Centre".to_owned(),
        kinds: vec![registry::OperatorKind::Laboratory],
        region: region.to_string(),
    };
    let cx = loader.context(&loader.exchange, january);
    registry::create_operator(&mut tx, &cx, &loader.access, &loader.exchange, other).await?;
    let new = NewPlan {
        year,
        title: format!("甘肃省{year}年食品安全监督抽检计划"),
        kind: SampleKind::Supervision,
        level: Budget::Provincial,
        region: "62".to_owned(),
        agency: "market".to_owned(),
    };
    let cx = loader.context(&desk, january);
    let id = lab.draft_plan(&mut tx, &cx, &desk, new).await?;
    let wish = Wish {
        method: Method::Proportional,
        share: Decimal::ONE,
        least: 0,
        laboratories: vec![loader.laboratory],
    };
    let tasks = lab.propose(&mut tx, id, &wish).await?;
    lab.set_tasks(&mut tx, &cx, &desk, id, tasks).await?;
    lab.move_plan(&mut tx, &cx, &desk, id, PlanState::Submitted).await?;
    lab.move_plan(&mut tx, &loader.context(&second, january), &second, id, PlanState::Issued).await?;
    tx.commit().await?;
    Ok(())
}

/// A list of everything submitted, published a week ago; and a draw whose first place was visited yesterday.
pub(crate) async fn life(loader: &Loader<'_>, now: Instant) -> Result<()> {
    out::progress("抽检公示与抽取 publication and draw");
    let lab = &loader.app.lab;
    let (desk, second) = (person(loader, "desk", now).await?, person(loader, "desk2", now).await?);
    let then = now.plus_seconds(-7 * DAY);
    let mut tx = loader.app.store.begin().await?;
    let year = now.china_date().year();
    let cx = loader.context(&desk, then);
    lab.accept_laboratory(&mut tx, &cx, &desk, loader.laboratory, "演示机构：已核对资质认定证书原件").await?;
    let title = Text::new(
        format!("甘肃省食品安全抽样检验信息公告（{year}年第1期）"),
        format!("Food sampling results of Gansu, {year} No. 1"),
    );
    let list =
        lab.draft_bulletin(&mut tx, &loader.context(&desk, then), &desk, "62", "market", &title).await?;
    lab.publish_bulletin(&mut tx, &loader.context(&second, then), &second, list).await?;
    tx.commit().await?;
    draw(loader, now).await
}

async fn draw(loader: &Loader<'_>, now: Instant) -> Result<()> {
    let lab = &loader.app.lab;
    let store = &loader.app.store;
    let officers = [person(loader, "chengguan", now).await?, person(loader, "chengguan2", now).await?];
    let filter = TaskFilter {
        region: Some(COUNTY.to_owned()),
        class: Some("01".to_owned()),
        stage: Some(Stage::Circulation),
        ..TaskFilter::default()
    };
    let tasks = lab.tasks(store, &officers[0], now, &filter).await?.rows;
    let task = tasks.first().context("the plan has no task in 城关区")?.id;
    let mut tx = store.begin().await?;
    let roster = lab.surroundings.roster(&mut tx, COUNTY, Stage::Circulation).await;
    let shops = roster.map_err(|e| anyhow::anyhow!("{e}"))?.len();
    if shops == 0 {
        // a very small province may have no shop there
        return Ok(tx.rollback().await?);
    }
    let new = NewDraw {
        task,
        count: 4.min(u32::try_from(shops).unwrap_or(4)),
        source: "演示公开随机数（双色球示例期号）".to_owned(),
        source_due: now.plus_seconds(-2 * DAY),
        samplers: Vec::new(),
        by: None,
        take: std::collections::BTreeMap::new(),
    };
    let cx = loader.context(&officers[0], now.plus_seconds(-3 * DAY));
    let id = lab.freeze_draw(&mut tx, &cx, &officers[0], new).await?;
    let cx = loader.context(&officers[0], now.plus_seconds(-2 * DAY + 600));
    lab.perform_draw(&mut tx, &cx, &officers[0], id, "03 07 11 21 27 30 + 09").await?;
    tx.commit().await?;
    let targets = lab.targets(store, &officers[0], now, Some(id), false, None, None, None, 1).await?.rows;
    let Some(first) = targets.first() else { return Ok(()) };
    let who =
        officers.iter().find(|o| first.samplers.contains(&o.account)).context("no sampler was drawn")?;
    visit(loader, who, first.id, now.plus_seconds(-DAY)).await
}

async fn visit(loader: &Loader<'_>, who: &Principal, target: Id, at: Instant) -> Result<()> {
    let lab = &loader.app.lab;
    let cx = loader.context(who, at);
    let mut tx = loader.app.store.begin().await?;
    let products = ["挂面", "大米", "小麦粉"].map(ToOwned::to_owned).to_vec();
    let chosen = lab.list_products(&mut tx, &cx, who, target, products.clone()).await?;
    let form = NewForm {
        food: products[chosen].clone(),
        product_name: products[chosen].clone(),
        base_qty: Some("20 kg".to_owned()),
        fields: FormFields {
            quantity: "2".to_owned(),
            backup: "1".to_owned(),
            unit: "kg".to_owned(),
            unit_price: "6.8".to_owned(),
            paid: "20.4".to_owned(),
            pay_method: "公务卡".to_owned(),
            seal_no: "F2026-0001".to_owned(),
            storage: "常温、干燥".to_owned(),
            notice_shown: true,
            signed: true,
            position: Some(("36.0571".to_owned(), "103.8378".to_owned())),
            ..FormFields::default()
        },
        ..NewForm::default()
    };
    lab.take_sample(&mut tx, &cx, who, target, form).await?;
    tx.commit().await?;
    Ok(())
}

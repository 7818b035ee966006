//! Assessments for programs: exposure with its recipe and model, short-term exposure, sampling designs.

use super::caller::Caller;
use super::catalogue::{Endpoint, Param, Right};
use super::endpoints::{get, q};
use super::sent::Params;
use crate::aside::aside;
use crate::fault::{Answer, Fault};
use crate::pages::science::asked::{Asked, PARAMETERS};
use crate::pages::science::{acute, design};
use crate::state::App;
use axum::Json;
use axum::extract::{RawQuery, State};
use axum::response::IntoResponse;
use base::Text;
use serde_json::json;
use std::sync::Arc;

const SUBSTANCE: Param = q("substance", "物质编号，如 cadmium", "id of the substance, such as cadmium");
const SURVEY: Param = q("survey", "膳食调查：demo 或编号", "survey: demo or an id");
const GROUP: Param = q("group", "人群：all、2-6、7-17、18-59、60+", "people: all, 2-6, 7-17, 18-59, 60+");
const SAMPLES: Param = q("samples", "prefer、representative 或 all", "prefer, representative or all");
const REGION: Param = q("region", "采样地区代码前缀", "beginning of the code of the region sampled");
const FROM: Param = q("from", "抽样日期自", "sampled from");
const TO: Param = q("to", "抽样日期至", "sampled to");

/// The endpoints of this chapter.
pub(super) const ASSESS: &[Endpoint] = &[
    get(
        "/api/v1/exposure",
        "assessment",
        Right::Needs("view", "sample"),
        (
            "一种物质的膳食暴露：由调用方可见的检验结果算得；limit、processing、consumption 为试验的假设，figures 为改变后，before 为现状",
            "Dietary exposure to a substance from the results the caller may see; limit, processing and consumption are assumptions tried: `figures` with them, `before` without",
        ),
        &[
            SUBSTANCE,
            SURVEY,
            GROUP,
            SAMPLES,
            REGION,
            FROM,
            TO,
            q("concentrations", "samples、lognormal、spiked、spike", "samples, lognormal, spiked, spike"),
            q(
                "usual",
                "通常摄入量模型：BBN、BBN_power、LNN0、LNN、ISUF",
                "model of usual intake: BBN, BBN_power, LNN0, LNN, ISUF",
            ),
            q("reference", "另一健康指导值，µg/kg 体重·天", "another guidance value, µg/kg bw and day"),
            q("limit_food", "限量的食品；缺省全部", "food of the limit; all when absent"),
            q("limit", "限量，mg/kg", "limit, mg/kg"),
            q(
                "limit_mode",
                "enforced 超限退出，at 全部达到",
                "enforced: what is above leaves; at: everything is at it",
            ),
            q("processing_food", "加工因子的食品", "food of the processing factor"),
            q("processing", "加工因子", "processing factor"),
            q("consumption_food", "消费倍数的食品", "food eaten more or less"),
            q("consumption", "消费倍数", "times as much"),
            q("replicates", "自助重抽次数，至多 500", "bootstrap replicates, at most 500"),
            q("draws", "抽取人日数，至多 200000", "person-days drawn, at most 200000"),
            q("seed", "随机种子", "seed"),
            q("protect_food", "反推限量的食品", "food whose protecting limit is asked"),
            q(
                "with_1",
                "合并计入的物质（另有 with_2 至 with_4）",
                "a substance that counts with it (and with_2 to with_4)",
            ),
            q(
                "potency_1",
                "其相对效能因子（另有 potency_2 至 potency_4）",
                "its relative potency (and potency_2 to potency_4)",
            ),
            q("with_2", "合并计入的第二种物质", "a second one"),
            q("potency_2", "其相对效能因子", "its relative potency"),
            q("with_3", "合并计入的第三种物质", "a third one"),
            q("potency_3", "其相对效能因子", "its relative potency"),
            q("with_4", "合并计入的第四种物质", "a fourth one"),
            q("potency_4", "其相对效能因子", "its relative potency"),
            q(
                "processing_upper",
                "加工因子逐份不同时的第 95 百分位",
                "95th percentile of a processing factor that differs from portion to portion",
            ),
            q("unit_food", "按单位食用的食品；*：全部", "food eaten in units; *: all"),
            q("unit_grams", "单位重量，g", "weight of a unit, g"),
            q("unit_spread", "variability、cv、composite", "variability, cv, composite"),
            q("unit_value", "单位差异的数值", "how units differ"),
            q(
                "tail",
                "高端人日食品自第几百分位",
                "percentile of the drawn days from which on their foods are told",
            ),
            q("model", "true：附可复算的模型文件", "true: with the model file that repeats the figures"),
        ],
        r#"{"substance":"cadmium","substances":[{"id":"cadmium","potency":1.0}],"recipe":"sha256:…","seed":1,"unit":"µg/kg bw/day","generated_survey":true,"before":[],"figures":[{"substance":"cadmium","bound":"MB","group":"all","model":"OIM","quantity":"mean_weighted","value":0.21,"low":0.19,"high":0.24}],"foods":[],"gaps":["milk"],"protecting":[{"bound":"UB","mode":"enforced","limit":0.2}],"model":null}"#,
    ),
    get(
        "/api/v1/exposure/acute",
        "assessment",
        Right::Needs("view", "sample"),
        ("短期暴露（IESTI）：逐食物", "Short-term exposure (IESTI), food by food"),
        &[
            SUBSTANCE,
            SURVEY,
            GROUP,
            SAMPLES,
            REGION,
            FROM,
            TO,
            q("variability", "jmpr（3）或 primo（7、5）", "jmpr (3) or primo (7, 5)"),
            q("dose", "急性参考剂量，µg/kg 体重", "acute reference dose, µg/kg bw"),
        ],
        r#"{"substance":"cadmium","dose":null,"rows":[{"food":"rice","eaters":1474,"percentile":97.5,"portion":420.1,"bodyWeight":53.2,"case":"3","variability":1.0,"residue":0.04,"highest":0.11,"median":0.04,"intake":0.31,"percent":null,"threshold":null}]}"#,
    ),
    get(
        "/api/v1/design",
        "assessment",
        Right::Account,
        (
            "抽样设计：样本量、公式、出处与等价命令",
            "A sampling design: sizes, formula, source and the command that gives the same",
        ),
        &[
            q(
                "aim",
                "detect、freedom、estimate、two_stage、risk",
                "detect, freedom, estimate, two_stage, risk",
            ),
            q("prevalence", "设计流行率或预期比例", "design prevalence or expected proportion"),
            q("confidence", "置信度", "confidence"),
            q("sensitivity", "检验灵敏度", "sensitivity"),
            q("specificity", "检验特异度", "specificity"),
            q("power", "无病群体通过的把握", "chance a free population passes"),
            q("population", "总体", "population"),
            q("margin", "允许误差", "margin"),
            q("design_effect", "设计效应", "design effect"),
            q("between", "有问题群的比例", "share of clusters infected"),
            q("clusters", "群数", "clusters"),
            q("visit", "到一群的费用", "cost of a visit"),
            q(
                "population_share",
                "各组占总体比例，空格分隔",
                "shares of the population, with spaces between",
            ),
            q("relative_risk", "各组相对风险", "relative risks"),
            q("sampling_share", "各组占样本比例", "shares of the samples"),
            q("risk_prevalence", "风险导向设计的流行率", "prevalence of the risk-based design"),
        ],
        r#"{"aim":"detect","facts":[{"name":"samples","value":"299"}],"formula":"…","source":"Cannon 2001, Prev. Vet. Med. 49:141","command":"shian sampling size --prevalence 0.01 --confidence 0.95 --sensitivity 1"}"#,
    ),
];

/// `GET /api/v1/exposure`. Right: view sample.
pub(super) async fn exposure(State(app): State<Arc<App>>, caller: Caller, RawQuery(raw): RawQuery) -> Answer {
    let known: Vec<&str> = PARAMETERS.iter().copied().chain(["model"]).collect();
    let p = Params::known(raw.as_deref(), &known)?;
    let asked = Asked::read(|name| p.get(name).unwrap_or_default().to_owned())?;
    let answer = asked.answer(&app, &caller.who, assess::live::Depth::Intervals).await?;
    let mut protecting = Vec::new();
    if answer.told.reference.is_some() && answer.told.results > 0 {
        use risk::exposure::model::LimitMode;
        for (mode, word) in [(LimitMode::Enforced, "enforced"), (LimitMode::AtLimit, "at")] {
            for (bound, limit) in answer.protecting(asked.protect.as_deref(), 97.5, mode)? {
                // infinite (no limit is needed) and none (no limit helps) are both null; `needed` tells them apart
                let needed = limit.is_none_or(f64::is_finite);
                protecting.push(json!({"bound": bound, "mode": word, "limit": limit.filter(|l| l.is_finite()), "needed": needed}));
            }
        }
    }
    let report = answer.told.report();
    let gathered = || answer.gathered.iter();
    let survey = asked.survey(&app, &caller.who).await?;
    Ok(Json(json!({
        "substance": asked.substance.id,
        "substances": answer.told.substances.iter().map(|(id, potency)| json!({"id": id, "potency": potency})).collect::<Vec<_>>(),
        "recipe": report.recipe,
        "engine": report.engine,
        "seed": report.seed,
        "unit": "µg/kg bw/day",
        "generated_survey": survey.generated,
        "survey": survey.sha256,
        "before": answer.told.before.figures,
        "figures": report.figures,
        "foods": gathered().flat_map(|(s, g)| g.foods.iter().map(|f| { let mut f = json!(f); f["substance"] = json!(s.id); f })).collect::<Vec<_>>(),
        "gaps": report.gaps.iter().flat_map(|g| g.foods.clone()).collect::<Vec<_>>(),
        "unplaced": gathered().flat_map(|(_, g)| g.unplaced.clone()).collect::<Vec<_>>(),
        "unreadable": gathered().map(|(_, g)| g.unreadable).sum::<usize>(),
        "without_limit": gathered().map(|(_, g)| g.without_limit).sum::<usize>(),
        "notes": report.notes,
        "protecting": protecting,
        "model": (p.get("model") == Some("true")).then(|| answer.model()),
    }))
    .into_response())
}

/// `GET /api/v1/exposure/acute`. Right: view sample.
pub(super) async fn acute(State(app): State<Arc<App>>, caller: Caller, RawQuery(raw): RawQuery) -> Answer {
    let known = ["substance", "survey", "group", "samples", "region", "from", "to", "variability", "dose"];
    let p = Params::known(raw.as_deref(), &known)?;
    let value = |name: &str| p.get(name).unwrap_or_default().to_owned();
    let asked = Asked::read(value)?;
    let (rows, dose) = acute::lines(&app, &caller.who, &asked, &value("variability"), &value("dose")).await?;
    Ok(Json(json!({ "substance": asked.substance.id, "dose": dose, "rows": rows })).into_response())
}

/// `GET /api/v1/design`. Right: an account.
pub(super) async fn design(caller: Caller, RawQuery(raw): RawQuery) -> Answer {
    let known: Vec<&str> =
        ASSESS.iter().filter(|e| e.path == "/api/v1/design").flat_map(|e| e.query).map(|p| p.name).collect();
    let p = Params::known(raw.as_deref(), &known)?;
    let aim = p.get("aim").unwrap_or("detect").to_owned();
    let asked = aim.clone();
    let found = aside(move || design::design(&asked, &|name| p.get(name).unwrap_or_default().to_owned()));
    let found = found.await??.ok_or_else(|| {
        Fault::bad(
            "prevalence",
            Text::of(
                "请给出 prevalence（风险导向设计给出 population_share）",
                "give prevalence (for aim=risk population_share)",
            ),
        )
    })?;
    let facts: Vec<_> = found
        .facts
        .iter()
        .map(|(name, value)| json!({"name": name.get(caller.lang), "value": value}))
        .collect();
    Ok(Json(json!({
        "aim": aim,
        "facts": facts,
        "formula": found.formula.get(caller.lang),
        "source": found.source,
        "command": found.command,
    }))
    .into_response())
}

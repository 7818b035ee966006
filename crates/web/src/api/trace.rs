//! The questions to the trace for programs: the same questions, parameters and rights as the pages of the workbench.

use super::caller::Caller;
use super::catalogue::{Endpoint, Param, Right, Text2};
use super::endpoints::{get, q};
use crate::fault::{Answer, Fault};
use crate::pages::trace::{file, unclear};
use crate::session::urlencoded;
use crate::state::App;
use axum::Json;
use axum::extract::{Path, RawQuery, State};
use axum::response::IntoResponse;
use base::Text;
use std::sync::Arc;
use supply::{PARAMETERS, Question, Reply};

/// Rows a page, unless said, and at most.
const ROWS: usize = 1000;
const MOST: usize = 50_000;

/// `GET /api/v1/trace/{question}`: an answer with its table by pages, or whole as a file. Right: view lot where the lots,
/// firms or regions asked about are.
pub(super) async fn ask(
    State(app): State<Arc<App>>,
    caller: Caller,
    Path(key): Path<String>,
    RawQuery(raw): RawQuery,
) -> Answer {
    let question = Question::of(&key).ok_or_else(|| Fault::not_found(&Text::of("问题", "question")))?;
    let mut parameters = urlencoded(raw.unwrap_or_default().as_bytes());
    let own = ["after", "limit", "format", "lang"];
    for (name, _) in &parameters {
        if !own.contains(&name.as_str()) && PARAMETERS.iter().all(|p| p.name != name) {
            let list: Vec<&str> =
                PARAMETERS.iter().map(|p| p.name).chain(["after", "limit", "format"]).collect();
            let list = list.join(", ");
            return Err(Fault::bad(
                name,
                Text::new(
                    format!("没有参数 {name}；可用的参数：{list}。"),
                    format!("There is no parameter {name}; there are: {list}."),
                ),
            ));
        }
    }
    let own =
        |name: &str| parameters.iter().find(|(k, v)| k == name && !v.is_empty()).map(|(_, v)| v.clone());
    let number = |name: &'static str, or: usize| match own(name) {
        None => Ok(or),
        Some(text) => text
            .parse::<usize>()
            .map_err(|_| Fault::bad(name, Text::of("应为整数。", "It must be a whole number."))),
    };
    let (skip, take, format) = (number("after", 0)?, number("limit", ROWS)?.clamp(1, MOST), own("format"));
    parameters.retain(|(k, _)| PARAMETERS.iter().any(|p| p.name == k));
    match app.supply.ask(&caller.context(&app), &caller.who, question, &parameters).await? {
        Reply::Choose(choices) => Err(unclear(&choices)),
        Reply::Answer(a) => match format.as_deref() {
            None | Some("json") => Ok(Json(a.json(caller.lang, skip, take)).into_response()),
            Some(format) => file(caller.lang, &a, format),
        },
    }
}

const LOT: Param = Param {
    name: "lot",
    required: true,
    text: (
        "批次，可重复：GS1 链接、URN、“条码 批号”、SSCC、批号或产品名",
        "lot, may repeat: Digital Link, URN, 'GTIN lot', SSCC, lot number or product name",
    ),
};
const LOT_OR: Param = q("lot", "批次（或给出 operator）", "lot (or give `operator`)");
const PLACE: Param = q("place", "场所：GLN、链接或登记名称", "place: GLN, link or registered name");
const AT: Param = q("at", "时点", "moment");
const FROM: Param = q("from", "时间段自", "window from");
const UNTIL: Param = q("until", "时间段至", "window until");
const SIBLINGS: Param = q("siblings", "包括同次加工的其他产出（1）", "also the other outputs (1)");
const FIRM: Param = q("operator", "单位：编号、统一社会信用代码或名称", "firm: id, credit code or name");
const NODES: Param = q(
    "nodes",
    "最多节点数，默认 20000（去向 spread 默认 1000000）",
    "most nodes, 20000 unless said, 1000000 for `spread`",
);
const DEPTH: Param = q("depth", "最多步数", "most links");
const WORDS: Param = q("q", "只要含这些字词的行", "only rows with these words");
const WITHIN: Param = q("within", "只要此地区的行", "only rows of this region");
const SORT: Param = q("sort", "排序的列", "column to sort by");
const DIR: Param = q("dir", "asc 或 desc", "asc or desc");
const AFTER: Param = q("after", "从第几行起", "first row");
const LIMIT: Param = q("limit", "行数，默认 1000", "rows, 1000 unless said");
const FORMAT: Param = q("format", "json、csv、xlsx 或 parquet", "json, csv, xlsx or parquet");

/// Parameters of one question, with those every question takes.
macro_rules! with {
    ($($own:expr),*) => { &[$($own,)* NODES, DEPTH, WORDS, WITHIN, SORT, DIR, AFTER, LIMIT, FORMAT] };
}

const fn trace(path: &'static str, text: Text2, query: &'static [Param]) -> Endpoint {
    get(path, "trace", Right::Needs("view", "lot"), text, query, ANSWER)
}

const ANSWER: &str = r#"{"question":"spread","summary":{"zh":"这些批次及其制成品到过 12 个县区的 310 处场所，按记录应尚有 1200 kg。","en":"These lots and what was made of them reached 310 places in 12 counties; by the records 1200 kg should be left."},"notes":[],"about":[{"key":"https://id.gs1.org/01/06900000000014/10/LOT1","kind":"lot","name":"虚构挂面 LOT1","detail":"2026-10-01"}],"bounds":{"max_nodes":1000000,"max_depth":256},"truncated":false,"position":1207,"engine_us":310,"regions":[{"region":"620102","places":40,"came":{"sums":[{"value":"500","unit":"KGM"}],"quantity_unknown":false},"expected":{"sums":[],"quantity_unknown":false},"on_hand":{"sums":[{"value":"120","unit":"KGM"}],"quantity_unknown":false}}],"total":12,"rows":[{"county":"620102","county_name":"城关区","places":40}],"next":null}"#;

/// All questions.
pub(super) const TRACE: &[Endpoint] = &[
    trace(
        "/api/v1/trace/origins",
        (
            "来源：直到源头的每个批次与场所",
            "Origins: every lot and place behind the lots, back to where the records begin",
        ),
        with![LOT, PLACE, AT, FROM, UNTIL],
    ),
    trace(
        "/api/v1/trace/forward",
        ("去向：到过的每个场所与制成批次", "Destinations: every place reached and lot made"),
        with![LOT, PLACE, AT, FROM, UNTIL],
    ),
    trace(
        "/api/v1/trace/spread",
        (
            "去向按县区汇总，含数量；范围再大也只需毫秒",
            "Destinations summed by county with quantities; milliseconds however wide",
        ),
        with![LOT, SIBLINGS],
    ),
    trace(
        "/api/v1/trace/scope",
        ("召回范围：逐场所的数量与角色", "Recall scope: quantities and part of each place"),
        with![LOT, PLACE, AT, FROM, UNTIL, SIBLINGS],
    ),
    trace(
        "/api/v1/trace/source",
        (
            "多个病例的共同来源：可能性、关联分、理由与下一步；format=fcl 给出 FoodChain-Lab JSON",
            "Common source of cases: likelihood, score, reasons, what to do next; format=fcl gives FoodChain-Lab JSON",
        ),
        with![Param {
            name: "case",
            required: true,
            text: ("病例：批次|场所|日期|权重|名称，可重复", "case: lot|place|date|weight|name, may repeat"),
        }],
    ),
    trace(
        "/api/v1/trace/path",
        ("两点之间最短的链条与证据事件", "The shortest chain between two, with the events that prove it"),
        with![
            LOT,
            PLACE,
            AT,
            Param { name: "to", required: true, text: ("终点：批次或场所", "end: lot or place") }
        ],
    ),
    trace(
        "/api/v1/trace/hop",
        ("一个批次的上一步与下一步", "One step up and one step down from a lot"),
        with![LOT, FROM, UNTIL],
    ),
    trace(
        "/api/v1/trace/changes",
        ("自某时或某位置以来链条上的新增", "What came to the chain since a time or a position"),
        with![LOT, PLACE, q("since", "时间，或答案的 position", "a time, or the `position` of an answer")],
    ),
    trace(
        "/api/v1/trace/gaps",
        (
            "对不上的记录：一家单位、一处场所或一个地区",
            "Records that do not fit: of a firm, a place or a region",
        ),
        with![
            FIRM,
            PLACE,
            q("region", "行政区划代码", "region code"),
            q(
                "kind",
                "received_unshipped、sent_unreceived、not_received、receipt_missing、shipment_missing、seen_unreceived、overdrawn",
                "received_unshipped, sent_unreceived, not_received, receipt_missing, shipment_missing, seen_unreceived or overdrawn"
            ),
            FROM,
            UNTIL
        ],
    ),
    trace(
        "/api/v1/trace/mixing",
        ("问题批次在各制成品中的比例（上下限）", "Share of a lot in everything made with it, with bounds"),
        with![LOT, PLACE, AT],
    ),
    trace(
        "/api/v1/trace/balance",
        ("一家单位的账是否可能成立", "Whether a firm's books can be true"),
        with![
            Param { name: "operator", required: true, text: ("单位", "firm") },
            FROM,
            UNTIL,
            q("yield", "原料条码>产品条码=0.75", "GTIN used>GTIN made=0.75"),
            q("tolerance", "容差 %，默认 2", "tolerance in per cent, 2 unless said")
        ],
    ),
    trace(
        "/api/v1/trace/records",
        (
            "全部关键追溯事件与数据要素，一行一批次一事件",
            "Every critical tracking event with its key data elements, a row a lot and event",
        ),
        with![LOT_OR, FIRM, FROM, UNTIL],
    ),
];

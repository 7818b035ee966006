//! The endpoints of the sampling system, for the one table.

use super::catalogue::{Endpoint, Right};
use super::endpoints::{AFTER, JSON, LIMIT, REGION, get, must, post, q};

const PLAN_BODY: &str = r#"{"year":2026,"title":"2026年市级监督抽检计划","kind":"supervision","level":"city","region":"6201","agency":"market"}"#;
const TASKS_BODY: &str = r#"[{"region":"620102","class":"01","stage":"circulation","budget":"city","analytes":["镉"],"quota":12,"laboratory":null,"until":"2026-11-30"}]"#;
const DRAW_BODY: &str = r#"{"task":"01J8ZK3M0P5Q7R","count":10,"source":"drand quicknet round 15000000","source_due":"2026-11-23T02:00:00.000Z","by":"risk","take":{}}"#;
const HANDOVER_BODY: &str =
    r#"{"leg":"sent","party":"顺达冷链","seal_no":"F-77","temperature":"4.5","note":"运单 77"}"#;
const CHECK_BODY: &str = r#"{"party":"虚构检验机构","temperature":"4.5","checks":{"seal":true,"form":true,"quantity":true,"condition":true,"time":true}}"#;

/// The chapter of the table.
pub(super) const SAMPLING: &[Endpoint] = &[
    get(
        "/api/v1/samples/{id}/custody",
        "laboratory",
        Right::Needs("view", "sample"),
        ("样品流转链；盲样不含单位", "The chain of custody; of a blind sample without the firm"),
        &[],
        r#"{"rows":[{"leg":"received","party":"虚构检验机构","at":"2026-11-21T00:00:00.000Z"}]}"#,
    ),
    post(
        "/api/v1/samples/{id}/custody",
        "laboratory",
        Right::Needs("act", "sample"),
        ("登记寄送或交接", "Records that a sample was sent or handed over"),
        (JSON, HANDOVER_BODY),
        (200, r#"{"state":"sent"}"#),
    ),
    post(
        "/api/v1/samples/{id}/check-in",
        "laboratory",
        Right::Needs("act", "sample"),
        (
            "收样验收：全部符合则接收，否则拒收",
            "The check on arrival: accepts, or refuses when a check fails",
        ),
        (JSON, CHECK_BODY),
        (200, r#"{"state":"received"}"#),
    ),
    get(
        "/api/v1/sampling/plans",
        "sampling",
        Right::Needs("view", "sample"),
        ("抽检计划", "Sampling plans"),
        &[q("year", "年度", "year")],
        r#"{"rows":[]}"#,
    ),
    post(
        "/api/v1/sampling/plans",
        "sampling",
        Right::Needs("decide", "sample"),
        ("草拟计划", "Drafts a plan"),
        (JSON, PLAN_BODY),
        (201, r#"{"id":"01J8ZK3M0P5Q7R"}"#),
    ),
    get(
        "/api/v1/sampling/plans/{id}",
        "sampling",
        Right::Needs("view", "sample"),
        (
            "一份计划：重叠、未覆盖大类、预期标准误（按比例与本计划）",
            "One plan: overlaps, classes left out, expected standard error in proportion and as planned",
        ),
        &[],
        r#"{"plan":{"id":"01J8ZK3M0P5Q7R"},"overlaps":[],"classes_left_out":[],"expected":{"total":17438,"proportional":0.0011,"planned":0.0009,"gain":1.4,"rows":[]}}"#,
    ),
    post(
        "/api/v1/sampling/plans/{id}/tasks",
        "sampling",
        Right::Needs("decide", "sample"),
        ("整份替换草案的任务", "Replaces all tasks of a draft"),
        (JSON, TASKS_BODY),
        (200, r#"{"batches":12}"#),
    ),
    post(
        "/api/v1/sampling/plans/{id}/propose",
        "sampling",
        Right::Needs("decide", "sample"),
        (
            "按规则生成任务并替换：proportional、neyman 或 risk，least 为每县每类下限",
            "Proposes tasks by rule and replaces those there are: proportional, neyman or risk; `least` of each class in each county",
        ),
        (JSON, r#"{"method":"neyman","share":"1","least":1,"laboratories":[]}"#),
        (200, r#"{"batches":17438,"tasks":612,"expected":{"gain":1.4}}"#),
    ),
    post(
        "/api/v1/sampling/plans/{id}/move",
        "sampling",
        Right::Needs("decide", "sample"),
        (
            "提交、下达（须另一人）、退回、结束：submitted、issued、draft、closed",
            "Submits, issues (another person), returns or closes: submitted, issued, draft, closed",
        ),
        (JSON, r#"{"state":"submitted"}"#),
        (200, r#"{"state":"submitted"}"#),
    ),
    get(
        "/api/v1/sampling/tasks",
        "sampling",
        Right::Needs("view", "sample"),
        ("抽检任务", "Tasks of plans"),
        &[
            q("plan", "计划", "plan"),
            REGION,
            q("class", "食品大类", "food class"),
            q("stage", "环节", "stage"),
            q("budget", "经费来源", "level that pays"),
            q("laboratory", "承检机构", "laboratory"),
            q("open", "只看未完成（true）", "only those not fulfilled (true)"),
            AFTER,
            LIMIT,
        ],
        r#"{"rows":[],"next":null}"#,
    ),
    get(
        "/api/v1/sampling/progress",
        "sampling",
        Right::Needs("view", "sample"),
        ("计划进度", "Progress of plans"),
        &[
            must("by", "region、prefecture、class、stage、budget、laboratory 或 kind", "what it is cut by"),
            q("year", "年度，默认今年", "year, this one unless said"),
            q("plan", "计划", "plan"),
            REGION,
            q("class", "食品大类", "food class"),
        ],
        r#"{"rows":[{"key":"6201","planned":17438,"taken":120,"missed":2,"tested":100,"published":80,"failed":3}],"total":{"key":""}}"#,
    ),
    get(
        "/api/v1/sampling/draws",
        "sampling",
        Right::Needs("view", "sample"),
        ("双随机抽取", "Draws"),
        &[REGION, q("task", "任务", "task"), q("state", "状态", "state"), AFTER, LIMIT],
        r#"{"rows":[],"next":null}"#,
    ),
    post(
        "/api/v1/sampling/draws",
        "sampling",
        Right::Needs("create", "sample"),
        (
            "固定名录并存证；by 为分层方式 region、risk、scale",
            "Freezes and journals a list; `by` separates strata: region, risk, scale",
        ),
        (JSON, DRAW_BODY),
        (201, r#"{"id":"01J8ZK3M0P5Q7R"}"#),
    ),
    get(
        "/api/v1/sampling/draws/{id}",
        "sampling",
        Right::Needs("view", "sample"),
        (
            "一次抽取：记录、入选概率、复算是否一致",
            "One draw: its record, the inclusion probabilities, whether it holds when worked out again",
        ),
        &[],
        r#"{"draw":{"id":"01J8ZK3M0P5Q7R"},"record":{},"chances":[],"holds":true,"findings":[]}"#,
    ),
    post(
        "/api/v1/sampling/draws/{id}/perform",
        "sampling",
        Right::Needs("act", "sample"),
        ("按公布的随机数抽取，仅此一次", "Draws with the value announced, once only"),
        (JSON, r#"{"public":"03 07 11 21 27 30 + 09"}"#),
        (200, r#"{"draw":"01J8ZK3M0P5Q7R","drawn":{"picks":[]}}"#),
    ),
    post(
        "/api/v1/sampling/draws/{id}/cancel",
        "sampling",
        Right::Needs("act", "sample"),
        ("公布前撤销，须说明理由", "Gives a draw up before its value is known, with the reason"),
        (JSON, r#"{"reason":"名录有误"}"#),
        (200, r#"{"state":"cancelled"}"#),
    ),
    get(
        "/api/v1/sampling/statistics",
        "sampling",
        Right::Needs("view", "sample"),
        (
            "合格率及 95 % 区间（威尔逊）；不选类别时为监督和评价，风险监测须明示",
            "Pass rates with 95 % intervals (Wilson); supervision and evaluation unless a kind is named",
        ),
        &[
            must(
                "by",
                "all、month、analyte、region、prefecture、class、stage、budget、laboratory、kind",
                "what it is cut by",
            ),
            q("kind", "类别", "kind"),
            REGION,
            q("class", "食品大类", "food class"),
            q("from", "抽样日期自", "sampled from"),
            q("to", "抽样日期至", "sampled to"),
        ],
        r#"{"interval":"Wilson 95 %","rows":[{"key":"2026-10","judged":120,"failed":3,"pass":0.975,"low":0.929,"high":0.991}]}"#,
    ),
    get(
        "/api/v1/sampling/per-thousand",
        "sampling",
        Right::Public,
        (
            "每千人批次：分子、分母、规则及其版本",
            "Batches per 1,000 people: numerator, denominator, the rule and its version",
        ),
        &[REGION, q("year", "年度，默认今年", "year, this one unless said")],
        r#"{"rule":{"id":"batches_per_1000","value":"4","sha256":"…"},"rows":[{"region":"620102","people":1484016,"planned":5936,"reported":12,"rate_planned":"4.00","rate":"0.01"}]}"#,
    ),
    get(
        "/api/v1/sampling/bulletins",
        "sampling",
        Right::Public,
        ("已发布的抽检信息公告", "Published lists of results"),
        &[AFTER, LIMIT],
        r#"{"rows":[],"next":null}"#,
    ),
    get(
        "/api/v1/sampling/results",
        "sampling",
        Right::Public,
        (
            "已公示的抽检结果；编号（抽样单编号）不变；含更正、撤回及其时间",
            "Published results; the id (form number) never changes; corrected and retracted rows say when",
        ),
        &[
            q("q", "食品、单位、批号、项目", "food, firm, lot, analyte"),
            REGION,
            q("class", "食品大类", "food class"),
            q("qualified", "是否合格（true/false）", "passed (true/false)"),
            q("from", "公布日期自", "published from"),
            q("to", "公布日期至", "published to"),
            q("all", "含已更正、撤回的行（true）", "corrected and retracted rows too (true)"),
            AFTER,
            LIMIT,
        ],
        r#"{"rows":[],"next":null}"#,
    ),
];

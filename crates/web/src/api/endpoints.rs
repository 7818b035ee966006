//! Every endpoint for programs, once: the OpenAPI document and the page `/api` are made from this table, and the tests
//! walk it.

use super::catalogue::{Endpoint, Param, Right, Text2};

pub(super) const fn q(name: &'static str, zh: &'static str, en: &'static str) -> Param {
    Param { name, required: false, text: (zh, en) }
}

pub(super) const fn must(name: &'static str, zh: &'static str, en: &'static str) -> Param {
    Param { name, required: true, text: (zh, en) }
}

pub(super) const fn get(
    path: &'static str,
    tag: &'static str,
    right: Right,
    text: Text2,
    query: &'static [Param],
    example: &'static str,
) -> Endpoint {
    Endpoint {
        method: "GET",
        path,
        tag,
        text,
        right,
        query,
        body: ("", ""),
        answer: (200, example),
        keyed: false,
    }
}

pub(super) const fn post(
    path: &'static str,
    tag: &'static str,
    right: Right,
    text: Text2,
    body: (&'static str, &'static str),
    answer: (u16, &'static str),
) -> Endpoint {
    Endpoint { method: "POST", path, tag, text, right, query: &[], body, answer, keyed: true }
}

pub(super) const JSON: &str = "application/json";
pub(super) const AFTER: Param = q("after", "上一页给出的 next", "the `next` of the page before");
pub(super) const LIMIT: Param = q("limit", "每页行数", "rows a page");
pub(super) const REGION: Param = q("region", "行政区划代码前缀", "beginning of a region code");
pub(super) const NEXT_TOKEN: Param =
    q("nextPageToken", "Link 头给出的页标记", "page token from the Link header");
pub(super) const PER_PAGE: Param = q("perPage", "每页行数，默认 30", "rows a page, 30 unless said");

/// A capture document.
pub(crate) const CAPTURE: &str = r#"{"@context":["https://ref.gs1.org/standards/epcis/2.0.0/epcis-context.jsonld"],"type":"EPCISDocument","schemaVersion":"2.0","creationDate":"2026-11-21T08:00:00+08:00","epcisBody":{"eventList":[{"type":"ObjectEvent","action":"ADD","bizStep":"commissioning","eventTime":"2026-11-20T12:00:00+08:00","eventTimeZoneOffset":"+08:00","readPoint":{"id":"https://id.gs1.org/414/6900000000014"},"bizLocation":{"id":"https://id.gs1.org/414/6900000000014"},"quantityList":[{"epcClass":"https://id.gs1.org/01/06900000000014/10/LOT1","quantity":120,"uom":"KGM"}]}]}}"#;
/// A bare event.
pub(crate) const EVENT: &str = r#"{"@context":["https://ref.gs1.org/standards/epcis/2.0.0/epcis-context.jsonld"],"type":"ObjectEvent","action":"ADD","bizStep":"commissioning","eventTime":"2026-11-20T12:00:00+08:00","eventTimeZoneOffset":"+08:00","readPoint":{"id":"https://id.gs1.org/414/6900000000014"},"bizLocation":{"id":"https://id.gs1.org/414/6900000000014"},"quantityList":[{"epcClass":"https://id.gs1.org/01/06900000000014/10/LOT2","quantity":120,"uom":"KGM"}]}"#;
pub(super) const QUERY_DOCUMENT: &str = r#"{"@context":["https://ref.gs1.org/standards/epcis/2.0.0/epcis-context.jsonld"],"type":"EPCISQueryDocument","schemaVersion":"2.0","creationDate":"2026-11-21T00:00:00.000Z","epcisBody":{"queryResults":{"queryName":"SimpleEventQuery","resultsBody":{"eventList":[]}}}}"#;
pub(super) const JOB: &str = r#"{"captureID":"01J8ZK3M0P5Q7R","createdAt":"2026-11-21T00:00:00.000Z","finishedAt":"2026-11-21T00:00:00.000Z","running":false,"success":true,"captureErrorBehaviour":"rollback","errors":[],"events":1,"stored":1,"duplicates":0,"eventsRoot":"sha-256:…"}"#;
/// A sampling form.
pub(crate) const SAMPLE: &str = r#"{"form_no":"XC26620102000001","kind":"supervision","food":"挂面","product_name":"虚构牌挂面","gtin":"06900000000014","lot_no":"LOT1","place_name":"虚构超市","producer_name":"虚构面业","produced":"2026-10-01","sampled":"2026-11-20","prepackaged":true,"region":"620102","agency":"market"}"#;
/// A result.
pub(crate) const RESULT: &str =
    r#"{"analyte":"铅(以Pb计)","reported":"0.36","unit":"mg/kg","lod":"0.02","method":"GB 5009.12-2023"}"#;
const BATCH: &str = r#"{"cases":[{"id":"1","food":"大米","analyte":"镉(以Cd计)","value":"0.25","unit":"mg/kg","date":"2026-11-21"}]}"#;
const VERDICT: &str = r#"{"case_id":"1","verdict":"nonconform","limit":{"printed":"0.2","value":"0.2","unit":"mg/kg","qualifier":null},"standard":"GB 2762","edition":"2025","clause":"4.2 表2","why":[{"code":"row","text":{"zh":"…","en":"…"}}]}"#;
const FILLED: &str = r#"{"version":3,"form":{"answer":"held","found":"12","recovered":"12"}}"#;

/// All of them, by chapter.
pub(crate) fn endpoints() -> impl Iterator<Item = &'static Endpoint> {
    super::bindings::EPCIS
        .iter()
        .chain(super::trace::TRACE)
        .chain(super::cases::CASES)
        .chain(super::connectors::CONNECTORS)
        .chain(super::assess::ASSESS)
        .chain(ENDPOINTS)
        .chain(super::sampling_table::SAMPLING)
        .chain(super::signals::SIGNALS)
        .chain(super::targeting::TARGETING)
}

/// Those of our own.
const ENDPOINTS: &[Endpoint] = &[
    get(
        "/api/v1/lots",
        "trace",
        Right::Needs("view", "lot"),
        ("一个批次：来源、去向、存量、事件", "One lot: where it came from, went to and is, with its events"),
        &[must("item", "批次的 Digital Link 或 URN", "Digital Link or URN of the lot")],
        r#"{"lot":{"item":"https://id.gs1.org/01/06900000000014/10/LOT1","name":"挂面"},"holdings":[],"suppliers":[],"customers":[],"origins":[],"events":[]}"#,
    ),
    get(
        "/api/v1/scope",
        "trace",
        Right::Needs("view", "lot"),
        (
            "不合格样品牵涉的全部范围（监管部门）",
            "Everything a failed sample puts under suspicion (authorities)",
        ),
        &[
            must("item", "批次", "the lot"),
            q("place", "抽样场所", "place sampled"),
            q("at", "抽样时间", "time of sampling"),
            q("from_item", "从这个上游批次起算", "start from this upstream lot"),
            q(
                "siblings",
                "包括同次加工的其他产出（true）",
                "also the other outputs of its transformation (true)",
            ),
        ],
        r#"{"item":"https://id.gs1.org/01/06900000000014/10/LOT1","culprits":[],"rows":[],"regions":[],"truncated":false}"#,
    ),
    get(
        "/api/v1/events/{id}/receipt",
        "trace",
        Right::Needs("view", "event"),
        ("事件的存证回执，可离线验证", "The receipt of an event, to be verified offline"),
        &[],
        r#"{"origin":"shian.example/log","index":1207,"size":1300}"#,
    ),
    get(
        "/api/v1/journal",
        "journal",
        Right::Needs("view", "journal"),
        (
            "按日志位置订阅本辖区的记录",
            "The feed of the journal of the caller's regions, in the order of the log",
        ),
        &[
            q("after", "此位置之后", "after this position"),
            LIMIT,
            q("kind", "事项", "kind of entry"),
            q("subject", "对象", "subject"),
        ],
        r#"{"entries":[{"position":1207,"id":"01J8ZK3M0P5Q7R","at":"2026-11-21T00:00:00.000Z","kind":"capture.accepted","region":"620102","subject":"capture:01J8ZK3M0P5Q7R","actor":"firm1"}],"next":1207}"#,
    ),
    get(
        "/api/v1/journal/feed",
        "journal",
        Right::Needs("view", "journal"),
        (
            "供镜像：位置之后的记录及其在最新签名树中的证明；辖区以外的只给叶散列",
            "For a mirror: entries after a position with their proofs under the latest signed head; of other regions the leaf only",
        ),
        &[
            q("after", "此位置之后，默认 -1", "after this position, -1 unless said"),
            q("limit", "条数，至多 500", "entries, at most 500"),
            q(
                "held",
                "镜像已有的树大小，给出则附一致性证明",
                "size of the tree the mirror holds; gives the proof of consistency",
            ),
        ],
        r#"{"checkpoint":"shian.example/log\n1300\n…","key":"shian.example/log+…","size":1300,"entries":[{"position":1207,"leaf":"…","proof":["…"],"entry":"{…}"}],"consistency":[],"next":1207}"#,
    ),
    post(
        "/api/v1/samples",
        "laboratory",
        Right::Needs("create", "sample"),
        (
            "登记抽样单；已到样的同时给出收样验收（arrival 的各项 checks），否则之后办理验收",
            "Registers a sampling form; one that has arrived comes with the check on arrival (`arrival` with its checks), the others are checked in later",
        ),
        (JSON, SAMPLE),
        (201, r#"{"id":"01J8ZK3M0P5Q7R","version":1,"state":"sealed"}"#),
    ),
    get(
        "/api/v1/samples",
        "laboratory",
        Right::Needs("view", "sample"),
        ("样品列表", "Samples"),
        &[
            q("q", "编号、食品、场所的一部分", "part of number, food, place"),
            q("state", "环节", "state"),
            q("kind", "抽检性质", "kind"),
            q("conclusion", "结论", "conclusion"),
            REGION,
            q("operator", "被抽样主体", "operator sampled"),
            q("laboratory", "检验机构", "laboratory"),
            q("item", "批次", "lot"),
            q("from", "抽样日期自", "sampled from"),
            q("to", "抽样日期至", "sampled to"),
            AFTER,
            LIMIT,
        ],
        r#"{"rows":[],"next":null}"#,
    ),
    get(
        "/api/v1/samples/{id}",
        "laboratory",
        Right::Needs("view", "sample"),
        ("一份样品及其结果与判定", "One sample with results and verdicts"),
        &[],
        r#"{"sample":{"id":"01J8ZK3M0P5Q7R"},"results":[],"nonconformity":null}"#,
    ),
    post(
        "/api/v1/samples/{id}/results",
        "laboratory",
        Right::Needs("create", "result"),
        ("录入一个或多个结果，立即判定", "Enters one result or a list; each is judged at once"),
        (JSON, RESULT),
        (201, r#"[{"id":"01J8ZK3M0P5Q7R","analyte":"铅","verdicts":[]}]"#),
    ),
    post(
        "/api/v1/results",
        "laboratory",
        Right::Needs("create", "result"),
        (
            "实验室系统一次报送多份样品的结果（至多 1000 条）：逐条答复，有误的不入并说明，其余入库并判定",
            "Results of many samples from a laboratory's system (at most 1000): every row is answered, wrong ones are refused with their problems, the others stored and judged",
        ),
        (
            JSON,
            r#"{"results":[{"sample":"01J8ZK3M0P5Q7R","analyte":"铅(以Pb计)","reported":"0.36","unit":"mg/kg","lod":"0.02","method":"GB 5009.12-2023"}]}"#,
        ),
        (
            200,
            r#"{"stored":1,"refused":0,"rows":[{"row":1,"sample":"01J8ZK3M0P5Q7R","result":"01J8ZK3M0P5Q7S","verdict":"nonconform","problems":[]}]}"#,
        ),
    ),
    post(
        "/api/v1/samples/{id}/approve",
        "laboratory",
        Right::Needs("act", "result"),
        (
            "批准报告（须由未录入结果的另一人）",
            "Approves the report (by another person than who entered results)",
        ),
        (JSON, r#"{"report_no":"R2026-0001"}"#),
        (200, r#"{"id":"01J8ZK3M0P5Q7R","state":"approved"}"#),
    ),
    post(
        "/api/v1/samples/{id}/submit",
        "laboratory",
        Right::Needs("act", "result"),
        (
            "报送报告；不合格的监督抽检随即立案处置",
            "Submits the report; a failed supervision sample opens its disposal",
        ),
        (JSON, "{}"),
        (200, r#"{"sample":{"state":"submitted"},"nonconformity":null}"#),
    ),
    post(
        "/api/v1/samples/{id}/corrections",
        "laboratory",
        Right::Needs("create", "result"),
        (
            "提出更正已报送的报告：改正（result 和 corrected）、补充（只有 corrected）、删去（只有 result）；另一人签发前原报告有效",
            "Proposes to correct a submitted report: put right (result and corrected), add (corrected alone), strike out (result alone); the report stands until another person issues the corrected one",
        ),
        (
            JSON,
            r#"{"reason":"读数录入有误","changes":[{"result":"01J8ZK3M0P5Q7R","corrected":{"analyte":"铅(以Pb计)","reported":"0.036","unit":"mg/kg","lod":"0.02","method":"GB 5009.12-2023"}}]}"#,
        ),
        (201, r#"{"id":"01J8ZK3M0P5Q7S","seq":1,"state":"proposed"}"#),
    ),
    post(
        "/api/v1/corrections/{id}/issue",
        "laboratory",
        Right::Needs("act", "result"),
        (
            "签发更正报告（须由提出人以外的另一人）：重新判定，不合格的立案，处置和公示随之更正；编号不填则在原编号后加 -G 和序号",
            "Issues the corrected report (by another person than who proposed it): judged anew, a failure opens its disposal, disposal and publication follow; without a number, the first one with -G and a number",
        ),
        (JSON, r#"{"report_no":"R2026-0001-G1"}"#),
        (
            200,
            r#"{"correction":{"id":"01J8ZK3M0P5Q7S","seq":1,"state":"issued","report_no":"R2026-0001-G1"},"nonconformity":null}"#,
        ),
    ),
    post(
        "/api/v1/corrections/{id}/drop",
        "laboratory",
        Right::Needs("act", "result"),
        ("不予更正，说明原因；原报告不变", "Does not pursue a correction, with the reason; the report stays"),
        (JSON, r#"{"reason":"复核原始记录，原结果无误"}"#),
        (200, r#"{"id":"01J8ZK3M0P5Q7S","seq":1,"state":"dropped"}"#),
    ),
    get(
        "/api/v1/declared",
        "limits",
        Right::Public,
        (
            "企业公开声明的标准，逐条与国家标准比对；已废止的也可查",
            "Enterprise standards declared in public, each row compared with the law; withdrawn ones too",
        ),
        &[
            q("q", "编号、名称、企业、食品、项目", "number, title, firm, food, analyte"),
            REGION,
            q("state", "published 或 withdrawn", "published or withdrawn"),
            AFTER,
            LIMIT,
        ],
        r#"{"rows":[{"number":"Q/ABC 0001S-2026","state":"published","rows":[{"declared":{"food":"大米","analyte":"镉","limit":"0.1","unit":"mg/kg","method":""},"standing":"stricter","against":[]}]}],"next":null}"#,
    ),
    get(
        "/api/v1/limits",
        "limits",
        Right::Public,
        (
            "一种食品一个项目的限量，各国和组织对照（更严、更宽、不可比）；仅供阅读",
            "The limits of a food and an analyte, jurisdictions side by side (stricter, looser, not comparable); for reading",
        ),
        &[
            must("food", "食品名称", "food"),
            must("analyte", "检验项目", "analyte"),
            q("date", "适用日期，默认今天", "governing date, today unless said"),
        ],
        r#"{"rules":"…","rows":[{"jurisdiction":"eu","limit":"0.15","unit":"mg/kg","beside":"GB2762-2025-T02-081","relation":"stricter","scope":"same"}]}"#,
    ),
    get(
        "/api/v1/limits/judge",
        "limits",
        Right::Public,
        ("按现行限量判定一个结果，不保存", "Judges one result by the limits in force; nothing is stored"),
        &[
            must("food", "食品名称", "food"),
            must("analyte", "检验项目", "analyte"),
            must("value", "结果", "result as reported"),
            q("unit", "单位", "unit"),
            q("lod", "检出限", "limit of detection"),
            q("loq", "定量限", "limit of quantification"),
            q("date", "适用日期，默认今天", "governing date, today unless said"),
            q("id", "调用方编号", "the caller's reference"),
        ],
        VERDICT,
    ),
    Endpoint {
        keyed: false,
        ..post(
            "/api/v1/limits/judge",
            "limits",
            Right::Public,
            ("按现行限量判定至多 1000 个结果", "Judges up to 1000 results"),
            (JSON, BATCH),
            (200, r#"{"verdicts":[]}"#),
        )
    },
    get(
        "/api/v1/tasks",
        "work",
        Right::Needs("view", "task"),
        ("任务，时限最近者在前", "Tasks, soonest clock first"),
        &[
            q("whose", "doable、mine 或 all", "doable, mine or all"),
            q("state", "open、done 或 any", "open, done or any"),
            q("overdue", "只看逾期（true）", "overdue only (true)"),
            q("kind", "任务种类", "kind"),
            REGION,
            q("q", "标题的一部分", "part of the title"),
            q("matter", "所属办件", "matter"),
            AFTER,
            LIMIT,
        ],
        r#"{"rows":[],"next":null}"#,
    ),
    get(
        "/api/v1/tasks/{id}",
        "work",
        Right::Needs("view", "task"),
        ("一项任务：表单与各场所", "One task: its form and places"),
        &[],
        r#"{"line":{"id":"01J8ZK3M0P5Q7R"},"form":null,"items":[],"may_act":true}"#,
    ),
    post(
        "/api/v1/task-items/{id}/report",
        "work",
        Right::Needs("act", "task"),
        ("上报一个场所；version 为读到的版本", "Reports one place; `version` is the one that was read"),
        (JSON, FILLED),
        (200, r#"{"item":"01J8ZK3M0P5Q7R","version":4,"task_done":false}"#),
    ),
    get(
        "/api/v1/procedures",
        "work",
        Right::Public,
        ("现行程序", "The procedures in force"),
        &[],
        r#"{"rows":[{"id":"recall","title":{"zh":"食品召回","en":"Food recall"},"version":"…","agency":"market","opened_by":null}]}"#,
    ),
    get(
        "/api/v1/procedures/{id}",
        "work",
        Right::Account,
        (
            "一个程序：环节、步骤、时限及其依据；forms 为各表单的 JSON Schema",
            "One procedure: states, steps, clocks with their clauses; `forms` holds the JSON Schema of each form",
        ),
        &[],
        r#"{"id":"recall","states":[],"steps":[],"clocks":[],"forms":{"plan":{"type":"object"}}}"#,
    ),
    post(
        "/api/v1/procedures/{id}/matters",
        "work",
        Right::Needs("create", "matter"),
        ("按程序的立项表单发起办件", "Opens a matter by the form of its procedure"),
        (JSON, r#"{"region":"620102","form":{"name":"虚构"}}"#),
        (201, r#"{"matter":"01J8ZK3M0P5Q7R","created":true,"version":1}"#),
    ),
    get(
        "/api/v1/matters/{id}",
        "work",
        Right::Needs("view", "matter"),
        ("一个办件的全部", "One matter whole"),
        &[],
        r#"{"id":"01J8ZK3M0P5Q7R","state":"open","actions":[],"version":3}"#,
    ),
    post(
        "/api/v1/matters/{id}/{step}",
        "work",
        Right::Needs("act", "matter"),
        ("办理一步；环节名见 actions", "Takes one step; its name is in `actions`"),
        (JSON, FILLED),
        (200, r#"{"matter":"01J8ZK3M0P5Q7R","version":4,"state":"launched"}"#),
    ),
    post(
        "/api/v1/documents/{id}/publish",
        "work",
        Right::Needs("publish", "document"),
        ("发布文书（须由起草人以外的人）", "Publishes a document (by another person than who drafted it)"),
        (JSON, r#"{"version":1}"#),
        (200, r#"{"slug":"gg-2026-1","version":2}"#),
    ),
    get(
        "/api/v1/situation",
        "work",
        Right::Needs("view", "task"),
        (
            "态势：场所、到达、追回、逾期，按地区",
            "The situation: places, reached, recovered, overdue, by region",
        ),
        &[
            REGION,
            q("matter", "一个办件所属的案件", "the case of one matter"),
            q("cases", "running 在办、ended 已办结；缺省全部", "running or ended; all when absent"),
        ],
        r#"{"region":"62","total":{"places":0,"reached":0},"regions":[]}"#,
    ),
    get(
        "/api/v1/licences/verify",
        "public",
        Right::Public,
        (
            "核验许可证、备案、登记证：编号是否有效、是否属于该单位（供外卖平台比对）",
            "Verifies a licence, filing or registration: does the number stand, and for this firm (for delivery platforms)",
        ),
        &[
            must("number", "证书编号", "number of the certificate"),
            q("uscc", "持有人统一社会信用代码", "social credit code of the holder"),
            q("name", "持有人名称", "name of the holder"),
            q("on", "日期，默认今日", "day, today unless said"),
        ],
        r#"{"number":"JY16201020000012","on":"2026-11-22","matches":true,"reasons":[],"records":[{"number":"JY16201020000012","class":"1","status":"valid","in_force":true,"issued":"2026-11-22","expires":"2031-11-21","check_digit_ok":true,"holder":{"name":"虚构超市","uscc":"91620102MA00000001","region":"620102"}}],"checked_at":"2026-11-22T00:00:00.000Z"}"#,
    ),
    get(
        "/api/v1/notices",
        "public",
        Right::Public,
        ("已公布的公告", "Published notices"),
        &[q("kind", "种类", "kind"), REGION, q("q", "标题的一部分", "part of the heading"), AFTER, LIMIT],
        r#"{"rows":[],"next":null}"#,
    ),
    Endpoint {
        keyed: false,
        ..post(
            "/api/v1/attachments",
            "files",
            Right::Account,
            (
                "上传照片或 PDF；以内容散列为名，重复上传无影响",
                "Uploads a picture or PDF, kept under its hash; a repeat changes nothing",
            ),
            ("application/octet-stream", ""),
            (201, r#"{"sha256":"9f86d0…","media_type":"image/jpeg","size":81234}"#),
        )
    },
    get(
        "/api/v1/links",
        "links",
        Right::Account,
        ("本单位登记的链接", "The own firm's links"),
        &[q("anchor", "编码，如 /01/06900000000014", "code, such as /01/06900000000014"), AFTER, LIMIT],
        r#"{"rows":[{"id":"01J8ZK3M0P5Q7R","version":1,"anchor":"/01/06900000000014","link_type":"gs1:pip","href":"https://firm.example/p","title":{"zh":"产品介绍","en":"product information"},"lang":"","media":"text/html","context":""}],"next":null}"#,
    ),
    post(
        "/api/v1/links",
        "links",
        Right::Needs("act", "product"),
        (
            "为本单位的产品或场所登记链接；anchor 为 Digital Link 的路径，href 为 https 网址",
            "Enters a link for an own product or place; `anchor` is the path of a Digital Link, `href` an https address",
        ),
        (
            JSON,
            r#"{"anchor":"/01/06900000000014/10/LOT1","link_type":"gs1:pip","href":"https://firm.example/p","title_zh":"产品介绍","title_en":"","lang":"zh","media":"text/html","context":"CN"}"#,
        ),
        (201, r#"{"id":"01J8ZK3M0P5Q7R"}"#),
    ),
    Endpoint {
        method: "DELETE",
        keyed: false,
        ..get(
            "/api/v1/links/{id}",
            "links",
            Right::Needs("act", "product"),
            ("删除链接；version 为读到的版本", "Removes a link; `version` is the one that was read"),
            &[q("version", "读到的版本，默认 1", "the version that was read, 1 unless said")],
            "",
        )
    },
    get(
        "/api/v1/tokens",
        "account",
        Right::Account,
        ("自己的访问令牌", "The own access tokens"),
        &[],
        r#"[{"id":"01J8ZK3M0P5Q7R","name":"ERP","created":"2026-11-21T00:00:00.000Z","expires":null,"revoked":null}]"#,
    ),
    Endpoint {
        keyed: false,
        ..post(
            "/api/v1/tokens",
            "account",
            Right::Account,
            (
                "创建访问令牌（须为网页会话，并再次输入密码）；密文只显示这一次",
                "Makes an access token (from a session on the site, with the password again); the secret is shown this once",
            ),
            (JSON, r#"{"name":"ERP","password":"…","days":365}"#),
            (201, r#"{"id":"01J8ZK3M0P5Q7R","token":"shian_…","expires":"2027-11-21T00:00:00.000Z"}"#),
        )
    },
    Endpoint {
        method: "DELETE",
        ..get(
            "/api/v1/tokens/{id}",
            "account",
            Right::Account,
            ("撤销访问令牌", "Revokes an access token"),
            &[],
            "",
        )
    },
];

//! The endpoints of the EPCIS 2.0 REST binding: all 63 operations, and master data beside them.

use super::catalogue::{Endpoint, Param, Right};
use super::endpoints::{CAPTURE, EVENT, JOB, NEXT_TOKEN, PER_PAGE, QUERY_DOCUMENT, get, post, q};

const TAG: &str = "EPCIS 2.0";
const VIEW: Right = Right::Needs("view", "event");
const SEEN: Right = Right::Account;
const COLLECTION: &str = r#"{"@context":"https://ref.gs1.org/standards/epcis/2.0.0/epcis-context.jsonld","type":"Collection","member":["…"]}"#;
const BELOW: &str = r#"{"@context":"https://ref.gs1.org/standards/epcis/2.0.0/epcis-context.jsonld","type":"Collection","member":["events"]}"#;
const QUERY: &str =
    r#"{"name":"shipments","query":{"eventType":["ObjectEvent"],"EQ_bizStep":["shipping","receiving"]}}"#;
const SUBSCRIBE: &str =
    r#"{"dest":"https://client.example.com/hook","signatureToken":"13df38d8275b13f0","stream":true}"#;
const SUBSCRIPTION: &str = r#"{"subscriptionID":"01J8ZK3M0P5Q7R","queryName":"shipments","dest":"https://client.example.com/hook","createdAt":"2026-11-21T00:00:00.000Z","initialRecordTime":"2026-11-21T00:00:00.000Z","minRecordTime":"2026-11-21T00:00:00.000Z","reportIfEmpty":false,"epcFormat":"Always_GS1_Digital_Link","stream":true}"#;
const MASTER: &str = r#"{"@context":["https://ref.gs1.org/standards/epcis/2.0.0/epcis-context.jsonld"],"type":"EPCISQueryDocument","schemaVersion":"2.0","creationDate":"2026-11-21T00:00:00.000Z","epcisBody":{"queryResults":{"queryName":"SimpleMasterDataQuery","resultsBody":{"vocabularyList":[]}}}}"#;

/// The parameters most used; every other one of `SimpleEventQuery` is understood too.
const PARAMETERS: &[Param] = &[
    q("eventType", "事件类型，多个以 | 分隔", "event types, several between pipes"),
    q("GE_eventTime", "事件时间不早于", "event time not before"),
    q("LT_eventTime", "事件时间早于", "event time before"),
    q("GE_recordTime", "记录时间不早于", "record time not before"),
    q("LT_recordTime", "记录时间早于", "record time before"),
    q("EQ_action", "ADD、OBSERVE 或 DELETE", "ADD, OBSERVE or DELETE"),
    q("EQ_bizStep", "业务步骤", "business step"),
    q("EQ_disposition", "状态", "disposition"),
    q("EQ_readPoint", "读取点", "read point"),
    q("EQ_bizLocation", "业务地点", "business location"),
    q("WD_bizLocation", "业务地点及其下级", "business location and what is below it"),
    q("MATCH_anyEPC", "任何角色中的实例", "an instance in any role"),
    q("MATCH_anyEPCClass", "任何角色中的产品类或批次", "a product class or lot in any role"),
    q("EQ_eventID", "事件编号", "event id"),
    q("orderBy", "排序字段", "what to order by"),
    q("eventCountLimit", "只取前几个", "only the first so many"),
    q("maxEventCount", "超过即拒绝", "refuse when there are more"),
    PER_PAGE,
    NEXT_TOKEN,
];

/// `OPTIONS`, for everybody.
const fn discover(path: &'static str) -> Endpoint {
    Endpoint {
        method: "OPTIONS",
        path,
        tag: TAG,
        text: (
            "可用的方法、版本与格式（在响应头中）",
            "The methods, versions and formats there are, in the headers",
        ),
        right: Right::Public,
        query: &[],
        body: ("", ""),
        answer: (204, ""),
        keyed: false,
    }
}

const fn end(path: &'static str, text: (&'static str, &'static str)) -> Endpoint {
    Endpoint {
        method: "DELETE",
        path,
        tag: TAG,
        text,
        right: SEEN,
        query: &[],
        body: ("", ""),
        answer: (204, ""),
        keyed: false,
    }
}

/// All of them.
pub(crate) const EPCIS: &[Endpoint] = &[
    discover("/epcis"),
    get("/epcis", TAG, SEEN, ("顶层资源", "The top-level resources"), &[], COLLECTION),
    discover("/epcis/capture"),
    Endpoint {
        keyed: false,
        ..post(
            "/epcis/capture",
            TAG,
            Right::Needs("capture", "event"),
            (
                "采集一份 EPCIS 文件（JSON、XML 2.0 或 XML 1.2）；202 与作业地址，事件的错误记在作业中。出错时的行为由 GS1-Capture-Error-Behaviour 决定（rollback 或 proceed）。",
                "Captures an EPCIS document (JSON, XML 2.0 or XML 1.2); 202 with the job's address, where errors of events are found. GS1-Capture-Error-Behaviour says what happens on errors (rollback or proceed).",
            ),
            ("application/ld+json", CAPTURE),
            (202, ""),
        )
    },
    get(
        "/epcis/capture",
        TAG,
        VIEW,
        ("采集作业，最新在前", "Capture jobs, newest first"),
        &[PER_PAGE, NEXT_TOKEN],
        JOB,
    ),
    discover("/epcis/capture/{id}"),
    get(
        "/epcis/capture/{id}",
        TAG,
        VIEW,
        ("一个采集作业及其错误", "One capture job with its errors"),
        &[],
        JOB,
    ),
    discover("/epcis/events"),
    Endpoint {
        keyed: false,
        ..post(
            "/epcis/events",
            TAG,
            Right::Needs("capture", "event"),
            (
                "采集一个事件；201 与事件地址，已存在时 409",
                "Captures one event; 201 with its address, 409 when it exists",
            ),
            ("application/ld+json", EVENT),
            (201, EVENT),
        )
    },
    get(
        "/epcis/events",
        TAG,
        VIEW,
        (
            "查询事件，最近在前；下一页在 Link 头中",
            "Events, newest first; the next page is in the Link header",
        ),
        PARAMETERS,
        QUERY_DOCUMENT,
    ),
    discover("/epcis/events/{id}"),
    get(
        "/epcis/events/{id}",
        TAG,
        VIEW,
        (
            "按 eventID 或事件散列取事件及其错误声明",
            "The event with this eventID or hash id, and the error declarations on it",
        ),
        &[],
        QUERY_DOCUMENT,
    ),
    discover("/epcis/eventTypes"),
    get(
        "/epcis/eventTypes",
        TAG,
        VIEW,
        ("事件中出现的事件类型", "The event types that occur in events"),
        &[PER_PAGE, NEXT_TOKEN],
        COLLECTION,
    ),
    discover("/epcis/eventTypes/{eventType}"),
    get(
        "/epcis/eventTypes/{eventType}",
        TAG,
        VIEW,
        ("该值之下的资源", "What there is below the value"),
        &[],
        BELOW,
    ),
    discover("/epcis/eventTypes/{eventType}/events"),
    get(
        "/epcis/eventTypes/{eventType}/events",
        TAG,
        VIEW,
        (
            "含该值的事件；其余参数同 /epcis/events",
            "Events with the value; further parameters as for /epcis/events",
        ),
        PARAMETERS,
        QUERY_DOCUMENT,
    ),
    discover("/epcis/epcs"),
    get(
        "/epcis/epcs",
        TAG,
        VIEW,
        ("事件中出现的实例、批次与产品类", "The instances, lots and classes that occur in events"),
        &[PER_PAGE, NEXT_TOKEN],
        COLLECTION,
    ),
    discover("/epcis/epcs/{epc}"),
    get("/epcis/epcs/{epc}", TAG, VIEW, ("该值之下的资源", "What there is below the value"), &[], BELOW),
    discover("/epcis/epcs/{epc}/events"),
    get(
        "/epcis/epcs/{epc}/events",
        TAG,
        VIEW,
        (
            "含该值的事件；其余参数同 /epcis/events",
            "Events with the value; further parameters as for /epcis/events",
        ),
        PARAMETERS,
        QUERY_DOCUMENT,
    ),
    discover("/epcis/bizSteps"),
    get(
        "/epcis/bizSteps",
        TAG,
        VIEW,
        ("事件中出现的业务步骤", "The business steps that occur in events"),
        &[PER_PAGE, NEXT_TOKEN],
        COLLECTION,
    ),
    discover("/epcis/bizSteps/{bizStep}"),
    get(
        "/epcis/bizSteps/{bizStep}",
        TAG,
        VIEW,
        ("该值之下的资源", "What there is below the value"),
        &[],
        BELOW,
    ),
    discover("/epcis/bizSteps/{bizStep}/events"),
    get(
        "/epcis/bizSteps/{bizStep}/events",
        TAG,
        VIEW,
        (
            "含该值的事件；其余参数同 /epcis/events",
            "Events with the value; further parameters as for /epcis/events",
        ),
        PARAMETERS,
        QUERY_DOCUMENT,
    ),
    discover("/epcis/bizLocations"),
    get(
        "/epcis/bizLocations",
        TAG,
        VIEW,
        ("事件中出现的业务地点", "The business locations that occur in events"),
        &[PER_PAGE, NEXT_TOKEN],
        COLLECTION,
    ),
    discover("/epcis/bizLocations/{bizLocation}"),
    get(
        "/epcis/bizLocations/{bizLocation}",
        TAG,
        VIEW,
        ("该值之下的资源", "What there is below the value"),
        &[],
        BELOW,
    ),
    discover("/epcis/bizLocations/{bizLocation}/events"),
    get(
        "/epcis/bizLocations/{bizLocation}/events",
        TAG,
        VIEW,
        (
            "含该值的事件；其余参数同 /epcis/events",
            "Events with the value; further parameters as for /epcis/events",
        ),
        PARAMETERS,
        QUERY_DOCUMENT,
    ),
    discover("/epcis/readPoints"),
    get(
        "/epcis/readPoints",
        TAG,
        VIEW,
        ("事件中出现的读取点", "The read points that occur in events"),
        &[PER_PAGE, NEXT_TOKEN],
        COLLECTION,
    ),
    discover("/epcis/readPoints/{readPoint}"),
    get(
        "/epcis/readPoints/{readPoint}",
        TAG,
        VIEW,
        ("该值之下的资源", "What there is below the value"),
        &[],
        BELOW,
    ),
    discover("/epcis/readPoints/{readPoint}/events"),
    get(
        "/epcis/readPoints/{readPoint}/events",
        TAG,
        VIEW,
        (
            "含该值的事件；其余参数同 /epcis/events",
            "Events with the value; further parameters as for /epcis/events",
        ),
        PARAMETERS,
        QUERY_DOCUMENT,
    ),
    discover("/epcis/dispositions"),
    get(
        "/epcis/dispositions",
        TAG,
        VIEW,
        ("事件中出现的状态", "The dispositions that occur in events"),
        &[PER_PAGE, NEXT_TOKEN],
        COLLECTION,
    ),
    discover("/epcis/dispositions/{disposition}"),
    get(
        "/epcis/dispositions/{disposition}",
        TAG,
        VIEW,
        ("该值之下的资源", "What there is below the value"),
        &[],
        BELOW,
    ),
    discover("/epcis/dispositions/{disposition}/events"),
    get(
        "/epcis/dispositions/{disposition}/events",
        TAG,
        VIEW,
        (
            "含该值的事件；其余参数同 /epcis/events",
            "Events with the value; further parameters as for /epcis/events",
        ),
        PARAMETERS,
        QUERY_DOCUMENT,
    ),
    discover("/epcis/queries"),
    get("/epcis/queries", TAG, VIEW, ("命名查询", "Named queries"), &[PER_PAGE, NEXT_TOKEN], ""),
    Endpoint {
        keyed: false,
        ..post(
            "/epcis/queries",
            TAG,
            VIEW,
            ("建立命名查询；重名时 409", "Keeps a query under a name; 409 when it is taken"),
            ("application/json", QUERY),
            (201, QUERY),
        )
    },
    discover("/epcis/queries/{name}"),
    get("/epcis/queries/{name}", TAG, VIEW, ("查询的定义", "The definition of a query"), &[], QUERY),
    end(
        "/epcis/queries/{name}",
        ("删除查询及其全部订阅与连接", "Deletes a query with its subscriptions and sockets"),
    ),
    discover("/epcis/queries/{name}/events"),
    get(
        "/epcis/queries/{name}/events",
        TAG,
        VIEW,
        (
            "查询结果；以 WebSocket 连接时推送新事件（stream=true，或 second、minute、hour、dayOfMonth、month、dayOfWeek）",
            "What the query finds; over a WebSocket, new events as they come (stream=true, or second, minute, hour, dayOfMonth, month, dayOfWeek)",
        ),
        &[PER_PAGE, NEXT_TOKEN],
        QUERY_DOCUMENT,
    ),
    discover("/epcis/queries/{name}/subscriptions"),
    get(
        "/epcis/queries/{name}/subscriptions",
        TAG,
        VIEW,
        ("查询的订阅", "The subscriptions to a query"),
        &[PER_PAGE, NEXT_TOKEN],
        "",
    ),
    Endpoint {
        keyed: false,
        ..post(
            "/epcis/queries/{name}/subscriptions",
            TAG,
            VIEW,
            (
                "订阅查询：新事件推送到 dest，GS1-Signature 为 signatureToken 对消息体的 HMAC-SHA-256（十六进制）；按捕获次序，至少一次；时间表按北京时间",
                "Subscribes to a query: new events are posted to dest, GS1-Signature is the HMAC-SHA-256 of the body under signatureToken in hex; in the order of capture, at least once; schedules are in China time",
            ),
            ("application/json", SUBSCRIBE),
            (201, SUBSCRIPTION),
        )
    },
    discover("/epcis/queries/{name}/subscriptions/{id}"),
    get(
        "/epcis/queries/{name}/subscriptions/{id}",
        TAG,
        VIEW,
        ("一个订阅", "One subscription"),
        &[],
        SUBSCRIPTION,
    ),
    end("/epcis/queries/{name}/subscriptions/{id}", ("取消订阅", "Ends a subscription")),
    end("/epcis/nextPageToken/{token}", ("释放页标记", "Releases a page token")),
    get(
        "/epcis/masterdata",
        TAG,
        VIEW,
        (
            "随采集报送的主数据（SimpleMasterDataQuery）；at 给出某记录时间的版本",
            "Master data that came with captures (SimpleMasterDataQuery); `at` gives the versions of a record time",
        ),
        &[
            q("vocabularyName", "词汇类型", "vocabulary type"),
            q("includeAttributes", "含属性", "with attributes"),
            q("includeChildren", "含下级", "with children"),
            q("attributeNames", "只要这些属性", "only these attributes"),
            q("EQ_name", "这些元素", "these elements"),
            q("WD_name", "这些元素及其下级", "these elements and what is below them"),
            q("HASATTR", "具有属性", "having an attribute"),
            q("maxElementCount", "超过即拒绝", "refuse when there are more"),
            q("at", "记录时间", "record time"),
        ],
        MASTER,
    ),
];

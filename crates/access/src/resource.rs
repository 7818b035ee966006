//! What is acted on: the few facts of a record that decide who may touch it.

use base::{Id, Text};

/// Everybody may see it once it is of a published kind.
pub const PUBLIC: u8 = 0;
/// For authorities and the operator concerned: the default of every record.
pub const INTERNAL: u8 = 1;
/// For those with a confidential ceiling: cases under investigation, whistle-blowers.
pub const CONFIDENTIAL: u8 = 2;

/// The uniform actions: code, Chinese, English.
pub const ACTIONS: [(&str, &str, &str); 9] = [
    ("view", "查看", "view"),
    ("create", "新建", "create"),
    ("import", "导入", "import"),
    ("capture", "报送", "capture"),
    ("act", "办理", "act"),
    ("decide", "审批", "decide"),
    ("publish", "发布", "publish"),
    ("export", "导出", "export"),
    ("administer", "管理", "administer"),
];

/// The kinds of record: code, Cedar entity type, Chinese, English.
pub const KINDS: [(&str, &str, &str, &str); 21] = [
    ("operator", "Operator", "生产经营者", "operator"),
    ("site", "Site", "场所", "site"),
    ("product", "Product", "产品", "product"),
    ("person", "Person", "人员", "person"),
    ("licence", "Licence", "许可证", "licence"),
    ("agency", "Agency", "机构", "agency"),
    ("event", "Event", "追溯事件", "trace event"),
    ("lot", "Lot", "批次", "lot"),
    ("sample", "Sample", "样品", "sample"),
    ("sampled", "Sampled", "样品所属单位", "whose a sample is"),
    ("result", "Result", "检验结果", "result"),
    ("nonconformity", "Nonconformity", "不合格", "nonconformity"),
    ("matter", "Matter", "办件", "matter"),
    ("task", "Task", "任务", "task"),
    ("document", "Document", "文书", "document"),
    ("reporter", "Reporter", "投诉举报人身份", "identity of a reporter"),
    ("figure", "Figure", "指标", "figure"),
    ("signal", "Signal", "监测信号", "surveillance signal"),
    ("account", "Account", "账号", "account"),
    ("journal", "Journal", "日志", "journal"),
    ("job", "Job", "后台作业", "job"),
];

/// The record concerned, as authorisation sees it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Resource {
    /// One of [`KINDS`].
    pub kind: &'static str,
    /// Region code of the record.
    pub region: String,
    /// Department code that owns the record; `""` where none does.
    pub agency: String,
    /// [`PUBLIC`], [`INTERNAL`] or [`CONFIDENTIAL`].
    pub classification: u8,
    /// The operator concerned. For samples and results: the laboratory they are assigned to, or the operator sampled;
    /// a caller that wants both checks both.
    pub operator: Option<Id>,
    /// Accounts that must stand aside.
    pub recused: Vec<Id>,
    /// The account that submitted what is now to be decided or published.
    pub submitter: Option<Id>,
}

impl Resource {
    /// An internal record of a kind in a region, owned by no department and concerning no operator.
    #[must_use]
    pub fn new(kind: &'static str, region: impl Into<String>) -> Self {
        Self {
            kind,
            region: region.into(),
            agency: String::new(),
            classification: INTERNAL,
            operator: None,
            recused: Vec::new(),
            submitter: None,
        }
    }

    /// Names the department that owns it.
    #[must_use]
    pub fn of_agency(mut self, agency: impl Into<String>) -> Self {
        self.agency = agency.into();
        self
    }

    /// Names the operator concerned.
    #[must_use]
    pub const fn of_operator(mut self, operator: Option<Id>) -> Self {
        self.operator = operator;
        self
    }

    /// Sets the classification.
    #[must_use]
    pub const fn classified(mut self, classification: u8) -> Self {
        self.classification = classification;
        self
    }
}

/// The name of an action on screen.
#[must_use]
pub fn action_label(action: &str) -> Text {
    ACTIONS
        .iter()
        .find(|(code, ..)| *code == action)
        .map_or_else(|| Text::new(action, action), |(_, zh, en)| Text::of(zh, en))
}

/// The name of a kind on screen.
#[must_use]
pub fn kind_label(kind: &str) -> Text {
    KINDS
        .iter()
        .find(|(code, ..)| *code == kind)
        .map_or_else(|| Text::new(kind, kind), |(_, _, zh, en)| Text::of(zh, en))
}

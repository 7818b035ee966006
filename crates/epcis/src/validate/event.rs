//! The field table of each event type, and the rules that join several fields.

use super::{Checker, OBJECT};
use crate::node::Node;
use crate::pointer::Path;
use crate::time::{Moment, zone_offset};
use crate::vocabulary::{BIZ_STEP, DISPOSITION, PARTY_TYPE, TRANSACTION_TYPE};
use base::Text;

/// Fields beyond the common ones, per event type.
const OBJECT_FIELDS: &[&str] = &["epcList", "quantityList", "action", "persistentDisposition", "ilmd"];
const GROUP_FIELDS: &[&str] = &["parentID", "childEPCs", "childQuantityList", "action"];
const TRANSACTION_FIELDS: &[&str] = &["parentID", "epcList", "quantityList", "action"];
const TRANSFORMATION_FIELDS: &[&str] = &[
    "inputEPCList",
    "inputQuantityList",
    "outputEPCList",
    "outputQuantityList",
    "transformationID",
    "persistentDisposition",
    "ilmd",
];
/// Fields of all five types.
const SHARED_FIELDS: &[&str] = &[
    "@context",
    "type",
    "eventTime",
    "recordTime",
    "eventTimeZoneOffset",
    "eventID",
    "certificationInfo",
    "errorDeclaration",
    "bizStep",
    "disposition",
    "readPoint",
    "bizLocation",
    "bizTransactionList",
    "sourceList",
    "destinationList",
    "sensorElementList",
];

impl Checker<'_> {
    /// One event; `root` when it stands alone and must bring its own `@context`.
    pub(crate) fn event(&mut self, path: &Path<'_>, node: &Node, root: bool) {
        let Node::Object(members) = node else {
            self.wrong_sort(path, node, &OBJECT);
            return;
        };
        let kind = match node.get("type") {
            None => {
                self.missing(path, "type", "事件类型，如 ObjectEvent", "the event type, such as ObjectEvent");
                return;
            }
            Some(kind) => match self.text(&path.name("type"), kind) {
                Some(kind) => kind,
                None => return,
            },
        };
        if root && node.get("@context").is_none() {
            self.missing_context(path);
        }
        if root && !kind.ends_with("Event") && !crate::uri::is_uri(kind) {
            // what is no event lacks all that events have
            self.no_event_type(path, kind);
            return;
        }
        let moment = self.times(path, node);
        let own: &[&str] = match kind {
            "ObjectEvent" => OBJECT_FIELDS,
            "AggregationEvent" | "AssociationEvent" => GROUP_FIELDS,
            "TransactionEvent" => TRANSACTION_FIELDS,
            "TransformationEvent" => TRANSFORMATION_FIELDS,
            other => {
                if !crate::uri::is_uri(other) {
                    self.no_event_type(path, other);
                }
                for (name, value) in members {
                    self.common_field(&path.name(name), name, value);
                }
                return;
            }
        };
        for (name, value) in members {
            let at = path.name(name);
            let standing = own.contains(&&**name)
                || SHARED_FIELDS.contains(&&**name)
                || (self.is_xml() && &**name == "persistentDisposition");
            if !standing {
                self.extension_name(path, name);
            } else if !self.common_field(&at, name, value) {
                self.standard_field(&at, name, value, kind, moment);
            }
        }
        self.joint_rules(path, node, kind);
    }

    fn no_event_type(&mut self, path: &Path<'_>, kind: &str) {
        let remedy = if matches!(kind, "EPCISDocument" | "EPCISQueryDocument") {
            Text::of(
                "此处只收单个事件；整份文件请提交到采集接口 capture。",
                "One event is expected here; send a whole document to capture.",
            )
        } else {
            Text::of(
                "请用 ObjectEvent、AggregationEvent、TransactionEvent、TransformationEvent、AssociationEvent，自定义类型须写成 URI；整份文件为 EPCISDocument 或 EPCISQueryDocument。",
                "Use ObjectEvent, AggregationEvent, TransactionEvent, TransformationEvent or AssociationEvent; a type of your own must be a URI. A whole document is an EPCISDocument or EPCISQueryDocument.",
            )
        };
        self.error(
            &path.name("type"),
            Text::new(format!("没有事件类型“{kind}”。"), format!("There is no event type \"{kind}\".")),
            remedy,
        );
    }

    fn times(&mut self, path: &Path<'_>, node: &Node) -> Option<Moment> {
        if node.get("eventTimeZoneOffset").is_none() {
            self.missing(
                path,
                "eventTimeZoneOffset",
                "当地时区，中国为 +08:00",
                "the local zone; China is +08:00",
            );
        }
        match node.get("eventTime") {
            Some(time) => time.as_str().and_then(Moment::parse),
            None => {
                self.missing(path, "eventTime", "事件发生的时间", "the time of the event");
                None
            }
        }
    }

    /// Fields of every event, extension types included; false when `name` is none of them.
    fn common_field(&mut self, path: &Path<'_>, name: &str, value: &Node) -> bool {
        match name {
            "@context" => self.context_value(path, value),
            "eventTime" | "recordTime" => {
                self.time(path, value);
            }
            "eventTimeZoneOffset" => {
                if let Some(text) = self.text(path, value)
                    && zone_offset(text).is_none()
                {
                    self.error(
                        path,
                        Text::new(
                            format!("“{text}”不是时区偏移。"),
                            format!("\"{text}\" is not a zone offset."),
                        ),
                        Text::of(
                            "请写成 +08:00 的形式，范围 -14:00 至 +14:00。",
                            "Write it like +08:00, from -14:00 to +14:00.",
                        ),
                    );
                }
            }
            "eventID" => self.uri(path, value),
            "certificationInfo" => self.certification(path, value),
            "errorDeclaration" => self.error_declaration(path, value),
            "type" => {}
            _ => return false,
        }
        true
    }

    fn standard_field(
        &mut self,
        path: &Path<'_>,
        name: &str,
        value: &Node,
        kind: &str,
        moment: Option<Moment>,
    ) {
        match name {
            "action" => self.word(path, value, &["ADD", "OBSERVE", "DELETE"]),
            "bizStep" => self.vocabulary(path, value, &BIZ_STEP),
            "disposition" => self.vocabulary(path, value, &DISPOSITION),
            "persistentDisposition" => self.persistent_disposition(path, value),
            "readPoint" | "bizLocation" => self.place(path, value),
            "parentID" | "transformationID" => self.uri(path, value),
            "childEPCs" => self.each(path, value, Self::uri),
            "epcList" | "inputEPCList" | "outputEPCList" => {
                self.each(path, value, Self::uri);
                if kind != "TransactionEvent" {
                    self.unique(path, value);
                }
            }
            "quantityList" | "childQuantityList" | "inputQuantityList" | "outputQuantityList" => {
                self.each(path, value, Self::quantity);
            }
            "bizTransactionList" => {
                if kind == "TransactionEvent" {
                    self.fewest(path, value);
                }
                self.each(path, value, |c, p, n| c.link(p, n, "bizTransaction", &TRANSACTION_TYPE));
            }
            "sourceList" => self.each(path, value, |c, p, n| c.link(p, n, "source", &PARTY_TYPE)),
            "destinationList" => self.each(path, value, |c, p, n| c.link(p, n, "destination", &PARTY_TYPE)),
            "sensorElementList" => self.each(path, value, |c, p, n| c.sensor_element(p, n, moment)),
            "ilmd" => self.ilmd(path, value),
            _ => {}
        }
    }

    /// Rules over several fields of one event.
    fn joint_rules(&mut self, path: &Path<'_>, node: &Node, kind: &str) {
        let action = node.str("action");
        if kind != "TransformationEvent" && node.get("action").is_none() {
            self.missing(path, "action", " ADD、OBSERVE 或 DELETE", "ADD, OBSERVE or DELETE");
        }
        let filled = |name: &str| node.get(name).is_some_and(|list| !list.items().is_empty());
        let deleting = action == Some("DELETE");
        match kind {
            "ObjectEvent" => {
                let sensors = filled("sensorElementList");
                let named = filled("epcList") || filled("quantityList");
                if !named && !sensors {
                    let detail = Text::of("事件没有说明对象。", "The event names no thing.");
                    let remedy = Text::of(
                        "请填写 epcList 或 quantityList；只有传感器数据时填写 sensorElementList 和 readPoint。",
                        "Give epcList or quantityList; for sensor data alone give sensorElementList and readPoint.",
                    );
                    // both schemas let an empty list pass
                    if node.get("epcList").is_some() {
                        self.advise(path, detail, remedy);
                    } else {
                        self.incomplete(path, detail, remedy);
                    }
                } else if !named && node.get("epcList").is_none() && node.get("readPoint").is_none() {
                    self.incomplete(
                        &path.name("readPoint"),
                        Text::of(
                            "只有传感器数据的事件缺少 readPoint。",
                            "An event of sensor data alone needs a readPoint.",
                        ),
                        Text::of("请填写传感器所在地点。", "Give the place of the sensor."),
                    );
                }
                if node.get("ilmd").is_some() && action != Some("ADD") {
                    self.incomplete(
                        &path.name("ilmd"),
                        Text::of(
                            "只有 action 为 ADD 时才可带 ilmd。",
                            "ilmd is allowed only with action ADD.",
                        ),
                        Text::of("请删除 ilmd，或改用 ADD。", "Remove ilmd, or use ADD."),
                    );
                }
            }
            "AggregationEvent" => {
                self.children(path, &filled, deleting);
                if matches!(action, Some("ADD" | "DELETE")) && node.get("parentID").is_none() {
                    self.missing(
                        path,
                        "parentID",
                        "容器的标识（ADD、DELETE 必填）",
                        "the container (needed for ADD and DELETE)",
                    );
                }
            }
            "AssociationEvent" => {
                self.children(path, &filled, deleting);
                if node.get("parentID").is_none() {
                    self.missing(
                        path,
                        "parentID",
                        "所附着的物或地点",
                        "the thing or place it is attached to",
                    );
                }
            }
            "TransactionEvent" => {
                if node.get("bizTransactionList").is_none() {
                    self.missing(
                        path,
                        "bizTransactionList",
                        "至少一个业务单据",
                        "at least one business transaction",
                    );
                }
                if node.get("epcList").is_none() && !filled("quantityList") && !deleting {
                    self.incomplete(
                        &path.name("epcList"),
                        Text::of("事件没有说明对象。", "The event names no thing."),
                        Text::of("请填写 epcList 或 quantityList。", "Give epcList or quantityList."),
                    );
                }
            }
            _ => self.inputs_and_outputs(path, node, &filled),
        }
    }

    fn children(&mut self, path: &Path<'_>, filled: &dyn Fn(&str) -> bool, deleting: bool) {
        if !deleting && !filled("childEPCs") && !filled("childQuantityList") {
            self.missing(
                path,
                "childEPCs",
                " childEPCs 或 childQuantityList",
                "childEPCs or childQuantityList",
            );
        }
    }

    /// At least one input and one output, or one of them with a `transformationID` that joins several events.
    fn inputs_and_outputs(&mut self, path: &Path<'_>, node: &Node, filled: &dyn Fn(&str) -> bool) {
        let input = filled("inputEPCList") || filled("inputQuantityList");
        let output = filled("outputEPCList") || filled("outputQuantityList");
        let joined = node.get("transformationID").is_some();
        if (input && output) || (joined && (input || output)) {
            return;
        }
        let name = if input { "outputQuantityList" } else { "inputQuantityList" };
        self.missing(
            path,
            name,
            "至少一项投入和一项产出；分多次记录时填写 transformationID",
            "at least one input and one output, or a transformationID that joins several events",
        );
    }
}

//! The frame around the events: roots, `@context`, header with master data, query results.

use super::{Checker, OBJECT};
use crate::document::DocumentType;
use crate::node::Node;
use crate::pointer::Path;
use base::Text;

/// What the root says it is.
pub(crate) fn shape(root: &Node) -> Shape {
    match root.get("type").map(Node::as_str) {
        None => Shape::Unknown,
        Some(Some("EPCISDocument")) => Shape::Known(DocumentType::Capture),
        Some(Some("EPCISQueryDocument")) => Shape::Known(DocumentType::Query),
        Some(_) => Shape::Known(DocumentType::Event),
    }
}

/// The outcome of looking at the root.
pub(crate) enum Shape {
    Known(DocumentType),
    Unknown,
}

impl Checker<'_> {
    pub(super) fn missing_context(&mut self, path: &Path<'_>) {
        self.missing(
            path,
            "@context",
            " [\"https://ref.gs1.org/standards/epcis/2.0.0/epcis-context.jsonld\"]",
            "[\"https://ref.gs1.org/standards/epcis/2.0.0/epcis-context.jsonld\"]",
        );
    }

    /// No `type`, or the root is no object.
    pub(crate) fn unknown_root(&mut self, root: &Node) {
        if matches!(root, Node::Object(_)) {
            self.missing(
                &Path::Root,
                "type",
                " EPCISDocument、EPCISQueryDocument 或事件类型",
                "EPCISDocument, EPCISQueryDocument or an event type",
            );
        } else {
            self.wrong_sort(&Path::Root, root, &OBJECT);
        }
    }

    /// A URI, an object, or a list of these without repetition.
    pub(super) fn context_value(&mut self, path: &Path<'_>, node: &Node) {
        match node {
            Node::String(_) => self.uri(path, node),
            Node::Object(_) => {}
            Node::Array(items) => {
                let mut seen = std::collections::HashSet::new();
                for (i, item) in items.iter().enumerate() {
                    let at = path.index(i);
                    match item {
                        Node::String(_) => self.uri(&at, item),
                        Node::Object(_) => {}
                        other => self.wrong_sort(&at, other, &OBJECT),
                    }
                    if !seen.insert(item) {
                        self.error(
                            &at,
                            Text::of("@context 中有重复项。", "@context lists the same item twice."),
                            Text::of("请删除重复项。", "Remove the repetition."),
                        );
                    }
                }
            }
            other => self.wrong_sort(path, other, &OBJECT),
        }
    }

    /// Everything of an `EPCISDocument` but the events.
    pub(crate) fn capture_document(&mut self, root: &Node) {
        let path = Path::Root;
        for (name, example_zh, example_en) in [
            ("schemaVersion", "“2.0”", "\"2.0\""),
            ("creationDate", "文件生成时间", "the time the document was made"),
            ("epcisBody", "事件 {\"eventList\": […]}", "the events {\"eventList\": […]}"),
        ] {
            if root.get(name).is_none() {
                self.missing(&path, name, example_zh, example_en);
            }
        }
        if root.get("@context").is_none() {
            self.missing_context(&path);
        }
        for (name, value) in root.members() {
            let at = path.name(name);
            match &**name {
                "type" | "epcisBody" => {}
                "sender" | "receiver" | "instanceIdentifier" => {
                    self.text(&at, value);
                }
                "epcisHeader" => self.header(&at, value),
                other => self.frame_field(&path, other, value),
            }
        }
        if let Some(body) = root.get("epcisBody") {
            let at = path.name("epcisBody");
            if self.object(&at, body).is_some() {
                self.event_list(&at, body);
            }
        }
    }

    /// Everything of an `EPCISQueryDocument` but the events.
    pub(crate) fn query_document(&mut self, root: &Node) {
        let path = Path::Root;
        if root.get("@context").is_none() {
            self.missing_context(&path);
        }
        for (name, value) in root.members() {
            match &**name {
                "type" | "epcisBody" => {}
                other => self.frame_field(&path, other, value),
            }
        }
        let Some(body) = root.get("epcisBody") else {
            return self.missing(
                &path,
                "epcisBody",
                "查询结果 {\"queryResults\": …}",
                "the results {\"queryResults\": …}",
            );
        };
        let at = path.name("epcisBody");
        self.only(&at, body, &["queryResults"]);
        let Some(results) = body.get("queryResults") else {
            return self.missing(&at, "queryResults", "查询结果", "the results");
        };
        let at = at.name("queryResults");
        self.only(&at, results, &["queryName", "subscriptionID", "resultsBody"]);
        match results.get("queryName") {
            Some(name) => {
                self.text(&at.name("queryName"), name);
            }
            None => self.missing(&at, "queryName", "查询名称", "the name of the query"),
        }
        if let Some(id) = results.get("subscriptionID") {
            self.text(&at.name("subscriptionID"), id);
        }
        let Some(inner) = results.get("resultsBody") else {
            return self.missing(&at, "resultsBody", "事件列表", "the events");
        };
        let at = at.name("resultsBody");
        self.only(&at, inner, &["eventList", "vocabularyList"]);
        self.event_list(&at, inner);
        if let Some(list) = inner.get("vocabularyList") {
            self.each(&at.name("vocabularyList"), list, Self::vocabulary_table);
        }
    }

    fn event_list(&mut self, path: &Path<'_>, body: &Node) {
        match body.get("eventList") {
            Some(list) => {
                self.array(&path.name("eventList"), list);
            }
            None => self.missing(path, "eventList", "事件列表 […]", "the list of events […]"),
        }
    }

    /// Fields both document types have at the root.
    fn frame_field(&mut self, path: &Path<'_>, name: &str, value: &Node) {
        let at = path.name(name);
        match name {
            "@context" => self.context_value(&at, value),
            "id" => self.uri(&at, value),
            "creationDate" => {
                self.time(&at, value);
            }
            "schemaVersion" => {
                if let Some(text) = self.text(&at, value)
                    && !text
                        .split('.')
                        .all(|part| !part.is_empty() && part.bytes().all(|b| b.is_ascii_digit()))
                {
                    self.error(
                        &at,
                        Text::new(format!("“{text}”不是版本号。"), format!("\"{text}\" is not a version.")),
                        Text::of("请写“2.0”。", "Write \"2.0\"."),
                    );
                }
            }
            other => self.extension_name(path, other),
        }
    }

    /// An object whose members are named or extensions.
    fn only(&mut self, path: &Path<'_>, node: &Node, names: &[&str]) {
        for (name, _) in self.object(path, node).unwrap_or_default() {
            if !names.contains(&&**name) {
                self.extension_name(path, name);
            }
        }
    }

    fn header(&mut self, path: &Path<'_>, node: &Node) {
        self.only(path, node, &["epcisMasterData"]);
        let Some(master) = node.get("epcisMasterData") else { return };
        let at = path.name("epcisMasterData");
        if self.object(&at, master).is_some()
            && let Some(list) = master.get("vocabularyList")
        {
            self.each(&at.name("vocabularyList"), list, Self::vocabulary_table);
        }
    }

    fn vocabulary_table(&mut self, path: &Path<'_>, node: &Node) {
        if self.object(path, node).is_none() {
            return;
        }
        match node.get("type") {
            Some(kind) => self.uri(&path.name("type"), kind),
            None => self.missing(path, "type", "主数据类型 URI", "the URI of the vocabulary"),
        }
        if let Some(list) = node.get("vocabularyElementList") {
            self.each(&path.name("vocabularyElementList"), list, Self::vocabulary_element);
        }
    }

    fn vocabulary_element(&mut self, path: &Path<'_>, node: &Node) {
        if self.object(path, node).is_none() {
            return;
        }
        self.identified(path, node);
        if let Some(list) = node.get("attributes") {
            self.each(&path.name("attributes"), list, |c, p, n| {
                if c.object(p, n).is_some() {
                    c.identified(p, n);
                    if let Some(value @ (Node::Null | Node::Bool(_) | Node::Array(_))) = n.get("attribute") {
                        c.wrong_sort(
                            &p.name("attribute"),
                            value,
                            &Text::of("文本、数字或对象", "a text, number or object"),
                        );
                    }
                }
            });
        }
        if let Some(list) = node.get("children") {
            self.each(&path.name("children"), list, Self::uri);
        }
    }

    fn identified(&mut self, path: &Path<'_>, node: &Node) {
        match node.get("id") {
            Some(id) => self.uri(&path.name("id"), id),
            None => self.missing(path, "id", "标识 URI", "the identifying URI"),
        }
    }
}

//! Checks of single values: URIs, times, vocabulary words, quantities, lists.

use super::{ARRAY, BOOLEAN, Checker, NUMBER, OBJECT, TEXT};
use crate::node::Node;
use crate::pointer::Path;
use crate::time::Moment;
use crate::uri::is_uri;
use crate::vocabulary::{Vocabulary, is_cbv_uri, is_gs1_voc_uri};
use base::Text;

impl Checker<'_> {
    pub(super) fn text<'n>(&mut self, path: &Path<'_>, node: &'n Node) -> Option<&'n str> {
        let text = node.as_str();
        if text.is_none() {
            self.wrong_sort(path, node, &TEXT);
        }
        text
    }

    pub(super) fn uri(&mut self, path: &Path<'_>, node: &Node) {
        let Some(text) = self.text(path, node) else { return };
        if !is_uri(text) {
            self.error(
                path,
                Text::new(format!("“{text}”不是 URI。"), format!("\"{text}\" is not a URI.")),
                Text::of(
                    "请写成完整 URI，如 https://id.gs1.org/01/… 或 urn:epc:id:…。",
                    "Write a full URI such as https://id.gs1.org/01/… or urn:epc:id:….",
                ),
            );
        } else if let Some(detail) = crate::ident::fault(text) {
            // the schemas ask for a URI and no more, and the event must not be changed
            let remedy = Text::of(
                "请对照标签核对：照此写法，它不会与正确的标识认作同一物。",
                "Compare with the label: written like this it is not taken for the thing that is rightly named.",
            );
            self.advise(path, detail, remedy);
        }
    }

    pub(super) fn time(&mut self, path: &Path<'_>, node: &Node) -> Option<Moment> {
        let text = self.text(path, node)?;
        let moment = Moment::parse(text);
        if moment.is_none() {
            self.error(
                path,
                Text::new(
                    format!("“{text}”不是带时区的日期时间。"),
                    format!("\"{text}\" is not a date-time with a time zone."),
                ),
                Text::of(
                    "请写成 2026-09-02T08:00:00+08:00 的形式。",
                    "Write it like 2026-09-02T08:00:00+08:00.",
                ),
            );
        }
        moment
    }

    pub(super) fn number(&mut self, path: &Path<'_>, node: &Node) {
        if !matches!(node, Node::Number(_)) {
            self.wrong_sort(path, node, &NUMBER);
        }
    }

    pub(super) fn boolean(&mut self, path: &Path<'_>, node: &Node) {
        if !matches!(node, Node::Bool(_)) {
            self.wrong_sort(path, node, &BOOLEAN);
        }
    }

    pub(super) fn object<'n>(&mut self, path: &Path<'_>, node: &'n Node) -> Option<&'n [(Box<str>, Node)]> {
        if let Node::Object(members) = node {
            return Some(members);
        }
        self.wrong_sort(path, node, &OBJECT);
        None
    }

    pub(super) fn array<'n>(&mut self, path: &Path<'_>, node: &'n Node) -> Option<&'n [Node]> {
        if let Node::Array(items) = node {
            return Some(items);
        }
        self.wrong_sort(path, node, &ARRAY);
        None
    }

    /// Each item of an array.
    pub(super) fn each(
        &mut self,
        path: &Path<'_>,
        node: &Node,
        mut check: impl FnMut(&mut Self, &Path<'_>, &Node),
    ) {
        for (i, item) in self.array(path, node).unwrap_or_default().iter().enumerate() {
            check(self, &path.index(i), item);
        }
    }

    /// No item twice (`uniqueItems`); XML knows no such rule.
    pub(super) fn unique(&mut self, path: &Path<'_>, node: &Node) {
        if self.is_xml() {
            return;
        }
        let mut seen = std::collections::HashSet::with_capacity(node.items().len());
        for (i, item) in node.items().iter().enumerate() {
            let Some(text) = item.as_str() else { continue };
            if !seen.insert(text) {
                self.error(
                    &path.index(i),
                    Text::new(format!("“{text}”重复。"), format!("\"{text}\" is listed twice.")),
                    Text::of("请删除重复项。", "Remove the repetition."),
                );
            }
        }
    }

    pub(super) fn fewest(&mut self, path: &Path<'_>, node: &Node) {
        if matches!(node, Node::Array(items) if items.is_empty()) {
            self.error(
                path,
                Text::of("列表为空。", "The list is empty."),
                Text::of("请至少填写一项，或删除该字段。", "Give at least one item, or leave the field out."),
            );
        }
    }

    pub(super) fn vocabulary(&mut self, path: &Path<'_>, node: &Node, vocabulary: &Vocabulary) {
        let Some(word) = self.text(path, node) else { return };
        if vocabulary.words.contains(&word) {
            return;
        }
        let gs1 = vocabulary.base == crate::vocabulary::MEASUREMENT.base;
        let reserved = if gs1 { is_gs1_voc_uri(word) } else { is_cbv_uri(word) };
        if is_uri(word) && !reserved {
            return;
        }
        let bare = vocabulary.bare(word);
        let remedy = if bare != word {
            Text::new(format!("请写短词“{bare}”。"), format!("Write the bare word \"{bare}\"."))
        } else if let Some(near) = vocabulary.nearest(word) {
            let near = if self.is_xml() { near.into() } else { vocabulary.bare(&near) };
            Text::new(
                format!("是否应为“{near}”？自定义词须写成完整 URI。"),
                format!("Did you mean \"{near}\"? A word of your own must be a full URI."),
            )
        } else {
            let some = vocabulary.words.iter().take(5).copied().collect::<Vec<_>>().join(", ");
            Text::new(
                format!("请用标准词（如 {some}），自定义词须写成完整 URI。"),
                format!("Use a standard word (such as {some}); a word of your own must be a full URI."),
            )
        };
        self.error(
            path,
            Text::new(
                format!("“{word}”不是标准词汇。"),
                format!("\"{word}\" is not a word of the standard vocabulary."),
            ),
            remedy,
        );
    }

    pub(super) fn word(&mut self, path: &Path<'_>, node: &Node, allowed: &[&str]) {
        let Some(text) = self.text(path, node) else { return };
        if !allowed.contains(&text) {
            let list = allowed.join(", ");
            self.error(
                path,
                Text::new(format!("“{text}”不是允许的值。"), format!("\"{text}\" is not an allowed value.")),
                Text::new(format!("请用以下之一：{list}。"), format!("Use one of: {list}.")),
            );
        }
    }

    /// Members of an object of the standard that admits no extension.
    fn closed(&mut self, path: &Path<'_>, members: &[(Box<str>, Node)], names: &[&str]) {
        for (name, _) in members {
            if !names.contains(&&**name) {
                self.error(
                    &path.name(name),
                    Text::new(
                        format!("此处不允许字段“{name}”。"),
                        format!("The field \"{name}\" is not allowed here."),
                    ),
                    Text::new(
                        format!("只允许：{}。", names.join(", ")),
                        format!("Allowed: {}.", names.join(", ")),
                    ),
                );
            }
        }
    }

    /// `quantityElement`: epcClass, quantity, uom and nothing else.
    pub(super) fn quantity(&mut self, path: &Path<'_>, node: &Node) {
        let Some(members) = self.object(path, node) else { return };
        self.closed(path, members, &["epcClass", "quantity", "uom"]);
        match node.get("epcClass") {
            Some(class) => self.uri(&path.name("epcClass"), class),
            None => self.missing(path, "epcClass", "商品或批次的 URI", "the URI of the product or lot"),
        }
        if let Some(quantity) = node.get("quantity") {
            self.number(&path.name("quantity"), quantity);
        }
        if let Some(uom) = node.get("uom") {
            self.unit(&path.name("uom"), uom);
        }
    }

    fn unit(&mut self, path: &Path<'_>, node: &Node) {
        let Some(text) = self.text(path, node) else { return };
        let fits = (2..=3).contains(&text.len())
            && text.bytes().all(|b| b.is_ascii_uppercase() || b.is_ascii_digit());
        if !fits {
            self.error(
                path,
                Text::new(format!("“{text}”不是计量单位代码。"), format!("\"{text}\" is not a unit code.")),
                Text::of(
                    "请用 UN/ECE 第 20 号建议书代码：千克 KGM，克 GRM，升 LTR，吨 TNE；计件则不填。",
                    "Use a UN/ECE Recommendation 20 code: KGM kilogram, GRM gram, LTR litre, TNE tonne; none for pieces.",
                ),
            );
        }
    }

    /// A typed link: `bizTransaction` (type optional), `source`, `destination`.
    pub(super) fn link(&mut self, path: &Path<'_>, node: &Node, name: &'static str, vocabulary: &Vocabulary) {
        let Some(members) = self.object(path, node) else { return };
        self.closed(path, members, &["type", name]);
        match node.get("type") {
            Some(kind) => self.vocabulary(&path.name("type"), kind, vocabulary),
            None if name == "bizTransaction" => {}
            None => self.missing(path, "type", "类型，如 owning_party", "the type, such as owning_party"),
        }
        match node.get(name) {
            Some(id) => self.uri(&path.name(name), id),
            None => self.missing(path, name, "标识 URI", "the identifying URI"),
        }
    }

    /// `readPoint`, `bizLocation`.
    pub(super) fn place(&mut self, path: &Path<'_>, node: &Node) {
        if self.object(path, node).is_none() {
            return;
        }
        match node.get("id") {
            Some(id) => self.uri(&path.name("id"), id),
            None => self.missing(
                path,
                "id",
                "地点 URI，如 https://id.gs1.org/414/…",
                "the place, such as https://id.gs1.org/414/…",
            ),
        }
    }

    pub(super) fn persistent_disposition(&mut self, path: &Path<'_>, node: &Node) {
        let Some(members) = self.object(path, node) else { return };
        self.closed(path, members, &["set", "unset"]);
        if members.is_empty() {
            self.missing(path, "set", " set 或 unset 至少一项", "at least one of set and unset");
        }
        for name in ["set", "unset"] {
            if let Some(list) = node.get(name) {
                let path = path.name(name);
                self.fewest(&path, list);
                self.each(&path, list, |c, p, n| c.vocabulary(p, n, &crate::vocabulary::DISPOSITION));
                self.unique(&path, list);
            }
        }
    }

    pub(super) fn error_declaration(&mut self, path: &Path<'_>, node: &Node) {
        let Some(members) = self.object(path, node) else { return };
        if node.get("declarationTime").is_none() {
            self.missing(path, "declarationTime", "声明错误的时间", "the time of the declaration");
        }
        for (name, value) in members {
            let at = path.name(name);
            match &**name {
                "declarationTime" => {
                    self.time(&at, value);
                }
                "reason" => self.vocabulary(&at, value, &crate::vocabulary::ERROR_REASON),
                "correctiveEventIDs" => self.each(&at, value, Self::uri),
                other => self.extension_name(path, other),
            }
        }
    }

    pub(super) fn certification(&mut self, path: &Path<'_>, node: &Node) {
        if let Node::Array(_) = node {
            self.each(path, node, Self::uri);
        } else {
            self.uri(path, node);
        }
    }

    pub(super) fn ilmd(&mut self, path: &Path<'_>, node: &Node) {
        for (name, _) in self.object(path, node).unwrap_or_default() {
            self.extension_name(path, name);
        }
    }
}

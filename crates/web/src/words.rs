//! The words people read for the fields a refusal names: programs get the name, a page never shows it.

use base::Text;

/// Fields of forms in alphabetical order, as most forms call them; a form that calls one otherwise says so with its refusal.
const WORDS: &[(&str, Text)] = &[
    ("account", Text::of("账号", "Account")),
    ("action", Text::of("操作", "Action")),
    ("after", Text::of("翻页位置", "Place in the list")),
    ("agency", Text::of("部门", "Department")),
    ("amount", Text::of("数量", "Amount")),
    ("anchor", Text::of("标识（GS1 链接）", "Identifier (GS1 link)")),
    ("assignee", Text::of("承办人", "Given to")),
    ("basis", Text::of("依据", "Basis")),
    ("business", Text::of("业态", "Business")),
    ("cases", Text::of("件数", "Number of cases")),
    ("ceiling", Text::of("可见密级", "Classification")),
    ("class_code", Text::of("食品类别", "Class of food")),
    ("code", Text::of("代码", "Code")),
    ("comment", Text::of("说明", "Comment")),
    ("context", Text::of("适用场合", "Context")),
    ("count", Text::of("数量", "Count")),
    ("counts", Text::of("计数", "Counts")),
    ("county", Text::of("县区", "County")),
    ("date", Text::of("日期", "Date")),
    ("day", Text::of("日期", "Day")),
    ("days", Text::of("天数", "Days")),
    ("deputy", Text::of("代理人", "Deputy")),
    ("direction", Text::of("方向", "Direction")),
    ("dose", Text::of("剂量", "Dose")),
    ("effective", Text::of("生效日期", "In force from")),
    ("every", Text::of("间隔", "Interval")),
    ("expires", Text::of("有效期至", "Valid until")),
    ("file", Text::of("文件", "File")),
    ("format", Text::of("文件格式", "File format")),
    ("from", Text::of("自（日期）", "From (a day)")),
    ("gln", Text::of("全球位置码（GLN）", "GLN")),
    ("grant", Text::of("授权", "Grant")),
    ("gtin", Text::of("商品条码（GTIN）", "GTIN")),
    ("hazard", Text::of("危害", "Hazard")),
    ("held", Text::of("举办日期", "Day it was held")),
    ("href", Text::of("链接地址", "Address")),
    ("item", Text::of("批次", "Lot")),
    ("keep", Text::of("保留项", "What is kept")),
    ("key", Text::of("设备密钥", "Key of the phone")),
    ("kind", Text::of("类别", "Kind")),
    ("kinds", Text::of("主体类别", "Kinds of operator")),
    ("lang", Text::of("语言", "Language")),
    ("leading", Text::of("序列前缀", "Leading part")),
    ("length", Text::of("前缀长度", "Length of the prefix")),
    ("link_type", Text::of("链接类型", "Type of link")),
    ("login", Text::of("账号", "Login")),
    ("lot", Text::of("批次", "Lot")),
    ("media", Text::of("内容类型", "Media type")),
    ("name", Text::of("名称", "Name")),
    ("note", Text::of("说明", "Note")),
    ("number", Text::of("编号", "Number")),
    ("officer", Text::of("检查人员", "Officer")),
    ("operator", Text::of("生产经营者", "Operator")),
    ("other", Text::of("另一主体", "The other operator")),
    ("password", Text::of("密码", "Password")),
    ("plan", Text::of("计划", "Plan")),
    ("population", Text::of("人群", "Population")),
    ("position", Text::of("位置", "Position")),
    ("prefix", Text::of("厂商识别代码", "Company prefix")),
    ("prevalence", Text::of("检出率", "Prevalence")),
    ("procedure", Text::of("程序", "Procedure")),
    ("processing", Text::of("加工", "Processing")),
    ("processing_upper", Text::of("加工因子的第 95 百分位", "95th percentile of the processing factor")),
    ("public", Text::of("公布的随机数", "The value announced")),
    ("quota", Text::of("每项批次", "Samples of each line")),
    ("reason", Text::of("理由", "Reason")),
    ("reference", Text::of("编号", "Reference")),
    ("region", Text::of("地区", "Region")),
    ("relative_risk", Text::of("相对风险", "Relative risk")),
    ("role", Text::of("角色", "Role")),
    ("secret", Text::of("口令", "Secret")),
    ("share", Text::of("随机部分的份额", "Share drawn at random")),
    ("since", Text::of("自（日期）", "Since (a day)")),
    ("site", Text::of("场所", "Site")),
    ("source", Text::of("来源", "Source")),
    ("source_due", Text::of("随机数公布时间", "When the value is known")),
    ("start", Text::of("起始位置", "Start")),
    ("state", Text::of("状态", "State")),
    ("status", Text::of("核实结果", "Outcome")),
    ("substance", Text::of("物质", "Substance")),
    ("table", Text::of("表格", "Table")),
    ("tail", Text::of("高端人日的百分位", "Percentile of the highest days")),
    ("take", Text::of("抽取数量", "How many are drawn")),
    ("text", Text::of("搜索词", "Words to search")),
    ("title", Text::of("标题", "Title")),
    ("to", Text::of("至", "To")),
    ("token", Text::of("访问令牌", "Token")),
    ("total", Text::of("合计", "Total")),
    ("totp", Text::of("动态验证码", "One-time code")),
    ("unit_grams", Text::of("单位重量（g）", "Weight of a unit (g)")),
    ("unit_value", Text::of("单位间差异的数值", "Value of the difference between units")),
    ("url", Text::of("网址", "Address")),
    ("uscc", Text::of("统一社会信用代码", "Social credit code")),
    ("version", Text::of("版本", "Version")),
    ("why", Text::of("原因", "Reason")),
    ("yield", Text::of("得率", "Yield")),
];

/// What people call the field; nothing for a name only programs know.
pub(crate) fn of_field(name: &str) -> Option<Text> {
    WORDS.iter().find(|(n, _)| *n == name).map(|(_, text)| text.clone())
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;
    use std::path::Path;

    /// Names in answers only programs get.
    const MACHINES: &[&str] = &["about", "asking", "at", "body", "entries", "leg", "m", "sha256", "v"];

    /// The literal after each way of refusing a field.
    fn named(text: &str, found: &mut BTreeSet<String>) {
        for way in ["invalid(", "bad(", "field: ", "Wrong { field: "] {
            for (at, _) in text.match_indices(way) {
                let rest = text[at + way.len()..].trim_start();
                let Some(name) = rest.strip_prefix('"').and_then(|r| r.split('"').next()) else { continue };
                if !name.is_empty()
                    && name.bytes().all(|b| b.is_ascii_lowercase() || b"_0123456789".contains(&b))
                {
                    found.insert(name.to_owned());
                }
            }
        }
    }

    fn walk(dir: &Path, found: &mut BTreeSet<String>) {
        for entry in std::fs::read_dir(dir).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                walk(&path, found);
            } else if path.extension().is_some_and(|e| e == "rs") && !path.ends_with("words.rs") {
                named(&std::fs::read_to_string(path).unwrap(), found);
            }
        }
    }

    #[test]
    fn every_field_a_refusal_names_has_words_for_people() {
        let crates = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
        let mut found = BTreeSet::new();
        for office in ["access", "assess", "field", "lab", "registry", "supply", "target", "watch", "web"] {
            walk(&crates.join(office).join("src"), &mut found);
        }
        assert!(found.contains("reason") && found.contains("why"), "the search finds nothing: {found:?}");
        let wordless: Vec<&String> =
            found.iter().filter(|n| of_field(n).is_none() && !MACHINES.contains(&n.as_str())).collect();
        assert!(wordless.is_empty(), "add words for: {wordless:?}");
        assert!(WORDS.is_sorted_by_key(|(name, _)| *name), "in order of name, each once");
    }
}

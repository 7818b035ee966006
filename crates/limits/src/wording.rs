//! Words in a food name that state a fact or a product form.

use crate::facts::{Fact, Facts};
use crate::number;
use base::Decimal;

/// Words before a name that leave the food raw.
pub(crate) const FRESH: [&str; 10] =
    ["新鲜", "鲜活", "冷鲜", "冰鲜", "冷冻", "速冻", "鲜冻", "鲜", "冻", "有机"];

/// Traditional characters in names of foods and analytes, each followed by the simplified one.
const TRADITIONAL: &str = "葉叶乾干麵面麥麦豬猪雞鸡鴨鸭鵝鹅魚鱼蝦虾蠶蚕貝贝頭头薑姜蒜蒜蔥葱韮韭蘿萝蔔卜蓮莲筍笋黃黄綠绿紅红藍蓝龍龙鳳凤蘋苹橘橘檸柠檬檬櫻樱藥药醬酱鹽盐醃腌臘腊腸肠腎肾腦脑臟脏乳乳奶奶優优飲饮料料湯汤餅饼糰团糖糖澱淀粉粉製制類类鮮鲜凍冻鮑鲍鱸鲈鯉鲤鯽鲫鮭鲑鱈鳕鰻鳗魷鱿蠔蚝蠣蛎菸烟鉛铅鎘镉汞汞銅铜鐵铁鋅锌錫锡鎳镍鉻铬鋁铝硒硒鹼碱黴霉質质樂乐氯氯馬马鈴铃薯薯薺荠莧苋萵莴筒筒棗枣檳槟榔榔開开蠟蜡蜂蜂蜜蜜燻熏滷卤麩麸棕棕櫚榈寶宝產产葷荤參参鬚须纖纤維维農农殘残";

/// A name in simplified characters.
pub(crate) fn simplified(text: &str) -> String {
    let pairs: Vec<char> = TRADITIONAL.chars().collect();
    let plain = |c: char| pairs.chunks_exact(2).find(|p| p[0] == c).map_or(c, |p| p[1]);
    text.chars().map(plain).collect()
}

/// Grades after a name that say nothing of its class.
const GRADES: [&str; 8] = ["特优级", "特级", "优级", "一级", "二级", "三级", "精品", "散装"];

/// A name without the grade behind it: `小台芒一级` → `小台芒`.
pub(crate) fn ungraded(head: &str) -> &str {
    GRADES.iter().find_map(|g| head.strip_suffix(g)).filter(|rest| rest.chars().count() > 1).unwrap_or(head)
}

const NO: [&str; 8] = ["未添加", "不添加", "不含", "无添加", "未使用", "没有添加", "非", "未采用"];

/// Reads one bracket: `鲜干比10:1`, `镀锡薄钢板`, `未添加酸水解植物蛋白`, `液态`, `1岁~10岁人群`.
pub(crate) fn learn(inner: &str, facts: &mut Facts) {
    if let Some(ratio) = moisture_ratio(inner) {
        facts.learn(Fact::DryingRatio, ratio.normalize().to_string());
    }
    for part in inner.split([',', ';', '、']) {
        let part = part.trim();
        let yes = if NO.iter().any(|n| part.contains(n)) { "no" } else { "yes" };
        let has = |words: &[&str]| words.iter().any(|w| part.contains(w));
        if has(&["鲜干比", "脱水率", "浓缩率", "浓缩倍数", "复水比", "干鲜比", "脱水比"])
            && let Some(ratio) = ratio(part)
        {
            facts.learn(Fact::DryingRatio, ratio.normalize().to_string());
        }
        if has(&["稀释", "冲调", "冲泡"])
            && let Some(times) = ratio(part)
        {
            // 1:9 makes ten parts of one.
            let times = if part.contains(':') { times + Decimal::ONE } else { times };
            facts.learn(Fact::Dilution, times.normalize().to_string());
        }
        if has(&["带入", "本底", "发酵产生"]) && yes == "yes" {
            facts.learn(Fact::CarryOver, "claimed");
        }
        if is_moisture(part)
            && !of_fresh(part)
            && let Some(percent) = number::number_in(part)
        {
            facts.learn(Fact::Moisture, percent.to_string());
        }
        if has(&["脂肪含量", "脂肪"])
            && let Some(percent) = number::number_in(part)
        {
            let value = if part.contains("以下") { percent - Decimal::ONE } else { percent };
            facts.learn(Fact::Fat, value.to_string());
        }
        if has(&["镀锡薄钢板", "马口铁", "镀锡"]) {
            facts.learn(Fact::Package, if yes == "no" { "other" } else { "tinplate" });
        } else if has(&[
            "玻璃",
            "软包装",
            "塑料",
            "铝罐",
            "铝箔",
            "铝塑",
            "纸盒",
            "利乐",
            "无菌纸",
            "PET",
            "复合膜",
        ]) {
            facts.learn(Fact::Package, "other");
        }
        if has(&["酸水解植物蛋白", "HVP", "酸水解蛋白"]) {
            facts.learn(Fact::AcidHvp, yes);
        }
        if part.contains("乳基") {
            facts.learn(Fact::MilkBased, yes);
        } else if has(&["豆基", "谷物基", "大豆基"]) {
            facts.learn(Fact::MilkBased, "no");
            if !part.contains("谷物基") {
                facts.learn(Fact::SoyAdded, "yes");
            }
        }
        if has(&["添加豆类", "含豆类", "加豆类", "添加大豆"]) {
            facts.learn(Fact::SoyAdded, yes);
        }
        if has(&["添加蔬菜", "添加水果", "含蔬菜", "含水果", "果蔬成分"]) {
            facts.learn(Fact::ProduceAdded, yes);
        }
        if has(&["添加藻类", "含藻类", "加藻类", "藻类"]) {
            facts.learn(Fact::AlgaeAdded, yes);
        }
        if has(&[
            "以水产",
            "动物肝脏",
            "含肝",
            "鱼肉",
            "猪肝",
            "水产及动物肝脏",
            "以鱼",
            "以虾",
            "以猪肝",
            "以鸡肝",
        ]) {
            facts.learn(Fact::AquaticOrLiver, yes);
        }
        if has(&["10岁以上", "10岁及以上", ">10岁"]) {
            facts.learn(Fact::Age, "10+");
        } else if has(&["1岁~10岁", "1~10岁", "1-10岁", "1岁-10岁", "1至10岁"]) {
            facts.learn(Fact::Age, "1-10");
        }
        if has(&["半固态", "半固体", "膏状", "酱状"]) {
            facts.learn(Fact::Form, "semi");
        } else if has(&["液态", "液体", "即饮"]) {
            facts.learn(Fact::Form, "liquid");
        } else if has(&["固态", "固体", "粉状", "粉末", "颗粒"]) {
            facts.learn(Fact::Form, "solid");
        }
        if part.contains("内脏") {
            if has(&["未去除", "带内脏", "含内脏", "未去内脏", "整只"]) {
                facts.learn(Fact::Viscera, "included");
            } else if has(&["去除", "去内脏"]) {
                facts.learn(Fact::Viscera, "removed");
            }
        }
        if has(&["干重", "干基"]) {
            facts.learn(Fact::Basis, "dry");
        } else if has(&["湿重", "鲜重", "湿基", "以鲜品计", "鲜基"]) {
            facts.learn(Fact::Basis, "wet");
        }
        if matches!(part, "干" | "干制" | "干品" | "干制品") {
            facts.learn(Fact::State, "dried");
        } else if matches!(part, "鲜" | "鲜品" | "新鲜" | "水发" | "湿") {
            facts.learn(Fact::State, "fresh");
        }
    }
}

fn is_moisture(part: &str) -> bool {
    ["水分", "含水率", "含水量"].iter().any(|w| part.contains(w))
}

/// Whether a water content is that of the fresh food, not of the product.
fn of_fresh(part: &str) -> bool {
    ["鲜品", "鲜样", "新鲜", "原料", "干燥前", "干制前"].iter().any(|w| part.contains(w))
}

/// Fresh weight per dried weight from both water contents: `含水率12%,鲜品含水率90%` → 88/10.
fn moisture_ratio(inner: &str) -> Option<Decimal> {
    let dry_matter = |fresh: bool| {
        let part = inner.split([',', ';', '、']).find(|p| is_moisture(p) && of_fresh(p) == fresh)?;
        Some(Decimal::ONE_HUNDRED - number::number_in(part)?)
    };
    let (dried, fresh) = (dry_matter(false)?, dry_matter(true)?);
    if fresh > Decimal::ZERO && dried > fresh { dried.checked_div(fresh) } else { None }
}

/// Facts a name itself states.
pub(crate) fn learn_head(head: &str, facts: &mut Facts) {
    if head.contains("液态") {
        facts.learn(Fact::Form, "liquid");
    } else if head.ends_with("乳粉")
        || head.ends_with("奶粉")
        || head.starts_with("固态")
        || head.starts_with("粉状")
        || head.contains("固体饮料")
    {
        facts.learn(Fact::Form, "solid");
    }
    if head.contains("婴") && head.contains("豆基") {
        facts.learn(Fact::MilkBased, "no");
    }
}

/// `10:1` → 10, `脱水率90%` → 10, `鲜干比8` → 8.
fn ratio(part: &str) -> Option<Decimal> {
    if let Some((left, right)) = part.split_once(':').filter(|(_, r)| number::number_in(r).is_some()) {
        let (a, b) = (last_number(left)?, number::number_in(right)?);
        let (high, low) = if a >= b { (a, b) } else { (b, a) };
        return high.checked_div(low);
    }
    let value = number::number_in(part)?;
    if part.contains('%') {
        let rest = Decimal::ONE_HUNDRED - value;
        return if rest > Decimal::ZERO { Decimal::ONE_HUNDRED.checked_div(rest) } else { None };
    }
    (value > Decimal::ONE).then_some(value)
}

fn last_number(text: &str) -> Option<Decimal> {
    let start = text
        .rfind(|c: char| !c.is_ascii_digit() && c != '.')
        .map_or(0, |i| i + text[i..].chars().next().map_or(1, char::len_utf8));
    text[start..].parse().ok()
}

/// The single statements of one bracket.
pub(crate) fn stated(inner: &str) -> impl Iterator<Item = &str> {
    let several = inner.contains([',', ';', '、']);
    inner.split([',', ';', '、']).map(str::trim).filter(move |part| several && !part.is_empty())
}

/// Whether facts say that the food is dried: stated, or implied by a ratio of fresh to dried.
pub(crate) fn is_dried(facts: &Facts) -> bool {
    match facts.get(Fact::State) {
        Some(state) => state == "dried",
        None => facts.get(Fact::DryingRatio).is_some(),
    }
}

/// The state a bracket names, as commodities print it.
pub(crate) fn state(inner: &str) -> Option<&'static str> {
    match inner {
        "鲜" | "鲜品" | "新鲜" => Some("鲜"),
        _ => (process(inner) == Some("dried")).then_some("干"),
    }
}

/// The product form a bracket names: `罐头`, `腌制`, `浓缩`.
pub(crate) fn process(inner: &str) -> Option<&'static str> {
    const WORDS: [(&str, &[&str]); 9] = [
        ("canned", &["罐头"]),
        ("pickled", &["腌制", "腌渍", "盐渍", "酱渍", "糖醋渍", "酱腌", "泡制", "盐腌"]),
        ("dried", &["干", "干制", "干品", "干制品", "干货", "脱水", "冻干", "烘干", "风干", "晒干"]),
        ("fried", &["油炸", "炸制", "油炸类"]),
        ("braised", &["酱卤", "卤制", "酱卤制"]),
        ("roasted", &["熏制", "烟熏", "烤制", "炭烤", "熏烤"]),
        ("jam", &["果酱", "果泥"]),
        ("juice", &["榨汁", "果汁", "蔬菜汁"]),
        ("concentrated", &["浓缩", "浓缩汁", "浓缩液"]),
    ];
    const GENUS: [&str; 12] =
        ["食品", "产品", "类", "品", "蔬菜", "菜", "水果", "果蔬", "食用菌", "水产品", "鱼", "肉"];
    let of = |word: &str| WORDS.iter().find(|(_, words)| words.contains(&word)).map(|(form, _)| *form);
    // 腌制品, 盐渍菜, 蔬菜干制品: the process and the genus of food
    let before = GENUS.iter().find_map(|g| of(inner.strip_suffix(g)?));
    of(inner).or(before).or_else(|| GENUS.iter().find_map(|g| of(inner.strip_prefix(g)?)))
}

/// Product form and the food it is made of.
pub(crate) fn form(head: &str) -> Option<(&'static str, &str)> {
    const BEFORE: [(&str, &str); 22] = [
        ("干制", "dried"),
        ("冻干", "dried"),
        ("脱水", "dried"),
        ("烘干", "dried"),
        ("风干", "dried"),
        ("晒干", "dried"),
        ("干", "dried"),
        ("盐渍", "pickled"),
        ("腌制", "pickled"),
        ("糖醋", "pickled"),
        ("酱渍", "pickled"),
        ("腌", "pickled"),
        ("泡", "pickled"),
        ("咸", "pickled"),
        ("油炸", "fried"),
        ("炸", "fried"),
        ("酱卤", "braised"),
        ("卤", "braised"),
        ("烟熏", "roasted"),
        ("熏", "roasted"),
        ("炭烤", "roasted"),
        ("烤", "roasted"),
    ];
    const AFTER: [(&str, &str); 10] = [
        ("罐头", "canned"),
        ("干制品", "dried"),
        ("干品", "dried"),
        ("干片", "dried"),
        ("(干)", "dried"),
        ("干", "dried"),
        ("脆片", "fried"),
        ("果酱", "jam"),
        ("泥", "jam"),
        ("汁", "juice"),
    ];
    let after = AFTER.iter().find_map(|(w, f)| head.strip_suffix(w).map(|rest| (*f, rest)));
    let before = BEFORE.iter().find_map(|(w, f)| head.strip_prefix(w).map(|rest| (*f, rest)));
    after.or(before).filter(|(_, rest)| !rest.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_drying_ratio_is_read_in_every_common_form() {
        for (text, want) in
            [("鲜干比10:1", "10"), ("脱水率90%", "10"), ("干鲜比1:8", "8"), ("鲜干比为7.5", "7.5")]
        {
            let mut facts = Facts::default();
            learn(text, &mut facts);
            assert_eq!(facts.get(Fact::DryingRatio), Some(want), "{text}");
        }
        let mut facts = Facts::default();
        learn("无脱水率信息", &mut facts);
        assert_eq!(facts.get(Fact::DryingRatio), None);
    }

    #[test]
    fn a_negated_fact_is_a_no() {
        let mut facts = Facts::default();
        learn("未添加酸水解植物蛋白", &mut facts);
        learn("非镀锡薄钢板", &mut facts);
        assert_eq!(facts.get(Fact::AcidHvp), Some("no"));
        assert_eq!(facts.get(Fact::Package), Some("other"));
    }
}

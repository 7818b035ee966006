//! What a feature means, in both languages: names the science gives are made of columns and a few phrases.

use base::Text;

/// Columns and values of the tables.
const WORDS: [(&str, &str, &str); 25] = [
    ("kind", "业态或食品类别", "business or food class"),
    ("stage", "环节", "stage"),
    ("county", "县区", "county"),
    ("prefecture", "市州", "prefecture"),
    ("size", "规模（往来单位数）", "size by partners in trade"),
    ("licence_years", "许可年限（年）", "years since the first licence"),
    ("complaints_1y", "前一年投诉举报数", "complaints of the year before"),
    ("failures_2y", "前两年抽检不合格数", "failed samples of the two years before"),
    ("penalties_2y", "前两年处罚数", "penalties of the two years before"),
    ("risk_grade", "风险等级（1=A…4=D）", "risk grade (1 = A … 4 = D)"),
    ("credit_class", "信用类别（数字越大越差）", "credit class (higher is worse)"),
    ("partners", "购销往来单位数", "partners in trade"),
    ("key_points", "重点项不合格数", "key points failed"),
    ("general_points", "一般项不合格数", "general points failed"),
    ("earlier visits", "以往次数", "earlier visits"),
    ("days since the last visit", "距上次的天数", "days since the last visit"),
    (
        "found here before",
        "以往发现问题（相对检查人平均）",
        "found here before, against the inspector's own mean",
    ),
    (
        "found here lately",
        "近期发现问题（相对检查人平均）",
        "found here lately, against the inspector's own mean",
    ),
    (
        "rate found here lately",
        "近期发现问题的倍数（相对检查人平均，对数）",
        "how many times the inspectors' own mean was found here lately (logarithm)",
    ),
    ("found at the last visit", "上次发现问题", "found at the last visit"),
    ("found at the visit before", "上上次发现问题", "found at the visit before"),
    ("found within 300 m", "周围 300 米其他单位发现问题", "found at others within 300 m"),
    ("found within 1 km", "周围 1 公里其他单位发现问题", "found at others within 1 km"),
    ("latitude", "纬度", "latitude"),
    ("longitude", "经度", "longitude"),
];

/// Values of the columns, as the science spells them: in capitals.
const VALUES: [(&str, &str, &str); 13] = [
    ("PRODUCTION", "生产", "production"),
    ("WORKSHOP", "小作坊", "small workshop"),
    ("SALES", "食品销售", "sales"),
    ("CATERING", "餐饮服务", "catering"),
    ("CANTEEN", "单位食堂", "canteen"),
    ("SPECIAL", "特殊食品", "special foods"),
    ("MARKET", "集中交易市场", "market"),
    ("FARM", "种植养殖", "farm"),
    ("CIRCULATION", "流通", "circulation"),
    ("NO TRADE ON RECORD", "无往来记录", "no trade on record"),
    ("1-4 PARTNERS", "1–4 家往来单位", "1–4 partners"),
    ("5-19 PARTNERS", "5–19 家往来单位", "5–19 partners"),
    ("20 PARTNERS AND MORE", "20 家以上往来单位", "20 partners and more"),
];

/// A value of a column in words; as it is where it has none.
fn said(value: &str) -> Text {
    VALUES.iter().find(|v| v.0 == value).map_or_else(|| Text::new(value, value), |v| Text::of(v.1, v.2))
}

fn word(name: &str) -> Text {
    WORDS.iter().find(|w| w.0 == name).map_or_else(|| Text::new(name, name), |w| Text::of(w.1, w.2))
}

/// What a feature says.
#[must_use]
pub fn meaning(feature: &str) -> Text {
    if WORDS.iter().any(|w| w.0 == feature) {
        return word(feature);
    }
    let with =
        |zh: fn(&str) -> String, en: fn(&str) -> String, inner: Text| Text::new(zh(&inner.zh), en(&inner.en));
    let bare = |name: &str| name.trim_end_matches(" (words)").to_owned();
    if let Some(column) = feature.strip_prefix("how many others of the same ") {
        let inner = word(&bare(column));
        return with(
            |t| format!("同一{t}的其他记录量"),
            |t| format!("how much is known of others of the same {t}"),
            inner,
        );
    }
    if let Some(column) = feature.strip_prefix("others of the same ") {
        let inner = word(&bare(column));
        return with(
            |t| format!("同一{t}的其他单位发现问题"),
            |t| format!("found at others of the same {t}"),
            inner,
        );
    }
    if let Some((result, column)) = feature.split_once(" of others of the same ") {
        let (result, group) = (word(result), word(&bare(column)));
        return Text::new(
            format!("同一{}的其他单位{}", group.zh, result.zh),
            format!("{} at others of the same {}", result.en, group.en),
        );
    }
    if let Some((result, column)) = feature.split_once(" of others with a word of the ") {
        let (result, group) = (word(result), word(column));
        return Text::new(
            format!("{}中有同一词语的其他单位{}", group.zh, result.zh),
            format!("{} at others that share a word of the {}", result.en, group.en),
        );
    }
    for (phrase, zh, en) in [
        ("others with a word of the ", "", ""),
        ("others with a worst word of the ", "（最差的词）", ", the worst word"),
        ("others with a best word of the ", "（最好的词）", ", the best word"),
    ] {
        if let Some(column) = feature.strip_prefix(phrase) {
            let group = word(column);
            return Text::new(
                format!("{}中有同一词语的其他单位发现问题{zh}", group.zh),
                format!("found at others that share a word of the {}{en}", group.en),
            );
        }
    }
    if let Some(column) = feature.strip_suffix(" here before") {
        return with(|t| format!("以往{t}"), |t| format!("{t} here before"), word(column));
    }
    if let Some(column) = feature.strip_suffix(" at the last visit") {
        return with(|t| format!("上次{t}"), |t| format!("{t} at the last visit"), word(column));
    }
    if let Some((column, value)) = feature.split_once(" = ") {
        let (inner, value) = (word(column), said(value));
        return Text::new(format!("{}：{}", inner.zh, value.zh), format!("{}: {}", inner.en, value.en));
    }
    word(feature)
}

/// A value as people read it; `—` when it is not known.
#[must_use]
pub fn value(value: Option<f64>) -> String {
    match value {
        None => "—".to_owned(),
        Some(v) if (v - v.round()).abs() < 1e-9 => format!("{v:.0}"),
        Some(v) => format!("{v:.2}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_phrase_of_the_science_has_a_meaning_in_both_languages() {
        for (feature, zh, en) in [
            ("found at the last visit", "上次发现问题", "found at the last visit"),
            (
                "found here before",
                "以往发现问题（相对检查人平均）",
                "found here before, against the inspector's own mean",
            ),
            ("key_points here before", "以往重点项不合格数", "key points failed here before"),
            ("key_points at the last visit", "上次重点项不合格数", "key points failed at the last visit"),
            ("others of the same county", "同一县区的其他单位发现问题", "found at others of the same county"),
            (
                "how many others of the same kind (words)",
                "同一业态或食品类别的其他记录量",
                "how much is known of others of the same business or food class",
            ),
            (
                "key_points of others of the same county",
                "同一县区的其他单位重点项不合格数",
                "key points failed at others of the same county",
            ),
            (
                "general_points of others with a word of the kind",
                "业态或食品类别中有同一词语的其他单位一般项不合格数",
                "general points failed at others that share a word of the business or food class",
            ),
            (
                "others with a worst word of the kind",
                "业态或食品类别中有同一词语的其他单位发现问题（最差的词）",
                "found at others that share a word of the business or food class, the worst word",
            ),
            ("kind = CATERING", "业态或食品类别：餐饮服务", "business or food class: catering"),
            ("county = 620102 城关区", "县区：620102 城关区", "county: 620102 城关区"),
            ("kind = 08", "业态或食品类别：08", "business or food class: 08"),
            ("partners", "购销往来单位数", "partners in trade"),
        ] {
            let text = meaning(feature);
            assert_eq!((text.zh.as_ref(), text.en.as_ref()), (zh, en));
        }
        assert_eq!(
            (value(None), value(Some(3.0)), value(Some(0.126))),
            ("—".into(), "3".into(), "0.13".into())
        );
    }
}

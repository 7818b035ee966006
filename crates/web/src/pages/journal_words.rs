//! The journal's entries in words: every kind is `noun.verb`; some have words of their own, the others those of their parts.

use base::{Lang, Text};

/// Kinds said in other words than those of their parts.
const WHOLE: &[(&str, Text)] = &[
    ("capture.judged", Text::of("追溯采集：全文核对通过", "capture: whole document found good")),
    ("journal.private_erased", Text::of("擦除个人信息", "personal data erased")),
    ("matter.open", Text::of("立项办理", "matter opened")),
    ("matter.opened", Text::of("立项办理", "matter opened")),
    ("matter.transition", Text::of("办理一步", "step of a matter")),
    ("nonconformity.opened", Text::of("发现不合格", "nonconformity found")),
    (
        "nonconformity.report_corrected",
        Text::of("不合格依据的检验报告已更正", "report of a nonconformity corrected"),
    ),
    ("nonconformity.settled", Text::of("不合格处置完毕", "nonconformity settled")),
    ("report.approved", Text::of("检验报告批准", "report approved")),
    ("report.corrected", Text::of("更正检验报告签发", "corrected report issued")),
    ("report.correction_dropped", Text::of("检验报告更正退回", "correction of a report dropped")),
    ("report.correction_proposed", Text::of("提出更正检验报告", "correction of a report proposed")),
    ("report.returned", Text::of("检验报告退回", "report returned")),
    ("report.submitted", Text::of("检验报告报送", "report submitted")),
    ("sample.received", Text::of("实验室收样", "sample received by the laboratory")),
    ("sample.registered", Text::of("抽样", "sampled")),
    ("session.all_closed", Text::of("全部退出登录", "all sessions closed")),
    ("session.closed", Text::of("退出登录", "signed out")),
    ("session.opened", Text::of("登录", "signed in")),
    ("task.item", Text::of("上报一处场所", "place reported")),
];

/// What an entry is about.
const NOUNS: &[(&str, Text)] = &[
    ("absence", Text::of("离岗代理", "Absence")),
    ("access", Text::of("权限", "Access")),
    ("account", Text::of("账号", "Account")),
    ("agency", Text::of("机关", "Agency")),
    ("ban", Text::of("从业禁止", "Ban")),
    ("bench", Text::of("压力测试", "Load test")),
    ("capture", Text::of("追溯采集", "Capture")),
    ("cases", Text::of("病例与共同来源", "Cases and their source")),
    ("certificate", Text::of("承诺达标合格证", "Certificate")),
    ("clock", Text::of("法定时限", "Clock")),
    ("connector", Text::of("对接", "Connector")),
    ("credit", Text::of("信用记录", "Credit record")),
    ("declared", Text::of("企业标准", "Enterprise standard")),
    ("document", Text::of("文书", "Document")),
    ("exposure", Text::of("膳食暴露计算", "Exposure run")),
    ("field", Text::of("外勤设备", "Phone in the field")),
    ("grant", Text::of("授权", "Grant")),
    ("inspection", Text::of("监督检查", "Inspection")),
    ("job", Text::of("后台作业", "Job")),
    ("journal", Text::of("存证", "Journal")),
    ("laboratory", Text::of("检验机构", "Laboratory")),
    ("licence", Text::of("许可证", "Licence")),
    ("licences", Text::of("许可证", "Licences")),
    ("matter", Text::of("办件", "Matter")),
    ("nonconformity", Text::of("不合格", "Nonconformity")),
    ("operator", Text::of("主体", "Operator")),
    ("operators", Text::of("主体", "Operators")),
    ("paper", Text::of("文件", "Paper")),
    ("password", Text::of("密码", "Password")),
    ("person", Text::of("人员", "Person")),
    ("petition", Text::of("群众诉求", "Petition")),
    ("prefixes", Text::of("厂商识别代码", "Company prefixes")),
    ("product", Text::of("产品", "Product")),
    ("products", Text::of("产品", "Products")),
    ("query", Text::of("命名查询", "Named query")),
    ("report", Text::of("检验报告", "Test report")),
    ("reporter", Text::of("举报人身份", "Reporter's identity")),
    ("resolver_link", Text::of("扫码链接", "Resolver link")),
    ("result", Text::of("检验结果", "Result")),
    ("results", Text::of("检验结果文件", "File of results")),
    ("retest", Text::of("复检", "Retest")),
    ("sample", Text::of("样品", "Sample")),
    ("sampling", Text::of("抽检", "Sampling")),
    ("scope", Text::of("涉及范围", "Scope")),
    ("session", Text::of("登录", "Session")),
    ("signal", Text::of("监测信号", "Signal")),
    ("site", Text::of("场所", "Place")),
    ("sites", Text::of("场所", "Places")),
    ("subscription", Text::of("订阅", "Subscription")),
    ("survey", Text::of("膳食调查", "Survey")),
    ("targeting", Text::of("风险导向", "Targeting")),
    ("task", Text::of("任务", "Task")),
    ("token", Text::of("接口令牌", "Token")),
    ("totp", Text::of("动态口令", "One-time code")),
    ("watch", Text::of("监测", "Watch")),
];

/// What was done.
const VERBS: &[(&str, Text)] = &[
    ("acceptance_ended", Text::of("终止承检", "acceptance ended")),
    ("accepted", Text::of("接受", "accepted")),
    ("activated", Text::of("启用", "activated")),
    ("added", Text::of("新增", "added")),
    ("all_closed", Text::of("全部退出", "all closed")),
    ("amended", Text::of("变更", "amended")),
    ("approved", Text::of("批准", "approved")),
    ("asked", Text::of("申请查看", "asked for")),
    ("assigned", Text::of("指派", "assigned")),
    ("audit_drawn", Text::of("抽取随机份额", "random share drawn")),
    ("batch", Text::of("交回记录", "records handed in")),
    ("begun", Text::of("开始", "begun")),
    ("bulletin_drafted", Text::of("起草公示", "bulletin drafted")),
    ("bulletin_published", Text::of("发布公示", "bulletin published")),
    ("bulletin_withdrawn", Text::of("撤回公示", "bulletin withdrawn")),
    ("cancelled", Text::of("撤销", "cancelled")),
    ("changed", Text::of("变更", "changed")),
    ("closed", Text::of("结束", "closed")),
    ("code", Text::of("查询码", "code")),
    ("confirmed", Text::of("第二人确认", "confirmed by a second person")),
    ("contest_ended", Text::of("异议复检办结", "contest ended")),
    ("contested", Text::of("提出复检或异议", "contested")),
    ("corrected", Text::of("更正", "corrected")),
    ("counted", Text::of("计数入库", "counts received")),
    ("created", Text::of("登记", "created")),
    ("custody", Text::of("交接", "custody")),
    ("declined", Text::of("不采纳", "declined")),
    ("deleted", Text::of("删除", "deleted")),
    ("done", Text::of("完成", "done")),
    ("drafted", Text::of("起草", "drafted")),
    ("draw_cancelled", Text::of("撤销抽取", "draw cancelled")),
    ("draw_done", Text::of("抽取", "drawn")),
    ("draw_frozen", Text::of("固定名录", "list frozen for a draw")),
    ("draw_opened", Text::of("公布密数", "secret of a draw opened")),
    ("drawn", Text::of("抽取机构", "drawn")),
    ("ended", Text::of("终止", "ended")),
    ("enrolled", Text::of("绑定", "enrolled")),
    ("entered", Text::of("录入", "entered")),
    ("entry", Text::of("写入", "entry")),
    ("expired", Text::of("到期", "expired")),
    ("finished", Text::of("处理完毕", "finished")),
    ("followed", Text::of("跟进", "followed up")),
    ("form", Text::of("填写抽样单", "form filled in")),
    ("frozen", Text::of("固定", "frozen")),
    ("graded", Text::of("风险评级", "graded")),
    ("granted", Text::of("准许查看", "granted")),
    ("grown", Text::of("扩大", "grown")),
    ("guessed", Text::of("查询码错误", "wrong code tried")),
    ("history_imported", Text::of("导入历史检查结果", "past results imported")),
    ("identity_seen", Text::of("查看身份证号", "identity number seen")),
    ("imported", Text::of("批量导入", "imported")),
    ("issued", Text::of("颁发", "issued")),
    ("item", Text::of("上报一处", "place reported")),
    ("kept", Text::of("单独保管", "kept apart")),
    ("laid", Text::of("作出", "laid")),
    ("lapse", Text::of("失效", "lapsed")),
    ("locked", Text::of("锁定", "locked")),
    ("matter", Text::of("立项核查", "matter opened")),
    ("merged", Text::of("合并", "merged")),
    ("migrated", Text::of("迁移规则版本", "moved to another version")),
    ("model_learnt", Text::of("训练模型", "model learnt")),
    ("namesake_cleared", Text::of("同名确认", "same name, another person")),
    ("not_taken", Text::of("未抽到", "not taken")),
    ("noted", Text::of("记入", "noted")),
    ("off", Text::of("停用", "off")),
    ("officer_replaced", Text::of("更换检查人员", "officer replaced")),
    ("on", Text::of("启用", "on")),
    ("open", Text::of("立项", "opened")),
    ("opened", Text::of("立项", "opened")),
    ("plan_drafted", Text::of("草拟计划", "plan drafted")),
    ("plan_moved", Text::of("计划报批", "plan moved on")),
    ("plan_tasks", Text::of("分解任务", "tasks set")),
    ("private_erased", Text::of("擦除个人信息", "personal data erased")),
    ("product_picked", Text::of("确定样品", "product picked")),
    ("proficiency_added", Text::of("能力验证", "proficiency test added")),
    ("proposed", Text::of("提出名单", "list proposed")),
    ("published", Text::of("公布", "published")),
    ("raised", Text::of("报警", "raised")),
    ("read", Text::of("查看", "read")),
    ("received", Text::of("收到", "received")),
    ("recovery_used", Text::of("使用恢复码", "recovery code used")),
    ("recusal_declared", Text::of("登记回避", "recusal declared")),
    ("recusal_ended", Text::of("回避终止", "recusal ended")),
    ("recused", Text::of("决定回避", "kept away from the matter")),
    ("refused", Text::of("拒收", "refused")),
    ("registered", Text::of("登记", "registered")),
    ("rejudged", Text::of("重新判定", "judged again")),
    ("removed", Text::of("移除", "removed")),
    ("reported", Text::of("登记事件", "event entered")),
    ("reset", Text::of("重置", "reset")),
    ("returned", Text::of("退回", "returned")),
    ("revised", Text::of("修改草稿", "revised")),
    ("revived", Text::of("重新运行", "revived")),
    ("revoked", Text::of("吊销", "revoked")),
    ("row_amended", Text::of("调整任务", "row amended")),
    ("rung", Text::of("时限提醒", "reminder")),
    ("sampler_replaced", Text::of("更换抽样人员", "sampler replaced")),
    ("saved", Text::of("保存", "saved")),
    ("scope_set", Text::of("资质范围", "scope set")),
    ("sent", Text::of("派员", "sent")),
    ("serious_found", Text::of("严重风险", "serious risk found")),
    ("serious_reported", Text::of("严重风险上报", "serious risk reported")),
    ("served", Text::of("送达", "served")),
    ("set", Text::of("设定", "set")),
    ("settled", Text::of("处置完毕", "settled")),
    ("sign_set", Text::of("登记发文代字", "sign of its papers set")),
    ("signature", Text::of("签章", "signature")),
    ("status", Text::of("状态变更", "status changed")),
    ("stopped", Text::of("停止", "stopped")),
    ("submitted", Text::of("报送", "submitted")),
    ("suspended", Text::of("停用", "suspended")),
    ("taken", Text::of("领取检查", "work taken")),
    ("target_replaced", Text::of("递补被检查单位", "operator replaced")),
    ("transition", Text::of("办理", "step taken")),
    ("unmerged", Text::of("撤销合并", "unmerged")),
    ("updated", Text::of("更新", "updated")),
    ("uploaded", Text::of("上传", "uploaded")),
    ("voided", Text::of("作废", "voided")),
    ("withdrawn", Text::of("撤回", "withdrawn")),
];

fn find(words: &'static [(&'static str, Text)], word: &str) -> Option<&'static Text> {
    words.binary_search_by_key(&word, |(w, _)| w).ok().and_then(|at| words.get(at)).map(|(_, text)| text)
}

/// A kind of entry in words; the kind itself where a part has none.
pub(crate) fn words(kind: &str) -> Text {
    if let Some(text) = find(WHOLE, kind) {
        return text.clone();
    }
    let parts = kind.split_once('.').and_then(|(noun, verb)| Some((find(NOUNS, noun)?, find(VERBS, verb)?)));
    parts.map_or_else(
        || Text::new(kind, kind),
        |(noun, verb)| Text::new(format!("{}：{}", noun.zh, verb.zh), format!("{}: {}", noun.en, verb.en)),
    )
}

/// What entries can be about, as choices of a list: the noun and its name.
pub(crate) fn nouns(lang: Lang) -> impl Iterator<Item = (String, String)> {
    NOUNS.iter().map(move |(noun, text)| ((*noun).to_owned(), text.get(lang).to_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::path::Path;

    fn sources(dir: &Path, out: &mut Vec<String>) {
        for entry in std::fs::read_dir(dir).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                sources(&path, out);
            } else if path.extension().is_some_and(|e| e == "rs") {
                out.push(std::fs::read_to_string(&path).unwrap());
            }
        }
    }

    #[test]
    fn lists_are_in_the_order_of_the_alphabet_which_the_search_needs() {
        for list in [WHOLE, NOUNS, VERBS] {
            assert!(list.is_sorted_by(|a, b| a.0 < b.0));
        }
    }

    #[test]
    fn every_kind_that_the_office_writes_has_words() {
        let crates = Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap();
        let mut files = Vec::new();
        for office in [
            "access", "assess", "field", "flow", "lab", "ledger", "registry", "supply", "target", "watch",
            "web",
        ] {
            sources(&crates.join(office).join("src"), &mut files);
        }
        let mut seen = 0;
        for text in files.iter().flat_map(|f| f.split("kind: \"").skip(1)) {
            let Some((kind, _)) = text.split_once('"').filter(|(k, _)| k.contains('.')) else { continue };
            seen += 1;
            assert_ne!(words(kind).en, kind, "{kind} has no words here");
        }
        assert!(seen > 60, "{seen}");
    }
}

//! The menu: for each kind of account what it does most in one line, everything else in groups behind "more". It works
//! without script, with a keyboard and on a phone.

use crate::layout::{Area, Viewer};
use access::Role;
use base::Text;
use maud::{Markup, html};

type Item = (&'static str, Text);
type Group = (Text, &'static [Item]);

const DESK: &[Item] = &[
    ("/desk/inbox", Text::of("待办", "Inbox")),
    ("/desk/tasks", Text::of("今日任务", "Today")),
    ("/desk/matters", Text::of("办件", "Matters")),
    ("/desk/nonconformities", Text::of("不合格", "Failures")),
    ("/desk/sampling", Text::of("抽检", "Sampling")),
    ("/desk/inspections", Text::of("检查", "Inspections")),
    ("/trace", Text::of("追溯", "Trace")),
    ("/desk/situation", Text::of("态势", "Situation")),
];
const LEADER: &[Item] = &[
    ("/desk/situation", Text::of("态势", "Situation")),
    ("/desk/supervised", Text::of("督办", "Supervision")),
    ("/desk/matters", Text::of("办件", "Matters")),
    ("/desk/nonconformities", Text::of("不合格", "Failures")),
    ("/desk/signals", Text::of("监测", "Surveillance")),
];
const DESK_MORE: &[Group] = &[
    (
        Text::of("办理", "Work"),
        &[
            ("/desk/inbox", Text::of("待办", "Inbox")),
            ("/desk/tasks", Text::of("今日任务", "Today")),
            ("/desk/supervised", Text::of("督办、约谈", "Supervision, interviews")),
            ("/desk/absences", Text::of("请假与代理", "Absence and deputies")),
        ],
    ),
    (
        Text::of("抽检与检查", "Sampling and inspection"),
        &[
            ("/desk/sampling", Text::of("抽检", "Sampling")),
            ("/desk/samples", Text::of("样品", "Samples")),
            ("/desk/inspections", Text::of("检查", "Inspections")),
            ("/limits", Text::of("限量查询", "Limits")),
        ],
    ),
    (
        Text::of("风险", "Risk"),
        &[
            ("/desk/signals", Text::of("监测", "Surveillance")),
            ("/desk/targeting", Text::of("风险导向", "Whom to check first")),
            ("/desk/exposure", Text::of("风险评估", "Risk assessment")),
            ("/trace", Text::of("追溯", "Trace")),
        ],
    ),
    (
        Text::of("主体", "Operators"),
        &[
            ("/desk/operators", Text::of("主体档案", "Register")),
            ("/desk/ledgers", Text::of("台账检查", "Ledgers")),
            ("/desk/certificates", Text::of("合格证", "Certificates")),
        ],
    ),
    (
        Text::of("记录与规则", "Record and rules"),
        &[
            ("/desk/journal", Text::of("存证记录", "Journal")),
            ("/desk/rulebook", Text::of("规则与权限", "Rules and rights")),
        ],
    ),
];
const GUEST: &[Item] =
    &[("/transfers", Text::of("移送案件", "Transfers")), ("/desk/inbox", Text::of("待办", "Inbox"))];
const ADMIN: &[Item] = &[
    ("/desk/accounts", Text::of("账号", "Accounts")),
    ("/desk/jobs", Text::of("后台作业", "Jobs")),
    ("/desk/connectors", Text::of("系统对接", "Connectors")),
    ("/desk/prefixes", Text::of("厂商识别代码", "Company prefixes")),
    ("/desk/organs", Text::of("机关代字", "Organ codes")),
];
const RECORD: &[Item] = &[
    ("/desk/journal", Text::of("存证记录", "Journal")),
    ("/desk/rulebook", Text::of("规则与权限", "Rules and rights")),
];
const FIRM: &[Item] = &[
    ("/firm", Text::of("首页", "Home")),
    ("/firm/records?way=in", Text::of("进货", "Goods in")),
    ("/firm/records?way=out", Text::of("出货", "Goods out")),
    ("/firm/duties", Text::of("通知与整改", "Notices and duties")),
    ("/firm/licences", Text::of("证照", "Licences")),
    ("/firm/credit", Text::of("我的信用", "My credit")),
];
const FIRM_MORE: &[Group] = &[
    (
        Text::of("货物", "Goods"),
        &[
            ("/firm/lots", Text::of("批次", "Lots")),
            ("/firm/certificates", Text::of("合格证", "Certificates")),
            ("/firm/batch", Text::of("生产批次", "Batch made")),
            ("/firm/upload", Text::of("上传台账表格", "Upload a ledger")),
        ],
    ),
    (
        Text::of("检验与标准", "Tests and standards"),
        &[
            ("/firm/results", Text::of("抽检不合格", "Failed samples")),
            ("/firm/standards", Text::of("企业标准", "Own standards")),
            ("/limits", Text::of("限量查询", "Limits")),
        ],
    ),
    (
        Text::of("办事", "Services"),
        &[("/firm/matters/new", Text::of("申请、备案、信用修复", "Apply, file, repair credit"))],
    ),
    (
        Text::of("系统对接", "For your software"),
        &[
            ("/firm/captures", Text::of("报送记录", "What was sent")),
            ("/firm/links", Text::of("扫码链接", "Links behind codes")),
            ("/firm/tokens", Text::of("接口令牌", "Access tokens")),
        ],
    ),
];
const LABORATORY: &[Item] = &[
    ("/lab/samples", Text::of("样品", "Samples")),
    ("/lab/clocks", Text::of("时限", "Due dates")),
    ("/lab/import", Text::of("导入结果", "Import results")),
    ("/lab/scope", Text::of("检验能力", "Scope")),
    ("/limits", Text::of("限量查询", "Limits")),
];
const PUBLIC: &[Item] = &[
    ("/notices", Text::of("公告", "Notices")),
    ("/results", Text::of("抽检结果", "Test results")),
    ("/lot", Text::of("查批次", "Look up a lot")),
    ("/shops", Text::of("查店铺", "Look up a shop")),
    ("/petitions", Text::of("投诉举报", "Complain or report")),
];
const PUBLIC_MORE: &[Group] = &[
    (
        Text::of("查询", "Look up"),
        &[
            ("/cert", Text::of("查合格证", "A certificate")),
            ("/licences", Text::of("查许可证", "A licence")),
            ("/limits", Text::of("查限量", "Limits of the law")),
            ("/declared", Text::of("企业标准", "Own standards of firms")),
        ],
    ),
    (
        Text::of("办事与监督", "Follow and check"),
        &[
            ("/follow", Text::of("查办理进度", "Follow what you sent")),
            ("/draws", Text::of("随机抽取公示", "Random draws")),
            ("/verify", Text::of("验证存证", "Verify a proof")),
        ],
    ),
];

/// What an account is shown in one line, and what behind "more".
fn of(viewer: &Viewer) -> (&'static [Item], Vec<Group>) {
    let admin = viewer.is(Role::Admin);
    let (main, more) = match viewer.area() {
        Area::Desk if viewer.is_guest() => (GUEST, &[][..]),
        Area::Desk if viewer.who.grants.iter().all(|g| g.role == Role::Admin) => {
            return (ADMIN, vec![(Text::of("记录与规则", "Record and rules"), RECORD)]);
        }
        Area::Desk if viewer.is(Role::Leader) => (LEADER, DESK_MORE),
        Area::Desk => (DESK, DESK_MORE),
        Area::Firm => (FIRM, FIRM_MORE),
        Area::Laboratory => (LABORATORY, &[][..]),
        Area::Public => (PUBLIC, PUBLIC_MORE),
    };
    let mut groups = more.to_vec();
    if admin {
        groups.push((Text::of("管理", "Administration"), ADMIN));
    }
    (main, groups)
}

/// The menu of a page.
pub(crate) fn menu(viewer: &Viewer) -> Markup {
    let lang = viewer.lang();
    let (main, groups) = of(viewer);
    let link = |(href, label): &Item| html! { a href=(href) aria-current=[here(viewer, href).then_some("page")] { (label.get(lang)) } };
    // what stands in the line is not said again behind "more"
    let rest = |items: &'static [Item]| items.iter().filter(|(href, _)| !main.iter().any(|(m, _)| m == href));
    let within = groups.iter().any(|(_, items)| rest(items).any(|(href, _)| here(viewer, href)));
    html! { nav aria-label=(lang.pick("主导航", "Main")) {
        @for item in main { (link(item)) }
        @if !groups.is_empty() { details.more {
            summary aria-current=[within.then_some("true")] { (lang.pick("更多", "More")) }
            div { @for (title, items) in &groups { @if rest(items).next().is_some() {
                section { strong { (title.get(lang)) } ul { @for item in rest(items) { li { (link(item)) } } } }
            } } }
        } }
    } }
}

/// Whether a page is the one an item leads to, or below it.
pub(crate) fn here(viewer: &Viewer, href: &str) -> bool {
    let split = |address: &str| {
        address
            .split_once('?')
            .map_or((address.to_owned(), String::new()), |(p, q)| (p.to_owned(), q.to_owned()))
    };
    let ((path, query), (wanted, asked)) = (split(&viewer.here), split(href));
    let same = path == wanted
        || (wanted.len() > 5 && path.strip_prefix(&wanted).is_some_and(|rest| rest.starts_with('/')));
    same && (asked.is_empty() || query.split('&').any(|p| p == asked))
}

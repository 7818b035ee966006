//! The loop as a practitioner knows it: a failed sample, launched, checked in the counties, recalled, closed.

use crate::support::{FIRM, World, desk, firm, found, officer};
use base::{Decimal, Instant};
use flow::view::{self, Cases, ItemFilter, MatterFilter, NoticeFilter, PlaceFilter, Reach, TaskFilter};
use serde_json::json;

#[tokio::test]
async fn from_the_failed_report_to_the_last_shop() {
    for (name, mut w) in World::all().await {
        let (one, two) = (officer(1, "620102"), desk(2, "620102"));
        let matter = w.disposal(&one).await;
        // one press
        let out = w.step(&one, matter, "launch", json!({})).await.unwrap();
        assert_eq!(
            (out.state.as_str(), out.done["tasks"].as_array().unwrap().len()),
            ("tracking", 5),
            "{name}"
        );
        let seen = w.view(&one, matter).await;
        assert_eq!(seen.all_facts["level"], "2", "the table decided the level");
        assert_eq!(seen.documents.iter().map(|d| d.name.as_str()).collect::<Vec<_>>(), ["notice"]);
        assert!(seen.documents[0].html.zh.contains("虚构面粉"));
        let (recall, procedure, ..) = seen.children[0].clone();
        assert_eq!(procedure, "recall");

        // widening adds only what is new, and opens no second recall
        w.after_hours(1);
        let out = w.step(&one, matter, "widen", json!({})).await.unwrap();
        assert_eq!(
            out.done["tasks"],
            json!([{"id": out.done["tasks"][0]["id"], "kind": "recall_check", "region": "620802", "items": 1}])
        );
        assert!(!out.done.contains_key("opened"));
        // and the recall learns of it
        assert_eq!(out.done["told"], json!([recall]), "{name}");
        let seen = w.view(&desk(9, "62"), recall).await;
        assert_eq!(seen.all_facts["shipped"], "200", "{name}");
        assert_eq!(seen.steps.last().map(|s| s.kind.as_str()), Some("facts"), "{name}");

        // the officer of another county finds the work in the inbox, first due first, and only their own
        let there = officer(3, "620104");
        let list = |who| {
            let filter = TaskFilter::default();
            let (w, who): (&World, access::Principal) = (&w, who);
            async move {
                view::tasks_for(&w.store, &w.engine, &w.access, &who, w.now, &filter, None, 50)
                    .await
                    .unwrap()
                    .rows
            }
        };
        let mine = list(there.clone()).await;
        assert_eq!(mine.iter().map(|t| t.kind.as_str()).collect::<Vec<_>>(), ["seal", "recall_check"]);
        let due = mine[0].due.as_ref().unwrap();
        assert_eq!((due.date.as_deref(), due.text.en.as_ref()), (Some("2026-09-30"), "2 working days left"));

        // what cannot be right is refused with field and remedy
        let seal = w.task(&there, mine[0].id).await;
        let item = &seal.items[0];
        let wrong = w
            .report(&there, item.id, item.version, json!({"outcome": "open", "found": "5", "sealed": "6"}))
            .await;
        let said = wrong.unwrap_err().user_text().unwrap();
        assert!(
            said.zh.contains("不得超过现场发现数量") && said.en.contains("exceed what was found"),
            "{said}"
        );
        assert!(matches!(
            w.report(&one, item.id, item.version, json!({})).await,
            Err(flow::Error::Denied(_))
        ));

        // seal 60, later 50 of it recovered: the later report on the place counts
        let sealed = json!({"outcome": "open", "found": "60", "sealed": "60", "contact": "某人"});
        assert!(w.report(&there, item.id, item.version, sealed).await.unwrap().task_done);
        let check = w.task(&there, mine[1].id).await.items[0].clone();
        let out = w.report(&there, check.id, check.version, found("60", "50", "40")).await.unwrap();
        assert!(out.task_done);
        assert_eq!(list(there.clone()).await, []);
        for (who, forms) in [
            (one.clone(), vec![found("10", "10", "30"), found("5.5", "5.5", "24.5")]),
            (officer(4, "620802"), vec![found("0", "0", "20"), json!({"outcome": "absent"})]),
            (officer(5, "620402"), vec![json!({"outcome": "confirmed", "note": "台账齐全"})]),
        ] {
            let mut forms = forms.into_iter();
            for task in list(who.clone()).await {
                for item in w.task(&who, task.id).await.items {
                    w.report(&who, item.id, item.version, forms.next().unwrap()).await.unwrap();
                }
            }
        }

        // mass balance, from the recall and from the disposal alike
        let province = desk(9, "62");
        for id in [matter, recall] {
            let b = view::mass_balance(&w.store, &w.engine, &w.access, &province, w.now, id).await.unwrap();
            let want = [
                ("200", b.total.unwrap()),
                ("0", b.sealed),
                ("65.5", b.recovered),
                ("114.5", b.sold),
                ("20", b.unaccounted),
            ];
            for (text, got) in want {
                assert_eq!(got, text.parse::<Decimal>().unwrap(), "{name} {b:?}");
            }
            assert_eq!((b.places, b.reached, b.expected), (5, 5, Decimal::from(200)), "{name}");
        }
        // the leader's page, and the records behind a figure
        let s = view::situation(&w.store, &w.access, &province, w.now, "62", Some(matter), Cases::Any)
            .await
            .unwrap();
        assert_eq!((s.total.places, s.total.reached, s.total.tasks_open, s.total.tasks_done), (6, 6, 0, 6));
        let lanzhou = &s.regions.iter().find(|r| r.region == "6201").unwrap().figures;
        assert_eq!((lanzhou.places, lanzhou.quantities["kg"][2]), (3, "65.5".parse().unwrap()));
        let items = ItemFilter { region: "6201".into(), matter: Some(matter), ..ItemFilter::default() };
        let filter = PlaceFilter { items, reach: Reach::Recovered };
        let rows = view::places(&w.store, &w.engine, &w.access, &province, w.now, &filter, None, 50)
            .await
            .unwrap()
            .rows;
        assert_eq!(rows.len(), 3);

        // the recall runs by the firm and the authority of its county
        let (away, chief) = (officer(6, "620402"), desk(7, "620402"));
        let plan = json!({
            "stopped": "yes", "areas": "甘肃省", "quantity": "200", "unit": "kg", "procedure": "十日内", "goods": "destroy",
            "ends_on": "2026-10-20", "contact": "某人", "contact_phone": "0943-0000000",
        });
        let said = w.step(&firm(), matter, "conclude", json!({})).await.unwrap_err();
        assert!(matches!(said, flow::Error::Denied(_)), "a firm takes no step of the authority: {said}");
        w.step(&firm(), recall, "start", plan).await.unwrap();
        w.step(&away, recall, "assess", json!({})).await.unwrap();
        let notice = w.view(&away, recall).await.documents[0].clone();
        assert!(!notice.may_publish, "four eyes");
        let publish = |who: access::Principal, id, version| {
            let w = &w;
            async move {
                let mut tx = w.store.begin().await?;
                let cx = w.cx(&who);
                let out =
                    flow::publish_document(&mut tx, &cx, &w.engine, &w.access, &who, id, version).await?;
                tx.commit().await?;
                Ok::<_, flow::Error>(out)
            }
        };
        assert!(publish(away.clone(), notice.id, notice.version).await.is_err());
        let published = publish(chief.clone(), notice.id, notice.version).await.unwrap();
        let public = view::notice(&w.store, &published.slug).await.unwrap();
        assert_eq!(public.journal, published.journal.id);
        let list = view::notices(&w.store, &NoticeFilter::default(), None, 10).await.unwrap();
        assert_eq!(list.rows.iter().map(|n| n.kind.as_str()).collect::<Vec<_>>(), ["recall_notice"]);
        let about = |fact: Option<(&str, &str)>, operator| view::About {
            fact: fact.map(|(name, value)| (name.to_owned(), value.to_owned())),
            operator,
            ..view::About::default()
        };
        let facts = w.view(&chief, recall).await.facts;
        let product = facts.iter().find(|f| f.id == "product").unwrap().value.as_str().unwrap().to_owned();
        let part: String = product.chars().take(1).collect();
        for (about, found) in [
            (about(Some(("product", &product)), None), 1),
            (about(Some(("product", &part)), None), 0),
            (about(Some(("lot", &product)), None), 0),
            (about(None, firm().operator), 1),
            (about(None, Some(base::Id(1))), 0),
            (about(None, None), 0),
        ] {
            let list = view::notices_about(&w.store, &about, 10).await.unwrap();
            assert_eq!(list.len(), found, "{about:?}");
        }
        let seen = w.view(&chief, recall).await;
        assert_eq!(seen.state, "executing", "publication took the step");
        // 20 working days from 28 September over National Day, with 10 October worked
        let finish = seen.clocks.iter().find(|c| c.rule == "finish_2").unwrap();
        assert_eq!(finish.due.date.as_deref(), Some("2026-10-30"));

        // nothing closes too early
        let findings =
            json!({"cause": "原料", "responsible": "farm", "measures": "停产", "case_opened": "no"});
        w.step(&one, matter, "conclude", findings).await.unwrap();
        let said = w.step(&two, matter, "close", json!({})).await.unwrap_err().user_text().unwrap();
        assert!(said.en.contains("recall"), "{said}");

        let done = json!({"as_of": "2026-09-28", "notified": "12", "firm_recovered": "70"});
        w.step(&firm(), recall, "collected", done).await.unwrap();
        // the firm says so, the authority confirms it: meanwhile the time of the recall stands still
        let finish = |m: &view::MatterView| m.clocks.iter().find(|c| c.rule == "finish_2").unwrap().clone();
        let waiting = finish(&w.view(&chief, recall).await);
        assert!(waiting.met_at.is_none() && waiting.suspensions.len() == 1, "{name}: {waiting:?}");
        w.step(&away, recall, "confirm_collected", json!({})).await.unwrap();
        assert!(finish(&w.view(&chief, recall).await).met_at.is_some(), "{name}");
        let summary = json!({
            "method": "destroy", "firm_disposed": "71", "disposed_on": "2026-09-28", "disposed_at": "某地", "missing": "130",
            "missing_why": "已售出", "prevention": "换供应商",
        });
        let said = w.step(&firm(), recall, "summarise", summary.clone()).await.unwrap_err();
        assert!(matches!(said, flow::Error::Refused(_)), "{said}");
        let mut right = summary;
        right["firm_disposed"] = json!("70");
        w.step(&firm(), recall, "summarise", right).await.unwrap();
        let said = w.step(&chief, recall, "close", json!({"evaluation": "有效"})).await.unwrap_err();
        assert!(said.user_text().unwrap().zh.contains("召回有效性抽查：尚无"), "{said}");
        let checked =
            json!({"checked_on": "2026-09-28", "checked_places": "3", "told": "3", "still_on_sale": "0"});
        w.step(&chief, recall, "effect_check", checked).await.unwrap();
        // twenty kilograms were found nowhere: closed with the reason, or not at all
        let said = w.step(&chief, recall, "close", json!({"evaluation": "有效"})).await.unwrap_err();
        assert!(said.user_text().unwrap().zh.contains("尚未全部查明"), "{said}");
        let evaluation = json!({"evaluation": "有效", "open_ends": "一处已停业，无法核实"});
        w.step(&chief, recall, "close", evaluation).await.unwrap();
        let said = w.step(&desk(1, "620102"), matter, "close", json!({})).await.unwrap_err();
        assert!(said.user_text().is_some(), "who concluded does not approve: {said}");
        w.step(&two, matter, "close", json!({})).await.unwrap();

        let seen = w.view(&two, matter).await;
        assert_eq!((seen.state.as_str(), seen.actions.len()), ("closed", 0));
        assert!(seen.links.iter().any(|l| l.kind == "settled" && l.label == "closed"));
        assert!(seen.clocks.iter().all(|c| c.met_at.is_some() || c.void_at.is_some()));
        assert_eq!(seen.steps.iter().filter(|s| s.kind == "item").count(), 7);
        // a name entered in a form is nowhere in the journal's open part
        let rows = w.store.query("select canonical from journal", &[]).await.unwrap();
        assert!(rows.iter().all(|r| !r.text("canonical").unwrap().contains("某人")));
        let lists = MatterFilter { running: Some(false), operator: Some(FIRM), ..MatterFilter::default() };
        let page =
            view::matters(&w.store, &w.engine, &w.access, &firm(), w.now, &lists, None, 10).await.unwrap();
        assert_eq!(page.rows.iter().map(|m| m.id).collect::<Vec<_>>(), [recall], "the firm sees its own");
        let _: Option<Instant> = page.rows[0].closed_at;
    }
}

#[tokio::test]
async fn a_retest_that_passes_ends_everything() {
    for (name, w) in World::all().await {
        let (one, two) = (officer(1, "620102"), desk(2, "620102"));
        let matter = w.disposal(&one).await;
        w.step(&one, matter, "launch", json!({"harm": "serious"})).await.unwrap();
        let form = json!({"retest_no": "FJ-1", "retest_on": "2026-09-28"});
        w.step(&two, matter, "retest_overturned", form).await.unwrap();
        assert_eq!(
            w.count("select count(*) as n from task where matter = $1 and state = 'open'", matter).await,
            0,
            "{name}"
        );
        let open = "select count(*) as n from clock where matter = $1 and met_at is null and void_at is null";
        assert_eq!(w.count(open, matter).await, 0, "{name}");
        let child = w.view(&two, matter).await.children[0].clone();
        assert_eq!(child.3.en, "Cancelled", "{name}");
        let item = w
            .store
            .first("select id from task_item where matter = $1", &[matter.into()])
            .await
            .unwrap()
            .unwrap();
        let said = w.report(&one, item.id("id").unwrap(), 1, found("1", "1", "0")).await.unwrap_err();
        assert!(said.user_text().is_some(), "{said}");
    }
}

#[tokio::test]
async fn an_opening_repeated_gives_the_same_matter() {
    for (_, w) in World::all().await {
        let one = officer(1, "620102");
        let new = || {
            let title = base::Text::of("甲", "A");
            flow::NewMatter::new("620102", "nonconformity:5", title)
                .fact("harm", "label")
                .with_key("nonconformity:5")
        };
        let first = w.open(&one, "disposal", new()).await.unwrap();
        assert_eq!(w.open(&one, "disposal", new()).await.unwrap(), first);
        let strange =
            w.open(&one, "disposal", new().with_key("other").fact("colour", "red")).await.unwrap_err();
        assert!(strange.to_string().contains("colour"), "{strange}");
        assert!(matches!(
            w.open(&officer(2, "620802"), "disposal", new()).await,
            Err(flow::Error::Denied(_))
        ));
    }
}

#[tokio::test]
async fn what_was_ordered_to_be_corrected_is_found_done_before_the_disposal_concludes() {
    for (name, w) in World::all().await {
        let (one, two) = (officer(1, "620102"), desk(2, "620102"));
        let matter = w.disposal(&one).await;
        w.step(&one, matter, "launch", json!({})).await.unwrap();
        let checked = |outcome| json!({"recheck": outcome, "checked_on": "2026-09-20", "note": "现场核对"});
        let early =
            w.step(&one, matter, "recheck", checked("passed")).await.unwrap_err().user_text().unwrap();
        assert!(early.zh.contains("没有待复查的整改"), "{name}: {early}");
        let order = json!({"correction": "停止使用该批原料", "correct_by": "2026-10-20"});
        w.step(&one, matter, "order_correction", order).await.unwrap();
        let ends = async || {
            let view = w.view(&one, matter).await;
            let all = view.clocks.into_iter().filter(|c| c.rule == "correct" && c.met_at.is_none());
            all.map(|c| (c.void_at.is_some(), c.due.date, c.reason.map(|r| r.zh.into_owned())))
                .collect::<Vec<_>>()
        };
        assert_eq!(ends().await, [(false, Some("2026-10-20".to_owned()), None)], "{name}: the day ordered");
        // ordered anew, the clock follows the new day, a Sunday too, and says what it was
        let order = json!({"correction": "停止使用该批原料", "correct_by": "2026-10-25"});
        w.step(&one, matter, "order_correction", order).await.unwrap();
        let why = "责令限期整改：“整改期限”由 2026-10-20 改为 2026-10-25，重新计算";
        assert_eq!(
            ends().await,
            [
                (false, Some("2026-10-25".to_owned()), Some(why.to_owned())),
                (true, Some("2026-10-20".to_owned()), Some(why.to_owned()))
            ],
            "{name}"
        );
        let past = json!({"correction": "停止使用该批原料", "correct_by": "2026-09-27"});
        let said = w.step(&one, matter, "order_correction", past).await.unwrap_err().user_text().unwrap();
        assert!(said.zh.contains("“整改期限”不能早于 2026-09-28"), "{name}: {said}");
        for (outcome, known) in [("failed", "failed"), ("passed", "passed")] {
            let running = w.view(&one, matter).await;
            assert_ne!(running.all_facts["recheck"], "passed", "{name}");
            w.step(&one, matter, "recheck", checked(outcome)).await.unwrap();
            assert_eq!(w.view(&one, matter).await.all_facts["recheck"], known, "{name}");
        }
        let again = w.step(&one, matter, "recheck", checked("passed")).await;
        assert!(again.is_err(), "{name}: what was found done is not checked again");
        // the authority of the producer's place is told, and answers
        let early = w.step(&one, matter, "origin_reply", json!({"origin_answer": "已核查"})).await;
        assert!(early.is_err(), "{name}: nobody was told yet");
        let told = json!({"origin_authority": "虚构省虚构县市场监督管理局"});
        w.step(&one, matter, "notify_origin", told).await.unwrap();
        w.step(&one, matter, "origin_reply", json!({"origin_answer": "已核查"})).await.unwrap();
        // a penalty case comes of it once, by who decides
        let reason = json!({"case_reason": "销售铅超标的面粉"});
        let denied = w.step(&one, matter, "open_case", reason.clone()).await;
        assert!(matches!(denied, Err(flow::Error::Denied(_))), "{name}: {denied:?}");
        w.step(&two, matter, "open_case", reason.clone()).await.unwrap();
        assert!(w.step(&two, matter, "open_case", reason).await.is_err(), "{name}: one case a disposal");
        let seen = w.view(&one, matter).await;
        let case = seen.children.iter().find(|c| c.1 == "penalty_case").unwrap().0;
        assert_eq!(w.view(&two, case).await.all_facts["what"], "销售铅超标的面粉", "{name}");
        let mut papers: Vec<&str> = seen.documents.iter().map(|d| d.name.as_str()).collect();
        papers.sort_unstable();
        assert_eq!(papers, ["correction_order", "correction_order", "notice", "origin_notice"], "{name}");
    }
}

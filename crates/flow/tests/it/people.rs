//! Whose work it is: given to a person, seen by the deputy, handed over whole; and last year's matters under another rule.

use crate::support::{World, desk, officer};
use base::{Date, Id, Instant};
use flow::view::{self, InboxFilter, InboxLine, Whose};
use flow::{Absence, Error, Span};
use serde_json::json;

async fn inbox(w: &World, who: &access::Principal, whose: Whose) -> Vec<Id> {
    let filter = InboxFilter { whose, ..InboxFilter::default() };
    let (mut all, mut after) = (Vec::new(), None::<String>);
    loop {
        let page =
            view::inbox(&w.store, &w.engine, &w.access, who, w.now, &filter, after.as_deref(), 2).await;
        let page = page.unwrap();
        all.extend(page.rows.iter().map(|l| match l {
            InboxLine::Matter(m) => m.id,
            InboxLine::Task(t) => t.id,
        }));
        after = page.next;
        if after.is_none() {
            return all;
        }
    }
}

#[tokio::test]
async fn an_inbox_holds_matters_and_tasks_page_by_page_and_follows_who_has_the_work() {
    for (name, w) in World::all().await {
        let (one, two, three) = (officer(1, "620102"), officer(2, "620102"), desk(3, "620102"));
        let (first, second) = (w.disposal(&one).await, w.disposal(&one).await);
        w.step(&one, first, "launch", json!({})).await.unwrap();
        let all = inbox(&w, &one, Whose::Doable).await;
        assert_eq!(all.len(), 3, "{name}: two matters and the county's task: {all:?}");
        assert!(all.contains(&first) && all.contains(&second), "{name}");

        for who in [&one, &two, &three, &officer(4, "620802"), &crate::support::firm()] {
            w.enrol(who).await;
        }
        let assign = async |matter: Id, version: i64, to: Option<Id>| {
            let mut tx = w.store.begin().await?;
            let (cx, e) = (w.cx(&one), &w.engine);
            flow::assign_matter(&mut tx, &cx, e, &w.access, &one, matter, version, to).await?;
            tx.commit().await?;
            Ok::<_, Error>(())
        };
        assert!(matches!(assign(second, 9, None).await, Err(Error::Conflict { .. })), "{name}");
        for (to, why) in
            [(Id(99), "没有这个在用账号"), (Id(4), "无权办理"), (crate::support::firm().account, "无权办理")]
        {
            let no = assign(second, 1, Some(to)).await.unwrap_err().user_text().unwrap().zh;
            assert!(no.contains(why), "{name}: {no}");
        }
        assign(second, 1, Some(Id(2))).await.unwrap();
        assert_eq!(w.version(second).await, 2, "{name}: whoever looked before is told");
        assert!(!inbox(&w, &one, Whose::Doable).await.contains(&second), "{name}: another's now");
        assert_eq!(inbox(&w, &two, Whose::Mine).await, [second], "{name}");

        // while the second officer is away the desk sees it as the own
        let today = w.now.china_date();
        let away = Absence {
            id: Id(0),
            account: Id(2),
            deputy: Id(3),
            from: today,
            to: today.tomorrow().unwrap(),
            reason: "培训".into(),
        };
        let begin = async |who: &access::Principal, absence: &Absence| {
            let mut tx = w.store.begin().await?;
            let id = flow::begin_absence(&mut tx, &w.cx(who), &w.access, who, "620102", absence).await?;
            tx.commit().await?;
            Ok::<_, Error>(id)
        };
        assert!(matches!(begin(&one, &away).await, Err(Error::Denied(_))), "{name}: not for another");
        let backwards = Absence { to: Date::constant(2020, 1, 1), ..away.clone() };
        assert!(matches!(begin(&two, &backwards).await, Err(Error::Refused(_))), "{name}");
        let id = begin(&two, &away).await.unwrap();
        assert_eq!(inbox(&w, &three, Whose::Mine).await, [second], "{name}");
        assert_eq!(flow::absences(&w.store, Id(3), today).await.unwrap()[0].id, id, "{name}");
        assert!(
            matches!(begin(&two, &away).await, Err(Error::Refused(_))),
            "{name}: those days have a deputy"
        );
        let chain = Absence { account: Id(1), deputy: Id(2), ..away.clone() };
        assert!(matches!(begin(&one, &chain).await, Err(Error::Refused(_))), "{name}: the deputy is away");

        // what the deputy does there is journalled as done for the absent; elsewhere, and after the last day, as the own
        let acting = async |w: &World, matter: Id| {
            let seen = view::matter(&w.store, &w.engine, &w.access, &three, w.now, matter).await.unwrap();
            seen.steps.last().unwrap().acting_for
        };
        w.step(&three, second, "launch", json!({})).await.unwrap();
        assert_eq!(acting(&w, second).await, Some(Id(2)), "{name}");
        let entry = "select canonical from journal where kind = 'matter.transition' order by id desc limit 1";
        let body = w.store.one(entry, &[]).await.unwrap().text("canonical").unwrap();
        assert!(body.contains("\"for\""), "{name}: {body}");
        assert_eq!(acting(&w, first).await, None, "{name}");
        let mut tx = w.store.begin().await.unwrap();
        flow::end_absence(&mut tx, &w.cx(&two), &w.access, &two, id).await.unwrap();
        tx.commit().await.unwrap();
        assert!(inbox(&w, &three, Whose::Mine).await.is_empty(), "{name}");

        let mut tx = w.store.begin().await.unwrap();
        let (cx, e) = (w.cx(&three), &w.engine);
        let moved = flow::hand_over(&mut tx, &cx, e, &w.access, &three, Id(2), Id(1)).await.unwrap();
        tx.commit().await.unwrap();
        assert_eq!((moved.matters, moved.tasks, moved.kept), (1, 0, 0), "{name}");
        assert_eq!(inbox(&w, &one, Whose::Mine).await, [second], "{name}");
        let kinds = "select count(*) as n from journal where kind in ('matter.assigned', 'absence.begun', 'absence.ended')";
        assert_eq!(w.store.one(kinds, &[]).await.unwrap().int("n").unwrap(), 4, "{name}: all journalled");
    }
}

#[tokio::test]
async fn a_shorter_clock_tells_who_would_have_been_late() {
    for (name, mut w) in World::all().await {
        let one = officer(1, "620102");
        let matter = w.disposal(&one).await;
        let d = w.engine.procedure("disposal").unwrap().definition.clone();
        let serve = d.clock("serve").unwrap().clone();
        w.after_hours(24 * 2);
        let step = d.transitions.iter().find(|t| serve.stop.contains(&format!("transition:{}", t.id)));
        let span = Span { region: "62".into(), from: w.now.plus_seconds(-86_400 * 30), to: w.now };
        let ask = async |text: &str, now: Instant| {
            let changed = flow::changed(&d, text).unwrap();
            flow::whatif(&w.store, &w.engine, &changed, &span, now).await.unwrap()
        };
        let same = ask("[[clock]]\nid = \"serve\"\n", w.now).await;
        assert_eq!((same.matters, same.changed.len()), (1, 0), "{name}: {step:?}");
        let shorter = ask("[[clock]]\nid = \"serve\"\namount = 1\n", w.now).await;
        let [late] = shorter.changed.as_slice() else { panic!("{name}: {shorter:?}") };
        assert_eq!(
            (late.matter, late.clock.as_str(), late.late, late.would_be_late),
            (matter, "serve", false, true)
        );
        assert_eq!(shorter.clocks["serve"].would_be_late, 1, "{name}");
        // a new clock is replayed from what happened
        let new = "[[clock]]\nid = \"fresh\"\ntitle = { zh = \"新时限\", en = \"new\" }\nstart = \"enter:tracking\"\nstop = [\"enter:closed\"]\n\
                   amount = 1\nunit = \"hour\"\nbasis = { document = \"虚构\", clause = \"一\", status = \"unverified\" }\n";
        let initial = &d.initial().unwrap().id;
        let more = ask(&new.replace("enter:tracking", &format!("enter:{initial}")), w.now).await;
        assert_eq!(more.clocks["fresh"].would_be_late, 1, "{name}: {more:?}");
        for (text, wanted) in [
            ("[[clock]\n", "line 1"),
            ("colour = 1\n", "unknown field"),
            ("id = \"x\"\n", "name it `disposal`"),
        ] {
            let said = flow::changed(&d, text).unwrap_err().to_string();
            assert!(said.contains(wanted), "{said}");
        }
    }
}

//! Random legal walks: whatever people press, the invariants of a matter hold.

use crate::support::{World, desk, fill, firm, found, officer};
use access::Principal;
use base::Id;
use serde_json::{Value as Json, json};

/// A small generator, so that a walk is told by its seed.
struct Dice(u64);

impl Dice {
    fn roll(&mut self, sides: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        usize::try_from(self.0 % u64::try_from(sides.max(1)).unwrap()).unwrap()
    }
}

fn people() -> Vec<Principal> {
    let mut all = vec![firm()];
    for (n, county) in ["620102", "620104", "620802", "620402"].iter().enumerate() {
        let n = i64::try_from(n).unwrap();
        all.push(officer(30 + n, county));
        all.push(desk(40 + n, county));
    }
    all
}

#[tokio::test]
async fn random_walks_keep_the_invariants() {
    for (name, mut w) in World::all().await {
        let people = people();
        let mut tx = w.store.begin().await.unwrap();
        for who in &people {
            w.send_papers(&mut tx, who).await;
        }
        tx.commit().await.unwrap();
        for seed in 1..=5u64 {
            let mut dice = Dice(seed.wrapping_mul(0x9E37_79B9_7F4A_7C15));
            let matter = w.disposal(&people[1]).await;
            for _ in 0..45 {
                w.after_hours(7);
                one_press(&w, &people, matter, &mut dice).await;
            }
            for id in family(&w, matter).await {
                invariants(&w, id, &format!("{name}, seed {seed}")).await;
            }
        }
    }
}

async fn family(w: &World, matter: Id) -> Vec<Id> {
    let rows =
        w.store.query("select id from matter where id = $1 or parent = $1", &[matter.into()]).await.unwrap();
    rows.iter().map(|r| r.id("id").unwrap()).collect()
}

/// One person does one thing they may do: a step, a report or a publication.
async fn one_press(w: &World, people: &[Principal], matter: Id, dice: &mut Dice) {
    let who = &people[dice.roll(people.len())];
    let family = family(w, matter).await;
    let id = family[dice.roll(family.len())];
    let Ok(view) = flow::view::matter(&w.store, &w.engine, &w.access, who, w.now, id).await else { return };
    let open: Vec<_> = view.actions.iter().filter(|a| a.refusal.is_none()).collect();
    match dice.roll(3) {
        0 if !open.is_empty() => {
            let action = open[dice.roll(open.len())];
            // the retest would end most walks at once
            if action.id == "retest_overturned" && dice.roll(8) > 0 {
                return;
            }
            let form = action.form.as_ref().map_or(Json::Null, |f| fill(f, 0));
            let done = w.step(who, id, &action.id, form).await;
            assert!(
                !matches!(done, Err(flow::Error::Denied(_))),
                "what is offered is allowed: {}",
                action.id
            );
        }
        1 => {
            for document in view.documents.iter().filter(|d| d.may_publish).take(1) {
                let mut tx = w.store.begin().await.unwrap();
                let cx = w.cx(who);
                flow::publish_document(
                    &mut tx,
                    &cx,
                    &w.engine,
                    &w.access,
                    who,
                    document.id,
                    document.version,
                )
                .await
                .unwrap();
                tx.commit().await.unwrap();
            }
        }
        _ => {
            for task in view.tasks.iter().filter(|t| t.state == "open") {
                let Ok(task) = flow::view::task(&w.store, &w.engine, &w.access, who, w.now, task.id).await
                else {
                    continue;
                };
                for item in task.items.iter().filter(|i| i.reported_at.is_none() && task.may_act) {
                    let form = match task.line.kind.as_str() {
                        "source_inquiry" => json!({"outcome": "confirmed", "note": "属实"}),
                        _ => found("2", "1", "3"),
                    };
                    w.report(who, item.id, item.version, form).await.unwrap();
                }
            }
        }
    }
}

async fn invariants(w: &World, id: Id, walk: &str) {
    let row = w
        .store
        .one("select state, closed_at, version, next_due, procedure from matter where id = $1", &[id.into()])
        .await
        .unwrap();
    let procedure = w.engine.procedure(&row.text("procedure").unwrap()).unwrap();
    let state = procedure.definition.state(&row.text("state").unwrap()).unwrap();
    let running = "select count(*) as n from clock where matter = $1 and met_at is null and void_at is null";
    assert_eq!(state.r#final, row.opt_int("closed_at").unwrap().is_some(), "{walk}: a final state is closed");
    if state.r#final {
        let open = "select count(*) as n from task where matter = $1 and state = 'open'";
        assert_eq!(w.count(open, id).await, 0, "{walk}: no task is open in a finished matter");
        assert_eq!(w.count(running, id).await, 0, "{walk}: no clock runs in a finished matter");
        assert_eq!(row.int("next_due").unwrap(), i64::MAX, "{walk}");
    }
    let untold = "select count(*) as n from matter_step s where s.matter = $1 \
                  and not exists (select 1 from journal j where j.id = s.journal)";
    assert_eq!(w.count(untold, id).await, 0, "{walk}: every step has its journal entry");
    let journal = w
        .store
        .query("select id from journal where subject = $1", &[format!("matter:{id}").into()])
        .await
        .unwrap();
    let steps = w.count("select count(*) as n from matter_step where matter = $1", id).await;
    assert_eq!(i64::try_from(journal.len()).unwrap(), steps, "{walk}: and every entry its step");
    let moved = "select count(*) as n from matter_step where matter = $1 and kind in ('transition', 'facts', 'item', 'document')";
    assert_eq!(w.count(moved, id).await + 1, row.int("version").unwrap(), "{walk}: a version a change");
    let miscounted = "select count(*) as n from task t where t.matter = $1 and (t.items_done <> (select count(*) from task_item i \
                      where i.task = t.id and i.reported_at is not null) or (t.state = 'done' and t.items_done <> t.items_total))";
    assert_eq!(w.count(miscounted, id).await, 0, "{walk}: tasks count their items");
    let doubled = "select count(*) as n from (select subject from task_item where matter = $1 and counts = 1 \
                   group by subject having count(*) > 1) d";
    assert_eq!(w.count(doubled, id).await, 0, "{walk}: one report a place counts");
}

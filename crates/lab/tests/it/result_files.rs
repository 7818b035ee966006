//! Files of results: row by row, in portions, again and again.

use crate::{LABORATORY, World, form, worlds};
use access::account::{create_account, create_first_account, principal_by_login};
use access::{Grant, NewAccount, Principal, Role, testing};
use base::{Id, IdGen};
use lab::{RESULT_FILE_JOB, ResultFile, SampleKind};
use std::sync::Arc;
use store::attachments::Attachments;
use store::jobs::Runner;

/// Somebody of the laboratory with an account: the work goes on in their right after they have left.
async fn analyst(world: &World) -> Principal {
    let (store, access) = (&world.store, &world.lab.access);
    let cx = world.cx(&testing::admin(""));
    let new = |login: &str, operator| NewAccount {
        login: login.to_owned(),
        password: access.hash_password(login, "a long passphrase 2026").unwrap(),
        name: "甲".to_owned(),
        phone: None,
        region: "62".to_owned(),
        operator,
        must_change: false,
    };
    let mut tx = store.begin().await.unwrap();
    create_first_account(&mut tx, &cx, access, NewAccount { region: String::new(), ..new("admin", None) })
        .await
        .unwrap();
    tx.commit().await.unwrap();
    let admin = principal_by_login(store, access, "admin", cx.now).await.unwrap().unwrap();
    let mut tx = store.begin().await.unwrap();
    let account =
        create_account(&mut tx, &cx, access, &admin, new("analyst", Some(LABORATORY))).await.unwrap();
    let grant = Grant {
        role: Role::Laboratory,
        region: "62".to_owned(),
        agency: String::new(),
        ceiling: 1,
        from: cx.now.china_date(),
        to: None,
    };
    access::testing::give(&mut tx, &cx, access, &admin, account, &grant).await;
    tx.commit().await.unwrap();
    principal_by_login(store, access, "analyst", cx.now).await.unwrap().unwrap()
}

async fn send(world: &World, who: &Principal, files: &Attachments, csv: &str) -> Id {
    let spool = files.spool().await.unwrap().write(csv.as_bytes().to_vec()).await.unwrap();
    let kept = files.keep_spooled(spool, "text/csv").await.unwrap();
    let mut tx = world.store.begin().await.unwrap();
    let id = world.lab.receive_results(&mut tx, &world.cx(who), who, files, &kept, "全年.csv").await.unwrap();
    tx.commit().await.unwrap();
    id
}

/// What the background work of a server does.
async fn work(world: &World, files: &Attachments) {
    let (lab, store, files, ids) =
        (world.lab.clone(), world.store.clone(), files.clone(), Arc::new(IdGen::new(2)));
    let runner =
        Runner::new(world.store.clone(), Arc::new(crate::now), "test").on(RESULT_FILE_JOB, move |job| {
            let (lab, store, files, ids) = (lab.clone(), store.clone(), files.clone(), ids.clone());
            async move { lab.work_off_results(&store, &files, &ids, crate::now, &job).await }
        });
    assert_eq!(runner.run_due().await.unwrap(), 1);
}

async fn file(world: &World, who: &Principal, id: Id) -> ResultFile {
    world.lab.result_file(&world.store, who, id).await.unwrap()
}

/// `rows` results of each of the samples `GC000 …`.
fn csv(samples: usize, rows: usize) -> String {
    let mut csv = String::from("抽样单编号,检验项目,检验结果,结果单位,检出限\n");
    for n in 0..samples {
        for k in 0..rows {
            csv += &format!("GC{n:03},项目{k},0.{:02},mg/kg,0.002\n", k + 1);
        }
    }
    csv
}

#[tokio::test]
async fn a_file_of_several_portions_is_stored_once_however_often_it_is_sent_or_cut_off() {
    for world in worlds().await {
        let who = analyst(&world).await;
        for n in 0..9 {
            world.register(form(&format!("GC{n:03}"), SampleKind::Supervision)).await.unwrap();
        }
        let folder = tempfile::tempdir().unwrap();
        let files = Attachments::new(folder.path());
        // 4,500 rows: a portion and a half
        let text = csv(9, 500);
        let first = send(&world, &who, &files, &text).await;
        work(&world, &files).await;
        let done = file(&world, &who, first).await;
        assert_eq!((done.state.as_str(), done.reached, done.stored), ("stored", 4500, 4500), "{done:?}");
        assert_eq!(done.outcomes.get("not_loaded"), Some(&4500));
        assert_eq!(world.count("select count(*) as n from result").await, 4500);
        assert_eq!(world.count("select count(*) as n from verdict").await, 4500);
        // sent again
        let again = send(&world, &who, &files, &text).await;
        work(&world, &files).await;
        let done = file(&world, &who, again).await;
        assert_eq!((done.state.as_str(), done.stored, done.repeated), ("stored", 0, 4500));
        // cut off after the first portion by a process that died: the next one goes on behind it
        let third = send(&world, &who, &files, &text).await;
        let mut tx = world.store.begin().await.unwrap();
        tx.exec("update result_import set reached = 4000 where id = $1", &[third.into()]).await.unwrap();
        tx.commit().await.unwrap();
        work(&world, &files).await;
        let done = file(&world, &who, third).await;
        assert_eq!((done.reached, done.repeated), (4500, 500), "{}", world.name);
        assert_eq!(world.count("select count(*) as n from result").await, 4500);
    }
}

#[tokio::test]
async fn wrong_rows_are_listed_by_line_and_the_others_stored() {
    for world in worlds().await {
        let who = analyst(&world).await;
        world.register(form("GC001", SampleKind::Supervision)).await.unwrap();
        let folder = tempfile::tempdir().unwrap();
        let files = Attachments::new(folder.path());
        let csv = "抽样单编号,检验项目,检验结果,结果单位,检出限\n\
                   GC001,镉(以Cd计),0.31,mg/kg,0.002\n\
                   GC001,铅(以Pb计),未知,mg/kg,0.02\n\
                   \n\
                   GC009,镉(以Cd计),0.31,mg/kg,0.002\n\
                   GC001,镉(以Cd计),0.32,mg/kg,0.002\n\
                   GC001,铅(以Pb计),ND,mg/kg,0.02\n";
        let id = send(&world, &who, &files, csv).await;
        work(&world, &files).await;
        let done = file(&world, &who, id).await;
        assert_eq!(
            (done.state.as_str(), done.reached, done.stored, done.wrong),
            ("part", 5, 2, 3),
            "{done:?}"
        );
        let wrong = world.lab.result_file_errors(&world.store, &who, id, 0, 100).await.unwrap();
        let mut lines: Vec<usize> = wrong.iter().map(|e| e.line).collect();
        lines.dedup();
        assert_eq!(lines, [3, 5, 6], "{wrong:?}");
        let stranger = access::testing::laboratory(Id(901));
        assert!(world.lab.result_file(&world.store, &stranger, id).await.is_err(), "others do not see it");
        let unreadable = send(&world, &who, &files, "编号,结果\n1,2\n").await;
        work(&world, &files).await;
        let done = file(&world, &who, unreadable).await;
        assert!(done.state == "refused" && done.problem.is_some(), "{done:?}");
    }
}

//! Long documents of which all is stored or nothing: judged as a whole first, and then stored whatever comes between.

use crate::{NOW, World, document, made, worlds};
use access::{NewAccount, Principal};
use base::{Id, Instant};
use epcis::ProblemType;
use serde_json::Value;
use std::sync::Arc;
use store::attachments::Attachments;
use store::jobs::Runner;
use supply::{CAPTURE_JOB, CaptureJob, CaptureOptions, CaptureState, ErrorBehaviour, Format};

/// Events of a document; a portion holds 2,000.
const EVENTS: usize = 4_500;

/// A world with an account of firm 1 and a folder for documents.
struct Desk<'w> {
    world: &'w World,
    who: Principal,
    attachments: Attachments,
    _folder: tempfile::TempDir,
}

fn now() -> Instant {
    Instant::parse(NOW).unwrap()
}

/// The name of an event of [`events`].
fn name(i: usize) -> String {
    format!("urn:long:{i}")
}

/// Events with a name each.
fn events() -> Vec<Value> {
    let event = |i| {
        let mut event = made("2026-09-01", 1, &crate::lot(1, &format!("L{i}")), 5);
        event["eventID"] = name(i).into();
        event
    };
    (0..EVENTS).map(event).collect()
}

/// Another content under the name of an event of [`events`].
fn other(i: usize) -> Value {
    let mut event = made("2026-09-02", 1, &crate::lot(2, "OTHER"), 7);
    event["eventID"] = name(i).into();
    event
}

impl<'w> Desk<'w> {
    async fn new(world: &'w World) -> Self {
        let (store, access) = (&world.store, &world.supply.access);
        let new = NewAccount {
            login: "firm1".to_owned(),
            password: access.hash_password("firm1", "fictitious-password-1").unwrap(),
            name: "虚构".to_owned(),
            phone: None,
            region: String::new(),
            operator: None,
            must_change: false,
        };
        let mut tx = store.begin().await.unwrap();
        let cx = world.cx(&crate::firm(1));
        let id = access::account::create_first_account(&mut tx, &cx, access, new).await.unwrap();
        tx.exec("update account set operator = 1 where id = $1", &[id.into()]).await.unwrap();
        let grant = "update account_grant set role = 'firm', region = '', agency = '', ceiling = 1 where account = $1";
        tx.exec(grant, &[id.into()]).await.unwrap();
        tx.commit().await.unwrap();
        let who = access::account::principal_by_id(store, access, id, now()).await.unwrap().unwrap();
        let folder = tempfile::tempdir().unwrap();
        Self { world, who, attachments: Attachments::new(folder.path()), _folder: folder }
    }

    /// Takes a document in as a job.
    async fn send(&self, events: &[Value]) -> Id {
        let spool = self.attachments.spool().await.unwrap().write(document(events)).await.unwrap();
        let kept = self.attachments.keep_spooled(spool, "application/json").await.unwrap();
        let options = CaptureOptions { error_behaviour: ErrorBehaviour::Rollback, operator: None };
        let (cx, supply) = (self.world.cx(&self.who), &self.world.supply);
        supply.receive(&cx, &self.who, &self.attachments, &kept, Format::Json, &options).await.unwrap()
    }

    /// A runner; `hours` after the first, when the lease of one that died has run out.
    fn runner(&self, holder: &str, hours: i64) -> Runner {
        let (supply, attachments) = (self.world.supply.clone(), self.attachments.clone());
        let ids = self.world.ids.clone();
        let clock = move || now().plus_seconds(hours * 3600);
        Runner::new(self.world.store.clone(), Arc::new(clock), holder).on(CAPTURE_JOB, move |job| {
            let (supply, attachments, ids) = (supply.clone(), attachments.clone(), ids.clone());
            async move { supply.work_off(&attachments, &ids, now, &job).await }
        })
    }

    /// Lets a runner work until something is seen, and cuts it off there, as a death of the process would.
    async fn cut_off(&self, until: &'static str) {
        let dying = self.runner("dying", 0);
        let work = tokio::spawn(async move { dying.run_due().await });
        while self.world.count(until).await == 0 {
            assert!(!work.is_finished(), "the job had ended before");
            tokio::task::yield_now().await;
        }
        work.abort();
        let _ = work.await;
        // what the server was still about when the client left has ended one way or the other
        let mut tx = self.world.store.begin().await.unwrap();
        if self.world.store.engine() == store::Engine::Postgres {
            tx.exec("lock table event, capture in access exclusive mode", &[]).await.unwrap();
        }
        tx.rollback().await.unwrap();
    }

    async fn job(&self, id: Id) -> CaptureJob {
        self.world.supply.capture_job(&crate::firm(1), now(), id).await.unwrap()
    }

    /// Captures a short document.
    async fn capture(&self, events: Vec<Value>) -> supply::CaptureOutcome {
        let cx = self.world.cx(&self.who);
        let options = CaptureOptions::default();
        let bytes = document(&events);
        self.world.supply.capture(&cx, &self.who, bytes, Format::Json, &options).await.unwrap()
    }

    /// Events stored, and names claimed.
    async fn kept(&self) -> (i64, i64) {
        (self.world.count(STORED).await, self.world.count(CLAIMED).await)
    }
}

const STORED: &str = "select count(*) as n from event";
const CLAIMED: &str = "select count(*) as n from event_claim";
const JUDGED: &str = "select count(*) as n from capture where judged is not null";

fn pointers(job: &CaptureJob) -> Vec<&str> {
    job.problems.as_array().unwrap().iter().map(|p| p["pointer"].as_str().unwrap()).collect()
}

#[tokio::test]
async fn a_name_that_stands_for_two_things_in_one_document_refuses_all_of_it() {
    for world in worlds().await {
        let desk = Desk::new(&world).await;
        let mut all = events();
        all[4_400]["eventID"] = name(7).into();
        let id = desk.send(&all).await;
        desk.runner("r", 0).run_due().await.unwrap();
        let job = desk.job(id).await;
        assert_eq!(job.state, CaptureState::Refused, "{}", world.name);
        assert_eq!(pointers(&job), ["/epcisBody/eventList/4400"], "{}", world.name);
        assert_eq!(desk.kept().await, (0, 0), "{}", world.name);
    }
}

#[tokio::test]
async fn who_is_stored_while_a_document_is_judged_keeps_the_name_and_the_document_is_refused_whole() {
    for world in worlds().await {
        let desk = Desk::new(&world).await;
        let id = desk.send(&events()).await;
        desk.cut_off(CLAIMED).await;
        assert_eq!(world.count(STORED).await, 0, "{}: none of it is seen while it is judged", world.name);
        assert_eq!(world.count(JUDGED).await, 0, "{}", world.name);
        let stored = desk.capture(vec![other(5)]).await;
        assert_eq!(stored.state, CaptureState::Stored, "{}: {:?}", world.name, stored.problems);
        desk.runner("later", 1).run_due().await.unwrap();
        let job = desk.job(id).await;
        assert_eq!(job.state, CaptureState::Refused, "{}", world.name);
        assert_eq!(pointers(&job), ["/epcisBody/eventList/5"], "{}", world.name);
        assert_eq!(desk.kept().await, (1, 0), "{}", world.name);
    }
}

#[tokio::test]
async fn what_is_stored_in_the_middle_of_the_judging_is_seen_by_the_verdict() {
    for world in worlds().await {
        let desk = Desk::new(&world).await;
        let id = desk.send(&events()).await;
        let runner = desk.runner("r", 0);
        let work = tokio::spawn(async move { runner.run_due().await });
        while world.count(CLAIMED).await == 0 {
            tokio::task::yield_now().await;
        }
        let sent = desk.capture(vec![other(5)]).await;
        work.await.unwrap().unwrap();
        // whichever of the two came first, the name stands for one thing, and the document is stored whole or not at all
        let expected = match sent.state {
            CaptureState::Stored => (CaptureState::Refused, 1),
            _ => (CaptureState::Stored, i64::try_from(EVENTS).unwrap()),
        };
        assert_eq!((desk.job(id).await.state, world.count(STORED).await), expected, "{}", world.name);
        assert_eq!(world.count(CLAIMED).await, 0, "{}", world.name);
    }
}

#[tokio::test]
async fn a_document_found_good_is_stored_whatever_comes_between() {
    for world in worlds().await {
        let desk = Desk::new(&world).await;
        let all = events();
        let id = desk.send(&all).await;
        desk.cut_off(STORED).await;
        let (stored, claimed) = desk.kept().await;
        assert!(stored < 4_500 && claimed > 0 && world.count(JUDGED).await == 1, "{}", world.name);
        let waiting = desk.job(id).await;
        assert!(waiting.is_running() && waiting.is_success(), "{}: {waiting:?}", world.name);
        // another content under a name still to be stored; the same content; and the right of the sender ends
        let refused = desk.capture(vec![other(4_499)]).await;
        assert_eq!(refused.state, CaptureState::Refused, "{}", world.name);
        assert_eq!(refused.problems[0].kind, ProblemType::ResourceAlreadyExists, "{}", world.name);
        let same = desk.capture(all[4_498..].to_vec()).await;
        assert_eq!((same.state, same.stored.len()), (CaptureState::Stored, 2), "{}", world.name);
        let mut tx = world.store.begin().await.unwrap();
        tx.exec("update account set status = 'suspended'", &[]).await.unwrap();
        tx.commit().await.unwrap();
        desk.runner("later", 1).run_due().await.unwrap();
        let job = desk.job(id).await;
        assert_eq!((job.state, job.events), (CaptureState::Stored, 4_500), "{}", world.name);
        assert_eq!((job.stored, job.duplicates), (4_498, 2), "{}", world.name);
        assert_eq!(desk.kept().await, (4_500, 0), "{}", world.name);
        let last = world.supply.last_position().await.unwrap();
        assert_eq!(world.supply.index.position(), last, "{}: the index has followed", world.name);
    }
}

#[tokio::test]
async fn of_two_documents_with_one_name_for_two_things_only_one_is_stored() {
    for world in worlds().await {
        let desk = Desk::new(&world).await;
        let mut changed = events();
        for (i, event) in changed.iter_mut().enumerate() {
            match i {
                4_400 => event["quantityList"][0]["quantity"] = 7.into(),
                _ => event["eventID"] = format!("urn:other:{i}").into(),
            }
        }
        let ids = [desk.send(&events()).await, desk.send(&changed).await];
        // both are judged, and one is stored, at the same time
        let (one, other) = (desk.runner("one", 0), desk.runner("other", 0));
        let (a, b) = tokio::join!(one.run_due(), other.run_due());
        a.unwrap();
        b.unwrap();
        let jobs = [desk.job(ids[0]).await, desk.job(ids[1]).await];
        let good = jobs.iter().filter(|j| j.state == CaptureState::Stored).count();
        assert_eq!(good, 1, "{}: {:?} {:?}", world.name, jobs[0].state, jobs[1].state);
        let refused = jobs.iter().find(|j| j.state == CaptureState::Refused).unwrap();
        assert_eq!(pointers(refused), ["/epcisBody/eventList/4400"], "{}", world.name);
        assert_eq!(desk.kept().await, (4_500, 0), "{}", world.name);
    }
}

//! The real program, killed, stopped and starved while it works: nothing acknowledged is lost, nothing is half done.
//!
//! `SHIAN_KILLS` is the number of kills (200 when absent), `SHIAN_KILL_SEED` repeats a run.
#![expect(clippy::print_stderr, reason = "the seed and the counts of a run, to repeat it")]

mod http;
mod long;
mod province;
mod random;
mod truth;
mod work;

use http::{Ask, Client};
use province::Server;
use random::Random;
use serde_json::json;
use std::net::SocketAddr;
use std::os::fd::AsRawFd;
use std::path::Path;
use std::process::Command;
use std::sync::atomic::Ordering;
use std::time::{Duration, SystemTime, UNIX_EPOCH};
use work::{Acknowledged, Field, Worker};

fn number(name: &str) -> Option<u64> {
    std::env::var(name).ok()?.parse().ok()
}

fn seed() -> u64 {
    let clock = || SystemTime::now().duration_since(UNIX_EPOCH).map_or(1, |d| d.as_secs());
    let seed = number("SHIAN_KILL_SEED").unwrap_or_else(clock);
    eprintln!("seed {seed}");
    seed
}

/// Runs an async check.
fn wait<T>(future: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime").block_on(future)
}

/// Fails with what is missing of `news` or half done.
fn check(data: &Path, news: &[Acknowledged], after: &str) {
    let faults = wait(async {
        let store = truth::open(data).await;
        let mut faults = truth::missing(&store, data, news).await;
        faults.extend(truth::half_done(&store).await);
        store.close().await;
        faults
    });
    assert!(faults.is_empty(), "after {after}:\n{}", faults.join("\n"));
}

/// Starts the clients of one test.
fn crowd<'s>(scope: &'s std::thread::Scope<'s, '_>, field: &'s Field, seed: u64) {
    let worker = move |name| Worker::new(field, seed, name);
    scope.spawn(move || worker(1).capture());
    scope.spawn(move || worker(2).capture());
    scope.spawn(move || worker(3).events());
    scope.spawn(move || worker(4).laboratory());
    scope.spawn(move || worker(5).officers());
    scope.spawn(move || worker(6).attachments());
    scope.spawn(move || worker(7).clerks());
}

/// Ends the clients however the test leaves.
struct End<'a>(&'a Field);

impl Drop for End<'_> {
    fn drop(&mut self) {
        self.0.end();
    }
}

#[test]
fn nothing_acknowledged_is_lost_and_nothing_is_half_done_after_kill_nine() {
    let (kills, seed) = (number("SHIAN_KILLS").unwrap_or(200), seed());
    let scratch = province::copy();
    let data = scratch.path();
    let mut server = Server::start(data);
    let field = Field::new(server.ready());
    let mut random = Random::new(seed);
    let (mut checked, mut early) = (0, 0);
    std::thread::scope(|scope| {
        let _end = End(&field);
        crowd(scope, &field, seed);
        for n in 1..=kills {
            // once in a while long enough for the sequencer's second
            let most = if random.below(8) == 0 { 1300 } else { 400 };
            std::thread::sleep(Duration::from_millis(100 + random.below(most - 100)));
            field.set_address(None);
            server.kill();
            server = Server::start(data);
            while random.below(6) == 0 {
                // killed again before it was ready
                std::thread::sleep(Duration::from_millis(random.below(600)));
                server.kill();
                server = Server::start(data);
                early += 1;
            }
            let at = server.ready();
            if n % 5 == 0 || n == kills {
                let all = field.acknowledged();
                check(data, &all[checked..], &format!("kill {n}"));
                checked = all.len();
            }
            if n % 25 == 0 {
                province::verify_journal(data);
            }
            field.set_address(Some(at));
            let wrong = field.wrong();
            assert!(wrong.is_empty(), "after kill {n}:\n{}\n{}", wrong.join("\n"), server.log());
        }
        std::thread::sleep(Duration::from_millis(300));
    });
    assert!(server.stop().success(), "it ends well when asked");
    let all = field.acknowledged();
    check(data, &all, "everything");
    province::verify_journal(data);
    tally(&all, kills);
    eprintln!(
        "{kills} kills at work, {early} during a start, {} requests unanswered and repeated, {} acknowledged",
        field.unanswered.load(Ordering::Relaxed),
        all.len()
    );
}

/// Every kind of work went on between the kills.
fn tally(all: &[Acknowledged], kills: u64) {
    let of = |pick: fn(&Acknowledged) -> bool| all.iter().filter(|a| pick(a)).count();
    let counts = [
        ("captures", of(|a| matches!(a, Acknowledged::Capture { .. }))),
        ("events", of(|a| matches!(a, Acknowledged::Event { .. }))),
        ("samples", of(|a| matches!(a, Acknowledged::Sample { .. }))),
        ("results", of(|a| matches!(a, Acknowledged::Results { .. }))),
        ("matters", of(|a| matches!(a, Acknowledged::Opened { .. }))),
        ("steps", of(|a| matches!(a, Acknowledged::Step { .. }))),
        ("reports", of(|a| matches!(a, Acknowledged::Report { .. }))),
        ("attachments", of(|a| matches!(a, Acknowledged::Attachment { .. }))),
    ];
    eprintln!("{counts:?}");
    for (what, count) in counts {
        assert!(count > 0 || kills < 20, "no {what} were acknowledged: the test tested nothing");
    }
}

#[test]
fn sigterm_finishes_what_is_at_work() {
    let seed = seed();
    let scratch = province::copy();
    let data = scratch.path();
    let mut server = Server::start(data);
    let field = Field::new(server.ready());
    let mut random = Random::new(seed);
    std::thread::scope(|scope| {
        let _end = End(&field);
        crowd(scope, &field, seed);
        for n in 1..=3 {
            std::thread::sleep(Duration::from_millis(400 + random.below(600)));
            field.set_address(None);
            assert!(server.stop().success(), "stop {n}: it ends well when asked");
            check(data, &field.acknowledged(), &format!("stop {n}"));
            province::verify_journal(data);
            server = Server::start(data);
            field.set_address(Some(server.ready()));
        }
    });
    let wrong = field.wrong();
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert!(!field.acknowledged().is_empty());
}

#[test]
fn of_two_officers_who_report_one_place_at_once_one_succeeds_and_one_is_told() {
    let scratch = province::copy();
    let mut server = Server::start(scratch.path());
    let at = server.ready();
    let field = Field::new(at);
    let items = open_items(&field, at);
    assert!(items.len() >= 3, "the launched matter has places");
    for (item, version) in items {
        let body = json!({ "version": version, "form": { "outcome": "absent", "note": "x" } }).to_string();
        let gate = std::sync::Barrier::new(2);
        let answers: Vec<u16> = std::thread::scope(|scope| {
            let both = [&field.tokens.desk, &field.tokens.second_desk].map(|token| {
                let (gate, body, item) = (&gate, &body, &item);
                scope.spawn(move || {
                    let mut client = Client::default();
                    // the connection is open and warm before both send
                    send(&mut client, at, token, "GET", "/api/v1/tasks?limit=1", "");
                    gate.wait();
                    send(&mut client, at, token, "POST", &format!("/api/v1/task-items/{item}/report"), body).0
                })
            });
            both.map(|t| t.join().expect("no panic")).into()
        });
        let mut sorted = answers.clone();
        sorted.sort_unstable();
        assert_eq!(sorted, [200, 409], "{item}");
    }
    check(scratch.path(), &[], "the double reports");
    drop(server);
}

fn send(
    client: &mut Client,
    at: SocketAddr,
    token: &str,
    method: &str,
    path: &str,
    body: &str,
) -> (u16, serde_json::Value) {
    let bearer = format!("Bearer {token}");
    let headers = [("authorization", bearer.as_str()), ("content-type", "application/json")];
    let answer = client.send(at, Ask { method, path, headers: &headers, body: body.as_bytes() });
    let answer = answer.expect("the server answers");
    (answer.status, answer.json())
}

/// Makes a failed sample, launches its disposal, gives the items to report with their versions.
fn open_items(field: &Field, at: SocketAddr) -> Vec<(String, i64)> {
    let (t, mut client) = (&field.tokens, Client::default());
    let mut ask = |token: &str, method: &str, path: &str, body: serde_json::Value| {
        let (status, value) = send(&mut client, at, token, method, path, &body.to_string());
        assert!(status < 300, "{path}: {status} {value}");
        value
    };
    let sample = field.waiting["id"].as_str().expect("an id").to_owned();
    let result =
        json!({ "analyte": "铅(以Pb计)", "reported": "0.36", "unit": "mg/kg", "method": "GB 5009.12" });
    ask(&t.lab, "POST", &format!("/api/v1/samples/{sample}/results"), result);
    ask(&t.second_lab, "POST", &format!("/api/v1/samples/{sample}/approve"), json!({ "report_no": "R-1" }));
    let done = ask(&t.second_lab, "POST", &format!("/api/v1/samples/{sample}/submit"), json!({}));
    let matter = done["nonconformity"]["matter"].as_str().expect("a matter").to_owned();
    let form = json!({ "version": 1, "form": { "harm": "serious" } });
    ask(&t.desk, "POST", &format!("/api/v1/matters/{matter}/launch"), form);
    let view = ask(&t.desk, "GET", &format!("/api/v1/matters/{matter}"), json!(null));
    let mut items = Vec::new();
    for task in view["tasks"].as_array().expect("tasks") {
        let path = format!("/api/v1/tasks/{}", task["id"].as_str().expect("an id"));
        for item in ask(&t.desk, "GET", &path, json!(null))["items"].as_array().expect("items") {
            let id = item["id"].as_str().expect("an id").to_owned();
            items.push((id, item["version"].as_i64().expect("a version")));
        }
    }
    items
}

/// Runs the server on a file system of its own with few megabytes, where the system lets this user mount one.
fn small_disk(data: &Path) -> Option<Server> {
    let script = r#"mount -t tmpfs -o size=48m shian-test "$1" && cp -a "$2"/. "$1" && exec "$3" serve --data "$1" --listen 127.0.0.1:0 --origin http://kill.test"#;
    let made = province::made();
    let may = |flags: &str| {
        let tried = Command::new("unshare").args([flags, "sh", "-c", "mount -t tmpfs x /mnt"]).output();
        tried.is_ok_and(|out| out.status.success())
    };
    let flags = ["-m", "-Urm"].into_iter().find(|f| may(f))?;
    let mut command = Command::new("unshare");
    command.args([flags, "sh", "-c", script, "sh"]).arg(data).arg(made).arg(province::PROGRAM);
    Some(Server::run(command))
}

#[test]
fn a_full_disk_refuses_with_507_and_writes_nothing() {
    let scratch = tempfile::tempdir().expect("a scratch folder");
    let Some(mut server) = small_disk(scratch.path()) else {
        eprintln!("not run: this system lets nobody mount a small file system (unshare, mount)");
        return;
    };
    let at = server.ready();
    // the server's own view of the disk
    let inside = format!("/proc/{}/root{}", server.id(), scratch.path().display());
    let inside = Path::new(&inside);
    let field = Field::new(at);
    let before = wait(count(&province::made()));
    let ballast = inside.join("ballast");
    fill(&ballast);
    let mut client = Client::default();
    let mut photo = b"\x89PNG\r\n\x1a\n".to_vec();
    photo.resize(2_000_000, 7);
    let token = &field.tokens.desk;
    let bearer = format!("Bearer {token}");
    let headers = [("authorization", bearer.as_str()), ("content-type", "image/png")];
    let ask = Ask { method: "POST", path: "/api/v1/attachments", headers: &headers, body: &photo };
    let answer = client.send(at, ask).expect("the server answers");
    assert_eq!(answer.status, 507, "{}", answer.shown());
    assert_eq!(answer.header("content-type"), Some("application/problem+json"));
    let event = |n: usize| {
        json!({
            "@context": "https://ref.gs1.org/standards/epcis/2.0.0/epcis-context.jsonld", "type": "ObjectEvent",
            "eventTime": "2026-10-02T08:00:00.000+08:00", "eventTimeZoneOffset": "+08:00", "action": "ADD",
            "bizStep": "commissioning", "readPoint": { "id": "urn:epc:id:sgln:6999999.88888.0" },
            "epcList": (0..400).map(|i| format!("urn:epc:id:sgtin:6999999.012345.{n}S{i}")).collect::<Vec<_>>(),
        })
    };
    let (mut refused, mut stored) = (0, 0);
    for n in 0..12 {
        let (status, said) = send(&mut client, at, token, "POST", "/epcis/events", &event(n).to_string());
        match status {
            201 => stored += 1,
            507 => refused += 1,
            _ => panic!("a full disk is answered with {status} {said}\n{}", server.log()),
        }
    }
    assert!(refused > 0, "the disk was not full");
    let (status, _) = send(&mut client, at, token, "GET", "/api/v1/notices", "");
    assert_eq!(status, 200, "reading goes on");
    std::fs::remove_file(&ballast).expect("the ballast goes");
    for n in 100..103 {
        let (status, said) = send(&mut client, at, token, "POST", "/epcis/events", &event(n).to_string());
        assert_eq!(status, 201, "with space again: {said}");
        stored += 1;
    }
    // an open folder keeps the file system when its last process has gone
    let folder = std::fs::File::open(inside).expect("the folder opens");
    assert!(server.stop().success());
    let after = tempfile::tempdir().expect("a scratch folder");
    province::copy_into(Path::new(&format!("/proc/self/fd/{}", folder.as_raw_fd())), after.path());
    let after = after.path();
    assert_eq!(wait(count(after)), before + stored, "what was refused is not there, what was stored is");
    check(after, &[], "a full disk");
    assert_eq!(
        files(&after.join("attachments")),
        files(&province::made().join("attachments")),
        "no half a file"
    );
    province::verify_journal(after);
}

async fn count(data: &Path) -> i64 {
    let store = truth::open(data).await;
    let n = store.one("select count(*) as n from event", &[]).await.and_then(|r| r.int("n"));
    store.close().await;
    n.expect("a count")
}

/// Writes until the disk is full.
fn fill(path: &Path) {
    use std::io::Write;
    let mut file = std::fs::File::create(path).expect("a file");
    let mut size = 1 << 20;
    while size > 0 {
        if file.write_all(&vec![0; size]).is_err() {
            size /= 2;
        }
    }
}

fn files(folder: &Path) -> usize {
    std::fs::read_dir(folder)
        .map_or(0, |all| all.flatten().map(|e| if e.path().is_dir() { files(&e.path()) } else { 1 }).sum())
}

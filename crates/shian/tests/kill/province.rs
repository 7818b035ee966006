//! A small demo province, made once by the real program, and the real server run on a copy of it.

use crate::http::{Answer, Ask, Client};
use std::fs::{self, File};
use std::io::{BufRead, BufReader};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

/// The program under test.
pub(crate) const PROGRAM: &str = env!("CARGO_BIN_EXE_shian");
/// Firms in the demo: few, so that a start is quick and kills are many.
const FIRMS: &str = "25";
const PASSWORD: &str = "Shian-demo-2026";
const ORIGIN: &str = "http://kill.test";

/// A copy of the demo for one test.
pub(crate) fn copy() -> tempfile::TempDir {
    let folder = tempfile::tempdir().expect("a scratch folder");
    copy_into(&made(), folder.path());
    folder
}

/// The demo as this build of the program makes it; made by the first test that asks.
pub(crate) fn made() -> PathBuf {
    let scratch = Path::new(env!("CARGO_TARGET_TMPDIR"));
    fs::create_dir_all(scratch).expect("the scratch folder of the build");
    let lock = File::create(scratch.join("kill-demo.lock")).expect("a lock file");
    lock.lock().expect("the lock");
    let built = fs::metadata(PROGRAM).and_then(|m| m.modified()).expect("the program's time");
    let stamp = format!("{built:?}");
    let folder = scratch.join("kill-demo");
    let mark = folder.join("made-by");
    if fs::read_to_string(&mark).is_ok_and(|by| by == stamp) {
        return folder;
    }
    let _ = fs::remove_dir_all(&folder);
    let out = Command::new(PROGRAM)
        .args(["demo", "--create-only", "--operators", FIRMS, "--data"])
        .arg(&folder)
        .output()
        .expect("the program starts");
    assert!(out.status.success(), "{}", String::from_utf8_lossy(&out.stderr));
    fs::write(&mark, stamp).expect("a mark");
    folder
}

/// Copies a folder with its permissions: keys must stay their owner's.
pub(crate) fn copy_into(from: &Path, to: &Path) {
    fs::create_dir_all(to).expect("a folder");
    for entry in fs::read_dir(from).expect("the folder is readable") {
        let entry = entry.expect("an entry");
        let target = to.join(entry.file_name());
        if entry.path().is_dir() {
            copy_into(&entry.path(), &target);
        } else {
            fs::copy(entry.path(), target).expect("the file is copied");
        }
    }
}

/// The server, running or killed.
#[derive(Debug)]
pub(crate) struct Server {
    child: Child,
    said: Arc<Mutex<Vec<String>>>,
    begun: Instant,
}

impl Server {
    /// Starts `shian serve` on a port of the system's choice.
    pub(crate) fn start(data: &Path) -> Self {
        let mut command = Command::new(PROGRAM);
        command.arg("serve").arg("--data").arg(data).args(["--listen", "127.0.0.1:0", "--origin", ORIGIN]);
        Self::run(command)
    }

    /// Runs a command that becomes the server.
    pub(crate) fn run(mut command: Command) -> Self {
        command.env("RUST_LOG", "warn,shian=info").stdin(Stdio::null()).stdout(Stdio::null());
        let mut child = command.stderr(Stdio::piped()).spawn().expect("the server starts");
        let said = Arc::new(Mutex::new(Vec::new()));
        let (lines, stderr) = (said.clone(), child.stderr.take().expect("stderr is piped"));
        std::thread::spawn(move || {
            for line in BufReader::new(stderr).lines().map_while(Result::ok) {
                lines.lock().expect("unpoisoned").push(line);
            }
        });
        Self { child, said, begun: Instant::now() }
    }

    /// Waits until it answers; its address.
    pub(crate) fn ready(&mut self) -> SocketAddr {
        loop {
            let address =
                self.said.lock().expect("unpoisoned").iter().find_map(|line| {
                    line.strip_prefix("listening on http://")?.split(' ').next()?.parse().ok()
                });
            if let Some(address) = address {
                return address;
            }
            let ended = self.child.try_wait().expect("its state");
            assert!(ended.is_none(), "the server ended: {ended:?}\n{}", self.log());
            assert!(self.begun.elapsed() < Duration::from_secs(120), "no address\n{}", self.log());
            std::thread::sleep(Duration::from_millis(2));
        }
    }

    /// The last of what it wrote to stderr.
    pub(crate) fn log(&self) -> String {
        let said = self.said.lock().expect("unpoisoned");
        said[said.len().saturating_sub(40)..].join("\n")
    }

    /// kill −9.
    pub(crate) fn kill(&mut self) {
        self.child.kill().expect("it is killed");
        self.child.wait().expect("it is gone");
    }

    /// SIGTERM, and waits until it has ended by itself.
    pub(crate) fn stop(&mut self) -> std::process::ExitStatus {
        let told = Command::new("kill").args(["-TERM", &self.child.id().to_string()]).status();
        assert!(told.expect("kill(1) runs").success());
        self.child.wait().expect("it ends")
    }

    pub(crate) fn id(&self) -> u32 {
        self.child.id()
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// An access token of a demo account, made as a person makes one: log in, then ask for it.
pub(crate) fn token(at: SocketAddr, login: &str) -> String {
    let mut client = Client::default();
    let form = format!("login={login}&password={PASSWORD}");
    let headers = [("content-type", "application/x-www-form-urlencoded"), ("origin", ORIGIN)];
    let answer = send(&mut client, at, "/login", &headers, form.as_bytes());
    let cookie = answer.header("set-cookie").and_then(|c| c.split(';').next()).unwrap_or_default().to_owned();
    assert!(!cookie.is_empty(), "{login}: {}", answer.shown());
    let headers = [("content-type", "application/json"), ("origin", ORIGIN), ("cookie", cookie.as_str())];
    let asked = format!(r#"{{"name":"kill test","password":"{PASSWORD}"}}"#);
    let answer = send(&mut client, at, "/api/v1/tokens", &headers, asked.as_bytes());
    answer.json()["token"].as_str().unwrap_or_else(|| panic!("{login}: {}", answer.shown())).to_owned()
}

fn send(client: &mut Client, at: SocketAddr, path: &str, headers: &[(&str, &str)], body: &[u8]) -> Answer {
    client.send(at, Ask { method: "POST", path, headers, body }).expect("the server answers")
}

/// `shian journal verify` on a data directory.
pub(crate) fn verify_journal(data: &Path) {
    let out = Command::new(PROGRAM).args(["journal", "verify", "--data"]).arg(data).output();
    let out = out.expect("the program starts");
    let (said, error) = (String::from_utf8_lossy(&out.stdout), String::from_utf8_lossy(&out.stderr));
    assert!(out.status.success(), "the journal does not verify: {said}{error}");
}

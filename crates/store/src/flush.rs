//! Group commit on SQLite: one flush of the write-ahead log for all transactions that committed since the last one.
//!
//! A commit writes its pages to the log and lets the next writer in at once; it is reported done only after a flush of the log that began later. The log is a sequence with checksums, so a flush that keeps one commit keeps every earlier one, and after a power cut
//! exactly a beginning of the sequence is there. With `synchronous=NORMAL` SQLite itself flushes the log before it moves pages into the database
//! and the database before it begins the log anew, so only the end of the log is ever at stake, which is what this module flushes.
//! A reader may see a commit some milliseconds before it is on the disk; no writer is told so, and what is given out as a promise waits
//! for [`Store::settled`](crate::Store::settled).

use crate::Error;
use std::fmt;
use std::fs::{File, Metadata};
use std::io::{self, ErrorKind};
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant as Moment};
use tokio::sync::watch;

/// Writes what the operating system holds back to the disk.
pub(crate) type Sync = dyn Fn() -> io::Result<()> + Send + std::marker::Sync;

/// Flushes a log for whoever asks. Cheap to clone; clones share their flushes.
#[derive(Clone)]
pub(crate) struct Flusher(Arc<Shared>);

struct Shared {
    sync: Box<Sync>,
    turn: Mutex<Turn>,
    state: watch::Sender<State>,
}

/// Who asked, and whether somebody flushes.
#[derive(Default)]
struct Turn {
    asked: u64,
    at_work: bool,
}

#[derive(Debug, Clone, Default)]
struct State {
    /// Every asker up to this one is on the disk.
    kept: u64,
    /// What the disk said when it refused; nothing is promised from then on.
    failed: Option<String>,
}

impl fmt::Debug for Flusher {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Flusher").field("state", &*self.0.state.borrow()).finish()
    }
}

impl Flusher {
    /// For the write-ahead log of an SQLite database.
    pub(crate) fn of_database(database: &Path) -> Self {
        let mut path = database.as_os_str().to_owned();
        path.push("-wal");
        let log = Mutex::new(Log { path: PathBuf::from(path), open: None });
        Self::new(Box::new(move || {
            log.lock().unwrap_or_else(PoisonError::into_inner).flush(|path| File::open(path), PATIENCE)
        }))
    }

    pub(crate) fn new(sync: Box<Sync>) -> Self {
        Self(Arc::new(Shared { sync, turn: Mutex::default(), state: watch::Sender::new(State::default()) }))
    }

    /// Returns when everything written before this call is on the disk.
    ///
    /// # Errors
    /// [`Error::Unflushed`] when the disk refused, now or ever before: what an operating system says after a failed flush cannot be trusted.
    pub(crate) async fn flushed(&self) -> Result<(), Error> {
        let mut state = self.0.state.subscribe();
        let ticket = {
            let mut turn = self.0.turn.lock().unwrap_or_else(PoisonError::into_inner);
            turn.asked += 1;
            if !turn.at_work {
                turn.at_work = true;
                let shared = self.0.clone();
                // a task of its own: whoever asked may be dropped without leaving the others waiting
                tokio::task::spawn_blocking(move || shared.work());
            }
            turn.asked
        };
        let told = state.wait_for(|s| s.kept >= ticket || s.failed.is_some()).await;
        if told.is_ok_and(|s| s.kept >= ticket) {
            return Ok(());
        }
        self.sound()
    }

    /// Whether the disk has kept all it was given so far.
    ///
    /// # Errors
    /// [`Error::Unflushed`] otherwise.
    pub(crate) fn sound(&self) -> Result<(), Error> {
        match &self.0.state.borrow().failed {
            Some(reason) => Err(Error::Unflushed(reason.clone())),
            None => Ok(()),
        }
    }

    /// Resolves once the disk has refused to keep what was written.
    pub(crate) async fn refused(&self) -> String {
        let mut state = self.0.state.subscribe();
        let told = state.wait_for(|s| s.failed.is_some()).await;
        told.ok().and_then(|s| s.failed.clone()).unwrap_or_default()
    }
}

/// How long an open file is waited for, and how often it is asked for again.
const PATIENCE: (Duration, Duration) = (Duration::from_secs(60), Duration::from_millis(50));

/// The log, held open: a flush must not need a file descriptor when connections have taken them all.
struct Log {
    path: PathBuf,
    open: Option<File>,
}

impl Log {
    /// Flushes the file that stands at the path now. That it cannot be **opened** says nothing of what was written, so it is
    /// tried again for a while; only a refused flush is the disk's word.
    fn flush(
        &mut self,
        open: impl Fn(&Path) -> io::Result<File>,
        (most, pause): (Duration, Duration),
    ) -> io::Result<()> {
        let since = Moment::now();
        loop {
            match self.now(&open) {
                Ok(None) => return Ok(()),
                Ok(Some(file)) => return file.sync_data(),
                Err(e) if since.elapsed() >= most => return Err(e),
                Err(error) => {
                    tracing::warn!(%error, "the log of the database cannot be opened for its flush; tried again");
                    std::thread::sleep(pause);
                }
            }
        }
    }

    /// The open file, if it is still the one at the path; none when there is no log: the last connection closed, and SQLite has
    /// flushed everything into the database itself.
    fn now(&mut self, open: &impl Fn(&Path) -> io::Result<File>) -> io::Result<Option<&File>> {
        let there = match std::fs::metadata(&self.path) {
            Ok(there) => identity(&there),
            Err(e) if e.kind() == ErrorKind::NotFound => {
                self.open = None;
                return Ok(None);
            }
            Err(e) => return Err(e),
        };
        let same = match &self.open {
            Some(file) => identity(&file.metadata()?) == there,
            None => false,
        };
        if !same {
            self.open = match open(&self.path) {
                Ok(file) => Some(file),
                Err(e) if e.kind() == ErrorKind::NotFound => None,
                Err(e) => return Err(e),
            };
        }
        Ok(self.open.as_ref())
    }
}

fn identity(file: &Metadata) -> (u64, u64) {
    (file.dev(), file.ino())
}

impl Shared {
    /// Flushes until nobody waits.
    fn work(&self) {
        loop {
            let asked = self.turn.lock().unwrap_or_else(PoisonError::into_inner).asked;
            let result = (self.sync)();
            self.state.send_modify(|s| match &result {
                Ok(()) => s.kept = asked,
                Err(e) => s.failed = Some(e.to_string()),
            });
            let mut turn = self.turn.lock().unwrap_or_else(PoisonError::into_inner);
            if turn.asked == asked || result.is_err() {
                turn.at_work = false;
                return;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::atomic::{AtomicU64, Ordering};

    /// A disk that takes a while, notes how much was written when each flush began, and may refuse.
    fn disk(written: &Arc<AtomicU64>, refuse_at: u64) -> (Flusher, Arc<AtomicU64>, Arc<AtomicU64>) {
        let (kept, flushes) = (Arc::new(AtomicU64::new(0)), Arc::new(AtomicU64::new(0)));
        let (w, k, f) = (written.clone(), kept.clone(), flushes.clone());
        let flusher = Flusher::new(Box::new(move || {
            let before = w.load(Ordering::SeqCst);
            std::thread::sleep(Duration::from_millis(2));
            if f.fetch_add(1, Ordering::SeqCst) + 1 >= refuse_at {
                return Err(io::Error::other("no space on the disk's own paper"));
            }
            k.fetch_max(before, Ordering::SeqCst);
            Ok(())
        }));
        (flusher, kept, flushes)
    }

    #[tokio::test(flavor = "multi_thread", worker_threads = 4)]
    async fn nobody_is_told_before_a_flush_that_began_after_the_own_write_and_many_share_one() {
        let written = Arc::new(AtomicU64::new(0));
        let (flusher, kept, flushes) = disk(&written, u64::MAX);
        let mut at_work = tokio::task::JoinSet::new();
        for _ in 0..50 {
            let (flusher, written, kept) = (flusher.clone(), written.clone(), kept.clone());
            at_work.spawn(async move {
                for _ in 0..20 {
                    let own = written.fetch_add(1, Ordering::SeqCst) + 1;
                    flusher.flushed().await.unwrap();
                    assert!(kept.load(Ordering::SeqCst) >= own);
                }
            });
        }
        while let Some(done) = at_work.join_next().await {
            done.unwrap();
        }
        let flushes = flushes.load(Ordering::SeqCst);
        // twenty in a row of each; how many share one is the machine's affair, that some do is not
        assert!((20..1_000).contains(&flushes), "{flushes} flushes for 1,000 commits");
    }

    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn whoever_gives_up_waiting_leaves_nobody_waiting() {
        let written = Arc::new(AtomicU64::new(0));
        let (flusher, ..) = disk(&written, u64::MAX);
        for _ in 0..20 {
            let given_up = tokio::time::timeout(Duration::from_micros(1), flusher.flushed()).await;
            drop(given_up);
        }
        tokio::time::timeout(Duration::from_secs(20), flusher.flushed()).await.unwrap().unwrap();
    }

    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn after_a_refused_flush_nothing_is_promised_again() {
        let written = Arc::new(AtomicU64::new(0));
        let (flusher, ..) = disk(&written, 2);
        flusher.flushed().await.unwrap();
        for _ in 0..3 {
            assert!(matches!(flusher.flushed().await, Err(Error::Unflushed(why)) if why.contains("paper")));
        }
        assert!(flusher.sound().is_err());
    }

    #[test]
    fn a_log_that_cannot_be_opened_for_a_while_is_no_refused_flush() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("x.db-wal");
        std::fs::write(&path, b"frames").unwrap();
        let mut log = Log { path: path.clone(), open: None };
        let patience = (Duration::from_secs(20), Duration::from_millis(1));
        let tries = AtomicU64::new(0);
        // no descriptor is left, three times
        let open = |path: &Path| match tries.fetch_add(1, Ordering::SeqCst) {
            0..3 => Err(io::Error::from_raw_os_error(24)),
            _ => File::open(path),
        };
        log.flush(open, patience).unwrap();
        assert_eq!(tries.load(Ordering::SeqCst), 4);
        // held open: the next flush needs none
        log.flush(open, patience).unwrap();
        assert_eq!(tries.load(Ordering::SeqCst), 4);
        // another file at the path is another log
        std::fs::rename(&path, folder.path().join("old")).unwrap();
        std::fs::write(&path, b"new").unwrap();
        log.flush(open, patience).unwrap();
        assert_eq!(tries.load(Ordering::SeqCst), 5);
        let never = |_: &Path| Err(io::Error::from_raw_os_error(24));
        std::fs::remove_file(&path).unwrap();
        log.flush(never, patience).unwrap();
        std::fs::write(&path, b"frames").unwrap();
        let none = log.flush(never, (Duration::ZERO, Duration::ZERO));
        assert_eq!(none.unwrap_err().raw_os_error(), Some(24));
    }

    #[tokio::test]
    async fn a_log_that_is_not_there_has_nothing_to_flush() {
        let folder = tempfile::tempdir().unwrap();
        Flusher::of_database(&folder.path().join("x.db")).flushed().await.unwrap();
    }
}

//! A province opened: data directory, database, keys, engine, index and the adapters between them.

use crate::config::Config;
use crate::{effects, wiring};
use anyhow::{Context as _, bail};
use base::{Id, IdGen, Instant};
use ledger::{FileSigner, Sequencer, Signer};
use std::fs::{File, TryLockError};
use std::io::{Read, Seek, Write};
use std::path::Path;
use std::sync::Arc;
use store::{Engine, Store, lease};

/// What a command wants of a province.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Purpose {
    /// Create it when absent, bring its schema up to date, write.
    Found,
    /// It must exist; bring its schema up to date, write.
    Change,
    /// It must exist; read beside a running server.
    Look,
}

/// How long a process keeps its number among those that share a database, unless it renews.
const NODE_SECONDS: i64 = 120;

/// Everything opened and wired. One process at a time may write to an SQLite province.
#[derive(Debug)]
pub struct Province {
    /// What the doors share.
    pub app: Arc<web::App>,
    /// Where everything is.
    pub config: Config,
    /// Names this start of the process in leases.
    pub holder: String,
    node: Option<lease::Lease>,
    writes: bool,
    /// Position of the trace index when the province was opened.
    opened_at: i64,
    /// Held until the end; the system gives it up when the process dies.
    _lock: Option<File>,
}

impl Province {
    /// Opens a province.
    ///
    /// # Errors
    /// When another process has it, when it does not exist and may not be created, when a key, the schema, a policy
    /// or a procedure is damaged; each says what to do.
    pub async fn open(config: Config, purpose: Purpose) -> anyhow::Result<Self> {
        private_files();
        let file = config.database.sqlite_path();
        if purpose != Purpose::Found && file.as_ref().is_some_and(|f| !f.exists()) {
            bail!(
                "there is no province in {}; start one with `shian serve` or `shian demo`, or name another with --data",
                config.data.display()
            );
        }
        if purpose == Purpose::Found {
            std::fs::create_dir_all(&config.data)
                .with_context(|| format!("the data directory {} cannot be created", config.data.display()))?;
        }
        create_keys(&config.keys())?;
        let lock = match &file {
            Some(file) if purpose != Purpose::Look => Some(lock(file.parent().unwrap_or(&config.data))?),
            _ => None,
        };
        let store = Store::open(&config.database).await.context("the database cannot be opened")?;
        let holder = holder();
        if purpose != Purpose::Look {
            store.migrate(now()).await.context("the schema cannot be brought up to date")?;
        }
        if purpose != Purpose::Look {
            keys_are_there(&store, &config).await?;
        }
        let node = match (store.engine(), purpose) {
            (Engine::Postgres, Purpose::Found | Purpose::Change) => Some(take_node(&store, &holder).await?),
            _ => None,
        };
        let number = node.as_ref().and_then(|l| l.name.strip_prefix("node-")?.parse().ok()).unwrap_or(0);
        let app = wire(&config, store, Arc::new(IdGen::new(number))).await?;
        if purpose != Purpose::Look {
            check_vault(&app.store, app.access.vault()).await?;
            registry::fill_name_keys(&app.store, &app.access).await.context("the fingerprints of names")?;
            flow::fill_assessed(&app.store, &app.engine).await.context("what assessments count")?;
        }
        let (writes, opened_at) = (purpose != Purpose::Look, app.supply.index.position());
        Ok(Self { app: Arc::new(app), config, holder, node, writes, opened_at, _lock: lock })
    }

    /// The sequencer of the journal, with the province's key (made when absent).
    ///
    /// # Errors
    /// When the key cannot be read or written.
    pub fn sequencer(&self) -> anyhow::Result<Sequencer> {
        Ok(Sequencer::new(Arc::new(self.signer()?), self.holder.clone()))
    }

    /// The verifier key of the journal, to be published where readers can compare it.
    ///
    /// # Errors
    /// As [`Province::sequencer`].
    pub fn verifier_key(&self) -> anyhow::Result<String> {
        Ok(self.signer()?.verifier_key())
    }

    /// Gives every waiting journal entry its position and signs.
    ///
    /// # Errors
    /// When the key or the tree is damaged, or storage fails.
    pub async fn sequence(&self) -> anyhow::Result<()> {
        let sequencer = self.sequencer()?;
        while sequencer.run_once(&self.app.store, now()).await?.more {}
        Ok(())
    }

    /// Keeps this process's number among those that share the database.
    ///
    /// # Errors
    /// When another process has taken it: this one must stop.
    pub async fn renew(&mut self) -> Result<(), store::Error> {
        match &mut self.node {
            Some(lease) => lease::renew(&self.app.store, lease, NODE_SECONDS, now()).await,
            None => Ok(()),
        }
    }

    /// Finishes writing and closes the files; the next start takes the trace index from its snapshot.
    pub async fn close(self) {
        let (supply, snapshot) = (&self.app.supply, self.config.trace_snapshot());
        if self.writes
            && (self.opened_at != supply.index.position() || !snapshot.exists())
            && let Err(error) = supply.index.save(&self.app.store, &snapshot).await
        {
            tracing::warn!(?error, "the trace index is built from its rows at the next start");
        }
        if let Some(lease) = self.node
            && let Err(error) = lease::release(&self.app.store, lease).await
        {
            tracing::warn!(?error, "the number of this process stays taken for {NODE_SECONDS} s");
        }
        self.app.store.close().await;
    }

    fn signer(&self) -> Result<FileSigner, ledger::Error> {
        signer(&self.config)
    }
}

/// The journal's signing key, made when absent.
pub(crate) fn signer(config: &Config) -> Result<FileSigner, ledger::Error> {
    let host = config.origin.split_once("://").map_or(config.origin.as_str(), |(_, host)| host);
    FileSigner::open_or_create(&config.log_key(), &format!("{host}/journal"))
}

/// Opens the services over a migrated store and joins them; the folder of keys must exist.
///
/// # Errors
/// When a key, a policy, a procedure or the index cannot be read.
pub async fn wire(config: &Config, store: Store, ids: Arc<IdGen>) -> anyhow::Result<web::App> {
    let vault = access::Vault::open(&config.keys()).context("the vault key")?;
    let access = access::Access::new(vault.clone()).context("the policies")?.with_hashing(config.hashing);
    let directory = Arc::new(wiring::Register::new(store.clone()));
    let supply =
        supply::Supply::open_with(store.clone(), access.clone(), directory, &config.trace_snapshot())
            .await
            .context("the trace index")?;
    let rules = limits::Rules::builtin();
    let disposal = Arc::new(wiring::Disposal::new(access.clone()));
    let prefixes = web::Prefixes::default();
    prefixes.load(&store).await.context("the lengths of company prefixes")?;
    let ground = Arc::new(wiring::Ground::new(supply.clone(), access.clone()));
    let lab = lab::Lab::new(access.clone(), rules, disposal.clone(), ground);
    let engine = Arc::new(effects::engine(&supply, &lab, vault)?);
    disposal.connect(&engine);
    let watch = watch::Watch::new(access.clone());
    let files = wiring::Files::new(store.clone(), engine.clone(), access.clone(), watch.clone());
    let supply = supply.with_case_files(Arc::new(files));
    let office = wiring::Inspections::new(store.clone(), access.clone(), engine.clone());
    let field = field::Field::new(access.clone(), Arc::new(office));
    let records = wiring::Targeting::new(store.clone(), lab.clone(), field.clone());
    let target = target::Target::new(access.clone(), Arc::new(records), "62");
    Ok(web::App {
        attachments: store::attachments::Attachments::new(config.attachments()),
        recent: access::Recent::of(&store),
        store,
        watch,
        access,
        engine,
        lab,
        field,
        target,
        supply,
        rules,
        ids,
        clock: now,
        origin: config.origin.clone(),
        prefixes,
        outbound: web::outbound::Outbound::new(config.receivers.clone(), config.private_receivers),
        bench: std::sync::Arc::default(),
        faces: web::Faces::new(config.document_font.clone()),
        secure_cookies: config.secure_cookies,
        sockets: web::Sockets::default(),
    })
}

/// The time of the system.
#[must_use]
pub fn now() -> Instant {
    Instant(jiff::Timestamp::now().as_microsecond())
}

/// A name no other start of a process has.
fn holder() -> String {
    format!("{}-{}", std::process::id(), Id(now().0))
}

/// Makes the folder of keys, for its owner alone.
fn create_keys(path: &Path) -> anyhow::Result<()> {
    let mut builder = std::fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(path).with_context(|| format!("the folder of keys {} cannot be created", path.display()))
}

/// Whatever this process writes from now on only its owner reads: the database holds what is not sealed, attachments are papers of people.
pub(crate) fn private_files() {
    #[cfg(unix)]
    rustix::process::umask(rustix::fs::Mode::from_raw_mode(0o077));
}

const VAULT: &str = "vault";

/// A key that was there once is never made anew in silence: a folder that is not mounted, or a second machine without the keys of the
/// first, would seal what nobody can open later, and sign heads by a key nobody has published.
async fn keys_are_there(store: &Store, config: &Config) -> anyhow::Result<()> {
    let founded =
        store.first("select print from key_check where name = $1", &[VAULT.into()]).await?.is_some();
    let vault = config.keys().join("vault.key");
    if founded && !vault.exists() {
        bail!(
            "the vault key {} is missing; put it back from the backup: a new one opens nothing",
            vault.display()
        );
    }
    let signed = store.first("select vkey from log_key limit 1", &[]).await?.is_some();
    if signed && !config.log_key().exists() {
        bail!(
            "the journal's key {} is missing; put it back from the backup, or make a new one with `shian journal new-key` and publish it",
            config.log_key().display()
        );
    }
    Ok(())
}

/// The vault's key is the one the province was founded with; its first start keeps a fingerprint of it.
async fn check_vault(store: &Store, vault: &access::Vault) -> anyhow::Result<()> {
    let print = hex::encode(vault.fingerprint("key.check", VAULT));
    let mut tx = store.begin().await?;
    tx.exec(
        "insert into key_check (name, print, at) values ($1, $2, $3) on conflict (name) do nothing",
        &[VAULT.into(), print.as_str().into(), now().into()],
    )
    .await?;
    let kept = tx.one("select print from key_check where name = $1", &[VAULT.into()]).await?.text("print")?;
    tx.commit().await?;
    if kept != print {
        bail!("vault.key is not the key this province was founded with; put that one back from the backup");
    }
    Ok(())
}

/// Takes the data directory for this process.
fn lock(folder: &Path) -> anyhow::Result<File> {
    let path = folder.join("lock");
    let shown = path.display();
    let mut options = File::options();
    let mut file = options
        .read(true)
        .write(true)
        .create(true)
        .truncate(false)
        .open(&path)
        .with_context(|| format!("{shown} cannot be opened"))?;
    match file.try_lock() {
        Ok(()) => {
            file.set_len(0)?;
            file.rewind()?;
            writeln!(file, "{}", std::process::id())?;
            Ok(file)
        }
        Err(TryLockError::WouldBlock) => {
            let mut by = String::new();
            let _ = file.read_to_string(&mut by);
            bail!(
                "process {} works on {}; stop it first, or do this in its pages",
                by.trim(),
                folder.display()
            )
        }
        Err(TryLockError::Error(e)) => Err(e).with_context(|| format!("{shown} cannot be locked")),
    }
}

/// The first free number among the processes that share a database: record ids carry it.
async fn take_node(store: &Store, holder: &str) -> anyhow::Result<lease::Lease> {
    for number in 0..64 {
        let name = format!("node-{number}");
        if let Some(lease) = lease::acquire(store, &name, holder, NODE_SECONDS, now()).await? {
            return Ok(lease);
        }
    }
    bail!("64 processes share this database already; stop one, or wait {NODE_SECONDS} s for one that died")
}

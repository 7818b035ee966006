//! Configuration: flags win over environment variables, these over the file, the file over the defaults.

use crate::cli::{DataArgs, Role, ServeArgs};
use serde::Deserialize;
use std::path::{Path, PathBuf};

/// How log lines are written to stderr.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize, clap::ValueEnum)]
#[serde(rename_all = "lowercase")]
pub enum LogFormat {
    /// One readable line an event.
    #[default]
    Text,
    /// One JSON object an event.
    Json,
}

/// Everything a process must know before it opens a province.
#[derive(Debug, Clone)]
pub struct Config {
    /// Data directory: keys, attachments and, by default, the database.
    pub data: PathBuf,
    /// The database.
    pub database: store::Config,
    /// Address and port to listen on.
    pub listen: String,
    /// `https://…` by which the public reaches this province, without a trailing slash.
    pub origin: String,
    /// Cookies only over TLS.
    pub secure_cookies: bool,
    /// What this process does.
    pub roles: Vec<Role>,
    /// Form of the log.
    pub log: LogFormat,
    /// Hosts that subscribers may name as receivers (`example.org`, `*.example.org`); empty: every public one.
    pub receivers: Vec<String>,
    /// Receivers may also be on this machine or in private networks.
    pub private_receivers: bool,
    /// The font file of documents as PDF, with Chinese signs; absent: a usual one of this machine.
    pub document_font: Option<PathBuf>,
    /// Cost of password hashing; the demo lowers it.
    pub hashing: access::Hashing,
}

/// A configuration that cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum ConfigError {
    /// The file cannot be read.
    #[error("configuration file {path}: {problem}; correct the path given by --config or SHIAN_CONFIG")]
    Read {
        /// The file.
        path: String,
        /// What the system says.
        problem: String,
    },
    /// The file is not what it should be.
    #[error(
        "configuration file {path}: {problem} (known keys: data, database, listen, origin, secure_cookies, roles, log, receivers, private_receivers, document_font)"
    )]
    Parse {
        /// The file.
        path: String,
        /// Line and key.
        problem: String,
    },
    /// A value cannot be used.
    #[error("{field}: {problem}")]
    Value {
        /// Which setting.
        field: &'static str,
        /// What is wrong and what to write.
        problem: String,
    },
}

/// The file's form.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct File {
    data: Option<PathBuf>,
    database: Option<String>,
    listen: Option<String>,
    origin: Option<String>,
    secure_cookies: Option<bool>,
    roles: Option<Vec<Role>>,
    log: Option<LogFormat>,
    receivers: Option<Vec<String>>,
    private_receivers: Option<bool>,
    document_font: Option<PathBuf>,
}

/// The default address.
const LISTEN: &str = "127.0.0.1:8620";

impl Config {
    /// The configuration of a command that works on data: nothing is served.
    ///
    /// # Errors
    /// [`ConfigError`] naming file and key.
    pub fn load(args: &DataArgs) -> Result<Self, ConfigError> {
        Self::complete(read(args.config.as_deref())?, args)
    }

    /// The configuration of a server.
    ///
    /// # Errors
    /// As [`Config::load`].
    pub fn serve(args: &ServeArgs) -> Result<Self, ConfigError> {
        let mut file = read(args.data.config.as_deref())?;
        file.listen = args.listen.clone().or(file.listen);
        file.origin = args.origin.clone().or(file.origin);
        file.secure_cookies = if args.secure_cookies { Some(true) } else { file.secure_cookies };
        file.log = args.log.or(file.log);
        if !args.role.is_empty() {
            file.roles = Some(args.role.clone());
        }
        Self::complete(file, &args.data)
    }

    /// Listens elsewhere; the origin follows unless it was set.
    ///
    /// # Errors
    /// [`ConfigError::Value`] when it is no address.
    pub fn listening(mut self, listen: &str) -> Result<Self, ConfigError> {
        if self.origin == format!("http://{}", self.listen) {
            self.origin = format!("http://{listen}");
        }
        self.listen = checked_listen(listen)?;
        Ok(self)
    }

    /// Whether this process has the role.
    #[must_use]
    pub fn has(&self, role: Role) -> bool {
        self.roles.contains(&role)
    }

    /// The folder of keys.
    #[must_use]
    pub fn keys(&self) -> PathBuf {
        self.data.join("keys")
    }

    /// The folder of attachments.
    #[must_use]
    pub fn attachments(&self) -> PathBuf {
        self.data.join("attachments")
    }

    /// The trace index as it was when the province was last closed; rebuilt when it is missing.
    #[must_use]
    pub fn trace_snapshot(&self) -> PathBuf {
        self.data.join("trace.index")
    }

    /// The journal's signing key.
    #[must_use]
    pub fn log_key(&self) -> PathBuf {
        self.keys().join("log.key")
    }

    fn complete(file: File, args: &DataArgs) -> Result<Self, ConfigError> {
        let data = args.data.clone().or(file.data).unwrap_or_else(|| PathBuf::from("data"));
        let url = args.database.clone().or(file.database);
        let url = url.unwrap_or_else(|| format!("sqlite:{}", data.join("shian.db").display()));
        let known = ["sqlite:", "postgres://", "postgresql://"].iter().any(|scheme| url.starts_with(scheme));
        if !known {
            // the text may hold a password: it is not repeated
            let problem = "begin it with postgres:// and a server, or sqlite: and a path".to_owned();
            return Err(ConfigError::Value { field: "database", problem });
        }
        let listen = checked_listen(file.listen.as_deref().unwrap_or(LISTEN))?;
        let origin = file.origin.unwrap_or_else(|| format!("http://{listen}"));
        let roles = file.roles.filter(|r| !r.is_empty());
        Ok(Self {
            origin: checked_origin(&origin)?,
            secure_cookies: file.secure_cookies.unwrap_or_else(|| origin.starts_with("https://")),
            data,
            database: store::Config { url },
            listen,
            roles: roles.unwrap_or_else(|| vec![Role::Web, Role::Worker, Role::Sequencer]),
            log: file.log.unwrap_or_default(),
            receivers: file.receivers.unwrap_or_default().iter().map(|h| h.to_ascii_lowercase()).collect(),
            private_receivers: file.private_receivers.unwrap_or(false),
            document_font: file.document_font,
            hashing: access::Hashing::STANDARD,
        })
    }
}

fn read(path: Option<&Path>) -> Result<File, ConfigError> {
    let Some(path) = path else { return Ok(File::default()) };
    let shown = path.display().to_string();
    let text = std::fs::read_to_string(path)
        .map_err(|e| ConfigError::Read { path: shown.clone(), problem: e.to_string() })?;
    toml::from_str(&text).map_err(|e| {
        let line = e.span().map(|s| text[..s.start.min(text.len())].matches('\n').count() + 1);
        let place = line.map_or_else(String::new, |l| format!("line {l}: "));
        ConfigError::Parse { path: shown, problem: format!("{place}{}", e.message()) }
    })
}

fn checked_listen(text: &str) -> Result<String, ConfigError> {
    let port =
        text.rsplit_once(':').and_then(|(host, port)| (!host.is_empty()).then(|| port.parse::<u16>().ok()));
    match port.flatten() {
        Some(_) => Ok(text.to_owned()),
        None => Err(ConfigError::Value {
            field: "listen",
            problem: format!("`{text}` is not an address; write HOST:PORT such as 0.0.0.0:8620"),
        }),
    }
}

fn checked_origin(text: &str) -> Result<String, ConfigError> {
    let origin = text.trim_end_matches('/');
    let host = origin.strip_prefix("https://").or_else(|| origin.strip_prefix("http://"));
    match host {
        Some(host) if !host.is_empty() && !host.contains(|c: char| c == '/' || c.is_whitespace()) => {
            Ok(origin.to_owned())
        }
        _ => Err(ConfigError::Value {
            field: "origin",
            problem: format!("`{text}` is not an origin; write https://HOST without a path"),
        }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn args(config: Option<PathBuf>) -> DataArgs {
        DataArgs { config, data: None, database: None }
    }

    fn file(text: &str) -> (tempfile::TempDir, PathBuf) {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("shian.toml");
        std::fs::write(&path, text).unwrap();
        (dir, path)
    }

    #[test]
    fn without_anything_the_province_lives_in_data_and_does_everything() {
        let c = Config::load(&args(None)).unwrap();
        assert_eq!(c.data, PathBuf::from("data"));
        assert_eq!(c.database.url, "sqlite:data/shian.db");
        assert_eq!((c.listen.as_str(), c.origin.as_str()), (LISTEN, "http://127.0.0.1:8620"));
        assert!(!c.secure_cookies);
        assert!([Role::Web, Role::Worker, Role::Sequencer].into_iter().all(|r| c.has(r)));
    }

    #[test]
    fn flags_win_over_the_file_and_the_file_over_the_defaults() {
        let (_dir, path) = file(
            "data = \"/srv/a\"\nlisten = \"0.0.0.0:80\"\norigin = \"https://food.example/\"\nroles = [\"web\"]\nlog = \"json\"\n",
        );
        let c = Config::load(&DataArgs { data: Some("/srv/b".into()), ..args(Some(path)) }).unwrap();
        assert_eq!(c.data, PathBuf::from("/srv/b"));
        assert_eq!(c.origin, "https://food.example");
        assert!(c.secure_cookies, "https means secure cookies");
        assert_eq!((c.roles.as_slice(), c.log), ([Role::Web].as_slice(), LogFormat::Json));
    }

    #[test]
    fn what_is_wrong_is_named_with_its_line_and_never_with_a_password() {
        for (text, says) in [
            ("dta = \"x\"\n", "line 1: unknown field `dta`"),
            ("data = 3\n", "line 1"),
            ("\nlisten = \"here\"\n", "listen: `here` is not an address"),
            ("origin = \"food.example\"\n", "origin: `food.example` is not an origin"),
            ("database = \"mysql://root:secret@host/x\"\n", "database: begin it with postgres://"),
        ] {
            let (_dir, path) = file(text);
            let error = Config::load(&args(Some(path))).unwrap_err().to_string();
            assert!(error.contains(says), "{error}");
            assert!(!error.contains("secret"), "{error}");
        }
        let error = Config::load(&args(Some("nowhere.toml".into()))).unwrap_err().to_string();
        assert!(error.contains("nowhere.toml") && error.contains("--config"), "{error}");
    }
}

//! Who signs checkpoints: a key in a file, or certified hardware behind the same trait.

use crate::Error;
use crate::note::{ED25519, key_id, signature_line, verifier_key};
use base64::prelude::{BASE64_STANDARD, Engine};
use ed25519_dalek::{Signer as _, SigningKey};
use std::fs::{self, OpenOptions};
use std::io::Write;
use std::path::Path;

/// Signs the text of a checkpoint.
pub trait Signer: Send + Sync {
    /// The log's origin, which is also the key's name. Without spaces and `+`.
    fn name(&self) -> &str;
    /// The C2SP verifier key string; its first key byte names the algorithm.
    fn verifier_key(&self) -> String;
    /// The signature line over the text.
    ///
    /// # Errors
    /// When the key cannot be used at the moment.
    fn sign(&self, text: &str) -> Result<String, Error>;
}

/// An Ed25519 key in a file only its owner can read.
pub struct FileSigner {
    name: String,
    key: SigningKey,
}

impl std::fmt::Debug for FileSigner {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("FileSigner").field("key", &self.verifier_key()).finish()
    }
}

impl FileSigner {
    /// Opens the key file; makes one (mode 0600) with a new key when there is none. `origin` names a new log, such as
    /// `shian.example/journal`; an existing file keeps its own name.
    ///
    /// # Errors
    /// [`Error::Key`] when the file cannot be read, is no key, or others may read it; [`Error::Random`].
    pub fn open_or_create(path: &Path, origin: &str) -> Result<Self, Error> {
        let fail = |problem: String| Error::Key { path: path.display().to_string(), problem };
        match fs::read_to_string(path) {
            Ok(text) => {
                only_owner_reads(path).map_err(&fail)?;
                Self::parse(&text)
                    .ok_or_else(|| fail("it does not hold a signing key; restore it".to_owned()))
            }
            Err(e) if e.kind() == std::io::ErrorKind::NotFound => {
                if origin.is_empty() || origin.contains(|c: char| c.is_whitespace() || c == '+') {
                    return Err(fail(format!("the origin `{origin}` must not hold spaces or `+`")));
                }
                let mut seed = [0u8; 32];
                getrandom::fill(&mut seed).map_err(|_| Error::Random)?;
                let signer = Self::from_seed(origin, &seed);
                signer.save(path).map_err(|e| fail(e.to_string()))?;
                Ok(signer)
            }
            Err(e) => Err(fail(e.to_string())),
        }
    }

    /// A signer with a known key: for tests and for the reproducible demo.
    #[must_use]
    pub fn from_seed(origin: &str, seed: &[u8; 32]) -> Self {
        Self { name: origin.to_owned(), key: SigningKey::from_bytes(seed) }
    }

    /// Reads `PRIVATE+KEY+NAME+ID+BASE64(algorithm ‖ seed)`.
    fn parse(text: &str) -> Option<Self> {
        let (name, rest) = text.trim().strip_prefix("PRIVATE+KEY+")?.split_once('+')?;
        let (id, seed) = rest.split_once('+')?;
        let bytes = BASE64_STANDARD.decode(seed).ok()?;
        let (&ED25519, seed) = bytes.split_first()? else { return None };
        let signer = Self::from_seed(name, seed.try_into().ok()?);
        (hex::encode(signer.id()) == id).then_some(signer)
    }

    fn save(&self, path: &Path) -> std::io::Result<()> {
        let text = format!(
            "PRIVATE+KEY+{}+{}+{}\n",
            self.name,
            hex::encode(self.id()),
            BASE64_STANDARD.encode([&[ED25519], self.key.as_bytes().as_slice()].concat())
        );
        let folder = path.parent().unwrap_or(Path::new("."));
        fs::create_dir_all(folder)?;
        let temp = path.with_extension("new");
        let mut options = OpenOptions::new();
        options.write(true).create(true).truncate(true);
        #[cfg(unix)]
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
        let mut file = options.open(&temp)?;
        file.write_all(text.as_bytes())?;
        file.sync_all()?;
        fs::rename(&temp, path)?;
        fs::File::open(folder)?.sync_all()
    }

    fn id(&self) -> [u8; 4] {
        key_id(&self.name, ED25519, self.key.verifying_key().as_bytes())
    }
}

impl Signer for FileSigner {
    fn name(&self) -> &str {
        &self.name
    }

    fn verifier_key(&self) -> String {
        verifier_key(&self.name, ED25519, self.key.verifying_key().as_bytes())
    }

    fn sign(&self, text: &str) -> Result<String, Error> {
        Ok(signature_line(&self.name, self.id(), &self.key.sign(text.as_bytes()).to_bytes()))
    }
}

#[cfg(unix)]
fn only_owner_reads(path: &Path) -> Result<(), String> {
    use std::os::unix::fs::PermissionsExt;
    let mode = fs::metadata(path).map_err(|e| e.to_string())?.permissions().mode();
    if mode & 0o077 == 0 {
        return Ok(());
    }
    Err("other users may read this key; run `chmod 600` on it and consider it exposed".to_owned())
}

#[cfg(not(unix))]
fn only_owner_reads(_: &Path) -> Result<(), String> {
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::note::{Checkpoint, NoteError, open};
    use base::Instant;

    fn note(signer: &FileSigner) -> String {
        let text = Checkpoint { origin: signer.name().into(), size: 5, root: [7; 32], at: Instant(1) }.text();
        let line = signer.sign(&text).unwrap();
        format!("{text}\n{line}")
    }

    #[test]
    fn the_key_file_is_made_once_private_and_kept() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("keys/journal.key");
        let made = FileSigner::open_or_create(&path, "demo.shian/journal").unwrap();
        let again = FileSigner::open_or_create(&path, "another").unwrap();
        assert_eq!(made.verifier_key(), again.verifier_key());
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt;
            assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
            fs::set_permissions(&path, fs::Permissions::from_mode(0o644)).unwrap();
            assert!(FileSigner::open_or_create(&path, "x").is_err(), "an exposed key is refused");
            fs::set_permissions(&path, fs::Permissions::from_mode(0o600)).unwrap();
        }
        fs::write(&path, "half a key").unwrap();
        assert!(FileSigner::open_or_create(&path, "x").is_err(), "a damaged key is never replaced silently");
    }

    #[test]
    fn a_note_opens_with_its_key_only_and_with_no_bit_changed() {
        let signer = FileSigner::from_seed("demo.shian/journal", &[3; 32]);
        let good = note(&signer);
        assert_eq!(open(&good, &signer.verifier_key()).unwrap().size, 5);
        let other = FileSigner::from_seed("demo.shian/journal", &[4; 32]);
        assert!(matches!(open(&good, &other.verifier_key()), Err(NoteError::Unsigned(_))));
        for at in 0..good.len() {
            for bit in 0..8 {
                let mut bytes = good.clone().into_bytes();
                bytes[at] ^= 1 << bit;
                if let Ok(bad) = String::from_utf8(bytes) {
                    assert!(open(&bad, &signer.verifier_key()).is_err(), "byte {at} bit {bit}");
                }
            }
        }
    }
}

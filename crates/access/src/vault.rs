//! Personal data at rest: sealed with a key that lives in a file beside the database, never in it.

use crate::Error;
use chacha20poly1305::aead::{Aead, KeyInit, Payload};
use chacha20poly1305::{XChaCha20Poly1305, XNonce};
use hmac::{Hmac, Mac};
use sha2::Sha256;
use std::path::Path;
use std::sync::Arc;

/// Format byte: XChaCha20-Poly1305, 24-byte nonce in front. A national-algorithm format will get the next number.
const FORMAT: u8 = 1;
const NONCE: usize = 24;
const KEY_FILE: &str = "vault.key";

/// Seals and opens small secrets: names, phones, identity numbers, one-time-code secrets.
#[derive(Clone)]
pub struct Vault {
    cipher: Arc<XChaCha20Poly1305>,
    index: Arc<[u8; 32]>,
}

impl std::fmt::Debug for Vault {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Vault")
    }
}

impl Vault {
    /// Opens the key file `vault.key` of a data directory, creating it (readable by the owner only) when absent.
    /// Whoever loses it loses the personal data: back it up apart from the database.
    ///
    /// # Errors
    /// When the file cannot be read or written, or is not a key.
    pub fn open(dir: &Path) -> Result<Self, Error> {
        let path = dir.join(KEY_FILE);
        let say = |e: std::io::Error| Error::Setup(format!("key file {}: {e}", path.display()));
        match std::fs::read_to_string(&path) {
            Ok(text) => {
                let bytes = hex::decode(text.trim()).ok().and_then(|b| <[u8; 32]>::try_from(b).ok());
                let key = bytes.ok_or_else(|| {
                    Error::Setup(format!("key file {} must hold 64 hexadecimal digits", path.display()))
                })?;
                Ok(Self::from_key(key))
            }
            Err(e) if e.kind() == std::io::ErrorKind::NotFound => {
                let mut key = [0u8; 32];
                getrandom::fill(&mut key).map_err(|_| Error::Random)?;
                write_private(&path, &hex::encode(key)).map_err(say)?;
                Ok(Self::from_key(key))
            }
            Err(e) => Err(say(e)),
        }
    }

    /// A vault with a key held by the caller (hardware, tests).
    #[must_use]
    pub fn from_key(key: [u8; 32]) -> Self {
        // two independent keys from one: sealing and equality search
        let cipher = XChaCha20Poly1305::new(&mac(&key, &[b"shian vault seal v1"]).into());
        let index = mac(&key, &[b"shian vault index v1"]);
        Self { cipher: Arc::new(cipher), index: Arc::new(index) }
    }

    /// Seals a text. `context` (such as `account.name:ID`) is bound in: a value copied to another record does not open.
    ///
    /// # Errors
    /// When the system gives no randomness.
    pub fn seal(&self, context: &str, text: &str) -> Result<Vec<u8>, Error> {
        self.seal_bytes(context, text.as_bytes())
    }

    /// Seals bytes; see [`Vault::seal`].
    ///
    /// # Errors
    /// When the system gives no randomness.
    pub fn seal_bytes(&self, context: &str, bytes: &[u8]) -> Result<Vec<u8>, Error> {
        let mut nonce = [0u8; NONCE];
        getrandom::fill(&mut nonce).map_err(|_| Error::Random)?;
        let payload = Payload { msg: bytes, aad: context.as_bytes() };
        let sealed = self
            .cipher
            .encrypt(&XNonce::from(nonce), payload)
            .map_err(|_| Error::Sealed(context.to_owned()))?;
        let mut out = Vec::with_capacity(1 + NONCE + sealed.len());
        out.push(FORMAT);
        out.extend_from_slice(&nonce);
        out.extend_from_slice(&sealed);
        Ok(out)
    }

    /// Opens a sealed text.
    ///
    /// # Errors
    /// When the key, the context or the bytes are not those it was sealed with.
    pub fn open_text(&self, context: &str, sealed: &[u8]) -> Result<String, Error> {
        let bytes = self.open_bytes(context, sealed)?;
        String::from_utf8(bytes).map_err(|_| Error::Sealed(context.to_owned()))
    }

    /// Opens sealed bytes.
    ///
    /// # Errors
    /// As [`Vault::open_text`].
    pub fn open_bytes(&self, context: &str, sealed: &[u8]) -> Result<Vec<u8>, Error> {
        let fail = || Error::Sealed(context.to_owned());
        let (format, rest) = sealed.split_first().ok_or_else(fail)?;
        let (nonce, body) = rest.split_at_checked(NONCE).ok_or_else(fail)?;
        let nonce = <[u8; NONCE]>::try_from(nonce).map_err(|_| fail())?;
        if *format != FORMAT {
            return Err(fail());
        }
        let payload = Payload { msg: body, aad: context.as_bytes() };
        self.cipher.decrypt(&XNonce::from(nonce), payload).map_err(|_| fail())
    }

    /// The key with which an agency (a department of a region) signs what it sends to another and what it receives from it. It
    /// is made from this vault's key, so the agency's signature says what this server did in its name; an agency with a
    /// certified key of its own signs by its own [`ledger::Signer`].
    #[must_use]
    pub fn agency_signer(&self, department: &str, region: &str) -> ledger::FileSigner {
        let seed = self.fingerprint("agency.signature", &format!("{department}.{region}"));
        ledger::FileSigner::from_seed(&format!("{department}.{region}"), &seed)
    }

    /// A keyed fingerprint for finding a sealed value again by equality (an identity number, a phone). `label` keeps the
    /// columns apart. Reveals nothing without the key.
    #[must_use]
    pub fn fingerprint(&self, label: &str, text: &str) -> [u8; 32] {
        mac(self.index.as_ref(), &[label.as_bytes(), &[0], text.as_bytes()])
    }
}

/// HMAC-SHA-256 of the parts.
pub(crate) fn mac(key: &[u8], parts: &[&[u8]]) -> [u8; 32] {
    // HMAC takes a key of any length
    let Ok(mut mac) = <Hmac<Sha256> as hmac::KeyInit>::new_from_slice(key) else { return [0; 32] };
    for part in parts {
        mac.update(part);
    }
    mac.finalize().into_bytes().into()
}

#[cfg(unix)]
fn write_private(path: &Path, text: &str) -> std::io::Result<()> {
    use std::io::Write;
    use std::os::unix::fs::OpenOptionsExt;
    let mut file = std::fs::OpenOptions::new().write(true).create_new(true).mode(0o600).open(path)?;
    writeln!(file, "{text}")?;
    file.sync_all()
}

#[cfg(not(unix))]
fn write_private(path: &Path, text: &str) -> std::io::Result<()> {
    std::fs::write(path, text)
}

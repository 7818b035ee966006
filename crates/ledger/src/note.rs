//! Checkpoints as C2SP signed notes: what is signed, how a key is named, how a signature is checked. Pure.
//!
//! The text of a checkpoint is four lines: origin, size, base64 root, and `time` with microseconds since 1970 (an
//! extension line); after an empty line follow the signatures `— NAME BASE64(key id ‖ signature)`. The first byte of
//! a verifier key names the algorithm: 1 is Ed25519.

use crate::merkle::Hash;
use base::Instant;
use base64::prelude::{BASE64_STANDARD, Engine};
use ed25519_dalek::{Signature, VerifyingKey};
use sha2::{Digest, Sha256};

/// Algorithm tag of Ed25519 in keys and key ids (C2SP signed-note).
pub const ED25519: u8 = 1;

/// The head of the tree at one moment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Checkpoint {
    /// Which log: the name of its key.
    pub origin: String,
    /// Entries in the tree.
    pub size: u64,
    /// RFC 6962 root.
    pub root: Hash,
    /// When it was signed.
    pub at: Instant,
}

/// Why a note is not accepted.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NoteError {
    /// The text is not a checkpoint.
    #[error("this is not a checkpoint: {0}")]
    Form(&'static str),
    /// The verifier key is not `NAME+ID+KEY`.
    #[error("this is not a verifier key of a known algorithm")]
    Key,
    /// No signature by the key.
    #[error("the checkpoint is not signed by the key {0}")]
    Unsigned(String),
    /// The signature does not belong to the text.
    #[error("the signature of the checkpoint is false")]
    False,
}

impl Checkpoint {
    /// The text that is signed.
    #[must_use]
    pub fn text(&self) -> String {
        format!("{}\n{}\n{}\ntime {}\n", self.origin, self.size, BASE64_STANDARD.encode(self.root), self.at.0)
    }

    /// Reads the signed text.
    ///
    /// # Errors
    /// [`NoteError::Form`].
    pub fn parse(text: &str) -> Result<Self, NoteError> {
        let mut lines = text.lines();
        let mut next = |what| lines.next().filter(|l| !l.is_empty()).ok_or(NoteError::Form(what));
        let origin = next("no origin")?.to_owned();
        let size = next("no size")?.parse().map_err(|_| NoteError::Form("the size is no number"))?;
        let root = BASE64_STANDARD
            .decode(next("no root")?)
            .ok()
            .and_then(|bytes| bytes.try_into().ok())
            .ok_or(NoteError::Form("the root is no hash"))?;
        let at = next("no time")?
            .strip_prefix("time ")
            .and_then(|t| t.parse().ok())
            .ok_or(NoteError::Form("the time is no number"))?;
        let checkpoint = Self { origin, size, root, at: Instant(at) };
        // one text only for one meaning: no signs, leading zeros or further lines
        if checkpoint.text() == text { Ok(checkpoint) } else { Err(NoteError::Form("unexpected text")) }
    }
}

/// The id of a key: the first four bytes of SHA-256(name ‖ 0x0A ‖ algorithm ‖ key).
#[must_use]
pub fn key_id(name: &str, algorithm: u8, key: &[u8]) -> [u8; 4] {
    let hash = Sha256::new().chain_update(name).chain_update([b'\n', algorithm]).chain_update(key).finalize();
    [hash[0], hash[1], hash[2], hash[3]]
}

/// The verifier key string of a public key: `NAME+ID+BASE64(algorithm ‖ key)`.
#[must_use]
pub fn verifier_key(name: &str, algorithm: u8, key: &[u8]) -> String {
    let id = hex::encode(key_id(name, algorithm, key));
    format!("{name}+{id}+{}", BASE64_STANDARD.encode([&[algorithm], key].concat()))
}

/// The signature line of a note.
#[must_use]
pub fn signature_line(name: &str, id: [u8; 4], signature: &[u8]) -> String {
    format!("\u{2014} {name} {}\n", BASE64_STANDARD.encode([&id, signature].concat()))
}

/// The checkpoint of a note, if the key has signed it.
///
/// # Errors
/// Each [`NoteError`].
pub fn open(note: &str, verifier: &str) -> Result<Checkpoint, NoteError> {
    let checkpoint = Checkpoint::parse(&signed_text(note, verifier)?)?;
    if verifier.trim().split_once('+').is_some_and(|(name, _)| name == checkpoint.origin) {
        Ok(checkpoint)
    } else {
        Err(NoteError::Form("the origin is not the key's"))
    }
}

/// The text of any signed note, if the key has signed it; the text ends with a line feed.
///
/// # Errors
/// Each [`NoteError`].
pub fn signed_text(note: &str, verifier: &str) -> Result<String, NoteError> {
    let (name, id, key) = parse_key(verifier)?;
    let (text, signatures) = note.split_once("\n\n").ok_or(NoteError::Form("no signature"))?;
    let text = format!("{text}\n");
    if !signatures.ends_with('\n') {
        return Err(NoteError::Form("the last line is cut off"));
    }
    let mut found = None;
    for line in signatures.split_terminator('\n') {
        let (signer, blob) = line
            .strip_prefix("\u{2014} ")
            .and_then(|l| l.split_once(' '))
            .ok_or(NoteError::Form("a signature line is malformed"))?;
        let blob = BASE64_STANDARD.decode(blob).map_err(|_| NoteError::Form("a signature is no base64"))?;
        if signer == name
            && let Some(signature) = blob.strip_prefix(&id)
        {
            found = Some(Signature::from_slice(signature).map_err(|_| NoteError::False)?);
        }
    }
    let signature = found.ok_or_else(|| NoteError::Unsigned(name.to_owned()))?;
    key.verify_strict(text.as_bytes(), &signature).map_err(|_| NoteError::False)?;
    Ok(text)
}

/// Reads a verifier key string; its id must match its key.
pub(crate) fn parse_key(verifier: &str) -> Result<(&str, [u8; 4], VerifyingKey), NoteError> {
    let (name, rest) = verifier.trim().split_once('+').ok_or(NoteError::Key)?;
    let (id, key) = rest.split_once('+').ok_or(NoteError::Key)?;
    let bytes = BASE64_STANDARD.decode(key).map_err(|_| NoteError::Key)?;
    let Some((&ED25519, key)) = bytes.split_first() else { return Err(NoteError::Key) };
    let expected = key_id(name, ED25519, key);
    let key: [u8; 32] = key.try_into().map_err(|_| NoteError::Key)?;
    let key = VerifyingKey::from_bytes(&key).map_err(|_| NoteError::Key)?;
    if hex::encode(expected) == id { Ok((name, expected, key)) } else { Err(NoteError::Key) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_known_verifier_key_is_read() {
        // the example key of the Go module checksum database, which is public knowledge
        let key = "sum.golang.org+033de0ae+Ac4zctda0e5eza+HJyk9SxEdh+s3Ux18htTTAD8OuAn8";
        let (name, id, public) = parse_key(key).unwrap();
        assert_eq!(name, "sum.golang.org");
        assert_eq!(hex::encode(id), "033de0ae");
        assert_eq!(verifier_key(name, ED25519, public.as_bytes()), key);
        assert_eq!(parse_key(&key.replace("033d", "033e")), Err(NoteError::Key));
    }

    #[test]
    fn a_checkpoint_has_one_text_only() {
        let c = Checkpoint { origin: "log.example".into(), size: 7, root: [9; 32], at: Instant(1_000_000) };
        let text = c.text();
        assert_eq!(Checkpoint::parse(&text), Ok(c));
        for bad in [
            text.replace("\n7\n", "\n07\n"),
            text.replace("\n7\n", "\n+7\n"),
            format!("{text}more\n"),
            text.replace("time ", "time  "),
            text.trim_end().to_owned(),
        ] {
            assert!(Checkpoint::parse(&bad).is_err(), "{bad}");
        }
    }
}

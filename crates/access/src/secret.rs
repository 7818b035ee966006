//! Random tokens: what the holder carries, and the hash that is stored.

use crate::{Error, vault};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use sha2::{Digest, Sha256};
use subtle::ConstantTimeEq;

/// A token of 256 random bits in base64url, with a prefix that tells what it is.
pub(crate) fn token(prefix: &str) -> Result<String, Error> {
    let mut bytes = [0u8; 32];
    getrandom::fill(&mut bytes).map_err(|_| Error::Random)?;
    Ok(format!("{prefix}{}", URL_SAFE_NO_PAD.encode(bytes)))
}

/// What is stored of a token. Its 256 random bits need no slow hash.
pub(crate) fn digest(token: &str) -> [u8; 32] {
    Sha256::digest(token.as_bytes()).into()
}

/// The form token that belongs to a session: every form that changes something carries it.
#[must_use]
pub fn csrf_token(session_token: &str) -> String {
    URL_SAFE_NO_PAD.encode(vault::mac(session_token.as_bytes(), &[b"shian csrf v1"]))
}

/// Whether a form token belongs to the session; compares in constant time.
#[must_use]
pub fn csrf_matches(session_token: &str, form_token: &str) -> bool {
    csrf_token(session_token).as_bytes().ct_eq(form_token.as_bytes()).into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_form_token_belongs_to_one_session() {
        let (a, b) = (token("").unwrap(), token("").unwrap());
        assert_eq!(a.len(), 43);
        assert!(csrf_matches(&a, &csrf_token(&a)));
        assert!(!csrf_matches(&a, &csrf_token(&b)));
        assert!(!csrf_matches(&a, ""));
        assert!(!csrf_token(&a).contains(&a));
    }
}

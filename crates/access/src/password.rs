//! Passwords: the rules a new one must meet, and argon2id.

use crate::Error;
use argon2::password_hash::phc::PasswordHash;
use argon2::password_hash::{PasswordHasher, PasswordVerifier};
use argon2::{Algorithm, Argon2, Params, Version};
use base::Text;
use std::sync::OnceLock;

/// Shortest password, in characters.
pub const MIN_LENGTH: usize = 10;
/// Longest, so that hashing a huge input is no attack.
pub const MAX_LENGTH: usize = 128;
/// From this length on, one class of characters is enough: a long phrase is good.
const PHRASE_LENGTH: usize = 16;

/// Fragments that make a password guessable whatever surrounds them is short.
const COMMON: [&str; 12] = [
    "password", "passw0rd", "123456", "654321", "qwerty", "abc123", "111111", "000000", "admin", "letmein",
    "woaini", "1q2w3e",
];

/// The cost of argon2id (RFC 9106). Each stored hash names its own cost, so raising it later breaks nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Hashing {
    memory_kib: u32,
    passes: u32,
}

impl Hashing {
    /// 19 MiB, 2 passes, 1 lane: about 20–40 ms on a small server, the floor that OWASP's password storage guide names.
    pub const STANDARD: Self = Self { memory_kib: 19 * 1024, passes: 2 };
    /// 64 KiB, 1 pass: under a millisecond, no protection. Only for tests and the fictitious accounts of the demo.
    pub const DEMO: Self = Self { memory_kib: 64, passes: 1 };

    fn argon2(self) -> Result<Argon2<'static>, Error> {
        let params = Params::new(self.memory_kib, self.passes, 1, None)
            .map_err(|e| Error::Setup(format!("argon2id cost: {e}")))?;
        Ok(Argon2::new(Algorithm::Argon2id, Version::V0x13, params))
    }
}

/// A password's PHC string, ready to store. Not printable.
#[derive(Clone, PartialEq, Eq)]
pub struct Hashed(pub(crate) String);

impl std::fmt::Debug for Hashed {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Hashed")
    }
}

/// Checks the rules and hashes. Takes tens of milliseconds of processor time: call it outside a transaction.
pub(crate) fn hash(cost: Hashing, login: &str, password: &str) -> Result<Hashed, Error> {
    check_rules(login, password)?;
    let hash: PasswordHash = cost
        .argon2()?
        .hash_password(password.as_bytes())
        .map_err(|e| Error::Setup(format!("argon2id: {e}")))?;
    Ok(Hashed(hash.to_string()))
}

/// Whether the password is the one hashed; argon2 compares in constant time. Without a hash (no such account) a stand-in
/// is verified, so that the time taken does not tell which logins exist.
pub(crate) fn verify(cost: Hashing, stored: Option<&str>, password: &str) -> bool {
    static STAND_IN: OnceLock<String> = OnceLock::new();
    if password.chars().count() > MAX_LENGTH {
        return false;
    }
    let stand_in = STAND_IN.get_or_init(|| {
        let hash = cost.argon2().ok().and_then(|a| a.hash_password(b"nobody's password").ok());
        hash.map_or_else(String::new, |h: PasswordHash| h.to_string())
    });
    let Ok(hash) = PasswordHash::new(stored.unwrap_or(stand_in)) else { return false };
    let same = Argon2::default().verify_password(password.as_bytes(), &hash).is_ok();
    same && stored.is_some()
}

/// The rules for a new password.
///
/// # Errors
/// [`Error::Invalid`] on field `password`, saying what to change.
pub fn check_rules(login: &str, password: &str) -> Result<(), Error> {
    let length = password.chars().count();
    let bad = |text: Text| Err(Error::Invalid { field: "password", text });
    if length < MIN_LENGTH {
        return bad(Text::new(
            format!("密码至少 {MIN_LENGTH} 个字符，现有 {length} 个"),
            format!("a password has at least {MIN_LENGTH} characters; this one has {length}"),
        ));
    }
    if length > MAX_LENGTH {
        return bad(Text::new(
            format!("密码最多 {MAX_LENGTH} 个字符"),
            format!("a password has at most {MAX_LENGTH} characters"),
        ));
    }
    let classes = [
        password.chars().any(|c| c.is_ascii_lowercase()),
        password.chars().any(|c| c.is_ascii_uppercase()),
        password.chars().any(|c| c.is_ascii_digit()),
        password.chars().any(|c| !c.is_ascii_alphanumeric()),
    ];
    if length < PHRASE_LENGTH && classes.into_iter().filter(|b| *b).count() < 3 {
        return bad(Text::new(
            format!(
                "请混用大写字母、小写字母、数字、符号中的至少三种，或者使用 {PHRASE_LENGTH} 个字符以上的短句"
            ),
            format!(
                "mix at least three of capitals, small letters, digits and signs, or use a phrase of {PHRASE_LENGTH} characters"
            ),
        ));
    }
    let lower = password.to_lowercase();
    if login.chars().count() >= 3 && lower.contains(&login.to_lowercase()) {
        return bad(Text::of("密码不能包含账号名", "a password must not contain the login name"));
    }
    let guessable = COMMON.iter().any(|c| lower.contains(c) && length < c.len() + 6);
    let mut distinct: Vec<char> = lower.chars().collect();
    distinct.sort_unstable();
    distinct.dedup();
    if guessable || distinct.len() < 5 {
        return bad(Text::of(
            "这个密码太容易猜到，请换一个",
            "this password is too easy to guess; choose another",
        ));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_weak_password_is_refused_with_the_rule_in_both_languages() {
        for (password, says) in [
            ("Short-1", "at least 10"),
            ("onlysmallones", "three of"),
            ("Password-123", "easy to guess"),
            ("li.wei-Strong1", "login name"),
            ("Aa1-Aa1-Aa1-", "easy to guess"),
        ] {
            let e = check_rules("li.wei", password).unwrap_err();
            let text = e.user_text().unwrap().clone();
            assert!(text.en.contains(says), "{password}: {text}");
            assert!(text.zh.chars().any(|c| c >= '\u{4e00}'), "{text}");
        }
        for good in ["correct horse battery", "Lanzhou-2026-x", "黄河之水天上来奔流到海不复回呀呀"]
        {
            assert!(check_rules("li.wei", good).is_ok(), "{good}");
        }
        assert!(check_rules("x", &"长".repeat(MAX_LENGTH + 1)).is_err());
    }

    #[test]
    fn only_the_same_password_verifies_and_nobody_never_does() {
        let h = hash(Hashing::DEMO, "li.wei", "Lanzhou-2026-x").unwrap();
        assert!(h.0.starts_with("$argon2id$v=19$m=64,t=1,p=1$"), "{}", h.0);
        assert!(verify(Hashing::DEMO, Some(&h.0), "Lanzhou-2026-x"));
        assert!(!verify(Hashing::DEMO, Some(&h.0), "Lanzhou-2026-X"));
        assert!(!verify(Hashing::DEMO, None, "nobody's password"));
        assert!(!verify(Hashing::DEMO, Some("not a hash"), "Lanzhou-2026-x"));
        assert_eq!(format!("{h:?}"), "Hashed");
    }
}

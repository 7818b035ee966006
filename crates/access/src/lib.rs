//! Identities, sessions, policies, scope to SQL.

//! Who goes, and what is visited, in the place of whom or what was drawn: always the next by the same seed, never a choice.

use super::{Drawn, Entry, Pick, Record, in_order, ticket};
use base::Id;
use std::collections::BTreeSet;

impl Drawn {
    /// Every target that was ever to be visited: those drawn first, then those in the place of others.
    pub fn standing(&self) -> impl Iterator<Item = &Pick> {
        self.picks.iter().chain(self.substituted.iter().map(|s| &s.by))
    }

    /// Whether a target is still to be visited: drawn, or in another's place, and not given up.
    #[must_use]
    pub fn holds(&self, target: Id) -> bool {
        self.standing().any(|p| p.target == target) && self.substituted.iter().all(|s| s.out != target)
    }

    /// The two samplers of a target as it stands now.
    #[must_use]
    pub fn samplers_of(&self, target: Id) -> Option<[Id; 2]> {
        let first = self.standing().find(|p| p.target == target)?.samplers;
        Some(
            self.replaced
                .iter()
                .filter(|r| r.target == target)
                .fold(first, |pair, r| pair.map(|id| if id == r.out { r.by } else { id })),
        )
    }
}

/// Who goes to a target instead of a sampler who stands aside: the next in the order of the seed who is not recused, not the
/// other of the two, and has not stood aside there before. `None` when nobody is left, or nothing is drawn.
#[must_use]
pub fn replacement(record: &Record, target: Id) -> Option<Id> {
    let drawn = record.drawn.as_ref()?;
    let pair = drawn.samplers_of(target)?;
    let gone = |id: &Id| drawn.replaced.iter().any(|r| r.target == target && r.out == *id);
    in_order(record, &drawn.seed, target).into_iter().find(|id| !pair.contains(id) && !gone(id))
}

/// Whether everybody who went instead of another was the next in order.
pub(super) fn replaced_by_rule(record: &Record) -> bool {
    let Some(drawn) = &record.drawn else { return true };
    let mut so_far =
        Record { drawn: Some(Drawn { replaced: Vec::new(), ..drawn.clone() }), ..record.clone() };
    drawn.replaced.iter().all(|r| {
        let next = replacement(&so_far, r.target);
        let held = so_far.drawn.as_ref().and_then(|d| d.samplers_of(r.target));
        if let Some(d) = &mut so_far.drawn {
            d.replaced.push(r.clone());
        }
        next == Some(r.by) && held.is_some_and(|pair| pair.contains(&r.out))
    })
}

/// What takes the place of a drawn target that cannot be visited: of its stratum, the smallest ticket that was never to be
/// visited and that two samplers can go to, with the first two of them in the order of the seed. `None` when the stratum
/// has nobody left, the target is not to be visited, or nothing is drawn.
#[must_use]
pub fn substitute(record: &Record, out: Id) -> Option<Pick> {
    let drawn = record.drawn.as_ref()?;
    let stratum = &record.targets.iter().find(|t| t.id == out && drawn.holds(out))?.stratum;
    let used: BTreeSet<Id> = drawn.standing().map(|p| p.target).collect();
    let able = |t: &&Entry| t.stratum == *stratum && t.excluded.is_none() && !used.contains(&t.id);
    let mut left: Vec<([u8; 32], Id)> =
        record.targets.iter().filter(able).map(|t| (ticket(&drawn.seed, &t.id.0, t.weight), t.id)).collect();
    left.sort_unstable();
    left.into_iter().find_map(|(ticket, target)| match in_order(record, &drawn.seed, target)[..] {
        [a, b, ..] => Some(Pick { target, ticket: hex::encode(ticket), samplers: [a, b] }),
        _ => None,
    })
}

/// Whether everything in the place of another was the next of its stratum.
pub(super) fn substituted_by_rule(record: &Record) -> bool {
    let Some(drawn) = &record.drawn else { return true };
    let mut so_far =
        Record { drawn: Some(Drawn { substituted: Vec::new(), ..drawn.clone() }), ..record.clone() };
    drawn.substituted.iter().all(|s| {
        let next = substitute(&so_far, s.out);
        if let Some(d) = &mut so_far.drawn {
            d.substituted.push(s.clone());
        }
        next.as_ref() == Some(&s.by)
    })
}

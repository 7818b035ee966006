//! Numbers for items and transformations such that what is reached together lies together: depth first along the
//! transformations, from the lots nobody made, which lie beside what was first made of them.

use crate::derive::index;
use crate::facts::NONE;

/// Values grouped by a small number, in two arrays.
#[derive(Debug, Default)]
pub(crate) struct Groups {
    pub(crate) starts: Vec<u32>,
    pub(crate) values: Vec<u32>,
}

impl Groups {
    /// Groups pairs of group and value; within a group the order is kept.
    pub(crate) fn of(groups: usize, pairs: impl Iterator<Item = (u32, u32)> + Clone) -> Self {
        let mut starts = vec![0u32; groups + 1];
        for (group, _) in pairs.clone() {
            starts[group as usize + 1] += 1;
        }
        for at in 0..groups {
            starts[at + 1] += starts[at];
        }
        let mut values = vec![0u32; starts[groups] as usize];
        for (group, value) in pairs {
            let at = &mut starts[group as usize];
            values[*at as usize] = value;
            *at += 1;
        }
        starts.rotate_right(1);
        starts[0] = 0;
        Self { starts, values }
    }

    pub(crate) fn get(&self, group: u32) -> &[u32] {
        let at = group as usize;
        match (self.starts.get(at), self.starts.get(at + 1)) {
            (Some(&from), Some(&to)) => &self.values[from as usize..to as usize],
            _ => &[],
        }
    }
}

/// The place of each item and of each transformation in the order of the sealed arrays.
#[derive(Debug, Default)]
pub(crate) struct Order {
    /// Rank of each item.
    pub(crate) ranks: Vec<u32>,
    /// New number of each transformation.
    pub(crate) processes: Vec<u32>,
}

impl Order {
    /// From which item goes into which transformation and which comes out of which (pairs of item and
    /// transformation both).
    pub(crate) fn of(
        items: usize,
        processes: usize,
        inputs: impl Iterator<Item = (u32, u32)> + Clone,
        outputs: impl Iterator<Item = (u32, u32)> + Clone,
    ) -> Self {
        let mut made = vec![false; items];
        for (item, _) in outputs.clone() {
            made[item as usize] = true;
        }
        let turned = |pairs: (u32, u32)| (pairs.1, pairs.0);
        let uses = Groups::of(items, inputs.clone());
        let taken = Groups::of(processes, inputs.map(turned));
        let makers = Groups::of(items, outputs.clone());
        let outputs = Groups::of(processes, outputs.map(turned));
        let mut order = Self { ranks: vec![NONE; items], processes: vec![NONE; processes] };
        let (mut next, mut next_process) = (0, 0);
        let give = |number: &mut u32, next: &mut u32| {
            if *number == NONE {
                *number = *next;
                *next += 1;
            }
        };
        let mut open: Vec<u32> = Vec::new();
        for pass in [false, true] {
            for root in 0..index(items) {
                if made[root as usize] == pass && order.ranks[root as usize] == NONE {
                    open.push(root);
                }
                while let Some(item) = open.pop() {
                    if order.ranks[item as usize] != NONE {
                        continue;
                    }
                    // a lot nobody made lies beside what was made of it, with the others that went into it
                    for &process in makers.get(item) {
                        give(&mut order.processes[process as usize], &mut next_process);
                        for &input in taken.get(process).iter().filter(|&&input| !made[input as usize]) {
                            give(&mut order.ranks[input as usize], &mut next);
                        }
                    }
                    if made[item as usize] || uses.get(item).iter().all(|&p| outputs.get(p).is_empty()) {
                        give(&mut order.ranks[item as usize], &mut next);
                    }
                    for &process in uses.get(item).iter().rev() {
                        give(&mut order.processes[process as usize], &mut next_process);
                        let fresh = |made: &u32| order.ranks[*made as usize] == NONE;
                        open.extend(outputs.get(process).iter().rev().copied().filter(fresh));
                    }
                }
                // what leads only to what was placed before
                if made[root as usize] == pass {
                    give(&mut order.ranks[root as usize], &mut next);
                }
            }
        }
        for number in &mut order.processes {
            if *number == NONE {
                *number = next_process;
                next_process += 1;
            }
        }
        order
    }
}

//! Our tree beside `ct-merkle` on the same leaves: root, inclusion proof and its verification.
//!
//! `cargo bench -p ledger --bench merkle [-- LEAVES]`. The roots are compared, so a wrong answer ends the run.
#![allow(clippy::print_stdout, clippy::cast_precision_loss, missing_docs)]

use ct_merkle::mem_backed_tree::MemoryBackedTree;
use ledger::merkle::{Hash, inclusion_ranges, leaf_hash, root_of, verify_inclusion};
use sha2::Sha256;
use std::hint::black_box;
use std::time::Instant;

fn seconds<T>(work: impl FnOnce() -> T) -> (T, f64) {
    let start = Instant::now();
    let value = black_box(work());
    (value, start.elapsed().as_secs_f64())
}

fn line(what: &str, count: usize, ours: f64, peer: f64) {
    let rate = |s: f64| count as f64 / s;
    println!(
        "{what:<28} ours {:>12.0}/s   ct-merkle {:>12.0}/s   {:.2} : 1",
        rate(ours),
        rate(peer),
        peer / ours
    );
}

fn main() {
    let count = std::env::args().skip(1).find_map(|a| a.parse().ok()).unwrap_or(1 << 20);
    let entries: Vec<Vec<u8>> = (0..count).map(|n: usize| format!("{n:0950}").into_bytes()).collect();

    let ((leaves, root), ours) = seconds(|| {
        let leaves: Vec<Hash> = entries.iter().map(|e| leaf_hash(e)).collect();
        let root = root_of(&leaves);
        (leaves, root)
    });
    let (tree, peer) = seconds(|| {
        let mut tree = MemoryBackedTree::<Sha256, Vec<u8>>::new();
        for entry in entries.clone() {
            tree.push(entry);
        }
        tree
    });
    assert_eq!(tree.root().as_bytes().as_slice(), root, "both trees have the same root");
    line("append of 950-byte leaves", count, ours, peer);

    let asked: Vec<usize> = (0..1000).map(|n| n * 7919 % count).collect();
    let (proofs, _) = seconds(|| asked.iter().map(|&n| tree.prove_inclusion(n)).collect::<Vec<_>>());
    let mine: Vec<Vec<Hash>> = proofs
        .iter()
        .map(|p| p.as_bytes().chunks_exact(32).map(|h| h.try_into().expect("32 bytes")).collect())
        .collect();
    let (_, planned) =
        seconds(|| asked.iter().map(|&n| inclusion_ranges(n as u64, count as u64).len()).sum::<usize>());
    let (held, ours) = seconds(|| {
        let size = count as u64;
        asked.iter().zip(&mine).all(|(&n, proof)| verify_inclusion(&leaves[n], n as u64, size, proof, &root))
    });
    let head = tree.root();
    let (peer_held, peer) = seconds(|| {
        asked
            .iter()
            .zip(&proofs)
            .all(|(&n, proof)| head.verify_inclusion(&entries[n], n as u64, proof).is_ok())
    });
    assert!(held && peer_held, "every proof holds in both");
    // the peer hashes the leaf again; ours is given its hash, so add that to be fair
    let (_, hashing) = seconds(|| asked.iter().map(|&n| leaf_hash(&entries[n])[0]).max());
    line("inclusion proofs verified", asked.len(), ours + hashing, peer);
    println!("planning which hashes a proof needs: {:.2} µs", planned * 1e6 / asked.len() as f64);
}

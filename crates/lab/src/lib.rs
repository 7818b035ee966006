//! Samples, results, verdicts, nonconformities.

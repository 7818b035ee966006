//! Capture and query of trace events, upkeep of the chain index, recall scope.

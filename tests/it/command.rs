//! Programs as backends.

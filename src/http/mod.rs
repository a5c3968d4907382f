//! HTTP/1.1 as values.

//! Integration tests of the words: classes, groups, sets and times.

mod classes;
mod sources;
mod times;

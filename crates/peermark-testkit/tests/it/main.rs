//! Integration tests of the testkit: the vectors, the properties, and the testkit itself.

mod reader;
mod replay;
mod vectors;

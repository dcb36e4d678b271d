//! Tests of the engine in a file: the rules, and what happens when the disk, the power or the bytes
//! do not behave.

mod checking;
mod conformance;
mod copies;
mod damage;
mod disk;
mod faults;
mod file;
mod flips;
mod power;
mod programs;
mod restarts;
mod work;

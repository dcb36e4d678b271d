//! Rules W2 to W7 at the level of the encoding, as tables of cases.

mod canonical;
mod duplicates;
mod lengths;
mod linear;
mod messages;
mod order;
mod raw;
mod records;
mod unknown;
mod varints;

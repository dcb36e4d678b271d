//! The four algorithms, each in a module of its own over one library.
//!
//! Every module has a `PublicKey` with `decode`, `data` and `verify`, and decides alone what is
//! accepted: the libraries compute, the rules are checked here, also where a library happens to
//! check them too. A feature that somebody else in the build turns on in a library must not change
//! an answer (K5).

pub(crate) mod ecdsa;
pub(crate) mod ed25519;
#[cfg(all(fuzzing, peermark_fake_crypto))]
mod fake;
pub(crate) mod rsa;
pub(crate) mod secp256k1;

#[cfg(all(fuzzing, peermark_fake_crypto))]
pub(crate) use fake::sign as fake_sign;

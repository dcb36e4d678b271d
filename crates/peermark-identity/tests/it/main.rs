//! What `peermark-identity` accepts and refuses, rule by rule.

mod ecdsa;
mod ed25519;
mod ed25519_vectors;
mod golden;
mod mutation;
mod peer_id;
mod public_key;
mod rsa;
mod support;

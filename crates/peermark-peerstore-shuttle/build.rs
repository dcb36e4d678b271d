//! Takes the locks of shuttle.

fn main() {
    println!("cargo::rustc-cfg=peermark_shuttle");
    println!("cargo::rerun-if-changed=build.rs");
}

//! A payload type of one's own: a relay's price list, signed by the relay.
//!
//! A type that implements [`Record`] is signed for one purpose, and cannot be read before that
//! signature verified.
//!
//! Run it with `cargo run -p peermark-envelope --example own_payload`.

use std::error::Error;
use std::fmt;

use peermark_envelope::{
    Envelope, Keypair, PeerId, PeerIdExt as _, PublicKey, Purpose, Record, purpose,
};

/// What a relay asks for a minute of its time.
#[derive(Debug, PartialEq, Eq)]
struct PriceList {
    relay: PeerId,
    cents_per_minute: u16,
}

/// Why a signed payload is not a price list.
#[derive(Debug)]
enum PriceListError {
    Form,
    NotTheRelay,
}

impl fmt::Display for PriceListError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Form => "not `<peer id> <cents>`",
            Self::NotTheRelay => "not signed by the relay that it names",
        })
    }
}

impl Error for PriceListError {}

impl Record for PriceList {
    // Decided here, once. The domain never travels; a signature for anything else does not open.
    const PURPOSE: Purpose = purpose!("example-relay-prices", b"/example/relay-prices");
    type EncodeError = std::convert::Infallible;
    type DecodeError = PriceListError;

    fn encode(&self) -> Result<Vec<u8>, Self::EncodeError> {
        Ok(format!("{} {}", self.relay, self.cents_per_minute).into_bytes())
    }

    fn decode(payload: &[u8], signer: &PublicKey) -> Result<Self, Self::DecodeError> {
        let text = std::str::from_utf8(payload).map_err(|_| PriceListError::Form)?;
        let (relay, cents) = text.split_once(' ').ok_or(PriceListError::Form)?;
        let relay = PeerId::parse_text(relay).map_err(|_| PriceListError::Form)?;
        let cents_per_minute = cents.parse().map_err(|_| PriceListError::Form)?;
        // Every key can sign a list that names another relay. Nothing but this binds the two.
        if relay != signer.peer_id() {
            return Err(PriceListError::NotTheRelay);
        }
        Ok(Self { relay, cents_per_minute })
    }
}

#[expect(clippy::print_stdout, reason = "an example talks to a person")]
fn main() -> Result<(), Box<dyn Error>> {
    let relay = Keypair::generate_ed25519()?;
    let list = PriceList { relay: relay.peer_id(), cents_per_minute: 3 };
    let sealed = Envelope::seal_record(&list, &relay)?;
    println!("the relay signs {} bytes", sealed.as_bytes().len());

    let signed = Envelope::decode(sealed.as_bytes())?.open_record::<PriceList>()?;
    println!("a client reads {:?}", signed.record());

    let impostor = Keypair::generate_ed25519()?;
    let forged = Envelope::seal_record(&PriceList { cents_per_minute: 0, ..list }, &impostor)?;
    match forged.open_record::<PriceList>() {
        Ok(_) => Err("a forged list was accepted".into()),
        Err(error) => {
            let reason = error.source().map(ToString::to_string).unwrap_or_default();
            println!("a forged one is refused: {error}: {reason}");
            Ok(())
        }
    }
}

#[cfg(test)]
#[test]
fn it_runs() {
    main().unwrap();
}

#![no_main]
//! Page tokens, forged and real.

use c1z::keys::{BatchToken, Listing};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| {
    let text = String::from_utf8_lossy(data);
    let ids = ["a", "b"];
    for listing in Listing::ALL {
        // Whatever a forged token holds, the page starts below the prefix.
        if let Ok(Some(after)) = listing.after(b"prefix", &[b"filter"], &text) {
            assert!(after.starts_with(b"prefix"));
        }
        let token = listing.token(b"prefix", &[data], &[b"prefix", data].concat());
        assert_eq!(listing.after(b"prefix", &[data], &token).expect("its own token"), Some([b"prefix", data].concat()));
        assert!(Listing::ALL.iter().all(|&other| other == listing || other.after(b"prefix", &[data], &token).is_err()));
        assert!(listing.after(b"prefiy", &[data], &token).is_err());
    }
    if let Ok(token) = BatchToken::decode(&text, ids.into_iter()) {
        assert!(token.index < ids.len());
    }
    let token = BatchToken { index: 1, inner: text.into_owned() };
    assert_eq!(BatchToken::decode(&token.encode(ids.into_iter()), ids.into_iter()).expect("its own token"), token);
});

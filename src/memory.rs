//! Memory that is asked for rather than taken: where it may be much, the system can refuse it, and a call fails instead of
//! the process.
//!
//! Rust ends the process when a `Vec` cannot grow. So whatever has the size of a record, of a page or of a request is
//! reserved here before it is filled.

use crate::{Error, Result};

/// Makes room for `more` elements behind those that are there.
#[cfg(feature = "engine")]
#[inline]
pub(crate) fn reserve<T>(vec: &mut Vec<T>, more: usize) -> Result<()> {
    match vec.capacity() - vec.len() >= more {
        true => Ok(()),
        false => grow(vec, more),
    }
}

#[cfg(feature = "engine")]
#[cold]
fn grow<T>(vec: &mut Vec<T>, more: usize) -> Result<()> {
    vec.try_reserve(more).map_err(|_| refused(more.saturating_mul(size_of::<T>())))
}

/// An empty `Vec` with room for so many elements.
pub(crate) fn with_capacity<T>(elements: usize) -> Result<Vec<T>> {
    let mut vec = Vec::new();
    vec.try_reserve_exact(elements).map_err(|_| refused(elements.saturating_mul(size_of::<T>())))?;
    Ok(vec)
}

/// Fails if so many bytes cannot be had now: before something is called that takes them and has no way to fail.
#[cfg(feature = "engine")]
pub(crate) fn ask_for(bytes: usize) -> Result<()> {
    /// Less is not worth asking for.
    const MUCH: usize = 1 << 20;
    match bytes < MUCH {
        true => Ok(()),
        false => with_capacity::<u8>(bytes).map(std::hint::black_box).map(drop),
    }
}

fn refused(bytes: usize) -> Error {
    Error::OutOfMemory { bytes }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_no_system_has_is_an_error_that_says_how_much_it_was() {
        let much = isize::MAX as usize;
        for refused in [ask_for(much), reserve(&mut vec![1u8], much), with_capacity::<u8>(much).map(drop)] {
            let error = refused.unwrap_err();
            assert_eq!((error.code(), error.reason().name()), (crate::error::Code::ResourceExhausted, "OUT_OF_MEMORY"));
            assert!(error.to_string().contains(&much.to_string()), "{error}");
        }
        assert!(matches!(with_capacity::<u64>(usize::MAX), Err(Error::OutOfMemory { bytes: usize::MAX })));
    }

    #[test]
    fn room_is_made_behind_what_is_there() {
        let mut bytes = vec![1, 2];
        reserve(&mut bytes, 100).unwrap();
        assert!(bytes.capacity() >= 102);
        assert_eq!(bytes, [1, 2]);
        ask_for(1 << 21).unwrap();
    }
}

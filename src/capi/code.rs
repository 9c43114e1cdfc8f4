//! Status codes as C knows them.

use crate::error::Code as CoreCode;

/// What a call returns: a status code with the number that gRPC gives it.
pub type Code = i32;

/// The call did what it says.
pub const C1Z_OK: Code = 0;
/// The caller cancelled the call.
pub const C1Z_CANCELLED: Code = 1;
/// A failure that no other code describes.
pub const C1Z_UNKNOWN: Code = 2;
/// A request that no state of the store could answer.
pub const C1Z_INVALID_ARGUMENT: Code = 3;
/// Given only by a source of the host's.
pub const C1Z_DEADLINE_EXCEEDED: Code = 4;
/// What the request names is not there.
pub const C1Z_NOT_FOUND: Code = 5;
/// What the call would create is there already.
pub const C1Z_ALREADY_EXISTS: Code = 6;
/// The operating system does not permit it.
pub const C1Z_PERMISSION_DENIED: Code = 7;
/// A limit, the disk, or memory.
pub const C1Z_RESOURCE_EXHAUSTED: Code = 8;
/// The store's state, or the file, does not permit the call.
pub const C1Z_FAILED_PRECONDITION: Code = 9;
/// Somebody else was faster: start again with what there is now.
pub const C1Z_ABORTED: Code = 10;
/// Not given by this library.
pub const C1Z_OUT_OF_RANGE: Code = 11;
/// The library was built without what the call needs.
pub const C1Z_UNIMPLEMENTED: Code = 12;
/// A defect of the library.
pub const C1Z_INTERNAL: Code = 13;
/// The store is closed, the engine is busy, or a source gives nothing.
pub const C1Z_UNAVAILABLE: Code = 14;
/// Damaged bytes.
pub const C1Z_DATA_LOSS: Code = 15;
/// Given only by a source of the host's.
pub const C1Z_UNAUTHENTICATED: Code = 16;

impl CoreCode {
    /// The number that a host sees.
    pub(super) fn number(self) -> Code {
        self as Code
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_code_has_the_number_of_its_name() {
        let named = [
            (CoreCode::Ok, C1Z_OK),
            (CoreCode::Cancelled, C1Z_CANCELLED),
            (CoreCode::Unknown, C1Z_UNKNOWN),
            (CoreCode::InvalidArgument, C1Z_INVALID_ARGUMENT),
            (CoreCode::DeadlineExceeded, C1Z_DEADLINE_EXCEEDED),
            (CoreCode::NotFound, C1Z_NOT_FOUND),
            (CoreCode::AlreadyExists, C1Z_ALREADY_EXISTS),
            (CoreCode::PermissionDenied, C1Z_PERMISSION_DENIED),
            (CoreCode::ResourceExhausted, C1Z_RESOURCE_EXHAUSTED),
            (CoreCode::FailedPrecondition, C1Z_FAILED_PRECONDITION),
            (CoreCode::Aborted, C1Z_ABORTED),
            (CoreCode::OutOfRange, C1Z_OUT_OF_RANGE),
            (CoreCode::Unimplemented, C1Z_UNIMPLEMENTED),
            (CoreCode::Internal, C1Z_INTERNAL),
            (CoreCode::Unavailable, C1Z_UNAVAILABLE),
            (CoreCode::DataLoss, C1Z_DATA_LOSS),
            (CoreCode::Unauthenticated, C1Z_UNAUTHENTICATED),
        ];
        for (code, number) in named {
            assert_eq!(code.number(), number, "{code:?}");
        }
    }
}

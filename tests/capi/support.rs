//! The exported functions behind a safe face. Each call checks what the header promises of every call: the response is
//! written on success and only then, the error on failure and only then, and both say the same code.

use std::ffi::{c_void, CStr};
use std::fmt::Debug;
use std::ptr;

use c1z::capi::api::{CallFn, FromStoreFn, LongCallFn, ScanFn};
use c1z::capi::arrow::{c1z_export_arrow, ArrowArray, ArrowArrayStream};
use c1z::capi::buffer::{c1z_buffer_data, c1z_buffer_free, Buffer};
use c1z::capi::cancel::{c1z_cancel_free, c1z_cancel_new, c1z_cancel_set, Cancel, Control};
use c1z::capi::code::{Code, C1Z_OK};
use c1z::capi::compare::c1z_compare_files;
use c1z::capi::cursor::{c1z_cursor_free, c1z_cursor_next, Cursor};
use c1z::capi::error::{c1z_error_code, c1z_error_free, c1z_error_message, c1z_error_reason, ErrorObject};
use c1z::capi::file::{c1z_close, c1z_open, c1z_open_with, c1z_read_header};
use c1z::capi::host::Host;
use c1z::capi::inspect::{c1z_inspect, c1z_inspect_schema};
use c1z::capi::slice::Slice;
use c1z::capi::store::{c1z_store_free, StoreHandle};
use c1z::capi::verify::c1z_verify;
use c1z::proto::api::{
    CloseRequest, CompareFilesRequest, ExportRequest, InspectRequest, InspectSchemaRequest, OpenRequest,
    ReadHeaderRequest,
};
use prost::Message;

/// The slice of nothing.
pub const EMPTY: Slice = Slice { data: ptr::null(), len: 0 };

/// Why a call failed, as its error object says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Failure {
    pub code: Code,
    pub reason: String,
    pub message: String,
}

/// Checks that a call failed for that reason, and that the message names the culprit.
#[track_caller]
pub fn assert_refused<T: Debug>(result: Result<T, Failure>, code: Code, reason: &str, culprit: &str) {
    let failure = result.expect_err("the call succeeded");
    assert_eq!((failure.code, failure.reason.as_str()), (code, reason), "{failure:?}");
    assert!(failure.message.contains(culprit), "{:?} does not name {culprit:?}", failure.message);
}

/// The slice of `bytes`, as long as those live.
pub fn slice(bytes: &[u8]) -> Slice {
    Slice { data: bytes.as_ptr(), len: bytes.len() }
}

/// A function of the library, by its signature.
#[derive(Clone, Copy)]
pub enum Exported {
    Call(CallFn),
    Long(LongCallFn),
    /// Called with no other store.
    From(FromStoreFn),
    Scan(ScanFn),
}

/// What a call is given: everything, unless a test takes something away.
#[derive(Clone, Copy)]
pub struct Arguments<'a> {
    pub store: Option<&'a Handle>,
    pub request: Slice,
    pub control: Option<&'a Control>,
    pub response: bool,
    pub error: bool,
}

/// What a call wrote to `*response`, or to `*cursor`.
#[derive(Debug)]
pub enum Given {
    Nothing,
    Bytes(Vec<u8>),
    Walk(Walk),
}

impl Exported {
    /// Makes the call.
    pub fn call(self, arguments: Arguments<'_>) -> Result<Given, Failure> {
        let Arguments { store, request, control, response, error } = arguments;
        let store = store.map_or(ptr::null(), |handle| handle.0.cast_const());
        let control = control.map_or(ptr::null(), ptr::from_ref);
        // SAFETY: `Handle` keeps the store, the others outlive the call.
        match self {
            Exported::Call(function) => {
                given_bytes(response, error, |response, error| unsafe { function(store, request, response, error) })
            }
            Exported::Long(function) => given_bytes(response, error, |response, error| unsafe {
                function(store, request, control, response, error)
            }),
            Exported::From(function) => given_bytes(response, error, |response, error| unsafe {
                function(store, ptr::null(), request, control, response, error)
            }),
            Exported::Scan(function) => {
                let walk =
                    outcome(response, error, |cursor, error| unsafe { function(store, request, cursor, error) })?;
                Ok(walk.map_or(Given::Nothing, |cursor| Given::Walk(Walk(cursor))))
            }
        }
    }
}

fn given_bytes(
    response: bool,
    error: bool,
    call: impl FnOnce(*mut *mut Buffer, *mut *mut ErrorObject) -> Code,
) -> Result<Given, Failure> {
    Ok(outcome(response, error, call)?.map_or(Given::Nothing, |buffer| Given::Bytes(take_bytes(buffer))))
}

/// What `call` wrote to its first pointer; the pointers are null unless `give_out` and `give_error`.
fn outcome<T>(
    give_out: bool,
    give_error: bool,
    call: impl FnOnce(*mut *mut T, *mut *mut ErrorObject) -> Code,
) -> Result<Option<*mut T>, Failure> {
    let untouched: *mut T = ptr::dangling_mut();
    let no_error: *mut ErrorObject = ptr::dangling_mut();
    let (mut out, mut error) = (untouched, no_error);
    let code =
        call(if give_out { &mut out } else { ptr::null_mut() }, if give_error { &mut error } else { ptr::null_mut() });
    if code == C1Z_OK {
        assert_eq!(error, no_error, "a call that succeeded wrote an error");
        assert_eq!(out != untouched, give_out, "a call that succeeded wrote no response");
        return Ok(give_out.then_some(out));
    }
    let left = if give_out { ptr::null_mut() } else { untouched };
    assert_eq!(out, left, "behind a call that failed a caller frees what it got before");
    assert_eq!(error != no_error, give_error, "a call that failed wrote no error");
    let failure = match give_error {
        true => take_failure(error),
        false => Failure { code, reason: String::new(), message: String::new() },
    };
    assert_eq!(failure.code, code, "the error has another code than the call");
    Err(failure)
}

/// Makes a call that needs no store and answers with bytes.
pub fn ask(call: impl FnOnce(*mut *mut Buffer, *mut *mut ErrorObject) -> Code) -> Result<Vec<u8>, Failure> {
    Ok(take_bytes(outcome(true, true, call)?.expect("asked for a response")))
}

fn take_bytes(buffer: *mut Buffer) -> Vec<u8> {
    // SAFETY: the library gave the buffer to the caller, who frees it once.
    unsafe {
        let Slice { data, len } = c1z_buffer_data(buffer);
        assert_eq!(data.is_null(), len == 0, "no bytes are at null, others are not");
        let bytes = if len == 0 { Vec::new() } else { std::slice::from_raw_parts(data, len).to_vec() };
        c1z_buffer_free(buffer);
        bytes
    }
}

fn take_failure(error: *mut ErrorObject) -> Failure {
    // SAFETY: the library gave the error to the caller, who frees it once; its strings end with NUL.
    unsafe {
        let text = |text| CStr::from_ptr(text).to_str().expect("not UTF-8").to_owned();
        let failure = Failure {
            code: c1z_error_code(error),
            reason: text(c1z_error_reason(error)),
            message: text(c1z_error_message(error)),
        };
        c1z_error_free(error);
        failure
    }
}

/// A `c1z_store`, freed when dropped.
#[derive(Debug)]
pub struct Handle(*mut StoreHandle);

// SAFETY: any thread may call any function on a store at any time.
unsafe impl Send for Handle {}
unsafe impl Sync for Handle {}

impl Drop for Handle {
    fn drop(&mut self) {
        // SAFETY: calls borrow the handle, so none is running.
        unsafe { c1z_store_free(self.0) }
    }
}

impl Handle {
    pub fn open(request: &OpenRequest) -> Result<Handle, Failure> {
        Handle::open_watched(request, None)
    }

    pub fn open_watched(request: &OpenRequest, control: Option<&Control>) -> Result<Handle, Failure> {
        Handle::open_bytes(&request.encode_to_vec(), control)
    }

    pub fn open_bytes(request: &[u8], control: Option<&Control>) -> Result<Handle, Failure> {
        let control = control.map_or(ptr::null(), ptr::from_ref);
        // SAFETY: everything outlives the call.
        let opened = outcome(true, true, |store, error| unsafe { c1z_open(slice(request), control, store, error) })?;
        Ok(Handle(opened.expect("asked for a store")))
    }

    /// Opens with what `host` brings, which is null or valid.
    pub fn open_with(request: &[u8], host: *const Host, control: Option<&Control>) -> Result<Handle, Failure> {
        let control = control.map_or(ptr::null(), ptr::from_ref);
        // SAFETY: everything outlives the call.
        let opened =
            outcome(true, true, |store, error| unsafe { c1z_open_with(slice(request), host, control, store, error) })?;
        Ok(Handle(opened.expect("asked for a store")))
    }

    /// Makes a call with bytes for a request.
    pub fn send(&self, exported: Exported, request: &[u8]) -> Result<Given, Failure> {
        self.send_watched(exported, request, None)
    }

    pub fn send_watched(
        &self,
        exported: Exported,
        request: &[u8],
        control: Option<&Control>,
    ) -> Result<Given, Failure> {
        let request = slice(request);
        exported.call(Arguments { store: Some(self), request, control, response: true, error: true })
    }

    pub fn call(&self, function: CallFn, request: &impl Message) -> Result<Vec<u8>, Failure> {
        self.send(Exported::Call(function), &request.encode_to_vec()).map(Given::bytes)
    }

    pub fn call_long(
        &self,
        function: LongCallFn,
        request: &impl Message,
        control: Option<&Control>,
    ) -> Result<Vec<u8>, Failure> {
        self.send_watched(Exported::Long(function), &request.encode_to_vec(), control).map(Given::bytes)
    }

    /// Makes a call that must succeed and reads its answer.
    #[track_caller]
    /// Makes a call that reads from another store, which may be the same.
    pub fn call_from(
        &self,
        function: FromStoreFn,
        source: &Handle,
        request: &impl Message,
        control: Option<&Control>,
    ) -> Result<Vec<u8>, Failure> {
        let request = request.encode_to_vec();
        let control = control.map_or(ptr::null(), ptr::from_ref);
        // SAFETY: both handles outlive the call.
        let given = given_bytes(true, true, |response, error| unsafe {
            function(self.0, source.0, slice(&request), control, response, error)
        });
        given.map(Given::bytes)
    }

    pub fn ask<A: Message + Default>(&self, function: CallFn, request: &impl Message) -> A {
        A::decode(&self.call(function, request).unwrap()[..]).unwrap()
    }

    pub fn scan(&self, function: ScanFn, request: &impl Message) -> Result<Walk, Failure> {
        match self.send(Exported::Scan(function), &request.encode_to_vec())? {
            Given::Walk(walk) => Ok(walk),
            given => panic!("{given:?} is no cursor"),
        }
    }

    /// Exports the rows that a request asks for, and says how many they are.
    pub fn export(&self, request: &ExportRequest) -> Result<i64, Failure> {
        let request = request.encode_to_vec();
        let mut stream = ArrowArrayStream::RELEASED;
        // SAFETY: everything outlives the calls, and what is given is released.
        unsafe {
            let mut error = ptr::null_mut();
            if c1z_export_arrow(self.0, slice(&request), ptr::null(), &mut stream, &mut error) != C1Z_OK {
                return Err(take_failure(error));
            }
            let mut rows = 0;
            loop {
                let mut batch = ArrowArray::RELEASED;
                assert_eq!(stream.get_next.unwrap()(&mut stream, &mut batch), 0);
                let Some(release) = batch.release else { break };
                rows += batch.length;
                release(&mut batch);
            }
            stream.release.unwrap()(&mut stream);
            Ok(rows)
        }
    }

    pub fn close(&self) -> Result<(), Failure> {
        self.close_watched(None)
    }

    pub fn close_watched(&self, control: Option<&Control>) -> Result<(), Failure> {
        self.call_long(c1z_close, &CloseRequest { discard: false, ..Default::default() }, control).map(drop)
    }

    pub fn discard(&self) -> Result<(), Failure> {
        self.call_long(c1z_close, &CloseRequest { discard: true, ..Default::default() }, None).map(drop)
    }
}

/// Calls `c1z_verify`, which needs no store.
pub fn verify_bytes(request: &[u8], control: Option<&Control>) -> Result<Vec<u8>, Failure> {
    let control = control.map_or(ptr::null(), ptr::from_ref);
    // SAFETY: everything outlives the call.
    let report = outcome(true, true, |report, error| unsafe { c1z_verify(slice(request), control, report, error) })?;
    Ok(take_bytes(report.expect("asked for a report")))
}

impl Given {
    fn bytes(self) -> Vec<u8> {
        match self {
            Given::Bytes(bytes) => bytes,
            given => panic!("{given:?} is no response"),
        }
    }
}

/// A `c1z_cursor`, freed when dropped.
#[derive(Debug)]
pub struct Walk(*mut Cursor);

impl Drop for Walk {
    fn drop(&mut self) {
        // SAFETY: calls borrow the cursor, so none is running.
        unsafe { c1z_cursor_free(self.0) }
    }
}

/// What a file says of itself.
pub fn read_header(path: &str) -> Result<Vec<u8>, Failure> {
    let request = ReadHeaderRequest { path: path.to_owned(), ..Default::default() }.encode_to_vec();
    // SAFETY: everything outlives the call.
    ask(|response, error| unsafe { c1z_read_header(slice(&request), response, error) })
}

/// The descriptors in a file.
pub fn inspect_schema(path: &str) -> Result<Vec<u8>, Failure> {
    let request = InspectSchemaRequest { path: path.to_owned(), ..Default::default() }.encode_to_vec();
    // SAFETY: everything outlives the call.
    let given = outcome(true, true, |out, error| unsafe { c1z_inspect_schema(slice(&request), out, error) })?;
    Ok(take_bytes(given.expect("asked for a response")))
}

impl Walk {
    /// Walks all that a file holds.
    pub fn inspect(request: &InspectRequest, control: Option<&Control>) -> Result<Walk, Failure> {
        let request = request.encode_to_vec();
        let control = control.map_or(ptr::null(), ptr::from_ref);
        // SAFETY: everything outlives the call.
        let walk =
            outcome(true, true, |cursor, error| unsafe { c1z_inspect(slice(&request), control, cursor, error) })?;
        Ok(Walk(walk.expect("asked for a cursor")))
    }

    /// Walks what differs between two files.
    pub fn compare(request: &CompareFilesRequest, control: Option<&Control>) -> Result<Walk, Failure> {
        let request = request.encode_to_vec();
        let control = control.map_or(ptr::null(), ptr::from_ref);
        // SAFETY: everything outlives the call.
        let walk =
            outcome(true, true, |cursor, error| unsafe { c1z_compare_files(slice(&request), control, cursor, error) })?;
        Ok(Walk(walk.expect("asked for a cursor")))
    }

    /// The next page; `None` behind the last.
    pub fn next(&mut self) -> Result<Option<Vec<u8>>, Failure> {
        // SAFETY: the cursor is not freed.
        let page = outcome(true, true, |page, error| unsafe { c1z_cursor_next(self.0, page, error) })?;
        Ok(page.filter(|page| !page.is_null()).map(take_bytes))
    }
}

/// A `c1z_cancel`, freed when dropped.
pub struct Flag(pub *mut Cancel);

impl Flag {
    pub fn new() -> Flag {
        Flag(c1z_cancel_new())
    }

    pub fn set(&self) {
        // SAFETY: the flag is not freed.
        unsafe { c1z_cancel_set(self.0) }
    }

    /// A control that stops a call once the flag is set.
    pub fn control(&self) -> Control {
        Control { cancel: self.0, progress: None, userdata: ptr::null_mut() }
    }
}

impl Drop for Flag {
    fn drop(&mut self) {
        // SAFETY: freed once.
        unsafe { c1z_cancel_free(self.0) }
    }
}

/// A control that calls `watch` with what is done and of how much.
///
/// The call is made within `body`, for which both the control and what it points at live.
pub fn watched<F: FnMut(u64, u64), T>(cancel: *const Cancel, mut watch: F, body: impl FnOnce(&Control) -> T) -> T {
    unsafe extern "C" fn progress<F: FnMut(u64, u64)>(done: u64, total: u64, userdata: *mut c_void) {
        // SAFETY: `userdata` is the `watch` below, and the library reports on the thread of the call only.
        unsafe { (*userdata.cast::<F>())(done, total) }
    }
    body(&Control { cancel, progress: Some(progress::<F>), userdata: (&raw mut watch).cast() })
}

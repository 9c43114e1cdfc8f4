//! The exported functions behind a safe face.

use std::ffi::{c_int, CStr};
use std::ptr;

use arrow_array::ffi::from_ffi;
use arrow_array::{Array, RecordBatch, StructArray};
use arrow_data::ffi::FFI_ArrowArray;
use arrow_schema::ffi::FFI_ArrowSchema;
use arrow_schema::Schema;
use c1z::capi::arrow::{c1z_export_arrow, c1z_export_schema, ArrowArray, ArrowArrayStream, ArrowSchema};
use c1z::capi::cancel::Control;
use c1z::capi::error::{c1z_error_free, c1z_error_message, c1z_error_reason, ErrorObject};
use c1z::capi::file::{c1z_close, c1z_open};
use c1z::capi::slice::Slice;
use c1z::capi::store::{c1z_store_free, StoreHandle};
use c1z::proto::api::{CloseRequest, ExportRequest, OpenRequest};
use prost::Message;

pub fn slice(bytes: &[u8]) -> Slice {
    Slice { data: bytes.as_ptr(), len: bytes.len() }
}

/// "REASON: message" of a call that failed, or nothing.
unsafe fn outcome(code: i32, error: *mut ErrorObject) -> Result<(), (i32, String)> {
    if code == 0 {
        return Ok(());
    }
    unsafe {
        let text = |text| CStr::from_ptr(text).to_str().unwrap().to_owned();
        let message = format!("{}: {}", text(c1z_error_reason(error)), text(c1z_error_message(error)));
        c1z_error_free(error);
        Err((code, message))
    }
}

/// A `c1z_store`, which is freed by hand.
pub struct Handle(*mut StoreHandle);

// SAFETY: any thread may call any function on a store at any time.
unsafe impl Send for Handle {}
unsafe impl Sync for Handle {}

impl Handle {
    pub fn open(path: &std::path::Path, read_only: bool) -> Handle {
        let path = path.to_str().unwrap().to_owned();
        let request = OpenRequest { path, read_only, threads: 1, memory_budget_bytes: 8 << 20, ..Default::default() };
        let (request, mut store, mut error) = (request.encode_to_vec(), ptr::null_mut(), ptr::null_mut());
        // SAFETY: everything outlives the call.
        unsafe { outcome(c1z_open(slice(&request), ptr::null(), &mut store, &mut error), error).unwrap() };
        Handle(store)
    }

    pub fn get(&self) -> *const StoreHandle {
        self.0
    }

    pub fn close(&self) -> Result<(), (i32, String)> {
        let request = CloseRequest { discard: true, ..Default::default() }.encode_to_vec();
        let mut error = ptr::null_mut();
        // SAFETY: everything outlives the call.
        unsafe { outcome(c1z_close(self.0, slice(&request), ptr::null(), ptr::null_mut(), &mut error), error) }
    }

    pub fn free(self) {
        // SAFETY: nobody else has it.
        unsafe { c1z_store_free(self.0) }
    }

    pub fn export(&self, request: &ExportRequest) -> Result<Stream, (i32, String)> {
        self.export_controlled(request, ptr::null())
    }

    pub fn export_controlled(&self, request: &ExportRequest, control: *const Control) -> Result<Stream, (i32, String)> {
        // What was there before is not looked at.
        let mut out: ArrowArrayStream =
            ArrowArrayStream { private_data: ptr::dangling_mut(), ..ArrowArrayStream::RELEASED };
        let (request, mut error) = (request.encode_to_vec(), ptr::null_mut());
        // SAFETY: everything outlives the call.
        let outcome =
            unsafe { outcome(c1z_export_arrow(self.0, slice(&request), control, &mut out, &mut error), error) };
        assert_eq!(outcome.is_ok(), out.release.is_some());
        outcome.map(|()| Stream(Box::new(out)))
    }
}

/// The schema of what a request asks for.
pub fn schema(request: &ExportRequest) -> Result<Schema, (i32, String)> {
    let (request, mut error) = (request.encode_to_vec(), ptr::null_mut());
    let mut out = ArrowSchema::RELEASED;
    // SAFETY: everything outlives the call.
    let outcome = unsafe { outcome(c1z_export_schema(slice(&request), &mut out, &mut error), error) };
    assert_eq!(outcome.is_ok(), out.release.is_some());
    outcome.map(|()| read_schema(out))
}

fn read_schema(schema: ArrowSchema) -> Schema {
    // SAFETY: both are the struct of the C data interface.
    let schema = unsafe { std::mem::transmute::<ArrowSchema, FFI_ArrowSchema>(schema) };
    Schema::try_from(&schema).unwrap()
}

/// A stream, released when dropped.
pub struct Stream(Box<ArrowArrayStream>);

// SAFETY: any thread may call its functions, one at a time.
unsafe impl Send for Stream {}

/// A batch that is not read yet, and the schema to read it by.
pub struct Given(FFI_ArrowArray, Schema);

// SAFETY: an array may be read and released by any thread.
unsafe impl Send for Given {}

impl Given {
    pub fn read(self) -> RecordBatch {
        let schema = FFI_ArrowSchema::try_from(&self.1).unwrap();
        // SAFETY: the library gave the array, and its schema.
        let data = unsafe { from_ffi(self.0, &schema) }.unwrap();
        data.validate_full().unwrap();
        let structs = StructArray::from(data);
        assert_eq!(structs.null_count(), 0);
        let (_, columns, _) = structs.into_parts();
        RecordBatch::try_new(self.1.into(), columns).unwrap()
    }
}

impl Stream {
    pub fn schema(&mut self) -> Schema {
        let mut out = ArrowSchema::RELEASED;
        // SAFETY: the stream is not released.
        let code = unsafe { self.0.get_schema.unwrap()(&mut *self.0, &mut out) };
        assert_eq!(code, 0);
        read_schema(out)
    }

    /// The next batch, or the number of an error and what the stream says about it.
    pub fn next(&mut self) -> Result<Option<Given>, (c_int, String)> {
        let mut out = ArrowArray { length: 77, ..ArrowArray::RELEASED };
        // SAFETY: the stream is not released.
        let code = unsafe { self.0.get_next.unwrap()(&mut *self.0, &mut out) };
        if code != 0 {
            assert!(out.release.is_none());
            return Err((code, self.last_error().unwrap()));
        }
        if out.release.is_none() {
            return Ok(None);
        }
        // SAFETY: both are the struct of the C data interface.
        let array = unsafe { std::mem::transmute::<ArrowArray, FFI_ArrowArray>(out) };
        Ok(Some(Given(array, self.schema())))
    }

    pub fn last_error(&mut self) -> Option<String> {
        // SAFETY: the stream is not released; what it gives ends with NUL.
        unsafe {
            let text = self.0.get_last_error.unwrap()(&mut *self.0);
            (!text.is_null()).then(|| CStr::from_ptr(text).to_str().unwrap().to_owned())
        }
    }

    /// All batches that are left.
    pub fn read_all(&mut self) -> Vec<RecordBatch> {
        std::iter::from_fn(|| self.next().unwrap().map(Given::read)).collect()
    }
}

impl Drop for Stream {
    fn drop(&mut self) {
        // SAFETY: the stream is not released.
        unsafe { self.0.release.unwrap()(&mut *self.0) };
        assert!(self.0.release.is_none());
    }
}

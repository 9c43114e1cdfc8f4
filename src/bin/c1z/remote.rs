//! Files at `https://` and `s3://` addresses, which are read by ranges.
//!
//! What S3 needs to know comes from the variables that its own tools read: `AWS_ACCESS_KEY_ID`, `AWS_SECRET_ACCESS_KEY`,
//! `AWS_SESSION_TOKEN`, `AWS_REGION`, `AWS_ENDPOINT_URL`, `AWS_ALLOW_HTTP` and the others of `object_store`.

use std::sync::Arc;
use std::time::Duration;

use c1z::envelope::{ByteSource, SourceFailure};
use c1z::error::{Code, SourceCause};
use c1z::Error;
use object_store::aws::AmazonS3Builder;
use object_store::http::HttpBuilder;
use object_store::path::Path;
use object_store::{ClientOptions, GetOptions, GetRange, ObjectStore, RetryConfig};
use reqwest::Url;
use tokio::runtime::{Builder, Runtime};

/// What is read of the end to learn how large a file is: all that opening reads there, so that it costs no request of its own.
const END_BYTES: u64 = 320 << 10;
/// How long a request is tried again that got no answer, or one that says "later".
const RETRY_FOR: Duration = Duration::from_secs(30);

/// An object as it was when its end was read.
struct Object {
    store: Box<dyn ObjectStore>,
    path: Path,
    size: u64,
    etag: Option<String>,
    /// The bytes of its end, which everybody wants first.
    end: Vec<u8>,
    runtime: Runtime,
}

/// The file at an address, of which the end has been read.
pub fn source(address: &str) -> c1z::Result<Arc<dyn ByteSource>> {
    let failed = |SourceFailure { code, message }| Error::Source {
        cause: SourceCause::Failed(code),
        message: format!("{address}: {message}"),
    };
    let url = Url::parse(address).map_err(|error| Error::InvalidArgument(format!("{address}: {error}")))?;
    if url.query().is_some() {
        return Err(Error::InvalidArgument(format!("{address}: an address with a query is not read by ranges")));
    }
    // Another part of the program may have chosen a provider already.
    let _ = rustls::crypto::ring::default_provider().install_default();
    let runtime = Builder::new_multi_thread().worker_threads(1).enable_all().build();
    let runtime = runtime.map_err(|source| Error::Io { op: "start a thread for", path: address.into(), source })?;
    let path =
        Path::from_url_path(url.path()).map_err(|error| Error::InvalidArgument(format!("{address}: {error}")))?;
    let store = store_of(&url).map_err(|error| failed(failure(error)))?;
    let read = runtime.block_on(async {
        let range = Some(GetRange::Suffix(END_BYTES));
        let result = store.get_opts(&path, GetOptions { range, ..GetOptions::default() }).await?;
        let meta = result.meta.clone();
        Ok((meta, result.bytes().await?))
    });
    let (meta, end) = read.map_err(|error| failed(failure(error)))?;
    Ok(Arc::new(Object { store, path, size: meta.size, etag: meta.e_tag, end: end.to_vec(), runtime }))
}

fn store_of(url: &Url) -> object_store::Result<Box<dyn ObjectStore>> {
    let retry = RetryConfig { retry_timeout: RETRY_FOR, ..RetryConfig::default() };
    if url.scheme() != "s3" {
        let host = url.origin().ascii_serialization();
        let options = ClientOptions::new().with_allow_http(url.scheme() == "http");
        let store = HttpBuilder::new().with_url(host).with_client_options(options).with_retry(retry).build()?;
        return Ok(Box::new(store));
    }
    Ok(Box::new(AmazonS3Builder::from_env().with_url(url.as_str()).with_retry(retry).build()?))
}

fn failure(error: object_store::Error) -> SourceFailure {
    use object_store::Error::*;
    let code = match &error {
        NotFound { .. } => Code::NotFound,
        Precondition { .. } | NotModified { .. } => Code::Aborted,
        PermissionDenied { .. } => Code::PermissionDenied,
        Unauthenticated { .. } => Code::Unauthenticated,
        InvalidPath { .. } => Code::InvalidArgument,
        NotSupported { .. } | NotImplemented { .. } => Code::Unimplemented,
        _ => Code::Unavailable,
    };
    SourceFailure { code, message: error.to_string() }
}

impl ByteSource for Object {
    fn size(&self) -> u64 {
        self.size
    }

    /// Every request says which object it wants, by its ETag. A server that gives none is believed that it has only one.
    fn identity(&self) -> Vec<u8> {
        Vec::new()
    }

    fn read_at(&self, offset: u64, buffer: &mut [u8]) -> Result<usize, SourceFailure> {
        let until = offset + buffer.len() as u64;
        let end_starts = self.size - self.end.len() as u64;
        if offset >= end_starts {
            let start = (offset - end_starts) as usize;
            let bytes = &self.end[start..];
            let len = bytes.len().min(buffer.len());
            buffer[..len].copy_from_slice(&bytes[..len]);
            return Ok(len);
        }
        let options = GetOptions {
            range: Some(GetRange::Bounded(offset..until)),
            if_match: self.etag.clone(),
            ..GetOptions::default()
        };
        let read = self.runtime.block_on(async {
            let result = self.store.get_opts(&self.path, options).await?;
            let etag = result.meta.e_tag.clone();
            Ok((etag, result.bytes().await?))
        });
        let (etag, bytes) = read.map_err(failure)?;
        if etag != self.etag {
            let message = format!("its ETag is {etag:?} and was {:?}", self.etag);
            return Err(SourceFailure { code: Code::Aborted, message });
        }
        let len = bytes.len().min(buffer.len());
        buffer[..len].copy_from_slice(&bytes[..len]);
        Ok(bytes.len())
    }
}

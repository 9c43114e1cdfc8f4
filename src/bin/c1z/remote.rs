//! Files at `https://` and `s3://` addresses, which are read by ranges.
//!
//! What S3 needs to know comes from the variables that its own tools read: `AWS_ACCESS_KEY_ID`, `AWS_SECRET_ACCESS_KEY`,
//! `AWS_SESSION_TOKEN`, `AWS_REGION`, `AWS_ENDPOINT_URL`, `AWS_ALLOW_HTTP`, `AWS_SKIP_SIGNATURE` and the others of `object_store`.

use std::fmt::Display;
use std::ops::Deref;
use std::sync::Arc;
use std::time::Duration;

use c1z::envelope::{ByteSource, SourceFailure};
use c1z::error::{Code, SourceCause};
use c1z::Error;
use object_store::aws::{AmazonS3Builder, AmazonS3ConfigKey};
use object_store::client::ClientConfigKey;
use object_store::http::HttpBuilder;
use object_store::path::Path;
use object_store::{
    Attribute, BackoffConfig, ClientOptions, GetOptions, GetRange, GetResult, HeaderMap, HeaderValue, ObjectMeta,
    ObjectStore, RetryConfig,
};
use reqwest::header::ACCEPT_ENCODING;
use reqwest::Url;
use tokio::runtime::{Builder, Runtime};

use crate::scheme::{in_s3, shown};

/// What is read of the end to learn how large a file is: all that opening reads there, so that it costs no request of its own.
const END_BYTES: u64 = 320 << 10;
/// How long a request is tried again that got no answer, or one that says "later".
const RETRY_FOR: Duration = Duration::from_secs(10);
/// How long whoever may have credentials for S3 is given to answer, and how often he is asked again: a machine without a metadata
/// service has nobody at its address, and its user would wait for him. AWS's own tools ask once and wait for a second.
const CREDENTIALS_WITHIN: &str = "5 seconds";
const CREDENTIALS_RETRIES: usize = 1;
/// What `object_store` takes for no. Of what is neither that nor yes it makes an error.
const NO: [&str; 5] = ["false", "0", "off", "no", "n"];

/// An object as it was when its end was read.
struct Object {
    store: Box<dyn ObjectStore>,
    path: Path,
    size: u64,
    version: Version,
    /// The bytes of its end, which everybody wants first.
    end: Vec<u8>,
    runtime: Runtime,
}

/// What tells one object from the next at the same address.
#[derive(Debug, PartialEq)]
struct Version {
    size: u64,
    etag: Option<String>,
    /// Microseconds since 1970, where there is no ETag.
    modified: Option<i64>,
}

impl Version {
    fn of(meta: ObjectMeta) -> Version {
        let modified = meta.e_tag.is_none().then(|| meta.last_modified.timestamp_micros());
        Version { size: meta.size, etag: meta.e_tag, modified }
    }

    /// What a server is asked to compare, which it does with strong ETags only.
    fn if_match(&self) -> Option<String> {
        self.etag.clone().filter(|etag| !etag.starts_with("W/"))
    }
}

/// The file at an address, of which the end has been read.
pub fn source(address: &str) -> c1z::Result<Arc<dyn ByteSource>> {
    let refused = |why: &dyn Display| Error::InvalidArgument(format!("{}: {why}", shown(address)));
    let failed = |SourceFailure { code, message }| Error::Source {
        cause: SourceCause::Failed(code),
        message: format!("{address}: {message}"),
    };
    let place = Place::of(address).map_err(|why| refused(&why))?;
    // Another part of the program may have chosen a provider already.
    let _ = rustls::crypto::ring::default_provider().install_default();
    let runtime = Builder::new_multi_thread().worker_threads(1).enable_all().build();
    let runtime = runtime.map_err(|source| Error::Io { op: "start a thread for", path: address.into(), source })?;
    let path = place.path().map_err(|error| refused(&error))?;
    let read = runtime.block_on(async {
        let store = place.store().await?;
        let range = Some(GetRange::Suffix(END_BYTES));
        let (meta, end) = get(store.as_ref(), &path, GetOptions { range, ..GetOptions::default() }).await?;
        Ok((store, meta, end))
    });
    let (store, meta, end) = read.map_err(failed)?;
    Ok(Arc::new(Object { store, path, size: meta.size, version: Version::of(meta), end: end.to_vec(), runtime }))
}

/// What an address names.
enum Place<'a> {
    Web(Box<Url>),
    /// A key is taken as it is, whatever it holds.
    Bucket {
        bucket: &'a str,
        key: &'a str,
    },
}

impl<'a> Place<'a> {
    fn of(address: &'a str) -> Result<Place<'a>, String> {
        if let Some(object) = in_s3(address) {
            return match object.split_once('/') {
                Some((bucket, key)) if !bucket.is_empty() && !key.is_empty() => Ok(Place::Bucket { bucket, key }),
                _ => Err("it takes a bucket and a key".into()),
            };
        }
        let url = Url::parse(address).map_err(|error| error.to_string())?;
        if !url.username().is_empty() || url.password().is_some() {
            return Err("an address with a user or a password is not taken".into());
        }
        if url.query().is_some() || url.fragment().is_some() {
            return Err("an address with a query or a fragment is not read by ranges".into());
        }
        Ok(Place::Web(Box::new(url)))
    }

    fn path(&self) -> Result<Path, object_store::path::Error> {
        match self {
            Place::Web(url) => Path::from_url_path(url.path()),
            Place::Bucket { key, .. } => Path::parse(key),
        }
    }

    async fn store(&self) -> Result<Box<dyn ObjectStore>, SourceFailure> {
        let backoff = BackoffConfig::default();
        // Time alone ends it: no more retries than these fit in.
        let max_retries = RETRY_FOR.div_duration_f64(backoff.init_backoff) as usize;
        let retry = RetryConfig { backoff, max_retries, retry_timeout: RETRY_FOR };
        match self {
            Place::Web(url) => {
                // Ranges of what a server would compress are none of the file.
                let identity = HeaderMap::from_iter([(ACCEPT_ENCODING, HeaderValue::from_static("identity"))]);
                let options =
                    ClientOptions::new().with_allow_http(url.scheme() == "http").with_default_headers(identity);
                let builder = HttpBuilder::new().with_url(url.origin().ascii_serialization());
                Ok(Box::new(builder.with_client_options(options).with_retry(retry).build().map_err(failure)?))
            }
            Place::Bucket { bucket, .. } => {
                let builder = AmazonS3Builder::from_env().with_bucket_name(*bucket);
                let impatient = RetryConfig { max_retries: CREDENTIALS_RETRIES, ..retry.clone() };
                let timeout = AmazonS3ConfigKey::Client(ClientConfigKey::Timeout);
                let asking = builder.clone().with_config(timeout, CREDENTIALS_WITHIN).with_retry(impatient);
                let credentials = asking.build().map_err(failure)?.credentials().clone();
                let unsigned = builder.get_config_value(&AmazonS3ConfigKey::SkipSignature).unwrap_or_default();
                if NO.contains(&unsigned.to_ascii_lowercase().as_str()) {
                    credentials.get_credential().await.map_err(without_credentials)?;
                }
                let builder = builder.with_credentials(credentials).with_retry(retry);
                Ok(Box::new(builder.build().map_err(failure)?))
            }
        }
    }
}

/// Reads a range, which lies in the file as it is and in no encoding of it.
async fn get(
    store: &dyn ObjectStore,
    path: &Path,
    options: GetOptions,
) -> Result<(ObjectMeta, impl Deref<Target = [u8]>), SourceFailure> {
    let result = store.get_opts(path, options).await.map_err(failure)?;
    check_encoding(&result)?;
    let meta = result.meta.clone();
    Ok((meta, result.bytes().await.map_err(failure)?))
}

/// Fails for bytes that a server has encoded. S3: some clients leave behind how they sent an object, which it is not stored as.
fn check_encoding(result: &GetResult) -> Result<(), SourceFailure> {
    let encodings = result.attributes.get(&Attribute::ContentEncoding).map_or("", |value| value.as_ref());
    let mut names = encodings.split(',').map(|name| name.trim().to_ascii_lowercase());
    match names.find(|name| !["", "identity", "aws-chunked"].contains(&name.as_str())) {
        None => Ok(()),
        Some(_) => Err(SourceFailure {
            code: Code::FailedPrecondition,
            message: format!(
                "the server gives it with Content-Encoding: {encodings}: only a file as it is is read by ranges"
            ),
        }),
    }
}

/// Nobody gave credentials: that says more than the request which would have needed them.
fn without_credentials(error: object_store::Error) -> SourceFailure {
    let SourceFailure { message, .. } = failure(error);
    let message = format!(
        "no credentials for S3: set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or AWS_SKIP_SIGNATURE=true for what anyone may \
         read; who else might have some gave none: {message}"
    );
    SourceFailure { code: Code::Unauthenticated, message }
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
    let mut message = error.to_string();
    let mut cause = std::error::Error::source(&error);
    while let Some(error) = cause {
        let why = error.to_string();
        if !message.contains(&why) {
            message.push_str(": ");
            message.push_str(&why);
        }
        cause = error.source();
    }
    SourceFailure { code, message }
}

impl ByteSource for Object {
    fn size(&self) -> u64 {
        self.size
    }

    /// Every read is held to the version that was opened.
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
            if_match: self.version.if_match(),
            ..GetOptions::default()
        };
        let (meta, bytes) = self.runtime.block_on(get(self.store.as_ref(), &self.path, options))?;
        let version = Version::of(meta);
        if version != self.version {
            let message = format!("it is {version:?} and was {:?}", self.version);
            return Err(SourceFailure { code: Code::Aborted, message });
        }
        let len = bytes.len().min(buffer.len());
        buffer[..len].copy_from_slice(&bytes[..len]);
        Ok(bytes.len())
    }
}

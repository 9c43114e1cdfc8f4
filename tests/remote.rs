//! The command on files in object storage and behind a web server, against a server of S3 (`moto_server` of the Python package
//! moto, found on the path or by `C1Z_MOTO_SERVER`), whose log says what it was asked.

use std::fs::{self, File};
use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use c1z::control::Control;
use c1z::envelope::Encoding;
use c1z::proto::api::{
    PutEntitlementsRequest, PutGrantsRequest, PutResourceTypesRequest, PutResourcesRequest, StartSyncRequest,
};
use c1z::proto::connector::{Entitlement, Grant, Resource, ResourceId, ResourceType};
use c1z::store::{OpenOptions, Store};
use prost::Message;
use tempfile::TempDir;

const GROUPS: usize = 60;
const USERS: usize = 1_000;

/// A server of S3 with one bucket.
struct Server {
    child: Child,
    port: u16,
    log: PathBuf,
    folder: TempDir,
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl Server {
    /// `None` where there is no such server, which in CI is a failure.
    fn start() -> Option<Server> {
        let folder = tempfile::tempdir().unwrap();
        let log = folder.path().join("log");
        let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        let program = std::env::var_os("C1Z_MOTO_SERVER").unwrap_or_else(|| "moto_server".into());
        let child = Command::new(&program)
            .args(["-H", "127.0.0.1", "-p", &port.to_string()])
            .stdout(Stdio::null())
            .stderr(File::create(&log).unwrap())
            .spawn();
        let child = match child {
            Ok(child) => child,
            Err(error) => {
                assert!(std::env::var_os("CI").is_none(), "{}: {error}", program.display());
                eprintln!("skipped: {}: {error} (pip install 'moto[s3]' flask flask-cors)", program.display());
                return None;
            }
        };
        let server = Server { child, port, log, folder };
        let deadline = Instant::now() + Duration::from_secs(120);
        while TcpStream::connect(("127.0.0.1", port)).is_err() {
            assert!(Instant::now() < deadline, "it does not listen: {}", server.log());
            std::thread::sleep(Duration::from_millis(50));
        }
        server.put("/bucket", b"");
        Some(server)
    }

    fn log(&self) -> String {
        fs::read_to_string(&self.log).unwrap()
    }

    /// Puts what a path of the server names, for anyone to read.
    fn put(&self, path: &str, body: &[u8]) {
        let mut stream = TcpStream::connect(("127.0.0.1", self.port)).unwrap();
        let (host, len) = (format!("Host: 127.0.0.1:{}", self.port), format!("Content-Length: {}", body.len()));
        let lines =
            [&format!("PUT {path} HTTP/1.1"), &host, &len, "x-amz-acl: public-read", "Connection: close", "\r\n"];
        let head = lines.join("\r\n");
        stream.write_all(head.as_bytes()).unwrap();
        stream.write_all(body).unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        assert!(answer.starts_with("HTTP/1.1 200"), "{path}: {answer}");
    }

    fn c1z(&self, arguments: &[&str]) -> Output {
        Command::new(env!("CARGO_BIN_EXE_c1z"))
            .args(arguments)
            .env("AWS_ENDPOINT_URL", format!("http://127.0.0.1:{}", self.port))
            .env("AWS_ALLOW_HTTP", "true")
            .env("AWS_ACCESS_KEY_ID", "a")
            .env("AWS_SECRET_ACCESS_KEY", "b")
            .env("AWS_REGION", "us-east-1")
            .env("TMPDIR", self.folder.path())
            .output()
            .unwrap()
    }

    /// What the command writes, and how many requests it makes.
    fn counted(&self, arguments: &[&str]) -> (String, usize) {
        let requests = || self.log().lines().filter(|line| line.contains("GET /")).count();
        let before = requests();
        let output = self.c1z(arguments);
        assert!(output.status.success(), "{arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
        (String::from_utf8(output.stdout).unwrap(), requests() - before)
    }

    fn fails(&self, arguments: &[&str]) -> String {
        let output = self.c1z(arguments);
        assert_eq!(output.status.code(), Some(3), "{arguments:?}");
        String::from_utf8(output.stderr).unwrap()
    }
}

/// A server that gives everybody the same answer.
struct Answering {
    port: u16,
    /// Heads of requests.
    asked: Arc<Mutex<Vec<String>>>,
}

impl Answering {
    fn start(answer: &'static str) -> Answering {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        let asked = Arc::<Mutex<Vec<String>>>::default();
        let heads = asked.clone();
        std::thread::spawn(move || {
            for stream in listener.incoming() {
                let mut stream = stream.unwrap();
                let (mut head, mut bytes) = (Vec::new(), [0; 4096]);
                while !head.ends_with(b"\r\n\r\n") {
                    match stream.read(&mut bytes) {
                        Ok(0) | Err(_) => break,
                        Ok(read) => head.extend_from_slice(&bytes[..read]),
                    }
                }
                heads.lock().unwrap().push(String::from_utf8(head).unwrap().to_lowercase());
                let _ = stream.write_all(answer.as_bytes());
            }
        });
        Answering { port, asked }
    }

    fn address(&self) -> String {
        format!("http://127.0.0.1:{}", self.port)
    }

    fn asked(&self) -> Vec<String> {
        std::mem::take(&mut *self.asked.lock().unwrap())
    }
}

/// What `c1z info FILE` fails with where nobody has set anything for S3 but these.
fn info_fails(file: &str, environment: &[(&str, &str)]) -> String {
    let mut command = Command::new(env!("CARGO_BIN_EXE_c1z"));
    for (name, _) in std::env::vars().filter(|(name, _)| name.starts_with("AWS_")) {
        command.env_remove(name);
    }
    let output = command.args(["info", file]).envs(environment.iter().copied()).output().unwrap();
    assert_eq!(output.status.code(), Some(3), "{file}");
    String::from_utf8(output.stderr).unwrap()
}

#[test]
fn a_server_that_compresses_is_asked_not_to_and_named_if_it_does() {
    let server = Answering::start(
        "HTTP/1.1 206 Partial Content\r\nContent-Encoding: gzip\r\nContent-Range: bytes 0-3/4\r\nContent-Length: 4\r\n\
         ETag: \"1\"\r\nLast-Modified: Wed, 21 Oct 2015 07:28:00 GMT\r\nConnection: close\r\n\r\n\x1f\x0b\x08\x00",
    );
    let message = info_fails(&format!("{}/file.c1z", server.address()), &[]);
    assert!(message.contains("SOURCE") && message.contains("Content-Encoding: gzip"), "{message}");
    let asked = server.asked();
    assert!(asked.len() == 1 && asked[0].contains("accept-encoding: identity"), "{asked:?}");
}

#[test]
fn who_has_no_credentials_for_s3_is_told_so_after_asking_twice() {
    let nobody = Answering::start("HTTP/1.1 503 Service Unavailable\r\nContent-Length: 0\r\nConnection: close\r\n\r\n");
    let none = Answering::start("HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\nConnection: close\r\n\r\n");
    let (metadata, endpoint) = (nobody.address(), none.address());
    let environment =
        [("AWS_METADATA_ENDPOINT", &*metadata), ("AWS_ENDPOINT_URL", &*endpoint), ("AWS_ALLOW_HTTP", "true")];
    let message = info_fails("s3://bucket/file.c1z", &environment);
    assert!(message.contains("no credentials") && message.contains("AWS_ACCESS_KEY_ID"), "{message}");
    assert_eq!((nobody.asked().len(), none.asked().len()), (2, 0));
    // Nobody needs any for what anyone may read.
    let unsigned = [&environment[..], &[("AWS_SKIP_SIGNATURE", "Yes")]].concat();
    let message = info_fails("S3://bucket/file.c1z", &unsigned);
    assert!(message.contains("S3://bucket/file.c1z") && message.contains("404"), "{message}");
    assert_eq!((nobody.asked().len(), none.asked().len()), (0, 1));
}

#[test]
fn the_scheme_of_an_address_is_taken_in_any_case_and_one_that_is_not_read_is_named() {
    let none = Answering::start("HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\nConnection: close\r\n\r\n");
    let message = info_fails(&format!("HTTP://127.0.0.1:{}/file.c1z", none.port), &[]);
    assert!(message.contains("SOURCE") && none.asked().len() == 1, "{message}");
    for scheme in ["gs", "az", "FTP", "file"] {
        let message = info_fails(&format!("{scheme}://bob:secret@host/file.c1z"), &[]);
        assert!(message.contains("INVALID_ARGUMENT") && message.contains(&format!("{scheme}://")), "{message}");
        assert!(!message.contains("secret"), "{message}");
    }
    let path = info_fails("./gs://bucket/file.c1z", &[]);
    assert!(!path.contains("INVALID_ARGUMENT"), "{path}");
}

/// Writes a file whose tables do not compress well.
fn write(path: &Path, encoding: Encoding, groups: usize) {
    let options = OpenOptions { encoding: Some(encoding), ..OpenOptions::default() };
    let store = Store::open(path, options, &Control::none()).unwrap();
    store.start_sync(&StartSyncRequest { sync_type: "full".into(), ..Default::default() }).unwrap();
    let list = ["user", "group"].map(|id| ResourceType { id: id.into(), ..Default::default() }).to_vec();
    store.put_resource_types(&PutResourceTypesRequest { list }.encode_to_vec()).unwrap();
    let resource = |of_type: &str, id: &str| Resource {
        id: Some(ResourceId { resource_type: of_type.into(), resource: id.into(), baton_resource: false }),
        ..Default::default()
    };
    let users: Vec<_> = (0..USERS).map(|user| resource("user", &format!("user-{user:06}"))).collect();
    store.put_resources(&PutResourcesRequest { list: users.clone(), ..Default::default() }.encode_to_vec()).unwrap();
    let mut number = 1u64;
    for group in 0..groups {
        let entitlement = Entitlement {
            resource: Some(resource("group", &format!("group-{group}"))),
            id: format!("group-{group}-member"),
            ..Default::default()
        };
        store
            .put_entitlements(
                &PutEntitlementsRequest { list: vec![entitlement.clone()], ..Default::default() }.encode_to_vec(),
            )
            .unwrap();
        let grant = |user: &Resource| {
            let mut id = String::new();
            for _ in 0..6 {
                // Marsaglia's xorshift.
                number ^= number << 13;
                number ^= number >> 7;
                number ^= number << 17;
                id.push_str(&format!("{number:016x}"));
            }
            Grant { entitlement: Some(entitlement.clone()), principal: Some(user.clone()), id, ..Default::default() }
        };
        let list = users.iter().map(grant).collect();
        store.put_grants(&PutGrantsRequest { list, ..Default::default() }.encode_to_vec()).unwrap();
    }
    store.end_sync(&Control::none()).unwrap();
    store.save(&Control::none()).unwrap();
    store.close().unwrap();
}

#[test]
fn the_command_reads_files_where_they_lie_by_few_requests() {
    let Some(server) = Server::start() else { return };
    let local = server.folder.path().join("local.c1z");
    write(&local, Encoding::IndexedZstd, GROUPS);
    server.put("/bucket/file.c1z", &fs::read(&local).unwrap());
    let local = local.to_str().unwrap();
    let of_http = format!("http://127.0.0.1:{}/bucket/file.c1z", server.port);
    for address in ["s3://bucket/file.c1z", &of_http] {
        for (arguments, most) in [
            (vec!["info", "{}", "-o", "json"], 2),
            (vec!["access", "{}", "user-000500", "-o", "csv"], 6),
            (vec!["who", "{}", "group-7-member", "-o", "csv"], 6),
            (vec!["list", "grants", "{}", "-o", "csv"], 5),
            (vec!["list", "resource-types", "{}", "-o", "csv"], 3),
        ] {
            let with =
                |file| -> Vec<&str> { arguments.iter().map(|&word| if word == "{}" { file } else { word }).collect() };
            let (written, requests) = server.counted(&with(address));
            let expected = server.counted(&with(local)).0;
            assert_eq!(written.replace(address, "FILE"), expected.replace(local, "FILE"), "{arguments:?}");
            assert!((1..=most).contains(&requests), "{arguments:?} of {address}: {requests} requests");
            println!("{} of {address}: {requests} requests", arguments[0]);
        }
    }
    assert!(server.fails(&["info", "s3://bucket/none.c1z"]).contains("s3://bucket/none.c1z"));
    let refused = server.fails(&["verify", "s3://bucket/file.c1z"]);
    assert!(refused.contains("INVALID_ARGUMENT") && refused.contains("whole files"), "{refused}");
    for command in ["info", "verify"] {
        let refused = server.fails(&[command, "http://127.0.0.1/file.c1z?signature=secret"]);
        assert!(refused.contains("INVALID_ARGUMENT") && !refused.contains("secret"), "{refused}");
        let refused = server.fails(&[command, "http://bob:secret@127.0.0.1/file.c1z"]);
        assert!(refused.contains("INVALID_ARGUMENT") && !refused.contains("secret"), "{refused}");
    }
    for address in ["s3://bucket", "s3://bucket/", "http://127.0.0.1/file.c1z#part"] {
        assert!(server.fails(&["info", address]).contains("INVALID_ARGUMENT"), "{address}");
    }
    // A key of S3 is no part of a URL.
    server.put("/bucket/a%20b%2525%23c.c1z", &fs::read(local).unwrap());
    server.counted(&["info", "s3://bucket/a b%25#c.c1z"]);
    let nobody = server.fails(&["info", "http://127.0.0.1:1/file.c1z"]);
    assert!(nobody.contains("SOURCE") && nobody.contains("refused"), "{nobody}");

    let whole = server.folder.path().join("whole.c1z");
    write(&whole, Encoding::TarZstd, GROUPS);
    server.put("/bucket/whole.c1z", &fs::read(&whole).unwrap());
    let refused = server.fails(&["list", "grants", "s3://bucket/whole.c1z"]);
    assert!(refused.contains("PAYLOAD_ENCODING") && refused.contains("TAR_ZSTD"), "{refused}");
}

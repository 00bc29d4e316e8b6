//! HTTP endpoints as backends, against a server that does what no server should.

mod answers;
mod broken;
mod kept;
mod nginx;
mod peers;
mod redirects;
mod requests;
mod secrets;
mod settings;
mod stops;

#[path = "../support/certificates.rs"]
mod certificates;
#[path = "../support/server.rs"]
mod server;

use peers::Peers as _;
use seawall::{
    Backend, CancelToken, Context, ErrorClass, Generic, HttpBackend, HttpBackendBuilder, Response, SendError,
};
use server::{Server, reply};

fn to(server: &Server) -> HttpBackendBuilder<Generic> {
    HttpBackend::builder(server.url("/answer"))
}

fn send(backend: &HttpBackend, prompt: &str) -> Result<Response, SendError> {
    let cancel = CancelToken::new();
    backend.send(&prompt.into(), &Context::new(&cancel))
}

/// What one call to a server comes to: the response, or the class of the error with its sentence.
fn verdict(backend: HttpBackendBuilder<Generic>) -> Result<String, (ErrorClass, String)> {
    match send(&backend.build().unwrap(), "prompt") {
        Ok(response) => Ok(response.text().to_owned()),
        Err(error) => Err((error.class(), error.to_string())),
    }
}

fn error(backend: HttpBackendBuilder<Generic>) -> (ErrorClass, String) {
    verdict(backend).unwrap_err()
}

//! Settings that cannot be.

use super::*;
use seawall::{Error, Fault};

fn told(error: &Error) -> Vec<String> {
    assert!(error.is_settings());
    error.faults().map(ToString::to_string).collect()
}

#[test]
fn every_fault_is_named_at_once() {
    let error = HttpBackend::builder("ftp://h/")
        .method("GE T")
        .header("X A", "1")
        .header("X-A", "1\r\nX-Evil: 2")
        .body_template("x\n{{ prompt | tojsn }}")
        .answer("result")
        .key(" ")
        .build()
        .unwrap_err();
    let faults = told(&error);
    assert_eq!(faults.len(), 7, "{faults:#?}");
    for (fault, word) in faults.iter().zip(["`ftp`", "GE T", "X A", "X-A", "line 2", "result", "empty"]) {
        // The address is judged first, the others in their order.
        assert!(fault.contains(word), "{fault}");
    }
    assert!(error.to_string().starts_with("failed to build the backend: `url` must be "), "{error}");
    assert!(matches!(error.faults().next(), Some(Fault::BadSetting { setting: "url", .. })));
}

#[test]
fn no_fault_quotes_what_may_be_a_secret() {
    for error in [
        HttpBackend::builder("http://user:pw-secret@h/").build().unwrap_err(),
        HttpBackend::builder("http://h/").key("k-secret\nX: 1").build().unwrap_err(),
        HttpBackend::builder("http://h/").header("Authorization", "k-secret\n").build().unwrap_err(),
        HttpBackend::builder("http://h/").key("k-sécret secret").build().unwrap_err(),
        HttpBackend::builder("http://h/").header("Authorization", "sécret secret").build().unwrap_err(),
    ] {
        assert!(!format!("{error} {error:?}").contains("secret"), "{error}");
    }
    assert_eq!(told(&HttpBackend::openai("h/v1").build().unwrap_err()).len(), 1);
    assert_eq!(told(&HttpBackend::openai("http://h").temperature(f64::NAN).build().unwrap_err()).len(), 1);
}

//! What is sent.

use super::server::Seen;
use super::*;
use serde_json::{Value, json};

/// What a server sees of a call.
fn seen(set: impl FnOnce(HttpBackendBuilder<Generic>) -> HttpBackendBuilder<Generic>, prompt: &str) -> Seen {
    let server = Server::saying(reply(200, &[], ""));
    send(&set(to(&server)).build().unwrap(), prompt).unwrap();
    server.requests().remove(0)
}

#[test]
fn a_prompt_is_posted_as_it_is() {
    let seen = seen(|to| to, "say \"hi\"\n☃");
    assert_eq!(
        (seen.method.as_str(), seen.target.as_str(), seen.text().as_str()),
        ("POST", "/answer", "say \"hi\"\n☃")
    );
    assert_eq!(seen.header("content-type"), Some("text/plain; charset=utf-8"));
    assert!(seen.header("user-agent").unwrap().starts_with("seawall/"));
}

#[test]
fn a_template_makes_the_body() {
    let seen = seen(|to| to.body_template(r#"{"q": {{ prompt | tojson }}}"#), "say \"hi\"\n{{ 7 * 7 }}");
    assert_eq!(serde_json::from_slice::<Value>(&seen.body).unwrap(), json!({"q": "say \"hi\"\n{{ 7 * 7 }}"}));
    assert_eq!(seen.header("content-type"), Some("application/json"));
}

#[test]
fn get_and_head_send_no_body_and_every_other_method_does() {
    for (method, body) in
        [("GET", ""), ("head", ""), ("PUT", "p"), ("DELETE", "p"), ("OPTIONS", "p"), ("PROPFIND", "p")]
    {
        let seen = seen(|to| to.method(method), "p");
        assert_eq!((seen.method.as_str(), seen.text().as_str()), (method.to_uppercase().as_str(), body));
        assert_eq!(seen.headers.iter().any(|(name, _)| name.starts_with("content-")), !body.is_empty(), "{method}");
    }
    assert_eq!(seen(|to| to, "").header("content-length"), Some("0"));
}

#[test]
fn headers_win_over_those_that_would_be_sent() {
    let seen = seen(
        |to| {
            to.key("k")
                .header("content-type", "a/b")
                .header("USER-AGENT", "me")
                .header("Authorization", "Basic x")
                .header("Host", "h")
        },
        "p",
    );
    let all: Vec<_> = ["content-type", "user-agent", "authorization", "host"]
        .iter()
        .map(|name| {
            seen.headers.iter().filter(|(known, _)| known == name).map(|(_, value)| value.as_str()).collect::<Vec<_>>()
        })
        .collect();
    assert_eq!(all, [["a/b"], ["me"], ["Basic x"], ["h"]]);
}

#[test]
fn a_length_that_is_not_that_of_the_body_is_permanent_and_nothing_is_sent() {
    assert_eq!(seen(|to| to.header("Content-Length", "6"), "prompt").text(), "prompt");
    for said in ["3", "7", "six"] {
        let server = Server::saying(reply(200, &[], ""));
        let (class, sentence) = error(to(&server).header("Content-Length", said));
        assert_eq!((class, server.accepted()), (ErrorClass::Permanent, 0), "{sentence}");
        assert!(sentence.contains(said) && sentence.contains("6 bytes"), "{sentence}");
    }
}

#[test]
fn a_key_is_a_bearer_without_the_blanks_around_it() {
    assert_eq!(seen(|to| to.key(" k-1 \n"), "").header("authorization"), Some("Bearer k-1"));
}

#[test]
fn a_fixed_body_and_none_are_sent_whatever_the_prompt() {
    let fixed = seen(|to| to.body(*b"\0fixed"), "p");
    assert_eq!((fixed.body.as_slice(), fixed.header("content-type")), (&b"\0fixed"[..], None));
    assert_eq!(seen(HttpBackendBuilder::no_body, "p").body, b"");
}

#[test]
fn a_large_prompt_is_sent_whole() {
    let prompt = "line ☃\n".repeat(600_000);
    assert!(seen(|to| to, &prompt).text() == prompt);
}

#[test]
fn a_body_waits_for_the_100_that_it_expects_and_goes_without_it_after_a_while() {
    for says_continue in [true, false] {
        let server = Server::start(move |_, peer| {
            if says_continue {
                peer.write_all(b"HTTP/1.1 100 Continue\r\n\r\n")?;
            }
            peer.read_exact(&mut [0; 6])?;
            peer.write_all(&reply(200, &[], "ok")).map(|()| true)
        });
        assert_eq!(verdict(to(&server).header("Expect", "100-continue")), Ok("ok".to_owned()));
    }
    let refusing = Server::start(|_, peer| peer.write_all(&reply(417, &[], "no")).map(|()| false));
    assert_eq!(error(to(&refusing).header("Expect", "100-continue")).0, ErrorClass::Permanent);
}

#[test]
fn a_chat_is_asked_below_its_address_and_answers_with_its_first_choice() {
    let answer =
        json!({"choices": [{"message": {"content": "hällo"}}], "usage": {"prompt_tokens": 3, "completion_tokens": 2}});
    let server = Server::saying(reply(200, &[], answer.to_string()));
    let chat = HttpBackend::openai(server.url("/v1/")).model("m").system_prompt("Be brief.").key("k").build().unwrap();
    let cancel = CancelToken::new();
    let cx = Context::new(&cancel);
    assert_eq!(chat.send(&"hi".into(), &cx).unwrap().text(), "hällo");
    assert_eq!((cx.usage().input_tokens, cx.usage().output_tokens, cx.usage().cost_usd), (Some(3), Some(2), None));
    let seen = server.requests().remove(0);
    assert_eq!((seen.method.as_str(), seen.target.as_str()), ("POST", "/v1/chat/completions"));
    assert_eq!(seen.header("authorization"), Some("Bearer k"));
    let messages = json!([{"role": "system", "content": "Be brief."}, {"role": "user", "content": "hi"}]);
    assert_eq!(serde_json::from_slice::<Value>(&seen.body).unwrap(), json!({"model": "m", "messages": messages}));
}

#[test]
fn an_answer_of_a_chat_that_is_none_is_invalid_with_its_own_words_and_its_usage() {
    for (body, word) in [
        (r#"{"error": {"message": "on fire"}, "usage": {"prompt_tokens": 5}}"#, "on fire"),
        (r#"{"choices": [], "usage": {"prompt_tokens": 5}}"#, "no choices"),
        (r#"{"choices": [{"message": {"content": ""}}], "usage": {"prompt_tokens": 5}}"#, "no content"),
    ] {
        let server = Server::saying(reply(200, &[], body));
        let cancel = CancelToken::new();
        let cx = Context::new(&cancel);
        let failed = HttpBackend::openai(server.url("")).build().unwrap().send(&"".into(), &cx).unwrap_err();
        assert_eq!((failed.class(), failed.to_string().contains(word)), (ErrorClass::InvalidAnswer, true), "{failed}");
        assert_eq!(cx.usage().input_tokens, Some(5));
    }
}

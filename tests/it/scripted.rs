//! The backend for users' tests.

use seawall::testing::ScriptedBackend;
use seawall::{Backend, CancelToken, Context, ErrorClass, Message, Response, SendError};

#[test]
fn a_scripted_backend_gives_its_script_in_order_and_then_a_permanent_error() {
    let backend = ScriptedBackend::<Message>::new([Ok(Response::new("one")), Err(SendError::overloaded("two"))]);
    let cancel = CancelToken::new();
    let ask = |prompt: &str| backend.send(&prompt.into(), &Context::new(&cancel));

    assert_eq!(ask("a").unwrap().text(), "one");
    assert_eq!(ask("b").unwrap_err().class(), ErrorClass::Overloaded);
    let over = ask("c").unwrap_err();
    assert_eq!((over.class(), over.to_string()), (ErrorClass::Permanent, "the script is over".into()));
    let prompts: Vec<_> = backend.calls().iter().map(|call| call.prompt().to_owned()).collect();
    assert_eq!(prompts, ["a", "b", "c"]);
}

#[test]
fn a_scripted_backend_takes_requests_and_responses_of_any_type() {
    let backend = ScriptedBackend::<(u8, u8), u8>::new([Ok(7)]);
    let cancel = CancelToken::new();
    assert_eq!(backend.send(&(3, 4), &Context::new(&cancel)).unwrap(), 7);
    assert_eq!(backend.calls(), [(3, 4)]);
    assert_eq!(format!("{backend:?}"), "ScriptedBackend { calls: 1, left: 0, .. }");
}

#[test]
fn each_entry_of_a_script_goes_to_one_of_many_threads() {
    let backend = ScriptedBackend::<(), u32>::new((0..400).map(Ok));
    let mut answers = Vec::new();
    std::thread::scope(|scope| {
        let ask = || {
            let cancel = CancelToken::new();
            (0..100).map(|_| backend.send(&(), &Context::new(&cancel)).unwrap()).collect::<Vec<_>>()
        };
        let threads: Vec<_> = (0..4).map(|_| scope.spawn(ask)).collect();
        for thread in threads {
            answers.extend(thread.join().unwrap());
        }
    });
    answers.sort_unstable();
    assert_eq!(answers, (0..400).collect::<Vec<_>>());
}

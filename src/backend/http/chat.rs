//! Chat completions, as `OpenAI` began them.

use crate::send_error::SendError;
use crate::usage::Usage;
use serde_json::{Map, Value, json};
use std::fmt;

/// What a request asks for. What is not set is not sent.
#[derive(Clone, Default)]
pub(super) struct Chat {
    pub(super) model: Option<String>,
    pub(super) system_prompt: Option<String>,
    pub(super) temperature: Option<f64>,
    pub(super) max_tokens: Option<u64>,
}

impl Chat {
    pub(super) fn body(&self, prompt: &str) -> String {
        let system = self.system_prompt.iter().map(|content| json!({"role": "system", "content": content}));
        let user = json!({"role": "user", "content": prompt});
        let mut body = Map::new();
        body.extend(self.model.as_ref().map(|model| ("model".to_owned(), json!(model))));
        body.insert("messages".to_owned(), system.chain([user]).collect());
        body.extend(self.temperature.map(|temperature| ("temperature".to_owned(), json!(temperature))));
        body.extend(self.max_tokens.map(|tokens| ("max_tokens".to_owned(), json!(tokens))));
        Value::Object(body).to_string()
    }
}

/// Without the prompt.
impl fmt::Debug for Chat {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Chat").field("model", &self.model).finish_non_exhaustive()
    }
}

/// What an answer says it took.
pub(super) fn usage_of(answer: &Value) -> Usage {
    let tokens = |key: &str| answer.get("usage")?.get(key)?.as_u64();
    let usage = Usage::new();
    let usage = tokens("prompt_tokens").map_or(usage, |tokens| usage.with_input_tokens(tokens));
    tokens("completion_tokens").map_or(usage, |tokens| usage.with_output_tokens(tokens))
}

/// The text of the first choice, or why there is none.
pub(super) fn text_of(answer: &Value) -> Result<String, SendError> {
    if let Some(error) = answer.get("error").filter(|error| !is_nothing(error)) {
        let words = error.get("message").and_then(Value::as_str).map_or_else(|| error.to_string(), str::to_owned);
        return Err(SendError::invalid_answer(format!("the answer is an error: {words}")));
    }
    let message = answer.pointer("/choices/0/message");
    let message = message.ok_or_else(|| SendError::invalid_answer("there are no choices in the answer"))?;
    if let Some(refusal) = message.get("refusal").and_then(Value::as_str).filter(|refusal| !refusal.is_empty()) {
        return Err(SendError::permanent(format!("refused: {refusal}")));
    }
    let content = content_of(message.get("content").unwrap_or(&Value::Null));
    content.filter(|content| !content.is_empty()).ok_or_else(|| SendError::invalid_answer("the answer has no content"))
}

/// What some say instead of leaving an error out.
fn is_nothing(error: &Value) -> bool {
    error.is_null() || *error == json!(false) || *error == json!("")
}

/// A text, or the texts of its parts.
fn content_of(content: &Value) -> Option<String> {
    match content {
        Value::String(text) => Some(text.clone()),
        Value::Array(parts) => Some(parts.iter().filter_map(|part| part.get("text")?.as_str()).collect()),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::send_error::ErrorClass;

    #[test]
    fn what_is_not_set_is_not_sent() {
        let user = json!({"role": "user", "content": "hi"});
        let sent = |chat: Chat| serde_json::from_str::<Value>(&chat.body("hi")).unwrap();
        assert_eq!(sent(Chat::default()), json!({"messages": [user]}));
        let full = Chat {
            model: Some("m".into()),
            system_prompt: Some("s".into()),
            temperature: Some(0.5),
            max_tokens: Some(7),
        };
        let system = json!({"role": "system", "content": "s"});
        let wanted = json!({"model": "m", "messages": [system, user], "temperature": 0.5, "max_tokens": 7});
        assert_eq!(sent(full), wanted);
    }

    #[test]
    fn an_answer_is_the_text_of_its_first_choice_or_an_error() {
        let of = |message: Value| text_of(&json!({"choices": [{"message": message}]}));
        assert_eq!(of(json!({"content": "a"})).unwrap(), "a");
        assert_eq!(
            of(json!({"content": [{"type": "text", "text": "a"}, {"text": "b"}], "refusal": null})).unwrap(),
            "ab"
        );
        let refused = of(json!({"content": null, "refusal": "no"})).unwrap_err();
        assert_eq!((refused.class(), refused.to_string()), (ErrorClass::Permanent, "refused: no".into()));
        for none in [json!({"content": ""}), json!({"content": null}), json!({}), json!({"content": []})] {
            assert_eq!(of(none).unwrap_err().class(), ErrorClass::InvalidAnswer);
        }
        let error = |answer: Value| text_of(&answer).unwrap_err();
        let on_fire = error(json!({"error": {"message": "on fire"}, "choices": []}));
        assert_eq!((on_fire.class(), on_fire.to_string().contains("on fire")), (ErrorClass::InvalidAnswer, true));
        assert!(error(json!({"error": "down"})).to_string().contains("down"));
        for nothing in [json!(null), json!(false), json!("")] {
            assert_eq!(text_of(&json!({"error": nothing, "choices": [{"message": {"content": "a"}}]})).unwrap(), "a");
        }
        for none in [json!({}), json!([]), json!({"choices": []}), json!({"choices": null}), json!(7)] {
            assert_eq!(error(none).class(), ErrorClass::InvalidAnswer);
        }
    }

    #[test]
    fn usage_is_what_the_answer_says_and_no_more() {
        let usage = usage_of(&json!({"usage": {"prompt_tokens": 11, "completion_tokens": 7, "total_tokens": 18}}));
        assert_eq!((usage.input_tokens, usage.output_tokens, usage.cost_usd), (Some(11), Some(7), None));
        assert!(usage_of(&json!({"usage": null})).is_empty() && usage_of(&json!({})).is_empty());
    }
}

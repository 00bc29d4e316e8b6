//! Loads as one page that needs nothing beside itself: each as a column of charts, all on the same axes.

mod axes;
mod bands;
mod charts;
mod curve;
mod tables;
mod words;

use super::circuit::Change;
use crate::html::Escaped;
use axes::{Axes, Drawn};
use seawall::load::LoadResult;
use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::hash::{BuildHasher, RandomState};
use std::io::{self, Write};

const PAGE: &str = include_str!("page/page.html");
const STYLE: &str = include_str!("page/style.css");
const SCRIPT: &str = include_str!("page/script.js");

/// What a page shows.
pub(crate) struct Page<'a> {
    pub(crate) title: String,
    /// Of what load, in words.
    pub(crate) facts: String,
    /// At least one.
    pub(crate) loads: Vec<Shown<'a>>,
    /// What was judged, and whether it is good.
    pub(crate) judged: Vec<(bool, String)>,
    /// Of each class of error the message of the first one.
    pub(crate) examples: BTreeMap<&'static str, String>,
}

/// One load.
pub(crate) struct Shown<'a> {
    /// Empty where there is only one.
    pub(crate) name: String,
    pub(crate) result: &'a LoadResult,
    pub(crate) changes: &'a [Change],
}

/// Writes it.
pub(crate) fn write(out: &mut dyn Write, page: &Page<'_>) -> io::Result<()> {
    // Unknown beforehand to whoever answered the load and has words on the page.
    let nonce = format!("{:016x}", RandomState::new().hash_one(()));
    let most = if page.loads.len() > 1 { 120 } else { 240 };
    let drawn: Vec<Drawn<'_>> = page.loads.iter().map(|shown| Drawn::of(shown, most)).collect();
    let axes = Axes::of(&drawn);
    for (place, part) in PAGE.split("@@").enumerate() {
        let filled = match part {
            _ if place % 2 == 0 => part.to_owned(),
            "nonce" => nonce.clone(),
            "style" => STYLE.to_owned(),
            "script" => SCRIPT.to_owned(),
            "title" => Escaped(&page.title).to_string(),
            "facts" => Escaped(&page.facts).to_string(),
            "judged" => judged(&page.judged),
            "words" => words(&drawn),
            "loads" => loads(&drawn, &axes),
            "curve" => curve::figure(&drawn, &axes),
            "percentiles" => tables::percentiles(&drawn),
            "errors" => tables::errors(&drawn, &page.examples),
            "tables" => tables::intervals(&drawn),
            other => unreachable!("the page has a place for {other}"),
        };
        out.write_all(filled.as_bytes())?;
    }
    Ok(())
}

fn judged(judged: &[(bool, String)]) -> String {
    let chip = |(is_good, text): &(bool, String)| {
        let class = if *is_good { "good" } else { "bad" };
        format!("<li class=\"{class}\">{}</li>", Escaped(text))
    };
    judged.iter().map(chip).collect()
}

fn words(drawn: &[Drawn<'_>]) -> String {
    let mut text = String::new();
    for (load, drawn) in drawn.iter().enumerate() {
        let name = Escaped(&drawn.shown.name);
        let _ = write!(text, "<div class=\"story\"><h3 class=\"l{load}\">{name}</h3><ul>");
        for sentence in words::sentences(drawn) {
            let _ = write!(text, "<li>{}</li>", Escaped(&sentence));
        }
        text.push_str("</ul></div>");
    }
    text
}

fn loads(drawn: &[Drawn<'_>], axes: &Axes) -> String {
    let column = |(load, drawn): (usize, &Drawn<'_>)| {
        let name = Escaped(&drawn.shown.name);
        let charts = charts::all(drawn, axes);
        format!("<section class=\"load card\" data-load=\"{load}\"><h2 class=\"l{load}\">{name}</h2>{charts}</section>")
    };
    drawn.iter().enumerate().map(column).collect()
}

//! `GET /items`: pages, cursors and limits.

use std::collections::BTreeMap;

use crate::running_service::RunningService;

on_both_stores!(
    an_empty_table_is_one_empty_page,
    pages_hold_each_item_exactly_once,
    a_page_holds_100_items_unless_told,
    a_cursor_outlives_its_item,
    a_bad_limit_is_refused,
    a_bad_cursor_is_refused,
    a_parameter_given_twice_is_refused,
);

const ITEMS: usize = 250;

fn an_empty_table_is_one_empty_page(service: &RunningService) {
    service.is_empty();
}

fn pages_hold_each_item_exactly_once(service: &RunningService) {
    let created = create_many(service, ITEMS);
    for limit in [1000, 250, 97] {
        let pages = pages(service, Some(limit));
        assert!(pages.len() >= ITEMS.div_ceil(limit), "{} pages of {limit}", pages.len());
        assert!(pages.iter().all(|page| page.len() <= limit));
        let listed: Vec<_> = pages.into_iter().flatten().collect();
        assert_eq!(listed.len(), ITEMS, "limit {limit}");
        assert_eq!(BTreeMap::from_iter(listed), created, "limit {limit}");
    }
}

fn a_page_holds_100_items_unless_told(service: &RunningService) {
    create_many(service, 101);
    let sizes: Vec<_> = pages(service, None).iter().map(Vec::len).collect();
    assert_eq!(sizes, [100, 1]);
}

fn a_cursor_outlives_its_item(service: &RunningService) {
    let created = create_many(service, 3);
    let (first, cursor) = page(service, "?limit=1");
    let deleted = &first[0].0;
    assert_eq!(service.delete(&format!("/items/{deleted}")).status, 200);
    let (rest, _) = page(service, &format!("?limit=10&cursor={}", cursor.unwrap()));
    let remaining: BTreeMap<_, _> = created.into_iter().filter(|(id, _)| id != deleted).collect();
    assert_eq!(BTreeMap::from_iter(rest), remaining);
}

fn a_bad_limit_is_refused(service: &RunningService) {
    for limit in [
        "0",
        "1001",
        "-1",
        "1.5",
        "ten",
        "",
        "%20",
        "99999999999999999999",
        "0x10",
    ] {
        service
            .get(&format!("/items?limit={limit}"))
            .refusal_about(400, "'limit'");
    }
    for limit in ["1", "1000"] {
        assert_eq!(service.get(&format!("/items?limit={limit}")).status, 200, "{limit}");
    }
}

fn a_bad_cursor_is_refused(service: &RunningService) {
    create_many(service, 2);
    let (_, cursor) = page(service, "?limit=1");
    let cursor = cursor.unwrap();
    let (shortened, too_long) = (&cursor[..2], "A".repeat(4000));
    for bad in [
        "",
        "x",
        "!!!",
        "bm9uc2Vuc2U",
        "AQ",
        "Af__",
        "%FF",
        "a%00b",
        shortened,
        &too_long,
    ] {
        let answer = service.get(&format!("/items?cursor={bad}"));
        // Cut off at a whole byte, a cursor can still be one: then it starts elsewhere.
        if bad != shortened || answer.status != 200 {
            answer.refusal(400);
        }
    }
}

fn a_parameter_given_twice_is_refused(service: &RunningService) {
    service.get("/items?limit=1&limit=2").refusal_about(400, "'limit'");
    service.get("/items?cursor=a&cursor=b").refusal_about(400, "'cursor'");
}

/// Creates this many items; the answer is id and name of each.
fn create_many(service: &RunningService, count: usize) -> BTreeMap<String, String> {
    let items: BTreeMap<_, _> = (0..count).map(|n| (format!("item-{n}"), format!("Name {n}"))).collect();
    let mut connection = service.connect();
    for (id, name) in &items {
        let answer = connection.send_json("POST", "/items", &crate::stores::new_item(id, name));
        assert_eq!(answer.status, 201, "{answer:?}");
    }
    items
}

/// Ids and names page by page, to the end.
pub(crate) fn pages(service: &RunningService, limit: Option<usize>) -> Vec<Vec<(String, String)>> {
    let limit = limit.map(|limit| format!("&limit={limit}")).unwrap_or_default();
    let mut pages = Vec::new();
    let mut query = String::new();
    loop {
        let (items, cursor) = page(service, &format!("?{query}{limit}"));
        pages.push(items);
        match cursor {
            Some(cursor) => query = format!("cursor={cursor}"),
            None => return pages,
        }
        assert!(pages.len() <= 2 * ITEMS, "the pages do not end");
    }
}

/// Items of one page and its cursor, which must be usable in a URL as it is.
fn page(service: &RunningService, query: &str) -> (Vec<(String, String)>, Option<String>) {
    let answer = service.get(&format!("/items{query}"));
    assert_eq!(answer.status, 200, "{answer:?}");
    let body = answer.json();
    assert_eq!(body.as_object().unwrap().len(), 2, "{body}");
    let items = body["items"].as_array().unwrap().iter().map(|item| {
        assert_eq!(item.as_object().unwrap().len(), 2, "{item}");
        (
            item["id"].as_str().unwrap().to_owned(),
            item["name"].as_str().unwrap().to_owned(),
        )
    });
    let cursor = body.get("next_cursor").unwrap().as_str().map(str::to_owned);
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_');
    assert!(cursor.as_ref().is_none_or(|cursor| cursor.bytes().all(plain)));
    (items.collect(), cursor)
}

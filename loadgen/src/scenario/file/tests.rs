use super::*;

/// The mistakes of a text, as they are shown.
fn mistakes(text: &str) -> String {
    match parse("s.toml", text, Some(Path::new("/nowhere")), &[]) {
        Err(ScenarioError::Mistakes(diagnostics)) => {
            let shown: Vec<String> = diagnostics.iter().map(ToString::to_string).collect();
            shown.join("\n")
        }
        other => panic!("{other:?}"),
    }
}

/// Place, mistake and advice of each mistake.
fn found(text: &str) -> Vec<String> {
    match parse("s.toml", text, Some(Path::new("/nowhere")), &[]) {
        Err(ScenarioError::Mistakes(diagnostics)) => diagnostics
            .into_iter()
            .map(|found| format!("{}:{} {}", found.line, found.column, found.message))
            .collect(),
        Ok(_) => Vec::new(),
        Err(error) => vec![error.to_string()],
    }
}

fn definition(text: &str) -> Definition {
    parse("s.toml", text, None, &[]).unwrap_or_else(|error| panic!("{error}"))
}

#[test]
fn a_mistake_is_shown_where_it_is() {
    let text = "name = \"shop\"\n\n[[step]]\nname = \"read\"\npath = \"/items/{{itme}}\"\nwieght = 1\n";
    assert_eq!(
        mistakes(text),
        "\
error: `itme` is not defined
 --> s.toml:5:16
  |
5 | path = \"/items/{{itme}}\"
  |                ^^^^^^^^ define it under [variables], capture it in a step, or give --var itme=…
error: a step has no key `wieght`
 --> s.toml:6:1
  |
6 | wieght = 1
  | ^^^^^^ did you mean `weight`?"
    );
}

#[test]
fn all_mistakes_are_found_at_once() {
    let text = r#"
think_time = "3s..1s"
[variables]
"2x" = 1
vu = 3
n = { range = [5, 1] }
u = { uuid = true, range = [1, 2] }
user = { file = "missing.csv" }
[resources.item]
id = "{{vu}}"
[[step]]
name = "a:b"
weight = 0
path = "http://elsewhere/"
expect = [200, "2x"]
headers = { "Content-Length" = "5", "X-A" = "{{n:raw}}" }
checks = [{ json = "items" , exists = true }, { body_matches = "(" }, { header = "A" }]
[[step]]
name = "b"
path = "items"
json = { a = "x{{n:raw}}" }
body = "b"
uses = "cart"
thresholds = ["p99<1s"]
capture = { n = { json = "/a" } }
"#;
    let found = found(text);
    for expected in [
        "2:14 the think time ends before it begins",
        "4:1 `2x` cannot be the name of a variable",
        "5:1 `vu` is a variable that every scenario has",
        "6:5 `range` ends before it begins",
        "7:5 `u` is made from one thing only",
        "8:17 /nowhere/missing.csv cannot be used: No such file or directory (os error 2)",
        "10:6 an id is made of run_id, vu and number, each of which it needs to be unique, and of nothing else",
        "9:12 no step creates `item`",
        "9:12 no step deletes `item`",
        "12:8 `a:b` cannot be the name of a step",
        "13:1 a step of weight 0 is never taken",
        "14:8 a path is relative to the URL of the command line, this is a whole URL",
        "15:16 `2x` is no status",
        "16:13 this header is loadgen's own business",
        "16:46 `:raw` is of no use here",
        "17:20 `items` is no JSON pointer",
        "17:64 this is no regular expression: unclosed group",
        "17:71 it is not said what is wanted of it, or more than one thing",
        "18:1 this step has no weight, others have",
        "20:8 a path begins with /",
        "21:16 {{n:raw}} stands inside a longer JSON string",
        "21:1 a step has one body",
        "23:8 there is no resource `cart`",
        "25:13 nothing can be captured as `n`, which is the name of something else already",
    ] {
        assert!(
            found.iter().any(|found| found == expected),
            "{expected} is not in {found:#?}"
        );
    }
    assert!(found.iter().any(|found| found.starts_with("24:15 ")), "{found:#?}");
}

#[test]
fn what_is_not_toml_is_said_with_its_place() {
    let found = found("name = \"x\"\n[[step]\nname = 1\n");
    assert!(found[0].starts_with("2:") && found[0].contains("not TOML"), "{found:?}");
}

#[test]
fn a_name_cannot_steer_the_terminal() {
    let text = "[[step]]\nname = \"\\u001b[2J\"\npath = \"/\"\n";
    assert_eq!(found(text), [r"2:8 `\u{1b}[2J` cannot be the name of a step"]);
}

#[test]
fn other_mistakes_are_found_too() {
    let step = "[[step]]\nname = \"a\"\npath = \"/\"\n";
    for (text, expected) in [
        (String::new(), "1:1 a scenario has at least one step"),
        (format!("{step}{step}"), "5:1 there are two steps called `a`"),
        (
            format!("{step}[[flow]]\nname = \"f\"\n[[flow.step]]\nname = \"b\"\npath = \"/\""),
            "1:3 a scenario has either [[step]] or [[flow]], not both",
        ),
        (
            format!(
                "{step}headers = {{ A = \"{{{{token}}}}\" }}\n[[step]]\nname=\"b\"\npath=\"/\"\ncapture={{ token = {{ header = \"A\" }} }}"
            ),
            "4:18 `token` is used before it is captured",
        ),
        (
            format!("{step}think_time = 5"),
            "4:14 `think_time` is a table, this is an integer",
        ),
        (
            format!("{step}method = \"CONNECT\""),
            "4:10 `CONNECT` is no method that can be put under load",
        ),
        (
            format!("{step}json = '{{\"a\": {{{{x}}}}}}'"),
            "4:8 `json` is no JSON (key must be a string at line 1 column 8)",
        ),
        (
            format!("[[set_up]]\nname = \"s\"\npath = \"/\"\nweight = 1\n{step}"),
            "4:1 steps of set-up and clean-up are taken in order and have no weights",
        ),
        (
            format!("[variables]\nx = \"a\\nb\"\n{step}headers = {{ A = \"{{{{x}}}}\" }}"),
            "6:18 the value of `x` cannot stand here",
        ),
        (
            format!("{step}body_file = \"/dev/zero\""),
            "4:13 /dev/zero cannot be used: a body has at most 16 MiB",
        ),
        (
            (0..51)
                .map(|n| format!("[[step]]\nname = \"s{n}\"\npath = \"/\"\n"))
                .collect(),
            "151:1 a scenario has at most 50 steps, this one has 51",
        ),
    ] {
        let found = found(&text);
        assert!(
            found.iter().any(|found| found == expected),
            "{expected} is not in {found:#?}\n{text}"
        );
    }
}

#[test]
fn vars_must_be_known_and_used() {
    let vars = |name: &str| [(name.to_owned(), "v".to_owned())];
    let step = "[[step]]\nname = \"a\"\npath = \"/{{x}}\"\n";
    assert!(parse("s", step, None, &vars("x")).is_ok());
    for (name, reason) in [("y", "does not use"), ("vu", "every scenario has"), ("a b", "letters")] {
        let text = format!("[variables]\nx = 1\n{step}");
        let error = parse("s", &text, None, &vars(name)).unwrap_err().to_string();
        assert!(error.contains(reason), "{error}");
    }
}

#[test]
fn the_built_in_scenario_is_what_it_says() {
    let scenario = Scenario::named("items", &[]).unwrap();
    let names: Vec<&str> = scenario.steps().iter().map(|step| step.name.as_str()).collect();
    assert_eq!(names, ["create", "read", "update", "list", "delete"]);
    assert_eq!(scenario.leftovers("r1"), "items whose ids begin with lg-r1");
    let target = "http://host/".parse().unwrap();
    assert_eq!(scenario.opening(&target), "POST http://host/items");
    let report = check(Path::new("items"), &[]).unwrap();
    for line in [
        "items: creates, reads, updates, lists and deletes items of its own and removes them afterwards",
        "Every virtual user creates 4 items, keeps 1 to 100 of its own, and deletes them afterwards",
        "   60.0 %  read: GET /items/{…}; expects 200; uses item; checks the item's id",
        "  PUT /items/lg-RUN-ID-0-0000000000 HTTP/1.1",
        "  {\"id\":\"lg-RUN-ID-0-0000000000\",\"name\":\"created under load\"}",
    ] {
        assert!(report.lines().any(|found| found == line), "{line} is not in\n{report}");
    }
}

#[test]
fn secrets_are_not_shown() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("s.toml");
    std::fs::write(directory.path().join("u.csv"), "name,password\nann,pass word\n").unwrap();
    std::fs::write(
        &path,
        "[variables]\nu = { file = \"u.csv\" }\n[[step]]\nname = \"login\"\nmethod = \"POST\"\npath = \"/login\"\n\
         form = { name = \"{{u.name}}\", p = \"{{u.password}}\", k = \"{{k}}\" }\nheaders = { Authorization = \"Bearer abc\" }\n",
    )
    .unwrap();
    let report = check(&path, &[("k".to_owned(), "key/1".to_owned())]).unwrap();
    assert!(
        report.contains("name=ann&p=***&k=***") && report.contains("Authorization: ***"),
        "{report}"
    );
    for secret in ["pass", "key", "abc"] {
        assert!(
            !report.contains(&format!("{secret} ")) && !report.contains(&format!("{secret}%")),
            "{report}"
        );
    }
}

#[test]
fn think_times_come_from_the_nearest_place() {
    let definition = definition(
        "think_time = \"1s\"\n[[flow]]\nname = \"f\"\nthink_time = \"1s..3s\"\n[[flow.step]]\nname = \"a\"\npath = \"/\"\n\
         [[flow.step]]\nname = \"b\"\npath = \"/\"\nthink_time = { exponential = \"2s\" }\n\
         [[flow]]\nname = \"g\"\nweight = 3\n[[flow.step]]\nname = \"c\"\npath = \"/\"\n",
    );
    let pauses: Vec<String> = definition
        .steps
        .iter()
        .map(|step| step.think_time.map(|pause| pause.to_string()).unwrap_or_default())
        .collect();
    assert_eq!(
        pauses,
        ["1s to 3s, uniform", "exponential with mean 2s, at most 20s", "1s"]
    );
    let mut rng = fastrand::Rng::with_seed(4);
    let second = (0..4000).filter(|_| definition.pick_flow(&mut rng) == 1).count();
    assert!((2850..3150).contains(&second), "{second}");
}

proptest::proptest! {
    #[test]
    fn no_text_makes_it_panic(text in "\\PC{0,200}") {
        let _ = parse("s", &text, None, &[]);
        let _ = parse("s", &format!("[[step]]\nname = \"a\"\npath = '/{text}'"), None, &[]);
    }
}

#[test]
fn the_example_of_the_documentation_is_right() {
    let page = include_str!("../../../../docs/scenarios.md");
    let mut blocks = page
        .split("```toml\n")
        .skip(1)
        .map(|rest| rest.split("```").next().unwrap());
    let directory = tempfile::tempdir().unwrap();
    std::fs::write(directory.path().join("users.csv"), "name\nann\n").unwrap();
    let vars = [("key".to_owned(), "k".to_owned())];
    let shop = blocks.next().unwrap();
    if let Err(error) = parse("shop.toml", shop, Some(directory.path()), &vars) {
        panic!("{error}");
    }
    let resource = blocks.next().unwrap();
    let text = format!(
        "{resource}[[step]]\nname = \"c\"\nweight = 0\ncreates = \"item\"\npath = \"/\"\n[[step]]\nname = \"d\"\nweight = 0\n\
         deletes = \"item\"\npath = \"/\"\n[[step]]\nname = \"u\"\nweight = 1\nuses = \"item\"\npick = \"newest\"\npath = \"/{{{{item}}}}\"\n"
    );
    let definition = definition(&text);
    let resource = &definition.resources[0];
    assert_eq!(
        (resource.create, resource.delete, resource.using, resource.unrelated),
        (0, 1, Some(2), None)
    );
    assert_eq!((resource.at_start, resource.least, resource.most), (4, 1, 100));
}

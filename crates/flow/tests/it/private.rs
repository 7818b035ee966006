//! Who is named: nowhere in a leaf, sealed at rest, and asked for in free text by no form unnoticed; and who reads the journal.

use crate::features::{file, files, filled, worlds};
use crate::support::officer;
use access::{Principal, Role};
use serde_json::json;

#[tokio::test]
async fn who_is_named_in_a_person_or_a_signature_stands_in_no_leaf_and_is_sealed_at_rest() {
    for (name, w) in worlds().await {
        let one = officer(1, "620102");
        let matter = file(&w, &one, filled(), None).await.unwrap().matter;
        let texts = ["select canonical as text from journal", "select body as text from form_entry"];
        for row in [w.store.query(texts[0], &[]).await.unwrap(), w.store.query(texts[1], &[]).await.unwrap()]
            .concat()
        {
            let text = row.text("text").unwrap();
            for somebody in ["虚构厨师", "张三"] {
                assert!(!text.contains(somebody), "{name}: {somebody} stands in {text}");
            }
        }
        // who works on the matter reads both, who does not reads neither
        let leader = access::testing::principal(8, Role::Leader, "62", "", None);
        for (who, signed) in [(&one, json!({"name": "张三"})), (&leader, json!({"sealed": true}))] {
            let seen = w.view(who, matter).await.steps[0].form.as_ref().unwrap().1["signed"].clone();
            assert_eq!(seen, signed, "{name}");
        }
    }
}

#[test]
fn a_free_text_that_asks_for_a_name_is_told_unless_it_is_private() {
    let found = |title: &str, more: &str| {
        let mut files = files();
        let forms = files.get_mut("forms.toml").unwrap();
        let field = "title = { zh = \"举办者\", en = \"Host\" }\ntype = \"text\"\n";
        assert!(forms.contains(field));
        *forms = forms.replacen(
            field,
            &field
                .replace("举办者", title)
                .replace("en = \"Host\" }\n", &format!("en = \"Host\" }}\n{more}")),
            1,
        );
        let d = flow::load("banquet", &files).unwrap();
        let effects = flow::Effects::builtin();
        let words = flow::Vocabulary::new(effects.names().map(ToOwned::to_owned), std::slice::from_ref(&d));
        flow::check(&d, &words).into_iter().map(|f| f.place).collect::<Vec<_>>()
    };
    assert_eq!(found("举办者姓名", ""), ["form.filing.name"]);
    assert_eq!(found("举办者姓名", "private = true\n"), Vec::<String>::new());
    assert_eq!(
        found("举办者姓名", "offer = \"officer\"\n"),
        Vec::<String>::new(),
        "officers act under their names"
    );
    assert_eq!(found("举办地点", ""), Vec::<String>::new());
}

#[tokio::test]
async fn the_journal_of_a_matter_is_read_by_its_department_and_no_higher_than_it_is_classified() {
    for (name, w) in worlds().await {
        file(&w, &officer(1, "620102"), filled(), None).await.unwrap();
        let read = async |who: &Principal| {
            let scope = w.access.scope(who, "view", "journal", w.now).with_agency("agency");
            let mut sql =
                store::Sql::new("select count(*) as n from journal where kind = 'matter.opened' and ");
            sql.append(&scope.sql("region", Some("classification"), None));
            w.store.select(&sql).await.unwrap()[0].int("n").unwrap()
        };
        let of = |agency: &str| access::testing::principal(2, Role::Officer, "620102", agency, None);
        let leader = access::testing::principal(3, Role::Leader, "62", "", None);
        let mut low = of("market");
        low.grants[0].ceiling = access::INTERNAL;
        let seen =
            [read(&of("market")).await, read(&low).await, read(&of("agri")).await, read(&leader).await];
        assert_eq!(seen, [1, 1, 0, 1], "{name}");
        let mut tx = w.store.begin().await.unwrap();
        tx.exec("update journal set classification = 2", &[]).await.unwrap();
        tx.commit().await.unwrap();
        assert_eq!([read(&of("market")).await, read(&low).await], [1, 0], "{name}: confidential");
    }
}

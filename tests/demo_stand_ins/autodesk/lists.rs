//! Data Management: what is refused, and what a list looks like.

use serde_json::Value;
use transship::demo::{AutodeskContent as Content, AutodeskOperation as Operation};

use super::{Aps, array, enc, text};
use crate::Stage;

fn top_folder(aps: &Aps<'_>) -> String {
    let top = aps.top_folders("?projectFilesOnly=true");
    text(&top.json()["data"][0]["id"])
}

#[test]
fn calls_need_a_token_that_is_good_and_may_read() {
    let stage = Stage::new();
    let aps = Aps::sign_in(&stage);
    let ask = |value: Option<String>| {
        let mut request = aps.http.get(aps.url("/project/v1/hubs"));
        if let Some(value) = value {
            request = request.header("Authorization", value);
        }
        let reply = aps.send(request).unwrap();
        (reply.status, reply.json()["errorCode"].as_str().unwrap_or("").to_owned())
    };
    let searcher = Aps::with_scope(&stage, "data:search").token;
    for (value, status, code) in [
        (Some(format!("Bearer {}", aps.token)), 200, ""),
        (None, 401, "AUTH-012"),
        (Some(format!("bearer {}", aps.token)), 401, "AUTH-006"),
        (Some(format!("Bearer  {}", aps.token)), 401, "AUTH-006"),
        (Some(format!("Bearer {}x", aps.token)), 401, "AUTH-006"),
        (Some("Bearer made-up".into()), 401, "AUTH-006"),
        (Some("Basic eDp5".into()), 401, "AUTH-006"),
        (Some(format!("Bearer {searcher}")), 403, "AUTH-010"),
    ] {
        assert_eq!(ask(value.clone()), (status, code.to_owned()), "{value:?}");
    }
}

#[test]
fn pages_and_filters_are_checked() {
    let stage = Stage::new();
    let aps = Aps::sign_in(&stage);
    let folder = top_folder(&aps);
    for (query, status) in [
        ("", 200),
        ("?page%5Bnumber%5D=0&page%5Blimit%5D=200", 200),
        ("?page[number]=0&page[limit]=1", 200),
        ("?page%5Bnumber%5D=99", 200),
        ("?page%5Blimit%5D=201", 400),
        ("?page%5Blimit%5D=0", 400),
        ("?page%5Blimit%5D=-1", 400),
        ("?page%5Blimit%5D=ten", 400),
        ("?page%5Bnumber%5D=-1", 400),
        ("?page%5Bnumber%5D=1.5", 400),
        ("?filter%5Btype%5D=items", 200),
        ("?filter%5Btype%5D=versions", 400),
        ("?includeHidden=yes", 400),
        ("?pageNumber=7&made=up", 200),
    ] {
        let reply = aps.get(&aps.folder(&folder, &format!("/contents{query}")));
        assert_eq!(reply.status, status, "{query}: {}", reply.text);
        if status == 400 {
            assert_eq!(reply.json()["errors"][0]["code"], "BAD_INPUT");
        }
    }
    assert_eq!(aps.top_folders("?excludeDeleted=1").status, 400);
}

#[test]
fn ids_are_percent_encoded_once_and_belong_together() {
    let stage = Stage::new();
    let aps = Aps::sign_in(&stage);
    let access = aps.access();
    let folder = top_folder(&aps);
    let file = aps.truth().file("Project Files/05 Correspondence/Letter.docx").unwrap().clone();
    let data = format!("/data/v1/projects/{}", access.project_id);
    let other = format!("/data/v1/projects/{}", access.european_project_id);
    let (version, twice) = (enc(&file.version_id), enc(&enc(&folder)));
    let no_such_version = version.replace("%3D1", "%3D2");
    for (path, status) in [
        (format!("{data}/folders/{}", enc(&folder)), 200),
        (format!("{data}/folders/{folder}"), 400),
        (format!("{data}/folders/{twice}"), 404),
        (format!("{data}/folders/{}", enc("urn:adsk.wipprod:fs.folder:co.nothing")), 404),
        (format!("{data}/folders/{}", enc(&file.id)), 404),
        (format!("{other}/folders/{}", enc(&folder)), 404),
        (format!("/data/v1/projects/b.nothing/folders/{}", enc(&folder)), 404),
        (format!("{data}/items/{}", enc(&file.id)), 200),
        (format!("{other}/items/{}", enc(&file.id)), 404),
        (format!("{data}/versions/{version}"), 200),
        (format!("{data}/versions/{}", version.replace("%3F", "?")), 404),
        (format!("{data}/versions/{no_such_version}"), 404),
        (format!("/project/v1/hubs/{}", access.hub_id), 200),
        ("/project/v1/hubs/b.nothing".into(), 404),
        (format!("/project/v1/hubs/{}/projects/{}", access.hub_id, access.project_id), 200),
        (
            format!("/project/v1/hubs/{}/projects/{}", access.hub_id, access.european_project_id),
            404,
        ),
        ("/data/v1/nothing".into(), 404),
    ] {
        let reply = aps.get(&path);
        assert_eq!(reply.status, status, "{path}: {}", reply.text);
    }
    let write = aps.http.post(aps.url("/project/v1/hubs")).bearer_auth(&aps.token);
    assert_eq!(aps.send(write).unwrap().status, 405);
}

#[test]
fn a_version_shows_what_a_register_needs() {
    let stage = Stage::new();
    let aps = Aps::sign_in(&stage);
    let truth = aps.truth();
    let plan = truth.file("Project Files/01 Drawings/Architecture/A-101 Floor plan.pdf").unwrap();
    let page = aps.get(&aps.folder(&plan.folder_id, "/contents")).json();
    let item = array(&page["data"]).into_iter().find(|item| item["id"] == *plan.id).unwrap();
    assert_eq!(item["relationships"]["tip"]["data"]["id"], *plan.version_id);
    assert_eq!(item["relationships"]["parent"]["data"]["id"], *plan.folder_id);
    let tips = array(&page["included"]);
    let tip = tips.iter().find(|tip| tip["id"] == *plan.version_id).unwrap();
    assert_eq!(tip["attributes"]["versionNumber"], 3);
    assert_eq!(tip["attributes"]["storageSize"], 180_000);
    assert_eq!(tip["attributes"]["fileType"], "pdf");
    assert_eq!(tip["links"]["webView"]["href"], *plan.link);
    let storage = tip["relationships"]["storage"]["data"]["id"].as_str();
    assert_eq!(storage, plan.storage_id.as_deref());
    assert_eq!(plan.created_at.len(), "2024-11-14T11:26:11.0000000Z".len());
    assert_eq!(tip["attributes"]["createTime"], *plan.updated_at);

    // A drawing's display name is not its name; versions come newest first.
    let drawing = tips.iter().find(|tip| tip["attributes"]["name"] == "A-201 Elevations.dwg");
    assert_eq!(drawing.unwrap()["attributes"]["displayName"], "A-201 Elevations");
    let item = format!("/data/v1/projects/{}/items/{}", aps.access().project_id, enc(&plan.id));
    let versions = aps.get(&format!("{item}/versions")).json();
    let numbers: Vec<Value> = array(&versions["data"])
        .iter()
        .map(|version| version["attributes"]["versionNumber"].clone())
        .collect();
    assert_eq!(numbers, [3, 2, 1]);
    assert_eq!(aps.get(&format!("{item}/tip")).json()["data"]["id"], *plan.version_id);
    let with_path = aps.get(&format!("{item}?includePathInProject=true")).json();
    let path = &with_path["data"]["attributes"]["pathInProject"];
    assert_eq!(path, "/Project Files/01 Drawings/Architecture");
}

#[test]
fn lists_have_pages_that_lead_to_each_other() {
    let stage = Stage::new();
    let aps = Aps::sign_in(&stage);
    let folder =
        aps.happen(Operation::AddFolder { folder: "Project Files".into(), name: "Many".into() });
    for number in 0..11 {
        aps.happen(Operation::AddFile {
            folder: folder.as_str().into(),
            name: format!("{number}.txt"),
            content: None,
            size_missing: false,
        });
    }
    let mut next = Some(aps.folder(&folder, "/contents?page%5Blimit%5D=4"));
    let mut names = Vec::new();
    let mut pages = 0;
    while let Some(address) = next {
        let page = aps.get(&address).json();
        pages += 1;
        assert_eq!(page["links"].get("prev").is_some(), pages > 1);
        assert_eq!(array(&page["data"]).len(), array(&page["included"]).len());
        let included = array(&page["included"]);
        names.extend(included.iter().map(|tip| text(&tip["attributes"]["name"])));
        next = page["links"]["next"]["href"].as_str().map(str::to_owned);
        let within = next.as_deref().is_none_or(|next| next.starts_with(&aps.access().base_url));
        assert!(within, "absolute, and at home");
    }
    assert_eq!(pages, 3);
    assert_eq!(names, (0..11).map(|number| format!("{number}.txt")).collect::<Vec<_>>());

    let empty =
        aps.happen(Operation::AddFolder { folder: folder.as_str().into(), name: "Empty".into() });
    let page = aps.get(&aps.folder(&empty, "/contents")).json();
    assert_eq!(page["data"], serde_json::json!([]));
    assert_eq!(page.get("included"), None);
    let of = |kind: &str| {
        let query = format!("/contents?filter%5Btype%5D={kind}");
        array(&aps.get(&aps.folder(&folder, &query)).json()["data"]).len()
    };
    assert_eq!((of("folders"), of("items")), (1, 11));
}

#[test]
fn what_is_deleted_is_shown_to_those_who_ask() {
    let stage = Stage::new();
    let aps = Aps::sign_in(&stage);
    let letters = aps.truth().file("Project Files/05 Correspondence/Letter.docx").unwrap().clone();
    let count = |query: &str| {
        let page = aps.get(&aps.folder(&letters.folder_id, &format!("/contents{query}"))).json();
        let hidden = |item: &&Value| item["attributes"]["hidden"] == true;
        (array(&page["data"]).len(), array(&page["data"]).iter().filter(hidden).count())
    };
    assert_eq!(count(""), (2, 0));
    assert_eq!(count("?includeHidden=true"), (3, 1));

    // Top folders are shown with the deleted ones unless they are not wanted.
    aps.happen(Operation::Delete { what: "Plans".into() });
    let top = |query: &str| {
        let names = array(&aps.top_folders(query).json()["data"]);
        names.iter().map(|folder| text(&folder["attributes"]["name"])).collect::<Vec<_>>()
    };
    assert_eq!(top("?projectFilesOnly=true&excludeDeleted=true"), ["Project Files"]);
    assert_eq!(top("?projectFilesOnly=true"), ["Project Files", "Plans"]);
    assert_eq!(top("").len(), 4, "with those that the service made for itself");
}

#[test]
fn a_search_finds_what_is_below_and_ends_with_its_last_page() {
    let stage = Stage::new();
    let aps = Aps::with_scope(&stage, "data:read data:search");
    let folder = top_folder(&aps);
    let search = |query: &str| aps.get(&aps.folder(&folder, &format!("/search{query}")));
    let found = array(&search("?filter%5BfileType%5D=dwg").json()["data"]);
    assert_eq!(found.len(), 2);
    assert_eq!(search("?page%5Bnumber%5D=50").status, 400);
    let reader = Aps::sign_in(&stage);
    assert_eq!(reader.get(&reader.folder(&folder, "/search")).status, 403);
}

#[test]
fn large_projects_are_made_by_numbers() {
    let stage = Stage::with(|options| options.autodesk.large = Some((30, 7)));
    let aps = Aps::sign_in(&stage);
    let id = aps.access().large_project_id.clone().unwrap();
    let truth = stage.world().autodesk_truth();
    let large = truth.project(&id).unwrap();
    assert_eq!(large.files.len(), 210);
    assert_eq!(large.folders, 30 + 4);
    let deepest = large.files.iter().map(|file| file.names.len()).max().unwrap();
    assert!(deepest > 4, "it is deep as well as broad: {deepest}");
    // The same for the same numbers, another for another seed.
    let make = |seed| {
        let operation = Operation::Generate { name: "again".into(), folders: 30, files: 7, seed };
        let id = aps.happen(operation);
        let truth = stage.world().autodesk_truth();
        let sizes = truth.project(&id).unwrap().files.iter().map(|file| file.size);
        sizes.collect::<Vec<_>>()
    };
    assert_eq!(make(0), large.files.iter().map(|file| file.size).collect::<Vec<_>>());
    assert_ne!(make(1), make(0));
    let one = &large.files[0];
    let bytes = stage.world().autodesk_content(&one.id).unwrap();
    assert_eq!(Some(bytes.len() as u64), one.size);
    assert_eq!(Content::noise(5).size(), 5);
}

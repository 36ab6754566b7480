//! Resources as JSON:API shows them (the official OpenAPI and its examples).

use serde_json::{Map, Value, json};

use super::encoded;
use crate::demo::autodesk::USER;
use crate::demo::autodesk::tree::{File, Folder, Hub, Node, Project, Tree, Version};
use crate::demo::autodesk::tree::{mime_type, stamp, type_of};

const PERSON: &str = "Testina O'Specimen";

/// How things are shown.
pub(in crate::demo::autodesk) struct Show<'a> {
    pub(super) tree: &'a Tree,
    /// The API's own address.
    pub(super) base: &'a str,
    /// Versions come without their size.
    pub(super) without_size: bool,
    /// Versions come without their object.
    pub(super) without_storage: bool,
}

/// A document of one resource or a list.
pub(super) fn document(links: Value, data: Value) -> Value {
    json!({ "jsonapi": { "version": "1.0" }, "links": links, "data": data })
}

impl Show<'_> {
    pub(super) fn hub(&self, hub: &Hub) -> Value {
        let kind = if hub.personal {
            "hubs:autodesk.a360:PersonalHub"
        } else {
            "hubs:autodesk.bim360:Account"
        };
        let own = format!("/project/v1/hubs/{}", hub.id);
        json!({
            "type": "hubs",
            "id": hub.id,
            "attributes": {
                "name": hub.name,
                "extension": self.extension(kind, json!({})),
                "region": hub.region,
            },
            "relationships": { "projects": { "links": self.related(&format!("{own}/projects")) } },
            "links": { "self": self.href(&own) },
        })
    }

    pub(super) fn project(&self, at: usize, project: &Project) -> Value {
        let hub = &self.tree.hubs[project.hub];
        let of_hub = format!("/project/v1/hubs/{}", hub.id);
        let own = format!("{of_hub}/projects/{}", project.id);
        let root = &self.tree.folders[project.root].id;
        // The vendor's own link to the root folder does not encode the URN's colons.
        let root_link = format!("/data/v1/projects/{}/folders/{root}", project.id);
        json!({
            "type": "projects",
            "id": project.id,
            "attributes": {
                "name": project.name,
                "scopes": ["b360project.global", "O2tenant.demo"],
                "extension": self.extension(
                    "projects:autodesk.bim360:Project",
                    json!({ "projectType": "ACC" }),
                ),
            },
            "links": { "self": self.href(&own), "webView": { "href": self.tree.web(at) } },
            "relationships": {
                "hub": {
                    "data": { "type": "hubs", "id": hub.id },
                    "links": self.related(&of_hub),
                },
                "rootFolder": {
                    "data": { "type": "folders", "id": root },
                    "meta": { "link": self.href(&root_link) },
                },
                "topFolders": { "links": self.related(&format!("{own}/topFolders")) },
            },
        })
    }

    /// A folder; with the way to it, as top folders are shown.
    pub(super) fn folder(&self, at: usize, with_parents: bool) -> Value {
        let folder = &self.tree.folders[at];
        let own = self.folder_path(folder);
        let mut data = json!({
            "visibleTypes": ["folders", "items:autodesk.bim360:File"],
            "allowedTypes": ["folders", "items:autodesk.bim360:File"],
            "folderType": "normal",
            "isRoot": folder.parent.is_none(),
            "namingStandardIds": [],
        });
        if with_parents {
            data["folderParents"] = self.parents(at);
        }
        let mut relationships = self.references(&own);
        relationships.insert(
            "contents".to_owned(),
            json!({ "links": self.related(&format!("{own}/contents")) }),
        );
        if let Some(parent) = folder.parent {
            let id = &self.tree.folders[parent].id;
            relationships.insert(
                "parent".to_owned(),
                json!({
                    "data": { "type": "folders", "id": id },
                    "links": self.related(&format!("{own}/parent")),
                }),
            );
        }
        json!({
            "type": "folders",
            "id": folder.id,
            "attributes": {
                "name": folder.name,
                "displayName": folder.name,
                "createTime": stamp(folder.created),
                "createUserId": author_id(folder.system),
                "createUserName": author(folder.system),
                "lastModifiedTime": stamp(folder.modified),
                "lastModifiedUserId": author_id(folder.system),
                "lastModifiedUserName": author(folder.system),
                "lastModifiedTimeRollup": self.tree.rollup(at),
                "objectCount": self.visible_children(folder),
                "hidden": folder.hidden,
                "extension": self.extension("folders:autodesk.bim360:Folder", data),
            },
            "links": {
                "self": self.href(&own),
                "webView": { "href": self.tree.folder_link(folder) },
            },
            "relationships": relationships,
        })
    }

    pub(super) fn item(&self, file: &File) -> Value {
        let tip = file.tip();
        let own = self.item_path(file);
        let folder = &self.tree.folders[file.folder];
        let mut relationships = self.references(&own);
        relationships.insert(
            "tip".to_owned(),
            json!({
                "data": { "type": "versions", "id": self.tree.version_id(file, tip) },
                "links": self.related(&format!("{own}/tip")),
            }),
        );
        relationships.insert(
            "versions".to_owned(),
            json!({ "links": self.related(&format!("{own}/versions")) }),
        );
        relationships.insert(
            "parent".to_owned(),
            json!({
                "data": { "type": "folders", "id": folder.id },
                "links": self.related(&format!("{own}/parent")),
            }),
        );
        let data = json!({ "sourceFileName": tip.name });
        json!({
            "type": "items",
            "id": file.id,
            "attributes": {
                "displayName": displayed(&tip.name),
                "createTime": stamp(file.versions[0].created),
                "createUserId": USER,
                "createUserName": PERSON,
                "lastModifiedTime": stamp(tip.created),
                "lastModifiedUserId": USER,
                "lastModifiedUserName": PERSON,
                "hidden": file.hidden,
                "reserved": false,
                "extension": self.extension("items:autodesk.bim360:File", data),
            },
            "links": { "self": self.href(&own), "webView": { "href": self.tree.link(file) } },
            "relationships": relationships,
        })
    }

    pub(super) fn version(&self, file: &File, version: &Version) -> Value {
        let id = self.tree.version_id(file, version);
        let project = &self.tree.projects[self.tree.folders[file.folder].project].id;
        let own = format!("/data/v1/projects/{project}/versions/{}", encoded(&id));
        let file_type = type_of(&version.name);
        let kind = if version.deleted {
            "versions:autodesk.core:Deleted"
        } else {
            "versions:autodesk.bim360:File"
        };
        let data = json!({
            "processState": "PROCESSING_COMPLETE",
            "extractionState": "UNSUPPORTED",
            "splittingState": "NOT_SPLIT",
            "reviewState": "NOT_IN_REVIEW",
            "revisionDisplayLabel": version.number.to_string(),
            "sourceFileName": version.name,
        });
        let mut attributes = json!({
            "name": version.name,
            "displayName": displayed(&version.name),
            "createTime": stamp(version.created),
            "createUserId": USER,
            "createUserName": PERSON,
            "lastModifiedTime": stamp(version.created),
            "lastModifiedUserId": USER,
            "lastModifiedUserName": PERSON,
            "versionNumber": version.number,
            "mimeType": mime_type(file_type.as_deref()),
            "extension": self.extension(kind, data),
        });
        if let Some(file_type) = file_type {
            attributes["fileType"] = file_type.into();
        }
        if let Some(size) = version.size().filter(|_| !self.without_size) {
            attributes["storageSize"] = size.into();
        }
        let mut relationships = self.references(&own);
        relationships.insert(
            "item".to_owned(),
            json!({
                "data": { "type": "items", "id": file.id },
                "links": self.related(&format!("{own}/item")),
            }),
        );
        let storage = self.tree.storage_id(file, version).filter(|_| !self.without_storage);
        if let (Some(id), Some(key)) = (storage, &version.object) {
            let bucket = self.tree.hub_of(file.folder).bucket;
            let link = format!("/oss/v2/buckets/{bucket}/objects/{}?scopes=global", encoded(key));
            relationships.insert(
                "storage".to_owned(),
                json!({
                    "data": { "type": "objects", "id": id },
                    "meta": { "link": self.href(&link) },
                }),
            );
        }
        json!({
            "type": "versions",
            "id": id,
            "attributes": attributes,
            "links": { "self": self.href(&own), "webView": { "href": self.tree.link(file) } },
            "relationships": relationships,
        })
    }

    pub(super) fn href(&self, path: &str) -> Value {
        json!({ "href": format!("{}{path}", self.base) })
    }

    fn related(&self, path: &str) -> Value {
        json!({ "related": self.href(path) })
    }

    fn extension(&self, kind: &str, data: Value) -> Value {
        let schema = format!("/schema/v1/versions/{}", encoded(&format!("{kind}-1.0")));
        json!({ "type": kind, "version": "1.0", "schema": self.href(&schema), "data": data })
    }

    /// `refs` and `links`, which every resource has.
    fn references(&self, own: &str) -> Map<String, Value> {
        let refs = json!({
            "links": {
                "self": self.href(&format!("{own}/relationships/refs")),
                "related": self.href(&format!("{own}/refs")),
            },
        });
        let links =
            json!({ "links": { "self": self.href(&format!("{own}/relationships/links")) } });
        Map::from_iter([("refs".to_owned(), refs), ("links".to_owned(), links)])
    }

    /// The folders above, the root first.
    fn parents(&self, at: usize) -> Value {
        let above: Vec<usize> = self.tree.way_up(at).skip(1).collect();
        let parents = above.iter().rev().map(|at| {
            let folder = &self.tree.folders[*at];
            let parent = folder.parent.map(|parent| &self.tree.folders[parent].id);
            json!({
                "urn": folder.id,
                "isRoot": folder.parent.is_none(),
                "title": folder.name,
                "parentUrn": parent,
            })
        });
        parents.collect()
    }

    fn visible_children(&self, folder: &Folder) -> usize {
        let visible = |node: &&Node| self.tree.listed(**node) && !self.tree.hidden(**node);
        folder.children.iter().filter(visible).count()
    }

    pub(super) fn folder_path(&self, folder: &Folder) -> String {
        let project = &self.tree.projects[folder.project].id;
        format!("/data/v1/projects/{project}/folders/{}", encoded(&folder.id))
    }

    pub(super) fn item_path(&self, file: &File) -> String {
        let project = &self.tree.projects[self.tree.folders[file.folder].project].id;
        format!("/data/v1/projects/{project}/items/{}", encoded(&file.id))
    }
}

/// What people see: for drawings not the name, which is why a client takes `name`.
fn displayed(name: &str) -> &str {
    name.strip_suffix(".dwg").filter(|rest| !rest.is_empty()).unwrap_or(name)
}

/// System folders really have no author.
fn author(system: bool) -> &'static str {
    if system { "" } else { PERSON }
}

fn author_id(system: bool) -> &'static str {
    if system { "" } else { USER }
}

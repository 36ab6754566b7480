//! How things are found, and who may see them.

use std::iter;

use super::clock::stamp;
use super::{Access, Content, File, Folder, Hub, Node, Project, Tree, Version};
use crate::demo::autodesk::encoded;

impl Tree {
    /// The thing with this URN.
    pub(in crate::demo::autodesk) fn node(&self, id: &str) -> Option<Node> {
        self.nodes.get(id).copied()
    }

    /// The file and version whose bytes are this object.
    pub(in crate::demo::autodesk) fn object(
        &self,
        bucket: &str,
        key: &str,
    ) -> Option<(&File, &Version)> {
        let (file, version) = *self.objects.get(key)?;
        let file = &self.files[file];
        (self.hub_of(file.folder).bucket == bucket).then(|| (file, &file.versions[version]))
    }

    /// What is in a file's tip, if it has an object.
    pub(in crate::demo) fn content(&self, id: &str) -> Option<Content> {
        let Some(Node::File(file)) = self.node(id) else { return None };
        let tip = self.files[file].tip();
        tip.object.as_ref().map(|_| tip.content.clone())
    }

    /// Whether there is a bucket of this name.
    pub(in crate::demo::autodesk) fn has_bucket(&self, bucket: &str) -> bool {
        self.hubs.iter().any(|hub| hub.bucket == bucket)
    }

    pub(in crate::demo::autodesk) fn project(&self, id: &str) -> Option<(usize, &Project)> {
        self.projects.iter().enumerate().find(|(_, project)| project.id == id)
    }

    pub(in crate::demo::autodesk) fn hub_of(&self, folder: usize) -> &Hub {
        &self.hubs[self.projects[self.folders[folder].project].hub]
    }

    /// The folder itself, what it lies in, and so on up to the project's root.
    pub(in crate::demo::autodesk) fn way_up(&self, folder: usize) -> impl Iterator<Item = usize> {
        iter::successors(Some(folder), |at| self.folders[*at].parent)
    }

    /// What the caller may do with a folder: what is said nearest to it holds.
    pub(in crate::demo::autodesk) fn access(&self, folder: usize) -> Access {
        let said = self.way_up(folder).find_map(|at| self.folders[at].access);
        said.unwrap_or(Access::Allowed)
    }

    pub(in crate::demo::autodesk) fn allowed(&self, folder: usize) -> bool {
        self.access(folder) == Access::Allowed
    }

    /// Whether the folder that `node` lies in may name it. What is not listed
    /// looks as if it did not exist.
    pub(in crate::demo::autodesk) fn listed(&self, node: Node) -> bool {
        match node {
            Node::Folder(folder) => {
                !matches!(self.folders[folder].access, Some(Access::Forbidden { listed: false }))
            }
            Node::File(_) => true,
        }
    }

    pub(in crate::demo::autodesk) fn hidden(&self, node: Node) -> bool {
        match node {
            Node::Folder(folder) => self.folders[folder].hidden,
            Node::File(file) => self.files[file].hidden,
        }
    }

    /// What the caller may see of a project's highest folders: the service names
    /// those below a forbidden one that are allowed again.
    pub(in crate::demo::autodesk) fn top_folders(&self, project: usize) -> Vec<usize> {
        let mut found = Vec::new();
        self.highest_allowed(self.projects[project].root, &mut found);
        found
    }

    fn highest_allowed(&self, folder: usize, found: &mut Vec<usize>) {
        for node in &self.folders[folder].children {
            match *node {
                Node::Folder(child) if self.allowed(child) => found.push(child),
                Node::Folder(child) => self.highest_allowed(child, found),
                Node::File(_) => {}
            }
        }
    }

    /// The id of a version.
    pub(in crate::demo::autodesk) fn version_id(&self, file: &File, version: &Version) -> String {
        let realm = self.hub_of(file.folder).realm;
        format!("urn:adsk.{realm}:fs.file:vf.{}?version={}", file.key, version.number)
    }

    /// The version with this id.
    pub(in crate::demo::autodesk) fn version(&self, id: &str) -> Option<(&File, &Version)> {
        let (urn, number) = id.split_once("?version=")?;
        let lineage = urn.replacen(":fs.file:vf.", ":dm.lineage:", 1);
        let Some(Node::File(file)) = self.node(&lineage) else { return None };
        let file = &self.files[file];
        let number: usize = number.parse().ok()?;
        let version = file.versions.get(number.checked_sub(1)?)?;
        (self.version_id(file, version) == id).then_some((file, version))
    }

    /// The id of a version's object.
    pub(in crate::demo::autodesk) fn storage_id(
        &self,
        file: &File,
        version: &Version,
    ) -> Option<String> {
        let bucket = self.hub_of(file.folder).bucket;
        version.object.as_ref().map(|key| format!("urn:adsk.objects:os.object:{bucket}/{key}"))
    }

    /// Where a person opens a file.
    pub(in crate::demo::autodesk) fn link(&self, file: &File) -> String {
        let folder = &self.folders[file.folder];
        format!(
            "{}?folderUrn={}&entityId={}",
            self.web(folder.project),
            encoded(&folder.id),
            encoded(&file.id),
        )
    }

    /// Where a person opens a folder.
    pub(in crate::demo::autodesk) fn folder_link(&self, folder: &Folder) -> String {
        format!("{}?folderUrn={}", self.web(folder.project), encoded(&folder.id))
    }

    /// Where a person opens a project.
    pub(in crate::demo::autodesk) fn web(&self, project: usize) -> String {
        let id = self.projects[project].id.trim_start_matches("b.");
        format!("https://acc.autodesk.com/docs/files/projects/{id}")
    }

    /// The change detector of a folder.
    pub(in crate::demo::autodesk) fn rollup(&self, folder: usize) -> String {
        stamp(self.folders[folder].rollup)
    }
}

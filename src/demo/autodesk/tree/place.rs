//! How an operation says what it means.

use super::operation::Place;
use super::{Node, Tree};
use crate::model::{Failure, FailureClass};

impl Tree {
    /// What `place` means, deleted or not.
    pub(super) fn find(&self, place: &Place) -> Result<Node, Failure> {
        let text = place.0.as_str();
        let unknown = || {
            Failure::new(FailureClass::Misconfigured, "looking in the Autodesk stand-in for", text)
                .said("there is nothing of this id or path")
                .advice(
                    "give a URN, a path such as `Project Files/A/b.pdf` in the first project, \
                     or `b.…/path` in another one",
                )
        };
        if text.starts_with("urn:") {
            return self.node(text).ok_or_else(unknown);
        }
        let (project, path) = match text.split_once('/') {
            Some((id, path)) if id.starts_with("b.") => (self.project(id), path),
            _ => (self.projects.iter().enumerate().next(), text),
        };
        let (_, project) = project.ok_or_else(unknown)?;
        let mut at = Node::Folder(project.root);
        for name in path.split('/').filter(|name| !name.is_empty()) {
            let Node::Folder(folder) = at else { return Err(unknown()) };
            let children = &self.folders[folder].children;
            let named = |node: &&Node| self.name(**node) == name;
            // Of several, one that is not deleted.
            let shown = children.iter().filter(named).find(|node| !self.hidden(**node));
            at = *shown.or_else(|| children.iter().find(named)).ok_or_else(unknown)?;
        }
        Ok(at)
    }

    pub(super) fn find_folder(&self, place: &Place) -> Result<usize, Failure> {
        match self.find(place)? {
            Node::Folder(folder) => Ok(folder),
            Node::File(_) => Err(wrong(place, "it is a file, not a folder")),
        }
    }

    pub(super) fn find_file(&self, place: &Place) -> Result<usize, Failure> {
        match self.find(place)? {
            Node::File(file) => Ok(file),
            Node::Folder(_) => Err(wrong(place, "it is a folder, not a file")),
        }
    }

    pub(super) fn name(&self, node: Node) -> &str {
        match node {
            Node::Folder(folder) => &self.folders[folder].name,
            Node::File(file) => &self.files[file].tip().name,
        }
    }

    pub(super) fn id(&self, node: Node) -> &str {
        match node {
            Node::Folder(folder) => &self.folders[folder].id,
            Node::File(file) => &self.files[file].id,
        }
    }
}

/// An operation that cannot be.
pub(super) fn wrong(place: &Place, why: &str) -> Failure {
    Failure::new(FailureClass::Misconfigured, "changing the Autodesk stand-in", &place.0).said(why)
}

//! The files of registers, as they are listed.

use rusqlite::{Connection, Row, named_params};

use super::clock;
use super::reader::limit;
use super::rows::{FileRow, Filter};
use crate::model::Id;

pub(super) fn files(connection: &Connection, filter: &Filter) -> rusqlite::Result<Vec<FileRow>> {
    connection
        .prepare_cached(
            "SELECT s.* FROM file_states s JOIN endpoints e ON e.id = s.endpoint_id
             WHERE iif(:endpoint IS NULL, e.position >= 0, e.name = :endpoint)
               AND (:state IS NULL OR s.file_state = :state)
             ORDER BY s.id DESC LIMIT :limit",
        )?
        .query_map(
            named_params! {
                ":endpoint": filter.endpoint, ":state": filter.state, ":limit": limit(filter),
            },
            row,
        )?
        .collect()
}

fn row(row: &Row<'_>) -> rusqlite::Result<FileRow> {
    Ok(FileRow {
        id: Id::file(row.get("id")?),
        endpoint: row.get("endpoint_name")?,
        external_file_id: row.get("external_file_id")?,
        name: row.get("file_name")?,
        path: row.get("file_path")?,
        link: row.get("file_link")?,
        size: row.get::<_, Option<i64>>("file_size")?.map(|n| n as u64),
        file_type: row.get("file_type")?,
        state: row.get("file_state")?,
        version: row.get("version")?,
        external_folder_id: row.get("external_folder_id")?,
        contents: row.get("contents")?,
        left_out: row.get("left_out")?,
        external_created_at: clock::get_optional(row, "external_created_at")?,
        external_updated_at: clock::get_optional(row, "external_updated_at")?,
        created_at: clock::get(row, "created_at")?,
        updated_at: clock::get(row, "updated_at")?,
        last_synced_at: clock::get(row, "last_compared_at")?,
        removed_at: clock::get_optional(row, "removed_at")?,
        access_lost_at: clock::get_optional(row, "access_lost_at")?,
    })
}

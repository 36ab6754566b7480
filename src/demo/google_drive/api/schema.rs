//! The fields that the vendor's resources have (discovery document, revision
//! 20261106), written as masks; a contract test holds them against it.

use std::sync::LazyLock;

use super::mask::Mask;

const USER: &str = "kind,displayName,photoLink,me,permissionId,emailAddress";

const FILE: &str = "kind,id,name,mimeType,parents,trashed,explicitlyTrashed,starred,description,\
    createdTime,modifiedTime,modifiedByMe,modifiedByMeTime,viewedByMe,viewedByMeTime,\
    trashedTime,trashingUser(USER),version,size,quotaBytesUsed,md5Checksum,sha1Checksum,\
    sha256Checksum,fileExtension,fullFileExtension,originalFilename,headRevisionId,webViewLink,\
    webContentLink,iconLink,hasThumbnail,thumbnailLink,thumbnailVersion,owners(USER),ownedByMe,\
    shared,sharedWithMeTime,sharingUser(USER),lastModifyingUser(USER),driveId,teamDriveId,spaces,\
    permissionIds,permissions(*),hasAugmentedPermissions,inheritedPermissionsDisabled,\
    writersCanShare,copyRequiresWriterPermission,viewersCanCopyContent,isAppAuthorized,\
    folderColorRgb,resourceKey,shortcutDetails(targetId,targetMimeType,targetResourceKey),\
    exportLinks(*),appProperties(*),properties(*),labelInfo(labels(*)),\
    linkShareMetadata(securityUpdateEligible,securityUpdateEnabled),\
    contentHints(indexableText,thumbnail(image,mimeType)),contentRestrictions(*),\
    downloadRestrictions(*),clientEncryptionDetails(*),imageMediaMetadata(*),\
    videoMediaMetadata(durationMillis,height,width),capabilities(CAPABILITIES)";

const CAPABILITIES: &str = "canAcceptOwnership,canAccessViaGenAi,canAddChildren,\
    canAddFolderFromAnotherDrive,canAddMyDriveParent,canChangeCopyRequiresWriterPermission,\
    canChangeItemDownloadRestriction,canChangeSecurityUpdateEnabled,\
    canChangeViewersCanCopyContent,canComment,canCopy,canDelete,canDeleteChildren,\
    canDisableInheritedPermissions,canDownload,canEdit,canEnableInheritedPermissions,\
    canListChildren,canModifyContent,canModifyContentRestriction,\
    canModifyEditorContentRestriction,canModifyLabels,canModifyOwnerContentRestriction,\
    canMoveChildrenOutOfDrive,canMoveChildrenOutOfTeamDrive,canMoveChildrenWithinDrive,\
    canMoveChildrenWithinTeamDrive,canMoveItemIntoTeamDrive,canMoveItemOutOfDrive,\
    canMoveItemOutOfTeamDrive,canMoveItemWithinDrive,canMoveItemWithinTeamDrive,\
    canMoveTeamDriveItem,canReadDrive,canReadLabels,canReadRevisions,canReadTeamDrive,\
    canRemoveChildren,canRemoveContentRestriction,canRemoveMyDriveParent,canRename,canShare,\
    canStartApproval,canTrash,canTrashChildren,canUntrash";

const DRIVE: &str = "kind,id,name,createdTime,hidden,colorRgb,themeId,backgroundImageLink,\
    backgroundImageFile(*),orgUnitId,restrictions(adminManagedRestrictions,\
    copyRequiresWriterPermission,domainUsersOnly,downloadRestriction(*),driveMembersOnly,\
    sharingFoldersRequiresOrganizerPermission),capabilities(canAddChildren,\
    canChangeCopyRequiresWriterPermissionRestriction,canChangeDomainUsersOnlyRestriction,\
    canChangeDownloadRestriction,canChangeDriveBackground,canChangeDriveMembersOnlyRestriction,\
    canChangeSharingFoldersRequiresOrganizerPermissionRestriction,canComment,canCopy,\
    canDeleteChildren,canDeleteDrive,canDownload,canEdit,canListChildren,canManageMembers,\
    canReadRevisions,canRename,canRenameDrive,canResetDriveRestrictions,canShare,\
    canTrashChildren)";

const CHANGE: &str = "kind,type,changeType,time,removed,fileId,file(FILE),driveId,drive(DRIVE),\
    teamDriveId,teamDrive(*)";

const ABOUT: &str = "kind,user(USER),storageQuota(limit,usage,usageInDrive,usageInDriveTrash),\
    appInstalled,canCreateDrives,canCreateTeamDrives,driveThemes(id,backgroundImageLink,colorRgb),\
    teamDriveThemes(id,backgroundImageLink,colorRgb),exportFormats(*),importFormats(*),\
    maxImportSizes(*),maxUploadSize,folderColorPalette";

/// `File`.
pub(super) static FILES_GET: LazyLock<Mask> = LazyLock::new(|| schema(FILE));

/// `FileList`.
pub(super) static FILES_LIST: LazyLock<Mask> =
    LazyLock::new(|| schema("kind,incompleteSearch,nextPageToken,files(FILE)"));

/// `ChangeList`.
pub(super) static CHANGES_LIST: LazyLock<Mask> =
    LazyLock::new(|| schema("kind,nextPageToken,newStartPageToken,changes(CHANGE)"));

/// `StartPageToken`.
pub(super) static START_PAGE_TOKEN: LazyLock<Mask> =
    LazyLock::new(|| schema("kind,startPageToken"));

/// `DriveList`.
pub(super) static DRIVES_LIST: LazyLock<Mask> =
    LazyLock::new(|| schema("kind,nextPageToken,drives(DRIVE)"));

/// `Drive`.
pub(super) static DRIVES_GET: LazyLock<Mask> = LazyLock::new(|| schema(DRIVE));

/// `About`.
pub(super) static ABOUT_GET: LazyLock<Mask> = LazyLock::new(|| schema(ABOUT));

/// Puts the named schemas in their places and reads the whole.
fn schema(text: &str) -> Mask {
    let named = [
        ("(CHANGE)", CHANGE),
        ("(FILE)", FILE),
        ("(DRIVE)", DRIVE),
        ("(CAPABILITIES)", CAPABILITIES),
        ("(USER)", USER),
    ];
    let whole = named
        .into_iter()
        .fold(text.to_owned(), |whole, (name, is)| whole.replace(name, &format!("({is})")));
    // Tests read every one of these; a schema that cannot be read would refuse all fields.
    Mask::parse(&whole).unwrap_or(Mask::All)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_schema_can_be_read() {
        for (schema, field) in [
            (&FILES_GET, "capabilities"),
            (&FILES_LIST, "files"),
            (&CHANGES_LIST, "changes"),
            (&START_PAGE_TOKEN, "startPageToken"),
            (&DRIVES_LIST, "drives"),
            (&DRIVES_GET, "restrictions"),
            (&ABOUT_GET, "storageQuota"),
        ] {
            assert_ne!(**schema, Mask::All, "{field}");
            assert!(schema.of_field(field).is_some(), "{field}");
            assert!(schema.of_field("nonsense").is_none());
        }
    }
}

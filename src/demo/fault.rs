//! What can go wrong on purpose, and how it is armed.

use std::collections::BTreeMap;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::model::{Failure, FailureClass};

macro_rules! faults {
    ($($(#[doc = $doc:literal])+ $variant:ident = $name:literal $lasts:ident,)+) => {
        /// A way in which a stand-in misbehaves when it is told to.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
        pub enum Fault { $($(#[doc = $doc])+ #[serde(rename = $name)] $variant,)+ }

        impl Fault {
            /// Every fault, in the order of a file's way.
            pub const ALL: &'static [Self] = &[$(Self::$variant),+];

            /// Its name in JSON and on the command line.
            pub fn name(self) -> &'static str {
                match self { $(Self::$variant => $name),+ }
            }

            /// What it does, for a help text.
            pub fn description(self) -> &'static str {
                match self { $(Self::$variant => concat!($($doc),+).trim_ascii()),+ }
            }

            /// Whether it lasts until it is disarmed; the others strike once.
            pub fn lasts(self) -> bool {
                match self { $(Self::$variant => stringify!($lasts) == "lasts"),+ }
            }
        }
    };
}

faults! {
    /// Login: the token comes without its quotation marks.
    LoginPlainToken = "login_plain_token" lasts,
    /// Login: the user belongs to two organisations.
    LoginTwoOrganisations = "login_two_organisations" lasts,
    /// Login: 200 without a token.
    LoginNoToken = "login_no_token" once,
    /// Login: 401, whatever the password.
    LoginRefused = "login_refused" once,
    /// Only `Authorization: Bearer` is accepted.
    BearerOnly = "bearer_only" lasts,
    /// Only `Authorization: JWT` is accepted.
    JwtOnly = "jwt_only" lasts,
    /// The next authorised call is refused with 401 and every session ends.
    SessionExpired = "session_expired" once,
    /// NotDelivered list: one export as a bare object instead of an array.
    ListObject = "list_object" once,
    /// NotDelivered list: 204, nothing flipped.
    List204 = "list_204" once,
    /// NotDelivered list: 200 with an empty body, nothing flipped.
    ListEmpty = "list_empty" once,
    /// NotDelivered list: `null`, nothing flipped.
    ListNull = "list_null" once,
    /// NotDelivered list: `{}`, nothing flipped.
    ListBraces = "list_braces" once,
    /// NotDelivered list: a proxy's 502 page in HTML, after everything was flipped.
    ListHtml502 = "list_html_502" once,
    /// NotDelivered list: everything is flipped, the reply never comes.
    ListHang = "list_hang" once,
    /// NotDelivered list: everything is flipped, the connection is cut before the reply.
    ListCut = "list_cut" once,
    /// NotDelivered list: cut after `value` bytes of the body (half of it), everything flipped.
    ListCutBody = "list_cut_body" once,
    /// NotDelivered list: an element without `uid` among the others.
    ListItemWithoutUid = "list_item_without_uid" once,
    /// NotDelivered list: 500, nothing flipped.
    List500 = "list_500" once,
    /// NotDelivered list: 429 with `Retry-After: value` seconds (1), nothing flipped.
    List429 = "list_429" once,
    /// Delivered list: 500.
    Delivered500 = "delivered_500" once,
    /// Download: a reply without `downloadUrl`.
    DownloadNoUrl = "download_no_url" once,
    /// Download: 404.
    Download404 = "download_404" once,
    /// Download: a URL that has expired already.
    UrlExpired = "url_expired" once,
    /// Store: the connection is cut after `value` bytes of the body (half of it).
    BodyCut = "body_cut" once,
    /// Store: `value` bytes a second (65536).
    BodySlow = "body_slow" lasts,
    /// Store: the object was written anew: other ETag, same bytes.
    EtagChanged = "etag_changed" once,
    /// Store: 503 SlowDown.
    Store503 = "store_503" once,
    /// APS authorize: the person refuses: `error=access_denied`.
    ApsConsentRefused = "aps_consent_refused" once,
    /// APS authorize: the browser comes back with another state.
    ApsWrongState = "aps_wrong_state" once,
    /// APS token: 500, nothing happened.
    ApsToken500 = "aps_token_500" once,
    /// APS token: the refresh token is used up and the connection cut before the reply.
    ApsRefreshReplyLost = "aps_refresh_reply_lost" once,
    /// APS token: the next refresh token is refused: 400 invalid_grant.
    ApsSessionLost = "aps_session_lost" once,
    /// APS: the next call's access token has expired; `after` says in the middle of what.
    ApsTokenExpired = "aps_token_expired" once,
    /// APS: 429 with `Retry-After: value` seconds (1), and more of them to whoever does not wait.
    Aps429 = "aps_429" once,
    /// APS: 429 without Retry-After.
    Aps429Bare = "aps_429_bare" once,
    /// APS: 500.
    Aps500 = "aps_500" once,
    /// APS: a gateway's 502 page in HTML.
    ApsHtml502 = "aps_html_502" once,
    /// APS: the connection is cut before the reply.
    ApsCutBefore = "aps_cut_before" once,
    /// APS: the connection is cut after `value` bytes of the reply's body (half of it).
    ApsCutBody = "aps_cut_body" once,
    /// APS: the reply never comes.
    ApsHang = "aps_hang" once,
    /// APS: every reply comes `value` milliseconds (200) late.
    ApsSlow = "aps_slow" lasts,
    /// APS: errors come as plain text instead of JSON.
    ApsPlainErrors = "aps_plain_errors" lasts,
    /// APS lists: a page holds `value` elements (3) at the most.
    ApsShortPages = "aps_short_pages" lasts,
    /// APS lists: an empty page between any two.
    ApsEmptyPages = "aps_empty_pages" lasts,
    /// APS lists: links are relative.
    ApsRelativeLinks = "aps_relative_links" lasts,
    /// APS lists: the link to the next page leads to a stranger.
    ApsNextElsewhere = "aps_next_elsewhere" once,
    /// APS lists: the link to the next page is the page's own, again and again.
    ApsNextLoops = "aps_next_loops" lasts,
    /// APS topFolders: with a folder that lies below another one of them.
    ApsTopFoldersNested = "aps_top_folders_nested" lasts,
    /// APS contents: 403 for this folder.
    ApsContents403 = "aps_contents_403" once,
    /// APS contents: 404 for this folder.
    ApsContents404 = "aps_contents_404" once,
    /// APS contents: a folder lies in itself, and so does what it lies in.
    ApsFolderLoop = "aps_folder_loop" lasts,
    /// APS contents: files with hostile names have come into this folder, and stay.
    ApsHostileNames = "aps_hostile_names" once,
    /// APS contents: the tip versions are left out.
    ApsNoIncluded = "aps_no_included" once,
    /// APS: versions come without their size.
    ApsSizeMissing = "aps_size_missing" lasts,
    /// APS: versions come without their object.
    ApsStorageMissing = "aps_storage_missing" lasts,
    /// APS download: 403, as for a view-only member.
    ApsDownload403 = "aps_download_403" once,
    /// APS download: a URL that has expired already.
    ApsUrlExpired = "aps_url_expired" once,
    /// APS download: the object is not put together yet: a URL for each chunk.
    ApsChunked = "aps_chunked" once,
    /// APS download: a URL of the service itself instead of the store's.
    ApsFallback = "aps_fallback" once,
    /// APS download: the checksum is another one.
    ApsWrongSha1 = "aps_wrong_sha1" once,
    /// APS store: 503 SlowDown.
    ApsStore503 = "aps_store_503" once,
    /// APS store: the connection is cut before the reply.
    ApsStoreCut = "aps_store_cut" once,
    /// APS store: the connection is cut after `value` bytes of the body (half of it).
    ApsBodyCut = "aps_body_cut" once,
    /// APS store: `value` bytes a second (65536).
    ApsBodySlow = "aps_body_slow" lasts,
    /// APS store: the last byte that is sent is wrong.
    ApsDamaged = "aps_damaged" once,
    /// SFTP: every connection is shown another host key.
    HostKeyChanged = "host_key_changed" lasts,
    /// SFTP: no password and no key is right.
    AuthRefused = "auth_refused" lasts,
    /// SFTP: cut before the rename is executed.
    RenameCutBefore = "rename_cut_before" once,
    /// SFTP: cut after the rename was executed, before its reply.
    RenameCutAfter = "rename_cut_after" once,
    /// SFTP: cut, and the rename is executed `value` milliseconds (200) later.
    RenameLate = "rename_late" once,
    /// SFTP: renames are refused: permission denied.
    RenameRefused = "rename_refused" lasts,
    /// SFTP: plain RENAME is link, then unlink; an eager consumer comes in between.
    RenameLinkUnlink = "rename_link_unlink" lasts,
    /// SFTP: an earlier file lies under the final name.
    TargetExists = "target_exists" once,
    /// SFTP: writes fail once the tree holds `value` bytes (0).
    NoSpace = "no_space" lasts,
    /// SFTP: a write is acknowledged, and its last byte is not kept.
    WriteTorn = "write_torn" once,
    /// SFTP: nothing may be created, renamed or removed.
    PermissionDenied = "permission_denied" lasts,
    /// SFTP: the `processed` folder may not be looked at.
    ProcessedHidden = "processed_hidden" lasts,
    /// SFTP: a file under its final name may not be looked at.
    LookRefused = "look_refused" lasts,
    /// SFTP: `value` bytes a second (65536), both ways together.
    SftpSlow = "sftp_slow" lasts,
    /// SFTP: the session stops answering and stays open.
    Silent = "silent" once,
    /// SFTP: a file is taken by the consumer the moment it is renamed or closed.
    Vanish = "vanish" lasts,
    /// SFTP: cut instead of executing a packet; `after` says which.
    PacketCutBefore = "packet_cut_before" once,
    /// SFTP: a packet is executed and the connection cut before the reply; `after` says which.
    PacketCutAfter = "packet_cut_after" once,
    /// SFTP: cut, and the packet is executed `value` milliseconds (200) later; `after` says which.
    PacketLate = "packet_late" once,

    /// Drive: the token endpoint refuses with `invalid_grant`.
    DriveSignInRefused = "drive_sign_in_refused" lasts,
    /// Drive: the token endpoint answers 503.
    DriveSignIn503 = "drive_sign_in_503" once,
    /// Drive: every access token ends; the next call is refused with 401.
    DriveTokenRevoked = "drive_token_revoked" once,
    /// Drive: 429 with `Retry-After: value` seconds (1).
    Drive429 = "drive_429" once,
    /// Drive: 403 `userRateLimitExceeded`, without a pause.
    Drive403Rate = "drive_403_rate" once,
    /// Drive: 500.
    Drive500 = "drive_500" once,
    /// Drive: 503.
    Drive503 = "drive_503" once,
    /// Drive: a proxy's page in HTML with status `value` (502).
    DriveHtml = "drive_html" once,
    /// Drive: the connection is cut before the reply.
    DriveCutBefore = "drive_cut_before" once,
    /// Drive: cut after `value` bytes of a JSON body (half of it).
    DriveCutBody = "drive_cut_body" once,
    /// Drive: every call takes `value` milliseconds (200) longer.
    DriveSlow = "drive_slow" lasts,
    /// Drive: a query for several parents misses what lies in some of them: by the seed
    /// `value` always in the same ones, without it in others for each list.
    DriveGroupLoss = "drive_group_loss" lasts,
    /// Drive: a list says `incompleteSearch`, and half of the page is missing.
    DriveIncompleteSearch = "drive_incomplete_search" once,
    /// Drive: pages hold at most `value` items (7), whatever was asked for.
    DriveShortPages = "drive_short_pages" lasts,
    /// Drive: a page without items, though there are more.
    DriveEmptyPage = "drive_empty_page" once,
    /// Drive: a page token of a list is refused with 400.
    DrivePageTokenRejected = "drive_page_token_rejected" once,
    /// Drive: queries of more than `value` terms (10) are too complex.
    DriveQueryTooComplex = "drive_query_too_complex" lasts,
    /// Drive: a query for parents answers 404, as if one had just been deleted.
    DriveFolder404 = "drive_folder_404" once,
    /// Drive: a token of the log of changes is forgotten: `value` 410 (usual), 404 or 400.
    DriveChangesTokenGone = "drive_changes_token_gone" once,
    /// Drive: a download is cut after `value` bytes (half of it).
    DriveDownloadCut = "drive_download_cut" once,
    /// Drive: one byte of a download is another.
    DriveDownloadWrong = "drive_download_wrong" once,
    /// Drive: 403 `downloadQuotaExceeded`.
    DriveDownloadQuota = "drive_download_quota" once,
    /// Drive: nothing may be downloaded: `canDownload` is false, a download 403.
    DriveDownloadRefused = "drive_download_refused" lasts,
    /// Drive: cut after `value` bytes (half of it), and the file has new content by then.
    DriveDownloadChanged = "drive_download_changed" once,
    /// Drive: downloads bring `value` bytes a second (65536).
    DriveDownloadSlow = "drive_download_slow" lasts,
}

impl FromStr for Fault {
    type Err = Failure;

    fn from_str(text: &str) -> Result<Self, Failure> {
        if let Some(fault) = Self::ALL.iter().copied().find(|fault| fault.name() == text) {
            return Ok(fault);
        }
        let nearest = Self::ALL
            .iter()
            .max_by(|a, b| {
                let near = |f: &Self| strsim::jaro_winkler(f.name(), text);
                near(a).total_cmp(&near(b))
            })
            .map_or("", |fault| fault.name());
        Err(Failure::new(FailureClass::Misconfigured, "arming the fault", text)
            .said("there is no fault of this name")
            .advice(format!("did you mean `{nearest}`?")))
    }
}

/// A fault with the occasion at which it strikes. As text:
/// `name[=value][*count][@after]`, e.g. `body_cut=1000*2@1`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Arming {
    /// What is to go wrong.
    pub name: Fault,
    /// The fault's own measure (bytes, milliseconds, seconds); see its description.
    #[serde(default)]
    pub value: Option<u64>,
    /// How often it strikes; without it once, or until disarmed for a lasting one.
    #[serde(default)]
    pub count: Option<u32>,
    /// Occasions that pass unharmed first.
    #[serde(default)]
    pub after: u32,
}

impl From<Fault> for Arming {
    fn from(name: Fault) -> Self {
        Self { name, value: None, count: None, after: 0 }
    }
}

impl Arming {
    /// With the fault's own measure.
    #[must_use]
    pub fn value(mut self, value: u64) -> Self {
        self.value = Some(value);
        self
    }

    /// Striking so many times.
    #[must_use]
    pub fn count(mut self, count: u32) -> Self {
        self.count = Some(count);
        self
    }

    /// Letting so many occasions pass first.
    #[must_use]
    pub fn after(mut self, after: u32) -> Self {
        self.after = after;
        self
    }
}

impl FromStr for Arming {
    type Err = Failure;

    fn from_str(text: &str) -> Result<Self, Failure> {
        let name = &text[..text.find(['=', '*', '@']).unwrap_or(text.len())];
        let mut arming = Self::from(name.parse::<Fault>()?);
        let mut rest = &text[name.len()..];
        while let Some(mark) = rest.chars().next() {
            let end = rest[1..].find(['=', '*', '@']).map_or(rest.len(), |at| at + 1);
            let number = &rest[1..end];
            let wrong = |_| {
                Failure::new(FailureClass::Misconfigured, "arming the fault", text)
                    .said(format!("`{number}` after `{mark}` is not a number"))
                    .advice("write name[=value][*count][@after], e.g. body_cut=1000*2@1")
            };
            match mark {
                '=' => arming.value = Some(number.parse().map_err(wrong)?),
                '*' => arming.count = Some(number.parse().map_err(wrong)?),
                _ => arming.after = number.parse().map_err(wrong)?,
            }
            rest = &rest[end..];
        }
        Ok(arming)
    }
}

/// The armed faults, and how often each has struck.
#[derive(Debug, Default)]
pub(super) struct Arsenal {
    armed: Vec<Arming>,
    struck: BTreeMap<Fault, u32>,
}

/// One strike of a fault.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Strike {
    /// The measure it was armed with.
    pub(super) value: Option<u64>,
}

impl Arsenal {
    pub(super) fn arm(&mut self, arming: Arming) {
        if arming.count == Some(0) {
            return;
        }
        let count = arming.count.or((!arming.name.lasts()).then_some(1));
        self.armed.push(Arming { count, ..arming });
    }

    pub(super) fn disarm(&mut self) {
        self.armed.clear();
    }

    pub(super) fn armed(&self) -> &[Arming] {
        &self.armed
    }

    pub(super) fn struck(&self) -> &BTreeMap<Fault, u32> {
        &self.struck
    }

    /// An occasion for `fault`: whether it strikes now.
    pub(super) fn strike(&mut self, fault: Fault) -> Option<Strike> {
        let at = self.armed.iter().position(|armed| armed.name == fault)?;
        let armed = &mut self.armed[at];
        if armed.after > 0 {
            armed.after -= 1;
            return None;
        }
        let strike = Strike { value: armed.value };
        if let Some(left) = &mut armed.count {
            *left = left.saturating_sub(1);
            if *left == 0 {
                self.armed.remove(at);
            }
        }
        *self.struck.entry(fault).or_default() += 1;
        Some(strike)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn armings_are_read_from_text() {
        for (text, expected) in [
            ("list_cut", Arming::from(Fault::ListCut)),
            ("body_cut=1000*2@1", Arming::from(Fault::BodyCut).value(1000).count(2).after(1)),
            ("packet_late@7=50", Arming::from(Fault::PacketLate).value(50).after(7)),
        ] {
            assert_eq!(text.parse::<Arming>().unwrap(), expected);
        }
        let misspelt = "rename_lat".parse::<Arming>().unwrap_err();
        assert!(misspelt.advice.unwrap().contains("`rename_late`"));
        assert!("body_cut=x".parse::<Arming>().is_err());
        assert!("body_cut=".parse::<Arming>().is_err());
    }

    #[test]
    fn a_fault_strikes_after_its_occasions_and_so_often() {
        let mut arsenal = Arsenal::default();
        arsenal.arm(Arming::from(Fault::ListCut).count(2).after(1));
        let strikes: Vec<bool> = (0..5).map(|_| arsenal.strike(Fault::ListCut).is_some()).collect();
        assert_eq!(strikes, [false, true, true, false, false]);
        assert_eq!(arsenal.struck()[&Fault::ListCut], 2);
        assert!(arsenal.strike(Fault::ListHang).is_none(), "another fault is another matter");
    }

    #[test]
    fn lasting_faults_last_until_disarmed_and_the_others_strike_once() {
        for fault in Fault::ALL.iter().copied() {
            let mut arsenal = Arsenal::default();
            arsenal.arm(fault.into());
            assert!(arsenal.strike(fault).is_some());
            assert_eq!(arsenal.strike(fault).is_some(), fault.lasts(), "{}", fault.name());
            arsenal.disarm();
            assert!(arsenal.strike(fault).is_none());
            assert_eq!(serde_json::to_value(fault).unwrap(), fault.name());
            assert_eq!(fault.name().parse::<Fault>().unwrap(), fault);
        }
    }
}

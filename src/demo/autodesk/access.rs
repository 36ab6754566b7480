//! How to reach the Autodesk stand-in.

use std::path::Path;

use serde_json::{Value, json};

use super::oauth;
use crate::demo::world::{random_uid, uuid};
use crate::model::{AutodeskAccount, AutodeskGrant, Failure, Secret};

/// The person behind every consent.
pub(super) const USER: &str = "BW9RM76WZBGL";

/// The service account.
pub(super) const SERVICE_ACCOUNT: &str = "R9TDM3SPQ0AK";

/// How to sign in to the Autodesk stand-in.
#[derive(Clone, Debug)]
pub struct AutodeskAccess {
    /// Without a trailing slash.
    pub base_url: String,
    /// The application with a secret: three-legged, two-legged, service accounts.
    pub client_id: String,
    /// Its secret.
    pub client_secret: Secret,
    /// The application without a secret: three-legged with PKCE.
    pub public_client_id: String,
    /// Where the browser is sent back to.
    pub callback_url: String,
    /// The person who consents, `userid` in tokens, and what `x-user-id` may say.
    pub user_id: String,
    /// The hub of the samples.
    pub hub_id: String,
    /// The project that has everything.
    pub project_id: String,
    /// A project without files.
    pub empty_project_id: String,
    /// A project in Europe, whose URNs look different.
    pub european_project_id: String,
    /// The project of many files, if there is one.
    pub large_project_id: Option<String>,
}

/// A Secure Service Account of the application with a secret.
#[derive(Clone, Debug)]
pub struct ServiceAccount {
    /// Its id, `sub` of assertions.
    pub account_id: String,
    /// The id of its key, `kid` of assertions.
    pub key_id: String,
    /// Its RSA private key, PEM.
    pub private_key: Secret,
}

impl AutodeskAccess {
    pub(super) fn new(base_url: String, callback_url: String) -> Self {
        Self {
            base_url,
            client_id: client_id(),
            client_secret: Secret::new(random_uid()),
            public_client_id: client_id(),
            callback_url,
            user_id: USER.to_owned(),
            hub_id: String::new(),
            project_id: String::new(),
            empty_project_id: String::new(),
            european_project_id: String::new(),
            large_project_id: None,
        }
    }

    /// The service account. Its key is made when it is first asked for.
    ///
    /// # Errors
    /// The key cannot be made.
    pub fn service_account(&self) -> Result<ServiceAccount, Failure> {
        let key = oauth::service_account_key()?;
        Ok(ServiceAccount {
            account_id: SERVICE_ACCOUNT.to_owned(),
            key_id: key.id.clone(),
            private_key: key.private_pem()?,
        })
    }

    /// The same as an account named `name`, three-legged and with a secret.
    pub fn account(&self, name: &str, token_path: &Path) -> AutodeskAccount {
        AutodeskAccount {
            name: name.to_owned(),
            base_url: self.base_url.clone(),
            client_id: self.client_id.clone(),
            client_secret: Some(self.client_secret.clone()),
            callback_url: self.callback_url.clone(),
            token_path: token_path.to_owned(),
            scopes: vec!["data:read".to_owned()],
            grant: AutodeskGrant::ThreeLegged,
        }
    }

    /// The same as an account without a secret: PKCE.
    pub fn public_account(&self, name: &str, token_path: &Path) -> AutodeskAccount {
        AutodeskAccount {
            client_id: self.public_client_id.clone(),
            client_secret: None,
            ..self.account(name, token_path)
        }
    }

    /// The same as an account for machines: two-legged.
    pub fn two_legged_account(&self, name: &str, token_path: &Path) -> AutodeskAccount {
        let grant = AutodeskGrant::TwoLegged { user_id: None };
        AutodeskAccount { grant, ..self.account(name, token_path) }
    }

    /// The same as an account for machines: a service account.
    ///
    /// # Errors
    /// The key cannot be made.
    pub fn service_account_account(
        &self,
        name: &str,
        token_path: &Path,
    ) -> Result<AutodeskAccount, Failure> {
        let ServiceAccount { account_id, key_id, private_key } = self.service_account()?;
        let grant = AutodeskGrant::ServiceAccount { account_id, key_id, private_key };
        Ok(AutodeskAccount { grant, ..self.account(name, token_path) })
    }

    /// What `sim --json` prints of it.
    pub fn json(&self) -> Value {
        let service_account = self.service_account().ok().map(|account| {
            json!({
                "account_id": account.account_id,
                "key_id": account.key_id,
                "private_key": account.private_key.expose(),
            })
        });
        json!({
            "base_url": self.base_url,
            "client_id": self.client_id,
            "client_secret": self.client_secret.expose(),
            "public_client_id": self.public_client_id,
            "callback_url": self.callback_url,
            "user_id": self.user_id,
            "service_account": service_account,
            "hub_id": self.hub_id,
            "project_id": self.project_id,
            "empty_project_id": self.empty_project_id,
            "european_project_id": self.european_project_id,
            "large_project_id": self.large_project_id,
        })
    }
}

/// 48 letters and digits, as the service's are.
fn client_id() -> String {
    let random = [uuid(rand::random()), uuid(rand::random())].concat();
    random.chars().filter(char::is_ascii_alphanumeric).take(48).collect()
}

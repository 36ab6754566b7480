//! A certificate authority of our own, and every way in which a certificate can be wrong.

use std::sync::Arc;

use rcgen::{
    BasicConstraints, CertificateParams, CertifiedIssuer, DnType, IsCa, KeyPair, date_time_ymd,
};
use tokio_rustls::rustls::{ServerConfig, pki_types};

pub type Authority = CertifiedIssuer<'static, KeyPair>;

pub fn authority(name: &str) -> Authority {
    let mut params = CertificateParams::new(Vec::new()).unwrap();
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    params.distinguished_name.push(DnType::CommonName, name);
    CertifiedIssuer::self_signed(params, KeyPair::generate().unwrap()).unwrap()
}

/// What a server shows.
#[derive(Clone, Copy)]
pub struct Shown<'a> {
    pub by: &'a Authority,
    pub name: &'a str,
    /// The first and the last year that it is good for.
    pub years: (i32, i32),
}

impl Shown<'_> {
    pub fn config(&self) -> Arc<ServerConfig> {
        let key = KeyPair::generate().unwrap();
        let mut params = CertificateParams::new(vec![self.name.to_owned()]).unwrap();
        params.not_before = date_time_ymd(self.years.0, 1, 1);
        params.not_after = date_time_ymd(self.years.1, 1, 1);
        let certificate = params.signed_by(&key, &**self.by).unwrap();
        let secret = pki_types::PrivatePkcs8KeyDer::from(key.serialize_der());
        let config = ServerConfig::builder()
            .with_no_client_auth()
            .with_single_cert(vec![certificate.der().clone()], secret.into())
            .unwrap();
        Arc::new(config)
    }
}

/// Like `right`, and wrong in one way each; what is said about it.
pub fn wrong<'a>(right: Shown<'a>, theirs: &'a Authority) -> [(Shown<'a>, &'static str); 4] {
    [
        (Shown { by: theirs, ..right }, "unknownissuer"),
        (Shown { name: "other.example", ..right }, "not valid for name"),
        (Shown { years: (2020, 2021), ..right }, "expired"),
        (Shown { years: (2080, 2090), ..right }, "not valid yet"),
    ]
}

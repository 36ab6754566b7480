//! One SSH connection: who may come in, and the sftp subsystem.

use std::collections::HashMap;
use std::sync::Arc;

use russh::keys::PublicKey;
use russh::server::{
    Auth, ChannelOpenHandle, Handler, Msg, PublicKeyOffer, Session, VerifiedPublicKey,
};
use russh::{Channel, ChannelId};

use super::House;
use super::channel;
use super::login::Login;
use crate::demo::fault::Fault;
use crate::demo::net::Scissors;

/// A client, welcome or not.
pub(super) struct Guest {
    house: Arc<House>,
    scissors: Scissors,
    /// Who it is, once that is proven.
    login: Option<Login>,
    channels: HashMap<ChannelId, Channel<Msg>>,
}

impl Guest {
    pub(super) fn new(house: Arc<House>, scissors: Scissors) -> Self {
        Self { house, scissors, login: None, channels: HashMap::new() }
    }

    fn answer(&mut self, login: Option<Login>) -> Auth {
        let refused = login.is_none() || self.house.world.strike(Fault::AuthRefused).is_some();
        self.login = login.filter(|_| !refused);
        if refused { Auth::reject() } else { Auth::Accept }
    }

    /// Who comes as `user`, if what the receiver's own user has to show is `proven`.
    /// Anybody else is a client of the feed, whatever they show.
    fn recognise(&self, user: &str, proven: impl FnOnce(&House) -> bool) -> Option<Login> {
        if user == self.house.username {
            proven(&self.house).then_some(Login::Receiver)
        } else {
            self.house.feed.then_some(Login::Feed)
        }
    }

    fn recognise_key(&self, user: &str, key: &PublicKey) -> Option<Login> {
        self.recognise(user, |house| {
            house.authorized_keys.iter().any(|known| known.key_data() == key.key_data())
        })
    }
}

impl Handler for Guest {
    type Error = russh::Error;

    async fn auth_password(&mut self, user: &str, password: &str) -> Result<Auth, russh::Error> {
        let login = self.recognise(user, |house| password == house.password.expose());
        Ok(self.answer(login))
    }

    async fn auth_publickey_offered(
        &mut self,
        user: &str,
        offer: PublicKeyOffer<'_>,
    ) -> Result<Auth, russh::Error> {
        let known = self.recognise_key(user, offer.public_key);
        Ok(if known.is_some() { Auth::Accept } else { Auth::reject() })
    }

    async fn auth_publickey(
        &mut self,
        user: &str,
        key: VerifiedPublicKey<'_>,
    ) -> Result<Auth, russh::Error> {
        let login = self.recognise_key(user, key.public_key);
        Ok(self.answer(login))
    }

    async fn channel_open_session(
        &mut self,
        channel: Channel<Msg>,
        reply: ChannelOpenHandle,
        _session: &mut Session,
    ) -> Result<(), russh::Error> {
        self.channels.insert(channel.id(), channel);
        reply.accept().await;
        Ok(())
    }

    async fn subsystem_request(
        &mut self,
        id: ChannelId,
        name: &str,
        session: &mut Session,
    ) -> Result<(), russh::Error> {
        let channel = self.channels.remove(&id).filter(|_| name == "sftp");
        let (Some(channel), Some(login)) = (channel, self.login) else {
            return session.channel_failure(id);
        };
        session.channel_success(id)?;
        let serve = channel::serve(
            Arc::clone(&self.house),
            login,
            self.scissors.clone(),
            channel,
            session.handle(),
        );
        self.house.tasks.spawn(serve);
        Ok(())
    }
}

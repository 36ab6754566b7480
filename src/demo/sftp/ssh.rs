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
use crate::demo::fault::Fault;
use crate::demo::net::Scissors;

/// A client, welcome or not.
pub(super) struct Guest {
    house: Arc<House>,
    scissors: Scissors,
    channels: HashMap<ChannelId, Channel<Msg>>,
}

impl Guest {
    pub(super) fn new(house: Arc<House>, scissors: Scissors) -> Self {
        Self { house, scissors, channels: HashMap::new() }
    }

    fn answer(&self, welcome: bool) -> Auth {
        if welcome && self.house.world.strike(Fault::AuthRefused).is_none() {
            Auth::Accept
        } else {
            Auth::reject()
        }
    }

    fn knows(&self, user: &str, key: &PublicKey) -> bool {
        let known = &self.house.authorized_keys;
        user == self.house.username && known.iter().any(|known| known.key_data() == key.key_data())
    }
}

impl Handler for Guest {
    type Error = russh::Error;

    async fn auth_password(&mut self, user: &str, password: &str) -> Result<Auth, russh::Error> {
        Ok(self.answer(user == self.house.username && password == self.house.password.expose()))
    }

    async fn auth_publickey_offered(
        &mut self,
        user: &str,
        offer: PublicKeyOffer<'_>,
    ) -> Result<Auth, russh::Error> {
        let known = self.knows(user, offer.public_key);
        Ok(if known { Auth::Accept } else { Auth::reject() })
    }

    async fn auth_publickey(
        &mut self,
        user: &str,
        key: VerifiedPublicKey<'_>,
    ) -> Result<Auth, russh::Error> {
        Ok(self.answer(self.knows(user, key.public_key)))
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
        let Some(channel) = self.channels.remove(&id).filter(|_| name == "sftp") else {
            return session.channel_failure(id);
        };
        session.channel_success(id)?;
        let serve = channel::serve(
            Arc::clone(&self.house),
            self.scissors.clone(),
            channel,
            session.handle(),
        );
        self.house.tasks.spawn(serve);
        Ok(())
    }
}

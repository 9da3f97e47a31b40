//! What lies on this machine and could serve: keys in the environment, local servers, the settings of other tools. Told
//! without a value, and used only when a person says so ([`take`]).

mod servers;
mod take;

use secrecy::SecretString;

use crate::first_start::Offer;
use crate::handle::Daemon;
use crate::presets::{Preset, presets};
use crate::secrets::{Reference, masked};
use crate::view::{Found, FoundKind};

/// Settings of other tools: what they are called, and where they are below the home folder.
const SETTINGS: [(&str, &str); 2] = [
    ("cc-switch", ".cc-switch/cc-switch.db"),
    ("claude-code-router", ".claude-code-router/config.json"),
];

/// Something that could be a provider.
struct Candidate {
    told: Found,
    offer: Offer,
}

impl Daemon {
    /// What is there, whether the config has it or not.
    pub async fn found(&self) -> Vec<Found> {
        let candidates = self.candidates().await;
        let mut found: Vec<Found> = candidates.into_iter().map(|one| one.told).collect();
        found.extend(self.settings_of_others());
        found
    }

    async fn candidates(&self) -> Vec<Candidate> {
        let machine = &self.instance().machine;
        let with_key = |preset| Some(self.with_key(preset, machine.by_key(preset)?));
        let mut candidates: Vec<Candidate> = presets().iter().filter_map(with_key).collect();
        for server in servers::there(machine, self.instance().address).await {
            candidates.push(self.with_address(server));
        }
        candidates
    }

    fn with_key(&self, preset: &Preset, offer: Offer) -> Candidate {
        let variable = preset.variable.clone().unwrap_or_default();
        let value = (self.instance().machine.env)(&variable).unwrap_or_default();
        let loaded = self.loaded();
        let reference = Reference::Env(variable.clone());
        let mut known = loaded.settings.providers.iter();
        let known = known.find(|provider| provider.keys.contains(&reference));
        let told = Found {
            id: format!("env:{variable}"),
            kind: FoundKind::Key,
            title: preset.title.clone(),
            preset: Some(preset.provider.name.clone()),
            variable: Some(variable),
            masked: Some(masked(&SecretString::from(value.trim()))),
            base_url: Some(offer.provider.base_url.clone()),
            path: None,
            models: Vec::new(),
            provider: known.map(|provider| provider.name.clone()),
        };
        Candidate { told, offer }
    }

    fn with_address(&self, server: servers::Server) -> Candidate {
        let base_url = server.offer.provider.base_url.clone();
        let loaded = self.loaded();
        let place = format!("//{}", server.address);
        let mut known = loaded.settings.providers.iter();
        let known = known.find(|provider| {
            let url = provider.base_url.as_deref().unwrap_or_default();
            url.replace("//localhost", "//127.0.0.1").contains(&place)
        });
        let told = Found {
            id: format!("local:{}", server.offer.provider.name),
            kind: FoundKind::Server,
            title: server.title,
            preset: Some(server.offer.provider.name.clone()),
            variable: None,
            masked: None,
            base_url: Some(base_url),
            path: None,
            models: server.models,
            provider: known.map(|provider| provider.name.clone()),
        };
        Candidate {
            told,
            offer: server.offer,
        }
    }

    fn settings_of_others(&self) -> impl Iterator<Item = Found> {
        let home = self.instance().surroundings.home.clone();
        SETTINGS.into_iter().filter_map(move |(title, below)| {
            let path = home.as_ref()?.join(below);
            path.is_file().then(|| Found {
                id: format!("file:{}", path.display()),
                kind: FoundKind::Settings,
                title: title.to_owned(),
                preset: None,
                variable: None,
                masked: None,
                base_url: None,
                path: Some(path.display().to_string()),
                models: Vec::new(),
                provider: None,
            })
        })
    }
}

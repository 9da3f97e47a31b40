//! `prices`: what models cost, and prices of one's own.

use serde_json::json;

use super::instance::show_list;
use super::things;
use crate::admin::segment;
use crate::args::{OwnPrice, Prices};
use crate::home::Home;
use crate::screen;
use crate::views;

pub(crate) async fn prices(home: &Home, asked: Prices, json: bool) -> anyhow::Result<()> {
    let admin = home.running().await?.admin;
    // A model's name may have slashes, which are part of the path here.
    let path = |model: &str| {
        let segments: String = model.split('/').map(segment).collect();
        format!("/prices{segments}")
    };
    match asked.what {
        None => {
            let mut query = vec![("limit", asked.limit.to_string())];
            query.extend(asked.model.map(|text| ("q", text)));
            query.extend(asked.provider.map(|name| ("provider", name)));
            query.extend(asked.cursor.map(|cursor| ("cursor", cursor)));
            let answer = admin.query("/prices", &query).await?;
            show_list(&answer, json, views::prices)?;
            let mut screen = screen::stdout();
            Ok(views::more(&mut screen, &answer, json)?)
        }
        Some(OwnPrice::Set {
            model,
            input,
            output,
            cache_read,
            cache_write_5m,
            cache_write_1h,
            provider,
        }) => {
            let body = json!({
                "provider": provider,
                "input": input,
                "output": output,
                "cache_read": cache_read,
                "cache_write_5m": cache_write_5m,
                "cache_write_1h": cache_write_1h,
            });
            let told = admin.put(&path(&model), body).await?;
            let mut screen = screen::stdout();
            if json {
                return Ok(screen.json(&told)?);
            }
            Ok(views::prices(&mut screen, &[told])?)
        }
        Some(OwnPrice::Reset { model, provider }) => {
            let query: Vec<_> = provider
                .into_iter()
                .map(|name| ("provider", name))
                .collect();
            admin.delete_of(&path(&model), &query).await?;
            things::done(json, format!("{model} has no price of its own any more"))
        }
    }
}

//! The way to the server, encrypted and with its certificate looked at.

use ledger::{Ledger, Options};
use sqlx::{Connection as _, Row as _};

use crate::backend::{IS_ENCRYPTED, PLAIN, SERVER, VERIFIED};
use crate::support::{NOON, Place, served, write};

/// The URL of the place, trusting one authority alone.
fn trusting(place: &Place, authority: &str) -> String {
    let file = SERVER.authority(authority);
    let verified = VERIFIED.replace("{ca}", file.to_str().unwrap());
    let url = place.backend.url.replace(PLAIN, &verified);
    assert_ne!(url, place.backend.url);
    url
}

async fn is_encrypted(url: &str) -> bool {
    let mut conn = sqlx::AnyConnection::connect(url).await.unwrap();
    let row = sqlx::query(IS_ENCRYPTED)
        .fetch_one(&mut conn)
        .await
        .unwrap();
    row.try_get::<i64, _>("encrypted")
        .or_else(|_| row.try_get::<i32, _>("encrypted").map(i64::from))
        .unwrap()
        == 1
}

#[tokio::test]
async fn a_server_whose_certificate_is_trusted_is_talked_to_encrypted() {
    let place = Place::new();
    let url = trusting(&place, "ca");
    let ledger = Ledger::open_at(ledger::Place::server(&url).unwrap(), Options::default());
    let ledger = ledger.await.unwrap();
    write(&ledger, served("secret", NOON)).await;
    assert_eq!(ledger.today(0).await.unwrap().requests, 1);
    assert!(is_encrypted(&url).await);
    assert!(
        !is_encrypted(&place.backend.url).await,
        "the question tells"
    );
}

#[tokio::test]
async fn a_server_whose_certificate_another_authority_signed_is_refused() {
    let place = Place::new();
    let url = trusting(&place, "other");
    let at = ledger::Place::server(&url).unwrap();
    let refused = Ledger::open_at(at.clone(), Options::default()).await;
    let told = refused.unwrap_err().to_string();
    assert!(told.contains("certificate"), "{told}");
    // Waiting for it tells the same, once a name that is not the certificate's is asked for too.
    let elsewhere = trusting(&place, "ca").replace("127.0.0.1", "localhost");
    let at = ledger::Place::server(&elsewhere).unwrap();
    let waiting = Ledger::open_when_there(at, Options::default())
        .await
        .unwrap();
    let told = waiting.health().last_error.unwrap_or_default();
    assert!(told.contains("certificate"), "{told}");
}

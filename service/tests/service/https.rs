//! DynamoDB over TLS. A proxy in front of DynamoDB Local, which speaks plain HTTP only, ends the encryption.

use test_servers::DynamoDbLocal;

use crate::stores::{new_item, on_dynamodb};
use crate::tls_proxy::TlsProxy;

fn tls_before_dynamodb_local() -> TlsProxy {
    TlsProxy::before(DynamoDbLocal::shared().port(), &[])
}

#[test]
fn items_are_kept_over_tls_by_the_certificates_of_the_system() {
    let dynamodb = tls_before_dynamodb_local();
    let service = on_dynamodb(&dynamodb.url)
        .arg("--create-table")
        .env("SSL_CERT_FILE", &dynamodb.certificate())
        .start();
    assert_eq!(service.get("/readyz").status, 200);
    for id in ["1", "2", "3"] {
        assert_eq!(service.post("/items", &new_item(id, "over TLS")).status, 201);
        assert_eq!(service.get(&format!("/items/{id}")).status, 200);
    }
}

#[test]
fn a_server_that_is_not_trusted_gets_no_request() {
    let dynamodb = tls_before_dynamodb_local();
    let service = on_dynamodb(&dynamodb.url).start();
    assert_eq!(service.get("/readyz").status, 503);
    service.get("/items/1").refusal(503);
}

//! Which path leads where, and the description of the API that is made from it.

use axum::extract::{FromRef, MatchedPath, Request};
use axum::response::{IntoResponse as _, Response};
use axum::{Router, middleware};
use http::{Method, StatusCode};
use tower::util::MapRequestLayer;
use utoipa::openapi::security::{HttpAuthScheme, HttpBuilder, SecurityRequirement, SecurityScheme};
use utoipa::{Modify, OpenApi};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;
use utoipa_swagger_ui::{Config, SwaggerUi};

use super::authorization::{WriteToken, require_write_token};
use super::error::ApiError;
use super::health::{Draining, LastProbe};
use super::{health, items, request_context};
use crate::store::ItemStore;

/// What handlers work with.
#[derive(Clone, FromRef)]
pub struct AppState {
    /// Where items are kept.
    pub store: ItemStore,
    /// Whether the service is shutting down.
    pub draining: Draining,
    /// What the table last answered.
    pub last_probe: LastProbe,
}

/// Everything the service answers to.
pub fn router(state: AppState, write_token: Option<WriteToken>) -> Router {
    let (items, items_description) = OpenApiRouter::new()
        .routes(routes!(items::create, items::list))
        .routes(routes!(items::read, items::update, items::delete))
        .split_for_parts();
    let items = items.route("/items/", axum::routing::any(items::empty_id));
    let asks_token = write_token.is_some();
    let items = match write_token {
        Some(token) => items.layer(middleware::from_fn_with_state(token, require_write_token)),
        None => items,
    };
    let (service, mut description) = OpenApiRouter::with_openapi(Description::openapi())
        .routes(routes!(health::about))
        .routes(routes!(health::live))
        .routes(routes!(health::ready))
        .split_for_parts();
    description.merge(items_description);
    if asks_token {
        describe_token_as_required(&mut description);
    }
    service
        .merge(items)
        .with_state(state)
        .merge(documents(description))
        .route_layer(MapRequestLayer::new(note_route))
        .fallback(unknown_path)
        .method_not_allowed_fallback(unknown_method)
}

/// `/openapi.json` and `/docs`.
fn documents(description: utoipa::openapi::OpenApi) -> Router {
    // The page would otherwise ask a validator on the internet about the description.
    let page = Config::default().validator_url("none");
    let documents = SwaggerUi::new("/docs").url("/openapi.json", description).config(page);
    Router::from(documents).layer(middleware::map_response(|response: Response| async {
        if response.status() == StatusCode::NOT_FOUND {
            unknown_path().await.into_response()
        } else {
            response
        }
    }))
}

#[derive(OpenApi)]
#[openapi(
    info(title = "marketboro items", description = "Items kept in DynamoDB. Every error is `{\"error\": \"…\"}`."),
    tags((name = "items", description = "The items"), (name = "service", description = "The service itself")),
    modifiers(&WriteTokenScheme),
)]
struct Description;

/// Name of the security scheme of writes.
const WRITE_TOKEN: &str = "write_token";

struct WriteTokenScheme;

impl Modify for WriteTokenScheme {
    fn modify(&self, description: &mut utoipa::openapi::OpenApi) {
        let bearer = HttpBuilder::new()
            .scheme(HttpAuthScheme::Bearer)
            .description(Some(
                "Asked of writes where the service is started with --write-token-file",
            ))
            .build();
        description
            .components
            .get_or_insert_default()
            .add_security_scheme(WRITE_TOKEN, SecurityScheme::Http(bearer));
    }
}

/// Operations say of themselves that the token may be asked for, since they do not know the settings.
fn describe_token_as_required(description: &mut utoipa::openapi::OpenApi) {
    let paths = description.paths.paths.values_mut();
    let writes = paths.flat_map(|path| [&mut path.post, &mut path.put, &mut path.delete]);
    for operation in writes.flatten() {
        operation.security = Some(vec![SecurityRequirement::new(WRITE_TOKEN, [""; 0])]);
    }
}

fn note_route(mut request: Request) -> Request {
    if let Some(route) = request.extensions_mut().remove::<MatchedPath>() {
        request_context::set_route(route);
    }
    request
}

async fn unknown_path() -> ApiError {
    ApiError::new(
        StatusCode::NOT_FOUND,
        "There is nothing at this path; /docs shows what there is",
    )
}

/// axum adds the header `Allow`.
async fn unknown_method(method: Method) -> ApiError {
    ApiError::new(
        StatusCode::METHOD_NOT_ALLOWED,
        format!("{method} is not possible here; the header Allow of this answer names what is"),
    )
}

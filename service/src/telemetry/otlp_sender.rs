//! Sends encoded traces by OTLP, over HTTP or gRPC, and tries again where the protocol says so.

use std::io::Write as _;
use std::sync::Arc;
use std::time::Duration;

use bytes::{Buf as _, BufMut as _, Bytes};
use flate2::Compression;
use flate2::write::GzEncoder;
use http::header::{CONTENT_ENCODING, CONTENT_TYPE, RETRY_AFTER};
use http::uri::PathAndQuery;
use http::{HeaderMap, HeaderValue, Request, StatusCode, Uri};
use opentelemetry_http::HttpClient;
use opentelemetry_proto::tonic::collector::trace::v1::ExportTraceServiceResponse;
use prost::Message as _;
use tonic::Code;
use tonic::codec::{Codec, CompressionEncoding, DecodeBuf, Decoder, EncodeBuf, Encoder};
use tonic::metadata::MetadataMap;
use tonic::transport::Channel;

const EXPORT_METHOD: PathAndQuery =
    PathAndQuery::from_static("/opentelemetry.proto.collector.trace.v1.TraceService/Export");

/// Tries after the first, at doubling distances.
const RETRIES: u32 = 3;
const FIRST_RETRY_AFTER: Duration = Duration::from_millis(100);

/// Why spans were not delivered.
#[derive(Debug, thiserror::Error)]
pub(super) enum SendError {
    #[error("no answer within {0:?}")]
    TimedOut(Duration),
    #[error("{0}")]
    Unreachable(String),
    #[error("it answered {status}{}", .message.as_deref().map(|text| format!(": {text}")).unwrap_or_default())]
    Refused {
        status: StatusCode,
        message: Option<String>,
        retry_after: Option<Duration>,
    },
    #[error("it answered {code:?}: {message}")]
    GrpcStatus { code: Code, message: String },
    #[error("it rejected {spans} spans: {message}")]
    Rejected { spans: usize, message: String },
}

impl SendError {
    /// By OTLP's specification, failures that may pass.
    fn may_pass(&self) -> bool {
        match self {
            Self::Unreachable(_) => true,
            Self::Refused { status, .. } => matches!(status.as_u16(), 429 | 502 | 503 | 504),
            Self::GrpcStatus { code, .. } => matches!(
                code,
                Code::Cancelled
                    | Code::DeadlineExceeded
                    | Code::Aborted
                    | Code::OutOfRange
                    | Code::Unavailable
                    | Code::DataLoss
            ),
            Self::TimedOut(_) | Self::Rejected { .. } => false,
        }
    }

    fn retry_after(&self) -> Option<Duration> {
        match self {
            Self::Refused { retry_after, .. } => *retry_after,
            _ => None,
        }
    }
}

/// A way to one collector.
pub(super) struct OtlpSender {
    pub(super) transport: Transport,
    /// For one export, all its tries together.
    pub(super) timeout: Duration,
}

/// How requests get there.
pub(super) enum Transport {
    Http {
        client: Arc<dyn HttpClient>,
        url: Uri,
        headers: HeaderMap,
        gzip: bool,
    },
    Grpc {
        client: tonic::client::Grpc<Channel>,
        headers: MetadataMap,
    },
}

impl Transport {
    pub(super) fn grpc(channel: Channel, headers: HeaderMap, gzip: bool) -> Self {
        let client = tonic::client::Grpc::new(channel);
        Self::Grpc {
            client: if gzip {
                client.send_compressed(CompressionEncoding::Gzip)
            } else {
                client
            },
            headers: MetadataMap::from_headers(headers),
        }
    }

    async fn send_once(&self, request: Bytes) -> Result<ExportTraceServiceResponse, SendError> {
        match self {
            Self::Http {
                client, url, headers, ..
            } => {
                let mut post = Request::post(url.clone()).body(request).map_err(unreachable)?;
                post.headers_mut().extend(headers.clone());
                let answer = client.send_bytes(post).await.map_err(|error| unreachable(&*error))?;
                if !answer.status().is_success() {
                    return Err(refused(&answer));
                }
                // What cannot be read says nothing of a rejection.
                Ok(ExportTraceServiceResponse::decode(answer.into_body()).unwrap_or_default())
            }
            Self::Grpc { client, headers } => {
                let mut client = client.clone();
                client.ready().await.map_err(unreachable)?;
                let mut call = tonic::Request::new(request);
                *call.metadata_mut() = headers.clone();
                let answer = client.unary(call, EXPORT_METHOD, EncodedCodec).await;
                answer
                    .map(tonic::Response::into_inner)
                    .map_err(|status| SendError::GrpcStatus {
                        code: status.code(),
                        message: causes(&status),
                    })
            }
        }
    }

    /// What is sent of a request; gRPC compresses by itself.
    fn prepare(&self, request: Vec<u8>) -> Bytes {
        if let Self::Http { gzip: true, .. } = self {
            let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
            // Writing to memory does not fail.
            let _ = encoder.write_all(&request);
            return encoder.finish().unwrap_or_default().into();
        }
        request.into()
    }
}

impl OtlpSender {
    /// Delivers an encoded `ExportTraceServiceRequest`.
    pub(super) async fn send(&self, request: Vec<u8>) -> Result<(), SendError> {
        let request = self.transport.prepare(request);
        let mut last_failure = None;
        let delivery = tokio::time::timeout(self.timeout, self.try_again(request, &mut last_failure)).await;
        match delivery {
            Ok(result) => result,
            Err(_) => Err(last_failure.unwrap_or(SendError::TimedOut(self.timeout))),
        }
    }

    async fn try_again(&self, request: Bytes, last_failure: &mut Option<SendError>) -> Result<(), SendError> {
        for retry in 0.. {
            let failure = match self.transport.send_once(request.clone()).await {
                Ok(answer) => return accepted(answer),
                Err(failure) => failure,
            };
            if retry >= RETRIES || !failure.may_pass() {
                return Err(failure);
            }
            let pause = FIRST_RETRY_AFTER * 2_u32.pow(retry);
            // A time beyond the whole export's is as good as that, and may be any number.
            let pause = failure
                .retry_after()
                .map_or(pause, |asked| asked.max(pause))
                .min(self.timeout);
            *last_failure = Some(failure);
            // Services that lost the same collector should not come back all at once.
            tokio::time::sleep(pause.mul_f64(1.0 + fastrand::f64())).await;
        }
        Ok(())
    }
}

fn accepted(answer: ExportTraceServiceResponse) -> Result<(), SendError> {
    match answer.partial_success {
        Some(partial) if partial.rejected_spans > 0 => Err(SendError::Rejected {
            spans: usize::try_from(partial.rejected_spans).unwrap_or_default(),
            message: partial.error_message,
        }),
        _ => Ok(()),
    }
}

fn refused(answer: &http::Response<Bytes>) -> SendError {
    let retry_after = answer.headers().get(RETRY_AFTER).and_then(|value| value.to_str().ok());
    // Collectors explain themselves in a google.rpc.Status, whose second field is a text.
    let message = Status::decode(answer.body().clone()).ok().map(|status| status.message);
    SendError::Refused {
        status: answer.status(),
        message: message.filter(|message| !message.is_empty()),
        retry_after: retry_after.and_then(|seconds| Some(Duration::from_secs(seconds.parse().ok()?))),
    }
}

/// `google.rpc.Status`, as far as it is of use here.
#[derive(Clone, PartialEq, prost::Message)]
struct Status {
    #[prost(string, tag = "2")]
    message: String,
}

fn unreachable(error: impl std::error::Error) -> SendError {
    SendError::Unreachable(causes(&error))
}

/// An error with what caused it, in one line.
fn causes(error: &dyn std::error::Error) -> String {
    let causes = std::iter::successors(Some(error), |error| error.source());
    causes.map(ToString::to_string).collect::<Vec<_>>().join(": ")
}

/// Headers of every request: those of the settings, and what says how the body is written.
pub(super) fn http_headers(settings: &[(http::HeaderName, HeaderValue)], gzip: bool) -> HeaderMap {
    let mut headers: HeaderMap = settings.iter().cloned().collect();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/x-protobuf"));
    if gzip {
        headers.insert(CONTENT_ENCODING, HeaderValue::from_static("gzip"));
    }
    headers
}

/// Requests that are encoded already.
struct EncodedCodec;

impl Codec for EncodedCodec {
    type Encode = Bytes;
    type Decode = ExportTraceServiceResponse;
    type Encoder = Self;
    type Decoder = Self;

    fn encoder(&mut self) -> Self {
        Self
    }

    fn decoder(&mut self) -> Self {
        Self
    }
}

impl Encoder for EncodedCodec {
    type Item = Bytes;
    type Error = tonic::Status;

    fn encode(&mut self, request: Bytes, out: &mut EncodeBuf<'_>) -> Result<(), tonic::Status> {
        out.put(request);
        Ok(())
    }
}

impl Decoder for EncodedCodec {
    type Item = ExportTraceServiceResponse;
    type Error = tonic::Status;

    fn decode(&mut self, answer: &mut DecodeBuf<'_>) -> Result<Option<ExportTraceServiceResponse>, tonic::Status> {
        let answer = answer.copy_to_bytes(answer.remaining());
        Ok(Some(ExportTraceServiceResponse::decode(answer).unwrap_or_default()))
    }
}

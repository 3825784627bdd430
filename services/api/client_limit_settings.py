"""The API's settings of what one client, and all of them, may take: connections, uploads, rates and pending images."""

from typing import Annotated

from msgspec import Meta

from common.runtime.settings import CommonSettings, Count, Seconds


class ClientLimitSettings(CommonSettings, frozen=True, kw_only=True):
    """A client is an API key's owner, else an address, of IPv6 the /64, told by the proxies of `TRUSTED_PROXIES`."""

    max_connections: Annotated[
        Count, Meta(description="Connections that are open; beyond, 503 `too_many_connections`.")
    ] = 4096
    max_connections_per_client: Annotated[
        Count,
        Meta(
            description="Connections of one address (of IPv6 the /64) that are open; beyond, 503 "
            "`too_many_connections`. Not for the addresses of `TRUSTED_PROXIES`."
        ),
    ] = 512
    max_stalled_readers: Annotated[
        Count,
        Meta(
            description="Connections whose client does not read its answer; beyond, the one that has not read for "
            "longest is closed."
        ),
    ] = 256
    reader_stall_seconds: Annotated[
        Seconds,
        Meta(description="How long a client may not read its answer; beyond, its connection is closed."),
    ] = 30.0
    request_body_seconds: Annotated[
        Seconds,
        Meta(
            description="How long the body of a request other than an upload may take; beyond, 408 `upload_timeout`."
        ),
    ] = 10.0
    max_concurrent_uploads: Annotated[
        Count, Meta(description="Uploads in progress; beyond, 503 `too_many_uploads`.")
    ] = 1000
    max_concurrent_uploads_per_client: Annotated[
        Count,
        Meta(
            description="Uploads of one client (API key, else address, of IPv6 the /64) in progress; "
            "beyond, 429 `too_many_client_uploads`."
        ),
    ] = 100
    max_pending_per_client: Annotated[
        int,
        Meta(
            ge=0,
            le=1_000_000_000,
            description="Images of one client that wait or are in hand; beyond, 429 `too_many_pending_images`. 0: any.",
        ),
    ] = 1000
    rate_limit_per_minute: Annotated[
        float,
        Meta(
            ge=0,
            le=10_000_000,
            description="Images that one client (API key, else address, of IPv6 the /64) uploads or runs again, "
            "on average; beyond, 429 `rate_limited`. 0: any.",
        ),
    ] = 6000.0
    rate_limit_burst: Annotated[
        Count, Meta(description="Images of one client at once; beyond, 429 `rate_limited`.")
    ] = 1000

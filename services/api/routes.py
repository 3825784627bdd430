"""Every path of the API, in one table."""

from starlette.routing import BaseRoute, Route

from services.api.endpoints import (
    files,
    images,
    monitoring,
    openapi,
    presets,
    signed_urls,
    uploads,
)


def routes() -> list[BaseRoute]:
    """The routing table; the first match wins."""
    return [
        Route("/upload", uploads.upload, methods=["POST"]),
        Route("/signatures", signed_urls.create, methods=["POST"]),
        Route("/status/{image_id}", files.status),
        Route("/images", images.list_images),
        Route("/images/retry", images.retry_failed, methods=["POST"]),
        Route("/images/{image_id}", files.whole_record, methods=["GET"]),
        Route("/images/{image_id}", images.delete, methods=["DELETE"]),
        Route("/images/{image_id}/retry", images.retry, methods=["POST"]),
        Route("/images/{image_id}/original", files.original),
        Route("/images/{image_id}/{output}", files.output),
        Route("/presets", presets.list_presets),
        Route("/openapi.json", openapi.openapi),
        Route("/healthz", monitoring.healthz),
        Route("/readyz", monitoring.readyz),
        Route("/metrics", monitoring.metrics),
    ]

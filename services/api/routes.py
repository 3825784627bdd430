"""Every path of the API, in one table."""

from starlette.routing import BaseRoute, Route

from services.api import catalog, images, openapi, operations, presets, signatures, uploads


def routes() -> list[BaseRoute]:
    """The routing table; the first match wins."""
    return [
        Route("/upload", uploads.upload, methods=["POST"]),
        Route("/signatures", signatures.create, methods=["POST"]),
        Route("/status/{image_id}", images.status),
        Route("/images", catalog.list_images),
        Route("/images/retry", catalog.retry_failed, methods=["POST"]),
        Route("/images/{image_id}", images.whole_record, methods=["GET"]),
        Route("/images/{image_id}", catalog.delete, methods=["DELETE"]),
        Route("/images/{image_id}/retry", catalog.retry, methods=["POST"]),
        Route("/images/{image_id}/original", images.original),
        Route("/images/{image_id}/{output}", images.output),
        Route("/presets", presets.list_presets),
        Route("/openapi.json", openapi.openapi),
        Route("/healthz", operations.healthz),
        Route("/readyz", operations.readyz),
        Route("/metrics", operations.metrics),
    ]

"""Tells whether the store's disk is there: an empty mount point must not be taken for a store without images."""

from common.errors import StoreUnavailableError
from common.store.disk import durable_files
from common.store.disk.layout import Layout


def prepare(layout: Layout) -> bool:
    """Create what is missing of the store; one without a marker gets it. Returns whether there was no store at all."""
    is_new = not layout.marker.exists() and not layout.images.exists()
    for folder in layout.folders:
        durable_files.make_folder(folder)
    if not layout.marker.exists() and durable_files.create_file(layout.root, layout.marker.name, b""):
        durable_files.sync_folder(layout.root)
        return is_new
    return False


def verify_present(layout: Layout) -> None:
    """Raise StoreUnavailableError unless the store is there: asked before anything is said not to be in it."""
    if not (layout.marker.is_file() and layout.images.is_dir()):
        raise StoreUnavailableError("the store is not there: is its disk mounted?")

"""What Starlette's documentation leads to: `request.form()`, and a copy of the file, made as durable as ours is."""

import os
import shutil
import sys
from pathlib import Path
from typing import IO

import uvicorn
from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from common.model import image_ids
from common.store.disk.durable_files import sync_folder


def main() -> None:
    """`form_server PORT FOLDER`."""
    folder = Path(sys.argv[2])
    folder.mkdir(parents=True)

    async def upload(request: Request) -> Response:
        async with request.form() as form:
            file = form["file"]
            assert not isinstance(file, str)
            image_id = image_ids.new()
            await run_in_threadpool(_keep, file.file, folder / image_id)
        return JSONResponse({"image_id": image_id}, 202)

    async def healthz(_: Request) -> Response:
        return Response()

    app = Starlette(routes=[Route("/upload", upload, methods=["POST"]), Route("/healthz", healthz)])
    uvicorn.run(app, host="127.0.0.1", port=int(sys.argv[1]), access_log=False, log_level="warning")


def _keep(file: IO[bytes], path: Path) -> None:
    with path.open("xb") as copy:
        shutil.copyfileobj(file, copy)
        copy.flush()
        os.fsync(copy.fileno())
    sync_folder(path.parent)


if __name__ == "__main__":
    main()

"""`python -m scripts.generate` writes what is made from the code; with `--check` it only names what is stale."""

import argparse

from scripts.generate import example_images
from scripts.generate.artifacts import ROOT, Artifact, stale
from scripts.generate.decisions import decision_artifacts
from scripts.generate.http import http_artifacts
from scripts.generate.recipes import recipe_artifacts
from scripts.generate.settings import settings_artifacts


def artifacts() -> tuple[Artifact, ...]:
    """Return every generated text with its path; the example images are made by `example_images`."""
    return (*settings_artifacts(), *recipe_artifacts(), *http_artifacts(), *decision_artifacts())


def main() -> int:
    """Write what is stale, or with `--check` name it; return the exit code."""
    parser = argparse.ArgumentParser(prog="python -m scripts.generate", description=__doc__)
    parser.add_argument("--check", action="store_true", help="write nothing; exit 1 when something is stale")
    if parser.parse_args().check:
        return _check()
    for artifact in stale(artifacts()):
        artifact.path.write_text(artifact.content)
        print(f"wrote {artifact.path.relative_to(ROOT)}")
    example_images.draw()
    return 0


def _check() -> int:
    old = [artifact.path for artifact in stale(artifacts())] + example_images.missing()
    for path in old:
        print(f"{path.relative_to(ROOT)} is stale: make generate brings it up to date")
    return 1 if old else 0


if __name__ == "__main__":
    raise SystemExit(main())

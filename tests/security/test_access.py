"""The attacker's script: a key of their own, a signed URL that somebody gave them, and other people's images."""

import hashlib
import inspect
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, parse_qsl, quote, urlencode, urlsplit

import httpx
import pytest

from services.api.auth import api_keys, url_signing
from services.api.auth.api_keys import create_key
from services.api.auth.url_signing import SignedUrlClaims, UrlSigner
from tests.security.target import Target, running_target
from tests.support.broker.node import BrokerNode
from tests.support.http.client import FINAL
from tests.support.images.drawings import photograph
from tests.support.images.hostile import HOSTILE
from tests.support.ports import HOST
from tests.support.waiting import wait_until

SECRET, OLD_SECRET = "the secret of this year", "the secret of last year"
FORGED = UrlSigner(("a secret that is guessed",))


@dataclass
class Scene:
    """Alice has a completed and a failed image; Mallory has a key as well."""

    target: Target
    key_file: Path
    alice: httpx.Client
    mallory: httpx.Client
    nobody: httpx.Client
    good: str
    bad: str

    def signed(self, path: str, **claims: Any) -> str:
        """A URL that Alice has had signed."""
        answer = self.alice.post("/signatures", json={"method": "GET", "path": path, **claims})
        assert answer.status_code == 201, answer.text
        url: str = answer.json()["url"]
        return url


@pytest.fixture(scope="module")
def scene(broker: BrokerNode, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Scene]:
    folder = tmp_path_factory.mktemp("access")
    made = {name: create_key(name) for name in ("alice", "mallory")}
    key_file = folder / "keys"
    key_file.write_text("".join(line + "\n" for _, line in made.values()))
    settings = {"API_KEYS_FILE": str(key_file), "URL_SIGNING_SECRETS": f"{SECRET},{OLD_SECRET}"}
    with running_target(folder, broker.vhost().url, workers=1, **settings) as target:
        base = f"http://{HOST}:{target.stack.api.port}"
        clients = [
            httpx.Client(
                base_url=base, trust_env=False, timeout=30, headers={"Authorization": f"Bearer {key}"}
            )
            for key, _ in made.values()
        ]
        alice, mallory = clients
        nobody = target.http
        good = uploaded(alice, photograph(320, 240))
        bad = uploaded(alice, HOSTILE["jpeg truncated"]().data)
        yield Scene(target, key_file, alice, mallory, nobody, good, bad)
        for client in clients:
            client.close()
        target.check()


def uploaded(client: httpx.Client, data: bytes) -> str:
    """The id of an image that has come to its end."""
    answer = client.post("/upload", files={"file": ("private.jpg", data)})
    assert answer.status_code == 202, answer.text
    image_id: str = answer.json()["image_id"]
    wait_until(lambda: client.get(f"/status/{image_id}").json()["status"] in FINAL, "it is finished")
    return image_id


def refusal(answer: httpx.Response) -> tuple[int, str]:
    assert answer.headers["Content-Type"] == "application/problem+json", answer.text
    return answer.status_code, answer.json()["code"]


PLACES = [
    ("GET", "/status/{}"), ("GET", "/images/{}"), ("GET", "/images/{}/large"), ("GET", "/images/{}/large.jpg"),
    ("GET", "/images/{}/original"), ("GET", "/images/{}/nothing"), ("DELETE", "/images/{}"),
    ("POST", "/images/{}/retry"),
]  # fmt: skip
UNKNOWN = "01a20bac-f5ec-7373-a1a2-b77efbfa2279"


@pytest.mark.parametrize("method, place", PLACES)
def test_what_is_not_mine_is_not_there(scene: Scene, method: str, place: str) -> None:
    for image_id in (scene.good, scene.bad):
        theirs = scene.mallory.request(method, place.format(image_id))
        unknown = scene.mallory.request(method, place.format(UNKNOWN))
        assert refusal(theirs) == (404, "image_not_found")
        assert theirs.content == unknown.content, "the answer tells that there is something"
        assert set(theirs.headers) == set(unknown.headers)
    assert scene.alice.get(f"/status/{scene.good}").json()["status"] == "completed"
    assert scene.alice.get(f"/status/{scene.bad}").json()["status"] == "failed"


@pytest.mark.parametrize(
    "method, place",
    [
        *PLACES,
        ("GET", "/images"),
        ("POST", "/images/retry"),
        ("POST", "/signatures"),
        ("GET", "/presets"),
        ("POST", "/upload"),
    ],
)
@pytest.mark.parametrize(
    "authorization", [None, "", "Bearer", "Bearer x", "Basic YWxpY2U6eA==", "Bearer " + "x" * 5000]
)  # fmt: skip
def test_without_a_key_there_is_nothing(
    scene: Scene, method: str, place: str, authorization: str | None
) -> None:
    headers = {} if authorization is None else {"Authorization": authorization}
    answer = scene.nobody.request(
        method, place.format(scene.good), headers=headers, params={"since": "2026-01-01T00:00:00Z"}
    )
    assert refusal(answer) == (401, "unauthorized")
    assert answer.headers["WWW-Authenticate"].startswith("Bearer")


def test_lists_and_retries_are_of_one_s_own(scene: Scene) -> None:
    own = uploaded(scene.mallory, HOSTILE["jpeg truncated"]().data)
    since = {"since": "2020-01-01T00:00:00Z"}

    assert [image["image_id"] for image in scene.mallory.get("/images").json()["images"]] == [own]
    assert scene.mallory.get("/images", params={"status": "completed"}).json()["images"] == []
    # A cursor that is somebody else's image tells nothing about it.
    listed = scene.mallory.get("/images", params={"cursor": scene.good}).json()
    assert listed == {"images": [], "next_cursor": None}
    assert scene.mallory.post("/images/retry", params=since).json()["retried"] == [own]
    assert scene.alice.get(f"/status/{scene.bad}").json()["details"]["attempt"] == 1


def test_a_key_of_idempotency_is_its_owner_s_alone(scene: Scene) -> None:
    headers = {"Idempotency-Key": "order 66"}
    answers = [
        client.post("/upload", files={"file": ("a.jpg", photograph(320, 240))}, headers=headers)
        for client in (scene.alice, scene.mallory, scene.alice)
    ]

    first, second, third = [answer.json()["image_id"] for answer in answers]
    assert first == third
    assert second != first


def test_a_signed_url_opens_what_it_names_and_nothing_else(scene: Scene) -> None:
    url = scene.signed(f"/images/{scene.good}/large")
    query = urlsplit(url).query

    assert scene.nobody.get(url).status_code == 200
    assert scene.nobody.head(url).status_code == 200
    others = [
        f"/images/{scene.good}/thumbnail", f"/images/{scene.good}/original", f"/images/{scene.good}",
        f"/images/{scene.bad}/large", f"/status/{scene.good}", f"/images/{scene.good}/large.jpg",
        f"/images/{scene.good}/large/", f"//images/{scene.good}/large", f"/images/{scene.good}/x/%2e%2e/large",
        f"/images/{scene.good}%2Flarge%3F/%2e%2e/original", "/images", "/presets", "/images/",
    ]  # fmt: skip
    for path in others:
        answer = scene.nobody.get(f"{path}?{query}")
        assert answer.status_code in (403, 404), path
        assert answer.headers["Content-Type"] == "application/problem+json"
    for method, path in (
        ("DELETE", f"/images/{scene.good}"), ("POST", f"/images/{scene.good}/retry"), ("POST", "/upload"),
        ("POST", "/signatures"), ("POST", "/images/retry"), ("DELETE", f"/images/{scene.good}/large"),
    ):  # fmt: skip
        assert scene.nobody.request(method, f"{path}?{query}").status_code in (403, 405), (method, path)
    assert scene.alice.get(f"/status/{scene.good}").status_code == 200


def test_the_host_that_a_client_names_does_not_move_a_signature(scene: Scene) -> None:
    url = scene.signed(f"/images/{scene.good}/large")
    query = urlsplit(url).query

    for host in (f"x/images/{scene.good}/large?", f"x/images/{scene.good}/large#", "x@y", "[", "x\tb"):
        answer = scene.nobody.get(f"/images/{scene.good}/original?{query}", headers={"Host": host})
        assert answer.status_code in (400, 403), host


def altered(query: str) -> dict[str, str]:
    """The query, altered in each of its parts."""
    fields = dict(parse_qsl(query))
    signature = fields["signature"]
    other = "0" if signature[0] != "0" else "1"
    later = {**fields, "expires": str(int(fields["expires"]) + 1)}
    return {
        "later": urlencode(later),
        "much later": urlencode({**fields, "expires": "9" * 20}),
        "later, in other digits": urlencode({**fields, "expires": "٩" * 10}),
        "no expiry": urlencode({name: value for name, value in fields.items() if name != "expires"}),
        "expiry twice": query + "&expires=" + later["expires"],
        "another owner": urlencode({**fields, "owner": "mallory"}),
        "no owner": urlencode({**fields, "owner": ""}),
        "owner twice": query + "&owner=mallory",
        "an owner of two lines": urlencode({**fields, "owner": fields["owner"] + "\n"}),
        "a limit": urlencode({**fields, "max_bytes": "10"}),
        "no signature": urlencode({**fields, "signature": ""}),
        "a shorter signature": urlencode({**fields, "signature": signature[:-1]}),
        "a longer signature": urlencode({**fields, "signature": signature + "0"}),
        "a signature of another letter": urlencode({**fields, "signature": other + signature[1:]}),
        "a signature in capitals": urlencode({**fields, "signature": signature.upper()}),
        "a signature of another alphabet": urlencode({**fields, "signature": "é" * 64}),
        "signature twice": query + "&signature=" + "0" * 64,
    }  # fmt: skip


def test_no_part_of_a_signed_url_can_be_altered(scene: Scene) -> None:
    path, _, query = scene.signed(f"/images/{scene.good}/large").partition("?")

    for kind, changed in altered(query).items():
        assert refusal(scene.nobody.get(f"{path}?{changed}")) == (403, "invalid_signature"), kind


def test_a_signed_url_expires(scene: Scene) -> None:
    soon = scene.signed(f"/status/{scene.good}", expires_in=1)
    past = UrlSigner((SECRET,)).url(
        SignedUrlClaims("GET", f"/status/{scene.good}", int(time.time()) - 1, "alice")
    )

    assert refusal(scene.nobody.get(past)) == (403, "signature_expired")
    wait_until(lambda: scene.nobody.get(soon).status_code == 403, "it has expired", within=20)


def test_an_upload_that_is_signed_is_its_owner_s_and_no_larger(scene: Scene) -> None:
    data = photograph(320, 240)
    request = {"method": "POST", "path": "/upload", "max_bytes": len(data)}
    url = scene.alice.post("/signatures", json=request).json()["url"]

    taken = scene.nobody.post(url, files={"file": ("a.jpg", data)})
    larger = scene.nobody.post(url, files={"file": ("a.jpg", data + b"x")})
    unlimited = url.replace(f"max_bytes={len(data)}", "")
    raised = url.replace(f"max_bytes={len(data)}", f"max_bytes={len(data)}0")

    assert taken.status_code == 202
    assert scene.alice.get(taken.json()["status_url"]).status_code == 200
    assert refusal(scene.mallory.get(taken.json()["status_url"])) == (404, "image_not_found")
    assert refusal(larger) == (413, "upload_too_large")
    for forged in (unlimited, raised):
        assert refusal(scene.nobody.post(forged, files={"file": ("a.jpg", data)})) == (
            403,
            "invalid_signature",
        )
    assert refusal(scene.nobody.get("/images?" + urlsplit(url).query)) == (403, "invalid_signature")


def test_both_secrets_are_accepted_and_the_first_signs(scene: Scene) -> None:
    path, expires = f"/status/{scene.good}", int(time.time()) + 60
    grant = SignedUrlClaims("GET", path, expires, "alice")

    for secret in (SECRET, OLD_SECRET):
        assert scene.nobody.get(UrlSigner((secret,)).url(grant)).status_code == 200
    assert refusal(scene.nobody.get(FORGED.url(grant))) == (403, "invalid_signature")
    signed = scene.signed(path, expires_in=60)
    at = int(parse_qs(urlsplit(signed).query)["expires"][0])
    assert signed == UrlSigner((SECRET,)).url(SignedUrlClaims("GET", path, at, "alice"))


def test_nobody_has_other_people_s_images_signed(scene: Scene) -> None:
    for path in (f"/images/{scene.good}/large", f"/status/{scene.good}", f"/images/{scene.good}"):
        answer = scene.mallory.post("/signatures", json={"method": "GET", "path": path})
        assert refusal(answer) == (404, "image_not_found")
    requests: list[dict[str, Any]] = [
        {"method": "DELETE", "path": f"/images/{scene.good}"},
        {"method": "POST", "path": f"/images/{scene.good}/retry"},
        {"method": "GET", "path": "/images"},
        {"method": "GET", "path": "/metrics"},
        {"method": "GET", "path": f"/images/{scene.good}/large", "owner": "alice"},
        {"method": "POST", "path": "/upload", "expires_in": 10**9},
        {"method": "POST", "path": "/upload", "expires_in": -1},
        {"method": "POST", "path": "/upload", "max_bytes": 0},
    ]
    for request in requests:
        assert refusal(scene.mallory.post("/signatures", json=request)) == (422, "invalid_parameter"), request
    own = uploaded(scene.mallory, photograph(320, 240))
    for tail in (f"/../{scene.good}/large", f"/../../status/{scene.good}", "%2f..", "\n"):
        answer = scene.mallory.post("/signatures", json={"method": "GET", "path": f"/images/{own}{tail}"})
        if answer.status_code == 201:
            url = answer.json()["url"]
            for path in (url, quote(url, safe="/?=&%")):
                assert scene.nobody.get(path).status_code in (403, 404), path


def test_a_key_is_added_and_withdrawn_while_the_api_runs(scene: Scene) -> None:
    before = scene.key_file.read_text()
    key, line = create_key("carol")
    headers = {"Authorization": f"Bearer {key}"}

    def status() -> int:
        return scene.nobody.get("/images", headers=headers).status_code

    assert status() == 401
    scene.key_file.write_text(before + line + "\n")
    wait_until(lambda: status() == 200, "the new key is known")
    carols = UrlSigner((SECRET,)).url(SignedUrlClaims("POST", "/upload", int(time.time()) + 60, "carol"))
    assert scene.nobody.post(carols, files={"file": ("a.jpg", photograph(320, 240))}).status_code == 202
    scene.key_file.write_text(before)
    wait_until(lambda: status() == 401, "the key is withdrawn")
    answer = scene.nobody.post(carols, files={"file": ("a.jpg", photograph(320, 240))})
    assert refusal(answer) == (403, "invalid_signature"), "her signed URLs end with her key"


def test_a_key_file_that_is_damaged_opens_nothing(scene: Scene) -> None:
    before = scene.key_file.read_text()
    api = scene.target.stack.api
    count = len(api.logged("api_keys.unreadable"))
    scene.key_file.write_text("alice\n")
    wait_until(lambda: len(api.logged("api_keys.unreadable")) > count, "it is noticed")

    assert refusal(scene.nobody.get("/images")) == (401, "unauthorized")
    assert scene.alice.get("/images").status_code == 200
    scene.key_file.write_text(before)


@pytest.mark.parametrize("check", [api_keys.ApiKeyFile.owner_of, url_signing.UrlSigner.verify])
def test_secrets_are_compared_in_constant_time(check: Callable[..., object]) -> None:
    source = inspect.getsource(check)

    assert "compare_digest" in source
    assert "return" not in source.split("compare_digest", 1)[0].split('"""')[-1], (
        "each is compared, wherever it fits"
    )


def test_the_key_itself_is_kept_nowhere(scene: Scene) -> None:
    key = scene.alice.headers["Authorization"].removeprefix("Bearer ")

    assert key not in scene.key_file.read_text()
    assert hashlib.sha256(key.encode()).hexdigest() in scene.key_file.read_text()
    for service in scene.target.stack.services:
        assert not any(secret in str(service.log()) for secret in (key, SECRET, OLD_SECRET))

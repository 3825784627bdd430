"""For whoever runs it: alive, ready, and what was counted."""

from tests.support.http.api import Api, problem_of


async def test_it_is_alive_whatever_else_is_not(api: Api) -> None:
    api.memory.fault = OSError("away")

    assert (await api.http.get("/healthz")).json() == {"status": "alive"}


async def test_it_says_what_does_not_answer(api: Api) -> None:
    api.memory.fault = OSError("/a/path")

    answer = await api.http.get("/readyz")

    assert answer.status_code == 503
    assert answer.json()["checks"]["store"] == "failed"
    assert "/a/path" not in answer.text


async def test_metrics_are_text_for_prometheus(api: Api) -> None:
    answer = await api.http.get("/metrics")

    assert answer.headers["Content-Type"].startswith("text/plain")
    assert "darkroom_outbox_depth 0.0" in answer.text


async def test_an_unknown_path_and_method_are_problems(api: Api) -> None:
    assert problem_of(await api.http.get("/nothing")) == (404, "not_found")
    wrong = await api.http.patch("/upload")
    assert problem_of(wrong) == (405, "method_not_allowed")
    assert wrong.headers["Allow"] == "POST"

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from starlette.testclient import TestClient


def test_a_thread_begins_with_a_reading_and_one_nudge(client: TestClient, thread: dict[str, Any], plan: str) -> None:
    assert set(thread) >= {"id", "title", "sequence", "reading", "praise", "nudge", "said"}
    assert thread["title"] == "Water"
    assert thread["reading"]["is_lesson_plan"] is True
    nudge = thread["nudge"]
    assert thread["reading"]["measures"][nudge["measure"]]["verdict"] != "present"
    assert nudge["template"]["licence"]
    for measure in thread["reading"]["measures"].values():
        for quote in measure["evidence"]:
            assert plan[quote["start"] : quote["end"]] == quote["quote"]


def test_looking_says_nothing_and_shows_everything(client: TestClient, thread: dict[str, Any]) -> None:
    seen = client.get(f"/v1/threads/{thread['id']}").json()
    assert seen["nudge"] == thread["nudge"]
    assert seen["sequence"] == thread["sequence"]
    words = [said["text"] for said in seen["conversation"] if said["role"] == "coach"]
    assert [said["text"] for said in thread["said"]] == words
    assert client.get(f"/v1/threads/{thread['id']}").json() == seen


def test_use_and_undo_are_byte_exact(client: TestClient, thread: dict[str, Any], plan: str) -> None:
    base = f"/v1/threads/{thread['id']}"
    used = client.post(f"{base}/decisions", json={"nudge_id": thread["nudge"]["id"], "decision": "use"}).json()
    now = client.get(f"{base}/plan")
    assert now.headers["content-type"] == "text/plain; charset=utf-8"
    assert thread["nudge"]["suggestion"] in now.text[used["added"]["start"] : used["added"]["end"]]
    assert client.post(f"{base}/undo").status_code == 200
    assert client.get(f"{base}/plan").content == plan.encode()
    causes = [version["cause"] for version in client.get(f"{base}/versions").json()]
    assert causes == ["opened", "use", "undone"]
    again = client.post(f"{base}/redo")
    assert again.status_code == 200
    assert client.get(f"{base}/plan").content == now.content
    assert client.get(f"{base}/versions").json()[-1]["cause"] == "redone"
    assert client.post(f"{base}/redo").status_code == 409


@pytest.mark.parametrize("decision", ["not_now", "not_relevant"])
def test_a_dismissal_changes_no_byte(client: TestClient, thread: dict[str, Any], plan: str, decision: str) -> None:
    base = f"/v1/threads/{thread['id']}"
    answer = client.post(f"{base}/decisions", json={"nudge_id": thread["nudge"]["id"], "decision": decision})
    assert answer.status_code == 200
    assert client.get(f"{base}/plan").content == plan.encode()
    assert (answer.json()["nudge"] or {}).get("id") != thread["nudge"]["id"]


def test_an_edit_carries_the_teachers_words(client: TestClient, thread: dict[str, Any]) -> None:
    base = f"/v1/threads/{thread['id']}"
    body = {"nudge_id": thread["nudge"]["id"], "decision": "edit", "text": "Mine, ‘é’ and 😀."}
    assert client.post(f"{base}/decisions", json=body).status_code == 200
    assert "Mine, ‘é’ and 😀." in client.get(f"{base}/plan").text


def test_a_message_is_answered(client: TestClient, thread: dict[str, Any]) -> None:
    answer = client.post(f"/v1/threads/{thread['id']}/messages", json={"text": "why?"})
    assert answer.status_code == 200
    assert answer.json()["said"]
    assert answer.json()["nudge"]["id"] == thread["nudge"]["id"]


def test_a_plan_may_be_given_anew(client: TestClient, thread: dict[str, Any], plan: str) -> None:
    base = f"/v1/threads/{thread['id']}"
    assert client.put(f"{base}/plan", json={"text": plan + "\nPupils hand in a slip."}).status_code == 200
    assert client.get(f"{base}/plan").text == plan + "\nPupils hand in a slip."


def test_threads_are_listed_and_deleted(client: TestClient, thread: dict[str, Any]) -> None:
    assert [row["id"] for row in client.get("/v1/threads").json()] == [thread["id"]]
    assert client.delete(f"/v1/threads/{thread['id']}").status_code == 204
    assert client.get(f"/v1/threads/{thread['id']}").status_code == 404
    assert client.get("/v1/threads").json() == []


def test_an_owner_chooses_and_is_forgotten(client: TestClient, thread: dict[str, Any]) -> None:
    assert client.get("/v1/owner").json()["masking"] is True
    assert client.patch("/v1/owner", json={"masking": False, "retention_days": 7}).json() == {
        "masking": False,
        "keep_labels": False,
        "retention_days": 7,
    }
    assert client.delete("/v1/owner").json() == {"threads": 1}
    assert client.get(f"/v1/threads/{thread['id']}").status_code == 404
    assert client.get("/v1/owner").json()["masking"] is True


def test_search_keeps_to_its_filters(client: TestClient) -> None:
    found = client.post("/v1/search", json={"query": "exit ticket", "k": 7, "minutes": 5}).json()
    assert found["query"] == "exit ticket"
    assert 0 < len(found["results"]) <= 7
    assert all(result["template"]["minutes"] <= 5 for result in found["results"])


def test_health_readiness_and_figures(client: TestClient, thread: dict[str, Any]) -> None:
    assert client.get("/healthz").json() == {"status": "ok"}
    assert client.get("/readyz").json() == {"status": "ok"}
    figures = client.get("/metrics").text
    assert 'lesson_nudge_requests_total{method="POST",route="/v1/threads",status="201"} 1.0' in figures
    assert 'lesson_nudge_turns_total{kind="open"} 1.0' in figures
    assert "Water" not in figures


@pytest.mark.parametrize("file_format", ["docx", "pptx", "pdf", "md"])
def test_a_plan_is_taken_away(client: TestClient, thread: dict[str, Any], file_format: str) -> None:
    pytest.importorskip("docx")
    answer = client.get(f"/v1/threads/{thread['id']}/export", params={"format": file_format})
    assert answer.status_code == 200, answer.text
    assert answer.headers["content-disposition"].endswith(f".{file_format}")
    start = {"docx": b"PK", "pptx": b"PK", "pdf": b"%PDF", "md": b"# "}[file_format]
    assert answer.content.startswith(start)


@pytest.mark.parametrize(("file_format", "library"), [("docx", "docx"), ("pptx", "pptx"), ("pdf", "reportlab")])
def test_a_file_whose_library_is_missing_is_refused_by_name(
    client: TestClient, thread: dict[str, Any], monkeypatch: pytest.MonkeyPatch, file_format: str, library: str
) -> None:
    def without(*_: object, **__: object) -> None:
        raise ModuleNotFoundError(f"No module named {library!r}", name=library)

    monkeypatch.setattr("chatbot.artefacts.export_plan", without)
    answer = client.get(f"/v1/threads/{thread['id']}/export", params={"format": file_format})
    assert answer.status_code == 422
    assert "lesson-nudge[files]" in answer.json()["detail"]
    assert library in answer.json()["detail"]


def test_a_typed_wish_is_told_to_the_client(client: TestClient, thread: dict[str, Any]) -> None:
    assert thread["wish"] is None
    answer = client.post(f"/v1/threads/{thread['id']}/messages", json={"text": "export"}).json()
    assert answer["wish"] == "export"

"""Asking a registry: a server on the loopback answers as registries do, well and badly."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pytest

from alscli.cli import main
from alscli.errors import UsageError
from alscli.registries import http
from alscli.registries.http import Registry, UnreachableError, Validators

pytestmark = pytest.mark.allow_hosts(["127.0.0.1"])
STUDY = {"protocolSection": {"identificationModule": {"nctId": "NCT03280056"}}}
Answer = Callable[[BaseHTTPRequestHandler], None]


def reply(status: int, body: bytes | object = b"", **headers: str) -> Answer:
    """An answer with this status, body and headers; `_` in their names is a hyphen."""
    data = body if isinstance(body, bytes) else json.dumps(body).encode()

    def answer(to: BaseHTTPRequestHandler) -> None:
        to.send_response(status)
        for name, value in {"Content-Length": str(len(data)), "Connection": "close", **headers}.items():
            to.send_header(name.replace("_", "-"), value)
        to.end_headers()
        to.wfile.write(data)

    return answer


def cut(to: BaseHTTPRequestHandler) -> None:
    """Half of what was announced."""
    to.send_response(200)
    to.send_header("Content-Length", "1000")
    to.end_headers()
    to.wfile.write(b'{"protocolSection": {')


class Server:
    """Answers one request after the other as it is told; remembers what was asked."""

    def __init__(self) -> None:
        self.answers: list[Answer] = []
        self.asked: list[tuple[str, dict[str, str]]] = []
        outer = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_GET(self) -> None:
                outer.asked.append((self.path, dict(self.headers.items())))
                answer = outer.answers.pop(0) if len(outer.answers) > 1 else outer.answers[0]
                self.close_connection = True
                with suppress(OSError):  # the program has heard enough
                    answer(self)

            def log_message(self, *_: object) -> None:
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.daemon_threads = True
        self.base = f"http://127.0.0.1:{self.server.server_port}"
        threading.Thread(target=self.server.serve_forever, args=(0.02,), daemon=True).start()


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[Server]:
    for name in ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.lower(), raising=False)
    held = Server()
    yield held
    held.server.shutdown()
    held.server.server_close()


def ask(server: Server, *answers: Answer, **more: float) -> tuple[bytes | None, list[float]]:
    """The answer for NCT03280056, and the waits before it."""
    waits: list[float] = []
    server.answers[:] = answers
    with Registry(server.base, sleep=waits.append, **more) as registry:  # type: ignore[arg-type]
        return registry.study("NCT03280056"), [wait for wait in waits if wait > 0]


def test_a_study(server: Server) -> None:
    data, waits = ask(server, reply(200, STUDY))
    assert json.loads(data or b"") == STUDY
    assert waits == []
    ((path, headers),) = server.asked
    assert urlsplit(path).path == "/studies/NCT03280056"
    assert headers["User-Agent"] == "alscli"


@pytest.mark.parametrize(
    "bad",
    [reply(500), reply(503), reply(429), cut, reply(200, b"<html>error</html>"), reply(200, b"[1, 2")],
    ids=["500", "503", "429", "cut", "html", "array"],
)
def test_what_passes_is_tried_again(server: Server, bad: Answer) -> None:
    data, waits = ask(server, bad, bad, reply(200, STUDY))
    assert json.loads(data or b"") == STUDY
    assert len(server.asked) == 3
    assert 0.7 < waits[0] < 1.5, "a second, more or less"
    assert any(1.4 < wait < 2.6 for wait in waits[1:]), "then two"


def test_what_does_not_pass_is_given_up_with_advice(server: Server) -> None:
    with pytest.raises(UnreachableError) as caught:
        ask(server, reply(500))
    assert len(server.asked) == http.TRIES
    assert "it answered 500" in caught.value.message
    assert "https://clinicaltrials.gov/study/NCT03280056" in caught.value.hint
    assert "--from" in caught.value.hint


def test_a_server_that_says_how_long_to_wait(server: Server) -> None:
    _, waits = ask(server, reply(429, Retry_After="17"), reply(200, STUDY))
    assert 17 in waits
    with pytest.raises(UnreachableError, match="429"):
        ask(server, reply(429, Retry_After="86400"))
    _, waits = ask(server, reply(429, Retry_After="Wed, 21 Oct 2015 07:28:00 GMT"), reply(200, STUDY))
    assert max(waits) < 3, "a time that is past"


@pytest.mark.parametrize("status", [400, 403])
def test_a_refusal_is_not_argued_with(server: Server, status: int) -> None:
    with pytest.raises(UnreachableError, match=str(status)):
        ask(server, reply(status))
    assert len(server.asked) == 1


def test_a_number_that_nobody_has(server: Server) -> None:
    with pytest.raises(UsageError, match="has no NCT03280056"):
        ask(server, reply(404))


def test_redirects(server: Server) -> None:
    data, _ = ask(server, reply(301, Location="/elsewhere"), reply(200, STUDY))
    assert json.loads(data or b"") == STUDY
    with pytest.raises(UnreachableError, match="redirects do not end"):
        ask(server, reply(302, Location="/again"))
    with pytest.raises(UnreachableError, match="elsewhere"):
        ask(server, reply(302, Location="file:///etc/passwd"))


def test_a_slow_answer(server: Server) -> None:
    def slow(to: BaseHTTPRequestHandler) -> None:
        time.sleep(0.6)
        reply(200, STUDY)(to)

    with pytest.raises(UnreachableError, match="did not answer in time"):
        ask(server, slow, timeout=0.1)


def test_an_answer_in_drops_is_given_up(server: Server) -> None:
    def drops(to: BaseHTTPRequestHandler) -> None:
        to.send_response(200)
        to.end_headers()
        for _ in range(50):
            to.wfile.write(b" ")
            to.wfile.flush()
            time.sleep(0.02)

    with pytest.raises(UnreachableError, match="not complete"):
        ask(server, drops, deadline=0.2)


def test_an_answer_without_end(server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(http, "LARGEST", 1 << 20)
    with pytest.raises(UnreachableError, match="larger than 1 MiB"):
        ask(server, reply(200, b" " * (2 << 20)))


def test_nobody_there(server: Server) -> None:
    server.server.server_close()
    waits: list[float] = []
    with Registry(server.base, sleep=waits.append) as registry, pytest.raises(UnreachableError) as caught:
        registry.study("NCT03280056")
    assert "could not be asked" in caught.value.message
    assert sum(waits) < 3, "offline it does not take long"


def test_only_what_changed_is_sent(server: Server, tmp_path: Path) -> None:
    kept = tmp_path / "registries.json"

    def once(held: str) -> bytes | None:
        with Registry(server.base, sleep=lambda _: None, validators=Validators.load(kept)) as registry:
            data = registry.study("NCT03280056", held)
            if data is not None:
                registry.remember("of-the-copy")
            return data

    server.answers[:] = [reply(200, STUDY, ETag='"one"')]
    assert once("") is not None
    server.answers[:] = [reply(304)]
    assert once("of-the-copy") is None
    assert server.asked[-1][1]["If-None-Match"] == '"one"'
    server.answers[:] = [reply(200, STUDY)]
    assert once("of-another-copy") is not None, "the copy was changed by somebody: all of it is asked for"
    assert "If-None-Match" not in server.asked[-1][1]


def test_pages(server: Server) -> None:
    second = {"protocolSection": {"identificationModule": {"nctId": "NCT03268603"}}}
    server.answers[:] = [
        reply(200, {"studies": [STUDY], "nextPageToken": "t"}),
        reply(200, {"studies": [second]}),
    ]
    waits: list[float] = []
    with Registry(server.base, sleep=waits.append) as registry:
        found = list(registry.studies(["NCT03280056", "NCT03268603"]))
    assert found == [STUDY, second]
    asked = [parse_qs(urlsplit(path).query) for path, _ in server.asked]
    assert asked[0]["filter.ids"] == ["NCT03280056,NCT03268603"]
    assert asked[1]["pageToken"] == ["t"]
    assert waits
    assert max(waits) <= http.PAUSE, "not faster than a page a moment"


def test_pages_in_a_circle(server: Server) -> None:
    server.answers[:] = [reply(200, {"studies": [], "nextPageToken": "t"})]
    with (
        Registry(server.base, sleep=lambda _: None) as registry,
        pytest.raises(UnreachableError, match="circle"),
    ):
        list(registry.studies(["NCT03280056"]))


def test_the_proxy_of_the_environment(server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HTTP_PROXY", server.base)
    server.answers[:] = [reply(200, STUDY)]
    with Registry("http://registry.example", sleep=lambda _: None) as registry:
        assert registry.study("NCT03280056")
    assert server.asked[0][0].startswith("http://registry.example/studies/NCT03280056")


def test_certificates_that_are_not_there(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "none.pem"))
    with pytest.raises(UnreachableError) as caught:
        Registry("https://registry.example")
    assert "SSL_CERT_FILE" in caught.value.hint


def test_a_proxy_that_is_no_address(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("HTTPS_PROXY", "https_proxy"):
        monkeypatch.setenv(name, "http://127.0.0.1:port")
    with pytest.raises(UnreachableError) as caught:
        Registry("https://registry.example")
    assert "HTTPS_PROXY" in caught.value.hint


@pytest.mark.parametrize(
    "place", ["http://[::1", "http://127.0.0.1:99999/", "ftp://127.0.0.1/", "http://a b/"]
)
def test_a_redirect_to_what_is_no_address(server: Server, place: str) -> None:
    with pytest.raises(UnreachableError):
        ask(server, reply(302, Location=place))


# -- the commands that ask ----------------------------------------------------------------------------


def whole(number: str, enrolled: int) -> dict[str, object]:
    """An entry with what a record needs."""
    return {
        "protocolSection": {
            "identificationModule": {"nctId": number, "briefTitle": "Cells in ALS"},
            "statusModule": {"overallStatus": "COMPLETED", "statusVerifiedDate": "2021-10"},
            "conditionsModule": {"conditions": ["ALS"]},
            "designModule": {
                "studyType": "INTERVENTIONAL",
                "phases": ["PHASE1"],
                "enrollmentInfo": {"count": enrolled, "type": "ACTUAL"},
            },
        }
    }


@pytest.fixture
def records(server: Server, collection_folder: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The small collection; its registry is the server."""
    monkeypatch.chdir(collection_folder.parent)
    monkeypatch.setenv("ALSCLI_CTGOV", server.base)
    monkeypatch.setattr(http, "PAUSE", 0)
    monkeypatch.setenv("ALSCLI_CACHE", str(collection_folder.parent / "cache"))
    return collection_folder


def test_add_and_sync_over_the_network(
    server: Server, records: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    server.answers[:] = [reply(200, whole("NCT09000001", 60), ETag='"one"')]
    assert main(["add", "NCT09000001", "--no-input"]) == 0
    trial = records / "trials" / "nct09000001.toml"
    assert "enrolled = 60" in trial.read_text("utf-8")
    assert (records / "registry" / "nct09000001.json").exists()
    server.answers[:] = [reply(200, whole("NCT09000001", 69), ETag='"two"')]
    assert main(["sync", "NCT09000001", "--check"]) == 1
    assert main(["sync", "NCT09000001", "--yes"]) == 0
    assert "enrolled = 69" in trial.read_text("utf-8")
    server.answers[:] = [reply(304)]
    capsys.readouterr()
    assert main(["sync", "NCT09000001", "--check"]) == 0
    assert server.asked[-1][1]["If-None-Match"] == '"two"'
    assert "has not changed" in capsys.readouterr().err
    server.answers[:] = [reply(200, {"studies": [whole("NCT09000001", 75)]})]
    assert main(["sync", "--yes"]) == 0
    assert "enrolled = 75" in trial.read_text("utf-8")


def test_another_study_than_was_asked_for(
    server: Server, records: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    server.answers[:] = [reply(200, whole("NCT09000002", 60))]
    assert main(["add", "NCT09000001", "--no-input"]) == 1
    assert "it is of another study" in capsys.readouterr().err
    assert not (records / "trials" / "nct09000001.toml").exists()


def test_a_registry_that_is_ill(server: Server, records: Path, capsys: pytest.CaptureFixture[str]) -> None:
    server.answers[:] = [reply(403)]
    assert main(["sync", "valor", "--yes"]) == 3
    told = capsys.readouterr().err
    assert "could not be asked for NCT02623699: it answered 403" in told
    assert "--from" in told

"""Asking a registry over the network: ClinicalTrials.gov's API v2, politely, with a clear word if it fails.

Proxies and certificates are those of the environment (`HTTPS_PROXY`, `NO_PROXY`, `SSL_CERT_FILE`). The API's
limit is about 50 requests a minute for an address.
"""

from __future__ import annotations

import json
import os
import random
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self

from alscli.errors import AlscliError, UsageError

if TYPE_CHECKING:
    import httpx

BASE = "https://clinicaltrials.gov/api/v2"
"""Where the API is; `ALSCLI_CTGOV` names another place, such as a mirror."""

PAUSE = 1.2
"""Seconds between two requests."""
TRIES = 4
LONGEST_WAIT = 60.0
"""Seconds; a server that asks for more patience is given up."""
LARGEST = 64 * 1024 * 1024
"""Bytes of one answer."""
DEADLINE = 120.0
"""Seconds in which one answer must be complete."""
PAGE = 100
"""Studies in one answer."""

_AGAIN = frozenset({408, 425, 429, 500, 502, 503, 504})


class UnreachableError(AlscliError):
    """A registry that could not be asked, or whose answer cannot be used: exit status 3."""


@dataclass(frozen=True, slots=True)
class Validator:
    """What a server gave to ask with whether something has changed, and what it was of."""

    etag: str
    modified: str
    of: str


@dataclass
class Validators:
    """The validators of earlier answers by address, kept in the user's cache folder; never needed."""

    path: Path | None = None
    held: dict[str, Validator] = field(default_factory=dict)

    @classmethod
    def load(cls, path: Path) -> Validators:
        """Those kept in a file; none where it cannot be read."""
        try:
            kept = json.loads(path.read_bytes())
            return cls(path, {url: Validator(*map(str, parts)) for url, parts in kept.items()})
        except (OSError, ValueError, TypeError, AttributeError):
            return cls(path)

    def save(self) -> None:
        """Keep them; where that is not possible everything is asked for anew."""
        if self.path is None:
            return
        with suppress(OSError):
            self.path.parent.mkdir(parents=True, exist_ok=True)
            rows = {url: [each.etag, each.modified, each.of] for url, each in sorted(self.held.items())}
            self.path.write_text(json.dumps(rows), encoding="utf-8")


class Registry:
    """ClinicalTrials.gov, asked over one connection.

    `sleep` and `clock` are those of the system unless a test gives its own.
    """

    def __init__(
        self,
        base: str | None = None,
        *,
        validators: Validators | None = None,
        sleep: Callable[[float], None] = time.sleep,
        clock: Callable[[], float] = time.monotonic,
        deadline: float = DEADLINE,
        timeout: float = 30.0,
    ) -> None:
        import httpx

        self._base = (base or os.environ.get("ALSCLI_CTGOV") or BASE).rstrip("/")
        self._validators = validators or Validators()
        self._sleep, self._clock, self._deadline = sleep, clock, deadline
        self._last: float | None = None
        self._answered = ("", "", "")
        try:
            self._client = httpx.Client(
                headers={"User-Agent": "alscli", "Accept": "application/json"},
                timeout=httpx.Timeout(timeout, connect=min(timeout, 10.0)),
                follow_redirects=True,
                max_redirects=5,
            )
        except (OSError, ValueError, httpx.InvalidURL) as error:
            raise UnreachableError(
                f"the network settings of the environment cannot be used: {error}",
                "look at HTTPS_PROXY, NO_PROXY, SSL_CERT_FILE and SSL_CERT_DIR",
            ) from None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._client.close()
        self._validators.save()

    def study(self, number: str, held: str = "") -> bytes | None:
        """The entry of a study as JSON; None where it has not changed since what `held` is a digest of.

        Raises UsageError where the registry has no such study, UnreachableError where it cannot be asked.
        """
        url = f"{self._base}/studies/{number}"
        known = self._validators.held.get(url)
        headers: dict[str, str] = {}
        if known is not None and held and known.of == held:
            headers |= {"If-None-Match": known.etag} if known.etag else {}
            headers |= {"If-Modified-Since": known.modified} if known.modified else {}
        data, reply = self._asked(url, {"format": "json"}, headers, number)
        if reply.status_code == 304:
            return None
        self._answered = (url, reply.headers.get("ETag", ""), reply.headers.get("Last-Modified", ""))
        return data

    def remember(self, of: str) -> None:
        """That the last answer of `study` is now what has this digest."""
        url, etag, modified = self._answered
        if etag or modified:
            self._validators.held[url] = Validator(etag, modified, of)

    def studies(self, numbers: Sequence[str]) -> Iterator[dict[str, Any]]:
        """The entries of these studies, page by page; what the registry does not have is left out."""
        for group in (numbers[at : at + PAGE] for at in range(0, len(numbers), PAGE)):
            token = ""
            seen: set[str] = set()
            while True:
                asked = {"filter.ids": ",".join(group), "pageSize": str(PAGE), "format": "json"}
                asked |= {"pageToken": token} if token else {}
                data, _ = self._asked(f"{self._base}/studies", asked, {}, f"{len(group)} studies")
                page = json.loads(data)
                found = page.get("studies")
                if not isinstance(found, list):
                    raise _unusable("the answer has no `studies`", group[0])
                yield from (study for study in found if isinstance(study, dict))
                token = page.get("nextPageToken") or ""
                if not token:
                    break
                if not isinstance(token, str) or token in seen:
                    raise _unusable("its pages go in a circle", group[0])
                seen.add(token)

    # One request, as often as it takes.

    def _asked(
        self, url: str, asked: dict[str, str], headers: dict[str, str], what: str
    ) -> tuple[bytes, httpx.Response]:
        why, wait = "", 0.0
        for attempt in range(TRIES):
            if attempt:
                self._sleep(wait)
            self._pause()
            data, reply, why, wait = self._once(url, asked, headers, attempt)
            if reply is not None and not why:
                return data, reply
            if reply is not None and reply.status_code == 404:
                raise UsageError(f"ClinicalTrials.gov has no {what}", "look for a slip in the number")
            if wait < 0 or wait > LONGEST_WAIT:
                break
        raise _unusable(why, what)

    def _pause(self) -> None:
        now = self._clock()
        if self._last is not None and now - self._last < PAUSE:
            self._sleep(PAUSE - (now - self._last))
        self._last = self._clock()

    def _once(
        self, url: str, asked: dict[str, str], headers: dict[str, str], attempt: int
    ) -> tuple[bytes, httpx.Response | None, str, float]:
        """The answer; else why there is none and how long to wait, less than 0 where waiting is no use."""
        import httpx

        backoff = 2.0**attempt * (0.75 + random.random() / 2)  # noqa: S311 - so that not all come at once
        try:
            with self._client.stream("GET", url, params=asked, headers=headers) as reply:
                if reply.status_code == 304:
                    return b"", reply, "", 0.0
                if reply.status_code in _AGAIN:
                    return b"", reply, _status(reply), _wanted(reply.headers.get("Retry-After"), backoff)
                if reply.status_code != 200:
                    return b"", reply, _status(reply), -1.0
                data = self._body(reply)
        except httpx.TooManyRedirects:
            return b"", None, "its redirects do not end", -1.0
        except (httpx.UnsupportedProtocol, httpx.InvalidURL) as error:
            return b"", None, f"it leads elsewhere: {error}", -1.0
        except httpx.TimeoutException:
            return b"", None, "it did not answer in time", backoff
        except httpx.ConnectError as error:  # offline, most often: no use in asking for long
            return b"", None, str(error) or type(error).__name__, 0.5 if attempt == 0 else -1.0
        except httpx.DecodingError as error:
            return b"", None, f"its answer is damaged: {error}", backoff
        except httpx.TransportError as error:
            return b"", None, str(error) or type(error).__name__, backoff
        except _TooMuchError as error:
            return b"", None, str(error), -1.0
        if (said := _no_object(data)) is not None:
            return b"", None, f"its answer is no JSON of a study: {said!r}", backoff
        return data, reply, "", 0.0

    def _body(self, reply: httpx.Response) -> bytes:
        parts, size, begun = [], 0, self._clock()
        for part in reply.iter_bytes():
            size += len(part)
            if size > LARGEST:
                raise _TooMuchError(f"its answer is larger than {LARGEST // 1024 // 1024} MiB")
            if self._clock() - begun > self._deadline:
                raise _TooMuchError(f"its answer was not complete after {self._deadline:.0f} s")
            parts.append(part)
        return b"".join(parts)


class _TooMuchError(Exception):
    """An answer that does not end."""


def _no_object(data: bytes) -> str | None:
    """How an answer begins that is no object of JSON; None for one that is."""
    with suppress(ValueError, RecursionError):
        if isinstance(json.loads(data), dict):
            return None
    return " ".join(data[:60].decode("utf-8", "replace").split())


def _status(reply: httpx.Response) -> str:
    return f"it answered {reply.status_code} {reply.reason_phrase}".rstrip()


def _wanted(retry_after: str | None, backoff: float) -> float:
    """Seconds to wait, as the server asks: a number, or a date of HTTP."""
    if retry_after is None:
        return backoff
    if retry_after.strip().isdecimal():
        return max(float(retry_after), backoff)
    with suppress(ValueError, TypeError):
        until = parsedate_to_datetime(retry_after)
        until = until if until.tzinfo else until.replace(tzinfo=UTC)
        return max((until - datetime.now(UTC)).total_seconds(), backoff)
    return backoff


def _unusable(why: str, what: str) -> UnreachableError:
    page = (
        f"https://clinicaltrials.gov/study/{what}" if what.startswith("NCT") else "https://clinicaltrials.gov"
    )
    return UnreachableError(
        f"ClinicalTrials.gov could not be asked for {what}: {why}",
        f"download it as JSON at {page}, and give the file with --from",
    )

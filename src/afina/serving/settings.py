"""Settings of a server: where it listens, who may do what, and every limit with its unit."""

from __future__ import annotations

import ipaddress
from pathlib import Path
from typing import Literal

from pydantic import Field, SecretStr

from afina.config import Section

Scope = Literal["read", "jobs", "admin"]
"""What a caller may do: ask models; also classify files; also read and review feedback."""
SCOPES: tuple[Scope, ...] = ("read", "jobs", "admin")
"""All scopes; each includes those before it."""
_LOOPBACK_NAMES = ("127.0.0.1", "localhost", "[::1]")
_RATE_BEYOND_LOOPBACK = 6_000


class AccessToken(Section):
    """A token that was given out; the server keeps its hash alone."""

    hash: SecretStr
    """sha256 of the token, in hexadecimal digits."""
    scopes: tuple[Scope, ...] = SCOPES
    """What its bearer may do."""


class ServingSettings(Section):
    """All that a server is told when it starts."""

    host: str = "127.0.0.1"
    """Address to listen at; only this machine reaches a loopback address."""
    port: int = Field(8000, ge=0, le=65_535)
    """TCP port; 0 takes a free one."""
    tokens: tuple[AccessToken, ...] = ()
    """Who may come in. Without any, those are admitted that `anonymous_scope` tells of."""
    anonymous: Scope | None = None
    """What one may do without a token; by default all on a loopback address where there are no tokens, else nothing."""
    allowed_hosts: tuple[str, ...] = ()
    """Names under which the server may be asked, without a port; `*.example.org` stands for all below that name."""
    cors_origins: tuple[str, ...] = ()
    """Other web pages, as in `https://example.org`, whose scripts may ask this server."""
    frame_ancestors: tuple[str, ...] = ()
    """Other web pages that may show this one in a frame."""
    docs: bool = True
    """Whether /openapi.json and the page that shows it are there."""

    database_url: SecretStr | None = None
    """Where feedback and jobs are kept, any SQLAlchemy URL; a SQLite file in `state_dir` if not given."""
    state_dir: Path | None = None
    """Folder for the database and the files of jobs; the user's own folder for application data if not given."""

    backend: str = "auto"
    """What computes: `auto`, `int8`, `fp32` or `torch`."""
    workers: int = Field(1, ge=1, le=64)
    """Processes that compute."""
    threads: int | None = Field(None, ge=1)
    """Threads of one worker; the cores to use divided by the workers if not given."""
    batch_tokens: int = Field(2_048, ge=1)
    """Tokens computed at once, padding included."""
    queue_tokens: int = Field(65_536, ge=1)
    """Tokens that may wait; a request that would make it more is refused."""
    heartbeat_s: float = Field(5.0, gt=0)
    """A worker that says nothing for so long is replaced."""

    default_timeout_s: float = Field(10.0, gt=0)
    """Time for an answer, where a request does not say otherwise."""
    max_timeout_s: float = Field(60.0, gt=0)
    """The most a request may ask for."""
    body_timeout_s: float = Field(30.0, gt=0)
    """Time for the whole of a request to arrive, from its first byte; more where much of it came."""
    body_bytes_per_s: int = Field(100_000, ge=1)
    """So many bytes of a body give it another second."""
    idle_timeout_s: float = Field(20.0, gt=0)
    """How long a connection may stay open with nothing asked."""
    drain_timeout_s: float = Field(10.0, ge=0)
    """Time to finish what was begun, when the server is told to stop."""

    max_connections: int = Field(1_000, ge=1)
    """Open connections."""
    max_header_bytes: int = Field(32_768, ge=1_024)
    """All headers of a request."""
    max_body_bytes: int = Field(2_000_000, ge=1)
    """Body of a request, except for files."""
    max_job_bytes: int = Field(100_000_000, ge=1)
    """Body of a request that brings a file."""
    max_json_depth: int = Field(32, ge=1)
    """Levels of lists and objects in a body."""
    max_texts: int = Field(128, ge=1)
    """Texts of one request."""
    max_chars_per_token: int = Field(250, ge=1)
    """A text may have so many characters for each token that its model reads."""
    max_explained: int = Field(16, ge=1)
    """Texts that one request may have explained."""
    requests_per_minute: int | None = Field(None, ge=0)
    """Requests of one client, 0 for no limit; by default none on a loopback address, else 6,000."""

    max_jobs: int = Field(16, ge=1)
    """Jobs of one client that wait or run."""
    job_ttl_s: float = Field(86_400.0, gt=0)
    """How long the files of a finished job are kept."""

    @property
    def is_loopback(self) -> bool:
        """Whether only this machine reaches the server."""
        if self.host == "localhost":
            return True
        try:
            return ipaddress.ip_address(self.host).is_loopback
        except ValueError:
            return False

    @property
    def anonymous_scope(self) -> Scope | None:
        """What one may do without a token."""
        return "admin" if self.anonymous is None and not self.tokens and self.is_loopback else self.anonymous

    @property
    def rate_per_minute(self) -> int:
        """Requests of one client in a minute; 0 for no limit."""
        if self.requests_per_minute is not None:
            return self.requests_per_minute
        return 0 if self.is_loopback else _RATE_BEYOND_LOOPBACK

    @property
    def host_names(self) -> tuple[str, ...]:
        """Host names that requests may carry; none where all may.

        A name that an attacker lets point to this machine would make a browser send what only this machine may ask.
        Beyond loopback that gains nothing: what a stranger may do there, he may do from his own machine.
        """
        if self.is_loopback:
            return tuple(dict.fromkeys((*_LOOPBACK_NAMES, self.host, *self.allowed_hosts)))
        return tuple(dict.fromkeys((*_LOOPBACK_NAMES, self.host, *self.allowed_hosts))) if self.allowed_hosts else ()

"""Who asks, and what they may do."""

from __future__ import annotations

import hashlib
import hmac
import secrets
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from fastapi import Request
from pydantic import SecretStr

from afina.errors import ConfigError
from afina.serving.problems import Problem
from afina.serving.settings import SCOPES, AccessToken, Scope, ServingSettings

_LEAST_TOKEN_CHARS = 16
_CHALLENGE = 'Bearer realm="afina"'


@dataclass(frozen=True)
class Caller:
    """Who sent a request."""

    name: str
    """`local` or `anonymous` without a token; else the first 16 digits of the token's hash. It owns jobs."""
    scopes: tuple[Scope, ...]


def hash_of(token: str) -> str:
    """sha256 of a token, in hexadecimal digits.

    Tokens are long and random, so that a slow hash would protect nothing more.
    """
    return hashlib.sha256(token.encode("utf-8", errors="surrogatepass")).hexdigest()


def new_token() -> str:
    """A token nobody can guess."""
    return secrets.token_urlsafe(32)


def read_token(given: str) -> AccessToken:
    """A token as an option gives it: `SECRET` may do all, `read:SECRET` and `jobs:SECRET` less.

    Raises:
        ConfigError: The secret is too short, or cannot be sent in a header.
    """
    prefix, _, rest = given.partition(":")
    scope, secret = next(((each, rest) for each in SCOPES if each == prefix and rest), (SCOPES[-1], given))
    if len(secret) < _LEAST_TOKEN_CHARS:
        raise ConfigError(
            f"A token needs {_LEAST_TOKEN_CHARS} characters at least, got {len(secret)}",
            hint=f"such as {new_token()}",
        )
    if not all("!" <= char <= "~" for char in secret):
        raise ConfigError("A token is made of visible ASCII characters without blanks", hint=f"such as {new_token()}")
    return AccessToken(hash=SecretStr(hash_of(secret)), scopes=up_to(scope))


def up_to(scope: Scope) -> tuple[Scope, ...]:
    """A scope and those it includes."""
    return SCOPES[: SCOPES.index(scope) + 1]


class Doorkeeper:
    """Tells callers by their tokens."""

    def __init__(self, settings: ServingSettings) -> None:
        self._tokens = settings.tokens
        scope = settings.anonymous_scope
        name = "local" if settings.is_loopback else "anonymous"
        self._anonymous = Caller(name, up_to(scope)) if scope else None

    def caller(self, authorization: str | None) -> Caller:
        """The caller of a request with this Authorization header.

        Raises:
            Problem: The token is unknown, or there is none and one is needed (401).
        """
        if authorization is None:
            if self._anonymous is None:
                raise Problem(401, "unauthorized", "A token is needed", headers={"WWW-Authenticate": _CHALLENGE})
            return self._anonymous
        kind, _, secret = authorization.partition(" ")
        if not self._tokens and self._anonymous is not None:
            return self._anonymous  # Clients such as huggingface_hub send a token of their own to everyone.
        found = self._find(hash_of(secret.strip())) if kind.lower() == "bearer" else None
        if found is None:
            raise Problem(
                401, "unauthorized", "The token is not known",
                headers={"WWW-Authenticate": f'{_CHALLENGE}, error="invalid_token"'},
            )  # fmt: skip
        return found

    def _find(self, digest: str) -> Caller | None:
        found = None
        for token in self._tokens:  # all of them, so that the time tells nothing
            if hmac.compare_digest(token.hash.get_secret_value(), digest):
                found = Caller(digest[:16], token.scopes)
        return found


def check_scope(caller: Caller, scope: Scope) -> None:
    """Refuse a caller who may not do something.

    Raises:
        Problem: They may not (403).
    """
    if scope not in caller.scopes:
        raise Problem(
            403, "forbidden", f"This needs a token of scope {scope}",
            headers={"WWW-Authenticate": f'{_CHALLENGE}, error="insufficient_scope", scope="{scope}"'},
        )  # fmt: skip


def require(scope: Scope) -> Callable[..., Awaitable[Caller]]:
    """A dependency of a route that only callers of a scope may use; it gives the caller."""

    async def caller(request: Request) -> Caller:
        found: Caller = request.state.caller
        check_scope(found, scope)
        return found

    return caller

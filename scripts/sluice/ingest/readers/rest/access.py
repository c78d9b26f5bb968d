"""How a feed of a REST address shows who it is, and what of it is secret."""

from __future__ import annotations

import base64
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, fields
from typing import TYPE_CHECKING, Annotated, Any, Literal
from urllib.parse import parse_qsl, urlsplit

from pydantic import AfterValidator, ConfigDict, Field

from sluice.ingest.readers.rest.secrets import SECRET_PARAMS

if TYPE_CHECKING:
    from requests import Session
    from requests.auth import AuthBase

_FORBID = ConfigDict(extra="forbid")
_Secret = Annotated[str, Field(min_length=1)]
# Headers whose values may be shown. Any other may hold a secret.
SHOWN_HEADERS = {"accept", "accept-language", "content-type", "user-agent"}


@dataclass(frozen=True, kw_only=True)
class Bearer:
    """A token in the header `Authorization: Bearer`."""

    __pydantic_config__ = _FORBID

    token: _Secret = field(repr=False)

    def auth(self, session: Session) -> AuthBase:  # noqa: ARG002  (only one of them asks for something)
        """What signs a request."""
        from dlt.sources.helpers.rest_client.auth import BearerTokenAuth

        return BearerTokenAuth(self.token)

    def secrets(self) -> Iterator[str]:
        """What may not be shown."""
        yield self.token


@dataclass(frozen=True, kw_only=True)
class Basic:
    """A name and a password."""

    __pydantic_config__ = _FORBID

    user: str = field(repr=False)
    password: str = field(repr=False)

    def auth(self, session: Session) -> AuthBase:  # noqa: ARG002
        """What signs a request."""
        from dlt.sources.helpers.rest_client.auth import HttpBasicAuth

        return HttpBasicAuth(self.user, self.password)

    def secrets(self) -> Iterator[str]:
        """What may not be shown; a name may be a key as well."""
        yield from (self.user, self.password, base64.b64encode(f"{self.user}:{self.password}".encode()).decode())


@dataclass(frozen=True, kw_only=True)
class Key:
    """A key in a header or a parameter."""

    __pydantic_config__ = _FORBID

    name: Annotated[str, Field(min_length=1, description="name of the header or parameter")]
    value: _Secret = field(repr=False)
    place: Annotated[Literal["header", "query"], Field(description="where the server expects it")] = "header"

    def auth(self, session: Session) -> AuthBase:  # noqa: ARG002
        """What signs a request."""
        from dlt.sources.helpers.rest_client.auth import APIKeyAuth

        return APIKeyAuth(self.name, self.value, self.place)

    def secrets(self) -> Iterator[str]:
        """What may not be shown."""
        yield self.value


def _address(text: str) -> str:
    parts = urlsplit(text)
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise ValueError("it must be an address that begins with https:// or http://")
    if "@" in parts.netloc:
        raise ValueError("a user and a password do not belong into the address; write them as `auth: {basic: …}`")
    return text


Address = Annotated[str, AfterValidator(_address)]


@dataclass(frozen=True, kw_only=True)
class ClientCredentials:
    """A token for a client's id and secret (OAuth 2.0, client credentials), which is asked for again when it ends."""

    __pydantic_config__ = _FORBID

    token_url: Annotated[Address, Field(description="address that gives the token")]
    client_id: str = field(repr=False)
    client_secret: _Secret = field(repr=False)
    params: Annotated[Mapping[str, str], Field(description="what else to send to it, e.g. scope")] = field(default_factory=dict)

    def auth(self, session: Session) -> AuthBase:
        """What signs a request; `obtain_token` renews its token."""
        from sluice.ingest.readers.rest.token import Token

        return Token(
            access_token_url=self.token_url,
            client_id=self.client_id,
            client_secret=self.client_secret,
            access_token_request_data=dict(self.params),
            session=session,
        )

    def secrets(self) -> Iterator[str]:
        """What may not be shown."""
        yield from (self.client_id, self.client_secret)


@dataclass(frozen=True, kw_only=True)
class Access:
    """One of the ways to show who asks."""

    __pydantic_config__ = _FORBID

    bearer: Bearer | None = None
    basic: Basic | None = None
    key: Key | None = None
    oauth: ClientCredentials | None = None

    @property
    def ways(self) -> list[Bearer | Basic | Key | ClientCredentials]:
        """Those that are given; it has to be one."""
        return [way for way in (getattr(self, field.name) for field in fields(self)) if way is not None]


def secrets_of(url: str, params: Mapping[str, Any], headers: Mapping[str, str], access: Access | None) -> set[str]:
    """All that may not be shown of what a feed sends."""
    written = [tuple(pair.split("=", 1)) for pair in urlsplit(url).query.split("&") if "=" in pair]
    sent = [*written, *parse_qsl(urlsplit(url).query), *((name, str(value)) for name, value in params.items())]
    found = {value for name, value in sent if name.lower() in SECRET_PARAMS}
    values = [value for name, value in headers.items() if name.lower() not in SHOWN_HEADERS]
    found |= {part for value in values for part in (value, *value.split()) if part.lower() not in ("bearer", "basic", "token")}
    return found | {secret for way in (access.ways if access else ()) for secret in way.secrets()}

"""Texts and addresses without the secrets in them."""

from __future__ import annotations

import re
from urllib.parse import parse_qsl, quote, quote_plus, urlencode, urlsplit, urlunsplit

HIDDEN = "***"
# Parameters whose values may not, whoever wrote them: a server puts them into the addresses of next pages.
SECRET_PARAMS = {
    "access_token", "access-token", "api_key", "api-key", "apikey", "app_key", "appkey", "auth", "authorization", "client_secret",
    "consumer_key", "consumer_secret", "hapikey", "id_token", "jwt", "key", "password", "private_token", "pwd", "refresh_token",
    "secret", "sig", "signature", "subscription-key", "token",
}  # fmt: skip
# A secret that is shorter is replaced only where it stands alone.
_SHORT = 4


def without(text: str, secrets: set[str]) -> str:
    """The text with stars in place of secrets, as they are or as an address has them."""
    spelled = {form for secret in secrets for form in (secret, quote(secret), quote(secret, safe=""), quote_plus(secret))} - {""}
    for secret in sorted(spelled, key=len, reverse=True):
        if len(secret) >= _SHORT:
            text = text.replace(secret, HIDDEN)
        else:
            text = re.sub(rf"(?<!\w){re.escape(secret)}(?!\w)", HIDDEN, text)
    return text


def shown_address(url: str) -> str:
    """An address as people may see it: without values of parameters that hold secrets by their name."""
    parts = urlsplit(url)
    pairs = parse_qsl(parts.query, keep_blank_values=True)
    if all(name.lower() not in SECRET_PARAMS for name, _ in pairs):
        return url
    query = urlencode([(name, HIDDEN if name.lower() in SECRET_PARAMS else value) for name, value in pairs], safe="*")
    return urlunsplit(parts._replace(query=query))

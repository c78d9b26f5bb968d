"""Connection strings of PostgreSQL and MongoDB: their mistakes without a part of them, and texts without their passwords.

libpq quotes the part of a string that it cannot read, which may be a part of the password, and pymongo does so at times. So a
string is read here first, by libpq's rules, which hold for MongoDB's URIs too; what the library and the server say is shown
without any part of a password.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from urllib.parse import unquote

SCHEMES = ("postgresql://", "postgres://")
OF_MONGODB = ("mongodb://", "mongodb+srv://")
# Keywords whose values may be shown. Any other may hold a secret.
_SHOWN = {
    "host", "hostaddr", "port", "dbname", "user", "connect_timeout", "client_encoding", "options", "application_name",
    "fallback_application_name", "keepalives", "keepalives_idle", "keepalives_interval", "keepalives_count",
    "tcp_user_timeout", "replication", "gssencmode", "sslmode", "ssl", "requiressl", "sslnegotiation", "sslcompression",
    "sslcert", "sslkey", "sslrootcert", "sslcrl", "sslcrldir", "sslsni", "sslcertmode", "requirepeer", "channel_binding",
    "ssl_min_protocol_version", "ssl_max_protocol_version", "krbsrvname", "gsslib", "gssdelegation", "service",
    "target_session_attrs", "load_balance_hosts", "require_auth", "passfile", "min_protocol_version", "max_protocol_version",
}  # fmt: skip
# The same of MongoDB's URIs, in lower case, as their case says nothing.
_SHOWN_OF_MONGODB = {
    "user", "dbname", "appname", "authsource", "authmechanism", "compressors", "connect", "connecttimeoutms",
    "directconnection", "heartbeatfrequencyms", "journal", "loadbalanced", "localthresholdms", "maxconnecting", "maxidletimems",
    "maxpoolsize", "maxstalenessseconds", "minpoolsize", "readconcernlevel", "readpreference", "readpreferencetags",
    "replicaset", "retryreads", "retrywrites", "servermonitoringmode", "serverselectiontimeoutms", "sockettimeoutms",
    "srvmaxhosts", "srvservicename", "ssl", "timeoutms", "tls", "tlsallowinvalidcertificates", "tlsallowinvalidhostnames",
    "tlscafile", "tlscertificatekeyfile", "tlscrlfile", "tlsdisableocspendpointcheck", "tlsinsecure", "uuidrepresentation", "w",
    "waitqueuetimeoutms", "wtimeoutms", "zlibcompressionlevel",
}  # fmt: skip
_PAIR = re.compile(r"\s*([^\s=]+)\s*=\s*(?:'((?:[^'\\]|\\.)*)'|((?:[^\s'\\]|\\.)(?:[^\s\\]|\\.)*|))(?=\s|$)", re.DOTALL)
_PERCENT = re.compile(r"%(?![0-9A-Fa-f]{2})|%00")
_BETWEEN = re.compile(r"[@:/?#%&=,;\s'\"\\\[\]]+")
# A part of a password that is shorter is replaced only where it stands alone.
_SHORT = 4
HIDDEN = "***"


def mistake(connection: str) -> str:
    """What is wrong with how a connection string is written, without a part of it; empty if nothing is."""
    try:
        list(_values(connection))
    except ValueError as error:
        return str(error)
    return ""


def with_defaults(connection: str, values: Mapping[str, int]) -> str:
    """The string with the keywords of `values` that it does not have."""
    added = [f"{name}={value}" for name, value in values.items() if f"{name}=" not in connection]
    if not connection.startswith(SCHEMES):
        return " ".join([connection, *added])
    mark = "&" if "?" in connection.rpartition("@")[2] else "?"
    return f"{connection}{mark}{'&'.join(added)}" if added else connection


def scrubbed(text: str, connection: str) -> str:
    """The text without the connection string, its passwords, and parts of them."""
    for secret in sorted(_secrets(connection), key=len, reverse=True):
        if len(secret) >= _SHORT:
            text = text.replace(secret, HIDDEN)
        else:
            text = re.sub(rf"(?<!\w){re.escape(secret)}(?!\w)", HIDDEN, text)
    return text


def _secrets(connection: str) -> set[str]:
    """The string itself, what may be a password in it, as written and decoded, and the parts of these."""
    found = {_credentials(connection).partition(":")[2]} if connection.startswith((*SCHEMES, *OF_MONGODB)) else set()
    said = mistake(connection)
    if said:
        # It is never passed on, so only what is said of it matters: no word of the sentence is a secret.
        found |= {part for part in _BETWEEN.split(connection) if len(part) >= _SHORT and part not in said}
    else:
        of_mongodb = connection.startswith(OF_MONGODB)
        shown = (_SHOWN_OF_MONGODB, str.lower) if of_mongodb else (_SHOWN, str)
        found |= {value for key, value in _values(connection) if shown[1](key) not in shown[0]}
    parts = {part for secret in found for part in _BETWEEN.split(secret) if len(part) >= _SHORT}
    return {connection, *found, *parts} - {""}


def _credentials(uri: str) -> str:
    """Everything before the last @, which includes a password that holds an @, a / or a ? unescaped."""
    return uri.partition("://")[2].rpartition("@")[0]


def _values(connection: str) -> Iterator[tuple[str, str]]:
    """Keywords and values. Raises ValueError, which repeats none of them, for a string that libpq could not read."""
    return _uri_values(connection) if connection.startswith((*SCHEMES, *OF_MONGODB)) else _keyword_values(connection)


def _uri_values(uri: str) -> Iterator[tuple[str, str]]:
    encode = "write @ as %40, : as %3A, / as %2F, # as %23 and % as %25 in it"
    if _PERCENT.search(uri):
        raise ValueError(f"the connection string has a % that encodes nothing; if it belongs to the password, {encode}")
    rest = uri.partition("://")[2]
    named = re.match(r"([^@/]*)@", rest)
    if named:
        user, _, password = named[1].partition(":")
        yield from (("user", unquote(user)), ("password", unquote(password)))
        rest = rest[named.end() :]
    places, after, query = re.fullmatch(r"([^/?]*)(/[^?]*)?(?:\?(.*))?", rest, re.DOTALL).groups()  # type: ignore[union-attr]
    if "@" in places:
        raise ValueError(f"the connection string has more than one @; if one belongs to the password, {encode}")
    for place in places.split(","):
        port = re.sub(r"^\[[^\]]*\]", "", place).partition(":")[2]
        if port and not port.isdecimal():
            raise ValueError(f"the port in the connection string is not a number; if it belongs to the password, {encode}")
    yield "dbname", unquote((after or "/")[1:])
    for pair in (query or "").split("&") if query else []:
        key, equals, value = pair.partition("=")
        if not equals or "=" in value:
            raise ValueError("what follows the ? in the connection string is not a list of name=value, joined by &")
        yield unquote(key), unquote(value)


def _keyword_values(text: str) -> Iterator[tuple[str, str]]:
    position = 0
    while text[position:].strip():
        pair = _PAIR.match(text, position)
        if pair is None:
            raise ValueError(
                "the connection string is not a URI (postgresql://...) and not a list of name=value either; a value with spaces"
                " needs single quotes, and a quote or a backslash in it has a backslash before it"
            )
        value = pair[2] if pair[2] is not None else pair[3]
        yield pair[1], re.sub(r"\\(.)", r"\1", value, flags=re.DOTALL)
        position = pair.end()

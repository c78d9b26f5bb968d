"""What people read where a server does not answer as it should: what, and what to do."""

from __future__ import annotations

from http import HTTPStatus
from typing import TYPE_CHECKING

from sluice.ingest.readers.rest.secrets import shown_address

if TYPE_CHECKING:
    from requests import Response

# Of what a server says beside an error.
_MOST_WORDS = 200
_ADVICE = {
    401: "check `auth`",
    403: "check `auth`, and what this user may read",
    404: "check `url`",
    429: "run it later, or raise `attempts` or `longest_wait`",
}


class NotGivenError(Exception):
    """A server has not given a token; the text says why."""


def refusal(response: Response) -> str:
    """What a status says that is not 200, with words of the server and what to do."""
    code = response.status_code
    said = " ".join(response.text.split())[:_MOST_WORDS]
    if place := response.headers.get("Location"):
        return f"answers {code}: it has moved to {shown_address(place)}; write that address in `url`"
    advice = _ADVICE.get(code, "try again later" if code >= HTTPStatus.INTERNAL_SERVER_ERROR else "check `url` and `params`")
    return f"answers {code} {response.reason}{f': {said}' if said else ''}; {advice}"


def failure(error: Exception, timeout: float, attempts: int) -> str:
    """What went wrong with a connection, and what to do."""
    from requests.exceptions import SSLError, Timeout

    times = f" ({attempts} attempts)"
    if isinstance(error, SSLError):
        what = f"shows a certificate that is not trusted: {_innermost(error)}"
        return f"{what}; for an authority of your own, set REQUESTS_CA_BUNDLE to the file with its certificate"
    if isinstance(error, Timeout):
        return f"did not answer within {timeout:g} seconds{times}; raise `timeout`, or ask for smaller pages"
    return f"cannot be reached: {_innermost(error)}{times}; check `url` and the network"


def _innermost(error: BaseException) -> str:
    """What went wrong in the first place, without the layers of libraries around it, which repeat the address."""
    found: BaseException = error
    while inner := found.__cause__ or found.__context__:
        found = inner
    return str(found) or type(found).__name__

"""A token for a client's id and secret. Imported where a feed needs one, as dlt is an extra."""

from __future__ import annotations

from http import HTTPStatus

from dlt.sources.helpers.rest_client.auth import OAuth2ClientCredentials

from sluice.ingest.readers.rest.words import NotGivenError, refusal


class Token(OAuth2ClientCredentials):
    """dlt's, which takes any answer for a token."""

    def obtain_token(self) -> None:
        """Ask for a token. Raises NotGivenError for an answer without one."""
        self.access_token = None
        response = self.session.post(self.access_token_url, allow_redirects=False, **self.build_access_token_request())
        if response.status_code != HTTPStatus.OK:
            raise NotGivenError(refusal(response))
        try:
            answer = response.json()
            self.access_token = str(answer["access_token"])
            self.token_expiry = self.token_expiry.now("UTC").add(seconds=self.parse_expiration_in_seconds(answer))
        except (ValueError, TypeError, KeyError):
            raise NotGivenError("the answer has no access_token; check `token_url`") from None

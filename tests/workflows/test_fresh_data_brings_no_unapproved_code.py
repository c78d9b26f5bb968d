"""`make code OF=prod`: which commit a night builds prod from."""

from __future__ import annotations

import pytest

from ci.checkout import commit_to_take
from sluice.core.errors import SluiceError
from sluice.store.record import Code


def test_it_is_the_commit_of_the_release_that_prod_points_to() -> None:
    assert commit_to_take("prod", Code("4f2a", False)) == "4f2a"


def test_where_prod_points_to_nothing_the_code_stays_as_it_is() -> None:
    assert commit_to_take("prod", None) is None


@pytest.mark.parametrize("code", [Code("4f2a", True), Code(None, True), Code(None, False)])
def test_code_that_is_in_no_commit_is_not_guessed(code: Code) -> None:
    with pytest.raises(SluiceError, match="in no commit"):
        commit_to_take("prod", code)

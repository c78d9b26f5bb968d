"""Check out the code of the release that an environment points to: fresh data must not bring unapproved code.

    PYTHONPATH=scripts .venv/bin/python -m ci.checkout prod

If the environment points to no release yet, the working tree stays as it is, and a message says so. Exit code 0: done. 2: the
release was built from code that no commit has, or git could not check it out.
"""

from __future__ import annotations

import sys

from sluice.core import git
from sluice.core.errors import SluiceError
from sluice.core.log import explain
from sluice.environments.context import here
from sluice.store.record import Code


def code_of(environment: str) -> Code | None:
    """The code that the environment's release was built from; None if it points to no release."""
    store = here().store
    release = store.pointer(environment).release_id
    return store.record(release).code if release else None


def commit_to_take(environment: str, code: Code | None) -> str | None:
    """The commit to check out, or None to stay. Raises SluiceError if no commit has the code."""
    if code is None:
        return None
    if code.commit is None or code.is_dirty:
        what = f"the release of {environment} was built from code that is in no commit"
        raise SluiceError(what, where=str(code.commit), hint="publish a release that was built from a clean checkout")
    return code.commit


def main(environment: str) -> None:
    """Check it out, or print that there is nothing to check out."""
    commit = commit_to_take(environment, code_of(environment))
    if commit is None:
        print(f"{environment} points to no release yet: the code stays as it is")
        return
    git.run("checkout", "--quiet", "--detach", commit, hint="fetch the commit; commit or stash your changes")
    print(f"the code is that of {environment} now: {commit}")


if __name__ == "__main__":
    try:
        main(*sys.argv[1:])
    except SluiceError as error:
        sys.exit(explain(error))

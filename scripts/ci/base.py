"""A release to compare a pull request with: prod's, if there is one, else one of demo data, built from the merge base.

    PYTHONPATH=scripts .venv/bin/python -m ci.base origin/main --orders 10000 --days 30 --seed 1

A fork has no access to prod, and a fresh clone has none. For them, the code of the merge base builds and publishes a separate
prod below target/base, from demo data. The following commands use it: through lines for the shell on stdout, and through the
environment of the next steps of a workflow. A team's lake and releases are not touched.

Exit code 0: there is a prod to compare with. 2, or that of the command that failed: there is none. A prod that
exists but cannot be read is a failure, too: demo data would hide it.
"""

from __future__ import annotations

import argparse
import os
import shlex
import shutil
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from sluice.core import git
from sluice.core.errors import SluiceError
from sluice.core.log import explain

FOLDER = Path("target/base")
FEEDS = "feeds/demo.yml"
# The files that define the installation: if they are equal, the code of both commits runs in the same .venv.
LOCK = ("pyproject.toml", "requirements/dev.txt")


@dataclass(frozen=True)
class BaseShop:
    """The demo shop to make."""

    orders: int
    days: int
    seed: int


@dataclass(frozen=True)
class Base:
    """The folder of a base and the commit whose code builds it."""

    folder: Path
    commit: str

    @property
    def code(self) -> Path:
        """A worktree of the commit."""
        return self.folder / "code"

    @property
    def settings(self) -> dict[str, str]:
        """The variables by which the following commands find lake, releases and deliveries."""
        own = {name: str(self.folder / path) for name, path in (("SLUICE_LAKE", "lake"), ("SLUICE_WAREHOUSE", "warehouse"))}
        return {**own, "SLUICE_RELEASES": "", "DEMO": str(self.folder / "demo"), "FEEDS": FEEDS}

    @property
    def environment(self) -> dict[str, str]:
        """The environment of its own commands: the package of that code, and a person's rights in a separate folder."""
        own = {"PYTHONPATH": str(self.code / "scripts"), "SLUICE_ACTOR": "user:base", "SLUICE_EXTENSIONS": ".duckdb/extensions"}
        return {**os.environ, **self.settings, **own}


def commands(shop: BaseShop, demo: str) -> Iterator[list[str]]:
    """What the base commit's code runs, in order; the last one publishes."""
    yield ["setup"]
    yield ["demo", "--orders", str(shop.orders), "--days", str(shop.days), "--seed", str(shop.seed), "--out", demo]
    yield ["ingest", FEEDS]
    yield ["build", "--env", "prod"]
    yield ["audit", "candidate"]
    yield ["publish", "--env", "prod", "--why", "the base of a pull request, on demo data"]


def catch_up() -> Iterator[list[str]]:
    """What the code of the change runs on the same lake: tables and deliveries that only it knows."""
    yield ["setup"]
    yield ["ingest", FEEDS]


def has_prod() -> bool:
    """Whether prod points, or ever pointed, to a release here. Raises SluiceError if that release cannot be read."""
    from sluice.environments.context import here
    from sluice.environments.resolve import locate

    pointer = here().store.pointer("prod")
    if pointer.release_id is None and not pointer.history:
        return False
    locate("prod")
    return True


def lay_out(base: Base) -> Path:
    """A worktree of the commit, in an empty folder; returns the folder of the programs that run its code."""
    if base.folder.exists():
        shutil.rmtree(base.folder)
    git.run("worktree", "prune")
    git.run("worktree", "add", "--quiet", "--detach", str(base.code), base.commit)
    if all((base.code / name).read_bytes() == Path(name).read_bytes() for name in LOCK):
        return Path(sys.executable).parent
    run([["make", "-C", str(base.code), "setup"]], base.environment, Path())
    return base.code / ".venv/bin"


def run(lines: Sequence[Sequence[str]], environment: Mapping[str, str], folder: Path) -> None:
    """Run commands one after the other; their output goes to stderr, because it is for people."""
    for line in lines:
        print(f"base: {' '.join(map(str, line[1:]))}", file=sys.stderr, flush=True)
        subprocess.run([str(word) for word in line], cwd=folder, env=dict(environment), stdout=sys.stderr, check=True)


def make(base: Base, shop: BaseShop) -> None:
    """Build and publish the base's prod, unless an earlier run did; then run the change's code on the lake."""
    finished = base.folder / "finished"
    mark = f"{base.commit} {shop}"
    if not finished.is_file() or finished.read_text() != mark:
        programs = lay_out(base)
        lines = [[str(programs / "sluice"), *line] for line in commands(shop, base.settings["DEMO"])]
        run(lines, base.environment, base.code)
        finished.write_text(mark)
    run([[str(Path(sys.executable).parent / "sluice"), *line] for line in catch_up()], {**os.environ, **base.settings}, Path())


def hand_on(settings: Mapping[str, str]) -> None:
    """Set variables for the following commands: in a workflow through GitHub's file, in a shell by lines to eval."""
    for name, value in settings.items():
        print(f"export {name}={shlex.quote(value)}")
    if file := os.environ.get("GITHUB_ENV"):
        with Path(file).open("a", encoding="utf-8") as stream:
            stream.writelines(f"{name}={value}\n" for name, value in settings.items())


def main() -> int:
    """Run the command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("commit", help="the branch or commit that the change is for")
    for name, default in (("orders", 10000), ("days", 30), ("seed", 1)):
        parser.add_argument(f"--{name}", type=int, default=default)
    given = parser.parse_args()
    if has_prod():
        print("the base is prod's release", file=sys.stderr)
        return 0
    hint = "fetch the commit that the change starts from: git fetch origin main"
    base = Base(FOLDER.resolve(), git.run("merge-base", "HEAD", given.commit, hint=hint))
    print(f"prod points to no release here: the base is {base.commit} on demo data, in {FOLDER}", file=sys.stderr)
    make(base, BaseShop(given.orders, given.days, given.seed))
    hand_on(base.settings)
    return 0


if __name__ == "__main__":
    try:
        sys.exit(main())
    except SluiceError as error:
        sys.exit(explain(error))
    except subprocess.CalledProcessError as error:
        print(f"error: cannot make the base: {' '.join(error.cmd[1:])} ended with {error.returncode}", file=sys.stderr)
        sys.exit(error.returncode)

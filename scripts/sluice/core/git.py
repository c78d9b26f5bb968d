"""Git, called as a command in the current folder or in another one."""

from __future__ import annotations

import os
import re
import subprocess
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

from sluice.core.errors import SluiceError

HINT = "run it in the project's git checkout; git fetch brings a commit that is missing"
_NO_COMMIT = "name an existing commit, e.g. after: git fetch origin main"
_LINK, _SUBMODULE = "120000", "160000"
_POINTER = b"version https://git-lfs.github.com/spec/"


def run(*arguments: str, folder: Path | None = None, hint: str = HINT) -> str:
    """What git prints, without the space around it. Raises SluiceError where it fails or is not installed."""
    return _output(arguments, folder, hint).decode().strip()


def commit_of(name: str) -> str:
    """The commit that a name stands for. Raises SluiceError where there is none, or no repository."""
    arguments = ("rev-parse", "--verify", "--quiet", "--end-of-options", f"{name}^{{commit}}")
    try:
        return _output(arguments, None, _NO_COMMIT, f"there is no commit {name}").decode().strip()
    except SluiceError as error:
        if not is_shallow():
            raise
        raise SluiceError(f"{error.what}; this clone is shallow", where=error.where, hint=how_to_deepen(name)) from None


def state(folder: Path | None = None) -> tuple[str | None, bool | None]:
    """The commit that is checked out, and whether the folder differs from it; None for what git does not tell."""
    try:
        lines = run("status", "--porcelain=v2", "--branch", "--", ".", folder=folder).splitlines()
    except SluiceError:
        return None, None
    found = next((line.split()[-1] for line in lines if line.startswith("# branch.oid ")), "")
    return found if re.fullmatch(r"[0-9a-f]{40,64}", found) else None, any(not line.startswith("#") for line in lines)


def is_shallow() -> bool:
    """Whether the clone has only the last commits of its branches; False outside of a repository."""
    try:
        return run("rev-parse", "--is-shallow-repository") == "true"
    except SluiceError:
        return False


def how_to_deepen(name: str) -> str:
    """What brings a commit, and all before it, into a shallow clone."""
    remote, _, branch = name.partition("/")
    is_id = re.fullmatch(r"[0-9a-f]{40}", name)
    wanted = name if is_id else f"{branch}:refs/remotes/{name}" if branch and remote == "origin" else f"{name}:{name}"
    return f"git fetch --unshallow origin {wanted}; in a GitHub workflow: fetch-depth: 0 of actions/checkout"


@dataclass(frozen=True)
class Start:
    """The commit at which the current branch left another one, and how many commits that one has had since.

    `commits` is None where they have no commit in common in this clone: then `commit` is the other's last one.
    """

    commit: str
    commits: int | None = 0


def start_of_branch(name: str) -> Start:
    """Where HEAD left the branch of that name. Raises SluiceError where there is no such commit."""
    commit = commit_of(name)
    try:
        common = run("merge-base", "HEAD", commit)
    except SluiceError:
        return Start(commit, None)
    return Start(common, int(run("rev-list", "--count", f"{common}..{commit}")))


@dataclass(frozen=True)
class Place:
    """Where a folder is: in the repository at `top`, at the path `inside`; that is empty for `top` itself."""

    top: Path
    inside: str

    @property
    def folder(self) -> Path:
        """The folder."""
        return self.top / self.inside


def place_of(folder: Path | None = None) -> Place:
    """Where a folder, by default the current one, is in its checkout. Raises SluiceError outside of a repository."""
    top, inside = (run("rev-parse", word, folder=folder) for word in ("--show-toplevel", "--show-prefix"))
    return Place(Path(top), inside.rstrip("/"))


def lay_out(commit: str, folders: Iterable[str], root: Path, hint: str = HINT) -> list[Path]:
    """Folders of a commit, by their paths in the repository, below `root`, as a checkout has them. Gives the links in them.

    Attributes and settings that a checkout follows, such as for line ends, are followed; those of an archive (export-ignore,
    export-subst) are not. A submodule is laid out if this checkout has it. Raises SluiceError where the commit does not exist.
    """
    named = [f":(top,literal){folder}" if folder else ":(top)" for folder in folders]
    entries = _checked_out(commit, named, root, None, hint)
    for kind, path in entries:
        if kind.startswith(_SUBMODULE):
            _lay_out_submodule(path, kind.split()[1], root)
    return [root / path for kind, path in entries if kind.startswith(_LINK)]


def _checked_out(commit: str, named: list[str], root: Path, source: Path | None, hint: str) -> list[tuple[str, str]]:
    """Lay out what is named of a commit of the checkout `source`: the kind (mode, id) of each file, and its path."""
    root.mkdir(parents=True, exist_ok=True)
    with TemporaryDirectory(prefix="sluice-index-") as aside:
        here = {
            "GIT_DIR": run("rev-parse", "--absolute-git-dir", folder=source, hint=hint),
            "GIT_WORK_TREE": str(root.absolute()),
            "GIT_INDEX_FILE": str(Path(aside) / "index"),
        }
        _output(("read-tree", commit), root, hint, more=here)
        entries = _entries(_output(("ls-files", "--stage", "-z", "--", *named), root, hint, more=here))
        _written([path for _, path in entries], root, {**here, "GIT_LFS_SKIP_SMUDGE": "1"}, hint)
        # Git LFS is asked, perhaps through the network, only for files of which the checkout has the content, too.
        top = Path(run("rev-parse", "--show-toplevel", folder=source))
        pointers = [path for _, path in entries if _is_pointer(root / path)]
        _written([path for path in pointers if (top / path).is_file() and not _is_pointer(top / path)], root, here, hint)
    return entries


def _written(paths: Sequence[str], root: Path, here: Mapping[str, str], hint: str) -> None:
    """Write files of the index into `root`."""
    if paths:
        given = b"".join(os.fsencode(path) + b"\0" for path in paths)
        _output(("checkout-index", "--force", "-z", "--stdin"), root, hint, more=here, given=given)


def _is_pointer(path: Path) -> bool:
    """Whether a file is what Git LFS keeps in the repository instead of its content."""
    if path.is_symlink() or not path.is_file():
        return False
    with path.open("rb") as file:
        return file.read(len(_POINTER)) == _POINTER


def _entries(listed: bytes) -> list[tuple[str, str]]:
    """What `git ls-files --stage -z` lists: mode, id and stage of each file, and its path."""
    found = (os.fsdecode(line).partition("\t") for line in listed.split(b"\0") if line)
    return [(kind, path) for kind, _, path in found]


def links_in(place: Place) -> list[Path]:
    """The links that git knows in a folder of a checkout."""
    listed = _output(("ls-files", "--stage", "--full-name", "-z"), place.folder, HINT)
    return [place.top / path for kind, path in _entries(listed) if kind.startswith(_LINK)]


def _lay_out_submodule(path: str, commit: str, root: Path) -> None:
    """A submodule as a commit of it has it; nothing if this checkout does not have the submodule, either."""
    own = place_of().top / path
    if not (own / ".git").exists():
        return
    try:
        run("cat-file", "-e", f"{commit}^{{commit}}", folder=own)
    except SluiceError:
        what = f"the submodule {path} does not have the commit that it was at"
        raise SluiceError(what, where=f"commit {commit} in {own}", hint=f"git -C {own} fetch origin {commit}") from None
    _checked_out(commit, [":(top)"], root / path, own, HINT)


def _output(
    arguments: tuple[str, ...],
    folder: Path | None,
    hint: str,
    fault: str = "",
    more: Mapping[str, str] | None = None,
    given: bytes | None = None,
) -> bytes:
    """`fault` is what is wrong where git fails without a word; `more` variables are for git alone; `given` is its input."""
    environment = {**os.environ, **more} if more else None
    try:
        done = subprocess.run(
            ["git", *arguments],  # noqa: S607  (git is on PATH)
            cwd=folder,
            env=environment,
            input=given,
            capture_output=True,
            check=False,
        )
    except FileNotFoundError:
        raise SluiceError("git is not installed, or not on PATH", hint="install git") from None
    if done.returncode:
        said = done.stderr.decode(errors="replace").strip() or fault or f"exit code {done.returncode}"
        raise SluiceError(f"git {arguments[0]} failed: {said}", where=str((folder or Path()).absolute()), hint=hint)
    return done.stdout

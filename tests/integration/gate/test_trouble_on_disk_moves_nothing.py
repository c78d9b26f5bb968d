"""No rights, no room, another disk: the command says so in a sentence, and the pointer names the release it named before."""

from __future__ import annotations

import errno
import os
import subprocess
import sys
from pathlib import Path

import pytest

from lab.tiny_releases import ReleaseShop, seen
from sluice.core.errors import SluiceError
from sluice.gate.publish import promote
from sluice.gate.rollback import rollback
from sluice.history import ledger

STEPS = ["rename", "symlink", "open", "chmod"]


@pytest.mark.parametrize("trouble", [errno.EACCES, errno.ENOSPC, errno.EROFS, errno.EIO], ids=errno.errorcode.__getitem__)
@pytest.mark.parametrize("step", STEPS)
def test_a_step_that_fails_moves_nothing(shop: ReleaseShop, monkeypatch: pytest.MonkeyPatch, step: str, trouble: int) -> None:
    first = shop.published()
    candidate = shop.candidate()
    real = getattr(os, step)
    below = str(shop.root / "warehouse")

    def fails(path: object, *arguments: object, **named: object) -> object:
        if str(path).startswith(below) or str(arguments[:1]).find(below) >= 0:
            raise OSError(trouble, os.strerror(trouble), str(path))
        return real(path, *arguments, **named)

    with monkeypatch.context() as patched:
        patched.setattr(os, step, fails)
        with pytest.raises(SluiceError) as told:
            shop.publish(candidate)
    assert os.strerror(trouble) in told.value.what
    assert shop.store.pointer("prod").release_id == first
    assert shop.publish().release_id == candidate


def test_no_rights_in_the_folder_are_told(
    shop: ReleaseShop, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """As root has rights everywhere, what the system says to others is put into its mouth."""
    candidate = shop.candidate()

    def forbidden(self: Path, *_: object, **__: object) -> None:
        raise PermissionError(errno.EACCES, os.strerror(errno.EACCES), str(self))

    with monkeypatch.context() as patched:
        patched.setattr(Path, "mkdir", forbidden)
        patched.setattr(ledger, "append", forbidden)
        with pytest.raises(SluiceError, match="the folder of releases cannot be used: Permission denied"):
            shop.publish(candidate)
    # It may do nothing here, so it says that, and not that it may not record it either.
    assert capsys.readouterr().err == ""
    assert shop.publish(candidate).is_moved


FULL = """
import resource, signal, sys
from pathlib import Path
from sluice.history import recording
from sluice.gate.publish import publish
from sluice.gate.rollback import rollback
from lab.tiny_releases import shop_in
shop = shop_in(Path(sys.argv[1]))
recording.trouble_of = lambda *ignored: ""  # the lake is on another disk
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
resource.setrlimit(resource.RLIMIT_FSIZE, (int(sys.argv[2]), resource.RLIM_INFINITY))
from sluice import cli
act = publish if len(sys.argv) > 3 else rollback
cli.app = lambda *_, **__: act(shop.context, *([sys.argv[3], "prod"] if act is publish else ["prod", "bad"]))
cli.main()
"""


@pytest.mark.parametrize("verb", ["publish", "rollback"])
@pytest.mark.parametrize("room", [0, 10])
def test_a_full_disk_keeps_the_pointer_and_its_history(shop: ReleaseShop, verb: str, room: int) -> None:
    """The process may write no file beyond a number of bytes: the history's line is refused, or torn."""
    first, second = shop.published(), shop.published()
    candidate = shop.candidate()
    history = shop.root / "warehouse" / "prod.history.jsonl"
    before = history.read_text()
    paths = os.pathsep.join(sys.path)
    command = [sys.executable, "-c", FULL, str(shop.root), str(len(before) + room), *([candidate] if verb == "publish" else [])]
    done = subprocess.run(command, env={**os.environ, "PYTHONPATH": paths}, capture_output=True, text=True, check=False)
    assert done.returncode == 2, done
    assert "cannot be moved" in done.stderr
    assert "Traceback" not in done.stderr
    assert history.read_text() == before
    assert shop.store.pointer("prod").release_id == second
    assert rollback(shop.context, "prod", "bad").release_id == first


def test_a_place_on_another_disk_gets_a_whole_copy(shop: ReleaseShop, monkeypatch: pytest.MonkeyPatch) -> None:
    candidate = shop.candidate()
    real = os.rename

    def other_disk(source: str, target: str) -> None:
        if "candidates" in str(source):
            raise OSError(errno.EXDEV, os.strerror(errno.EXDEV), str(source))
        real(source, target)

    monkeypatch.setattr(os, "rename", other_disk)
    assert shop.publish(candidate).is_moved
    assert seen(shop.root / "warehouse" / "prod.duckdb") == (1, 1, 3)
    assert not (shop.context.candidates / candidate).exists()


def test_a_copy_that_breaks_off_leaves_the_candidate(shop: ReleaseShop, monkeypatch: pytest.MonkeyPatch) -> None:
    candidate = shop.candidate()

    def broken(source: Path, target: Path) -> None:
        target.mkdir()
        (target / "warehouse.duckdb").write_text("half of it")
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), str(source))

    def other_disk(source: str, target: str) -> None:
        raise OSError(errno.EXDEV, os.strerror(errno.EXDEV), f"{source} {target}")

    with monkeypatch.context() as patched:
        patched.setattr(os, "rename", other_disk)
        patched.setattr("sluice.store.folder.shutil.copytree", broken)
        with pytest.raises(SluiceError, match="No space left"):
            shop.publish(candidate)
    assert not list((shop.root / "warehouse" / "releases").iterdir())
    assert shop.publish(candidate).is_moved


def test_a_trail_that_cannot_be_written_stops_nothing(shop: ReleaseShop, capsys: pytest.CaptureFixture[str]) -> None:
    (shop.root / "lake").write_text("a file where the lake should be")
    release = shop.published()
    assert "the audit trail" in capsys.readouterr().err
    (shop.root / "lake").unlink()
    assert shop.published("staging")
    assert promote(shop.context, "staging", "prod").is_moved
    # The move that the lake could not take is written now, from the pointer's own history.
    assert ("publish", "prod", release, "user:tester", "done") in [row[:5] for row in shop.trail()]

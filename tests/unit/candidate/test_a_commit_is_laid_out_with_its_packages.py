"""A project in a folder of a larger repository is laid out with what it reads there, and with its packages."""

from __future__ import annotations

from pathlib import Path

import pytest

from sluice.candidate import packages
from sluice.candidate.plan import code_of
from sluice.core import dbt, git
from sluice.core.errors import SluiceError

AUTHOR = ("-c", "user.name=t", "-c", "user.email=t@shop.example", "-c", "commit.gpgsign=false")
FILES = {
    "shop/dbt_project.yml": "name: shop\n",
    "shop/packages.yml": "packages: [{local: ../common/money}]\n",
    "common/money/dbt_project.yml": "name: money\n",
    "common/money/packages.yml": "packages: [{local: ../common/dates}]\n",  # for dbt, relative to the project that is run
    "common/money/macros/money.sql": "old",
    "common/dates/dbt_project.yml": "name: dates\n",
    "common/words.md": "old",
    "other/large.csv": "1",
}


@pytest.fixture
def shop(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A project in a larger repository, in whose folder we are, as `dbt deps` leaves it; its packages have changed since."""
    top = tmp_path / "top"
    for name, text in FILES.items():
        (top / name).parent.mkdir(parents=True, exist_ok=True)
        (top / name).write_text(text)
    shop = top / "shop"
    (shop / "words.md").symlink_to("../common/words.md")
    (top / ".gitignore").write_text("dbt_packages\n")
    git.run("init", "--quiet", "--initial-branch", "main", str(top))
    commit(top)
    (shop / "dbt_packages" / "from_the_hub").mkdir(parents=True)
    for name in ("money", "dates"):
        (shop / "dbt_packages" / name).symlink_to(top / "common" / name)
    monkeypatch.chdir(shop)
    return shop


def commit(top: Path) -> None:
    git.run("add", "--all", folder=top)
    git.run(*AUTHOR, "commit", "--quiet", "--message", "A change", folder=top)


def no_deps(*_: object, **__: object) -> dbt.Invocation:
    return dbt.Invocation("", 2, ("there is no network",))


def test_only_what_the_project_reads_is_laid_out(shop: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(dbt, "invoke", no_deps)
    (shop.parent / "common/money/macros/money.sql").write_text("new")
    root = tmp_path / "there"
    project = packages.lay_out("main", root)

    assert project == root / "shop"
    assert sorted(path.relative_to(root).as_posix() for path in root.glob("*/*")) == [
        "common/dates", "common/money", "common/words.md", "shop/dbt_packages", "shop/dbt_project.yml", "shop/packages.yml",
        "shop/words.md",
    ]  # fmt: skip
    # Packages without the network; local ones as the commit has them.
    assert (project / "dbt_packages/money/macros/money.sql").read_text() == "old"
    assert (project / "dbt_packages/money").resolve() == root / "common/money"
    assert (project / "dbt_packages/from_the_hub").resolve() == shop / "dbt_packages/from_the_hub"
    assert (project / "words.md").read_text() == "old"


def test_other_packages_are_asked_of_dbt(shop: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(dbt, "invoke", no_deps)
    (shop / "package-lock.yml").write_text("packages: []\n")
    assert packages.lay_out("main", tmp_path / "unlocked").is_dir()  # the commit says nothing of versions
    commit(shop.parent)
    (shop / "package-lock.yml").write_text("packages: [{package: a/b, version: 1.0.0}]\n")
    assert not (packages.lay_out("main", tmp_path / "not parsed", is_parsed=False) / "dbt_packages").exists()
    with pytest.raises(SluiceError, match="dbt deps failed\nthere is no network") as told:
        packages.lay_out("main", tmp_path / "there")
    assert told.value.where.endswith(": shop")
    assert "package-lock.yml" in told.value.hint


@pytest.mark.usefixtures("shop")
def test_a_folder_that_is_not_a_project_in_that_commit_is_told(tmp_path: Path) -> None:
    git.run("rm", "--quiet", "dbt_project.yml")
    git.run(*AUTHOR, "commit", "--quiet", "--message", "moved")
    assert packages.lay_out("main~1", tmp_path / "before").name == "shop"
    with pytest.raises(SluiceError, match="not a dbt project") as told:
        packages.lay_out("main", tmp_path / "there")
    assert told.value.where == f"{git.commit_of('main')}: shop"


@pytest.mark.parametrize(
    ("changed", "is_dirty"),
    [("other/large.csv", False), ("common/money/macros/money.sql", True), ("common/words.md", True), ("shop/packages.yml", True)],
)
def test_other_folders_of_a_repository_do_not_count(shop: Path, changed: str, is_dirty: bool) -> None:
    assert not code_of(Path()).is_dirty
    with (shop.parent / changed).open("a") as file:
        file.write("\n")
    assert code_of(Path()).is_dirty is code_of(shop).is_dirty is is_dirty


def test_a_worktree_is_a_checkout_as_well(shop: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(dbt, "invoke", no_deps)
    git.run("worktree", "add", "--quiet", "--detach", str(tmp_path / "worktree"))
    folder = tmp_path / "worktree" / "shop"
    (folder / "dbt_packages").symlink_to(shop / "dbt_packages")
    monkeypatch.chdir(folder)
    (folder / "dbt_project.yml").write_text("name: changed\n")
    assert code_of(Path()).is_dirty
    assert not code_of(shop).is_dirty
    assert (packages.lay_out("HEAD", tmp_path / "there") / "dbt_project.yml").read_text() == FILES["shop/dbt_project.yml"]

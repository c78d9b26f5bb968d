"""inputs.json: what a release was made of besides the versions of the lake, so that a later command can tell what is the same.

It is kept beside the record. A release of an older sluice has none: then nothing is known to be the same.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import asdict, dataclass, field, fields
from pathlib import Path
from typing import Any

import duckdb
import yaml
from deltalake.exceptions import TableNotFoundError

import sluice
from sluice.core import dbt_python
from sluice.core.dbt_profile import Choice, Output, attached_files, attachments, output_of
from sluice.core.errors import SluiceError
from sluice.lake.opening import open_table

NAME = "inputs.json"

# Where dbt looks for a project's files, unless dbt_project.yml says otherwise.
_FOLDERS = {
    "model-paths": ["models"], "seed-paths": ["seeds"], "macro-paths": ["macros"], "test-paths": ["tests"],
    "snapshot-paths": ["snapshots"], "analysis-paths": ["analyses"], "function-paths": ["functions"],
}  # fmt: skip
_FILES = (
    "dbt_project.yml", "vars.yml", "packages.yml", "dependencies.yml", "package-lock.yml", "selectors.yml", "catalogs.yml",
    ".dbtignore",
)  # fmt: skip
# Python is run by dbt in these folders only; what pytest keeps beside dbt's tests is not dbt's.
_WITH_PYTHON = ("model-paths", "function-paths")
# In these, environment variables are looked for.
_TEXTS = {".sql", ".yml", ".yaml", ".py"}
_VARIABLE = re.compile(r"env_var\s*\(\s*(?:(['\"])(\w+)\1)?")
# Where state lies and what it may cost: they change no row.
_OF_SLUICE = {
    "SLUICE_LAKE", "SLUICE_WAREHOUSE", "SLUICE_PINS", "SLUICE_EXTENSIONS", "SLUICE_MEMORY",
}  # fmt: skip
_OF_DBT_ALONE = {
    "DBT_TARGET_PATH", "DBT_LOG_PATH", "DBT_PROFILES_DIR", "DBT_SEND_ANONYMOUS_USAGE_STATS",
    "DBT_LOG_LEVEL", "DBT_LOG_LEVEL_FILE", "DBT_LOG_FORMAT", "DBT_LOG_FORMAT_FILE", "DBT_LOG_FILE_MAX_BYTES",
    "DBT_QUIET", "DBT_USE_COLORS", "DBT_USE_COLORS_FILE",
}  # fmt: skip
_HIDDEN = "DBT_ENV_SECRET"
# With one of these, a profile reads what is neither in the project nor in the lake.
_ASIDE = ("plugins", "module_paths", "attach", "filesystems", "remote")


@dataclass(frozen=True)
class Inputs:
    """Digests: `project` of the files that dbt reads, `tools` of Python, its packages and sluice, `variables` of the environment.

    `tables` has the id of each Delta table of the lake: one that was made again has another. `lake` is the lake's root, as
    it is in the SQL. `untold` says why the files do not say everything that a build depends on. `sources` has digests of
    what was read from DuckDB files: sources by `schema.table`, and files that the target attaches.
    """

    project: str
    tools: str
    variables: str
    tables: Mapping[str, str]
    lake: str
    untold: tuple[str, ...] = ()
    sources: Mapping[str, str] = field(default_factory=dict)

    def is_same_code(self, other: Inputs) -> bool:
        """Whether dbt has the same project in both, read by the same tools, and no more than that counts."""
        told = not self.untold and not other.untold
        return told and all(getattr(self, name) == getattr(other, name) for name in ("project", "tools", "variables"))


def taken(project: Path, lake: Path, tables: Iterable[str], choice: Choice | None = None) -> Inputs:
    """The inputs as they are now; `tables` are paths below the lake's root."""
    files = dict(_files_of(project))
    digest, names, untold = _read(files)
    profile, why = _profile(project, choice or Choice())
    return Inputs(
        project=_hashed(f"{digest} {hashlib.sha256(profile.encode()).hexdigest()}"),
        tools=_tools(),
        variables=_variables({*names, *_names_in(profile)[0]}),
        tables={path: found for path in sorted(tables) if (found := _id(lake / path))},
        lake=str(lake),
        untold=tuple(sorted({*untold, *why})),
    )


def _id(table: Path) -> str:
    """The id of a Delta table; empty if it does not exist."""
    try:
        return str(open_table(table).metadata().id)
    except TableNotFoundError:
        return ""


def keep(inputs: Inputs, folder: Path) -> None:
    """Write inputs.json into a candidate's folder."""
    (folder / NAME).write_text(json.dumps(asdict(inputs), indent=1, sort_keys=True) + "\n", encoding="utf-8")


def parse(text: str) -> Inputs | None:
    """The inputs in a text; None if another version of sluice wrote it."""
    try:
        document = json.loads(text)
        known = {one.name for one in fields(Inputs)}
        return Inputs(**{**document, "untold": tuple(document["untold"])}) if known == set(document) else None
    except (ValueError, TypeError, KeyError):
        return None


def reads_a_lake(project: Path) -> bool:
    """Whether a file of the project speaks of the lake's Delta tables."""
    return any(b"SLUICE_LAKE" in content for content in contents_of(project).values())


def contents_of(project: Path) -> dict[str, bytes]:
    """The content of every file of a project that dbt reads, by its path in the project."""
    return {name: path.read_bytes() for name, path in _files_of(project)}


def _files_of(project: Path) -> Iterator[tuple[str, Path]]:
    """Every file of a project that dbt reads, by its path in the project."""
    settings = _yaml(project / "dbt_project.yml")
    for name in _FILES:
        if (project / name).is_file():
            yield name, project / name
    for kind, folders in {**_FOLDERS, "packages-install-path": ["dbt_packages"], **_own_folders(settings)}.items():
        for folder in folders:
            for path in _below(project / folder):
                if path.suffix != ".pyc" and (path.suffix != ".py" or kind in _WITH_PYTHON):
                    yield path.relative_to(project).as_posix(), path


def _own_folders(settings: Mapping[str, Any]) -> dict[str, list[str]]:
    """The folders that dbt_project.yml names."""
    named = {key: value for key, value in settings.items() if key.endswith("-paths") and key != "asset-paths"}
    install = settings.get("packages-install-path")
    return {**named, **({"packages-install-path": [install]} if isinstance(install, str) else {})}


def _below(folder: Path) -> Iterator[Path]:
    for root, _, names in os.walk(folder, followlinks=True):
        yield from (Path(root) / name for name in names)


def _read(files: Mapping[str, Path]) -> tuple[str, set[str], set[str]]:
    """The digest of files, the environment variables that they name, and what they do not tell."""
    digest, names, untold = hashlib.sha256(), set[str](), set[str]()
    for name, path in sorted(files.items()):
        content = path.read_bytes()
        digest.update(f"{name} {hashlib.sha256(content).hexdigest()}\n".encode())
        if path.suffix in _TEXTS and b"env_var" in content:
            found, is_whole = _names_in(content.decode(errors="replace"))
            names |= found
            untold |= set() if is_whole else {f"{name} computes the name of an environment variable"}
    return digest.hexdigest(), names, untold


def _names_in(text: str) -> tuple[set[str], bool]:
    """The environment variables that a text names, and whether these are all that it reads."""
    found = [match[2] for match in _VARIABLE.finditer(text)]
    return {name for name in found if name}, all(found)


def _variables(names: Iterable[str]) -> str:
    """The digest of the variables that the project names, and of dbt's own settings; no secret goes into it."""
    of_dbt = {name for name in os.environ if name.startswith("DBT_")} - _OF_DBT_ALONE
    counted = sorted({*names, *of_dbt} - _OF_SLUICE)
    return _hashed(json.dumps({name: os.environ.get(name) for name in counted if not name.startswith(_HIDDEN)}))


def _profile(project: Path, choice: Choice) -> tuple[str, list[str]]:
    """The target of dbt's profile and the variables, and what these do not tell of what a build reads."""
    output = output_of(project, choice)
    aside = [key for key in _ASIDE if output.fields.get(key) and not (key == "attach" and _are_files(output))]
    untold = [f"profiles.yml has {', '.join(aside)}"] if aside else []
    if any((folder / ".env").is_file() for folder in (project.absolute(), *project.absolute().parents)):
        untold.append("there is a file .env, from which dbt takes environment variables")
    fields = {key: value for key, value in output.fields.items() if key != "path"}  # a candidate has its own
    return repr([output.target, sorted(fields.items()), sorted(choice.vars.items())]), untold


def _are_files(output: Output) -> bool:
    """Whether all that a target attaches is DuckDB files, whose state is noted: see sources.py."""
    return len(attached_files(output)) == len(attachments(output))


def _yaml(file: Path) -> dict[str, Any]:
    try:
        found = yaml.load(file.read_text(encoding="utf-8"), getattr(yaml, "CSafeLoader", yaml.SafeLoader))  # noqa: S506  (safe)
    except (OSError, yaml.YAMLError) as error:
        raise SluiceError(f"not readable as YAML: {error}", where=str(file)) from None
    return found if isinstance(found, dict) else {}


def _tools() -> str:
    """The digest of dbt's Python: its version, the names and versions of its packages; of Sluice's DuckDB and own files."""
    root = Path(sluice.__file__).parent
    files = sorted(path for path in root.rglob("*") if path.suffix in (".py", ".sql"))
    own = [f"{path.relative_to(root)} {hashlib.sha256(path.read_bytes()).hexdigest()}" for path in files]
    has = dbt_python.find().has
    return _hashed("\n".join([has.python, *has.packages, f"duckdb {duckdb.__version__}", *own]))


def _hashed(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()

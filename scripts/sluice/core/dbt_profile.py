"""The profile that dbt is called with: the project's own, for another DuckDB file.

Builds aside, compilations and pull requests use what the user's target says, except for the file and what is attached. The
profile is read as text: Jinja in it, such as a secret from the environment, is dbt's to evaluate. Only paths are evaluated
here, because a relative one would mean another folder where dbt runs in another checkout.
"""

from __future__ import annotations

import json
import os
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

from sluice.core import dbt_python
from sluice.core.errors import SluiceError, did_you_mean
from sluice.core.paths import DBT
from sluice.core.yaml_model import read

NAME = "profiles.yml"
_SECRET = "DBT_ENV_SECRET"  # noqa: S105  (the beginning of a name)
# `s3:`, `md:`, `postgres:`; a drive's letter is not one.
_SCHEME = re.compile(r"[A-Za-z][A-Za-z0-9+.-]+:")
_ELSEWHERE = ("md", "motherduck", "ducklake", "quack")
IN_MEMORY = ":memory:"


@dataclass(frozen=True)
class Choice:
    """What a user chose for an environment: dbt's `--target` (None: the profile's own) and `--vars`."""

    target: str | None = None
    vars: Mapping[str, Any] = field(default_factory=dict)

    @property
    def arguments(self) -> list[str]:
        """The variables as options of dbt; a profile that is derived brings the target."""
        return ["--vars", json.dumps(dict(self.vars), sort_keys=True)] if self.vars else []


@dataclass(frozen=True)
class Output:
    """The target of a profile that dbt would use, as its file spells it.

    Relative paths in it start in the first of `folders` that has them: where dbt runs, and where the user is.
    """

    profile: str
    target: str
    fields: Mapping[str, Any]
    file: Path
    folders: tuple[Path, ...]
    vars: Mapping[str, Any] = field(default_factory=dict)

    @property
    def where(self) -> str:
        """The place in the file, for messages."""
        return f"{self.file}, {self.profile}.outputs.{self.target}"

    @property
    def database(self) -> str:
        """The name that DuckDB gives to the target's own file."""
        path = self.text("path", IN_MEMORY)
        return "memory" if path == IN_MEMORY else Path(path).name.lstrip(".").split(".")[0]

    @property
    def path(self) -> Path | None:
        """The target's own DuckDB file; None if it is in memory. Raises SluiceError if it is elsewhere, as in MotherDuck."""
        path = self.text("path", IN_MEMORY)
        scheme = path.split(":", 1)[0].lower()
        if self.fields.get("remote") or scheme in _ELSEWHERE or "://" in path:
            place = "another process (remote)" if self.fields.get("remote") else path.split(":", 1)[0]
            hint = f"name a target whose path is a local file: `target:` of the environment in environments.yml; {self.targets()}"
            raise SluiceError(f"the target {self.target} keeps its data in {place}, not in a file", where=self.where, hint=hint)
        return None if path in (IN_MEMORY, "") else self.resolved(path)

    def text(self, key: str, default: str = "") -> str:
        """A value with its Jinja evaluated."""
        return self.evaluated(str(self.fields.get(key, default)))

    def evaluated(self, text: str) -> str:
        """A text of the output with its Jinja evaluated."""
        return evaluated(text, self.where, self.vars)

    def resolved(self, path: str) -> Path:
        """A path as dbt understands it: relative to the project's folder."""
        places = [folder / path for folder in self.folders]
        return next((place for place in places if place.exists()), places[-1])

    def targets(self) -> str:
        """The targets of the profile, for messages."""
        return f"targets: {', '.join(sorted(_outputs(self.file, self.profile)))}"


def output_of(project: Path, choice: Choice | None = None, home: Path | None = None) -> Output:
    """The output that dbt would use for a project, found as dbt finds it.

    A checkout without profiles.yml uses that of `home`, by default the current folder. Raises SluiceError where there is no
    profile or no such target, or if it is not for DuckDB.
    """
    choice = choice or Choice()
    folders = tuple(dict.fromkeys((project.absolute(), (home or Path()).absolute())))
    file = _file(folders)
    name = profile_name(project, choice.vars)
    outputs = _outputs(file, name)
    target = _target(file, name, choice)
    if target not in outputs:
        hint = did_you_mean(target, outputs, f"targets: {', '.join(sorted(outputs)) or 'none'}")
        raise SluiceError(f"the profile {name} has no target {target}", where=str(file), hint=hint)
    found = Output(name, target, outputs[target], file, folders, choice.vars)
    kind = found.text("type", "none")
    if kind != "duckdb":
        hint = f"Sluice works with dbt-duckdb; choose another target in environments.yml; {found.targets()}"
        raise SluiceError(f"the target {target} is of type {kind}", where=found.where, hint=hint)
    return found


def profile_name(project: Path, vars: Mapping[str, Any]) -> str:
    """The name of the project's profile: DBT_PROFILE, else what dbt_project.yml says."""
    file = project / DBT
    document = read(file, hint="change to the folder of a dbt project")
    given = os.environ.get("DBT_PROFILE") or (document or {}).get("profile")
    if not given:
        raise SluiceError("the project names no profile", where=str(file), hint="add `profile: <name>`, as dbt asks for it")
    return str(evaluated(str(given), str(file), vars))


def _file(folders: Sequence[Path]) -> Path:
    given = os.environ.get("DBT_PROFILES_DIR")
    places = [folder / given for folder in folders] if given else [*folders, Path.home() / ".dbt"]
    file = next((place / NAME for place in places if (place / NAME).is_file()), None)
    if file is None:
        hint = "write one (docs.getdbt.com/docs/local/profiles.yml), or name its folder: DBT_PROFILES_DIR"
        raise SluiceError(f"there is no {NAME}", where=", ".join(map(str, places)), hint=hint)
    return file


def _outputs(file: Path, name: str) -> Mapping[str, Any]:
    profiles = read(file)
    found = (profiles if isinstance(profiles, dict) else {}).get(name)
    if not isinstance(found, dict):
        known = [key for key in profiles if key != "config"] if isinstance(profiles, dict) else []
        hint = did_you_mean(name, known, f"profiles there: {', '.join(known) or 'none'}")
        raise SluiceError(f"there is no profile {name}", where=str(file), hint=hint)
    outputs = found.get("outputs")
    if not isinstance(outputs, dict) or not all(isinstance(output, dict) for output in outputs.values()):
        raise SluiceError(f"the profile {name} has no outputs", where=str(file), hint="give it some, as dbt asks for them")
    return outputs


def _target(file: Path, name: str, choice: Choice) -> str:
    """As dbt decides: the option, DBT_TARGET, the profile's `target`, `default`."""
    own = (read(file) or {}).get(name, {}).get("target", "default")
    given = choice.target or os.environ.get("DBT_TARGET") or own
    return str(evaluated(str(given), str(file), choice.vars))


def evaluated(text: str, where: str, vars: Mapping[str, Any]) -> str:
    """A text with its Jinja evaluated, which may ask for env_var and var. Raises SluiceError if that fails."""
    if "{" not in text:
        return text
    from jinja2 import StrictUndefined, TemplateError
    from jinja2.sandbox import SandboxedEnvironment

    environment = SandboxedEnvironment(undefined=StrictUndefined)
    environment.filters |= dict.fromkeys(("as_text", "as_native", "as_bool", "as_number"), lambda value: value)
    try:
        return environment.from_string(text).render(env_var=_env_var, var=_var_of(vars))
    except KeyError as error:
        hint = f"set {error.args[0]}, or give a default"
        raise SluiceError(f"{error.args[0]} has no value", where=where, hint=hint) from None
    except TemplateError as error:
        hint = "dbt debug says whether dbt can"
        raise SluiceError(f"{text} cannot be evaluated: {error}", where=where, hint=hint) from None


def _env_var(name: str, default: str | None = None) -> str:
    found = os.environ.get(name, default)
    if found is None:
        raise KeyError(f"the environment variable {name}")
    return found


def _var_of(vars: Mapping[str, Any]) -> Any:
    def var(name: str, default: Any = None) -> Any:
        if name not in vars and default is None:
            raise KeyError(f"the variable {name}")
        return vars.get(name, default)

    return var


def derive(output: Output, folder: Path, file: Path, attached: Mapping[str, Path] | None = None) -> list[str]:
    """Write `folder`/profiles.yml, in which the target's data is in `file`, and give the options that make dbt use it.

    `attached` are more DuckDB files by alias, read only. All else is as in the target; what it attaches is read only, too,
    because a build aside changes nothing but its file. What is written is the same as long as its arguments are: dbt parses
    everything again after every difference. Raises SluiceError if the target's data is not in a file.
    """
    output.path  # noqa: B018  (raises)
    fields = _fields(output, folder, file, attached or {})
    document = {output.profile: {"target": output.target, "outputs": {output.target: fields}}}
    text = yaml.safe_dump(document, sort_keys=False, allow_unicode=True, width=1000)
    folder.mkdir(parents=True, exist_ok=True)
    place = folder / NAME
    if not place.is_file() or place.read_text(encoding="utf-8") != text:
        fresh = folder / f".{NAME}.{os.getpid()}"
        fresh.touch(mode=0o600)  # it may contain a password, as the profile does
        fresh.write_text(text, encoding="utf-8")
        fresh.replace(place)
    return ["--profiles-dir", str(folder.absolute()), "--profile", output.profile, "--target", output.target]


def derived(
    project: Path,
    folder: Path,
    file: Path,
    *,
    choice: Choice | None = None,
    attached: Mapping[str, Path] | None = None,
    home: Path | None = None,
) -> list[str]:
    """As `derive`, from a project's profile; also the options for its variables: all that dbt needs to work in `file`."""
    choice = choice or Choice()
    return [*derive(output_of(project, choice, home), folder, file, attached), *choice.arguments]


def _fields(output: Output, folder: Path, file: Path, attached: Mapping[str, Path]) -> dict[str, Any]:
    fields = {key: value for key, value in output.fields.items() if key != "database"}
    attach = attachments(output)
    if output.fields.get("database") in [one.get("alias") for one in attach]:
        hint = "let `database` be the target's own file, or name another target in environments.yml"
        raise SluiceError("the target builds into an attached database, not into its file", where=output.where, hint=hint)
    taken = {str(one.get("alias") or Path(str(one["path"])).name.split(".")[0]) for one in attach}
    if twice := sorted(taken & set(attached)):
        hint = "choose another alias"
        raise SluiceError(f"the target attaches something as {twice[0]}, a name that Sluice needs", where=output.where, hint=hint)
    attach += [{"path": str(path.absolute()), "alias": alias, "read_only": True} for alias, path in attached.items()]
    options = _mapping(fields.get("config_options"))
    if "extension_directory" in options:
        options["extension_directory"] = _place(output, options["extension_directory"])
    settings = {key: value for key, value in _mapping(fields.get("settings")).items() if key != "temp_directory"}
    external = folder.absolute() / "external"
    external.mkdir(parents=True, exist_ok=True)
    return {
        **fields,
        "path": str(file.absolute()),
        # Set once: DuckDB refuses to change it after the first spill. Beside the file, so two builds do not meet.
        "config_options": {**dbt_python.find().file_options, **options, "temp_directory": f"{file.absolute()}.tmp"},
        "external_root": str(external),
        **({"settings": settings} if settings else {}),
        **({"attach": attach} if attach else {}),
        **({"module_paths": [_place(output, one) for one in fields["module_paths"]]} if fields.get("module_paths") else {}),
    }


def attachments(output: Output) -> list[dict[str, Any]]:
    """What the target attaches: local paths absolute, and read only."""
    found = []
    for entry in output.fields.get("attach") or []:
        one = {**entry, "path": _place(output, entry["path"])}
        if "read_only" in _mapping(one.get("options")):
            one["options"] = {**one["options"], "read_only": True}
        elif str(one["path"]).split(":", 1)[0].lower() not in _ELSEWHERE:
            one["read_only"] = True
        found.append(one)
    return found


def attached_files(output: Output) -> dict[str, Path]:
    """The DuckDB files on this machine that the target attaches, by alias."""
    found = {}
    for one in attachments(output):
        path = output.evaluated(str(one["path"]))
        if str(one.get("type", "duckdb")).lower() == "duckdb" and Path(path).is_file():
            found[str(one.get("alias") or Path(path).name.split(".")[0])] = Path(path)
    return found


def _mapping(value: Any) -> dict[str, Any]:
    return dict(value) if isinstance(value, dict) else {}


def _place(output: Output, path: Any) -> Any:
    """A relative path of this machine as an absolute one; anything else as it is spelt."""
    if not isinstance(path, str) or _SECRET in path or _SCHEME.match(path):
        return path
    found = evaluated(path, output.where, output.vars)
    is_local = found and not (_SCHEME.match(found) or found.startswith(("/", "~")))
    return str(output.resolved(found)) if is_local else path

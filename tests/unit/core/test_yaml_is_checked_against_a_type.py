"""A mistake in a YAML file is reported with its line, what is expected there, and the word that was probably meant."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated

import pytest
from pydantic import AfterValidator, ConfigDict, StrictInt

from sluice.core.errors import SluiceError
from sluice.core.yaml_model import checked, place, read


def even(number: int) -> int:
    if number % 2:
        raise ValueError(f"{number} is not even")
    return number


@dataclass(frozen=True)
class Wheel:
    __pydantic_config__ = ConfigDict(extra="forbid")
    spokes: Annotated[StrictInt, AfterValidator(even)]
    maker: str = "unknown"


@dataclass(frozen=True)
class Bike:
    __pydantic_config__ = ConfigDict(extra="forbid")
    wheels: list[Wheel]
    spares: dict[str, Wheel] = field(default_factory=dict)


def written(folder: Path, text: str) -> Path:
    path = folder / "bike.yml"
    path.write_text(text)
    return path


def test_what_is_right_is_read(tmp_path: Path) -> None:
    path = written(tmp_path, "wheels: [{spokes: 32}]\nspares: {front: {spokes: 28, maker: me}}\n")
    assert checked(Bike, read(path), path) == Bike([Wheel(32)], {"front": Wheel(28, "me")})


@pytest.mark.parametrize(
    ("text", "line", "what", "hint"),
    [
        ("wheels:\n- spokes: 32\n- spokes: 31\n", 3, "`wheels.1.spokes`: 31 is not even", ""),
        ("wheels:\n- spokes: '32'\n", 2, "`wheels.0.spokes` should be a valid integer, not '32'", ""),
        (
            "wheels: []\nspares:\n  front:\n    spokes: 2\n    makr: x\n",
            5,
            "unknown key 'spares.front.makr'",
            "did you mean maker?",
        ),
        ("wheels:\n- spokes: 2\n  maker: 5\n", 3, "`wheels.0.maker` should be a valid string, not 5", "put quotes around it"),
        ("wheels:\n- maker: x\n", 2, "`wheels.0.spokes` is missing", ""),
        ("spares: {}\n", 1, "`wheels` is missing", ""),
        ("wheels: 5\n", 1, "`wheels` should be a valid list, not 5", ""),
    ],
)
def test_a_mistake_is_named_with_its_line(tmp_path: Path, text: str, line: int, what: str, hint: str) -> None:
    path = written(tmp_path, text)
    with pytest.raises(SluiceError) as refused:
        checked(Bike, read(path), path)
    assert (refused.value.what, refused.value.where) == (what, f"{path}:{line}")
    assert hint in refused.value.hint


def test_all_mistakes_are_named_at_once(tmp_path: Path) -> None:
    path = written(tmp_path, "wheels: [{spokes: 1}, {}]\nbell: 1\n")
    with pytest.raises(SluiceError) as refused:
        checked(Bike, read(path), path)
    assert refused.value.what == "`wheels.0.spokes`: 1 is not even; `wheels.1.spokes` is missing; unknown key 'bell'"


def test_a_part_of_a_file_is_found_in_the_whole(tmp_path: Path) -> None:
    path = written(tmp_path, "a: 1\nb:\n- c: 1\n  d: 2\n")
    assert [place(path), place(path, "b"), place(path, "b", 0, "d"), place(path, "b", 7), place(path, "x")] == [
        f"{path}:{line}" for line in (1, 2, 4, 2, 1)
    ]


@pytest.mark.parametrize(("content", "says"), [(b"a: [", "not readable as YAML"), (b"\xff\xfe\xff", "not readable as YAML")])
def test_a_file_that_is_not_yaml_is_refused(tmp_path: Path, content: bytes, says: str) -> None:
    path = tmp_path / "x.yml"
    path.write_bytes(content)
    with pytest.raises(SluiceError, match=says):
        read(path)


def test_a_file_that_is_not_there_is_refused_with_a_hint(tmp_path: Path) -> None:
    with pytest.raises(SluiceError, match="not found") as refused:
        read(tmp_path / "x.yml", hint="make one")
    assert refused.value.hint == "make one"

"""The parts of an archive that are imported when somebody asks for them.

Every command opens an archive, and few ask web archives, print a certificate or verify: what only
they need was a third of the time that ``import crawler.archive`` took.
"""

from __future__ import annotations

from importlib import import_module
from operator import attrgetter
from types import ModuleType
from typing import Any, Generic, TypeVar

T = TypeVar("T")


def module_of(place: str) -> ModuleType:
    """Return a module of ``crawler.archive``, imported by now."""
    return import_module(f"crawler.archive.{place}")


class Room(Generic[T]):
    """A part of ``Archive``: of the class that is called like its attribute, in the module
    at ``place``.

    ``needs`` are the attributes of the archive that it is made of.
    """

    def __init__(self, place: str, *needs: str) -> None:
        self._place = place
        self._needs = needs

    def __set_name__(self, owner: type[object], name: str) -> None:
        self._name = name

    def __get__(self, archive: Any, owner: type[object]) -> T:  # noqa: ANN401 - Archive imports this
        make = getattr(module_of(self._place), self._name.capitalize())
        made: T = make(*(attrgetter(need)(archive) for need in self._needs))
        vars(archive)[self._name] = made  # from now on it is found there
        return made

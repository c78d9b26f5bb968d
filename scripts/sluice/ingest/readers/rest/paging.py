"""How the pages of a REST address follow each other, as a feed declares it. dlt's paginators make the next request."""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import TYPE_CHECKING, Annotated

from pydantic import ConfigDict, Field, StrictInt

if TYPE_CHECKING:
    from dlt.sources.helpers.rest_client.paginators import BasePaginator

_FORBID = ConfigDict(extra="forbid")
_Name = Annotated[str, Field(min_length=1)]


@dataclass(frozen=True, kw_only=True)
class Link:
    """The `Link` header of a page has the address of the next one."""

    __pydantic_config__ = _FORBID
    shifts = False

    rel: Annotated[_Name, Field(description="the relation of the link to the next page")] = "next"

    def paginator(self) -> BasePaginator:
        """What makes the next request."""
        from dlt.sources.helpers.rest_client.paginators import HeaderLinkPaginator

        return HeaderLinkPaginator(self.rel)


@dataclass(frozen=True, kw_only=True)
class Next:
    """A page has the address of the next one."""

    __pydantic_config__ = _FORBID
    shifts = False

    path: Annotated[_Name, Field(description="where the address of the next page is, e.g. paging.next")]

    def paginator(self) -> BasePaginator:
        """What makes the next request."""
        from dlt.sources.helpers.rest_client.paginators import JSONLinkPaginator

        return JSONLinkPaginator(self.path)


@dataclass(frozen=True, kw_only=True)
class Cursor:
    """A page has a value that asks for the next one."""

    __pydantic_config__ = _FORBID
    shifts = False

    param: Annotated[_Name, Field(description="parameter that takes the value, e.g. starting_after")]
    path: Annotated[
        _Name, Field(description="where the value is, e.g. meta.next_cursor, or data[-1].id: that of the last record")
    ]
    more: Annotated[str, Field(description="where it says whether there are more pages, e.g. has_more")] = ""

    def paginator(self) -> BasePaginator:
        """What makes the next request."""
        from dlt.sources.helpers.rest_client.paginators import JSONResponseCursorPaginator

        return JSONResponseCursorPaginator(self.path, self.param, has_more_path=self.more or None)


@dataclass(frozen=True, kw_only=True)
class Number:
    """Pages have numbers; the first one without a record is the end."""

    __pydantic_config__ = _FORBID
    shifts = True

    param: Annotated[_Name, Field(description="parameter that takes the number")] = "page"
    first: Annotated[StrictInt, Field(description="number of the first page")] = 1

    end: Annotated[StrictInt | None, Field(description="status that the server answers behind the last page, e.g. 404")] = None

    def paginator(self) -> BasePaginator:
        """What makes the next request. A total does not end the reading, as it may be wrong."""
        from dlt.sources.helpers.rest_client.paginators import PageNumberPaginator

        return PageNumberPaginator(base_page=self.first, page_param=self.param, total_path=None)


@dataclass(frozen=True, kw_only=True)
class Offset:
    """A page begins behind a number of records; the first one without a record is the end."""

    __pydantic_config__ = _FORBID
    shifts = True

    limit: Annotated[StrictInt, Field(ge=1, description="records to ask for in a page")]
    param: Annotated[_Name, Field(description="parameter that takes the number of records before the page")] = "offset"
    limit_param: Annotated[_Name, Field(description="parameter that takes the limit")] = "limit"

    end: Annotated[StrictInt | None, Field(description="status that the server answers behind the last page, e.g. 404")] = None

    def paginator(self) -> BasePaginator:
        """What makes the next request. A total does not end the reading, as it may be wrong."""
        from dlt.sources.helpers.rest_client.paginators import OffsetPaginator

        return OffsetPaginator(self.limit, offset_param=self.param, limit_param=self.limit_param, total_path=None)


@dataclass(frozen=True, kw_only=True)
class Paging:
    """One of the ways in which pages follow each other."""

    __pydantic_config__ = _FORBID

    link: Link | None = None
    next: Next | None = None
    cursor: Cursor | None = None
    page: Number | None = None
    offset: Offset | None = None

    @property
    def ways(self) -> list[Link | Next | Cursor | Number | Offset]:
        """Those that are given; it has to be one."""
        return [way for way in (getattr(self, field.name) for field in fields(self)) if way is not None]

    @property
    def shifts(self) -> bool:
        """Whether records move to other pages when a record is added or removed."""
        return self.ways[0].shifts

    def paginator(self) -> BasePaginator:
        """What makes the next request."""
        return self.ways[0].paginator()

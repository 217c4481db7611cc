"""A bulk operation: the shop itself writes every order or customer to a file, which costs none of the points.

Refunds are not read so: Shopify refuses a list in a list there.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from decimal import Decimal
from typing import Any
from urllib.parse import urlsplit

from requests.exceptions import RequestException

from ingestion.connect.http import Api, Clock, Policy
from ingestion.errors import SourceError

_POLL, _LONGEST = 5.0, 3 * 3_600.0
_ROWS = 250
_RUN = (
    "mutation Bulk($asked:String!){ bulkOperationRunQuery(query:$asked,groupObjects:true){ "
    "bulkOperation{id} userErrors{code message} } }"
)
_STATE = (
    "query State($id:ID!){ node(id:$id){ ... on BulkOperation{ "
    "status errorCode createdAt url partialDataUrl objectCount rootObjectCount } } }"
)
_BUSY = "OPERATION_IN_PROGRESS"
_CHANGED = "What came is kept, but not used. Fetch again."


@dataclass(frozen=True)
class Bulk:
    """The bulk operations of one shop; `ask` sends a question and gives its `data`."""

    ask: Callable[..., dict[str, Any]]
    clock: Clock

    def start(self, query: str) -> str | None:
        """The id of a new operation; None when the shop is busy with others of this app."""
        answer = self.ask(_RUN, asked=query)["bulkOperationRunQuery"]
        errors = answer["userErrors"]
        if any(error.get("code") == _BUSY for error in errors):
            return None
        if errors:
            raise SourceError(
                f"Shopify refused a bulk operation: {errors[0]['message']}.", advice="Check the API version."
            )
        return str(answer["bulkOperation"]["id"])

    def finished(self, number: str) -> dict[str, Any] | None:
        """The operation once it is done; None when the shop no longer has it or its file.

        Raises `SourceError` for one that ended otherwise: the part of the data it leaves is not used.
        """
        waited = 0.0
        while True:
            operation = self.ask(_STATE, id=number)["node"]
            if operation is None:
                return None
            status = operation["status"]
            if status == "COMPLETED":
                empty = int(operation["objectCount"]) == 0
                return operation if operation["url"] or empty else None
            if status == "EXPIRED":
                return None
            if status in {"FAILED", "CANCELED", "CANCELING"}:
                part = " It left a part of the data, which is not used." if operation["partialDataUrl"] else ""
                raise SourceError(
                    f"Shopify ended the bulk operation: {operation['errorCode'] or status}.{part}",
                    advice="Fetch again.",
                )
            if waited >= _LONGEST:
                raise SourceError(
                    "Shopify did not finish a bulk operation in three hours.", advice="Fetch again later."
                )
            self.clock.sleep(_POLL)
            waited += _POLL

    def rows(self, operation: dict[str, Any]) -> Iterator[list[dict[str, Any]]]:
        """The objects of the file, some hundreds at a time, each with what belongs to it in `children`.

        Raises `SourceError` when the file is cut off or holds another number of objects than the shop says.
        """
        if not operation["url"]:
            return
        found: list[dict[str, Any]] = []
        objects = roots = 0
        for row in self._lines(operation["url"]):
            objects += 1
            parent = row.pop("__parentId", None)
            if parent is None:
                if len(found) == _ROWS:
                    yield found
                    found = []
                roots += 1
                found.append({**row, "children": []})
            elif found and found[-1]["id"] == parent:
                found[-1]["children"].append(row)
            else:
                raise SourceError(f"Shopify's bulk file has a part of {parent} apart from it.", advice=_CHANGED)
        said = int(operation["objectCount"]), int(operation["rootObjectCount"])
        if (objects, roots) != said:
            raise SourceError(
                f"Shopify says the bulk file has {said[0]:,} objects, but {objects:,} came.", advice=_CHANGED
            )
        if found:
            yield found

    def _lines(self, url: str) -> Iterator[dict[str, Any]]:
        # The file is elsewhere, at a signed address: no token goes there.
        place = urlsplit(url)
        api = Api("Shopify", f"{place.scheme}://{place.netloc}", policy=Policy(is_json=False), clock=self.clock)
        try:
            with api.send(url, stream=True) as response:
                for line in response.iter_lines():
                    yield json.loads(line, parse_float=Decimal)
        except (ValueError, RequestException):
            raise SourceError("Shopify's bulk file is cut off.", advice=_CHANGED) from None

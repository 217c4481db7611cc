"""Reads one website profile of Mollie: the newest first, back to where nothing changes any more."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from ingestion.connect.connector import Page
from ingestion.connect.http import Api, Clock, Policy, bearer
from ingestion.errors import SourceError
from ingestion.sources.mollie.settings import MollieSettings

_PATHS = {
    "payments": ("payments", "payments"),
    "refunds": ("refunds", "refunds"),
    "balance_transactions": ("balances/primary/transactions", "balance_transactions"),
}


class Mollie:
    """A website profile that can be read."""

    def __init__(self, settings: MollieSettings, secrets: Mapping[str, str], clock: Clock | None = None) -> None:
        self._settings = settings
        self._clock = clock or Clock()
        self._api = Api(
            "Mollie", settings.base_url, bearer(secrets["MOLLIE_ACCESS_TOKEN"]), policy=Policy(), clock=self._clock
        )
        self._since = datetime.combine(settings.since, datetime.min.time(), UTC)

    def now(self) -> float:
        """The moment."""
        return self._clock.now()

    def check(self) -> str:
        """The profile, when the token may read it; a token of another mode or profile is refused."""
        found = self._api.get(f"profiles/{self._settings.profile}")
        if found.get("mode") != "live":
            raise SourceError(
                "Mollie: this profile is in test mode, so none of its payments are real.",
                advice="Name the live profile under [sources.mollie].",
            )
        return f"{found['name']}, payments since {self._settings.since}"

    def _page(self, table: str, following: str | None) -> dict[str, Any]:
        path, _ = _PATHS[table]
        params: dict[str, Any] = {"limit": self._settings.page_size}
        if table != "balance_transactions":
            params["profileId"] = self._settings.profile
        if following:
            params["from"] = following
        return self._api.get(path, **params)

    def read(self, table: str, position: dict[str, Any] | None) -> Iterator[Page]:
        """Everything since the position and some time before it: a payment is paid, and fails, long after it was made.

        Newest first, so what comes in meanwhile moves nothing. A reading that was stopped goes on at its page;
        what came in since it began is for the next one.
        """
        self.check()
        state = position or {}
        oldest = self._since
        if state.get("through"):
            reached = datetime.fromisoformat(state["through"])
            oldest = max(oldest, reached - timedelta(days=self._settings.restated_days))
        following: str | None = state.get("from")
        started = state["started"] if following else datetime.fromtimestamp(self.now(), UTC).isoformat()
        given: set[str] = set()
        while True:
            answer = self._page(table, following)
            found = _list(answer, table)
            kept = [row for row in found if datetime.fromisoformat(row["createdAt"]) >= oldest]
            following = _following(answer)
            done = following is None or len(kept) < len(found)
            under_way = {"through": state.get("through"), "from": following, "started": started}
            yield Page([self._row(table, row) for row in kept], {"through": started} if done else under_way)
            if done:
                return
            if following in given:
                raise SourceError(
                    "Mollie points to a page it already gave.",
                    advice="Reading on would never end. Nothing of this was loaded; try again later.",
                )
            given.add(following or "")

    def _row(self, table: str, row: Mapping[str, Any]) -> dict[str, Any]:
        if table == "balance_transactions":
            return {**row, "deducted": (row.get("deductions") or {}).get("value")}
        # Left out where there is none.
        told = {"customer": row.get("customerId"), "paid_at": row.get("paidAt"), "is_order": self._settings.are_orders}
        return {**row, **told}

    def count(self, table: str) -> int | None:  # noqa: ARG002
        """Mollie does not say."""
        return None

    def ids(self, table: str) -> None:  # noqa: ARG002
        """A payment is never deleted."""
        return


def _list(answer: Mapping[str, Any], table: str) -> list[dict[str, Any]]:
    found = (answer.get("_embedded") or {}).get(_PATHS[table][1])
    if not isinstance(found, list) or len(found) != answer.get("count"):
        raise SourceError(
            f"Mollie: the answer has no list of {table.replace('_', ' ')}, or another number of them than it says.",
            advice="Nothing of this was loaded. Fetch again.",
        )
    return found


def _following(answer: Mapping[str, Any]) -> str | None:
    """The id at which the next page begins, from its address; the address itself is not followed."""
    link = (answer.get("_links") or {}).get("next")
    if not link:
        return None
    _, _, rest = str(link["href"]).partition("from=")
    if not rest:
        raise SourceError("Mollie: the address of the next page has no place to go on from.", advice="Report this.")
    return rest.partition("&")[0]

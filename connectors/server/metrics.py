"""What is measured while the server runs, for Prometheus. Labels are few and none says who a customer is."""

from __future__ import annotations

import os
from collections.abc import Iterable

from prometheus_client import CollectorRegistry, Counter, Histogram, generate_latest
from prometheus_client.core import GaugeMetricFamily, Metric
from prometheus_client.multiprocess import MultiProcessCollector
from prometheus_client.registry import Collector

from bot.types import Author, Counts, Reply

#: Where the processes of one server put their counts together, as the library wants it.
SHARED = "PROMETHEUS_MULTIPROC_DIR"

_SECONDS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30)


class Metrics:
    """The counters of this process."""

    def __init__(self) -> None:
        """Begin at nothing."""
        self._own = CollectorRegistry()
        self.requests = Counter(
            "kefu_http_requests", "Calls by route and status.", ["method", "route", "status"], registry=self._own
        )
        self.seconds = Histogram(
            "kefu_http_seconds", "How long calls took.", ["route"], buckets=_SECONDS, registry=self._own
        )
        self.news = Counter(
            "kefu_webhook_news", "What webhooks told, by channel and kind.", ["channel", "kind"], registry=self._own
        )
        self._replies = Counter(
            "kefu_replies",
            "Replies by channel, action and reason.",
            ["channel", "action", "reason"],
            registry=self._own,
        )
        self._answers = Counter(
            "kefu_model_answers",
            'Answers that a language model was to write: "written", or why they are quoted.',
            ["outcome"],
            registry=self._own,
        )
        self._turn = Histogram(
            "kefu_reply_seconds", "How long the bot thought.", ["action"], buckets=_SECONDS, registry=self._own
        )

    def replied(self, reply: Reply) -> None:
        """Count a reply."""
        self._replies.labels(reply.conversation.channel, reply.action.value, reply.reason.value).inc()
        writes = reply.writing.by is Author.GENERATOR
        if outcome := "written" if writes else reply.writing.why:
            self._answers.labels(outcome).inc()
        if "total" in reply.timings_ms:
            self._turn.labels(reply.action.value).observe(reply.timings_ms["total"] / 1000)

    def text(self, counts: Counts | None) -> bytes:
        """Return what Prometheus reads, of all processes of the server; ``counts`` is None where the store is away."""
        registry = self._own
        if os.environ.get(SHARED):
            registry = CollectorRegistry()
            MultiProcessCollector(registry)  # type: ignore[no-untyped-call]
        return generate_latest(registry) + generate_latest(_Left(counts))


class _Left(Collector):
    """How much is left to do, as the store counts it at the moment."""

    def __init__(self, counts: Counts | None) -> None:
        self._counts = counts

    def collect(self) -> Iterable[Metric]:
        """Yield the gauges."""
        yield GaugeMetricFamily("kefu_store_up", "Whether the store answers.", value=float(self._counts is not None))
        if self._counts is not None:
            yield GaugeMetricFamily("kefu_messages_waiting", "Messages not done.", value=self._counts.waiting)
            yield GaugeMetricFamily("kefu_outbox", "Replies on their way.", value=self._counts.outbox)
            yield GaugeMetricFamily("kefu_dead_letters", "Replies not deliverable.", value=self._counts.dead)

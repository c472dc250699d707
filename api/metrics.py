"""What this process counts, for Prometheus. The worker's counts are not here: replies and flags are made there."""

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest
from prometheus_client.exposition import CONTENT_TYPE_LATEST

from domain.channels import ChannelKind
from domain.conversations import Counts

_SECONDS = (0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)


class Metrics:
    """Owns its registry, so that each application (and each test) counts for itself."""

    content_type = CONTENT_TYPE_LATEST

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        self._requests = Counter("frontdesk_http_requests", "Answered requests", ("method", "route", "status"), registry=self.registry)
        self._request_seconds = Histogram(
            "frontdesk_http_request_seconds", "Seconds until a request was answered", ("route",), buckets=_SECONDS, registry=self.registry
        )
        self._webhook_seconds = Histogram(
            "frontdesk_webhook_seconds", "Seconds until a webhook was acknowledged", ("channel",), buckets=_SECONDS, registry=self.registry
        )
        self._webhook_events = Counter(
            "frontdesk_webhook_events",
            "Events in webhooks: received, duplicate, conflict, receipt, echo or ignored",
            ("channel", "outcome"),
            registry=self.registry,
        )
        self._actions = Counter(
            "frontdesk_actions", "Managers' actions by API: accepted, refused or pending", ("action", "outcome"), registry=self.registry
        )
        self._streams = Gauge("frontdesk_live_streams", "Open event streams", registry=self.registry)
        self._open = Gauge(
            "frontdesk_open_conversations", "Open conversations; counted to 1,000 at most", ("section",), registry=self.registry
        )

    def request(self, method: str, route: str, status: int, seconds: float) -> None:
        self._requests.labels(method, route, str(status)).inc()
        self._request_seconds.labels(route).observe(seconds)

    def webhook(self, channel: ChannelKind, seconds: float) -> None:
        self._webhook_seconds.labels(channel.value).observe(seconds)

    def webhook_event(self, channel: ChannelKind, outcome: str) -> None:
        self._webhook_events.labels(channel.value, outcome).inc()

    def action(self, action: str, outcome: str) -> None:
        self._actions.labels(action, outcome).inc()

    def text(self, *, counts: Counts, streams: int) -> bytes:
        """The exposition, with the gauges as they are now."""
        self._streams.set(streams)
        for section in ("all", "bot", "flagged"):
            self._open.labels(section).set(getattr(counts, section))
        return generate_latest(self.registry)

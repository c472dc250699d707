"""The one place where the environment is read. Roots and migrations import it; everybody else takes plain values."""

import contextlib
import logging
import os
import secrets
import sys
from ipaddress import IPv4Network, IPv6Network, ip_network
from pathlib import Path
from typing import Annotated, Literal

import structlog
from pydantic import Field, SecretStr, field_validator, model_validator
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

Network = IPv4Network | IPv6Network


class Settings(BaseSettings):
    """Every setting of an installation: `FRONTDESK_` + the field's name in capitals, from the environment or `.env`."""

    model_config = SettingsConfigDict(env_prefix="FRONTDESK_", env_file=".env", env_ignore_empty=True, extra="ignore")

    data_dir: Path = Path("data")
    """Where the embedded defaults keep the database, the Temporal server's file, ports, keys and logs."""
    host: str = "127.0.0.1"
    port: int = Field(default=8000, ge=1, le=65535)
    public_url: str | None = None
    """The address customers and vendors reach; unset = `http://{host}:{port}`."""
    trusted_proxies: str | None = None
    """Comma-separated addresses or CIDRs of reverse proxies whose `X-Forwarded-For` is believed."""
    database_url: str | None = None
    """`postgresql+asyncpg://...`; unset = SQLite in the data directory."""

    temporal_address: str | None = None
    """`host:port` of a Temporal service; unset = the embedded development server that `up` starts."""
    temporal_namespace: str = "default"
    temporal_tls_cert: Path | None = None
    temporal_tls_key: Path | None = None
    temporal_tls_ca: Path | None = None
    temporal_tls_server_name: str | None = None
    temporal_ui_url: str | None = None

    llm_base_url: str | None = None
    llm_api_key: SecretStr | None = None
    llm_model: str | None = None
    """Unset = extractive answers, word for word from the documents."""
    llm_timeout_seconds: float = Field(default=30.0, gt=0, le=80)
    """For one request; a turn's requests together have 60 s."""
    llm_odds_ratio: float = Field(default=4.0, ge=1, le=1_000)
    """How much likelier a checked draft is where the documents hold the answer than where they don't; `make eval-llm` measures it."""
    llm_price_input: float | None = Field(default=None, ge=0)
    """Of a million tokens, in any currency."""
    llm_price_output: float | None = Field(default=None, ge=0)
    llm_fallback_base_url: str | None = None
    llm_fallback_api_key: SecretStr | None = None
    llm_fallback_model: str | None = None
    """Asked where the first model's server fails."""
    llm_fallback_price_input: float | None = Field(default=None, ge=0)
    llm_fallback_price_output: float | None = Field(default=None, ge=0)

    smtp_url: SecretStr | None = None
    mail_from: str | None = None
    mail_reply_to: str | None = None
    """An address that managers' answers by mail arrive at, with something behind a plus; unset = mails can't be answered."""
    mail_inbound_secret: SecretStr | None = None
    """Ends the address `/webhooks/email/inbound/...` of SendGrid's Inbound Parse; unset = nothing is taken in there."""
    imap_url: SecretStr | None = None
    """`imaps://user:password@host/INBOX`: the mailbox behind the reply address; unset = none is read."""
    twilio_account_sid: str | None = None
    twilio_auth_token: SecretStr | None = None
    twilio_from: str | None = None
    twilio_verify_service_sid: str | None = None
    twilio_api_url: str = "https://api.twilio.com"
    twilio_verify_api_url: str = "https://verify.twilio.com"

    telegram_api_url: str = "https://api.telegram.org"
    meta_api_url: str = "https://graph.facebook.com"
    meta_api_version: str = Field(default="v23.0", pattern=r"^v\d{1,3}\.\d$")
    """Of the Graph API; Meta retires one about two years after it came out."""
    instagram_api_url: str = "https://graph.instagram.com"
    mercadolibre_api_url: str = "https://api.mercadolibre.com"

    away_after_minutes: Annotated[float, Field(gt=0, le=24 * 60)] = 3.0
    """Without a sign of life from any of their dashboard tabs for so long, a manager counts as away."""
    log_format: Literal["console", "json"] = "console"
    secret_key: SecretStr | None = None
    """Encrypts credentials and signs tokens; generated into the data directory when the database is SQLite."""
    allowed_private_networks: Annotated[tuple[Network, ...], NoDecode] = ()
    """CIDRs to which callbacks may go although they are private; everything private is refused by default."""

    @field_validator("allowed_private_networks", mode="before")
    @classmethod
    def _split_networks(cls, value: object) -> object:
        if isinstance(value, str):
            return tuple(ip_network(part.strip()) for part in value.split(",") if part.strip())
        return value

    @field_validator(
        "public_url",
        "llm_base_url",
        "llm_fallback_base_url",
        "temporal_ui_url",
        "twilio_api_url",
        "twilio_verify_api_url",
        "telegram_api_url",
        "meta_api_url",
        "instagram_api_url",
        "mercadolibre_api_url",
        mode="after",
    )
    @classmethod
    def _no_trailing_slash(cls, value: str | None) -> str | None:
        return value.rstrip("/") if value else value

    @model_validator(mode="after")
    def _complete(self) -> "Settings":
        if bool(self.llm_base_url) != bool(self.llm_model):
            raise ValueError("FRONTDESK_LLM_BASE_URL and FRONTDESK_LLM_MODEL belong together: set both or neither")
        if bool(self.llm_fallback_base_url) != bool(self.llm_fallback_model):
            raise ValueError("FRONTDESK_LLM_FALLBACK_BASE_URL and FRONTDESK_LLM_FALLBACK_MODEL belong together: set both or neither")
        if self.llm_fallback_base_url and not self.llm_base_url:
            raise ValueError(
                "FRONTDESK_LLM_FALLBACK_BASE_URL is a second model's: set FRONTDESK_LLM_BASE_URL and FRONTDESK_LLM_MODEL first"
            )
        if self.smtp_url and not self.mail_from:
            raise ValueError("FRONTDESK_SMTP_URL is set: set FRONTDESK_MAIL_FROM to the sender's address too")
        if self.database_url and not self.database_url.startswith("sqlite") and self.secret_key is None:
            raise ValueError("FRONTDESK_SECRET_KEY must be set when FRONTDESK_DATABASE_URL is not SQLite")
        return self

    @property
    def database(self) -> str:
        return self.database_url or f"sqlite+aiosqlite:///{self.data_dir.absolute() / 'frontdesk.db'}"

    @property
    def engine_address(self) -> str:
        """Temporal's own default where no address is set; `up` sets the one of the server it starts."""
        return self.temporal_address or "127.0.0.1:7233"

    @property
    def base_url(self) -> str:
        return self.public_url or f"http://{self.host}:{self.port}"

    @property
    def mails(self) -> bool:
        return self.smtp_url is not None and self.mail_from is not None

    @property
    def texts(self) -> bool:
        """Whether managers can be told by SMS."""
        return bool(self.twilio_account_sid and self.twilio_auth_token and self.twilio_from)

    @property
    def verifies(self) -> bool:
        """Whether codes can be sent by SMS."""
        return bool(self.twilio_account_sid and self.twilio_auth_token and self.twilio_verify_service_sid)

    @property
    def port_file(self) -> Path:
        """Holds the port while `up` runs on this data directory."""
        return self.data_dir / "port"

    def as_running(self) -> "Settings":
        """With the port of the `up` that runs on this data directory, unless one was given: links that commands print must lead there."""
        if "port" in self.model_fields_set or not self.port_file.exists():
            return self
        return self.model_copy(update={"port": int(self.port_file.read_text())})

    @property
    def vendor_urls(self) -> dict[str, str]:
        """For `channels.registry.Vendors`."""
        return {
            "telegram_url": self.telegram_api_url,
            "graph_url": self.meta_api_url,
            "graph_version": self.meta_api_version,
            "instagram_url": self.instagram_api_url,
            "mercadolibre_url": self.mercadolibre_api_url,
            "twilio_url": self.twilio_api_url,
            "public_url": self.public_url or "",
        }

    def key(self) -> str:
        """The secret key; made on first use, readable by the owner only, when the database is SQLite."""
        if self.secret_key is not None:
            return self.secret_key.get_secret_value()
        file = self.data_dir / "secret.key"
        if not file.exists():
            self.data_dir.mkdir(parents=True, exist_ok=True)
            draft = file.with_name(f"secret.key.{os.getpid()}")
            with os.fdopen(os.open(draft, os.O_CREAT | os.O_TRUNC | os.O_WRONLY, 0o600), "w") as handle:
                handle.write(secrets.token_urlsafe(32))
            # Several processes may start at once: the link appears whole, and only for the first of them.
            with contextlib.suppress(FileExistsError):
                os.link(draft, file)
            draft.unlink()
        return file.read_text().strip()


def configure_logging(settings: Settings) -> None:
    """One line for each event on standard error; libraries from warnings up."""
    renderer: structlog.typing.Processor = structlog.processors.JSONRenderer()
    if settings.log_format == "console":
        renderer = structlog.dev.ConsoleRenderer(colors=sys.stderr.isatty())
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.processors.format_exc_info,
            renderer,
        ],
        wrapper_class=structlog.make_filtering_bound_logger(logging.INFO),
        logger_factory=structlog.PrintLoggerFactory(sys.stderr),
        cache_logger_on_first_use=True,
    )
    logging.basicConfig(level=logging.WARNING, format="%(asctime)s %(name)s %(levelname)s %(message)s", stream=sys.stderr)

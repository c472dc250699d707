"""Every command of `./frontdesk`. A command imports what it needs when it runs, so that `--help` is quick."""

import asyncio
import json
import os
import sys
from collections.abc import Awaitable, Callable, Coroutine, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, TypeVar

import typer
from pydantic import ValidationError

from domain.errors import FrontdeskError, InvalidInput
from settings import Settings, configure_logging

if TYPE_CHECKING:
    from domain.knowledge import Answer
    from domain.managers import Inbox, Manager
    from storage.stores import Stores

T = TypeVar("T")

app = typer.Typer(no_args_is_help=True, add_completion=False, pretty_exceptions_enable=False, help="The front desk of a business.")
db = typer.Typer(no_args_is_help=True, help="The database: migrations, backup.")
manager = typer.Typer(no_args_is_help=True, help="The people who answer.")
inbox = typer.Typer(no_args_is_help=True, help="The places where messages arrive.")
apikey = typer.Typer(no_args_is_help=True, help="Keys for the JSON API.")
knowledge = typer.Typer(no_args_is_help=True, help="The documents the bot answers from.")
for name, group in (("db", db), ("manager", manager), ("inbox", inbox), ("apikey", apikey), ("knowledge", knowledge)):
    app.add_typer(group, name=name)

Data = Annotated[Path | None, typer.Option("--data", help="Data directory (default: FRONTDESK_DATA_DIR, else ./data).")]
Json = Annotated[bool, typer.Option("--json", help="Print JSON.")]
Port = Annotated[int | None, typer.Option("--port", help="Port of API and dashboard.")]


def main() -> None:
    """Exit status 0, 1 failed, 2 usage. Errors that a person can mend are one line, without a traceback."""
    os.umask(0o077)  # the database, its backups and Temporal's histories hold what customers wrote
    try:
        app(standalone_mode=True, prog_name="./frontdesk")
    except InvalidInput as error:
        print(f"frontdesk: {error}", file=sys.stderr)
        sys.exit(2)
    except FrontdeskError as error:
        print(f"frontdesk: {error}", file=sys.stderr)
        sys.exit(1)


def _settings(data: Path | None, **changes: object) -> Settings:
    """The environment's settings, with what the command line says instead. From here on log lines go to standard error.

    Raises InvalidInput naming each value that can't be used.
    """
    given = {name: value for name, value in changes.items() if value is not None}
    if data is not None:
        given["data_dir"] = data
    try:
        settings = Settings(**given)  # type: ignore[arg-type] # pydantic checks the values
    except ValidationError as error:
        reasons = "; ".join(f"{'.'.join(map(str, item['loc'])) or 'settings'}: {item['msg']}" for item in error.errors())
        raise InvalidInput(f"a setting can't be used: {reasons}") from error
    configure_logging(settings)
    return settings.as_running()


def _run(work: Coroutine[Any, Any, T]) -> T:
    return asyncio.run(work)


def _with_stores(settings: Settings, work: "Callable[[Stores], Awaitable[T]]") -> T:
    """Runs one piece of work on the database, new or old, whether or not the service is running."""
    from channels.registry import FEATURES
    from storage.stores import open_stores

    _prepare(settings)

    async def run() -> T:
        async with open_stores(settings.database, settings.key(), FEATURES) as stores:
            return await work(stores)

    return asyncio.run(run())


def _show(as_json: bool, data: object, lines: Sequence[str]) -> None:
    print(json.dumps(data, indent=2, default=str) if as_json else "\n".join(lines))


def _prepare(settings: Settings) -> None:
    """Commands work on a new data directory too. Raises FrontdeskError if the database can't be reached."""
    from storage.migrate import upgrade

    try:
        settings.data_dir.mkdir(parents=True, exist_ok=True)
        upgrade(settings.database)
    except OSError as error:
        raise FrontdeskError(f"The database can't be opened: {error}") from error


# Running


@app.command()
def up(port: Port = None, data: Data = None) -> None:
    """Run everything on one machine: Temporal server, worker, API and dashboard."""
    from running import run_everything

    settings = _settings(data, port=port)
    _run(run_everything(settings))


@app.command()
def demo(port: Port = None, data: Data = None) -> None:
    """Run everything with the example shop, two managers and customers who write."""
    from running import run_demo

    settings = _settings(data, port=port)
    _run(run_demo(settings))


@app.command()
def api(port: Port = None, data: Data = None) -> None:
    """Serve API, dashboard and website chat (one role; for production)."""
    import uvloop

    from api.main import serve

    uvloop.run(serve(_settings(data, port=port)))


@app.command()
def worker(data: Data = None) -> None:
    """Work on conversations (one role; for production)."""
    import uvloop

    from worker import run

    uvloop.run(run(_settings(data)))


# Database


@db.command("upgrade")
def db_upgrade(data: Data = None) -> None:
    """Bring the database to this version."""
    _prepare(_settings(data))
    print("The database is up to date.")


@db.command("check")
def db_check(data: Data = None, as_json: Json = False) -> None:
    """Compare the database with what this version expects; fails if they differ."""
    from storage.migrate import drift

    found = drift(_settings(data).database)
    _show(as_json, found, found or ["No differences."])
    if found:
        raise typer.Exit(1)


@db.command("backup")
def db_backup(file: Path, data: Data = None) -> None:
    """Write a consistent copy of the database, while everything runs."""
    from storage.backup import backup

    backup(_settings(data).database, file)
    print(f"Backed up to {file}. The encryption key is not in it: keep secret.key, or FRONTDESK_SECRET_KEY, too.")


@db.command("restore")
def db_restore(file: Path, data: Data = None) -> None:
    """Put a backup in the database's place; Frontdesk must be stopped."""
    from storage.backup import restore
    from supervisor import only_instance

    settings = _settings(data)
    with only_instance(settings.data_dir):
        restore(settings.database, file)
    print(f"Restored from {file}.")


# People


@manager.command("add")
def manager_add(
    email: str,
    name: Annotated[str, typer.Option("--name")],
    role: Annotated[str, typer.Option("--role", help="owner, admin, manager or viewer")] = "manager",
    phone: Annotated[str | None, typer.Option("--phone", help="+... for SMS")] = None,
    password_stdin: Annotated[bool, typer.Option("--password-stdin", help="Read the password from standard input.")] = False,
    data: Data = None,
    as_json: Json = False,
) -> None:
    """Add a person. Without a password: prints a sign-in link that works once, for 24 hours."""
    from domain.managers import Role

    settings = _settings(data)
    if role not in list(Role):
        raise InvalidInput(f"There is no role {role}; choose one of {', '.join(Role)}")
    password = sys.stdin.readline().rstrip("\n") if password_stdin else None

    async def add(stores: "Stores") -> dict[str, object]:
        person = await stores.people.add(email, name, Role(role), phone=phone, password=password)
        link = None if password else f"{settings.base_url}/sign-in/{await stores.people.new_sign_in_link(person.id)}"
        return {**person.model_dump(mode="json"), "sign_in_link": link}

    added = _with_stores(settings, add)
    link = added["sign_in_link"]
    _show(as_json, added, [f"{added['email']} is {added['role']}.", *([f"Sign in once within 24 hours: {link}"] if link else [])])


@manager.command("set")
def manager_set(
    email: str,
    languages: Annotated[str | None, typer.Option(help="Codes with commas, such as es,en; empty: any.")] = None,
    inboxes: Annotated[str | None, typer.Option(help="Inbox ids with commas; empty: every one.")] = None,
    capacity: Annotated[int | None, typer.Option(help="Conversations taken and offered at once.")] = None,
    hours: Annotated[str | None, typer.Option(help="As business hours are written; empty: always.")] = None,
    availability: Annotated[str | None, typer.Option(help="available, busy or away.")] = None,
    data: Data = None,
    as_json: Json = False,
) -> None:
    """Set what a person is offered."""
    from domain.managers import Availability

    if availability is not None and availability not in list(Availability):
        raise InvalidInput(f"There is no availability {availability}; choose one of {', '.join(Availability)}")

    async def change(stores: "Stores") -> "Manager":
        person = await stores.people.by_email(email)
        if person is None:
            raise InvalidInput(f"There is no manager {email}; `./frontdesk manager list` shows everybody")
        changed = await stores.attendance.change(
            person.id,
            languages=None if languages is None else languages.split(","),
            inbox_ids=None if inboxes is None else inboxes.split(","),
            capacity=capacity,
            hours=hours,
        )
        return changed if availability is None else await stores.attendance.say(person.id, Availability(availability), alive=False)

    changed = _with_stores(_settings(data), change)
    _show(as_json, changed.model_dump(mode="json"), [f"{changed.email} is changed."])


@manager.command("list")
def manager_list(data: Data = None, as_json: Json = False) -> None:
    """List the people."""
    people = _with_stores(_settings(data), lambda stores: stores.people.list())
    lines = [f"{person.email:<32} {person.role:<8} {person.name}" for person in people]
    _show(as_json, [person.model_dump(mode="json") for person in people], lines or ["Nobody yet."])


@apikey.command("create")
def apikey_create(
    name: str,
    email: Annotated[str | None, typer.Option("--manager", help="Acts as this person; default: the first owner.")] = None,
    data: Data = None,
    as_json: Json = False,
) -> None:
    """Create a key; it is shown this once."""

    async def create(stores: "Stores") -> dict[str, object]:
        person = await stores.people.by_email(email) if email else await stores.people.first_owner()
        if person is None:
            who = f"There is no manager {email}" if email else "There is no owner yet"
            raise InvalidInput(f"{who}: add one with `./frontdesk manager add EMAIL --name NAME --role owner`")
        key, secret = await stores.people.create_api_key(name, person.id)
        return {"id": key.id, "name": key.name, "manager": person.email, "key": secret}

    created = _with_stores(_settings(data), create)
    _show(as_json, created, [f"key {created['key']}", f"id {created['id']}, acts as {created['manager']}; it is not shown again."])


@apikey.command("revoke")
def apikey_revoke(key_id: str, data: Data = None) -> None:
    """Make a key useless from now on."""
    _with_stores(_settings(data), lambda stores: stores.people.revoke_api_key(key_id))
    print(f"Key {key_id} is revoked.")


# Inboxes


def _pairs(given: Sequence[str]) -> dict[str, str]:
    """`KEY=VALUE`, or `KEY=@FILE` to keep a secret out of the process list. Raises InvalidInput."""
    pairs = {}
    for item in given:
        key, separator, value = item.partition("=")
        if not separator or not key:
            raise InvalidInput(f"{item} is not KEY=VALUE")
        if value.startswith("@"):
            try:
                value = Path(value[1:]).read_text().rstrip("\n")
            except OSError as error:
                raise InvalidInput(f"{key}: {value[1:]} can't be read ({error.strerror})") from error
        pairs[key] = value
    return pairs


Pairs = Annotated[list[str] | None, typer.Option("--set", help="KEY=VALUE, or KEY=@FILE; repeat it.")]


@inbox.command("add")
def inbox_add(
    channel: str,
    name: Annotated[str, typer.Option("--name")],
    inbox_id: Annotated[str | None, typer.Option("--id", help="A slug; default: made from the name.")] = None,
    settings_given: Pairs = None,
    data: Data = None,
    as_json: Json = False,
) -> None:
    """Add an inbox; prints its id and webhook URL."""
    from channels.registry import FEATURES
    from domain.channels import ChannelKind

    settings = _settings(data)
    if channel not in FEATURES:
        raise InvalidInput(f"There is no channel {channel}; choose one of {', '.join(FEATURES)}")
    given = _pairs(settings_given or [])

    async def add(stores: "Stores") -> dict[str, object]:
        added = await stores.inboxes.add(ChannelKind(channel), name, inbox_id=inbox_id, settings=given)
        credentials = await stores.inboxes.credentials(added.id)
        made = {key: value for key, value in credentials.items() if key in FEATURES[added.channel].secret_settings and key not in given}
        shown: dict[str, object] = {
            "id": added.id,
            "channel": added.channel,
            "name": added.name,
            "webhook_url": _webhook_url(settings, added, credentials),
        }
        if made:
            shown["generated"] = made
        return shown

    added = _with_stores(settings, add)
    lines = [f"id {added['id']}", f"webhook {added['webhook_url']}"]
    generated = added.get("generated")
    if isinstance(generated, dict):
        lines += [f"{key} {value} (made now; it is not shown again)" for key, value in generated.items()]
    _show(as_json, added, lines)


def _webhook_url(settings: Settings, inbox: "Inbox", credentials: Mapping[str, str]) -> str:
    from domain.channels import ChannelKind, webhook_path

    if inbox.channel is ChannelKind.WEBCHAT:
        return f"{settings.base_url}/chat/{inbox.id}"
    return settings.base_url + webhook_path(inbox.channel, inbox.id, credentials)


@inbox.command("set")
def inbox_set(inbox_id: str, pairs: list[str], data: Data = None, as_json: Json = False) -> None:
    """Change settings of an inbox: KEY=VALUE, or KEY=@FILE."""
    changed = _with_stores(_settings(data), lambda stores: stores.inboxes.set(inbox_id, _pairs(pairs)))
    _show(as_json, changed.model_dump(mode="json"), [f"{changed.id} is changed."])


@inbox.command("list")
def inbox_list(data: Data = None, as_json: Json = False) -> None:
    """List the inboxes."""
    settings = _settings(data)

    async def addressed(stores: "Stores") -> "list[tuple[Inbox, str]]":
        listed = await stores.inboxes.list()
        return [(item, _webhook_url(settings, item, await stores.inboxes.credentials(item.id))) for item in listed]

    found = _with_stores(settings, addressed)
    lines = [f"{item.id:<24} {item.channel:<10} {url}" for item, url in found]
    _show(as_json, [{**item.model_dump(mode="json"), "webhook_url": url} for item, url in found], lines or ["No inbox yet."])


@inbox.command("test")
def inbox_test(inbox_id: str, data: Data = None, as_json: Json = False) -> None:
    """Ask the vendor how an inbox stands, or send a test message out, and say in words how it went."""
    from console import try_stored_inbox

    settings = _settings(data)
    found = _with_stores(settings, lambda stores: try_stored_inbox(stores, inbox_id, settings))
    said = f"It does not work yet: {'. '.join(found.problems)}" if found.problems else "It works."
    _show(as_json, {"works": not found.problems, **found.model_dump(mode="json")}, [*found.notes, said])
    if found.problems:
        raise typer.Exit(1)


# Knowledge


@knowledge.command("import")
def knowledge_import(
    files: list[Path],
    wait: Annotated[bool, typer.Option("--wait", help="Return when the documents are ready.")] = False,
    data: Data = None,
    as_json: Json = False,
) -> None:
    """Import PDFs. The running service does it when there is one, else this command does."""
    from console import import_files
    from knowledge.importing import import_document

    settings = _settings(data)
    documents = _with_stores(settings, lambda stores: import_files(stores, settings, files, wait=wait, import_here=import_document))
    lines = [f"{document.name}: {document.error or document.state}" for document in documents]
    _show(as_json, [document.model_dump(mode="json") for document in documents], lines)
    if any(document.error for document in documents):
        raise typer.Exit(1)


@knowledge.command("list")
def knowledge_list(data: Data = None, as_json: Json = False) -> None:
    """List the documents."""
    found = _with_stores(_settings(data), lambda stores: stores.documents.list())
    lines = [f"{item.id}  {item.state:<8} {item.pages or '-':>5} pages  {item.name}  {item.error or ''}" for item in found]
    lines = lines or ["No document yet: ./frontdesk knowledge import FILE.pdf"]
    _show(as_json, [document.model_dump(mode="json") for document in found], lines)


@knowledge.command("ask")
def knowledge_ask(question: str, data: Data = None, as_json: Json = False) -> None:
    """What the bot would answer, how sure it is and from which pages."""
    from domain.policy import DEFAULT_THRESHOLD
    from knowledge.evaluate import answer_of
    from knowledge.index import KnowledgeIndex

    async def ask(stores: "Stores") -> "Answer":
        evidence = await KnowledgeIndex(stores.documents).search(question, threshold=DEFAULT_THRESHOLD)
        return answer_of(question, evidence, DEFAULT_THRESHOLD)

    answer = _with_stores(_settings(data), ask)
    lines = [str(answer.text) if answer.answered else "Would flag: Human Feedback Needed"]
    lines.append(f"confidence {answer.confidence:.2f}, answers from {answer.threshold:.2f}")
    for passage in answer.passages:
        words = " ".join((passage.question or passage.text).split())
        lines.append(f"  {passage.score:.2f}  {passage.document}, p. {passage.page}: {words[:100]}")
    _show(as_json, answer.model_dump(mode="json"), lines)


@knowledge.command("remove")
def knowledge_remove(document_id: str, data: Data = None) -> None:
    """Remove a document; the bot stops answering from it within a second."""
    version = _with_stores(_settings(data), lambda stores: stores.documents.remove(document_id))
    print(f"Removed; knowledge version {version}.")


# Talking and measuring


@app.command()
def chat(inbox_id: Annotated[str | None, typer.Argument(metavar="INBOX")] = None, data: Data = None) -> None:
    """Talk to the bot in the terminal, as a customer of the website chat."""
    from console import chat_in_terminal

    _run(chat_in_terminal(_settings(data), inbox_id))


@app.command("eval")
def evaluate(
    pdf: Annotated[Path, typer.Option("--pdf")],
    questions: Annotated[Path, typer.Option("--questions")],
    out: Annotated[Path, typer.Option("--out")],
) -> None:
    """Answer each question from one PDF alone, offline; a line for each question."""
    from knowledge.evaluate import evaluate as predict_all

    _settings(None)
    predictions = predict_all(pdf, questions, out)
    answered = sum(prediction.answered for prediction in predictions)
    print(f"{answered} of {len(predictions)} would be answered; written to {out}", file=sys.stderr)


if __name__ == "__main__":
    main()

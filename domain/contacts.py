"""Contacts: the customer as a person, over all addresses and inboxes."""

from domain.channels import ChannelKind
from domain.model import Model, UtcDatetime


class ContactAddress(Model):
    """Where a contact is reached on one inbox. A merged contact's addresses stand under the person with `contact_id` of their own."""

    contact_id: str
    inbox_id: str
    inbox_name: str
    channel: ChannelKind
    address: str
    also: tuple[str, ...] = ()
    """Other addresses of the same person on this inbox; replies go to `address`."""


class MergedContact(Model):
    """A contact that a manager, or the channel, has said to be the same person."""

    id: str
    name: str | None
    merged_by: str | None
    """The manager's name; None if the channel said so."""
    at: UtcDatetime


class Contact(Model):
    """One person. Merging changes no conversation: it joins what is shown of the two, and can be taken back."""

    id: str
    name: str | None
    language: str | None
    addresses: tuple[ContactAddress, ...]
    merged: tuple[MergedContact, ...] = ()
    created_at: UtcDatetime


class LikelySame(Model):
    """Another contact that may be the same person, and why."""

    id: str
    name: str | None
    address: str
    inbox_name: str
    because: str

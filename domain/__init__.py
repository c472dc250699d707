"""The vocabulary of Frontdesk: frozen models, enums, the error tree and the ports. No I/O and no clock lives here."""

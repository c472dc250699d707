"""One module per channel: prove, read, send. `exchange.py` is the vocabulary of one HTTP call, `outgoing.py` the guarded client."""

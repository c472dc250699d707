"""How fast the product is, beside a bare workflow on the same engine: `make bench`."""

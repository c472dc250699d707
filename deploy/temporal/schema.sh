#!/bin/sh
# Creates Temporal's two databases in PostgreSQL and brings their schemas up to this image's version. Safe to repeat.
# Needs POSTGRES_SEEDS, POSTGRES_USER and SQL_PASSWORD.
set -eu

for database in temporal:temporal temporal_visibility:visibility; do
    name=${database%%:*}
    versions=/etc/temporal/schema/postgresql/v12/${database##*:}/versioned
    tool="temporal-sql-tool --plugin postgres12 --ep $POSTGRES_SEEDS -p 5432 -u $POSTGRES_USER --db $name"
    $tool create
    $tool setup-schema -v 0.0
    $tool update-schema -d "$versions"
done

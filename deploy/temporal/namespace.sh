#!/bin/sh
# Creates the namespace once the server answers. Safe to repeat. Search attributes are registered by the worker.
# Needs TEMPORAL_ADDRESS and TEMPORAL_NAMESPACE.
set -eu

attempts=0
until temporal operator cluster health >/dev/null 2>&1; do
    attempts=$((attempts + 1))
    if [ "$attempts" -ge 60 ]; then
        echo "The Temporal server at $TEMPORAL_ADDRESS did not answer in a minute" >&2
        exit 1
    fi
    sleep 1
done

if temporal operator namespace describe --namespace "$TEMPORAL_NAMESPACE" >/dev/null 2>&1; then
    echo "Namespace $TEMPORAL_NAMESPACE is there"
else
    temporal operator namespace create --namespace "$TEMPORAL_NAMESPACE" --retention 30d
fi

#!/usr/bin/env bash
# The servers' images, so that a host comes up without any registry.
set -euo pipefail
: "${PAYLOAD:?folder that ami/payload filled}"

if ! docker version >/dev/null 2>&1; then
    systemctl start docker.service
fi

jq --raw-output '.images | to_entries[] | [.key, .value.id, .value.archive] | @tsv' "$PAYLOAD/payload.json" |
    while IFS=$'\t' read -r name id archive; do
        if [[ $(docker image inspect --format '{{.Id}}' "$name" 2>/dev/null) != "$id" ]]; then
            zstd --decompress --stdout "$PAYLOAD/images/$archive" | docker load --quiet
        fi
        found=$(docker image inspect --format '{{.Id}}' "$name")
        if [[ $found != "$id" ]]; then
            echo "$archive holds $name as $found, and payload.json says $id: run ami/payload again." >&2
            exit 1
        fi
    done

#!/bin/sh
# What a volume lacks when it is new, then the command. The demo is linked, not copied: an update of the program updates it.
set -eu
mkdir -p "$ASD_MODELS_DIR" "$ASD_CACHE_DIR" "$TMPDIR"
app=$(cd "$(dirname "$0")/.." && pwd)
for pair in "$app/trained_models/demo:$ASD_MODELS_DIR/demo" "$app/data/demo:$ASD_DATA_DIR/demo"; do
  if [ -h "${pair#*:}" ] || [ ! -e "${pair#*:}" ]; then ln -sfn "${pair%%:*}" "${pair#*:}"; fi
done
exec "$@"

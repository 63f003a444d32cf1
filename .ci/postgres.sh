# To be sourced: starts a PostgreSQL server of its own in a temporary folder, on a Unix socket only, and stops it on exit.
# Sets ASD_TEST_DATABASE_URL and REQUIRE_POSTGRES. PostgreSQL refuses to run as root: then it runs as Debian's user postgres.
# Tests kill those who write to it, never the server nor the machine, so it need not wait for the disk (fsync=off).
# shellcheck shell=bash

postgres_bin() { # the newest installed version's programs
  for folder in /usr/lib/postgresql/*/bin; do
    if [ -x "$folder/initdb" ] && [ -x "$folder/pg_ctl" ] && [ -x "$folder/postgres" ]; then echo "$folder"; fi
  done | sort -V | tail -n 1
}

if [ -z "$(postgres_bin)" ]; then
  apt-get update -qq
  apt-get install -y -qq postgresql
fi
POSTGRES_BIN="$(postgres_bin)"
POSTGRES_DIR="$(mktemp -d /tmp/asd-postgres.XXXXXX)" # a socket's path may have 107 bytes, so not deep in TMPDIR

as_postgres() {
  if [ "$(id -u)" = 0 ]; then (cd / && runuser -u postgres -- "$@"); else "$@"; fi
}
stop_postgres() {
  as_postgres "$POSTGRES_BIN/pg_ctl" -D "$POSTGRES_DIR/data" -m immediate -w stop >/dev/null 2>&1 || true
  rm -rf "$POSTGRES_DIR"
}
trap stop_postgres EXIT

if [ "$(id -u)" = 0 ]; then chown postgres "$POSTGRES_DIR"; fi
as_postgres "$POSTGRES_BIN/initdb" -D "$POSTGRES_DIR/data" -U asd --auth=trust -E UTF8 --locale=C.UTF-8 --no-sync >/dev/null
as_postgres "$POSTGRES_BIN/pg_ctl" -D "$POSTGRES_DIR/data" -w -t 60 -l "$POSTGRES_DIR/log" \
  -o "-c listen_addresses='' -c unix_socket_directories='$POSTGRES_DIR' -c fsync=off" start >/dev/null || { cat "$POSTGRES_DIR/log"; exit 1; }
as_postgres "$POSTGRES_BIN/createdb" -h "$POSTGRES_DIR" -U asd asd_labels

export ASD_TEST_DATABASE_URL="postgresql://asd@/asd_labels?host=$POSTGRES_DIR"
export REQUIRE_POSTGRES=1

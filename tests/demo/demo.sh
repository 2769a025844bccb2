#!/usr/bin/env bash
# The guided tour behind `make demo`: a throw-away PostgreSQL 15, the guard in enforce mode in front of it, and what an
# application, its transaction and the migrator each see. Every fact shown is checked; the exit status says whether all
# held. Nothing is left behind, unless KEEP=1 asks for it.
set -uo pipefail
cd "$(dirname "$0")/../.."
guard=$PWD/build/schemaguard
tour=$PWD/tests/demo/tour.sh
postgres_programs=${PG_BIN:-/usr/lib/postgresql/15/bin}
keep=${KEEP:-}
failures=0
guard_process=
server_started=

directory=$(mktemp -d /tmp/schemaguard-demo.XXXXXX)
chmod 755 "$directory"
as_postgres() { "$@"; }
if [ "$(id -u)" = 0 ]; then # PostgreSQL refuses to run as root
  chown postgres "$directory"
  as_postgres() { runuser -u postgres -- "$@"; }
fi
cd "$directory"
. "$tour"

stop_everything() {
  if [ -n "$guard_process" ]; then
    kill "$guard_process" 2>/dev/null
    wait "$guard_process" 2>/dev/null
  fi
  if [ -n "$server_started" ]; then
    as_postgres "$postgres_programs/pg_ctl" -D data -m immediate -w stop >/dev/null 2>&1
  fi
  cd /
  rm -rf "$directory"
}
trap stop_everything EXIT
trap 'exit 130' INT TERM

# $1: user (its password is its name), $2: port, then psql's arguments
ask() {
  local user=$1 port=$2
  shift 2
  PGPASSWORD=$user psql -X "host=127.0.0.1 port=$port user=$user dbname=shop" "$@" 2>&1
}

# Runs psql as somebody would, shows command and answer, keeps the answer in $answer.
show() { # $1: user, $2...: statements
  local user=$1 statement
  local arguments=()
  shift
  for statement in "$@"; do
    printf '  %s=> %s\n' "$user" "$statement"
    arguments+=(-c "$statement")
  done
  answer=$(ask "$user" "$guard_port" "${arguments[@]}")
  printf '%s\n' "$answer" | sed 's/^/      /'
}

directly() { [ "$(ask postgres "$server_port" -Atc "$1")" = "$2" ]; }
columns() { directly "SELECT string_agg(attname, ',' ORDER BY attnum) FROM pg_attribute WHERE attrelid = 'services'::regclass AND attnum > 0" "$1"; }
title "A throw-away PostgreSQL 15, with passwords, on a loopback port"
echo postgres >password
chmod 644 password
as_postgres "$postgres_programs/initdb" -D data -U postgres -A scram-sha-256 --pwfile=password --no-sync >initdb.log 2>&1 ||
  give_up "initdb failed" initdb.log
server_port=$(free_port)
as_postgres "$postgres_programs/pg_ctl" -D data -w -l "$directory/data/server.log" -o \
  "-c port=$server_port -c listen_addresses=127.0.0.1 -c unix_socket_directories='' -c fsync=off" start >start.log 2>&1 ||
  give_up "PostgreSQL did not start" data/server.log
server_started=yes
PGPASSWORD=postgres psql -X -q "host=127.0.0.1 port=$server_port user=postgres dbname=postgres" -v ON_ERROR_STOP=1 <<'SQL' || give_up "could not set the scene" data/server.log
CREATE ROLE app LOGIN PASSWORD 'app';
CREATE ROLE deploy LOGIN PASSWORD 'deploy' IN ROLE app;
CREATE DATABASE shop OWNER app;
\connect shop
SET ROLE app;
CREATE TABLE services (id int PRIMARY KEY, name text NOT NULL);
INSERT INTO services VALUES (1, 'checkout'), (2, 'search');
SQL
echo "  PostgreSQL listens on 127.0.0.1:$server_port. The login app owns the database and its tables: PostgreSQL"
echo "  itself would let it change whatever it likes. The login deploy is the one that runs migrations."

title "The guard in front of it, in enforce mode"
guard_port=$(free_port)
arguments=(run --engine postgresql --listen "127.0.0.1:$guard_port" --upstream "127.0.0.1:$server_port" --mode enforce
  --migrator deploy --audit "$directory/audit.jsonl")
start_guard
fact "the guard listens on 127.0.0.1:$guard_port" listens_on "$guard_port"

title "1. The application's ordinary work passes as if nothing were there"
show app "INSERT INTO services VALUES (3, 'billing') RETURNING id, name" "SELECT count(*) FROM services"
fact "the row was written and read back" answer_has '3 \| billing'
fact "PostgreSQL has it" directly "SELECT name FROM services WHERE id = 3" billing

title "2. The application tries to change the schema"
show app "ALTER TABLE services ADD COLUMN owner text"
fact "refused, with the guard's name, the object and a reference" answer_has 'ERROR: +schemaguard: ALTER TABLE .*services.* blocked: .*ref '
fact "with the reason" answer_has '^DETAIL: '
fact "and with what to do instead" answer_has '^HINT: '
fact "nothing has changed in PostgreSQL" columns id,name

title "3. Inside a transaction: all of it rolls back, exactly as after an error of PostgreSQL's own"
show app "BEGIN" "INSERT INTO services VALUES (4, 'returns')" "ALTER TABLE services ADD COLUMN owner text" "SELECT 'still in the transaction'" "COMMIT"
fact "the statement after the refusal was ignored by PostgreSQL itself" answer_has 'current transaction is aborted'
fact "COMMIT answered ROLLBACK" answer_has '^ROLLBACK$'
fact "the row written before the refusal is gone" directly "SELECT count(*) FROM services WHERE id = 4" 0
show app "SELECT count(*) FROM services"
fact "and the application goes on working" answer_has '^ +3$'

title "4. The same change by the migrator"
show deploy "ALTER TABLE services ADD COLUMN owner text"
fact "it passes" answer_has '^ALTER TABLE$'
fact "PostgreSQL has the column" columns id,name,owner

title "5. What the audit says"
show_audit
fact "it shows the refusals of app" answer_has 'app.*ALTER TABLE|ALTER TABLE.*app'
fact "it shows the change by deploy" answer_has 'deploy.*ALTER TABLE|ALTER TABLE.*deploy'
fact "two statements were refused" [ "$(grep -sc '"outcome": *"refused"' audit.jsonl)" = 2 ]
fact "one change was committed" audit_has outcome '"outcome": *"committed"'
verify_audit
end_if_not_true

if [ -n "$keep" ]; then
  runner=
  [ "$(id -u)" != 0 ] || runner="runuser -u postgres -- "
  cat >stop <<SCRIPT
#!/bin/sh
kill $guard_process
cd / && $runner$postgres_programs/pg_ctl -D $directory/data -m immediate -w stop >/dev/null
rm -rf $directory
SCRIPT
  chmod 755 stop
  trap - EXIT
  title "Everything holds, and everything is still running. Try it:"
  echo "  PGPASSWORD=app psql 'host=127.0.0.1 port=$guard_port user=app dbname=shop'           # the application"
  echo "  PGPASSWORD=deploy psql 'host=127.0.0.1 port=$guard_port user=deploy dbname=shop'     # the migrator"
  echo "  $guard audit tail $directory/audit.jsonl"
  echo "To stop it and remove it: $directory/stop"
  exit 0
fi
title "Everything holds. Nothing is left running."

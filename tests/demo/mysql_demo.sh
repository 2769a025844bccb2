#!/usr/bin/env bash
# The second half of the tour behind `make demo`: a throw-away MariaDB, the guard in enforce mode in front of it, and what
# an application, a framework's prepared statement and the migrator each see. Every fact shown is checked. Nothing is left
# behind, unless KEEP=1 asks for it.
set -uo pipefail
cd "$(dirname "$0")/../.."
guard=$PWD/build/schemaguard
tour=$PWD/tests/demo/tour.sh
keep=${KEEP:-}
failures=0
guard_process=
server_process=

directory=$(mktemp -d /tmp/schemaguard-demo.XXXXXX)
chmod 755 "$directory"
account=()
if [ "$(id -u)" = 0 ]; then # MariaDB refuses to run as root
  chown mysql "$directory"
  account=(--user=mysql)
fi
export TMPDIR=$directory # a starting MariaDB clears its neighbours' temporary tables from a shared one
cd "$directory"
. "$tour"

stop_everything() {
  local process
  for process in $guard_process $server_process; do
    kill "$process" 2>/dev/null
    wait "$process" 2>/dev/null
  done
  cd /
  rm -rf "$directory"
}
trap stop_everything EXIT
trap 'exit 130' INT TERM

# $1: user (its password is its name; root has none), $2: port, then the client's arguments
ask() {
  local user=$1 port=$2 password=$1
  shift 2
  [ "$user" != root ] || password=
  MYSQL_PWD=$password mariadb --no-defaults --protocol=tcp --host=127.0.0.1 --port="$port" --user="$user" "$@" 2>&1
}

# Runs the client as somebody would, shows commands and answers, keeps the answers in $answer.
show() { # $1: user, $2...: statements
  local user=$1
  shift
  printf "  $user> %s\n" "$@"
  answer=$(printf '%s;\n' "$@" | ask "$user" "$guard_port" --table --force shop)
  printf '%s\n' "$answer" | sed 's/^/      /'
}

# The same in one packet, as a driver with multi-statements sends it.
show_one_packet() { # $1: user, $2: text
  printf '  %s> %s\n' "$1" "$2"
  answer=$(printf 'DELIMITER //\n%s//\n' "$2" | ask "$1" "$guard_port" --table --force shop)
  printf '%s\n' "$answer" | sed 's/^/      /'
}

# What Laravel does with a migration: PDO with prepared statements of the server.
show_prepared() { # $1: user, $2: text
  printf '  php (%s)> $pdo->prepare("%s")->execute()\n' "$1" "$2"
  answer=$(php -r '
    [, $port, $user, $text] = $argv;
    $pdo = new PDO("mysql:host=127.0.0.1;port=$port;dbname=shop", $user, $user, [PDO::ATTR_EMULATE_PREPARES => false]);
    try {
      $pdo->prepare($text)->execute();
      echo "done\n";
    } catch (PDOException $error) {
      echo $error->getMessage(), "\n";
    }
    echo "still connected: ", $pdo->query("SELECT COUNT(*) FROM services")->fetchColumn(), " services\n";
  ' "$guard_port" "$1" "$2" 2>&1)
  printf '%s\n' "$answer" | sed 's/^/      /'
}

directly() { [ "$(ask root "$server_port" --skip-column-names --batch -e "$1" shop)" = "$2" ]; }
columns() { directly "SELECT GROUP_CONCAT(column_name ORDER BY ordinal_position) FROM information_schema.columns WHERE table_name = 'services'" "$1"; }

title "A throw-away MariaDB, with passwords, on a loopback port"
mariadb-install-db --no-defaults --datadir="$directory/data" --skip-test-db --auth-root-authentication-method=normal \
  "${account[@]}" >install.log 2>&1 || give_up "mariadb-install-db failed" install.log
server_port=$(free_port)
server=$(command -v mariadbd || echo /usr/sbin/mariadbd)
arguments=(--no-defaults --datadir="$directory/data" --port="$server_port" --bind-address=127.0.0.1
  --socket="$directory/socket" --pid-file="$directory/pid" --innodb-flush-log-at-trx-commit=0 "${account[@]}")
if [ -n "$keep" ]; then setsid "$server" "${arguments[@]}" >server.log 2>&1 </dev/null & else "$server" "${arguments[@]}" >server.log 2>&1 </dev/null & fi
server_process=$!
until ask root "$server_port" -e "SELECT 1" >/dev/null; do
  kill -0 "$server_process" 2>/dev/null || { server_process=; give_up "MariaDB did not start" server.log; }
  read -rt 0.1 <> <(:) || :
done
ask root "$server_port" <<'SQL' >scene.log || give_up "could not set the scene" scene.log
CREATE DATABASE shop;
CREATE USER app IDENTIFIED BY 'app';
CREATE USER deploy IDENTIFIED BY 'deploy';
GRANT ALL ON shop.* TO app;
GRANT ALL ON shop.* TO deploy;
CREATE TABLE shop.services (id INT PRIMARY KEY, name VARCHAR(40) NOT NULL);
INSERT INTO shop.services VALUES (1, 'checkout'), (2, 'search');
SQL
echo "  MariaDB listens on 127.0.0.1:$server_port. The login app has all privileges on its database: MariaDB itself would"
echo "  let it change whatever it likes, and commits every change at once. The login deploy runs migrations."

title "The guard in front of it, in enforce mode"
guard_port=$(free_port)
arguments=(run --engine mysql --listen "127.0.0.1:$guard_port" --upstream "127.0.0.1:$server_port" --mode enforce
  --migrator deploy --audit "$directory/audit.jsonl")
start_guard
fact "the guard listens on 127.0.0.1:$guard_port" listens_on "$guard_port"

title "1. The application's ordinary work passes as if nothing were there"
show app "INSERT INTO services VALUES (3, 'billing')" "SELECT * FROM services"
fact "the row was written and read back" answer_has '3 \| billing'
fact "MariaDB has it" directly "SELECT name FROM services WHERE id = 3" billing

title "2. A framework prepares a change of the schema"
show_prepared app "alter table services add owner varchar(255) not null"
fact "refused, with the guard's name, the object and a reference" answer_has 'schemaguard: ALTER TABLE .*services.* blocked: .*ref '
fact "and the connection goes on" answer_has 'still connected: 3 services'
fact "nothing has changed in MariaDB" columns id,name

title "3. Several statements in one packet: all of them or none"
show_one_packet app "INSERT INTO services VALUES (4, 'returns'); DROP TABLE services; SELECT 'never reached'"
fact "refused as a whole" answer_has 'schemaguard: DROP TABLE .*services.* blocked: '
fact "what stood before the refused statement did not run either" directly "SELECT COUNT(*) FROM services" 3

title "4. Inside a transaction: MariaDB would have committed it, the guard leaves it open"
show app "BEGIN" "INSERT INTO services VALUES (5, 'wishes')" "ALTER TABLE services ADD COLUMN owner TEXT" "ROLLBACK" "SELECT COUNT(*) FROM services"
fact "the ALTER was refused" answer_has 'schemaguard: ALTER TABLE '
fact "the work before it was rolled back by the client's own ROLLBACK" directly "SELECT COUNT(*) FROM services WHERE id = 5" 0

title "5. The same change by the migrator"
show_prepared deploy "alter table services add owner varchar(255) not null"
fact "it passes" answer_has '^done$'
fact "MariaDB has the column" columns id,name,owner

title "6. What the audit says"
show_audit
fact "it shows the refusals of app" answer_has 'app.*ALTER TABLE|ALTER TABLE.*app'
fact "it shows the change by deploy" answer_has 'deploy.*ALTER TABLE|ALTER TABLE.*deploy'
fact "three packets were refused" [ "$(grep -s '"outcome": *"refused"' audit.jsonl | grep -o '"ref": *"[^"]*"' | sort -u | wc -l)" = 3 ]
fact "one change was committed" audit_has outcome '"outcome": *"committed"'
verify_audit
end_if_not_true

if [ -n "$keep" ]; then
  cat >stop <<SCRIPT
#!/bin/sh
kill $guard_process $server_process
while kill -0 $server_process 2>/dev/null; do sleep 0.1; done
rm -rf $directory
SCRIPT
  chmod 755 stop
  trap - EXIT
  title "Everything holds, and everything is still running. Try it:"
  echo "  mariadb --no-defaults --protocol=tcp --port=$guard_port --user=app --password=app shop           # the application"
  echo "  mariadb --no-defaults --protocol=tcp --port=$guard_port --user=deploy --password=deploy shop     # the migrator"
  echo "  $guard audit tail $directory/audit.jsonl"
  echo "To stop it and remove it: $directory/stop"
  exit 0
fi
title "Everything holds. Nothing is left running."

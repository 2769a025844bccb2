# What both halves of the tour share; sourced, not run. The caller has set $guard, $keep and failures=0, and works in a
# directory of its own.
if [ -t 1 ]; then bold=$'\e[1m' green=$'\e[32m' red=$'\e[31m' plain=$'\e[0m'; else bold= green= red= plain=; fi
title() { printf '\n%s%s%s\n' "$bold" "$1" "$plain"; }
fact() { # $1: what holds, then a command that proves it
  local what=$1
  shift
  if "$@"; then
    printf '  %s✓%s %s\n' "$green" "$plain" "$what"
  else
    printf '  %s✗ NOT TRUE:%s %s\n' "$red" "$plain" "$what"
    failures=$((failures + 1))
  fi
}

give_up() {
  echo "demo: $1" >&2
  [ ! -f "$2" ] || tail -20 "$2" >&2
  exit 1
}

free_port() {
  local port
  while port=$((20000 + RANDOM % 12000)); (exec 3<>"/dev/tcp/127.0.0.1/$port") 2>/dev/null; do :; done
  echo "$port"
}

listens_on() { (exec 3<>"/dev/tcp/127.0.0.1/$1") 2>/dev/null; }

answer_has() { grep -qE -- "$1" <<<"$answer"; }
answer_lacks() { ! grep -qE -- "$1" <<<"$answer"; }
audit_has() { grep -sE "\"event\": *\"$1\"" audit.jsonl | grep -qE -- "$2"; }

# Starts the guard with $arguments and waits until it listens on $guard_port.
start_guard() {
  echo "  \$ schemaguard ${arguments[*]}"
  if [ -n "$keep" ]; then setsid "$guard" "${arguments[@]}" >guard.log 2>&1 </dev/null & else "$guard" "${arguments[@]}" >guard.log 2>&1 </dev/null & fi
  guard_process=$!
  until listens_on "$guard_port"; do
    kill -0 "$guard_process" 2>/dev/null || { guard_process=; give_up "the guard did not start" guard.log; }
    read -rt 0.05 <> <(:) || :
  done
}

wait_for_audit() { # the last outcome is written just after the answer
  local attempt
  for attempt in $(seq 100); do
    audit_has outcome '"outcome": *"committed"' && return 0
    read -rt 0.05 <> <(:) || :
  done
  return 1
}

show_audit() {
  echo "  \$ schemaguard audit show $directory/audit.jsonl"
  wait_for_audit
  answer=$("$guard" audit show audit.jsonl 2>&1)
  printf '%s\n' "$answer" | sed 's/^/      /'
}

verify_audit() {
  echo "  \$ schemaguard audit verify $directory/audit.jsonl"
  "$guard" audit verify audit.jsonl >verified 2>&1
  local verified=$?
  sed 's/^/      /' verified
  fact "the chain of records is whole" [ "$verified" = 0 ]
}

end_if_not_true() {
  if [ "$failures" != 0 ]; then
    printf '\n%s%d of the facts above are not true.%s\n' "$red" "$failures" "$plain"
    exit 1
  fi
}

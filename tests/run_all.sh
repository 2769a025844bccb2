#!/usr/bin/env bash
# Builds and runs every test, one stage after the other, and ends with one line: "N passed, N failed".
#
#   tests/run_all.sh         unit tests under AddressSanitizer and UBSan, house rules, end-to-end tests
#   tests/run_all.sh long    the same, then ThreadSanitizer, clang-tidy, fuzzing, the long random mixes and MariaDB's own suite
#
# A stage that cannot be built or leaves no results counts as one failure; the later stages still run.
set -uo pipefail
cd "$(dirname "$0")/.."
jobs=${JOBS:-2}
long=${1:-}
results=$PWD/build/results
rm -rf "$results"
mkdir -p "$results"
started=$SECONDS

say() { printf '\n== %s (%d s)\n' "$1" $((SECONDS - started)); }

# A failure outside any test runner, as one more JUnit file.
record_failure() {
  printf '<testsuites><testsuite name="%s" tests="1" failures="1"><testcase name="%s"><failure/></testcase></testsuite></testsuites>\n' \
    "$1" "$1" >"$results/stage-$1.xml"
  echo "FAILED: $1"
}

record_success() {
  printf '<testsuites><testsuite name="%s" tests="1" failures="0"><testcase name="%s"/></testsuite></testsuites>\n' \
    "$1" "$1" >"$results/stage-$1.xml"
}

# $1: preset, $2...: ninja targets (none: all)
build() {
  local preset=$1 directory=build
  shift
  [ "$preset" = release ] || directory=build-$preset
  cmake --preset "$preset" -Wno-dev >"$results/cmake-$preset.log" 2>&1 || { cat "$results/cmake-$preset.log"; return 1; }
  ninja -C "$directory" -j"$jobs" --quiet "$@"
}

# $1: preset, $2: only the tests whose name holds this
unit_tests() {
  local preset=$1 directory=build-$1 only=${2:-}
  rm -rf "$directory/results"
  ctest --test-dir "$directory" --output-on-failure -j"$jobs" -R "$only"
  local name
  for name in $(ctest --test-dir "$directory" -N -R "$only" | sed -n 's/^ *Test *#[0-9]*: //p'); do
    if [ -s "$directory/results/$name.xml" ]; then
      cp "$directory/results/$name.xml" "$results/$preset-$name.xml"
    else
      record_failure "$preset-$name"
    fi
  done
}

# $1: name, $2...: pytest arguments
python_tests() {
  local name=$1
  shift
  /usr/bin/python3 -m pytest -q -p no:cacheprovider --junitxml="$results/$name.xml" -o junit_family=xunit2 "$@"
  [ -s "$results/$name.xml" ] || record_failure "$name"
}

say "house rules"
python_tests tidy tests/tidy

say "building build/schemaguard"
if build release schemaguard; then
  record_success build-release
  say "end-to-end tests"
  python_tests e2e tests/e2e
else
  record_failure build-release
fi

say "building the unit tests with AddressSanitizer and UndefinedBehaviorSanitizer"
if build dev; then
  record_success build-dev
  say "unit tests"
  unit_tests dev
else
  record_failure build-dev
fi

if [ "$long" = long ]; then
  say "clang-tidy"
  cmake --preset fuzz -Wno-dev >/dev/null  # a list of clang's own command lines
  if run-clang-tidy-14 -quiet -p build-fuzz -j"$jobs" "^$PWD/(parser|policies|proxy)/.*\.cc\$" >"$results/clang-tidy.log" 2>&1
  then record_success clang-tidy; else grep -E 'error|warning' "$results/clang-tidy.log" | sort -u | head -50; record_failure clang-tidy; fi

  # Threads live in proxy/ only; a report ends the guard, and with it the test.
  say "ThreadSanitizer: unit tests of proxy/, random mixes on real servers"
  if build tsan proxy_tests schemaguard; then
    record_success build-tsan
    unit_tests tsan proxy
    SCHEMAGUARD_BINARY=$PWD/build-tsan/schemaguard TSAN_OPTIONS=halt_on_error=1 \
      python_tests e2e-tsan tests/e2e -k "audit_truth or test_reload or sysbench"
  else
    record_failure build-tsan
  fi

  say "fuzzing, five minutes in all"
  if build fuzz; then
    targets=$(find build-fuzz -type f -name '*_fuzz' -perm -u+x | sort)
    count=$(echo "$targets" | wc -w)
    for target in $targets; do
      name=$(basename "$target")
      mkdir -p "build-fuzz/corpus/$name"
      if "$target" -max_total_time=$((300 / count)) -rss_limit_mb=2048 -timeout=10 \
        -artifact_prefix="build-fuzz/corpus/" "build-fuzz/corpus/$name" >"$results/$name.log" 2>&1
      then record_success "$name"; else tail -20 "$results/$name.log"; record_failure "$name"; fi
    done
  else
    record_failure build-fuzz
  fi

  say "long random mixes, facts against the catalog of MariaDB, and its own suite (half an hour at most)"
  SCHEMAGUARD_LONG=1 python_tests e2e-long tests/e2e \
    -k "random or audit_truth or mariadb_corpus or generated_definitions or mariadb_suite"
fi

say "done"
exec /usr/bin/python3 tests/summary.py "$results"

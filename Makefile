# The short commands. `make` alone says what there is.
#
#   make build      build/schemaguard (installs the Debian packages it needs first, and says which)
#   make demo       a guided tour against a throw-away PostgreSQL 15 and MariaDB; KEEP=1 leaves them running
#   make test       every test; ends with "N passed, N failed"
#   make test-long  ThreadSanitizer, fuzzing, clang-tidy and the long random mixes on top
#   make bench      the guard beside a minimal relay, PgBouncer and HAProxy, on PostgreSQL and on MariaDB
#   make format     clang-format on every source file
#   make clean      remove what the commands above have built

SHELL := /bin/bash
.DEFAULT_GOAL := help
JOBS ?= 2
KEEP ?=
PYTHON := /usr/bin/python3

BUILD_PACKAGES := g++ cmake ninja-build pkg-config ccache mold libpg-query-dev libboost1.81-dev libboost-json1.81-dev \
  libabsl-dev libyaml-cpp-dev libspdlog-dev libcli11-dev prometheus-cpp-dev libpq-dev libmariadb-dev libssl-dev
DEMO_PACKAGES := postgresql-15 postgresql-client-15 openssl mariadb-server mariadb-client php-cli php-mysql
TEST_PACKAGES := $(DEMO_PACKAGES) libgtest-dev libgmock-dev clang-format-14 git procps python3 python3-pytest \
  python3-psycopg2 python3-yaml php-pgsql libdbd-pg-perl perl libpostgresql-jdbc-java \
  libmariadb-dev libmariadb-java libslf4j-java libdbd-mariadb-perl libdbd-mysql-perl \
  sysbench mariadb-test mariadb-test-data python3-pymysql python3-cryptography
LONG_PACKAGES := clang-14 clang-tidy-14 libclang-rt-14-dev
BENCH_PACKAGES := $(DEMO_PACKAGES) libbenchmark-dev pgbouncer haproxy sysbench python3 python3-psycopg2 \
  python3-pymysql python3-yaml procps

.PHONY: help build demo test test-long bench format format-check tidy clean packages-build packages-demo packages-test \
  packages-long packages-bench

help:
	@sed -n '3,9s/^#  //p' Makefile

# $(1): package names. Asks dpkg what is missing and installs only that; silent and quick when nothing is.
define install_packages
	@missing=$$(for package in $(1); do \
	  dpkg-query -W -f='$${db:Status-Abbrev}' $$package 2>/dev/null | grep -q '^ii' || echo $$package; done); \
	missing=$$(echo $$missing); \
	if [ -n "$$missing" ]; then \
	  echo "These Debian packages are needed and will be installed now: $$missing"; \
	  if [ "$$(id -u)" = 0 ]; then as_root="env"; \
	  elif command -v sudo >/dev/null; then as_root="sudo env"; \
	  else echo "That takes root. Run once as root: apt-get update && apt-get install $$missing" >&2; exit 1; fi; \
	  $$as_root DEBIAN_FRONTEND=noninteractive apt-get -qq update </dev/null && \
	  $$as_root DEBIAN_FRONTEND=noninteractive apt-get -qq -y --no-install-recommends install $$missing </dev/null \
	    >/dev/null || { echo "apt-get could not install: $$missing" >&2; exit 1; }; \
	fi
endef

packages-build:
	$(call install_packages,$(BUILD_PACKAGES))

packages-demo: packages-build
	$(call install_packages,$(DEMO_PACKAGES))

# Debian's nodejs, npm and JDK are asked for only where no other node, npm or javac is on the machine: distributions of
# Node.js from elsewhere conflict with Debian's packages.
packages-test: packages-build
	$(call install_packages,$(TEST_PACKAGES) $$(command -v node >/dev/null || echo nodejs) \
	  $$(command -v npm >/dev/null || echo npm) $$(command -v javac >/dev/null || echo openjdk-17-jdk-headless))

packages-long: packages-test
	$(call install_packages,$(LONG_PACKAGES))

packages-bench: packages-build
	$(call install_packages,$(BENCH_PACKAGES))

build: packages-build
	@cmake --preset release -Wno-dev >build.log 2>&1 || { cat build.log; rm -f build.log; exit 1; }; rm -f build.log
	@ninja -C build -j$(JOBS) schemaguard
	@echo "built: build/schemaguard"

demo: packages-demo build
	@KEEP=$(KEEP) tests/demo/demo.sh
	@KEEP=$(KEEP) tests/demo/mysql_demo.sh

test: packages-test
	@JOBS=$(JOBS) tests/run_all.sh

test-long: packages-long
	@JOBS=$(JOBS) tests/run_all.sh long

bench: packages-bench
	@cmake --preset release -Wno-dev -DSCHEMAGUARD_BENCH=ON >/dev/null
	@ninja -C build -j$(JOBS)
	@[ ! -x build/bench/microbench ] || build/bench/microbench
	@$(PYTHON) bench/run_bench.py
	@$(PYTHON) bench/run_mysql_bench.py

SOURCES = $(shell git ls-files '*.cc' '*.h' '*.c')

format:
	@clang-format-14 -i $(SOURCES)

format-check:
	@clang-format-14 --dry-run -Werror $(SOURCES)

tidy: packages-long
	@cmake --preset fuzz -Wno-dev >/dev/null
	@run-clang-tidy-14 -quiet -p build-fuzz -j$(JOBS) '^$(CURDIR)/(parser|policies|proxy)/.*\.cc$$'

clean:
	@rm -rf build build-*

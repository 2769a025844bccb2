/* Plays with libpq itself: `libpq_play PORT DATABASE transparent|refused`, one line a result on standard output.
 * The pipeline mode is the reason for this program: no other driver sends so many messages before it reads. */
#include <libpq-fe.h>
#include <libpq/libpq-fs.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static PGconn* connection;

static void say_result(const char* name, PGresult* result) {
  if (result == NULL) {
    printf("%s: (end)\n", name);
    return;
  }
  const char* state = PQresultErrorField(result, PG_DIAG_SQLSTATE);
  printf("%s: %s %s%s rows=%d", name, PQresStatus(PQresultStatus(result)), PQcmdStatus(result),
         state == NULL ? "" : state, PQntuples(result));
  if (PQntuples(result) > 0 && PQnfields(result) > 0) {
    printf(" first=%s", PQgetisnull(result, 0, 0) ? "NULL" : PQgetvalue(result, 0, 0));
  }
  printf(" transaction=%d\n", (int)PQtransactionStatus(connection));
  PQclear(result);
}

static void run(const char* name, const char* sql) { say_result(name, PQexec(connection, sql)); }

static void queue(const char* sql, int parameters, const char* first) {
  const char* values[1] = {first};
  if (PQsendQueryParams(connection, sql, parameters, NULL, values, NULL, NULL, 0) != 1)
    printf("send failed: %s", PQerrorMessage(connection));
}

/* Reads the pipeline's answers until `syncs` synchronisation points have been seen. */
static void read_pipeline(const char* name, int syncs) {
  int ends = 0;
  while (syncs > 0) {
    PGresult* result = PQgetResult(connection);
    if (result == NULL) {
      if (++ends > 10000) {
        printf("%s: never ended\n", name);
        exit(1);
      }
      continue;
    }
    if (PQresultStatus(result) == PGRES_PIPELINE_SYNC) syncs--;
    say_result(name, result);
  }
}

static void on_notice(void* unused, const PGresult* result) {
  (void)unused;
  printf("notice: %s %s\n", PQresultErrorField(result, PG_DIAG_SEVERITY),
         PQresultErrorField(result, PG_DIAG_MESSAGE_PRIMARY));
}

static void play_pipelines(void) {
  PQenterPipelineMode(connection);
  for (int i = 0; i < 300; i++) {
    char number[16];
    snprintf(number, sizeof number, "%d", i);
    queue("INSERT INTO piped VALUES ($1) RETURNING n", 1, number);
  }
  PQpipelineSync(connection);
  read_pipeline("inserts", 1);
  queue("SELECT 1", 0, NULL);
  queue("SELECT 1 / 0", 0, NULL);
  queue("SELECT 'skipped'", 0, NULL);
  PQpipelineSync(connection);
  queue("SELECT 'next batch'", 0, NULL);
  PQpipelineSync(connection);
  read_pipeline("error", 2);
  queue("BEGIN", 0, NULL);
  queue("INSERT INTO piped VALUES (1000)", 0, NULL);
  PQpipelineSync(connection);
  queue("SELECT nosuch", 0, NULL);
  PQpipelineSync(connection);
  queue("SELECT 'in a failed transaction'", 0, NULL);
  PQpipelineSync(connection);
  queue("ROLLBACK", 0, NULL);
  PQpipelineSync(connection);
  read_pipeline("failed transaction", 4);
  PQsendPrepare(connection, "named", "SELECT $1::int * 2", 1, NULL);
  PQsendDescribePrepared(connection, "named");
  const char* values[1] = {"21"};
  PQsendQueryPrepared(connection, "named", 1, values, NULL, NULL, 1);
  PQsendQueryPrepared(connection, "nosuch", 1, values, NULL, NULL, 0);
  PQpipelineSync(connection);
  read_pipeline("prepared", 1);
  queue("SELECT 'flushed'", 0, NULL);
  PQsendFlushRequest(connection);
  PQflush(connection);
  PGresult* flushed = PQgetResult(connection);
  say_result("flush", flushed);
  say_result("flush", PQgetResult(connection));
  PQpipelineSync(connection);
  read_pipeline("flush", 1);
  PQexitPipelineMode(connection);
}

static void transparent(void) {
  PQsetNoticeReceiver(connection, on_notice, NULL);
  printf("protocol: %d server: %d\n", PQprotocolVersion(connection), PQserverVersion(connection));
  run("create", "CREATE TABLE piped (n int)");
  run("several", "SELECT 1; SELECT 2");
  run("empty", "");
  run("comment", "/* nothing */");
  run("notice", "DO $$ BEGIN RAISE NOTICE 'noted'; END $$");
  run("error", "SELECT nosuch");
  play_pipelines();
  run("count", "SELECT count(*), sum(n) FROM piped");
  PQsendQuery(connection, "SELECT generate_series(1, 5)");
  PQsetSingleRowMode(connection);
  for (PGresult* row = PQgetResult(connection); row != NULL; row = PQgetResult(connection)) say_result("row", row);
  say_result("copy in", PQexec(connection, "COPY piped FROM STDIN"));
  for (int i = 0; i < 5000; i++) PQputCopyData(connection, "5\n", 2);
  PQputCopyEnd(connection, NULL);
  say_result("copied", PQgetResult(connection));
  say_result("copied", PQgetResult(connection));
  say_result("copy in", PQexec(connection, "COPY piped FROM STDIN"));
  PQputCopyData(connection, "6\n", 2);
  PQputCopyEnd(connection, "changed my mind");
  say_result("copy failed", PQgetResult(connection));
  say_result("copy failed", PQgetResult(connection));
  say_result("copy out", PQexec(connection, "COPY piped TO STDOUT"));
  char* line = NULL;
  long bytes = 0;
  for (int length = PQgetCopyData(connection, &line, 0); length > 0; length = PQgetCopyData(connection, &line, 0)) {
    bytes += length;
    PQfreemem(line);
  }
  printf("copied out: %ld bytes\n", bytes);
  say_result("copied out", PQgetResult(connection));
  say_result("copied out", PQgetResult(connection));
  run("begin", "BEGIN");
  Oid large = lo_creat(connection, INV_READ | INV_WRITE);
  int handle = lo_open(connection, large, INV_READ | INV_WRITE);
  printf("large object: %d %d\n", lo_write(connection, handle, "0123456789", 10), lo_lseek(connection, handle, 3, 0));
  char read[8] = "";
  int got = lo_read(connection, handle, read, 4);
  printf("large object: %d %.*s %d\n", got, got, read, lo_close(connection, handle));
  printf("large object: %d\n", lo_unlink(connection, large));
  run("commit", "COMMIT");
  printf("reset: %d\n", (PQreset(connection), (int)PQstatus(connection)));
  run("after reset", "SELECT 1");
}

static void say_state(const char* name, PGresult* result) {
  const char* state = PQresultErrorField(result, PG_DIAG_SQLSTATE);
  printf("%s: %s\n", name, state != NULL ? state : PQntuples(result) > 0 ? PQgetvalue(result, 0, 0) : "ok");
  PQclear(result);
}

static void refused(void) {
  static const char kAlter[] = "ALTER TABLE guarded ADD COLUMN extra int";
  say_state("before", PQexec(connection, "SELECT 1"));
  say_state("alter", PQexec(connection, kAlter));
  say_state("after", PQexec(connection, "SELECT 2"));
  say_state("prepared alter", PQprepare(connection, "alter_it", kAlter, 0, NULL));
  say_state("after prepared", PQexecParams(connection, "SELECT 3", 0, NULL, NULL, NULL, NULL, 0));
  say_state("batch", PQexec(connection, "INSERT INTO guarded VALUES (1); ALTER TABLE guarded ADD COLUMN extra int"));
  say_state("count after batch", PQexec(connection, "SELECT count(*) FROM guarded"));
  PQclear(PQexec(connection, "BEGIN"));
  PQclear(PQexec(connection, "INSERT INTO guarded VALUES (2)"));
  say_state("in transaction", PQexec(connection, kAlter));
  say_state("in failed", PQexec(connection, "SELECT 4"));
  PQclear(PQexec(connection, "ROLLBACK"));
  say_state("count after rollback", PQexec(connection, "SELECT count(*) FROM guarded"));
  PQenterPipelineMode(connection);
  queue("INSERT INTO guarded VALUES (3)", 0, NULL);
  queue(kAlter, 0, NULL);
  queue("INSERT INTO guarded VALUES (4)", 0, NULL);
  PQpipelineSync(connection);
  queue("SELECT count(*) FROM guarded", 0, NULL);
  PQpipelineSync(connection);
  read_pipeline("pipeline", 2);
  PQexitPipelineMode(connection);
  PGresult* result = PQexec(connection, kAlter);
  printf("message: %s\n", PQresultErrorField(result, PG_DIAG_MESSAGE_PRIMARY));
  printf("detail: %s\n", PQresultErrorField(result, PG_DIAG_MESSAGE_DETAIL) != NULL ? "true" : "false");
  printf("hint: %s\n", PQresultErrorField(result, PG_DIAG_MESSAGE_HINT) != NULL ? "true" : "false");
  PQclear(result);
}

int main(int argc, char** argv) {
  if (argc != 4) return 1;
  const char* names[] = {"host", "port", "dbname", "user", "password", NULL};
  const char* values[] = {"127.0.0.1", argv[1], argv[2], "app", "app", NULL};
  connection = PQconnectdbParams(names, values, 0);
  if (PQstatus(connection) != CONNECTION_OK) {
    printf("no connection: %s", PQerrorMessage(connection));
    return 1;
  }
  if (strcmp(argv[3], "refused") == 0)
    refused();
  else
    transparent();
  PQfinish(connection);
  return 0;
}

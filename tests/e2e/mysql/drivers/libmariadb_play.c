/* Plays with MariaDB's C library: `libmariadb_play PORT DATABASE transparent|refused`, one line a result.
 * Ordinary and prepared statements, cursors, long data, bulk execution, several results, a change of user, a local
 * file, and queries that are sent without waiting. It owns its connections and ends with status 1 when a login fails.
 */
#include <mysql.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { kRowsMax = 12 };

static unsigned port;
static const char* database;

static MYSQL* log_in(const char* user, const char* password, unsigned long flags) {
  MYSQL* connection = mysql_init(NULL);
  my_bool on = 1;
  mysql_options(connection, MYSQL_OPT_LOCAL_INFILE, &on);
  mysql_options(connection, MYSQL_SET_CHARSET_NAME, "utf8mb4");
  mysql_optionsv(connection, MYSQL_OPT_CONNECT_ATTR_ADD, "program_name", "libmariadb_play");
  if (mysql_real_connect(connection, "127.0.0.1", user, password, database, port, NULL, flags) != NULL)
    return connection;
  printf("login of %s: %u\n", user, mysql_errno(connection));
  mysql_close(connection);
  return NULL;
}

static void print_result(const char* name, MYSQL* connection) {
  MYSQL_RES* result = mysql_store_result(connection);
  if (result == NULL) {
    if (mysql_errno(connection) != 0)
      printf("%s: error %u %s\n", name, mysql_errno(connection), mysql_sqlstate(connection));
    else
      printf("%s: affected %lld id %lld warnings %u info %s\n", name, (long long)mysql_affected_rows(connection),
             (long long)mysql_insert_id(connection), mysql_warning_count(connection),
             mysql_info(connection) == NULL ? "" : mysql_info(connection));
    return;
  }
  printf("%s: %llu rows", name, (unsigned long long)mysql_num_rows(result));
  unsigned columns = mysql_num_fields(result);
  for (unsigned column = 0; column < columns; column++) {
    MYSQL_FIELD* field = mysql_fetch_field_direct(result, column);
    printf(" [%s %d %lu]", field->name, field->type, field->length);
  }
  MYSQL_ROW row;
  for (int number = 0; number < kRowsMax && (row = mysql_fetch_row(result)) != NULL; number++)
    for (unsigned column = 0; column < columns; column++) printf(" %.60s", row[column] == NULL ? "NULL" : row[column]);
  printf("\n");
  mysql_free_result(result);
}

static void ask(MYSQL* connection, const char* text) {
  if (mysql_query(connection, text) != 0) {
    printf("%.60s: error %u %s\n", text, mysql_errno(connection), mysql_sqlstate(connection));
    return;
  }
  print_result(text, connection);
  int next;
  while ((next = mysql_next_result(connection)) == 0) print_result("  next", connection);
  if (next > 0) printf("  next: error %u %s\n", mysql_errno(connection), mysql_sqlstate(connection));
}

static void print_rows(MYSQL_STMT* statement, const char* name) {
  char text[64];
  int number = 0;
  unsigned long length = 0, number_length = 0;
  my_bool absent = 0, number_absent = 0;
  MYSQL_BIND out[2];
  memset(out, 0, sizeof out);
  out[0] = (MYSQL_BIND){
      .buffer_type = MYSQL_TYPE_LONG, .buffer = &number, .length = &number_length, .is_null = &number_absent};
  out[1] = (MYSQL_BIND){.buffer_type = MYSQL_TYPE_STRING,
                        .buffer = text,
                        .buffer_length = sizeof text,
                        .length = &length,
                        .is_null = &absent};
  mysql_stmt_bind_result(statement, out);
  printf("%s:", name);
  int status;
  while ((status = mysql_stmt_fetch(statement)) == 0)
    printf(" %d=%.*s", number, absent ? 4 : (int)length, absent ? "NULL" : text);
  printf(" end %d error %u\n", status, mysql_stmt_errno(statement));
}

static void prepared(MYSQL* connection, unsigned long cursor) {
  MYSQL_STMT* statement = mysql_stmt_init(connection);
  static const char text[] = "SELECT id, name FROM played WHERE id > ? ORDER BY id";
  unsigned long rows = 2;
  mysql_stmt_attr_set(statement, STMT_ATTR_CURSOR_TYPE, &cursor);
  mysql_stmt_attr_set(statement, STMT_ATTR_PREFETCH_ROWS, &rows);
  printf("prepare: %d parameters %lu\n", mysql_stmt_prepare(statement, text, sizeof text - 1),
         mysql_stmt_param_count(statement));
  for (int low = 0; low < 3; low++) {
    MYSQL_BIND in = {.buffer_type = MYSQL_TYPE_LONG, .buffer = &low};
    mysql_stmt_bind_param(statement, &in);
    printf("execute: %d\n", mysql_stmt_execute(statement));
    print_rows(statement, cursor ? "cursor" : "rows");
    mysql_stmt_free_result(statement);
  }
  printf("reset: %d\n", mysql_stmt_reset(statement));
  mysql_stmt_close(statement);
}

static void long_data(MYSQL* connection) {
  MYSQL_STMT* statement = mysql_stmt_init(connection);
  static const char text[] = "INSERT INTO played (data) VALUES (?)";
  mysql_stmt_prepare(statement, text, sizeof text - 1);
  MYSQL_BIND in = {.buffer_type = MYSQL_TYPE_BLOB};
  mysql_stmt_bind_param(statement, &in);
  static char piece[100000];
  memset(piece, 'p', sizeof piece);
  for (int number = 0; number < 30; number++) mysql_stmt_send_long_data(statement, 0, piece, sizeof piece);
  printf("long data: %d\n", mysql_stmt_execute(statement));
  mysql_stmt_close(statement);
  ask(connection, "SELECT LENGTH(data) FROM played ORDER BY id DESC LIMIT 1");
}

static void bulk(MYSQL* connection) {
  MYSQL_STMT* statement = mysql_stmt_init(connection);
  static const char text[] = "INSERT INTO played (id, name) VALUES (?, ?)";
  int numbers[200];
  char names[200][8];
  char* pointers[200];
  unsigned long lengths[200];
  for (int number = 0; number < 200; number++) {
    numbers[number] = 1000 + number;
    lengths[number] = (unsigned long)snprintf(names[number], sizeof names[number], "b%d", number);
    pointers[number] = names[number];
  }
  unsigned size = 200;
  MYSQL_BIND in[2];
  memset(in, 0, sizeof in);
  in[0] = (MYSQL_BIND){.buffer_type = MYSQL_TYPE_LONG, .buffer = numbers};
  in[1] = (MYSQL_BIND){.buffer_type = MYSQL_TYPE_STRING, .buffer = pointers, .length = lengths};
  printf("bulk prepare: %d\n", mysql_stmt_prepare(statement, text, sizeof text - 1));
  mysql_stmt_attr_set(statement, STMT_ATTR_ARRAY_SIZE, &size);
  mysql_stmt_bind_param(statement, in);
  printf("bulk execute: %d affected %lld\n", mysql_stmt_execute(statement),
         (long long)mysql_stmt_affected_rows(statement));
  mysql_stmt_close(statement);
  statement = mysql_stmt_init(connection);
  size = 0;
  unsigned parameters = 2;
  mysql_stmt_attr_set(statement, STMT_ATTR_PREBIND_PARAMS, &parameters);
  numbers[0] = 2000;
  in[1] = (MYSQL_BIND){.buffer_type = MYSQL_TYPE_STRING, .buffer = names[0], .length = lengths};
  mysql_stmt_bind_param(statement, in);
  printf("direct execution: %d affected %lld\n", mariadb_stmt_execute_direct(statement, text, sizeof text - 1),
         (long long)mysql_stmt_affected_rows(statement));
  mysql_stmt_close(statement);
}

static void write_file(const char* name) {
  FILE* file = fopen(name, "w");
  for (int number = 3000; number < 3500; number++) fprintf(file, "%d\tloaded\n", number);
  fclose(file);
}

static void transparent(void) {
  MYSQL* connection = log_in("app", "app", CLIENT_MULTI_STATEMENTS);
  if (connection == NULL) exit(1);
  printf("server: %s id %d\n", mysql_get_server_info(connection), mysql_thread_id(connection) > 0);
  ask(connection, "CREATE TABLE played (id INT AUTO_INCREMENT PRIMARY KEY, name VARCHAR(100), data LONGBLOB)");
  ask(connection, "INSERT INTO played (name) VALUES ('one'), ('it''s'), (NULL)");
  ask(connection, "SELECT * FROM played");
  ask(connection, "SELECT nosuch");
  ask(connection, "INSERT INTO played (id) VALUES (1)");
  ask(connection, "SELECT 1; SELECT 2; UPDATE played SET name = 'x' WHERE id = 2; SELECT nosuch; SELECT 3");
  ask(connection, "CREATE PROCEDURE played_twice() BEGIN SELECT 1; SELECT 2; END");
  ask(connection, "CALL played_twice()");
  prepared(connection, CURSOR_TYPE_NO_CURSOR);
  prepared(connection, CURSOR_TYPE_READ_ONLY);
  long_data(connection);
  bulk(connection);
  ask(connection, "SELECT COUNT(*) FROM played");
  write_file("played.csv");
  ask(connection, "LOAD DATA LOCAL INFILE 'played.csv' INTO TABLE played (id, name)");
  ask(connection, "LOAD DATA LOCAL INFILE 'nosuch.csv' INTO TABLE played (id, name)");
  ask(connection, "SELECT LENGTH(REPEAT('x', 20000000))");
  printf("option: %d\n", mysql_set_server_option(connection, MYSQL_OPTION_MULTI_STATEMENTS_OFF));
  ask(connection, "SELECT 1; SELECT 2");
  printf("ping: %d, database: %d\n", mysql_ping(connection), mysql_select_db(connection, "mysql"));
  for (int number = 0; number < 5; number++) {
    const int sent = mysql_send_query(connection, "SELECT DATABASE()", 17);
    printf("sent: %d, read: %d\n", sent, mysql_read_query_result(connection));
    print_result("asynchronous", connection);
  }
  printf("reset: %d\n", mysql_reset_connection(connection));
  ask(connection, "SELECT DATABASE(), @@character_set_client");
  printf("change of user: %d\n", mysql_change_user(connection, "reader", "reader", database));
  ask(connection, "SELECT CURRENT_USER()");
  ask(connection, "DELETE FROM played");
  printf("failed change of user: %d\n", mysql_change_user(connection, "app", "wrong", database) != 0);
  mysql_close(connection);
  log_in("app", "wrong", 0);
  log_in("nobody", "nobody", 0);
}

static const char* number_of(MYSQL* connection, const char* text) {
  static char answer[32];
  if (mysql_query(connection, text) != 0) {
    snprintf(answer, sizeof answer, "%u", mysql_errno(connection));
    return answer;
  }
  MYSQL_RES* result = mysql_store_result(connection);
  MYSQL_ROW row = result == NULL ? NULL : mysql_fetch_row(result);
  snprintf(answer, sizeof answer, "%s", row == NULL ? "0" : row[0]);
  mysql_free_result(result);
  return answer;
}

static void refused(void) {
  static const char alter[] = "ALTER TABLE guarded ADD COLUMN extra INT";
  MYSQL* connection = log_in("app", "app", CLIENT_MULTI_STATEMENTS);
  if (connection == NULL) exit(1);
  printf("before: %s\n", number_of(connection, "SELECT 1"));
  printf("alter: %s\n", number_of(connection, alter));
  printf("message: %s\n", mysql_error(connection));
  printf("after: %s\n", number_of(connection, "SELECT 2"));
  MYSQL_STMT* statement = mysql_stmt_init(connection);
  mysql_stmt_prepare(statement, alter, sizeof alter - 1);
  printf("prepared alter: %u\n", mysql_stmt_errno(statement));
  mysql_stmt_close(statement);
  statement = mysql_stmt_init(connection);
  printf("direct alter: %d\n", mariadb_stmt_execute_direct(statement, alter, sizeof alter - 1) != 0);
  mysql_stmt_close(statement);
  printf("after prepared: %s\n", number_of(connection, "SELECT 3"));
  printf("batch: %s\n",
         number_of(connection, "INSERT INTO guarded VALUES (1); ALTER TABLE guarded ADD COLUMN extra INT"));
  printf("count after batch: %s\n", number_of(connection, "SELECT COUNT(*) FROM guarded"));
  number_of(connection, "BEGIN");
  number_of(connection, "INSERT INTO guarded VALUES (2)");
  printf("in transaction: %s\n", number_of(connection, alter));
  printf("still inside: %s\n", number_of(connection, "SELECT COUNT(*) FROM guarded"));
  number_of(connection, "ROLLBACK");
  printf("count after rollback: %s\n", number_of(connection, "SELECT COUNT(*) FROM guarded"));
  mysql_close(connection);
}

int main(int argc, char** argv) {
  if (argc != 4) return 1;
  port = (unsigned)atoi(argv[1]);
  database = argv[2];
  if (strcmp(argv[3], "refused") == 0)
    refused();
  else
    transparent();
  return 0;
}

// Plays with MariaDB's JDBC driver: `java MariaDbJdbc PORT DATABASE transparent|refused`, one line a result.
import java.io.ByteArrayInputStream;
import java.sql.Connection;
import java.sql.DatabaseMetaData;
import java.sql.DriverManager;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.ResultSetMetaData;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.Arrays;

public class MariaDbJdbc {
  static String port;
  static String database;

  interface Play {
    Object run() throws Exception;
  }

  static Connection connect(String user, String options) throws SQLException {
    return DriverManager.getConnection("jdbc:mariadb://127.0.0.1:" + port + "/" + database + "?user=" + user + "&password="
                                       + user + "&allowMultiQueries=true&allowPublicKeyRetrieval=true" + options);
  }

  static void say(String name, Object value) {
    System.out.println(name + ": " + value);
  }

  static Object attempt(Play play) {
    try {
      return play.run();
    } catch (SQLException error) {
      SQLException inner = error;
      while (inner.getErrorCode() <= 0 && inner.getCause() instanceof SQLException) inner = (SQLException) inner.getCause();
      return inner.getErrorCode();
    } catch (Exception error) {
      return error.toString();
    }
  }

  static String rows(ResultSet result) throws SQLException {
    StringBuilder text = new StringBuilder();
    ResultSetMetaData meta = result.getMetaData();
    for (int column = 1; column <= meta.getColumnCount(); column++)
      text.append("[").append(meta.getColumnLabel(column)).append(" ").append(meta.getColumnTypeName(column)).append("]");
    while (result.next()) {
      for (int column = 1; column <= meta.getColumnCount(); column++) text.append(" ").append(result.getString(column));
      text.append(";");
    }
    return text.toString();
  }

  static String query(Connection connection, String sql) throws SQLException {
    try (Statement statement = connection.createStatement(); ResultSet result = statement.executeQuery(sql)) {
      return rows(result);
    }
  }

  static String all(Statement statement, String sql) throws SQLException {
    StringBuilder text = new StringBuilder();
    boolean isResult = statement.execute(sql);
    while (isResult || statement.getUpdateCount() != -1) {
      text.append(isResult ? rows(statement.getResultSet()) : "updated " + statement.getUpdateCount()).append(" | ");
      isResult = statement.getMoreResults();
    }
    return text.toString();
  }

  static void transparent() throws Exception {
    for (String options : new String[] {"", "&useServerPrepStmts=true", "&useServerPrepStmts=true&useBulkStmts=true",
                                        "&useBatchMultiSend=true&rewriteBatchedStatements=true", "&defaultFetchSize=3"}) {
      try (Connection connection = connect("app", options); Statement statement = connection.createStatement()) {
        say("options", options);
        statement.execute("DROP TABLE IF EXISTS played");
        say("create", attempt(() -> statement.executeUpdate("CREATE TABLE played (id INT AUTO_INCREMENT PRIMARY KEY, "
                                                            + "name VARCHAR(100), data LONGBLOB, amount DECIMAL(10,2))")));
        PreparedStatement insert = connection.prepareStatement("INSERT INTO played (name, data, amount) VALUES (?, ?, ?)",
                                                               Statement.RETURN_GENERATED_KEYS);
        for (String name : new String[] {"o'clock \\ é", "second", null}) {
          insert.setString(1, name);
          insert.setBytes(2, new byte[] {0, 39, 92, -1});
          insert.setDouble(3, 1.25);
          say("insert", attempt(insert::executeUpdate) + " " + rows(insert.getGeneratedKeys()));
        }
        insert.setString(1, "stream");
        insert.setBinaryStream(2, new ByteArrayInputStream(new byte[500000]));
        insert.setNull(3, java.sql.Types.DECIMAL);
        say("stream", attempt(insert::executeUpdate));
        for (int number = 0; number < 50; number++) {
          insert.setString(1, "batch " + number);
          insert.setBytes(2, new byte[number]);
          insert.setInt(3, number);
          insert.addBatch();
        }
        say("batch", attempt(() -> insert.executeBatch().length));
        PreparedStatement select = connection.prepareStatement("SELECT id, name, LENGTH(data) FROM played WHERE id >= ? ORDER BY id LIMIT 8");
        for (int low = 1; low < 4; low++) {
          select.setInt(1, low);
          say("select", rows(select.executeQuery()));
        }
        say("error", attempt(() -> query(connection, "SELECT nosuch")));
        say("prepared error", attempt(() -> connection.prepareStatement("SELECT nosuch").executeQuery()));
        say("duplicate", attempt(() -> statement.executeUpdate("INSERT INTO played (id) VALUES (1)")));
        say("several", attempt(() -> all(statement, "SELECT 1; UPDATE played SET name = 'x' WHERE id = 2; SELECT 2")));
        statement.addBatch("INSERT INTO played (name) VALUES ('a')");
        statement.addBatch("INSERT INTO nosuch (name) VALUES ('a')");
        statement.addBatch("INSERT INTO played (name) VALUES ('b')");
        say("statement batch", attempt(() -> Arrays.toString(statement.executeBatch())));
        connection.setAutoCommit(false);
        statement.executeUpdate("INSERT INTO played (name) VALUES ('gone')");
        connection.rollback();
        connection.setTransactionIsolation(Connection.TRANSACTION_SERIALIZABLE);
        connection.setAutoCommit(true);
        say("count", query(connection, "SELECT COUNT(*) FROM played"));
        statement.execute("DROP PROCEDURE IF EXISTS played_twice");
        statement.execute("CREATE PROCEDURE played_twice(a INT) BEGIN SELECT a; SELECT a + 1; END");
        say("call", attempt(() -> all(statement, "CALL played_twice(5)")));
        DatabaseMetaData meta = connection.getMetaData();
        say("columns", rows(meta.getColumns(database, null, "played", null)).length() > 100);
        say("keys", rows(meta.getPrimaryKeys(database, null, "played")));
        say("server", meta.getDatabaseProductVersion());
        statement.setQueryTimeout(1);
        say("timeout", attempt(() -> query(connection, "SELECT SLEEP(0)")));
        say("valid", connection.isValid(5));
        connection.setCatalog("mysql");
        say("catalog", connection.getCatalog());
      }
    }
  }

  static String first(Connection connection, String sql) throws SQLException {
    try (Statement statement = connection.createStatement(); ResultSet result = statement.executeQuery(sql)) {
      result.next();
      return result.getString(1);
    }
  }

  static void refused() throws Exception {
    String alter = "ALTER TABLE guarded ADD COLUMN extra INT";
    try (Connection connection = connect("app", "&useServerPrepStmts=true"); Statement statement = connection.createStatement()) {
      say("before", first(connection, "SELECT 1"));
      say("alter", attempt(() -> statement.executeUpdate(alter)));
      say("after", first(connection, "SELECT 2"));
      say("prepared alter", attempt(() -> connection.prepareStatement(alter).executeUpdate()));
      PreparedStatement prepared = connection.prepareStatement("SELECT ?");
      prepared.setInt(1, 3);
      ResultSet result = prepared.executeQuery();
      result.next();
      say("after prepared", result.getInt(1));
      say("batch", attempt(() -> statement.executeUpdate("INSERT INTO guarded VALUES (1); " + alter)));
      say("count after batch", first(connection, "SELECT COUNT(*) FROM guarded"));
      connection.setAutoCommit(false);
      statement.executeUpdate("INSERT INTO guarded VALUES (2)");
      say("in transaction", attempt(() -> statement.executeUpdate(alter)));
      say("still inside", first(connection, "SELECT COUNT(*) FROM guarded"));
      connection.rollback();
      say("count after rollback", first(connection, "SELECT COUNT(*) FROM guarded"));
      try {
        statement.executeUpdate(alter);
      } catch (SQLException error) {
        say("message", error.getMessage());
      }
    }
  }

  public static void main(String[] arguments) throws Exception {
    port = arguments[0];
    database = arguments[1];
    if (arguments[2].equals("refused")) refused();
    else transparent();
  }
}

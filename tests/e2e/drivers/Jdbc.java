// Plays with the JDBC driver: `java Jdbc PORT DATABASE transparent|refused|daily`, one line a result on standard output.
import java.io.StringReader;
import java.io.StringWriter;
import java.sql.Connection;
import java.sql.DatabaseMetaData;
import java.sql.DriverManager;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Savepoint;
import java.sql.Statement;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Properties;
import org.postgresql.PGConnection;
import org.postgresql.PGNotification;
import org.postgresql.largeobject.LargeObject;
import org.postgresql.largeobject.LargeObjectManager;
import org.postgresql.util.PSQLException;
import org.postgresql.util.ServerErrorMessage;

public class Jdbc {
  interface Play {
    Object run() throws Exception;
  }

  static String port;
  static String database;

  static Connection connect(String... settings) throws SQLException {
    Properties properties = new Properties();
    properties.setProperty("user", "app");
    properties.setProperty("password", "app");
    for (int i = 0; i < settings.length; i += 2) properties.setProperty(settings[i], settings[i + 1]);
    return DriverManager.getConnection("jdbc:postgresql://127.0.0.1:" + port + "/" + database, properties);
  }

  static void say(String name, Object result) {
    System.out.println(name + ": " + result);
  }

  static Object attempt(Play play) throws Exception {
    try {
      return play.run();
    } catch (SQLException error) {
      return error.getSQLState();
    }
  }

  static List<List<Object>> rows(ResultSet set) throws SQLException {
    List<List<Object>> all = new ArrayList<>();
    while (set.next()) {
      List<Object> row = new ArrayList<>();
      for (int column = 1; column <= set.getMetaData().getColumnCount(); column++) row.add(set.getString(column));
      all.add(row);
    }
    return all;
  }

  static Object query(Connection connection, String sql) throws Exception {
    return attempt(() -> {
      try (Statement statement = connection.createStatement()) {
        return rows(statement.executeQuery(sql));
      }
    });
  }

  static Object update(Connection connection, String sql) throws Exception {
    return attempt(() -> {
      try (Statement statement = connection.createStatement()) {
        return statement.executeUpdate(sql);
      }
    });
  }

  static void transparent(String name, String... settings) throws Exception {
    String table = "played_" + name;
    try (Connection connection = connect(settings)) {
      say(name + " create", update(connection, "CREATE TABLE " + table + " (id serial PRIMARY KEY, name text, n numeric)"));
      try (PreparedStatement insert = connection.prepareStatement("INSERT INTO " + table + " (name, n) VALUES (?, ?)",
                                                                  Statement.RETURN_GENERATED_KEYS)) {
        for (int i = 0; i < 12; i++) {
          insert.setString(1, "o'clock \\ é " + i);
          insert.setBigDecimal(2, new java.math.BigDecimal("1.5" + i));
          insert.executeUpdate();
        }
        say(name + " key", rows(insert.getGeneratedKeys()));
        for (int i = 0; i < 500; i++) {
          insert.setString(1, "batch " + i);
          insert.setInt(2, i);
          insert.addBatch();
        }
        say(name + " batch", Arrays.stream(insert.executeBatch()).sum());
        insert.setString(1, "good");
        insert.setInt(2, 1);
        insert.addBatch();
        insert.setString(1, "bad\0");
        insert.setInt(2, 1);
        insert.addBatch();
        say(name + " failing batch", attempt(() -> insert.executeBatch().length));
      }
      try (PreparedStatement select = connection.prepareStatement("SELECT id, name, n FROM " + table + " WHERE id = ?")) {
        for (int id = 1; id <= 8; id++) {
          select.setInt(1, id);
          say(name + " select", rows(select.executeQuery()));
        }
      }
      say(name + " error", query(connection, "SELECT nosuch"));
      say(name + " division", query(connection, "SELECT 1 / 0"));
      say(name + " several", attempt(() -> {
        try (Statement statement = connection.createStatement()) {
          boolean isRows = statement.execute("SELECT 1; UPDATE " + table + " SET n = 0 WHERE id < 4; SELECT 2");
          List<Object> results = new ArrayList<>();
          while (isRows || statement.getUpdateCount() != -1) {
            results.add(isRows ? rows(statement.getResultSet()) : statement.getUpdateCount());
            isRows = statement.getMoreResults();
          }
          return results;
        }
      }));
      connection.setAutoCommit(false);
      try (Statement statement = connection.createStatement()) {
        statement.setFetchSize(50);
        int sum = 0;
        try (ResultSet set = statement.executeQuery("SELECT generate_series(1, 1000)")) {
          while (set.next()) sum += set.getInt(1);
        }
        say(name + " fetch size", sum);
      }
      Savepoint savepoint = connection.setSavepoint("here");
      say(name + " inside", query(connection, "SELECT 1 / 0"));
      say(name + " failed", query(connection, "SELECT 1"));
      connection.rollback(savepoint);
      say(name + " recovered", query(connection, "SELECT count(*) FROM " + table));
      PGConnection own = connection.unwrap(PGConnection.class);
      LargeObjectManager manager = own.getLargeObjectAPI();
      long oid = manager.createLO(LargeObjectManager.READWRITE);
      try (LargeObject large = manager.open(oid, LargeObjectManager.READWRITE)) {
        large.write("large ".repeat(3000).getBytes());
        large.seek(6000);
        say(name + " large object", new String(large.read(12)) + large.size());
      }
      manager.delete(oid);
      connection.commit();
      connection.setAutoCommit(true);
      say(name + " copy in", own.getCopyAPI().copyIn("COPY " + table + " (name) FROM STDIN", new StringReader("copied\n".repeat(3000))));
      StringWriter out = new StringWriter();
      say(name + " copy out", own.getCopyAPI().copyOut("COPY (SELECT name FROM " + table + " ORDER BY id) TO STDOUT", out) + " " + out.toString().length());
      say(name + " copy error", attempt(() -> own.getCopyAPI().copyIn("COPY " + table + " (n) FROM STDIN", new StringReader("x\n"))));
      update(connection, "LISTEN played");
      update(connection, "NOTIFY played, 'hello'");
      for (PGNotification note : own.getNotifications(10000)) say(name + " notify", note.getName() + " " + note.getParameter());
      try (Statement slow = connection.createStatement()) {
        slow.setQueryTimeout(1);
        say(name + " cancelled", attempt(() -> slow.execute("SELECT pg_sleep(60)")));
      }
      say(name + " after cancel", query(connection, "SELECT 1"));
      DatabaseMetaData metadata = connection.getMetaData();
      say(name + " tables", rows(metadata.getTables(null, "public", table, new String[] {"TABLE"})));
      say(name + " columns", rows(metadata.getColumns(null, "public", table, "%")).size());
      say(name + " keys", rows(metadata.getPrimaryKeys(null, "public", table)));
      say(name + " indexes", rows(metadata.getIndexInfo(null, "public", table, false, true)));
      say(name + " types", rows(metadata.getTypeInfo()).size());
      say(name + " functions", rows(metadata.getFunctions(null, "pg_catalog", "abs%")).size());
      say(name + " schemas", rows(metadata.getSchemas()));
      connection.setReadOnly(true);
      connection.setTransactionIsolation(Connection.TRANSACTION_SERIALIZABLE);
      say(name + " isolation", query(connection, "SHOW transaction_isolation"));
      say(name + " valid", connection.isValid(5));
    }
  }

  // What every tool built on JDBC asks a database about itself.
  static void daily() throws Exception {
    try (Connection connection = connect("ApplicationName", "daily")) {
      DatabaseMetaData data = connection.getMetaData();
      say("keywords", data.getSQLKeywords().length());
      say("names", data.getMaxColumnNameLength());
      say("product", data.getDatabaseProductVersion());
      say("catalogs", rows(data.getCatalogs()).size());
      say("schemas", rows(data.getSchemas()).size());
      say("some schemas", rows(data.getSchemas(null, "pub%")));
      say("table types", rows(data.getTableTypes()));
      say("tables", rows(data.getTables(null, null, "%", null)).size());
      say("own tables", rows(data.getTables(null, "public", "%", new String[] {"TABLE", "VIEW"})));
      say("columns", rows(data.getColumns(null, "public", "%", "%")).size());
      say("primary keys", rows(data.getPrimaryKeys(null, "public", "customers")));
      say("imported keys", rows(data.getImportedKeys(null, "public", "orders")));
      say("exported keys", rows(data.getExportedKeys(null, "public", "customers")));
      say("cross reference", rows(data.getCrossReference(null, "public", "customers", null, "public", "orders")));
      say("indexes", rows(data.getIndexInfo(null, "public", "customers", false, true)));
      say("procedures", rows(data.getProcedures(null, "public", "%")).size());
      say("procedure columns", rows(data.getProcedureColumns(null, "public", "%", "%")).size());
      say("functions", rows(data.getFunctions(null, "public", "%")).size());
      say("function columns", rows(data.getFunctionColumns(null, "public", "%", "%")).size());
      say("user types", rows(data.getUDTs(null, "public", "%", null)).size());
      say("table privileges", rows(data.getTablePrivileges(null, "public", "customers")).size());
      say("column privileges", rows(data.getColumnPrivileges(null, "public", "customers", "%")).size());
      say("row identifier", rows(data.getBestRowIdentifier(null, "public", "customers", 1, true)).size());
      say("version columns", rows(data.getVersionColumns(null, "public", "customers")).size());
      say("types", rows(data.getTypeInfo()).size());
      say("info", rows(data.getClientInfoProperties()).size());
      connection.setClientInfo("ApplicationName", "renamed");
      connection.setSchema("public");
      say("schema", connection.getSchema());
      connection.setReadOnly(true);
      connection.setReadOnly(false);
      try (Statement statement = connection.createStatement(ResultSet.TYPE_SCROLL_INSENSITIVE, ResultSet.CONCUR_UPDATABLE)) {
        ResultSet set = statement.executeQuery("SELECT id, name FROM customers ORDER BY id");
        set.next();
        set.updateString("name", "updated through the result set");
        set.updateRow();
        say("updatable", set.getString(2));
        set.moveToInsertRow();
        set.updateString("name", "inserted through the result set");
        set.insertRow();
      }
      try (java.sql.CallableStatement call = connection.prepareCall("{? = call add_points(?, ?)}")) {
        call.registerOutParameter(1, java.sql.Types.INTEGER);
        call.setInt(2, 1);
        call.setInt(3, 5);
        call.execute();
        say("function call", call.getInt(1));
      }
      say("array", rows(connection.createStatement().executeQuery("SELECT ARRAY[1, 2], now() IS NOT NULL, '{}'::jsonb")));
      say("enum", rows(connection.createStatement().executeQuery("SELECT 'ok'::mood")));
      say("valid", connection.isValid(5));
    }
  }

  static void refused() throws Exception {
    String alter = "ALTER TABLE guarded ADD COLUMN extra int";
    try (Connection connection = connect()) {
      say("before", one(query(connection, "SELECT 1")));
      say("alter", update(connection, alter));
      say("after", one(query(connection, "SELECT 2")));
      say("prepared alter", attempt(() -> {
        try (PreparedStatement statement = connection.prepareStatement(alter)) {
          return statement.executeUpdate();
        }
      }));
      say("after prepared", one(query(connection, "SELECT 3")));
      say("batch", update(connection, "INSERT INTO guarded VALUES (1); " + alter));
      say("count after batch", one(query(connection, "SELECT count(*) FROM guarded")));
      connection.setAutoCommit(false);
      update(connection, "INSERT INTO guarded VALUES (2)");
      say("in transaction", update(connection, alter));
      say("in failed", query(connection, "SELECT 4"));
      connection.rollback();
      say("count after rollback", one(query(connection, "SELECT count(*) FROM guarded")));
      connection.rollback();
      try (Statement statement = connection.createStatement()) {
        statement.execute(alter);
      } catch (PSQLException error) {
        ServerErrorMessage message = error.getServerErrorMessage();
        say("message", message.getMessage());
        say("detail", message.getDetail() != null);
        say("hint", message.getHint() != null);
      }
    }
  }

  static Object one(Object rows) {
    return rows instanceof List<?> list && list.get(0) instanceof List<?> row ? row.get(0) : rows;
  }

  public static void main(String[] arguments) throws Exception {
    port = arguments[0];
    database = arguments[1];
    if (arguments[2].equals("refused")) {
      refused();
      return;
    }
    if (arguments[2].equals("daily")) {
      daily();
      return;
    }
    transparent("extended");
    transparent("simple", "preferQueryMode", "simple");
    transparent("cached", "prepareThreshold", "1", "binaryTransfer", "true");
    transparent("rewritten", "reWriteBatchedInserts", "true", "autosave", "always");
  }
}

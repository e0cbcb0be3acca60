import java.io.StringReader;
import java.io.StringWriter;
import java.math.BigDecimal;
import java.sql.Array;
import java.sql.BatchUpdateException;
import java.sql.CallableStatement;
import java.sql.Connection;
import java.sql.DatabaseMetaData;
import java.sql.DriverManager;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.ResultSetMetaData;
import java.sql.SQLException;
import java.sql.Savepoint;
import java.sql.Statement;
import java.sql.Types;
import java.time.LocalDate;
import java.time.OffsetDateTime;
import java.util.Arrays;
import java.util.Properties;
import java.util.UUID;
import org.postgresql.PGConnection;
import org.postgresql.PGNotification;
import org.postgresql.copy.CopyManager;

/** What an application does through JDBC: thresholds, batches, portions of rows, metadata, COPY. */
public class Booking {
    private static final String SELECT = "SELECT visits FROM patients WHERE patient_id = ?";
    private static final String INSERT_APPOINTMENT =
        "INSERT INTO appointments (patient_id, appointment_id, doctor_id, slot_id) VALUES (?, ?, 1, 1)";
    private static final long[] KEYS =
        Arrays.stream(System.getenv("KEYS").split(" ")).mapToLong(Long::parseLong).toArray();

    private static void say(String step, Object... seen) {
        StringBuilder line = new StringBuilder(step).append(":");
        for (Object one : seen) {
            line.append(' ').append(one);
        }
        System.out.println(line);
    }

    private static Connection connect(String... more) throws SQLException {
        Properties properties = new Properties();
        properties.setProperty("user", System.getenv("PGUSER"));
        properties.setProperty("password", System.getenv("PGPASSWORD"));
        for (int i = 0; i < more.length; i += 2) {
            properties.setProperty(more[i], more[i + 1]);
        }
        return DriverManager.getConnection("jdbc:postgresql://" + System.getenv("PGHOST") + ":"
            + System.getenv("PGPORT") + "/" + System.getenv("PGDATABASE"), properties);
    }

    private static int visits(Connection connection, long patient) throws SQLException {
        try (PreparedStatement select = connection.prepareStatement(SELECT)) {
            select.setLong(1, patient);
            try (ResultSet rows = select.executeQuery()) {
                rows.next();
                return rows.getInt(1);
            }
        }
    }

    private static void rows(Connection connection) throws SQLException {
        try (PreparedStatement insert = connection.prepareStatement(
                 "INSERT INTO patients (patient_id, name, phone) VALUES (?, ?, ?)");
             PreparedStatement update = connection.prepareStatement(
                 "UPDATE patients SET visits = visits + ? WHERE patient_id = ?")) {
            for (long patient : KEYS) {
                insert.setLong(1, patient);
                insert.setString(2, "Jürgen");
                insert.setNull(3, Types.VARCHAR);
                say("insert", insert.executeUpdate());
                // More often than the threshold, so that a named statement is used as well.
                for (int i = 0; i < 8; i++) {
                    update.setInt(1, 1);
                    update.setLong(2, patient);
                    update.executeUpdate();
                }
                say("update", visits(connection, patient));
            }
        }
        try (Statement statement = connection.createStatement()) {
            say("single table", statement.executeUpdate("INSERT INTO hospitals VALUES (" + KEYS[0] + ", 'x', 'y')"));
            say("delete", statement.executeUpdate("DELETE FROM hospitals WHERE hospital_id = " + KEYS[0]));
            boolean isRows = statement.execute("SELECT 1; SELECT 'two'");
            ResultSet rows = statement.getResultSet();
            rows.next();
            say("several results", isRows, rows.getInt(1), statement.getMoreResults());
        }
        try (PreparedStatement insert = connection.prepareStatement(
                 "INSERT INTO payments (patient_id, appointment_id, amount) VALUES (?, 1, 5)",
                 Statement.RETURN_GENERATED_KEYS)) {
            insert.setLong(1, KEYS[0]);
            insert.executeUpdate();
            ResultSet generated = insert.getGeneratedKeys();
            generated.next();
            say("generated keys", generated.getLong("payment_id") > 0, generated.getString("status"));
        }
    }

    private static void thresholds() throws SQLException {
        for (String threshold : new String[] {"1", "5", "-1", "0"}) {
            try (Connection connection = connect("prepareThreshold", threshold, "ApplicationName", "t" + threshold,
                                                 "binaryTransfer", threshold.equals("5") ? "false" : "true");
                 PreparedStatement select = connection.prepareStatement(SELECT)) {
                StringBuilder seen = new StringBuilder();
                for (int i = 0; i < 12; i++) {
                    select.setLong(1, KEYS[i % 4]);
                    ResultSet rows = select.executeQuery();
                    rows.next();
                    seen.append(' ').append(rows.getInt(1));
                }
                say("thresholds", threshold, seen);
            }
        }
        for (String mode : new String[] {"simple", "extended", "extendedForPrepared", "extendedCacheEverything"}) {
            try (Connection connection = connect("preferQueryMode", mode)) {
                say("query modes", mode, visits(connection, KEYS[0]), visits(connection, KEYS[1]));
            }
        }
        // One that forgets statements of its cache closes them.
        try (Connection connection = connect("prepareThreshold", "1", "preparedStatementCacheQueries", "2")) {
            int sum = 0;
            for (int i = 0; i < 20; i++) {
                try (PreparedStatement select = connection.prepareStatement(
                         "SELECT visits + " + i % 5 + " FROM patients WHERE patient_id = ?")) {
                    select.setLong(1, KEYS[i % 4]);
                    ResultSet rows = select.executeQuery();
                    rows.next();
                    sum += rows.getInt(1);
                }
            }
            say("thresholds", "cache of 2", sum);
        }
    }

    private static void transactions(Connection connection) throws SQLException {
        connection.setAutoCommit(false);
        try (PreparedStatement update = connection.prepareStatement(
                 "UPDATE patients SET visits = ? WHERE patient_id = ?")) {
            for (long patient : KEYS) {
                update.setInt(1, 100);
                update.setLong(2, patient);
                update.executeUpdate();
                connection.rollback();
                say("transaction", visits(connection, patient));
                update.executeUpdate();
                connection.commit();
                Savepoint savepoint = connection.setSavepoint();
                update.setInt(1, 200);
                update.executeUpdate();
                connection.rollback(savepoint);
                Savepoint named = connection.setSavepoint("named");
                connection.releaseSavepoint(named);
                say("savepoint", visits(connection, patient));
                connection.commit();
            }
        }
        connection.setAutoCommit(true);
        connection.setReadOnly(true);
        connection.setTransactionIsolation(Connection.TRANSACTION_SERIALIZABLE);
        connection.setAutoCommit(false);
        try (Statement statement = connection.createStatement()) {
            ResultSet rows = statement.executeQuery("SHOW transaction_isolation");
            rows.next();
            say("isolation", rows.getString(1), connection.getTransactionIsolation());
            statement.executeUpdate("UPDATE patients SET visits = 0 WHERE patient_id = " + KEYS[0]);
        } catch (SQLException error) {
            say("isolation", error.getSQLState());
        }
        connection.rollback();
        connection.setAutoCommit(true);
        connection.setReadOnly(false);
        connection.setTransactionIsolation(Connection.TRANSACTION_READ_COMMITTED);
        // A savepoint before each statement, behind one's back.
        try (Connection saving = connect("autosave", "always")) {
            saving.setAutoCommit(false);
            try (Statement statement = saving.createStatement()) {
                statement.executeUpdate("INSERT INTO patients (patient_id, name) VALUES (" + KEYS[0] + ", 'x')");
            } catch (SQLException error) {
                say("savepoint", "autosave", error.getSQLState());
            }
            say("savepoint", "autosave", visits(saving, KEYS[0]));
            saving.commit();
        }
    }

    private static void batches(Connection connection) throws SQLException {
        try (PreparedStatement insert = connection.prepareStatement(INSERT_APPOINTMENT)) {
            for (int i = 0; i < 300; i++) {
                insert.setLong(1, KEYS[0]);
                insert.setLong(2, i);
                insert.addBatch();
            }
            say("batch", Arrays.stream(insert.executeBatch()).sum());
            for (int i = 299; i < 303; i++) {
                insert.setLong(1, KEYS[0]);
                insert.setLong(2, i == 301 ? 0 : i + 1);
                insert.addBatch();
            }
            insert.executeBatch();
        } catch (BatchUpdateException error) {
            say("batch", error.getSQLState(), Arrays.toString(error.getUpdateCounts()));
        }
        try (PreparedStatement update = connection.prepareStatement(
                 "UPDATE patients SET balance = balance + 1 WHERE patient_id = ?")) {
            for (long patient : KEYS) {
                update.setLong(1, patient);
                update.addBatch();
            }
            say("batch over shards", update.executeBatch().length);
        } catch (BatchUpdateException error) {
            say("batch over shards", "refused", error.getSQLState());
        }
        // Rewritten to INSERTs of several rows.
        try (Connection rewriting = connect("reWriteBatchedInserts", "true");
             PreparedStatement insert = rewriting.prepareStatement(INSERT_APPOINTMENT)) {
            for (int i = 1000; i < 1100; i++) {
                insert.setLong(1, KEYS[1]);
                insert.setLong(2, i);
                insert.addBatch();
            }
            say("batch", "rewritten", insert.executeBatch().length);
        }
    }

    private static void cursors(Connection connection) throws SQLException {
        connection.setAutoCommit(false);
        try (PreparedStatement select = connection.prepareStatement(
                 "SELECT appointment_id FROM appointments WHERE patient_id = ? ORDER BY 1")) {
            select.setFetchSize(7);
            select.setLong(1, KEYS[1]);
            long sum = 0;
            try (ResultSet rows = select.executeQuery()) {
                while (rows.next()) {
                    sum += rows.getLong(1);
                    if (rows.isFirst()) {
                        say("cursor", "between the portions", visits(connection, KEYS[1]));
                    }
                }
            }
            say("cursor", sum);
        }
        try (PreparedStatement select = connection.prepareStatement(
                 "SELECT appointment_id FROM appointments WHERE patient_id = ANY (?) ORDER BY 1")) {
            select.setFetchSize(7);
            select.setArray(1, connection.createArrayOf("bigint", Arrays.stream(KEYS).boxed().toArray()));
            long sum = 0, count = 0;
            try (ResultSet rows = select.executeQuery()) {
                while (rows.next()) {
                    sum += rows.getLong(1) * ++count;       // in their order
                }
            }
            say("cursor", "over shards", count, sum);
        }
        connection.commit();
        connection.setAutoCommit(true);
        try (Statement statement = connection.createStatement(ResultSet.TYPE_SCROLL_INSENSITIVE,
                                                              ResultSet.CONCUR_UPDATABLE)) {
            ResultSet rows = statement.executeQuery(
                "SELECT patient_id, visits, name FROM patients WHERE patient_id = " + KEYS[2]);
            rows.next();
            rows.updateInt("visits", 101);
            rows.updateRow();
            rows.refreshRow();
            say("updatable rows", rows.getInt("visits"));
        }
    }

    private static void types(Connection connection) throws SQLException {
        String columns = "flag, small, big, approx, exact, word, bytes, day, moment, instant, token, numbers, words, label";
        for (int n = 1; n <= 6; n++) {
            try (PreparedStatement insert = connection.prepareStatement("INSERT INTO kinds (patient_id, n, " + columns
                     + ") VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)")) {
                Object[] values = {KEYS[0], n, true, -7, 1L << 62, 0.1, new BigDecimal("12.5"), "a\\b'c",
                    new byte[] {0, (byte) 255}, LocalDate.of(2026, 7, 1), LocalDate.of(2026, 7, 1).atTime(8, 30),
                    OffsetDateTime.parse("2026-07-01T00:00:00Z"), new UUID(0, 5),
                    connection.createArrayOf("integer", new Object[] {1, null, 3}),
                    connection.createArrayOf("text", new Object[] {"a b", "c\"d"}), null};
                for (int i = 0; i < values.length; i++) {
                    insert.setObject(i + 1, values[i]);
                }
                insert.executeUpdate();
            }
            try (PreparedStatement select = connection.prepareStatement(
                     "SELECT " + columns + " FROM kinds WHERE patient_id = ? AND n = ?")) {
                select.setLong(1, KEYS[0]);
                select.setInt(2, n);
                ResultSet rows = select.executeQuery();
                rows.next();
                say("types", rows.getBoolean(1), rows.getShort(2), rows.getLong(3), rows.getDouble(4),
                    rows.getBigDecimal(5), rows.getString(6), Arrays.toString(rows.getBytes(7)),
                    rows.getObject(8, LocalDate.class), rows.getTimestamp(9), rows.getObject(10, OffsetDateTime.class),
                    rows.getObject(11), Arrays.toString((Object[]) rows.getArray(12).getArray()),
                    Arrays.toString((Object[]) rows.getArray(13).getArray()), rows.getString(14));
            }
        }
        try (PreparedStatement insert = connection.prepareStatement(
                 "INSERT INTO kinds (patient_id, n, mood, moods, docb, visit) VALUES (?, 20, ?::mood, ?, ?::jsonb, ?::visit)"
                 + " RETURNING mood, moods, docb, visit")) {
            insert.setLong(1, KEYS[0]);
            insert.setString(2, "glad");
            insert.setArray(3, connection.createArrayOf("mood", new Object[] {"sad", "calm"}));
            insert.setString(4, "{\"a\": 1}");
            insert.setString(5, "(2026-07-01,glad,)");
            ResultSet rows = insert.executeQuery();
            rows.next();
            Array moods = rows.getArray(2);
            say("own types", rows.getObject(1), moods.getBaseTypeName(), moods, rows.getObject(3), rows.getObject(4));
            say("own types", rows.getMetaData().getColumnTypeName(1), rows.getMetaData().getColumnTypeName(4));
        }
        try (PreparedStatement select = connection.prepareStatement(
                 "SELECT count(*) FROM kinds WHERE patient_id = ANY (?)")) {
            select.setArray(1, connection.createArrayOf("bigint", new Object[] {KEYS[0]}));
            ResultSet rows = select.executeQuery();
            rows.next();
            say("types", rows.getInt(1));
        }
    }

    private static void copies(Connection connection) throws Exception {
        CopyManager copy = connection.unwrap(PGConnection.class).getCopyAPI();
        StringBuilder rows = new StringBuilder();
        for (int i = 2000; i < 2500; i++) {
            rows.append(KEYS[3]).append(',').append(i).append(",7,7\n");
        }
        say("copy in", copy.copyIn("COPY appointments (patient_id, appointment_id, doctor_id, slot_id)"
                                   + " FROM STDIN (FORMAT csv)", new StringReader(rows.toString())));
        StringWriter out = new StringWriter();
        say("copy out", copy.copyOut("COPY (SELECT appointment_id, status FROM appointments WHERE patient_id = " + KEYS[3]
                                     + " ORDER BY 1 LIMIT 3) TO STDOUT", out), out.toString().replace('\n', ';'));
    }

    private static void errors(Connection connection) throws SQLException {
        for (String sql : new String[] {
                 "INSERT INTO patients (patient_id, name) VALUES (" + KEYS[0] + ", 'again')", "SELEC 1", "SELECT 1/0",
                 "SELECT * FROM no_such_table", "SELECT nothing FROM patients WHERE patient_id = 1"}) {
            try (PreparedStatement statement = connection.prepareStatement(sql)) {
                statement.execute();
                throw new IllegalStateException(sql);
            } catch (SQLException error) {
                say("errors", error.getSQLState(), error.getClass().getSimpleName());
            }
        }
        say("errors", "goes on", connection.isValid(5));
    }

    private static void waitUntilRuns(String sql) throws SQLException {
        try (Connection watch = DriverManager.getConnection("jdbc:" + System.getenv("WATCH"));
             PreparedStatement runs = watch.prepareStatement(
                 "SELECT 1 FROM pg_stat_activity WHERE state = 'active' AND query = ?")) {
            runs.setString(1, sql);
            while (!runs.executeQuery().next()) {
                Thread.onSpinWait();
            }
        }
    }

    private static void cancels(Connection connection) throws Exception {
        for (String sql : new String[] {"SELECT pg_sleep(50) /* jdbc */",
                 "SELECT pg_sleep(50) FROM patients WHERE patient_id = " + KEYS[0] + " /* jdbc */"}) {
            try (Statement statement = connection.createStatement()) {
                Thread canceller = new Thread(() -> {
                    try {
                        waitUntilRuns(sql);
                        statement.cancel();
                    } catch (SQLException error) {
                        error.printStackTrace();
                        System.exit(1);
                    }
                });
                canceller.start();
                try {
                    statement.execute(sql);
                } catch (SQLException error) {
                    say("cancel", error.getSQLState());
                }
                canceller.join();
            }
        }
        try (Statement statement = connection.createStatement()) {
            statement.setQueryTimeout(1);
            statement.execute("SELECT pg_sleep(50)");
        } catch (SQLException error) {
            say("cancel", "query timeout", error.getSQLState());
        }
        say("cancel", "goes on", visits(connection, KEYS[0]));
    }

    private static void notifications(Connection connection) throws SQLException {
        try (Statement statement = connection.createStatement(); Connection other = connect();
             Statement notify = other.createStatement()) {
            statement.execute("LISTEN bookings_jdbc");
            notify.execute("NOTIFY bookings_jdbc, 'slot 7'");
            for (PGNotification note : connection.unwrap(PGConnection.class).getNotifications(10000)) {
                say("notify", note.getName(), note.getParameter());
            }
        }
    }

    private static void print(String step, ResultSet rows, String... columns) throws SQLException {
        while (rows.next()) {
            StringBuilder line = new StringBuilder();
            for (String column : columns) {
                line.append(' ').append(rows.getString(column));
            }
            say(step, line);
        }
    }

    private static void metadata(Connection connection) throws SQLException {
        DatabaseMetaData data = connection.getMetaData();
        say("metadata", data.getDatabaseProductName(), data.getDatabaseProductVersion(), data.getMaxColumnNameLength());
        for (String table : new String[] {"kinds", "patients", "payments", "doctors"}) {
            print("metadata", data.getTables(null, "public", table, null), "TABLE_NAME", "TABLE_TYPE");
            print("metadata", data.getColumns(null, "public", table, null), "COLUMN_NAME", "TYPE_NAME", "DATA_TYPE",
                  "COLUMN_SIZE", "NULLABLE", "COLUMN_DEF", "IS_AUTOINCREMENT");
            print("metadata", data.getPrimaryKeys(null, "public", table), "COLUMN_NAME", "PK_NAME");
            print("metadata", data.getIndexInfo(null, "public", table, false, true), "INDEX_NAME", "COLUMN_NAME");
            print("metadata", data.getImportedKeys(null, "public", table), "FKCOLUMN_NAME", "PKTABLE_NAME");
        }
        print("metadata", data.getSchemas(null, "public"), "TABLE_SCHEM");
        print("metadata", data.getUDTs(null, "public", "visit", null), "TYPE_NAME");
        try (PreparedStatement select = connection.prepareStatement(
                 "SELECT patient_id AS id, name, visits + 1 AS more FROM patients WHERE patient_id = ?")) {
            ResultSetMetaData columns = select.getMetaData();     // Describe, nothing is executed
            for (int i = 1; i <= columns.getColumnCount(); i++) {
                say("result metadata", columns.getColumnLabel(i), columns.getColumnName(i), columns.getColumnTypeName(i),
                    columns.getTableName(i), columns.isNullable(i), columns.isAutoIncrement(i));
            }
            say("result metadata", select.getParameterMetaData().getParameterTypeName(1));
        }
        try (CallableStatement call = connection.prepareCall("{? = call upper(?)}")) {
            call.registerOutParameter(1, Types.VARCHAR);
            call.setString(2, "called");
            call.execute();
            say("call", call.getString(1));
        }
    }

    private static void ddl(Connection connection) throws SQLException {
        try (Statement statement = connection.createStatement()) {
            statement.execute("CREATE TABLE notes_jdbc (patient_id bigint PRIMARY KEY, note text)");
            try (PreparedStatement insert = connection.prepareStatement(
                     "INSERT INTO notes_jdbc VALUES (?, ?) ON CONFLICT (patient_id) DO UPDATE SET note = excluded.note");
                 PreparedStatement select = connection.prepareStatement(
                     "SELECT * FROM notes_jdbc WHERE patient_id = ?")) {
                select.setLong(1, KEYS[3]);
                for (int i = 0; i < 8; i++) {
                    insert.setLong(1, KEYS[3]);
                    insert.setString(2, "seen " + i);
                    insert.executeUpdate();
                    ResultSet rows = select.executeQuery();
                    rows.next();
                    say("ddl", rows.getString("note"), rows.getMetaData().getColumnCount());
                    if (i == 6) {       // the named statement of SELECT is planned anew
                        statement.execute("ALTER TABLE notes_jdbc ADD COLUMN at date");
                    }
                }
            }
            statement.execute("DROP TABLE notes_jdbc");
        }
    }

    public static void main(String[] args) throws Exception {
        try (Connection connection = connect("ApplicationName", "jdbc", "options", "-c work_mem=5MB")) {
            try (Statement statement = connection.createStatement()) {
                ResultSet rows = statement.executeQuery("SHOW work_mem");
                rows.next();
                say("connect", rows.getString(1), connection.getSchema(), connection.getClientInfo("ApplicationName"));
            }
            rows(connection);
            thresholds();
            transactions(connection);
            batches(connection);
            cursors(connection);
            types(connection);
            copies(connection);
            errors(connection);
            cancels(connection);
            notifications(connection);
            metadata(connection);
            ddl(connection);
        }
        say("done", "all");
    }
}

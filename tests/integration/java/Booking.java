import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Savepoint;
import java.sql.Statement;
import java.util.Properties;

/**
 * What an application does through JDBC. Arguments: the URL, then keys of patients, each on
 * another shard. Ends with the line "fine"; anything else is an exception.
 */
public class Booking {
    private static void expect(boolean condition, String what) {
        if (!condition) {
            throw new IllegalStateException(what);
        }
    }

    private static Connection connect(String url, String... more) throws SQLException {
        Properties properties = new Properties();
        properties.setProperty("user", "booking");
        properties.setProperty("password", "booking");
        for (int i = 0; i < more.length; i += 2) {
            properties.setProperty(more[i], more[i + 1]);
        }
        return DriverManager.getConnection(url, properties);
    }

    private static int visits(Connection connection, long patient) throws SQLException {
        try (PreparedStatement select =
                 connection.prepareStatement("SELECT visits FROM patients WHERE patient_id = ?")) {
            select.setLong(1, patient);
            try (ResultSet rows = select.executeQuery()) {
                expect(rows.next(), "patient " + patient + " is missing");
                return rows.getInt(1);
            }
        }
    }

    private static void statements(Connection connection, long[] patients) throws SQLException {
        try (PreparedStatement insert = connection.prepareStatement(
                 "INSERT INTO patients (patient_id, name, phone) VALUES (?, ?, ?)");
             PreparedStatement update = connection.prepareStatement(
                 "UPDATE patients SET visits = visits + ? WHERE patient_id = ?")) {
            for (long patient : patients) {
                insert.setLong(1, patient);
                insert.setString(2, "Jürgen");
                insert.setString(3, null);
                expect(insert.executeUpdate() == 1, "insert");
                // More often than the threshold, so that the named statement is used as well.
                for (int i = 0; i < 8; i++) {
                    update.setInt(1, 1);
                    update.setLong(2, patient);
                    expect(update.executeUpdate() == 1, "update");
                }
                expect(visits(connection, patient) == 8, "visits");
            }
        }
    }

    private static void transactions(Connection connection, long[] patients) throws SQLException {
        connection.setAutoCommit(false);
        for (long patient : patients) {
            try (PreparedStatement update = connection.prepareStatement(
                     "UPDATE patients SET visits = ? WHERE patient_id = ?")) {
                update.setInt(1, 100);
                update.setLong(2, patient);
                update.executeUpdate();
                connection.rollback();
                expect(visits(connection, patient) == 8, "rolled back");
                update.executeUpdate();
                connection.commit();
                Savepoint savepoint = connection.setSavepoint();
                update.setInt(1, 200);
                update.executeUpdate();
                connection.rollback(savepoint);
                expect(visits(connection, patient) == 100, "rolled back to the savepoint");
                connection.commit();
            }
        }
        connection.setAutoCommit(true);
    }

    private static void batches(Connection connection, long patient) throws SQLException {
        try (PreparedStatement insert = connection.prepareStatement("INSERT INTO appointments"
                 + " (patient_id, appointment_id, doctor_id, slot_id) VALUES (?, ?, 1, 1)")) {
            for (int i = 0; i < 20; i++) {
                insert.setLong(1, patient);
                insert.setLong(2, i);
                insert.addBatch();
            }
            expect(insert.executeBatch().length == 20, "batch");
        }
        connection.setAutoCommit(false);
        try (PreparedStatement select = connection.prepareStatement(
                 "SELECT appointment_id FROM appointments WHERE patient_id = ? ORDER BY 1")) {
            select.setFetchSize(7);
            select.setLong(1, patient);
            int count = 0;
            try (ResultSet rows = select.executeQuery()) {
                while (rows.next()) {
                    expect(rows.getLong(1) == count++, "order");
                }
            }
            expect(count == 20, "rows by portions");
        }
        connection.commit();
        connection.setAutoCommit(true);
    }

    private static void errors(Connection connection, long patient) throws SQLException {
        try (Statement statement = connection.createStatement()) {
            statement.executeUpdate("INSERT INTO patients (patient_id, name) VALUES (" + patient
                                    + ", 'again')");
            expect(false, "a duplicate was accepted");
        } catch (SQLException error) {
            expect("23505".equals(error.getSQLState()), "state " + error.getSQLState());
        }
        try (Statement statement = connection.createStatement()) {
            statement.executeQuery("SELECT * FROM patients");
            expect(false, "no key, no refusal");
        } catch (SQLException error) {
            expect("0A000".equals(error.getSQLState()), "state " + error.getSQLState());
        }
    }

    private static void metadata(Connection connection) throws SQLException {
        expect(connection.isValid(5), "isValid");
        expect("PostgreSQL".equals(connection.getMetaData().getDatabaseProductName()), "product");
        int columns = 0;
        try (ResultSet rows = connection.getMetaData().getColumns(null, "public", "patients", null)) {
            while (rows.next()) {
                columns++;
            }
        }
        expect(columns == 7, "columns of patients: " + columns);
    }

    public static void main(String[] args) throws Exception {
        long[] patients = new long[args.length - 1];
        for (int i = 1; i < args.length; i++) {
            patients[i - 1] = Long.parseLong(args[i]);
        }
        try (Connection connection = connect(args[0])) {
            statements(connection, patients);
            transactions(connection, patients);
            batches(connection, patients[0]);
            errors(connection, patients[0]);
        }
        // Named statements from the first execution, and none at all.
        for (String threshold : new String[] {"1", "-1", "0"}) {
            try (Connection connection = connect(args[0], "prepareThreshold", threshold,
                                                 "ApplicationName", "threshold " + threshold)) {
                for (long patient : patients) {
                    for (int i = 0; i < 3; i++) {
                        expect(visits(connection, patient) == 100, "visits");
                    }
                }
            }
        }
        try (Connection connection = connect(args[0], "preferQueryMode", "simple")) {
            expect(visits(connection, patients[0]) == 100, "visits in simple mode");
        }
        try (Connection connection = connect(args[0], "autosave", "always")) {
            connection.setAutoCommit(false);
            errors(connection, patients[0]);
            expect(visits(connection, patients[0]) == 100, "autosave");
            connection.commit();
        }
        try (Connection connection = connect(args[0])) {
            metadata(connection);
        }
        System.out.println("fine");
    }
}

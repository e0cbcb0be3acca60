import java.io.BufferedReader;
import java.io.InputStreamReader;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.Properties;
import java.util.Set;
import java.util.TreeSet;

/** What replicas.py asks for, through JDBC: setReadOnly, statements that become prepared, portions of rows. */
public class Reads {
    private static final String READ = "SELECT served_by(), balance FROM accounts WHERE id = ?";
    private static Connection connection;
    private static PreparedStatement read, hinted, write;

    private static void open(String user) throws SQLException {
        Properties properties = new Properties();
        properties.setProperty("user", user);
        properties.setProperty("password", System.getenv("PGPASSWORD"));
        properties.setProperty("prepareThreshold", "3");
        connection = DriverManager.getConnection("jdbc:postgresql://" + System.getenv("PGHOST") + ":"
            + System.getenv("PGPORT") + "/" + System.getenv("PGDATABASE"), properties);
        read = connection.prepareStatement(READ);
        hinted = connection.prepareStatement("/* shardward: prefer_replica */ " + READ);
        write = connection.prepareStatement("UPDATE accounts SET balance = ? WHERE id = ?");
    }

    private static String say(String sql) throws SQLException {
        try (Statement statement = connection.createStatement()) {
            statement.execute(sql);
            return "said";
        }
    }

    private static String write(long value) throws SQLException {
        write.setLong(1, value);
        write.setLong(2, 5);
        return "wrote " + write.executeUpdate();
    }

    /** The rows that differ. */
    private static String rows(PreparedStatement select) throws SQLException {
        Set<String> seen = new TreeSet<>();
        select.setLong(1, 5);
        try (ResultSet rows = select.executeQuery()) {
            while (rows.next()) {
                seen.add(rows.getString(1) + " " + rows.getLong(2));
            }
        }
        return String.join(" ", seen);
    }

    private interface Work {
        String run() throws SQLException;
    }

    private static String readOnly(Work work) throws SQLException {
        connection.setReadOnly(true);
        connection.setAutoCommit(false);
        String seen = work.run();
        connection.commit();
        connection.setAutoCommit(true);
        connection.setReadOnly(false);
        return seen;
    }

    private static String fetch() throws SQLException {
        try (PreparedStatement select = connection.prepareStatement(
                "SELECT served_by(), balance, n FROM accounts, generate_series(1, 9) n WHERE id = ?")) {
            select.setFetchSize(2);
            return rows(select);
        }
    }

    private static String slow(String quick) throws SQLException {
        try (PreparedStatement select = connection.prepareStatement("SELECT served_by(), balance,"
                + " pg_sleep(CASE WHEN served_by() = ? THEN 0 ELSE 60 END) FROM accounts WHERE id = 5")) {
            select.setString(1, quick);
            try (ResultSet rows = select.executeQuery()) {
                rows.next();
                return rows.getString(1) + " " + rows.getLong(2);
            }
        }
    }

    private static String answer(String word, String rest) throws SQLException {
        switch (word) {
            case "open":
                open(rest);
                return "opened";
            case "say":
                return say(rest);
            case "write":
                return write(Long.parseLong(rest));
            case "read":
                return rows(read);
            case "hint":
                return rows(hinted);
            case "only":
                return readOnly(() -> rows(read) + " " + rows(read));
            case "fetch":
                return readOnly(Reads::fetch);
            default:
                return slow(rest);
        }
    }

    /** One line of what is asked, one of the answer. */
    public static void main(String[] args) throws Exception {
        BufferedReader asked = new BufferedReader(new InputStreamReader(System.in));
        for (String line = asked.readLine(); line != null; line = asked.readLine()) {
            String[] words = line.split(" ", 2);
            System.out.println(answer(words[0], words.length > 1 ? words[1] : ""));
        }
    }
}

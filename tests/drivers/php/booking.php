<?php
// booking - PHP: PDO with prepares of the server and emulated ones, and the functions pg_*.
declare(strict_types=1);

$keys = array_map('intval', explode(' ', getenv('KEYS')));

function say(string $step, mixed ...$seen): void
{
    $words = array_map(fn ($one) => is_string($one) ? $one : json_encode($one, JSON_UNESCAPED_UNICODE), $seen);
    echo "$step: ", implode(' ', $words), "\n";
}

function connect(array $options = []): PDO
{
    $source = sprintf('pgsql:host=%s;port=%s;dbname=%s', getenv('PGHOST'), getenv('PGPORT'), getenv('PGDATABASE'));
    return new PDO($source, getenv('PGUSER'), getenv('PGPASSWORD'),
        $options + [PDO::ATTR_ERRMODE => PDO::ERRMODE_EXCEPTION, PDO::ATTR_DEFAULT_FETCH_MODE => PDO::FETCH_NUM]);
}

function row(PDO $db, string $sql, mixed ...$values): mixed
{
    $statement = $db->prepare($sql);
    $statement->execute($values);
    return $statement->fetch();
}

function rows(PDO $db, array $keys): void
{
    $insert = $db->prepare('INSERT INTO patients (patient_id, name, phone) VALUES (:key, :name, :phone)');
    foreach ($keys as $key) {
        $insert->execute(['key' => $key, 'name' => 'Zoë', 'phone' => null]);
        say('insert', $insert->rowCount());
    }
    say('single table', row($db, 'INSERT INTO hospitals VALUES (?, ?, ?) RETURNING name, city', $keys[0], "St. Mary's", 'Cork'));
    foreach ($keys as $key) {
        say('select', row($db, 'SELECT name, phone, visits FROM patients WHERE patient_id = ?', $key));
    }
    say('select', $db->query("SELECT name, city FROM patients WHERE patient_id = $keys[1]")->fetch(PDO::FETCH_ASSOC));
    say('update', $db->exec("UPDATE patients SET visits = visits + 1 WHERE patient_id = $keys[1]"));
    $update = $db->prepare('UPDATE patients SET visits = visits + ? WHERE patient_id = ? RETURNING visits');
    $update->bindValue(1, 2, PDO::PARAM_INT);
    $update->bindValue(2, $keys[1], PDO::PARAM_INT);
    $update->execute();
    say('update', $update->fetchColumn());
    say('delete', $db->exec("DELETE FROM hospitals WHERE hospital_id = $keys[0]"));
}

// PDO names its statements, and sends DEALLOCATE as a text when they are destroyed.
function prepared(PDO $db, array $keys): void
{
    foreach ([[], [PDO::ATTR_EMULATE_PREPARES => true], [PDO::PGSQL_ATTR_DISABLE_PREPARES => true]] as $number => $options) {
        for ($turn = 0; $turn < 8; $turn++) {
            $select = $db->prepare('SELECT name, visits FROM patients WHERE patient_id = ?', $options);
            $select->execute([$keys[$turn % 4]]);
            $select->execute([$keys[($turn + 1) % 4]]);
            say('prepared', $number, $select->fetchAll());
            $select = null;
        }
    }
    $db->beginTransaction();
    $select = $db->prepare('SELECT visits FROM patients WHERE patient_id = ?');
    $select->execute([$keys[0]]);
    try {
        $db->exec("SELECT 1/0 FROM patients WHERE patient_id = $keys[0]");
    } catch (PDOException $error) {
        say('prepared', 'failed', $error->getCode());
    }
    $select = null;                         // its DEALLOCATE fails as well
    $db->rollBack();
    $select = $db->prepare('SELECT name, visits FROM patients WHERE patient_id = ?');
    $select->execute([$keys[2]]);
    $meta = $select->getColumnMeta(0);      // asks pg_class for the table's OID
    say('column meta', $meta['native_type'], $meta['name'], $meta['table'] ?? 'no table', $meta['len']);
}

function batch(PDO $db, array $keys): void
{
    $insert = $db->prepare('INSERT INTO appointments (patient_id, appointment_id, doctor_id, slot_id) VALUES (?, ?, 7, 7)');
    $db->beginTransaction();
    for ($n = 1; $n <= 50; $n++) {
        $insert->execute([$keys[0], $n]);
    }
    $db->commit();
    say('batch', row($db, 'SELECT count(*), sum(appointment_id) FROM appointments WHERE patient_id = ?', $keys[0]));
}

function transactions(PDO $db, array $keys): void
{
    $balance = fn () => row($db, 'SELECT balance FROM patients WHERE patient_id = ?', $keys[2]);
    $update = $db->prepare('UPDATE patients SET balance = balance + 1 WHERE patient_id = ?');
    $db->beginTransaction();
    $update->execute([$keys[2]]);
    say('transaction', $db->inTransaction());
    $db->rollBack();
    say('transaction', $balance(), $db->inTransaction());
    $db->beginTransaction();
    $update->execute([$keys[2]]);
    $db->exec('SAVEPOINT one');
    try {
        $db->exec("INSERT INTO patients (patient_id, name) VALUES ($keys[2], 'again')");
    } catch (PDOException $error) {
        say('savepoint', $error->getCode());
    }
    $db->exec('ROLLBACK TO SAVEPOINT one');
    $update->execute([$keys[2]]);
    $db->commit();
    say('savepoint', $balance());
}

function copies(PDO $db, array $keys): void
{
    $rows = array_map(fn ($n) => "$keys[1]\t$n\t7\t7\n", range(1, 300));
    say('copy in', $db->pgsqlCopyFromArray('appointments', $rows, "\t", '\\\\N', 'patient_id,appointment_id,doctor_id,slot_id'));
    $link = pg_connect(sprintf("connect_timeout=10 user=%s", getenv('PGUSER')), PGSQL_CONNECT_FORCE_NEW);
    pg_query($link, 'COPY kinds (patient_id, n, word) FROM STDIN');
    pg_put_line($link, "$keys[1]\t1\ta b\n");
    pg_put_line($link, "$keys[1]\t2\t\\N\n");
    pg_put_line($link, "\\.\n");
    say('copy in', pg_end_copy($link));
    try {
        say('copy out', count($db->pgsqlCopyToArray("(SELECT appointment_id FROM appointments WHERE patient_id = $keys[1])")));
    } catch (PDOException $error) {
        say('copy out', $error->getCode());
    }
    pg_close($link);
}

function cursors(PDO $db, array $keys): void
{
    $db->beginTransaction();
    $db->exec("DECLARE portions SCROLL CURSOR FOR SELECT appointment_id FROM appointments WHERE patient_id = $keys[1] ORDER BY 1");
    foreach (['FETCH 2 FROM portions', 'FETCH LAST FROM portions', 'FETCH PRIOR FROM portions'] as $fetch) {
        say('cursor', $db->query($fetch)->fetchAll(PDO::FETCH_COLUMN));
    }
    $db->commit();
    $db->beginTransaction();                // PDO's own is declared WITH HOLD
    $rows = $db->prepare('SELECT appointment_id FROM appointments WHERE patient_id = ? ORDER BY 1',
        [PDO::ATTR_CURSOR => PDO::CURSOR_SCROLL]);
    $rows->execute([$keys[1]]);
    say('scroll cursor', $rows->fetch(), $rows->fetch(PDO::FETCH_NUM, PDO::FETCH_ORI_LAST),
        $rows->fetch(PDO::FETCH_NUM, PDO::FETCH_ORI_PRIOR), $rows->fetch(PDO::FETCH_NUM, PDO::FETCH_ORI_ABS, 10));
    $db->commit();
    $rows = null;
}

function types(PDO $db, array $keys): void
{
    $insert = $db->prepare('INSERT INTO kinds (patient_id, n, flag, big, exact, bytes, numbers, docb, mood, moods, visit, word)'
        . ' VALUES (?, 3, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)');
    $values = [$keys[1], true, 2 ** 62, '12.5', "\0\xff'\\", '{1,NULL,3}', '{"a": [1, null]}', 'glad', '{sad,calm}',
        '(2026-07-01,glad,"{x}")', null];
    foreach ($values as $number => $value) {
        $kind = match (true) {
            is_bool($value) => PDO::PARAM_BOOL, $number == 4 => PDO::PARAM_LOB, is_null($value) => PDO::PARAM_NULL,
            default => PDO::PARAM_STR
        };
        $insert->bindValue($number + 1, $value, $kind);
    }
    $insert->execute();
    $row = row($db, 'SELECT flag, big, exact, bytes, numbers, docb, mood, moods, visit, word FROM kinds WHERE patient_id = ? AND n = 3',
        $keys[1]);
    $row[3] = bin2hex(stream_get_contents($row[3]));
    say('types', $row);
}

function errors(PDO $db, array $keys): void
{
    $sqls = ["INSERT INTO patients (patient_id, name) VALUES ($keys[0], 'again')", 'SELEC 1', 'SELECT 1/0',
        'SELECT * FROM no_such_table', "INSERT INTO patients (patient_id) VALUES ($keys[0])"];
    foreach ($sqls as $sql) {
        foreach ([fn () => $db->exec($sql), fn () => $db->prepare($sql)->execute()] as $way) {
            try {
                $way();
                throw new LogicException($sql);
            } catch (PDOException $error) {
                say('errors', $error->getCode(), explode("\n", $error->errorInfo[2])[0]);
            }
        }
    }
    say('errors', $db->query("SELECT 'goes on'")->fetch());
}

function waitUntilRuns(string $sql): void
{
    $watch = pg_connect(getenv('WATCH'), PGSQL_CONNECT_FORCE_NEW);
    while (pg_num_rows(pg_query_params($watch, "SELECT 1 FROM pg_stat_activity WHERE state = 'active' AND query = $1", [$sql])) === 0);
    pg_close($watch);
}

// PDO has no cancel; pg_* have, and are asynchronous.
function cancel(array $keys): void
{
    $link = pg_connect('connect_timeout=10', PGSQL_CONNECT_FORCE_NEW);
    foreach (['SELECT pg_sleep(50) /* php */', "SELECT pg_sleep(50) FROM patients WHERE patient_id = $keys[0] /* php */"] as $sql) {
        pg_send_query($link, $sql);
        waitUntilRuns($sql);
        say('cancel', pg_connection_busy($link), pg_cancel_query($link));
    }
    pg_query($link, "SET statement_timeout = '200ms'");
    pg_send_query($link, 'SELECT pg_sleep(50)');
    say('cancel', pg_result_error_field(pg_get_result($link), PGSQL_DIAG_SQLSTATE));
    pg_query($link, 'RESET statement_timeout');
    pg_prepare($link, 'named', 'SELECT name FROM patients WHERE patient_id = $1');
    foreach ($keys as $key) {
        say('functions', pg_fetch_row(pg_execute($link, 'named', [$key])));
    }
    $result = pg_query_params($link, 'SELECT name, visits FROM patients WHERE patient_id = $1', [$keys[0]]);
    say('functions', pg_field_name($result, 1), pg_field_type($result, 1), pg_field_table($result, 0));
    say('functions', array_keys(pg_meta_data($link, 'patients')));
    say('functions', pg_update($link, 'patients', ['phone' => '+49 1'], ['patient_id' => $keys[0]]));
    say('functions', pg_select($link, 'hospitals', ['hospital_id' => 0]));
    say('functions', pg_ping($link), pg_transaction_status($link), pg_parameter_status($link, 'server_encoding'));
    pg_close($link);
}

function notifications(PDO $db): void
{
    $db->exec('LISTEN bookings_php');
    connect()->exec("NOTIFY bookings_php, 'slot 7'");
    $note = $db->pgsqlGetNotify(PDO::FETCH_ASSOC, 10000);
    say('notify', $note['message'], $note['payload']);
}

function persistent(array $keys): void
{
    for ($turn = 0; $turn < 4; $turn++) {
        $db = connect([PDO::ATTR_PERSISTENT => true]);
        say('persistent', row($db, 'SELECT visits FROM patients WHERE patient_id = ?', $keys[$turn]));
        $db = null;
    }
}

function ddl(PDO $db, array $keys): void
{
    $db->exec('CREATE TABLE notes_php (patient_id bigint PRIMARY KEY, note text)');
    say('ddl', row($db, 'INSERT INTO notes_php VALUES (?, ?) RETURNING note', $keys[3], 'seen'));
    $db->exec('DROP TABLE notes_php');
}

$db = connect();
say('connect', $db->getAttribute(PDO::ATTR_DRIVER_NAME), $db->getAttribute(PDO::ATTR_SERVER_VERSION),
    $db->getAttribute(PDO::ATTR_CONNECTION_STATUS));
rows($db, $keys);
prepared($db, $keys);
batch($db, $keys);
transactions($db, $keys);
copies($db, $keys);
cursors($db, $keys);
types($db, $keys);
errors($db, $keys);
cancel($keys);
notifications($db);
persistent($keys);
ddl($db, $keys);
say('done', 'all');

// booking - pgx: binary values, its caches of statements, batches, CopyFrom, nested transactions.
package main

import (
	"bytes"
	"context"
	"database/sql"
	"errors"
	"fmt"
	"os"
	"strconv"
	"strings"
	"time"

	"github.com/jackc/pgconn"
	"github.com/jackc/pgconn/stmtcache"
	"github.com/jackc/pgtype"
	"github.com/jackc/pgx/v4"
	"github.com/jackc/pgx/v4/pgxpool"
	_ "github.com/jackc/pgx/v4/stdlib"
)

const selectVisits = "SELECT name, visits FROM patients WHERE patient_id = $1"

var (
	background = context.Background()
	keys       []int64
)

func say(step string, seen ...interface{}) {
	fmt.Printf("%s: %s", step, fmt.Sprintln(seen...))
}

func must(err error) {
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		panic(err)
	}
}

func state(err error) string {
	var pgError *pgconn.PgError
	if errors.As(err, &pgError) {
		return pgError.Code
	}
	return fmt.Sprint(err)
}

func connect(change func(*pgx.ConnConfig)) *pgx.Conn {
	config, err := pgx.ParseConfig("")
	must(err)
	if change != nil {
		change(config)
	}
	conn, err := pgx.ConnectConfig(background, config)
	must(err)
	return conn
}

func exec(conn *pgx.Conn, sql string, args ...interface{}) string {
	tag, err := conn.Exec(background, sql, args...)
	must(err)
	return tag.String()
}

func visits(conn *pgx.Conn, key int64) (found int) {
	must(conn.QueryRow(background, selectVisits, key).Scan(new(string), &found))
	return found
}

func rows(conn *pgx.Conn) {
	for _, key := range keys {
		say("insert", exec(conn, "INSERT INTO patients (patient_id, name, phone) VALUES ($1, $2, $3)", key, "Zoë", nil))
	}
	var name string
	must(conn.QueryRow(background, "INSERT INTO hospitals VALUES ($1, $2, 'Cork') RETURNING name", keys[0], "St. Mary").Scan(&name))
	say("single table", name)
	for _, key := range keys {
		found, err := conn.Query(background, "SELECT name, phone, visits FROM patients WHERE patient_id = $1", key)
		must(err)
		for found.Next() {
			values, err := found.Values()
			must(err)
			say("select", values)
		}
		say("select", string(found.FieldDescriptions()[0].Name), found.FieldDescriptions()[2].DataTypeOID, found.CommandTag())
	}
	say("select", conn.QueryRow(background, selectVisits, -1).Scan(&name, nil) == pgx.ErrNoRows)
	say("update", exec(conn, "UPDATE patients SET visits = visits + $2 WHERE patient_id = $1", keys[1], 1))
	say("delete", exec(conn, "DELETE FROM hospitals WHERE hospital_id = $1", keys[0]))
}

// The caches: named statements, descriptions of the unnamed one, none, and the simple protocol.
func caches() {
	modes := map[string]func(*pgx.ConnConfig){
		"prepare": func(config *pgx.ConnConfig) {
			config.BuildStatementCache = func(conn *pgconn.PgConn) stmtcache.Cache {
				return stmtcache.New(conn, stmtcache.ModePrepare, 2)
			}
		},
		"describe": func(config *pgx.ConnConfig) {
			config.BuildStatementCache = func(conn *pgconn.PgConn) stmtcache.Cache {
				return stmtcache.New(conn, stmtcache.ModeDescribe, 10)
			}
		},
		"none":   func(config *pgx.ConnConfig) { config.BuildStatementCache = nil },
		"simple": func(config *pgx.ConnConfig) { config.PreferSimpleProtocol = true },
	}
	for _, mode := range []string{"prepare", "describe", "none", "simple"} {
		conn := connect(modes[mode])
		for turn := 0; turn < 12; turn++ {
			var found int
			sql := fmt.Sprintf("SELECT visits + %d FROM patients WHERE patient_id = $1", turn%3)
			must(conn.QueryRow(background, sql, keys[turn%4]).Scan(&found))
			say("prepared", mode, found)
		}
		must(conn.Close(background))
	}
}

func prepared(conn *pgx.Conn) {
	described, err := conn.Prepare(background, "visits", selectVisits)
	must(err)
	say("prepared", described.ParamOIDs, len(described.Fields), string(described.Fields[1].Name), described.Fields[1].TableAttributeNumber)
	for turn := 0; turn < 4; turn++ {
		var name string
		var found int
		must(conn.QueryRow(background, "visits", keys[turn]).Scan(&name, &found))
		say("prepared", name, found)
	}
	must(conn.Deallocate(background, "visits"))
}

func batches(conn *pgx.Conn) {
	batch := &pgx.Batch{}
	for n := 1; n <= 50; n++ {
		batch.Queue("INSERT INTO appointments (patient_id, appointment_id, doctor_id, slot_id) VALUES ($1, $2, 7, 7)", keys[0], n)
	}
	batch.Queue("SELECT sum(appointment_id) FROM appointments WHERE patient_id = $1", keys[0])
	results := conn.SendBatch(background, batch)
	for n := 1; n <= 50; n++ {
		_, err := results.Exec()
		must(err)
	}
	var sum int
	must(results.QueryRow().Scan(&sum))
	must(results.Close())
	say("batch", sum)

	batch = &pgx.Batch{}
	for _, key := range keys {
		batch.Queue("UPDATE patients SET balance = balance + 1 WHERE patient_id = $1", key)
	}
	if err := conn.SendBatch(background, batch).Close(); err != nil {
		say("batch over shards", "refused", state(err))
	} else {
		say("batch over shards", "done")
	}

	batch = &pgx.Batch{}
	batch.Queue("UPDATE patients SET visits = 77 WHERE patient_id = $1", keys[0])
	batch.Queue("SELECT 1/0 FROM patients WHERE patient_id = $1", keys[0])
	results = conn.SendBatch(background, batch)
	_, err := results.Exec()
	must(err)
	_, err = results.Exec()
	say("batch", state(err), state(results.Close()), visits(conn, keys[0]))
}

func transactions(conn *pgx.Conn) {
	const update = "UPDATE patients SET balance = 7 WHERE patient_id = $1"
	say("transaction", conn.BeginFunc(background, func(tx pgx.Tx) error {
		_, err := tx.Exec(background, update, keys[2])
		must(err)
		return errors.New("changed my mind")
	}))
	tx, err := conn.BeginTx(background, pgx.TxOptions{IsoLevel: pgx.Serializable, DeferrableMode: pgx.Deferrable})
	must(err)
	_, err = tx.Exec(background, update, keys[2])
	must(err)
	inner, err := tx.Begin(background) // a savepoint
	must(err)
	_, err = inner.Exec(background, "SELECT 1/0 FROM patients WHERE patient_id = $1", keys[2])
	say("savepoint", state(err), string(conn.PgConn().TxStatus()))
	must(inner.Rollback(background))
	inner, err = tx.Begin(background)
	must(err)
	_, err = inner.Exec(background, "UPDATE patients SET balance = balance + 1 WHERE patient_id = $1", keys[2])
	must(err)
	must(inner.Commit(background))
	must(tx.Commit(background))
	var balance int
	must(conn.QueryRow(background, "SELECT balance FROM patients WHERE patient_id = $1", keys[2]).Scan(&balance))
	say("savepoint", balance)
	tx, err = conn.BeginTx(background, pgx.TxOptions{AccessMode: pgx.ReadOnly})
	must(err)
	_, err = tx.Exec(background, update, keys[2])
	say("transaction", state(err), tx.Commit(background))
}

func copies(conn *pgx.Conn) {
	reader := &bytes.Buffer{}
	for n := 1; n <= 500; n++ {
		fmt.Fprintf(reader, "%d,%d,7,7\n", keys[1], n)
	}
	tag, err := conn.PgConn().CopyFrom(background, reader, "COPY appointments (patient_id, appointment_id, doctor_id, slot_id) FROM STDIN (FORMAT csv)")
	must(err)
	say("copy in", tag)
	out := &bytes.Buffer{}
	tag, err = conn.PgConn().CopyTo(background, out,
		fmt.Sprintf("COPY (SELECT appointment_id, status FROM appointments WHERE patient_id = %d ORDER BY 1) TO STDOUT", keys[1]))
	must(err)
	lines := strings.Split(out.String(), "\n")
	say("copy out", tag, len(lines), lines[499])
	rows := [][]interface{}{}
	for n := 1000; n < 1100; n++ {
		rows = append(rows, []interface{}{keys[1], n, 7, 7})
	}
	count, err := conn.CopyFrom(background, pgx.Identifier{"appointments"}, []string{"patient_id", "appointment_id", "doctor_id", "slot_id"},
		pgx.CopyFromRows(rows))
	must(err)
	var total, slots int
	must(conn.QueryRow(background, "SELECT count(*), sum(slot_id) FROM appointments WHERE patient_id = $1 AND appointment_id >= 1000",
		keys[1]).Scan(&total, &slots))
	say("copy rows", count, total, slots)
}

func cursors(conn *pgx.Conn) {
	tx, err := conn.Begin(background)
	must(err)
	defer tx.Rollback(background)
	_, err = tx.Exec(background,
		fmt.Sprintf("DECLARE portions SCROLL CURSOR FOR SELECT appointment_id FROM appointments WHERE patient_id = %d AND appointment_id <= 500 ORDER BY 1", keys[1]))
	must(err)
	for _, fetch := range []string{"FETCH 1 FROM portions", "FETCH LAST FROM portions", "FETCH PRIOR FROM portions"} {
		var found int64
		must(tx.QueryRow(background, fetch).Scan(&found))
		say("cursor", found)
	}
}

// register tells the connection of our own types, whose OIDs the catalog knows.
func register(conn *pgx.Conn) {
	oid := func(name string) (found uint32) {
		must(conn.QueryRow(background, "SELECT oid FROM pg_type WHERE typname = $1", name).Scan(&found))
		return found
	}
	info := conn.ConnInfo()
	info.RegisterDataType(pgtype.DataType{Value: pgtype.NewEnumType("mood", []string{"sad", "calm", "glad"}), Name: "mood", OID: oid("mood")})
	moods := pgtype.NewArrayType("_mood", oid("mood"), func() pgtype.ValueTranscoder { return pgtype.NewEnumType("mood", []string{"sad", "calm", "glad"}) })
	info.RegisterDataType(pgtype.DataType{Value: moods, Name: "_mood", OID: oid("_mood")})
	visit, err := pgtype.NewCompositeType("visit", []pgtype.CompositeTypeField{
		{Name: "day", OID: pgtype.DateOID}, {Name: "mood", OID: oid("mood")}, {Name: "notes", OID: pgtype.TextArrayOID}}, info)
	must(err)
	info.RegisterDataType(pgtype.DataType{Value: visit, Name: "visit", OID: oid("visit")})
}

func types(conn *pgx.Conn) {
	register(conn)
	day := time.Date(2026, 7, 1, 0, 0, 0, 0, time.UTC)
	columns := "flag, small, big, approx, exact, word, bytes, day, instant, span, token, docb, address, numbers, words, label, mood, moods"
	exec(conn, "INSERT INTO kinds (patient_id, n, "+columns+") VALUES ($1, 1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19)",
		keys[1], true, -7, int64(1)<<62, 0.1, "12.5", "a\\b'c", []byte{0, 255}, day, day.Add(8*time.Hour), 26*time.Hour,
		"00000000-0000-0000-0000-000000000005", map[string][]int{"a": {1, 2}}, "10.0.0.1", []int32{1, 3}, []string{"a b", `c"d`}, nil, "glad", []string{"sad", "calm"})
	found, err := conn.Query(background, "SELECT "+columns+" FROM kinds WHERE patient_id = $1 AND n = 1", keys[1])
	must(err)
	for found.Next() {
		values, err := found.Values()
		must(err)
		for number, value := range values {
			say("types", number, found.FieldDescriptions()[number].Format, value)
		}
	}
	must(found.Err())
	var count int
	must(conn.QueryRow(background, "SELECT count(*) FROM kinds WHERE patient_id = ANY ($1) AND n = ANY ($2)", keys[1:2], []int32{1, 2}).Scan(&count))
	say("types", count)
	exec(conn, "UPDATE kinds SET visit = ROW($2, $3, $4)::visit, score = $5 WHERE patient_id = $1 AND n = 1", keys[1], day, "glad", []string{"x"}, 99)
	var visited time.Time
	var mood string
	var notes []string
	var score int
	must(conn.QueryRow(background, "SELECT visit, score FROM kinds WHERE patient_id = $1 AND n = 1", keys[1]).Scan(
		pgtype.CompositeFields{&visited, &mood, &notes}, &score))
	say("own types", visited.Format("2006-01-02"), mood, notes, score)
}

func failures(conn *pgx.Conn) {
	for _, sql := range []string{fmt.Sprintf("INSERT INTO patients (patient_id, name) VALUES (%d, 'again')", keys[0]), "SELEC 1", "SELECT 1/0",
		"SELECT * FROM no_such_table", fmt.Sprintf("INSERT INTO patients (patient_id) VALUES (%d)", keys[0])} {
		_, err := conn.Exec(background, sql)
		var pgError *pgconn.PgError
		errors.As(err, &pgError)
		say("errors", pgError.Code, pgError.Message, pgError.TableName, pgError.ConstraintName)
	}
	_, err := conn.Exec(background, selectVisits, "x")
	say("errors", err)
	results, err := conn.PgConn().Exec(background, "SELECT 1; SELECT 'two'").ReadAll()
	must(err)
	say("errors", "goes on", len(results), string(results[1].Rows[0][0]))
}

func waitUntilRuns(sql string) {
	watch, err := pgx.Connect(background, os.Getenv("WATCH"))
	must(err)
	defer watch.Close(background)
	for count := 0; count == 0; {
		must(watch.QueryRow(background, "SELECT count(*) FROM pg_stat_activity WHERE state = 'active' AND query = $1", sql).Scan(&count))
	}
}

// A context that ends closes the connection in pgx 4; CancelRequest leaves it open.
func cancels(conn *pgx.Conn) {
	for _, sql := range []string{"SELECT pg_sleep(50) /* pgx */", fmt.Sprintf("SELECT pg_sleep(50) FROM patients WHERE patient_id = %d /* pgx */", keys[0])} {
		sent := make(chan error)
		go func() {
			waitUntilRuns(sql)
			sent <- conn.PgConn().CancelRequest(background)
		}()
		_, err := conn.Exec(background, sql)
		must(<-sent)
		say("cancel", state(err))
	}
	hasty := connect(nil)
	ctx, cancel := context.WithTimeout(background, 200*time.Millisecond)
	defer cancel()
	_, err := hasty.Exec(ctx, "SELECT pg_sleep(50)")
	say("cancel", err != nil, hasty.IsClosed())
	say("cancel", "goes on", visits(conn, keys[0]))
}

func notifications(conn *pgx.Conn) {
	exec(conn, "LISTEN bookings_pgx")
	other := connect(nil)
	exec(other, "SELECT pg_notify('bookings_pgx', $1)", "slot 7")
	must(other.Close(background))
	note, err := conn.WaitForNotification(background)
	must(err)
	say("notify", note.Channel, note.Payload)
}

func pools() {
	pool, err := pgxpool.Connect(background, "pool_max_conns=4")
	must(err)
	done := make(chan error)
	for n := 0; n < 40; n++ {
		go func() {
			_, err := pool.Exec(background, "UPDATE patients SET visits = visits + 1 WHERE patient_id = $1", keys[3])
			done <- err
		}()
	}
	for n := 0; n < 40; n++ {
		must(<-done)
	}
	var found int
	must(pool.QueryRow(background, selectVisits, keys[3]).Scan(new(string), &found))
	say("pool", found)
	pool.Close()

	db, err := sql.Open("pgx", "")
	must(err)
	for _, key := range keys {
		must(db.QueryRow(selectVisits, key).Scan(new(string), &found))
		say("database sql", found)
	}
	must(db.Close())
}

func ddl(conn *pgx.Conn) {
	say("ddl", exec(conn, "CREATE TABLE notes_pgx (patient_id bigint PRIMARY KEY, note text)"))
	say("ddl", exec(conn, "INSERT INTO notes_pgx VALUES ($1, $2)", keys[3], "seen"))
	say("ddl", exec(conn, "DROP TABLE notes_pgx"))
}

func main() {
	os.Setenv("PGSSLMODE", "disable")
	for _, key := range strings.Fields(os.Getenv("KEYS")) {
		number, err := strconv.ParseInt(key, 10, 64)
		must(err)
		keys = append(keys, number)
	}
	conn := connect(func(config *pgx.ConnConfig) { config.RuntimeParams["work_mem"] = "5MB" })
	var memory string
	must(conn.QueryRow(background, "SHOW work_mem").Scan(&memory))
	say("connect", memory, conn.PgConn().ParameterStatus("server_version"))
	rows(conn)
	caches()
	prepared(conn)
	batches(conn)
	transactions(conn)
	copies(conn)
	cursors(conn)
	types(conn)
	failures(conn)
	cancels(conn)
	notifications(conn)
	pools()
	ddl(conn)
	must(conn.Close(background))
	say("done", "all")
}

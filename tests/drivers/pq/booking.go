// booking - lib/pq under database/sql: statements, its pool, CopyIn, arrays, a listener.
package main

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"os"
	"strings"
	"time"

	"github.com/lib/pq"
)

var keys = strings.Fields(os.Getenv("KEYS"))

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
	var pqError *pq.Error
	if errors.As(err, &pqError) {
		return string(pqError.Code)
	}
	return fmt.Sprint(err)
}

// queryer is a pool, a connection of it, or a transaction.
type queryer interface {
	ExecContext(ctx context.Context, query string, args ...interface{}) (sql.Result, error)
	QueryRowContext(ctx context.Context, query string, args ...interface{}) *sql.Row
	QueryContext(ctx context.Context, query string, args ...interface{}) (*sql.Rows, error)
}

var background = context.Background()

func exec(db queryer, query string, args ...interface{}) int64 {
	result, err := db.ExecContext(background, query, args...)
	must(err)
	count, err := result.RowsAffected()
	must(err)
	return count
}

func value(db queryer, query string, args ...interface{}) (found string) {
	must(db.QueryRowContext(background, query, args...).Scan(&found))
	return found
}

func rows(db *sql.DB) {
	for _, key := range keys {
		say("insert", exec(db, "INSERT INTO patients (patient_id, name, phone) VALUES ($1, $2, $3)", key, "Zoë", nil))
	}
	say("single table", value(db, "INSERT INTO hospitals VALUES ($1, $2, 'Cork') RETURNING name", keys[0], "St. Mary"))
	for _, key := range keys {
		var name string
		var phone sql.NullString
		var visits int
		must(db.QueryRow("SELECT name, phone, visits FROM patients WHERE patient_id = $1", key).Scan(&name, &phone, &visits))
		say("select", name, phone.Valid, visits)
	}
	say("select", db.QueryRow("SELECT name FROM patients WHERE patient_id = -1").Scan(new(string)) == sql.ErrNoRows)
	found, err := db.Query("SELECT 1; SELECT 'two'")
	must(err)
	for more := true; more; more = found.NextResultSet() {
		for found.Next() {
			var one string
			must(found.Scan(&one))
			say("select", one)
		}
	}
	must(found.Err())
	say("update", exec(db, "UPDATE patients SET visits = visits + 1 WHERE patient_id = "+keys[1]))
	say("delete", exec(db, "DELETE FROM hospitals WHERE hospital_id = $1", keys[0]))
}

func prepared(db *sql.DB) {
	statement, err := db.Prepare("SELECT name, visits FROM patients WHERE patient_id = $1")
	must(err)
	for turn := 0; turn < 8; turn++ {
		var name string
		var visits int
		must(statement.QueryRow(keys[turn%4]).Scan(&name, &visits))
		say("prepared", name, visits)
	}
	must(statement.Close())
	_, err = db.Prepare("SELEC 1")
	say("prepared", state(err))
	binary, err := sql.Open("postgres", "binary_parameters=yes")
	must(err)
	for _, key := range keys {
		say("binary parameters", value(binary, "SELECT name FROM patients WHERE patient_id = $1", key))
	}
	must(binary.Close())
}

func transactions(db *sql.DB) {
	const update = "UPDATE patients SET balance = balance + 1 WHERE patient_id = $1"
	const balance = "SELECT balance FROM patients WHERE patient_id = $1"
	tx, err := db.Begin()
	must(err)
	exec(tx, update, keys[2])
	must(tx.Rollback())
	say("transaction", value(db, balance, keys[2]))
	tx, err = db.BeginTx(background, &sql.TxOptions{Isolation: sql.LevelRepeatableRead})
	must(err)
	exec(tx, update, keys[2])
	exec(tx, "SAVEPOINT one")
	_, err = tx.Exec("SELECT 1/0 FROM patients WHERE patient_id = $1", keys[2])
	say("savepoint", state(err))
	_, err = tx.Exec(update, keys[2])
	say("savepoint", state(err))
	exec(tx, "ROLLBACK TO one")
	exec(tx, update, keys[2])
	must(tx.Commit())
	say("savepoint", value(db, balance, keys[2]))
	tx, err = db.BeginTx(background, &sql.TxOptions{ReadOnly: true})
	must(err)
	_, err = tx.Exec(update, keys[2])
	say("transaction", "read only", state(err))
	say("transaction", "commit of a failed one:", tx.Commit() != nil)
}

func batch(db *sql.DB) {
	tx, err := db.Begin()
	must(err)
	insert, err := tx.Prepare("INSERT INTO appointments (patient_id, appointment_id, doctor_id, slot_id) VALUES ($1, $2, 7, 7)")
	must(err)
	for n := 1; n <= 50; n++ {
		_, err = insert.Exec(keys[0], n)
		must(err)
	}
	must(tx.Commit())
	say("batch", value(db, "SELECT sum(appointment_id) FROM appointments WHERE patient_id = $1", keys[0]))
}

// CopyIn is a prepared statement whose executions are rows; lib/pq has no COPY TO.
func copies(db *sql.DB) {
	tx, err := db.Begin()
	must(err)
	into, err := tx.Prepare(pq.CopyIn("appointments", "patient_id", "appointment_id", "doctor_id", "slot_id"))
	must(err)
	for n := 1; n <= 500; n++ {
		_, err = into.Exec(keys[1], n, 7, 7)
		must(err)
	}
	result, err := into.Exec()
	must(err)
	count, _ := result.RowsAffected()
	must(into.Close())
	must(tx.Commit())
	say("copy in", count, value(db, "SELECT count(*) FROM appointments WHERE patient_id = $1", keys[1]))
}

func cursors(db *sql.DB) {
	tx, err := db.Begin()
	must(err)
	exec(tx, "DECLARE portions SCROLL CURSOR FOR SELECT appointment_id FROM appointments WHERE patient_id = "+keys[1]+" ORDER BY 1")
	say("cursor", value(tx, "FETCH 1 FROM portions"), value(tx, "FETCH LAST FROM portions"), value(tx, "FETCH PRIOR FROM portions"))
	must(tx.Commit())
}

func types(db *sql.DB) {
	exec(db, "INSERT INTO kinds (patient_id, n, flag, big, exact, bytes, day, instant, numbers, words, docb, mood, moods, visit, label)"+
		" VALUES ($1, 1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14)", keys[1], true, int64(1)<<62, "12.5", []byte("\x00\xff'"),
		time.Date(2026, 7, 1, 0, 0, 0, 0, time.UTC), time.Date(2026, 7, 1, 8, 30, 0, 0, time.UTC), pq.Array([]int64{1, 3}),
		pq.Array([]string{"a b", `c"d`}), `{"a": [1, null]}`, "glad", pq.Array([]string{"sad", "calm"}), `(2026-07-01,glad,"{x}")`, nil)
	var flag bool
	var big int64
	var exact, doc, mood, visit string
	var bytes []byte
	var day, instant time.Time
	var numbers []int64
	var words, moods []string
	var label sql.NullString
	must(db.QueryRow("SELECT flag, big, exact, bytes, day, instant, numbers, words, docb, mood, moods, visit, label FROM kinds"+
		" WHERE patient_id = $1 AND n = 1", keys[1]).Scan(&flag, &big, &exact, &bytes, &day, &instant, pq.Array(&numbers), pq.Array(&words),
		&doc, &mood, pq.Array(&moods), &visit, &label))
	say("types", flag, big, exact, bytes, day.UTC(), instant.UTC(), numbers, words, doc, mood, moods, visit, label.Valid)
	say("types", value(db, "SELECT count(*) FROM kinds WHERE patient_id = ANY ($1) AND n = ANY ($2)", pq.Array(keys[1:2]), pq.Array([]int{1, 2})))
	found, err := db.Query("SELECT exact, label, mood FROM kinds WHERE patient_id = $1 AND n = 1", keys[1])
	must(err)
	columns, err := found.ColumnTypes()
	must(err)
	for _, column := range columns {
		say("types", column.Name(), column.DatabaseTypeName(), column.ScanType())
	}
	must(found.Close())
}

func failures(db *sql.DB) {
	for _, query := range []string{"INSERT INTO patients (patient_id, name) VALUES (" + keys[0] + ", 'again')", "SELEC 1", "SELECT 1/0",
		"SELECT * FROM no_such_table", "INSERT INTO patients (patient_id) VALUES (" + keys[0] + ")"} {
		_, err := db.Exec(query)
		var pqError *pq.Error
		errors.As(err, &pqError)
		say("errors", pqError.Code, pqError.Code.Name(), pqError.Message, pqError.Constraint)
	}
	_, err := db.Exec("SELECT name FROM patients WHERE patient_id = $1", "x")
	say("errors", state(err))
	say("errors", value(db, "SELECT 'goes on'"))
}

func waitUntilRuns(query string) {
	watch, err := sql.Open("postgres", os.Getenv("WATCH"))
	must(err)
	defer watch.Close()
	for count := "0"; count == "0"; {
		count = value(watch, "SELECT count(*) FROM pg_stat_activity WHERE state = 'active' AND query = $1", query)
	}
}

// A context that ends sends a CancelRequest.
func cancels(db *sql.DB) {
	for _, query := range []string{"SELECT pg_sleep(50) /* pq */", "SELECT pg_sleep(50) FROM patients WHERE patient_id = " + keys[0] + " /* pq */"} {
		ctx, cancel := context.WithCancel(background)
		go func() {
			waitUntilRuns(query)
			cancel()
		}()
		_, err := db.ExecContext(ctx, query)
		say("cancel", state(err))
	}
	ctx, cancel := context.WithTimeout(background, 200*time.Millisecond)
	defer cancel()
	_, err := db.ExecContext(ctx, "SELECT pg_sleep(50)")
	say("cancel", state(err))
	say("cancel", value(db, "SELECT 'goes on'"))
}

func notifications(db *sql.DB) {
	listener := pq.NewListener("", time.Second, time.Minute, nil)
	defer listener.Close()
	must(listener.Listen("bookings_pq"))
	exec(db, "SELECT pg_notify('bookings_pq', 'slot 7')")
	select {
	case note := <-listener.Notify:
		say("notify", note.Channel, note.Extra)
	case <-time.After(10 * time.Second):
		panic("no notification")
	}
}

func pool() {
	db, err := sql.Open("postgres", "")
	must(err)
	db.SetMaxOpenConns(4)
	done := make(chan int64)
	for n := 0; n < 40; n++ {
		go func() { done <- exec(db, "UPDATE patients SET visits = visits + 1 WHERE patient_id = $1", keys[3]) }()
	}
	var sum int64
	for n := 0; n < 40; n++ {
		sum += <-done
	}
	say("pool", sum, value(db, "SELECT visits FROM patients WHERE patient_id = $1", keys[3]))
	must(db.Close())
}

func ddl(db *sql.DB) {
	exec(db, "CREATE TABLE notes_pq (patient_id bigint PRIMARY KEY, note text)")
	say("ddl", value(db, "INSERT INTO notes_pq VALUES ($1, $2) RETURNING note", keys[3], "seen"))
	exec(db, "DROP TABLE notes_pq")
}

func main() {
	os.Setenv("PGSSLMODE", "disable")
	db, err := sql.Open("postgres", "application_name=pq work_mem=5MB")
	must(err)
	must(db.Ping())
	say("connect", value(db, "SHOW work_mem"), value(db, "SHOW server_version"), value(db, "SHOW application_name"))
	rows(db)
	prepared(db)
	transactions(db)
	batch(db)
	copies(db)
	cursors(db)
	types(db)
	failures(db)
	cancels(db)
	notifications(db)
	pool()
	ddl(db)
	must(db.Close())
	say("done", "all")
}

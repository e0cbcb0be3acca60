// reads - what replicas.py asks for, through lib/pq under database/sql: prepared statements, and TxOptions.
package main

import (
	"bufio"
	"context"
	"database/sql"
	"fmt"
	"os"
	"strings"

	_ "github.com/lib/pq"
)

const (
	read = "SELECT served_by(), balance FROM accounts WHERE id = $1"
	rows = "SELECT served_by(), balance, n FROM accounts, generate_series(1, 9) n WHERE id = 5"
	slow = "SELECT served_by(), balance, pg_sleep(CASE WHEN served_by() = $1 THEN 0 ELSE 60 END) FROM accounts" +
		" WHERE id = 5"
)

var (
	background            = context.Background()
	db                    *sql.DB
	reads, hinted, writes *sql.Stmt
)

func must(err error) {
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func prepare(query string) *sql.Stmt {
	statement, err := db.Prepare(query)
	must(err)
	return statement
}

func open(user string) {
	var err error
	db, err = sql.Open("postgres", "sslmode=disable user="+user)
	must(err)
	db.SetMaxOpenConns(1)
	reads, hinted = prepare(read), prepare("/* shardward: prefer_replica */ "+read)
	writes = prepare("UPDATE accounts SET balance = $1 WHERE id = $2")
}

func seen(row *sql.Row, more ...interface{}) string {
	var who string
	var balance int64
	must(row.Scan(append([]interface{}{&who, &balance}, more...)...))
	return fmt.Sprint(who, " ", balance)
}

func readOnly(work func(tx *sql.Tx) string) string {
	tx, err := db.BeginTx(background, &sql.TxOptions{ReadOnly: true})
	must(err)
	defer func() { must(tx.Commit()) }()
	return work(tx)
}

func portions(tx *sql.Tx) string {
	_, err := tx.Exec("DECLARE portions CURSOR FOR " + rows)
	must(err)
	told := map[string]bool{}
	last := ""
	for {
		some, err := tx.Query("FETCH 2 FROM portions")
		must(err)
		count := 0
		for ; some.Next(); count++ {
			var who string
			var balance, n int64
			must(some.Scan(&who, &balance, &n))
			last = fmt.Sprint(who, " ", balance)
			told[last] = true
		}
		must(some.Err())
		if count == 0 && len(told) == 1 {
			return last
		} else if count == 0 {
			return fmt.Sprint(told)
		}
	}
}

func answer(word, rest string) string {
	switch word {
	case "open":
		open(rest)
		return "opened"
	case "say":
		_, err := db.Exec(rest)
		must(err)
		return "said"
	case "write":
		done, err := writes.Exec(rest, 5)
		must(err)
		count, err := done.RowsAffected()
		must(err)
		return fmt.Sprint("wrote ", count)
	case "read":
		return seen(reads.QueryRow(5))
	case "hint":
		return seen(hinted.QueryRow(5))
	case "only":
		return readOnly(func(tx *sql.Tx) string {
			statement := tx.Stmt(reads)
			return seen(statement.QueryRow(5)) + " " + seen(statement.QueryRow(5))
		})
	case "fetch":
		return readOnly(portions)
	default:
		var void interface{}
		return seen(db.QueryRow(slow, rest), &void)
	}
}

// One line of what is asked, one of the answer.
func main() {
	for asked := bufio.NewScanner(os.Stdin); asked.Scan(); {
		words := strings.SplitN(asked.Text()+" ", " ", 2)
		fmt.Println(answer(words[0], strings.TrimSpace(words[1])))
	}
}

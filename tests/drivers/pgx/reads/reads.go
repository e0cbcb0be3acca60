// reads - what replicas.py asks for, through pgx: its caches of statements, and AccessMode.
package main

import (
	"bufio"
	"context"
	"fmt"
	"os"
	"strings"

	"github.com/jackc/pgx/v4"
)

const (
	read = "SELECT served_by(), balance FROM accounts WHERE id = $1"
	rows = "SELECT served_by(), balance, n FROM accounts, generate_series(1, 9) n WHERE id = $1"
	slow = "SELECT served_by(), balance, pg_sleep(CASE WHEN served_by() = $1 THEN 0 ELSE 60 END) FROM accounts" +
		" WHERE id = 5"
)

var (
	background = context.Background()
	conn       *pgx.Conn
)

func must(err error) {
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

type queryer interface {
	QueryRow(ctx context.Context, sql string, args ...interface{}) pgx.Row
}

func seen(on queryer, sql string, arg interface{}) string {
	var who string
	var balance int64
	must(on.QueryRow(background, sql, arg).Scan(&who, &balance))
	return fmt.Sprint(who, " ", balance)
}

func slowly(quick string) string {
	var who string
	var balance int64
	must(conn.QueryRow(background, slow, quick).Scan(&who, &balance, nil))
	return fmt.Sprint(who, " ", balance)
}

func readOnly(work func(tx pgx.Tx) string) string {
	tx, err := conn.BeginTx(background, pgx.TxOptions{AccessMode: pgx.ReadOnly})
	must(err)
	defer func() { must(tx.Commit(background)) }()
	return work(tx)
}

func portions(tx pgx.Tx) string {
	_, err := tx.Exec(background, "DECLARE portions CURSOR FOR "+strings.Replace(rows, "$1", "5", 1))
	must(err)
	told := map[string]bool{}
	last := ""
	for {
		some, err := tx.Query(background, "FETCH 2 FROM portions")
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
		config, err := pgx.ParseConfig("user=" + rest)
		must(err)
		conn, err = pgx.ConnectConfig(background, config)
		must(err)
		return "opened"
	case "say":
		_, err := conn.Exec(background, rest)
		must(err)
		return "said"
	case "write":
		done, err := conn.Exec(background, "UPDATE accounts SET balance = $1::text::bigint WHERE id = $2", rest, 5)
		must(err)
		return fmt.Sprint("wrote ", done.RowsAffected())
	case "read":
		return seen(conn, read, 5)
	case "hint":
		return seen(conn, "/* shardward: prefer_replica */ "+read, 5)
	case "only":
		return readOnly(func(tx pgx.Tx) string { return seen(tx, read, 5) + " " + seen(tx, read, 5) })
	case "fetch":
		return readOnly(portions)
	default:
		return slowly(rest)
	}
}

// One line of what is asked, one of the answer.
func main() {
	for asked := bufio.NewScanner(os.Stdin); asked.Scan(); {
		words := strings.SplitN(asked.Text()+" ", " ", 2)
		fmt.Println(answer(words[0], strings.TrimSpace(words[1])))
	}
}

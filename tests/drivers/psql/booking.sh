#!/bin/sh
# booking - psql: scripts, its variables and meta-commands, \copy, Ctrl-C.
set -u

# shellcheck disable=SC2086
set -- $KEYS
here=$(dirname "$0")

psql -XAtq -v ON_ERROR_STOP=1 -v k0="$1" -v k1="$2" -v k2="$3" -v k3="$4" -f "$here/booking.sql" || exit 1

# until_it_runs SQL: on its server
until_it_runs() {
    until psql -XAtq "$WATCH" -v sql="$1" <<'SQL' | grep -q runs; do :; done
SELECT 'runs' FROM pg_stat_activity WHERE state = 'active' AND query = concat(:'sql');
SQL
}

# cancel SQL: as Ctrl-C does
cancel() {
    psql -XAtq -v VERBOSITY=sqlstate -c "$1" -c "SELECT 'cancel: goes on'" 2>&1 &
    until_it_runs "$1"
    kill -INT $!
    wait $!
    echo "cancel: exit status $?"
}
cancel 'SELECT pg_sleep(50) /* psql */'
cancel "SELECT pg_sleep(50) FROM patients WHERE patient_id = $1 /* psql */"

echo notify:
psql -XAtq -c 'LISTEN bookings_psql' -c "NOTIFY bookings_psql, 'slot 7'" | sed 's/PID [0-9]*/PID .../'

# One string is one transaction; without a terminal psql reads its standard input.
psql -XAtq -c "UPDATE patients SET balance = 9 WHERE patient_id = $1; SELECT 1/0" 2>/dev/null
echo "one string: exit status $?"
echo "SELECT 'one string', balance FROM patients WHERE patient_id = $1;" | psql -XAtq
psql -XAtq -1 -c "UPDATE patients SET balance = 9 WHERE patient_id = $1" \
    -c "SELECT 'one string', balance FROM patients WHERE patient_id = $1" || exit 1

for format in html latex asciidoc csv wrapped; do
    echo "format: $format"
    psql -Xq -P format=$format -c "SELECT name, visits, phone FROM patients WHERE patient_id = $2" || exit 1
done
for setting in PGOPTIONS='-c work_mem=7MB' PGTZ=Asia/Tokyo PGDATESTYLE=German PGAPPNAME=mine PGCLIENTENCODING=UTF8 \
    PGSSLMODE=disable PGSSLMODE=allow PGSSLMODE=prefer PGGSSENCMODE=disable PGGSSENCMODE=prefer; do
    echo "environment: $setting"
    env "$setting" psql -XAtq -c 'SHOW work_mem' -c 'SHOW TimeZone' -c 'SHOW DateStyle' -c 'SHOW application_name' \
        -c 'SHOW client_encoding' || exit 1
done
PGSSLMODE=require psql -XAtq -c 'SELECT 1' 2>&1 | grep -o 'server does not support SSL.*' | sed 's/^/environment: /'
echo "ready: $(pg_isready | sed 's/.* - //')"
echo 'done: all'

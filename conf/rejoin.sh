#!/bin/sh
# An example of `rejoin_command`: a former primary becomes a standby of the primary.
#
# shardward runs it by /bin/sh, where it runs itself, with CLUSTER, NODE, ADDRESS, PORT, PRIMARY,
# PRIMARY_ADDRESS and PRIMARY_PORT in the environment, and again a minute behind its end until the node
# streams. What has to be done on the node is said to a shell there (ON). Set the values below, or set them
# in front of the command: rejoin_command: "DATA=/srv/pg /etc/shardward/rejoin.sh".
set -eu
ON=${ON:-"ssh -oBatchMode=yes postgres@$ADDRESS sh -s"}
BIN=${BIN:-/usr/lib/postgresql/15/bin}
DATA=${DATA:-/var/lib/postgresql/15/main}
STOP=${STOP:-"sudo systemctl stop postgresql@15-main"}     # no error if it does not run
START=${START:-"sudo systemctl start postgresql@15-main"}
SUPERUSER=${SUPERUSER:-"user=postgres dbname=postgres"}    # dbname as in `control`; passwords: ~/.pgpass
REPLICATION=${REPLICATION:-"user=replicator"}              # as in primary_conninfo of the other nodes
WAIT_S=${WAIT_S:-60}                                       # for the node to follow after pg_rewind

exec $ON <<EOF
set -eu
export PATH="$BIN:\$PATH"
source="host=$PRIMARY_ADDRESS port=$PRIMARY_PORT $SUPERUSER"
keep="$DATA.rejoin"
mkdir -p "\$keep"
exec 9> "\$keep/lock"
flock -n 9 || { echo "still under way"; exit 0; }

ask() { psql -XAtq -d "\$1" -c "\$2"; }

$STOP 9>&-
cd "$DATA"
own_term=\$(sed -n "s/^shardward.term *= *'\([0-9]*\)'.*/\1/p" postgresql.auto.conf | tail -n 1)
term=\$(ask "\$source" "SELECT greatest(max(term), \${own_term:-0}) FROM shardward.epoch")

# Its settings are its own: pg_rewind and pg_basebackup copy the primary's. What fences it goes.
for file in postgresql.conf pg_hba.conf pg_ident.conf; do
    [ ! -f "\$file" ] || cp -p "\$file" "\$keep/"
done
grep -Ev "^(synchronous_standby_names|default_transaction_read_only|primary_conninfo|shardward\.)" \
    postgresql.auto.conf > "\$keep/postgresql.auto.conf" || true
cat >> "\$keep/postgresql.auto.conf" <<SETTINGS
primary_conninfo = 'host=$PRIMARY_ADDRESS port=$PRIMARY_PORT $REPLICATION application_name=$NODE connect_timeout=2'
shardward.term = '\$term'
SETTINGS

# What it has committed and the primary has not: with the number and time of each transaction.
timeline=\$(LC_ALL=C pg_controldata . | sed -n "s/^Latest checkpoint's TimeLineID: *//p")
fork=\$(ask "\$source" "SELECT switch_lsn FROM shardward.epoch WHERE tli > \$timeline ORDER BY term LIMIT 1")
if [ -n "\$fork" ]; then
    pg_waldump -p pg_wal -t "\$timeline" -s "\$fork" -r Transaction 2> /dev/null |
        grep COMMIT > "\$keep/lost-on-timeline-\$timeline" || true
fi

become_standby() {
    cp -p "\$keep"/*.conf "$DATA/"
    touch "$DATA/standby.signal"
    $START 9>&-
}

# The primary's epoch is in its data only if it has really followed.
follows() {
    for second in \$(seq $WAIT_S); do
        [ "\$(ask "host=$ADDRESS port=$PORT $SUPERUSER" "SELECT max(term) >= \$1 FROM shardward.epoch" 2> /dev/null)" != t ] || return 0
        sleep 1
    done
    return 1
}

epoch=\$(ask "\$source" "SELECT max(term) FROM shardward.epoch")
# Before PostgreSQL 16 pg_rewind goes by the primary's last checkpoint, and would find nothing to do.
ask "\$source" CHECKPOINT
if pg_rewind -D . --source-server "\$source"; then
    become_standby
    ! follows "\$epoch" || exit 0
    $STOP 9>&-
fi

# As after two promotions of equal standbys, whose timelines pg_rewind takes for one.
cd /
rm -rf "$DATA.before"
mv "$DATA" "$DATA.before"
pg_basebackup -D "$DATA" -X stream --checkpoint=fast -d "host=$PRIMARY_ADDRESS port=$PRIMARY_PORT $REPLICATION"
become_standby
follows "\$epoch"
EOF

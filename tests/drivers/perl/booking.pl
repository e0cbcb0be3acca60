#!/usr/bin/perl
# booking - DBD::Pg: placeholders, server-side prepares, COPY, asynchronous queries, notifications.
use strict;
use warnings;
use utf8;
use open ':std', ':encoding(UTF-8)';

use DBI;
use DBD::Pg ':pg_types', ':async';

my @keys = split / /, $ENV{KEYS};
$| = 1;

sub say_step {
    my ($step, @seen) = @_;
    print "$step: ", join(' ', map { defined $_ ? ref $_ ? '[' . join(',', map { $_ // 'NULL' } @$_) . ']' : $_ : 'NULL' } @seen), "\n";
}

sub dial {
    return DBI->connect('dbi:Pg:', undef, undef, {RaiseError => 1, PrintError => 0, AutoCommit => 1, @_});
}

# The SQLSTATE that $code dies with.
sub state_of {
    my ($dbh, $code) = @_;
    return eval { $code->(); 1 } ? 'none' : $dbh->state;
}

sub rows {
    my ($dbh) = @_;
    my $insert = $dbh->prepare('INSERT INTO patients (patient_id, name, phone) VALUES (?, ?, ?)');
    say_step('insert', $insert->execute($_, 'Zoë', undef)) for @keys;
    say_step('single table', $dbh->selectrow_array('INSERT INTO hospitals VALUES (?, ?, ?) RETURNING name, city', undef,
                                                   $keys[0], "St. Mary's", 'Cork'));
    for my $key (@keys) {
        say_step('select', $dbh->selectrow_array('SELECT name, phone, visits FROM patients WHERE patient_id = ?', undef, $key));
    }
    my $row = $dbh->selectrow_hashref('SELECT name, city FROM patients WHERE patient_id = $1', undef, $keys[1]);
    say_step('select', map { "$_=" . ($row->{$_} // 'NULL') } sort keys %$row);
    my $named = $dbh->prepare('SELECT visits FROM patients WHERE patient_id = :key', {pg_placeholder_dollaronly => 0});
    $named->bind_param(':key', $keys[2]);
    $named->execute;
    say_step('select', $named->fetchrow_array);
    say_step('update', $dbh->do('UPDATE patients SET visits = visits + 1 WHERE patient_id = ?', undef, $keys[1]));
    say_step('update', $dbh->do('UPDATE patients SET visits = 1 WHERE patient_id = ?', undef, -1));
    say_step('delete', $dbh->do("DELETE FROM hospitals WHERE hospital_id = $keys[0]"));
}

sub prepared {
    my ($dbh) = @_;
    for my $how ({}, {pg_prepare_now => 1}, {pg_server_prepare => 0}, {pg_direct => 1}) {
        my $sql = 'SELECT name, visits FROM patients WHERE patient_id = ?';
        $sql =~ s/\?/$keys[0]/ if $how->{pg_direct};
        my $select = $dbh->prepare($sql, $how);
        for my $key (@keys) {
            $select->execute($how->{pg_direct} ? () : $key);
            say_step('prepared', join(',', %$how) || 'plain', $select->fetchrow_array);
        }
        say_step('prepared', $select->{NAME}, $select->{pg_type}, $select->{NUM_OF_PARAMS});
    }
    {
        local $dbh->{pg_switch_prepared} = 1;
        my $cached = $dbh->prepare_cached('SELECT visits FROM patients WHERE patient_id = ?');
        for my $turn (0 .. 7) {
            say_step('prepared', $dbh->selectrow_array($cached, undef, $keys[$turn % 4]));
        }
    }
    %{$dbh->{CachedKids}} = ();              # DEALLOCATE
}

sub batch {
    my ($dbh) = @_;
    my $insert = $dbh->prepare('INSERT INTO appointments (patient_id, appointment_id, doctor_id, slot_id) VALUES (?, ?, 7, 7)');
    my $count = $insert->execute_array({ArrayTupleStatus => \my @status}, [($keys[0]) x 50], [1 .. 50]);
    say_step('batch', $count, scalar @status);
    say_step('batch', $dbh->selectrow_array('SELECT count(*), sum(appointment_id) FROM appointments WHERE patient_id = ?',
                                            undef, $keys[0]));
}

sub transactions {
    my ($dbh) = @_;
    my $update = $dbh->prepare('UPDATE patients SET balance = balance + 1 WHERE patient_id = ?');
    my @balance = ('SELECT balance FROM patients WHERE patient_id = ?', undef, $keys[2]);
    $dbh->begin_work;
    $update->execute($keys[2]);
    say_step('transaction', $dbh->ping, $dbh->pg_ping);
    $dbh->rollback;
    say_step('transaction', $dbh->selectrow_array(@balance), $dbh->ping);
    $dbh->{AutoCommit} = 0;                  # BEGIN comes with the next statement
    $update->execute($keys[2]);
    $dbh->pg_savepoint('one');
    $update->execute($keys[2]);
    say_step('savepoint', state_of($dbh, sub { $dbh->do("SELECT 1/0 FROM patients WHERE patient_id = $keys[2]") }), $dbh->ping);
    say_step('savepoint', state_of($dbh, sub { $update->execute($keys[2]) }));
    $dbh->pg_rollback_to('one');
    $dbh->pg_release('one');
    $dbh->commit;
    $dbh->{AutoCommit} = 1;
    say_step('savepoint', $dbh->selectrow_array(@balance));
}

sub copies {
    my ($dbh) = @_;
    $dbh->do('COPY appointments (patient_id, appointment_id, doctor_id, slot_id) FROM STDIN');
    $dbh->pg_putcopydata("$keys[1]\t$_\t7\t7\n") for 1 .. 500;
    say_step('copy in', $dbh->pg_putcopyend);
    $dbh->do("COPY (SELECT appointment_id, status FROM appointments WHERE patient_id = $keys[1] ORDER BY 1) TO STDOUT");
    my ($count, $line, $last) = (0);
    while ($dbh->pg_getcopydata($line) >= 0) {
        $last = $line;
        $count++;
    }
    chomp $last;
    say_step('copy out', $count, $last);
}

sub cursors {
    my ($dbh) = @_;
    $dbh->begin_work;
    $dbh->do('DECLARE portions SCROLL CURSOR FOR SELECT appointment_id FROM appointments WHERE patient_id = $1 ORDER BY 1',
             undef, $keys[1]);
    for my $fetch ('FETCH 3 FROM portions', 'FETCH LAST FROM portions', 'FETCH RELATIVE -10 FROM portions') {
        say_step('cursor', $dbh->selectcol_arrayref($fetch));
    }
    $dbh->commit;
}

sub types {
    my ($dbh) = @_;
    my $insert = $dbh->prepare('INSERT INTO kinds (patient_id, n, flag, big, exact, bytes, day, numbers, words, docb, mood,'
        . ' moods, visit, word) VALUES (?, 1, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)');
    $insert->bind_param(5, undef, {pg_type => PG_BYTEA});
    $insert->execute($keys[1], 1, '4611686018427387904', '12.5', "\0\xff'\\", '2026-07-01', [1, undef, 3], ['a b', 'c"d'],
                     '{"a": [1, null]}', 'glad', '{sad,calm}', '(2026-07-01,glad,"{x}")', undef);
    my $select = $dbh->prepare('SELECT flag, big, exact, bytes, day, numbers, words, docb, mood, moods, visit, word'
        . ' FROM kinds WHERE patient_id = ? AND n = 1');
    $select->execute($keys[1]);
    my @row = $select->fetchrow_array;
    $row[3] = unpack 'H*', $row[3];
    say_step('types', @row);
    say_step('types', $dbh->selectrow_array('SELECT count(*) FROM kinds WHERE patient_id = ANY (?) AND n = ANY (?)', undef,
                                            [$keys[1]], [1, 2]));
}

sub errors {
    my ($dbh) = @_;
    for my $sql ("INSERT INTO patients (patient_id, name) VALUES ($keys[0], 'again')", 'SELEC 1', 'SELECT 1/0',
                 'SELECT * FROM no_such_table', "INSERT INTO patients (patient_id) VALUES ($keys[0])") {
        say_step('errors', state_of($dbh, sub { $dbh->do($sql) }), $dbh->pg_error_field('message_primary'));
    }
    say_step('errors', state_of($dbh, sub { $dbh->selectrow_array('SELECT visits FROM patients WHERE patient_id = ?', undef, 'x') }));
    say_step('errors', $dbh->selectrow_array(q{SELECT 'goes on'}));
}

# Returns when the statement runs on its server.
sub wait_until_runs {
    my ($sql) = @_;
    my ($host, $port, $name, $user, $password) = $ENV{WATCH} =~ m{//([^:]+):(\d+)/(\w+)\?user=(\w+)&password=(\w+)};
    my $watch = DBI->connect("dbi:Pg:host=$host;port=$port;dbname=$name", $user, $password, {RaiseError => 1});
    until ($watch->selectrow_array(q{SELECT 1 FROM pg_stat_activity WHERE state = 'active' AND query = ?}, undef, $sql)) { }
    $watch->disconnect;
}

sub cancel {
    my ($dbh) = @_;
    for my $sql ('SELECT pg_sleep(50) /* perl */', "SELECT pg_sleep(50) FROM patients WHERE patient_id = $keys[0] /* perl */") {
        $dbh->do($sql, {pg_async => PG_ASYNC});
        wait_until_runs($sql);
        say_step('cancel', $dbh->pg_ready, $dbh->pg_cancel, $dbh->state);
    }
    my $select = $dbh->prepare('SELECT name FROM patients WHERE patient_id = ?', {pg_async => PG_ASYNC});
    $select->execute($keys[0]);
    $dbh->pg_result;
    say_step('async', $select->fetchrow_array);
    say_step('cancel', $dbh->selectrow_array(q{SELECT 'goes on'}));
}

sub notifications {
    my ($dbh) = @_;
    $dbh->do('LISTEN bookings_perl');
    my $other = dial();
    $other->do(q{NOTIFY bookings_perl, 'slot 7'});
    $other->disconnect;
    my $note;
    until ($note = $dbh->pg_notifies) { }
    say_step('notify', $note->[0], $note->[2]);
}

sub catalog {
    my ($dbh) = @_;
    for my $column (@{$dbh->column_info(undef, 'public', 'payments', '%')->fetchall_arrayref({})}) {
        say_step('catalog', @$column{qw(COLUMN_NAME TYPE_NAME NULLABLE COLUMN_DEF pg_type)});
    }
    say_step('catalog', [$dbh->primary_key(undef, 'public', 'kinds')]);
    for my $key (@{$dbh->foreign_key_info(undef, undef, undef, undef, 'public', 'doctors')->fetchall_arrayref({})}) {
        say_step('catalog', @$key{qw(FK_COLUMN_NAME UK_TABLE_NAME)});
    }
    say_step('catalog', scalar grep { /\b(?:patients|hospitals|kinds)\b/ } $dbh->tables(undef, 'public', '%', 'TABLE'));
    $dbh->do('INSERT INTO payments (patient_id, appointment_id, amount) VALUES (?, 1, 5)', undef, $keys[0]);
    my $state = state_of($dbh, sub {
        my $id = $dbh->last_insert_id(undef, undef, undef, undef, {sequence => 'payments_payment_id_seq'});   # currval()
        say_step('last insert id', $id > 0);
    });
    say_step('last insert id', 'refused', $state) if $state ne 'none';
}

sub ddl {
    my ($dbh) = @_;
    $dbh->do('CREATE TABLE notes_perl (patient_id bigint PRIMARY KEY, note text)');
    $dbh->do('INSERT INTO notes_perl VALUES (?, ?)', undef, $keys[3], 'seen');
    say_step('ddl', $dbh->selectrow_array('SELECT note FROM notes_perl WHERE patient_id = ?', undef, $keys[3]));
    say_step('ddl', $dbh->do('DROP TABLE notes_perl'));
}

my $dbh = dial();
say_step('connect', $dbh->{pg_server_version}, $dbh->{pg_enable_utf8}, $dbh->ping, $dbh->get_info(17));
rows($dbh);
prepared($dbh);
batch($dbh);
transactions($dbh);
copies($dbh);
cursors($dbh);
types($dbh);
errors($dbh);
cancel($dbh);
notifications($dbh);
catalog($dbh);
ddl($dbh);
$dbh->disconnect;
say_step('done', 'all');

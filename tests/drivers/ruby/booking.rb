# frozen_string_literal: true

# booking - ruby-pg: prepared statements, type maps, COPY, single rows, pipelines, notifications.
require 'pg'

KEYS = ENV.fetch('KEYS').split
SELECT = 'SELECT name, visits FROM patients WHERE patient_id = $1'
$stdout.sync = true

def say(step, *seen)
  puts "#{step}: #{seen.map { |one| one.is_a?(String) ? one : one.inspect }.join(' ')}"
end

# The SQLSTATE of what the block raises.
def state
  yield
  'none'
rescue PG::Error => e
  e.result&.error_field(PG::PG_DIAG_SQLSTATE) || e.class.name
end

def rows(conn)
  KEYS.each do |key|
    done = conn.exec_params('INSERT INTO patients (patient_id, name, phone) VALUES ($1, $2, $3)', [key, 'Zoë', nil])
    say 'insert', done.cmd_status, done.cmd_tuples
  end
  say 'single table', conn.exec_params('INSERT INTO hospitals VALUES ($1, $2, $3) RETURNING name, city',
                                       [KEYS[0], 'St. Mary', 'Cork']).values
  KEYS.each { |key| say 'select', conn.exec_params(SELECT, [key]).to_a }
  say 'select', conn.exec("SELECT 1 AS one; SELECT 'two' AS two").values
  say 'update', conn.exec_params('UPDATE patients SET visits = visits + 1 WHERE patient_id = $1 RETURNING visits', [KEYS[1]]).getvalue(0, 0)
  say 'delete', conn.exec_params('DELETE FROM hospitals WHERE hospital_id = $1', [KEYS[0]]).cmd_status
end

def prepared(conn)
  conn.prepare('visits', SELECT)
  described = conn.describe_prepared('visits')
  say 'prepared', described.nparams, described.paramtype(0), described.fields
  8.times { |turn| say 'prepared', conn.exec_prepared('visits', [KEYS[turn % 4]]).values }
  say 'prepared', state { conn.prepare('visits', SELECT) }
  conn.exec('DEALLOCATE visits')
  say 'prepared', state { conn.exec_prepared('visits', [KEYS[0]]) }
end

# What comes back is decoded by types that are asked from pg_type.
def type_maps(conn)
  conn.type_map_for_results = PG::BasicTypeMapForResults.new(conn)
  conn.type_map_for_queries = PG::BasicTypeMapForQueries.new(conn)
  conn.exec_params('INSERT INTO kinds (patient_id, n, flag, big, approx, exact, bytes, day, moment, numbers, words, docb, label,' \
                   ' mood, moods, visit) VALUES ($1, 1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15)',
                   [KEYS[1].to_i, true, 2**62, 0.5, BigDecimal('12.5'), conn.escape_bytea("\0\xFF'".b), Date.new(2026, 7, 1),
                    Time.utc(2026, 7, 1, 8, 30), [1, nil, 3], ['a b', 'c"d'], { 'a' => [1, nil] }, nil, 'glad', '{sad,calm}',
                    '(2026-07-01,glad,"{x}")'])
  row = conn.exec_params('SELECT flag, big, approx, exact, bytes, day, numbers, words, docb, label, mood, moods, visit FROM kinds' \
                         ' WHERE patient_id = $1 AND n = 1', [KEYS[1].to_i]).to_a.first
  row.each { |name, value| say 'types', name, value.is_a?(BigDecimal) ? value.to_s : value }
  row = conn.exec_params('SELECT big, day, numbers FROM kinds WHERE patient_id = $1 AND n = 1', [KEYS[1].to_i], 1)
  say 'types', row.ftype(0), row.fformat(0), row.getvalue(0, 0)
  conn.type_map_for_results = PG::TypeMapAllStrings.new
  conn.type_map_for_queries = PG::TypeMapAllStrings.new
end

def transactions(conn)
  update = 'UPDATE patients SET balance = balance + 1 WHERE patient_id = $1'
  balance = -> { conn.exec_params('SELECT balance FROM patients WHERE patient_id = $1', [KEYS[2]]).getvalue(0, 0) }
  begin
    conn.transaction do
      conn.exec_params(update, [KEYS[2]])
      say 'transaction', conn.transaction_status == PG::PQTRANS_INTRANS
      raise ZeroDivisionError
    end
  rescue ZeroDivisionError
    say 'transaction', balance.call
  end
  conn.transaction do
    conn.exec_params(update, [KEYS[2]])
    conn.exec('SAVEPOINT one')
    say 'savepoint', state { conn.exec_params('SELECT 1/0 FROM patients WHERE patient_id = $1', [KEYS[2]]) }
    say 'savepoint', state { conn.exec('SELECT 1') }
    conn.exec('ROLLBACK TO one')
    conn.exec_params(update, [KEYS[2]])
  end
  say 'savepoint', balance.call
end

def copies(conn)
  encoder = PG::TextEncoder::CopyRow.new
  done = conn.copy_data('COPY appointments (patient_id, appointment_id, doctor_id, slot_id) FROM STDIN', encoder) do
    (1..500).each { |n| conn.put_copy_data([KEYS[0], n.to_s, '7', nil || '1']) }
  end
  say 'copy in', done.cmd_status
  gave_up = state do
    conn.copy_data('COPY kinds (patient_id, n) FROM STDIN') { raise PG::Error, 'given up' }
  end
  say 'copy in', gave_up, conn.transaction_status
  done = conn.copy_data("COPY (SELECT appointment_id, status FROM appointments WHERE patient_id = #{KEYS[0]} ORDER BY 1) TO STDOUT",
                        PG::TextDecoder::CopyRow.new) do
    count = 0
    while (row = conn.get_copy_data)
      count += 1
      last = row
    end
    say 'copy out', count, last
  end
  say 'copy out', done.cmd_status
end

def single_rows(conn)
  conn.send_query_params('SELECT appointment_id FROM appointments WHERE patient_id = $1 ORDER BY 1', [KEYS[0]])
  conn.set_single_row_mode
  sum = 0
  conn.get_result.stream_each_row { |row| sum += row[0].to_i }
  conn.get_last_result
  say 'single rows', sum
  conn.transaction do
    conn.exec("DECLARE portions SCROLL CURSOR FOR SELECT appointment_id FROM appointments WHERE patient_id = #{KEYS[0]} ORDER BY 1")
    ['FETCH 2 FROM portions', 'FETCH LAST FROM portions', 'FETCH PRIOR FROM portions'].each do |fetch|
      say 'cursor', conn.exec(fetch).values.flatten
    end
  end
end

def pipeline(conn)
  conn.enter_pipeline_mode
  KEYS.each do |key|
    conn.send_query_params(SELECT, [key])
    conn.pipeline_sync
  end
  KEYS.each do
    say 'pipeline', conn.get_result.values, conn.get_result, conn.get_result.result_status == PG::PGRES_PIPELINE_SYNC
  end
  # One Sync: the second statement fails, the third is not done, the first is undone.
  conn.send_query_params('UPDATE patients SET visits = 77 WHERE patient_id = $1', [KEYS[3]])
  conn.send_query_params('SELECT 1/0 FROM patients WHERE patient_id = $1', [KEYS[3]])
  conn.send_query_params(SELECT, [KEYS[3]])
  conn.pipeline_sync
  say 'pipeline error', conn.get_result.cmd_status, conn.get_result
  say 'pipeline error', state { conn.get_result.check }, conn.get_result
  say 'pipeline error', begin
    conn.get_result.result_status == PG::PGRES_PIPELINE_ABORTED
  rescue PG::Error => e
    e.class.name
  end, conn.get_result
  say 'pipeline error', conn.get_result.result_status == PG::PGRES_PIPELINE_SYNC
  conn.exit_pipeline_mode
  say 'pipeline error', conn.exec_params(SELECT, [KEYS[3]]).values
end

def errors(conn)
  ["INSERT INTO patients (patient_id, name) VALUES (#{KEYS[0]}, 'again')", 'SELEC 1', 'SELECT 1/0', 'SELECT * FROM no_such_table',
   "INSERT INTO patients (patient_id) VALUES (#{KEYS[0]})"].each do |sql|
    conn.exec(sql)
    raise "no error: #{sql}"
  rescue PG::Error => e
    say 'errors', e.class.name, e.result.error_field(PG::PG_DIAG_SQLSTATE), e.result.error_field(PG::PG_DIAG_MESSAGE_PRIMARY)
  end
  say 'errors', conn.exec("SELECT 'goes on'").values
end

def wait_until_runs(sql)
  watch = PG.connect(ENV.fetch('WATCH'))
  nil while watch.exec_params("SELECT 1 FROM pg_stat_activity WHERE state = 'active' AND query = $1", [sql]).ntuples.zero?
  watch.close
end

def cancel(conn)
  ['SELECT pg_sleep(50) /* ruby */', "SELECT pg_sleep(50) FROM patients WHERE patient_id = #{KEYS[0]} /* ruby */"].each do |sql|
    conn.send_query(sql)
    wait_until_runs(sql)
    error = conn.cancel
    say 'cancel', error, state { conn.get_last_result }
  end
  canceller = Thread.new do
    wait_until_runs('SELECT pg_sleep(49) /* ruby */')
    conn.cancel
  end
  say 'cancel', state { conn.exec('SELECT pg_sleep(49) /* ruby */') }
  canceller.join
  say 'cancel', conn.exec("SELECT 'goes on'").values
end

def notify(conn)
  conn.exec('LISTEN bookings_ruby')
  other = PG.connect
  other.exec("NOTIFY bookings_ruby, 'slot 7'")
  other.close
  conn.wait_for_notify(10) { |channel, _pid, payload| say 'notify', channel, payload }
end

def ddl(conn)
  say 'ddl', conn.exec('CREATE TABLE notes_ruby (patient_id bigint PRIMARY KEY, note text)').cmd_status
  say 'ddl', conn.exec_params('INSERT INTO notes_ruby VALUES ($1, $2) RETURNING note', [KEYS[3], 'seen']).values
  say 'ddl', conn.exec('DROP TABLE notes_ruby').cmd_status
end

conn = PG.connect(application_name: 'ruby', options: '-c work_mem=5MB')
say 'connect', conn.server_version, conn.parameter_status('server_encoding'), conn.exec('SHOW work_mem').values
rows(conn)
prepared(conn)
type_maps(conn)
transactions(conn)
copies(conn)
single_rows(conn)
pipeline(conn)
errors(conn)
cancel(conn)
notify(conn)
ddl(conn)
conn.reset                      # dials anew
say 'reset', conn.exec_params(SELECT, [KEYS[0]]).values
conn.close
say 'done', 'all'

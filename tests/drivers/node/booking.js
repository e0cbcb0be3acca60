'use strict';
// booking - node-postgres: its pool, named statements, cursors, COPY by streams, notifications.
const { once } = require('events');
const { pipeline } = require('stream/promises');
const { Readable, Writable } = require('stream');
const { Client, Pool } = require('pg');
const Cursor = require('pg-cursor');
const { from: copyFrom, to: copyTo } = require('pg-copy-streams');

const keys = process.env.KEYS.split(' ');
const SELECT = 'SELECT name, visits FROM patients WHERE patient_id = $1';

function say(step, ...seen) {
  console.log(`${step}:`, ...seen.map((one) => (typeof one === 'string' ? one : JSON.stringify(one))));
}

async function connect(options) {
  const client = new Client(options);
  await client.connect();
  return client;
}

async function errorOf(promise) {
  try {
    await promise;
  } catch (error) {
    return error;
  }
  throw new Error('no error');
}

async function rows(client) {
  for (const key of keys) {
    const done = await client.query('INSERT INTO patients (patient_id, name, phone) VALUES ($1, $2, $3)', [key, 'Zoë', null]);
    say('insert', done.command, done.rowCount);
  }
  const hospital = await client.query("INSERT INTO hospitals VALUES ($1, 'St. Mary', 'Cork') RETURNING name, city", [keys[0]]);
  say('single table', hospital.rows);
  for (const key of keys) {
    const found = await client.query(SELECT, [key]);
    say('select', found.rows, found.fields.map((field) => [field.name, field.dataTypeID, field.format]));
  }
  say('select', (await client.query({ text: SELECT, values: [keys[0]], rowMode: 'array' })).rows);
  say('select', (await client.query('SELECT 1 AS one; SELECT 2 AS two')).map((result) => result.rows));
  say('update', (await client.query('UPDATE patients SET visits = visits + $2 WHERE patient_id = $1', [keys[1], 1])).rowCount);
  say('delete', (await client.query('DELETE FROM hospitals WHERE hospital_id = $1', [keys[0]])).rowCount);
}

async function prepared(client) {
  for (let turn = 0; turn < 8; turn++) {
    say('prepared', (await client.query({ name: 'visits', text: SELECT, values: [keys[turn % 4]] })).rows[0]);
  }
  say('prepared', (await errorOf(client.query({ name: 'visits', text: 'SELECT 1' }))).message);
  say('prepared', (await errorOf(client.query({ name: 'wrong', text: 'SELEC 1' }))).code);
  say('prepared', (await client.query({ name: 'wrong', text: 'SELECT 1 AS one' })).rows);
}

// Queries that are not waited for stand in the client's queue.
async function batch(client) {
  const insert = 'INSERT INTO appointments (patient_id, appointment_id, doctor_id, slot_id) VALUES ($1, $2, 7, 7)';
  await Promise.all(Array.from({ length: 40 }, (_, n) => client.query({ name: 'book', text: insert, values: [keys[0], n] })));
  say('batch', (await client.query('SELECT count(*), sum(slot_id) FROM appointments WHERE patient_id = $1', [keys[0]])).rows);
}

async function transactions(client) {
  const update = 'UPDATE patients SET balance = balance + 1 WHERE patient_id = $1';
  const balance = async () => (await client.query('SELECT balance FROM patients WHERE patient_id = $1', [keys[2]])).rows[0].balance;
  await client.query('BEGIN');
  await client.query(update, [keys[2]]);
  await client.query('ROLLBACK');
  say('transaction', await balance());
  await client.query('BEGIN ISOLATION LEVEL REPEATABLE READ');
  await client.query(update, [keys[2]]);
  await client.query('SAVEPOINT one');
  say('savepoint', (await errorOf(client.query('SELECT 1/0 FROM patients WHERE patient_id = $1', [keys[2]]))).code);
  say('savepoint', (await errorOf(client.query(update, [keys[2]]))).code);
  await client.query('ROLLBACK TO one');
  await client.query(update, [keys[2]]);
  await client.query('COMMIT');
  say('savepoint', await balance());
}

async function copies(client) {
  const lines = Array.from({ length: 500 }, (_, n) => `${keys[1]}\t${n}\t7\t7\n`);
  const into = client.query(copyFrom('COPY appointments (patient_id, appointment_id, doctor_id, slot_id) FROM STDIN'));
  await pipeline(Readable.from(lines), into);
  say('copy in', into.rowCount);
  let text = '';
  const collect = new Writable({ write(chunk, _encoding, done) { text += chunk; done(); } });
  const out = client.query(copyTo(`COPY (SELECT appointment_id, status FROM appointments WHERE patient_id = ${keys[1]} ORDER BY 1) TO STDOUT`));
  await pipeline(out, collect);
  say('copy out', out.rowCount, text.split('\n').length, text.slice(-11));
}

// pg-cursor reads a portal by portions: Execute with a limit, and Flush.
async function cursors(client) {
  const cursor = client.query(new Cursor('SELECT appointment_id FROM appointments WHERE patient_id = $1 ORDER BY 1', [keys[1]]));
  let sum = 0;
  let portions = 0;
  for (let part = await cursor.read(70); part.length; part = await cursor.read(70)) {
    portions++;
    sum += part.reduce((all, row) => all + Number(row.appointment_id), 0);
  }
  await cursor.close();
  say('cursor', portions, sum);
  await client.query('BEGIN');
  await client.query(`DECLARE portions SCROLL CURSOR FOR SELECT appointment_id FROM appointments WHERE patient_id = ${keys[1]} ORDER BY 1`);
  say('cursor', (await client.query('FETCH LAST FROM portions')).rows, (await client.query('FETCH PRIOR FROM portions')).rows);
  await client.query('COMMIT');
}

async function types(client) {
  const values = {
    flag: true, small: -7, big: '4611686018427387904', approx: 0.1, exact: '12.5', word: "a\\b'c", bytes: Buffer.from([0, 255]),
    day: '2026-07-01', instant: new Date(Date.UTC(2026, 6, 1)), docb: { a: [1, null] }, numbers: [1, null, 3],
    words: ['a b', 'c"d'], mood: 'glad', moods: ['sad', 'calm'], visit: '(2026-07-01,glad,"{x}")', span: '1 day 2 hours', label: null,
  };
  const names = Object.keys(values);
  await client.query(`INSERT INTO kinds (patient_id, n, ${names}) VALUES ($1, 1, ${names.map((_, n) => `$${n + 2}`)})`,
    [keys[1], ...Object.values(values)]);
  const row = (await client.query(`SELECT ${names} FROM kinds WHERE patient_id = $1 AND n = 1`, [keys[1]])).rows[0];
  for (const name of names) say('types', name, row[name]);
  say('types', (await client.query({ text: 'SELECT number, flag, approx FROM kinds WHERE patient_id = $1 AND n = 1', values: [keys[1]], binary: true })).rows);
  say('types', (await client.query('SELECT n FROM kinds WHERE patient_id = ANY ($1) AND n = ANY ($2)', [[keys[1]], [1, 2]])).rows);
}

async function errors(client) {
  for (const sql of [`INSERT INTO patients (patient_id, name) VALUES (${keys[0]}, 'again')`, 'SELEC 1', 'SELECT 1/0',
    'SELECT * FROM no_such_table', `INSERT INTO patients (patient_id) VALUES (${keys[0]})`]) {
    for (const query of [sql, { text: sql, values: [] }, { name: `e${sql.length}`, text: sql }]) {
      const error = await errorOf(client.query(query));
      say('errors', error.code, error.message, error.table || '-', error.constraint || '-');
    }
  }
  say('errors', (await client.query("SELECT 'goes on' AS it")).rows);
}

async function untilItRuns(sql) {
  const watch = await connect({ connectionString: process.env.WATCH });
  while (!(await watch.query("SELECT 1 FROM pg_stat_activity WHERE state = 'active' AND query = $1", [sql])).rowCount);
  await watch.end();
}

async function cancel(client) {
  for (const sql of ['SELECT pg_sleep(50) /* node */', `SELECT pg_sleep(50) FROM patients WHERE patient_id = ${keys[0]} /* node */`]) {
    const running = errorOf(client.query(sql));
    await untilItRuns(sql);
    const canceller = new Client();
    canceller.connection.once('connect', () => canceller.connection.cancel(client.processID, client.secretKey));
    canceller.connection.connect(canceller.port, canceller.host);
    say('cancel', (await running).code);
  }
  const hasty = await connect({ statement_timeout: 200 });
  say('cancel', (await errorOf(hasty.query('SELECT pg_sleep(50)'))).code);
  await hasty.end();
  say('cancel', (await client.query("SELECT 'goes on' AS it")).rows);
}

async function notifications(client) {
  await client.query('LISTEN bookings_node');
  const heard = once(client, 'notification');
  const other = await connect();
  await other.query("NOTIFY bookings_node, 'slot 7'");
  await other.end();
  const [note] = await heard;
  say('notify', note.channel, note.payload);
}

async function pool() {
  const clients = new Pool({ max: 3, application_name: 'node' });
  const seen = await Promise.all(Array.from({ length: 20 }, (_, n) => clients.query({ name: 'visits', text: SELECT, values: [keys[n % 4]] })));
  say('pool', seen.map((result) => result.rows[0].visits));
  const client = await clients.connect();
  await client.query('BEGIN');
  await client.query('UPDATE patients SET visits = visits + 1 WHERE patient_id = $1', [keys[3]]);
  await client.query('COMMIT');
  client.release();
  say('pool', (await clients.query(SELECT, [keys[3]])).rows, clients.totalCount <= 3);
  await clients.end();
}

async function ddl(client) {
  await client.query('CREATE TABLE notes_node (patient_id bigint PRIMARY KEY, note text)');
  say('ddl', (await client.query('INSERT INTO notes_node VALUES ($1, $2) RETURNING note', [keys[3], 'seen'])).rows);
  say('ddl', (await client.query('DROP TABLE notes_node')).command);
}

async function main() {
  const client = await connect({ options: '-c work_mem=5MB' });
  say('connect', (await client.query('SHOW work_mem')).rows, (await client.query('SHOW server_version')).rows);
  await rows(client);
  await prepared(client);
  await batch(client);
  await transactions(client);
  await copies(client);
  await cursors(client);
  await types(client);
  await errors(client);
  await cancel(client);
  await notifications(client);
  await pool();
  await ddl(client);
  await client.end();
  say('done', 'all');
}

main().catch((error) => {
  console.error(error);
  process.exit(1);
});

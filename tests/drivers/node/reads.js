'use strict';
// reads - what replicas.py asks for, through node-postgres: named statements, and a cursor in portions.
const readline = require('readline');
const { Client } = require('pg');
const Cursor = require('pg-cursor');

const READ = 'SELECT served_by(), balance FROM accounts WHERE id = $1';
const ROWS = 'SELECT served_by(), balance, n FROM accounts, generate_series(1, 9) n WHERE id = $1';
const SLOW = 'SELECT served_by(), balance, pg_sleep(CASE WHEN served_by() = $1 THEN 0 ELSE 60 END) FROM accounts WHERE id = 5';
let client;

const told = (rows) => [...new Set(rows.map((row) => `${row.served_by} ${row.balance}`))].join(' ');
const read = async () => told((await client.query({ name: 'read', text: READ, values: [5] })).rows);

async function readOnly(work) {
  await client.query('BEGIN READ ONLY');
  const seen = await work();
  await client.query('COMMIT');
  return seen;
}

async function fetch() {
  const cursor = client.query(new Cursor(ROWS, [5]));
  const seen = [];
  for (let rows = await cursor.read(2); rows.length > 0; rows = await cursor.read(2)) {
    seen.push(...rows);
  }
  await cursor.close();
  return told(seen);
}

const answers = {
  async open(user) {
    client = new Client({ user });
    await client.connect();
    return 'opened';
  },
  async say(sql) {
    await client.query(sql);
    return 'said';
  },
  async write(value) {
    const done = await client.query({ name: 'write', text: 'UPDATE accounts SET balance = $1 WHERE id = $2', values: [value, 5] });
    return `wrote ${done.rowCount}`;
  },
  read,
  hint: async () => told((await client.query({ name: 'hint', text: `/* shardward: prefer_replica */ ${READ}`, values: [5] })).rows),
  only: () => readOnly(async () => `${await read()} ${await read()}`),
  fetch: () => readOnly(fetch),
  slow: async (quick) => told((await client.query(SLOW, [quick])).rows),
};

// One line of what is asked, one of the answer.
async function main() {
  for await (const line of readline.createInterface({ input: process.stdin })) {
    const [word, ...rest] = line.split(' ');
    console.log(await answers[word](rest.join(' ')));
  }
  await client.end();
}

main();

// Plays with node-postgres: `node node_postgres.js PORT DATABASE transparent|refused`, one line a result.
'use strict';
const { Client, Pool } = require('pg');
const Cursor = require('pg-cursor');
const { from: copyFrom, to: copyTo } = require('pg-copy-streams');
const { pipeline } = require('node:stream/promises');
const { Readable } = require('node:stream');

const [port, database, play] = process.argv.slice(2);
const options = { host: '127.0.0.1', port: Number(port), database, user: 'app', password: 'app' };

const say = (name, result) =>
  console.log(`${name}: ${typeof result === 'object' ? JSON.stringify(result) : result}`);

async function attempt(client, ...query) {
  try {
    const result = await client.query(...query);
    return Array.isArray(result) ? result.map((one) => [one.command, one.rows]) : result.rows;
  } catch (error) {
    return error.code;
  }
}

async function transparent() {
  const client = new Client({ ...options, application_name: 'node-play', statement_timeout: 60000 });
  const notices = [];
  client.on('notice', (notice) => notices.push([notice.severity, notice.message]));
  await client.connect();
  say('simple', await attempt(client, 'SELECT 1 AS one, $$text$$ AS word, NULL AS nothing'));
  say('several', await attempt(client, 'SELECT 1 AS a; SELECT 2 AS b; CREATE TABLE played (id serial, body jsonb, at timestamptz)'));
  say('parameters', await attempt(client, 'SELECT $1::int + $2::int AS sum, $3::text AS t, $4::text[] AS list', [1, 2, "o'clock \\", ['x', 'y"z']]));
  say('insert', await attempt(client, 'INSERT INTO played (body) VALUES ($1) RETURNING id, body', [{ deep: { er: [1, null, 'é'] } }]));
  for (let round = 0; round < 3; round++) {
    say('named', await attempt(client, { name: 'fetch-one', text: 'SELECT id FROM played WHERE id = $1', values: [1] }));
  }
  say('binary', (await attempt(client, { text: 'SELECT $1::bytea AS b', values: [Buffer.from([0, 1, 255])], binary: true }))[0].b.toString('hex'));
  say('array mode', await attempt(client, { text: 'SELECT 1, 2', rowMode: 'array' }));
  say('error', await attempt(client, 'SELECT * FROM nosuch'));
  say('extended error', await attempt(client, 'SELECT $1::int / 0', [1]));
  say('bad parameter', await attempt(client, 'SELECT $1::int', ['x']));
  say('after errors', await attempt(client, 'SELECT 7 AS n'));
  const many = await Promise.all(Array.from({ length: 200 }, (_, n) => client.query('SELECT $1::int AS n', [n])));
  say('queued', many.reduce((sum, one) => sum + one.rows[0].n, 0));
  await client.query('BEGIN');
  await attempt(client, 'INSERT INTO played (body) VALUES ($1)', ['"gone"']);
  say('inside', await attempt(client, 'SELECT 1/0'));
  say('failed', await attempt(client, 'SELECT 1'));
  await client.query('ROLLBACK');
  say('count', await attempt(client, 'SELECT count(*)::int FROM played'));
  await pipeline(Readable.from(Array.from({ length: 5000 }, (_, n) => `{"n": ${n}}\n`)), client.query(copyFrom('COPY played (body) FROM STDIN')));
  let copied = 0;
  for await (const chunk of client.query(copyTo('COPY played (body) TO STDOUT'))) copied += chunk.length;
  say('copied bytes', copied);
  const cursor = client.query(new Cursor('SELECT generate_series(1, 1000) AS n'));
  let sum = 0;
  for (let rows = await cursor.read(77); rows.length > 0; rows = await cursor.read(77)) sum += rows.reduce((s, r) => s + r.n, 0);
  await cursor.close();
  say('cursor', sum);
  await client.query("DO $$ BEGIN RAISE WARNING 'noted'; END $$");
  say('notices', notices);
  const heard = new Promise((resolve) => client.once('notification', (message) => resolve([message.channel, message.payload])));
  await client.query("LISTEN played; NOTIFY played, 'hello'");
  say('notification', await heard);
  const pool = new Pool({ ...options, max: 4 });
  const pooled = await Promise.all(Array.from({ length: 40 }, (_, n) => pool.query('SELECT $1::int AS n', [n])));
  say('pool', pooled.reduce((total, one) => total + one.rows[0].n, 0));
  await pool.end();
  say('big', (await attempt(client, 'SELECT repeat($1, 3000000) AS big', ['x']))[0].big.length);
  say('big parameter', (await attempt(client, 'SELECT length($1::text) AS n', ['y'.repeat(2500000)]))[0].n);
  await client.end();
}

async function refused() {
  const client = new Client(options);
  await client.connect();
  const one = async (...query) => { const rows = await attempt(client, ...query); return Array.isArray(rows) ? Object.values(rows[0])[0] : rows; };
  const alter = 'ALTER TABLE guarded ADD COLUMN extra int';
  say('before', await one('SELECT 1 AS n'));
  say('alter', await one(alter));
  say('after', await one('SELECT 2 AS n'));
  say('prepared alter', await one({ name: 'alter-it', text: alter, values: [] }));
  say('after prepared', await one('SELECT $1::int AS n', [3]));
  say('extended alter', await one({ text: alter, values: [], queryMode: 'extended' }));
  say('batch', await one(`INSERT INTO guarded VALUES (1); ${alter}`));
  say('count after batch', await one('SELECT count(*)::int AS n FROM guarded'));
  await client.query('BEGIN');
  await client.query('INSERT INTO guarded VALUES ($1)', [2]);
  say('in transaction', await one(alter));
  say('in failed', await one('SELECT $1::int AS n', [4]));
  await client.query('ROLLBACK');
  say('count after rollback', await one('SELECT count(*)::int AS n FROM guarded'));
  try {
    await client.query(alter);
  } catch (error) {
    say('message', error.message);
    say('detail', Boolean(error.detail));
    say('hint', Boolean(error.hint));
  }
  await client.end();
}

({ transparent, refused })[play]().catch((error) => { console.log('unexpected', error); process.exit(1); });

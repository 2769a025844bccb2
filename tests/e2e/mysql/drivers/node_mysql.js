// Plays with Node's mysql2 and mariadb: `node node_mysql.js DRIVER PORT DATABASE transparent|refused`.
'use strict';
const [, , driver, port, database, play] = process.argv;
const settings = {host: '127.0.0.1', port: Number(port), database, user: 'app', password: 'app', multipleStatements: true,
                  allowPublicKeyRetrieval: true, permitLocalInfile: true};
const library = require(driver === 'mysql2' ? 'mysql2/promise' : 'mariadb');

const say = (name, value) => console.log(`${name}: ${JSON.stringify(value, (_, v) => typeof v === 'bigint' ? String(v) : v)}`);
const number = (error) => error.errno;

async function open(more = {}) {
  const all = {...settings, ...more};
  if (driver === 'mysql2') { delete all.allowPublicKeyRetrieval; delete all.permitLocalInfile; }
  return library.createConnection(all);
}

// What both libraries call a result: rows, or the numbers of an OK packet.
async function run(connection, text, values, prepared) {
  try {
    const answer = await (prepared ? connection.execute(text, values) : connection.query(text, values));
    const result = driver === 'mysql2' ? answer[0] : answer;
    if (Array.isArray(result)) return result.map((row) => row);
    return {affected: result.affectedRows, id: result.insertId, warnings: result.warningStatus};
  } catch (error) {
    return number(error);
  }
}

async function transparent() {
  const connection = await open();
  await run(connection, 'DROP TABLE IF EXISTS played');
  say('create', await run(connection, 'CREATE TABLE played (id INT AUTO_INCREMENT PRIMARY KEY, name VARCHAR(100), data BLOB, big BIGINT, at DATETIME(3))'));
  for (const prepared of [false, true]) {
    for (const name of ["o'clock \\ é", 'second', null])
      say('insert', await run(connection, 'INSERT INTO played (name, data, big) VALUES (?, ?, ?)', [name, Buffer.from([0, 39, 92, 255]), 12345678901], prepared));
    say('select', await run(connection, 'SELECT id, name, data, big, at FROM played WHERE id >= ? ORDER BY id', [2], prepared));
    say('again', await run(connection, 'SELECT id, name, data, big, at FROM played WHERE id >= ? ORDER BY id', [3], prepared));
    say('error', await run(connection, 'SELECT nosuch', [], prepared));
    say('duplicate', await run(connection, 'INSERT INTO played (id) VALUES (1)', [], prepared));
    say('large', (await run(connection, "SELECT REPEAT('x', 3000000) AS x", [], prepared))[0].x.length);
    say('after', await run(connection, 'SELECT 5 AS five', [], prepared));
  }
  say('several', await run(connection, "SELECT 1 AS a; INSERT INTO played (name) VALUES ('x'); SELECT 2 AS b"));
  say('error in the middle', await run(connection, 'SELECT 1 AS a; SELECT nosuch; SELECT 2 AS b'));
  await run(connection, 'DROP PROCEDURE IF EXISTS played_twice');
  await run(connection, 'CREATE PROCEDURE played_twice(a INT) BEGIN SELECT a; SELECT a + 1 AS b; END');
  say('call', await run(connection, 'CALL played_twice(5)'));
  say('prepared call', await run(connection, 'CALL played_twice(?)', [6], true));
  await connection.beginTransaction();
  await run(connection, "INSERT INTO played (name) VALUES ('gone')");
  await connection.rollback();
  say('count', await run(connection, 'SELECT COUNT(*) AS n FROM played'));
  // Queries that are sent without waiting: mariadb pipelines them.
  say('at once', await Promise.all([1, 2, 3, 4, 5].map((n) => run(connection, `SELECT ${n} AS n, SLEEP(0.01) AS s`))));
  if (driver === 'mariadb') {
    say('batch', await connection.batch('INSERT INTO played (name, big) VALUES (?, ?)', [...Array(300).keys()].map((n) => [`row ${n}`, n])).then((r) => ({affected: r.affectedRows})));
    let sum = 0;
    for await (const row of connection.queryStream('SELECT id FROM played')) sum += row.id;
    say('stream', sum);
    await connection.reset();
  }
  // The mariadb library refuses this itself where the server is a MySQL.
  await connection.changeUser({user: 'reader', password: 'reader', database}).catch((error) => say('change of user', error.errno));
  say('reader', await run(connection, 'SELECT CURRENT_USER() AS u'));
  say('denied', await run(connection, 'DELETE FROM played'));
  await connection.ping();
  await connection.end();
  try {
    await open({password: 'wrong'});
  } catch (error) {
    say('wrong password', number(error));
  }
}

async function refused() {
  const alter = 'ALTER TABLE guarded ADD COLUMN extra INT';
  const connection = await open();
  const first = async (text, values, prepared) => String(Object.values((await run(connection, text, values, prepared))[0])[0]);
  const line = (name, value) => console.log(`${name}: ${value}`);
  line('before', await first('SELECT 1'));
  line('alter', await run(connection, alter));
  line('after', await first('SELECT 2'));
  line('prepared alter', await run(connection, alter, [], true));
  line('after prepared', await first('SELECT ? AS x', ['3'], true));
  line('batch', await run(connection, `INSERT INTO guarded VALUES (1); ${alter}`));
  line('count after batch', await first('SELECT COUNT(*) FROM guarded'));
  await connection.beginTransaction();
  await run(connection, 'INSERT INTO guarded VALUES (2)');
  line('in transaction', await run(connection, alter));
  line('still inside', await first('SELECT COUNT(*) FROM guarded'));
  await connection.rollback();
  line('count after rollback', await first('SELECT COUNT(*) FROM guarded'));
  await connection.query(alter).catch((error) => line('message', error.sqlMessage || error.message));
  const answers = await Promise.allSettled(['SELECT 1 AS a', alter, 'SELECT 2 AS a'].map((text) => connection.query(text)));
  line('at once', answers.map((answer) => answer.status).join(' '));
  await connection.end();
}

(play === 'refused' ? refused() : transparent()).catch((error) => { console.log(error); process.exit(1); });

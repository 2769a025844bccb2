<?php
// Plays with PHP's PDO and mysqli: `php pdo_mysql.php PORT DATABASE transparent|refused`, one line a result.
[, $port, $database, $play] = $argv;

function connect(array $options = []): PDO {
    global $port, $database;
    return new PDO("mysql:host=127.0.0.1;port=$port;dbname=$database;charset=utf8mb4", 'app', 'app',
                   $options + [PDO::ATTR_ERRMODE => PDO::ERRMODE_EXCEPTION, PDO::ATTR_DEFAULT_FETCH_MODE => PDO::FETCH_NUM]);
}

function say(string $name, mixed $result): void {
    echo $name, ': ', is_scalar($result) ? var_export($result, true) : json_encode($result), "\n";
}

function attempt(callable $play): mixed {
    try {
        return $play();
    } catch (PDOException $error) {
        return $error->errorInfo[1] ?? $error->getCode();
    } catch (mysqli_sql_exception $error) {
        return $error->getCode();
    }
}

function transparent(): void {
    foreach (['prepared' => [PDO::ATTR_EMULATE_PREPARES => false], 'emulated' => [PDO::ATTR_EMULATE_PREPARES => true],
              'unbuffered' => [PDO::ATTR_EMULATE_PREPARES => false, PDO::MYSQL_ATTR_USE_BUFFERED_QUERY => false],
              'local file' => [PDO::MYSQL_ATTR_LOCAL_INFILE => true, PDO::MYSQL_ATTR_FOUND_ROWS => true]] as $name => $options) {
        $connection = connect($options);
        $connection->exec('DROP TABLE IF EXISTS played');
        say("$name create", attempt(fn() => $connection->exec('CREATE TABLE played (id INT AUTO_INCREMENT PRIMARY KEY, name VARCHAR(100), data LONGBLOB)')));
        $insert = $connection->prepare('INSERT INTO played (name, data) VALUES (?, ?)');
        foreach (["o'clock \\ é", 'second', null] as $value) {
            $insert->execute([$value, str_repeat("\0'\\", 100)]);
            say("$name insert", [$insert->rowCount(), $connection->lastInsertId()]);
        }
        $select = $connection->prepare('SELECT id, name FROM played WHERE id >= :low ORDER BY id');
        foreach ([2, 3] as $low) {
            $select->execute([':low' => $low]);
            say("$name select", $select->fetchAll(PDO::FETCH_ASSOC));
        }
        say("$name meta", $select->getColumnMeta(1)['native_type']);
        say("$name error", attempt(fn() => $connection->query('SELECT nosuch')));
        say("$name prepared error", attempt(fn() => $connection->prepare('SELECT nosuch')->execute()));
        say("$name duplicate", attempt(fn() => $connection->exec('INSERT INTO played (id) VALUES (1)')));
        $connection->beginTransaction();
        $connection->exec("INSERT INTO played (name) VALUES ('gone')");
        $connection->rollBack();
        say("$name several", attempt(function () use ($connection) {
            $statement = $connection->query("SELECT 1; SELECT 2");
            $rows = [];
            do { $rows[] = $statement->fetchAll(); } while ($statement->nextRowset());
            return $rows;
        }));
        say("$name count", $connection->query('SELECT COUNT(*) FROM played')->fetchAll());
        $connection->exec('DROP PROCEDURE IF EXISTS played_twice');
        $connection->exec('CREATE PROCEDURE played_twice(a INT) BEGIN SELECT a; SELECT a + 1; END');
        say("$name call", attempt(function () use ($connection) {
            $statement = $connection->prepare('CALL played_twice(?)');
            $statement->execute([5]);
            $rows = [];
            do { if ($statement->columnCount()) $rows[] = $statement->fetchAll(); } while ($statement->nextRowset());
            return $rows;
        }));
        say("$name info", $connection->getAttribute(PDO::ATTR_SERVER_VERSION));
        if ($name === 'local file') {
            file_put_contents('played.csv', "100\tloaded\n101\talso\n");
            say("$name load", attempt(fn() => $connection->exec("LOAD DATA LOCAL INFILE 'played.csv' INTO TABLE played (id, name)")));
        }
    }
    global $port, $database;
    mysqli_report(MYSQLI_REPORT_ERROR | MYSQLI_REPORT_STRICT);
    $connection = new mysqli('127.0.0.1', 'app', 'app', $database, (int)$port);
    $statement = $connection->prepare('SELECT id, name FROM played WHERE id > ? ORDER BY id');
    $statement->attr_set(MYSQLI_STMT_ATTR_CURSOR_TYPE, MYSQLI_CURSOR_TYPE_READ_ONLY);
    $statement->execute([0]);
    say('mysqli cursor', $statement->get_result()->fetch_all());
    $statement->close();
    $statement = $connection->prepare('INSERT INTO played (data) VALUES (?)');
    $null = null;
    $statement->bind_param('b', $null);
    $statement->send_long_data(0, str_repeat('long ', 100000));
    $statement->send_long_data(0, 'end');
    $statement->execute();
    say('mysqli long data', $connection->query('SELECT MAX(LENGTH(data)) FROM played')->fetch_row());
    $connection->multi_query('SELECT 1; SELECT nosuch');
    say('mysqli several', $connection->store_result()->fetch_all());
    say('mysqli next', attempt(fn() => $connection->next_result()));
    say('mysqli user', $connection->change_user('reader', 'reader', $database));
    say('mysqli who', $connection->query('SELECT CURRENT_USER()')->fetch_row());
    say('mysqli denied', attempt(fn() => $connection->query('DELETE FROM played')));
    say('mysqli asynchronous', (function () use ($connection) {
        $connection->query('SELECT 7', MYSQLI_ASYNC);
        return $connection->reap_async_query()->fetch_row();
    })());
}

function refused(): void {
    $alter = 'ALTER TABLE guarded ADD COLUMN extra int';
    $connection = connect([PDO::ATTR_EMULATE_PREPARES => false]);
    $one = fn(string $sql) => attempt(fn() => $connection->query($sql)->fetchColumn());
    say('before', (int)$one('SELECT 1'));
    say('alter', attempt(fn() => $connection->exec($alter)));
    say('after', (int)$one('SELECT 2'));
    say('prepared alter', attempt(fn() => $connection->prepare($alter)->execute()));
    say('after prepared', (int)attempt(function () use ($connection) { $s = $connection->prepare('SELECT ?'); $s->execute([3]); return $s->fetchColumn(); }));
    say('batch', attempt(fn() => $connection->exec("INSERT INTO guarded VALUES (1); $alter")));
    say('count after batch', (int)$one('SELECT COUNT(*) FROM guarded'));
    $connection->beginTransaction();
    $connection->exec('INSERT INTO guarded VALUES (2)');
    say('in transaction', attempt(fn() => $connection->exec($alter)));
    say('still inside', (int)$one('SELECT COUNT(*) FROM guarded'));
    $connection->rollBack();
    say('count after rollback', (int)$one('SELECT COUNT(*) FROM guarded'));
    try {
        $connection->exec($alter);
    } catch (PDOException $error) {
        say('message', $error->errorInfo[2]);
    }
}

$play();

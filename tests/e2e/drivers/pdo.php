<?php
// Plays with PHP's PDO: `php pdo.php PORT DATABASE transparent|refused`, one line a result on standard output.
[, $port, $database, $play] = $argv;

function connect(array $options = []): PDO {
    global $port, $database;
    return new PDO("pgsql:host=127.0.0.1;port=$port;dbname=$database", 'app', 'app',
                   $options + [PDO::ATTR_ERRMODE => PDO::ERRMODE_EXCEPTION, PDO::ATTR_DEFAULT_FETCH_MODE => PDO::FETCH_NUM]);
}

function say(string $name, mixed $result): void {
    echo $name, ': ', is_scalar($result) ? var_export($result, true) : json_encode($result), "\n";
}

function attempt(callable $play): mixed {
    try {
        return $play();
    } catch (PDOException $error) {
        return $error->errorInfo[0];
    }
}

function transparent(): void {
    foreach (['prepared' => [], 'emulated' => [PDO::ATTR_EMULATE_PREPARES => true],
              'unnamed' => [PDO::PGSQL_ATTR_DISABLE_PREPARES => true]] as $name => $options) {
        $connection = connect($options);
        say("$name create", attempt(fn() => $connection->exec("CREATE TABLE played_$name (id serial PRIMARY KEY, name text, ok bool, data bytea)")));
        $insert = $connection->prepare("INSERT INTO played_$name (name, ok) VALUES (?, ?) RETURNING id");
        foreach (["o'clock \\ é", 'second', null] as $value) {
            $insert->bindValue(1, $value);
            $insert->bindValue(2, true, PDO::PARAM_BOOL);
            $insert->execute();
            say("$name insert", $insert->fetchAll());
        }
        say("$name last id", $connection->lastInsertId());
        $select = $connection->prepare("SELECT id, name, ok FROM played_$name WHERE id >= :low ORDER BY id");
        $select->execute([':low' => 2]);
        say("$name select", $select->fetchAll(PDO::FETCH_ASSOC));
        say("$name meta", $select->getColumnMeta(1)['native_type']);
        say("$name error", attempt(fn() => $connection->query('SELECT nosuch')));
        say("$name division", attempt(function () use ($connection) { $s = $connection->prepare('SELECT 1 / ?::int'); $s->execute([0]); return $s->fetchAll(); }));
        say("$name after", $connection->query('SELECT 5')->fetchColumn());
        $connection->beginTransaction();
        $connection->exec("INSERT INTO played_$name (name) VALUES ('gone')");
        say("$name inside", attempt(fn() => $connection->exec('SELECT 1 / 0')));
        say("$name failed", attempt(fn() => $connection->query('SELECT 1')->fetchAll()));
        $connection->rollBack();
        say("$name several", attempt(fn() => $connection->exec("INSERT INTO played_$name (name) VALUES ('a'); DELETE FROM played_$name WHERE name = 'a'")));
        say("$name count", $connection->query("SELECT count(*) FROM played_$name")->fetchColumn());
        say("$name copy", $connection->pgsqlCopyFromArray("played_$name", ["100\tcopied\tt\t\\N\n", "101\talso\tf\t\\N\n"]));
        say("$name copied", $connection->pgsqlCopyToArray("played_$name"));
        $connection->beginTransaction();
        $oid = $connection->pgsqlLOBCreate();
        $stream = $connection->pgsqlLOBOpen($oid, 'w');
        fwrite($stream, str_repeat('large ', 5000));
        fclose($stream);
        say("$name large object", strlen(stream_get_contents($connection->pgsqlLOBOpen($oid, 'r'))));
        $connection->pgsqlLOBUnlink($oid);
        $connection->commit();
        $connection->exec('LISTEN played');
        $connection->exec("NOTIFY played, 'hello'");
        $note = $connection->pgsqlGetNotify(PDO::FETCH_ASSOC, 10000);
        say("$name notify", [$note['message'], $note['payload']]);
        $cursor = $connection->prepare('SELECT generate_series(1, 500)', [PDO::ATTR_CURSOR => PDO::CURSOR_SCROLL]);
        if ($name !== 'prepared') continue;
        $connection->beginTransaction();
        $cursor->execute();
        $sum = 0;
        while ($row = $cursor->fetch()) $sum += $row[0];
        say("$name scroll", $sum);
        $connection->commit();
    }
}

function refused(): void {
    $alter = 'ALTER TABLE guarded ADD COLUMN extra int';
    $connection = connect();
    $one = fn(string $sql) => attempt(fn() => $connection->query($sql)->fetchColumn());
    say('before', (int)$one('SELECT 1'));
    say('alter', attempt(fn() => $connection->exec($alter)));
    say('after', (int)$one('SELECT 2'));
    say('prepared alter', attempt(fn() => $connection->prepare($alter)->execute()));
    say('after prepared', (int)attempt(function () use ($connection) { $s = $connection->prepare('SELECT ?::int'); $s->execute([3]); return $s->fetchColumn(); }));
    say('batch', attempt(fn() => $connection->exec("INSERT INTO guarded VALUES (1); $alter")));
    say('count after batch', (int)$one('SELECT count(*) FROM guarded'));
    $connection->beginTransaction();
    $connection->exec('INSERT INTO guarded VALUES (2)');
    say('in transaction', attempt(fn() => $connection->exec($alter)));
    say('in failed', $one('SELECT 4'));
    $connection->rollBack();
    say('count after rollback', (int)$one('SELECT count(*) FROM guarded'));
    try {
        $connection->exec($alter);
    } catch (PDOException $error) {
        say('message', $error->errorInfo[2]);
    }
}

$play();

# Plays with Perl's DBI and DBD::Pg: `perl dbi.pl PORT DATABASE transparent|refused|daily`, one line a result.
use strict;
use warnings;
use DBI;
use DBD::Pg qw(:pg_types :async);

my ($port, $database, $play) = @ARGV;
$| = 1;

sub connection {
    return DBI->connect("dbi:Pg:host=127.0.0.1;port=$port;dbname=$database", 'app', 'app',
                        {RaiseError => 1, PrintError => 0, PrintWarn => 0, AutoCommit => 1, @_});
}

sub say_result {
    my ($name, $result) = @_;
    $result = join(' | ', map { ref $_ ? join(',', map { $_ // 'NULL' } @$_) : $_ // 'NULL' } @$result) if ref $result;
    print "$name: ", $result // 'NULL', "\n";
}

sub attempt {
    my ($db, $play_it) = @_;
    my $result = eval { $play_it->() };
    return $@ ? $db->state : $result;
}

sub transparent {
    for my $server_prepare (0, 1) {
        my $db = connection(pg_server_prepare => $server_prepare);
        my $name = $server_prepare ? 'prepared' : 'simple';
        say_result("$name create", attempt($db, sub { $db->do("CREATE TABLE played_$name (id serial, name text, data bytea)") }));
        my $insert = $db->prepare("INSERT INTO played_$name (name, data) VALUES (?, ?) RETURNING id");
        $insert->bind_param(2, undef, {pg_type => PG_BYTEA});
        for my $value ("o'clock \\", 'plain', undef) {
            $insert->execute($value, join '', map { chr } 0 .. 255);
            say_result("$name insert", $insert->fetchall_arrayref);
        }
        say_result("$name select", $db->selectall_arrayref("SELECT id, name, length(data) FROM played_$name WHERE id > ? ORDER BY id", undef, 1));
        say_result("$name error", attempt($db, sub { $db->selectall_arrayref('SELECT nosuch') }));
        say_result("$name value", attempt($db, sub { $db->selectall_arrayref('SELECT ?::int', undef, 'x') }));
        say_result("$name several", attempt($db, sub { $db->do("INSERT INTO played_$name (name) VALUES ('a'); DELETE FROM played_$name WHERE name = 'a'") }));
        $db->begin_work;
        $db->do("INSERT INTO played_$name (name) VALUES ('gone')");
        $db->pg_savepoint('here');
        say_result("$name inside", attempt($db, sub { $db->do('SELECT 1 / 0') }));
        say_result("$name failed", attempt($db, sub { $db->do('SELECT 1') }));
        $db->pg_rollback_to('here');
        $db->pg_release('here');
        say_result("$name recovered", $db->selectall_arrayref("SELECT count(*) FROM played_$name"));
        $db->rollback;
        $db->do("COPY played_$name (name) FROM STDIN");
        $db->pg_putcopydata("copied $_\n") for 1 .. 1000;
        $db->pg_putcopyend;
        $db->do("COPY (SELECT name FROM played_$name ORDER BY id) TO STDOUT");
        my ($line, $lines, $bytes) = ('', 0, 0);
        while ($db->pg_getcopydata($line) >= 0) { $lines++; $bytes += length $line; }
        say_result("$name copy", "$lines lines, $bytes bytes");
        $db->do('LISTEN played');
        $db->do("NOTIFY played, 'hello'");
        my $note = $db->pg_notifies;
        say_result("$name notify", [@$note[0, 2]]);
        $db->begin_work;
        my $oid = $db->pg_lo_creat($db->{pg_INV_WRITE} | $db->{pg_INV_READ});
        my $handle = $db->pg_lo_open($oid, $db->{pg_INV_WRITE} | $db->{pg_INV_READ});
        $db->pg_lo_write($handle, 'large ' x 1000, 6000);
        $db->pg_lo_lseek($handle, 10, 0);
        my $buffer = '';
        $db->pg_lo_read($handle, $buffer, 8);
        say_result("$name large object", $buffer);
        $db->pg_lo_close($handle);
        $db->pg_lo_unlink($oid);
        $db->commit;
        $db->do('SELECT pg_sleep(0.01)', {pg_async => PG_ASYNC});
        say_result("$name async", $db->pg_result);
        $db->do('SELECT pg_sleep(60)', {pg_async => PG_ASYNC});
        say_result("$name cancelled", $db->pg_cancel);
        say_result("$name after cancel", $db->selectall_arrayref('SELECT 1'));
        say_result("$name tables", [sort map { /"?public"?\."?(\w+)/ } $db->tables('', 'public', '%', 'TABLE')]);
        say_result("$name columns", $db->column_info(undef, 'public', "played_$name", '%')->fetchall_arrayref([3, 5]));
        say_result("$name primary key", [$db->primary_key('', 'public', "played_$name")]);
        $db->disconnect;
    }
}

sub refused {
    my $alter = 'ALTER TABLE guarded ADD COLUMN extra int';
    my $db = connection();
    my $one = sub { my ($sql, @values) = @_; attempt($db, sub { ($db->selectrow_array($sql, undef, @values))[0] }) };
    say_result('before', $one->('SELECT 1'));
    say_result('alter', attempt($db, sub { $db->do($alter) }));
    say_result('after', $one->('SELECT 2'));
    say_result('prepared alter', attempt($db, sub { my $s = $db->prepare($alter, {pg_prepare_now => 1}); $s->execute }));
    say_result('after prepared', $one->('SELECT ?::int', 3));
    say_result('batch', attempt($db, sub { $db->do("INSERT INTO guarded VALUES (1); $alter") }));
    say_result('count after batch', $one->('SELECT count(*) FROM guarded'));
    $db->begin_work;
    $db->do('INSERT INTO guarded VALUES (2)');
    say_result('in transaction', attempt($db, sub { $db->do($alter) }));
    say_result('in failed', $one->('SELECT 4'));
    $db->rollback;
    say_result('count after rollback', $one->('SELECT count(*) FROM guarded'));
    eval { $db->do($alter) };
    say_result('message', (split /\n/, $db->errstr)[0]);
    say_result('detail', $db->errstr =~ /DETAIL:/ ? 'true' : 'false');
    say_result('hint', $db->errstr =~ /HINT:/ ? 'true' : 'false');
    $db->disconnect;
}

# What tools built on DBI ask a database about itself.
sub daily {
    my $db = connection();
    my $count = sub { my ($name, $statement) = @_; say_result($name, $statement ? scalar @{$statement->fetchall_arrayref} : 'none') };
    $count->('tables', $db->table_info('', 'public', '%', 'TABLE,VIEW,MATERIALIZED VIEW'));
    $count->('all tables', $db->table_info);
    $count->('schemas', $db->table_info('', '%', ''));
    $count->('types', $db->table_info('', '', '', '%'));
    $count->('columns', $db->column_info('', 'public', $_, '%')) for qw(customers orders stock jobs notes);
    $count->('primary key', $db->primary_key_info('', 'public', $_)) for qw(customers orders stock);
    $count->('foreign key', $db->foreign_key_info('', 'public', 'customers', '', 'public', 'orders'));
    $count->('foreign keys', $db->foreign_key_info('', 'public', 'customers', '', '', ''));
    $count->('statistics', $db->statistics_info('', 'public', 'customers', 0, 1));
    say_result('version', $db->{pg_server_version});
    say_result('ping', $db->ping);
    say_result('state', $db->pg_ping);
    say_result('encoding', $db->{pg_enable_utf8});
    say_result('last id', do { $db->do("INSERT INTO customers (name) VALUES ('x')"); $db->last_insert_id('', 'public', 'customers', '') ? 'some' : 'none' });
    my $statement = $db->prepare('SELECT id, name FROM customers WHERE id = ?');
    $statement->execute(1);
    say_result('names', $statement->{NAME});
    say_result('column types', $statement->{pg_type});
    say_result('nullable', $statement->{NULLABLE});
    $statement->finish;
    $db->disconnect;
}

{transparent => \&transparent, daily => \&daily, refused => \&refused}->{$play}->();

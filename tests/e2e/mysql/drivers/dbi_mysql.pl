#!/usr/bin/perl
# Plays with Perl's DBI: `dbi_mysql.pl DRIVER PORT DATABASE transparent|refused` (DRIVER: MariaDB or mysql).
use strict;
use warnings;
use DBI;

my ($driver, $port, $database, $play) = @ARGV;
my $prefix = lc $driver;
binmode STDOUT, ':encoding(UTF-8)';

sub connect_as {
  my ($user, %options) = @_;
  my %attributes = (RaiseError => 1, PrintError => 0, "${prefix}_server_prepare" => 1, %options);
  return DBI->connect("dbi:$driver:host=127.0.0.1;port=$port;database=$database;${prefix}_local_infile=1;"
      . "${prefix}_multi_statements=1", $user, $user, \%attributes);
}

sub say_result {
  my ($name, @values) = @_;
  print "$name: ", join(', ', map { defined $_ ? "'$_'" : 'undef' } @values), "\n";
}

sub attempt {
  my ($handle, $code) = @_;
  my @result = eval { $code->() };
  return $@ ? ($DBI::err, $DBI::state) : @result;
}

sub transparent {
  for my $server_side (0, 1) {
    my $connection = connect_as('app', "${prefix}_server_prepare" => $server_side);
    $connection->do('DROP TABLE IF EXISTS played');
    say_result('create', attempt($connection, sub { $connection->do('CREATE TABLE played (id INT AUTO_INCREMENT PRIMARY KEY, name VARCHAR(100), data BLOB)') }));
    my $insert = $connection->prepare('INSERT INTO played (name, data) VALUES (?, ?)');
    for my $name ("o'clock \\", 'second', undef) {
      say_result('insert', $insert->execute($name, "\0'\\"));
      say_result('last id', $connection->last_insert_id(undef, undef, 'played', undef));
    }
    my $select = $connection->prepare('SELECT id, name FROM played WHERE id >= ? ORDER BY id');
    for my $low (1, 3) {
      $select->execute($low);
      say_result('columns', @{$select->{NAME}}, @{$select->{TYPE}});
      say_result('row', @$_) for @{$select->fetchall_arrayref};
    }
    say_result('error', attempt($connection, sub { $connection->selectrow_array('SELECT nosuch') }));
    say_result('duplicate', attempt($connection, sub { $connection->do('INSERT INTO played (id) VALUES (1)') }));
    my ($rows) = eval { $connection->do("UPDATE played SET name = 'x'") };
    say_result('updated', $rows);
    $connection->begin_work;
    $connection->do("INSERT INTO played (name) VALUES ('gone')");
    $connection->rollback;
    say_result('count', $connection->selectrow_array('SELECT COUNT(*) FROM played'));
    $connection->do('DROP PROCEDURE IF EXISTS played_twice');
    $connection->do('CREATE PROCEDURE played_twice(a INT) BEGIN SELECT a; SELECT a + 1; END');
    my $call = $connection->prepare('CALL played_twice(5)');
    say_result('call', attempt($connection, sub {
      $call->execute;
      my @results;
      do { push @results, map { @$_ } @{$call->fetchall_arrayref} if $call->{NUM_OF_FIELDS} } while $call->more_results;
      return @results;
    }));
    open my $file, '>', 'played.csv' or die $!;
    print $file "100\tloaded\n101\talso\n";
    close $file;
    say_result('load', attempt($connection, sub { $connection->do("LOAD DATA LOCAL INFILE 'played.csv' INTO TABLE played (id, name)") }));
    say_result('tables', sort map { s/^.*\.//r } $connection->tables(undef, $database, '%', 'TABLE'));
    say_result('large', length $connection->selectrow_array("SELECT REPEAT('x', 3000000)"));
    say_result('ping', $connection->ping);
    say_result('version', $connection->get_info(18));
    $connection->disconnect;
  }
}

sub refused {
  my $alter = 'ALTER TABLE guarded ADD COLUMN extra INT';
  my $connection = connect_as('app');
  my $number = sub { my @result = @_; return $result[0] };
  my $one = sub { my ($text) = @_; print ''; return ($connection->selectrow_array($text))[0] };
  my $line = sub { my ($name, $value) = @_; print "$name: $value\n" };
  $line->('before', $one->('SELECT 1'));
  $line->('alter', $number->(attempt($connection, sub { $connection->do($alter) })));
  $line->('after', $one->('SELECT 2'));
  $line->('prepared alter', $number->(attempt($connection, sub { $connection->prepare($alter)->execute })));
  $line->('after prepared', ($connection->selectrow_array('SELECT ?', undef, 3))[0]);
  $line->('batch', $number->(attempt($connection, sub { $connection->do("INSERT INTO guarded VALUES (1); $alter", { "${prefix}_server_prepare" => 0 }) })));
  $line->('count after batch', $one->('SELECT COUNT(*) FROM guarded'));
  $connection->begin_work;
  $connection->do('INSERT INTO guarded VALUES (2)');
  $line->('in transaction', $number->(attempt($connection, sub { $connection->do($alter) })));
  $line->('still inside', $one->('SELECT COUNT(*) FROM guarded'));
  $connection->rollback;
  $line->('count after rollback', $one->('SELECT COUNT(*) FROM guarded'));
  eval { $connection->do($alter) };
  $line->('message', $connection->errstr);
}

$play eq 'refused' ? refused() : transparent();

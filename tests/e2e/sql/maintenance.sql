-- Maintenance, administration, large objects and what lives outside one database.
CREATE TABLE kept (id int PRIMARY KEY, t text);
INSERT INTO kept SELECT n, repeat('t', n % 50) FROM generate_series(1, 1000) AS n;
VACUUM kept;
VACUUM (FULL, ANALYZE) kept;
ANALYZE kept;
ANALYZE VERBOSE nosuch;
BEGIN;
VACUUM kept;
ROLLBACK;
REINDEX TABLE kept;
REINDEX (CONCURRENTLY) TABLE kept;
CLUSTER kept USING kept_pkey;
CHECKPOINT;
TRUNCATE kept RESTART IDENTITY CASCADE;
LOCK TABLE kept;
SELECT lo_create(424242);
SELECT lo_put(424242, 0, '\x0102030405');
SELECT lo_get(424242), lo_get(424242, 1, 2);
BEGIN;
SELECT lo_open(424242, 393216);
SELECT loread(0, 3);
SELECT lo_lseek(0, 1, 0), lowrite(0, '\xffff'), lo_close(0);
COMMIT;
SELECT lo_get(424242);
ALTER LARGE OBJECT 424242 OWNER TO postgres;
COMMENT ON LARGE OBJECT 424242 IS 'kept';
GRANT SELECT ON LARGE OBJECT 424242 TO PUBLIC;
\lo_list
\lo_export 424242 /tmp/schemaguard_large_object
\! cat /tmp/schemaguard_large_object | od -c
\! rm -f /tmp/schemaguard_large_object
\lo_unlink 424242
SELECT lo_get(424242);
CREATE DATABASE scripted_other TEMPLATE template0;
ALTER DATABASE scripted_other CONNECTION LIMIT 5;
ALTER DATABASE scripted_other SET work_mem = '5MB';
COMMENT ON DATABASE scripted_other IS 'for a moment';
DROP DATABASE scripted_other;
BEGIN;
CREATE DATABASE inside_a_transaction;
ROLLBACK;
CREATE TABLESPACE scripted_space LOCATION '/nonexistent/place';
ALTER TABLESPACE nosuch RENAME TO other;
DROP TABLESPACE nosuch;
ALTER SYSTEM SET log_min_messages = 'warning';
ALTER SYSTEM RESET log_min_messages;
SELECT pg_reload_conf();
CREATE ROLE scripted_group;
CREATE USER scripted_user PASSWORD 'secret' IN ROLE scripted_group;
CREATE GROUP scripted_people;
ALTER ROLE scripted_user VALID UNTIL '2030-01-01';
ALTER USER scripted_user SET search_path = public;
ALTER GROUP scripted_people ADD USER scripted_user;
GRANT SELECT, INSERT ON kept TO scripted_user WITH GRANT OPTION;
GRANT scripted_group TO scripted_people;
REVOKE INSERT ON kept FROM scripted_user CASCADE;
ALTER DEFAULT PRIVILEGES IN SCHEMA public GRANT SELECT ON TABLES TO scripted_user;
ALTER TABLE kept ENABLE ROW LEVEL SECURITY;
CREATE POLICY own ON kept FOR SELECT TO scripted_user USING (id < 10);
ALTER POLICY own ON kept USING (id < 20);
\dp kept
DROP POLICY own ON kept;
REASSIGN OWNED BY scripted_user TO postgres;
DROP OWNED BY scripted_user;
DROP USER scripted_user;
DROP GROUP scripted_people;
DROP ROLE scripted_group;
CREATE FOREIGN DATA WRAPPER nothing;
ALTER FOREIGN DATA WRAPPER nothing OPTIONS (ADD a 'b');
CREATE SERVER far FOREIGN DATA WRAPPER nothing OPTIONS (host 'nowhere');
ALTER SERVER far VERSION '2';
CREATE USER MAPPING FOR postgres SERVER far OPTIONS (password 'secret');
ALTER USER MAPPING FOR postgres SERVER far OPTIONS (SET password 'other');
CREATE FOREIGN TABLE away (a int) SERVER far;
ALTER FOREIGN TABLE away ADD COLUMN b int;
SELECT * FROM away;
DROP FOREIGN TABLE away;
DROP USER MAPPING FOR postgres SERVER far;
DROP SERVER far;
DROP FOREIGN DATA WRAPPER nothing;
CREATE PUBLICATION news FOR TABLE kept;
ALTER PUBLICATION news SET (publish = 'insert');
DROP PUBLICATION news;
CREATE SUBSCRIPTION reader CONNECTION 'host=127.0.0.1 port=1 dbname=nosuch' PUBLICATION news WITH (connect = false, slot_name = NONE);
ALTER SUBSCRIPTION reader DISABLE;
DROP SUBSCRIPTION reader;
SELECT slot_name FROM pg_create_logical_replication_slot('scripted_slot', 'test_decoding');
SELECT pg_drop_replication_slot('scripted_slot');
\d kept
\d+ kept
\di
\ds
\dn
\du scripted_nobody
\dx
\dT
\do ===
\dt *.kept
\z kept

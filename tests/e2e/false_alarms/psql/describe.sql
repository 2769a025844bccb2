-- psql's own catalog queries, all the backslash commands that an application's owner types.
\d
\d+
\d customers
\d+ orders
\d daily_totals
\dt
\dt+ public.*
\di
\dv
\dm
\ds
\dE
\df
\df+ add_points
\dp
\ddp
\dn+
\du
\drds
\dx
\dT+
\dD
\dC int4
\dc
\dd
\dF
\dFd
\dFp
\dFt
\dg
\dL
\do =
\dO
\dP
\dRp
\dRs
\dX
\dy
\dA
\dAc btree int4
\dAf btree int4
\dAo btree int4_ops
\dAp btree int4_ops
\dconfig work_mem
\des
\det
\deu
\dew
\sf add_points
\sv pg_catalog.pg_tables
\z customers
\l app_nothing
\encoding
\conninfo
\dt nosuch
\d nosuch
\set ON_ERROR_ROLLBACK on
BEGIN;
SELECT 1 / 0;
SELECT 'still here';
COMMIT;
\set FETCH_COUNT 1
SELECT id FROM customers ORDER BY id;
\unset FETCH_COUNT
SELECT * FROM customers \gdesc
\copy customers to program 'cat'
\copy (select 1) to stdout
\timing off
\x auto
SELECT * FROM customers ORDER BY id;
\password_is_no_command
\errverbose

-- Evasion section 8: transactions that hide, delay or hand over a change.

-- case: 160 rolled back half
BEGIN; SAVEPOINT a; CREATE TABLE one (a int); ROLLBACK TO a; CREATE TABLE sneaked (a int); COMMIT
-- case: 162 two-phase commit
BEGIN; CREATE TABLE sneaked (a int); PREPARE TRANSACTION 'sneaked_two_phase'
-- next
COMMIT PREPARED 'sneaked_two_phase'
-- case: 163 second half of a chain
BEGIN; INSERT INTO existing VALUES (1); COMMIT AND CHAIN
-- next
CREATE TABLE sneaked (a int)
-- next
COMMIT
-- case: 165 read only is no protection
SET default_transaction_read_only = on
-- next
BEGIN READ WRITE; CREATE TABLE sneaked (a int); COMMIT
-- case: behind a failed transaction's end
-- direct: fails
BEGIN; SELECT 1 / 0
-- next
ROLLBACK; CREATE TABLE sneaked (a int)
-- case: abort and go on
BEGIN
-- next
ABORT; DROP TABLE existing
-- case: end and go on
BEGIN
-- next
END; DROP TABLE existing; BEGIN
-- next
COMMIT
-- case: start transaction in every spelling
START TRANSACTION ISOLATION LEVEL SERIALIZABLE READ WRITE; DROP TABLE existing; COMMIT WORK
-- case: hold a cursor over the end
BEGIN; DECLARE c CURSOR WITH HOLD FOR SELECT 1; COMMIT; DROP TABLE existing; CLOSE c
-- case: listen, then change
LISTEN x; DROP TABLE existing; UNLISTEN x
-- case: lock, then change
BEGIN; LOCK TABLE existing; ALTER TABLE existing ADD COLUMN c int; COMMIT

package fence

import "database/sql/driver"

// errDropped has database/sql drop a connection.
var errDropped = driver.ErrBadConn

var postgres = engine{
	install: []string{
		`CREATE SCHEMA IF NOT EXISTS quiesce`,
		`CREATE TABLE IF NOT EXISTS quiesce.fence (id integer PRIMARY KEY CHECK (id = 1), epoch bigint NOT NULL)`,
		`INSERT INTO quiesce.fence VALUES (1, 0) ON CONFLICT DO NOTHING`,
		// A view of nothing, which has no rows that a copy would read by its name. LOCK TABLE asks for a right to change what is locked
		// (PostgreSQL 18, LOCK).
		`DO $$
BEGIN
	IF pg_catalog.to_regnamespace('quiesce_open') IS NULL AND pg_catalog.to_regnamespace('quiesce_closed') IS NULL THEN
		CREATE SCHEMA quiesce_open;
		GRANT USAGE ON SCHEMA quiesce_open TO PUBLIC;
		CREATE VIEW quiesce_open.fence AS SELECT 1 AS fence;
		GRANT DELETE ON quiesce_open.fence TO PUBLIC;
	END IF;
END $$`,
		// Only the owner renames; and a schema is renamed without a lock on what is in it, for which a running pg_dump would have to be
		// waited for. The lock is for two at once: names are looked up anew once it is there.
		`CREATE OR REPLACE FUNCTION quiesce.fence_set(shut boolean, at_epoch bigint) RETURNS void LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog AS $$
BEGIN
	LOCK TABLE quiesce.fence IN SHARE ROW EXCLUSIVE MODE;
	UPDATE quiesce.fence SET epoch = greatest(epoch, at_epoch) WHERE id = 1 AND (at_epoch = 0 OR epoch <= at_epoch);
	IF FOUND AND shut AND to_regnamespace('quiesce_open') IS NOT NULL THEN
		ALTER SCHEMA quiesce_open RENAME TO quiesce_closed;
	ELSIF FOUND AND NOT shut AND to_regnamespace('quiesce_closed') IS NOT NULL THEN
		ALTER SCHEMA quiesce_closed RENAME TO quiesce_open;
	END IF;
END $$`,
		`REVOKE ALL ON FUNCTION quiesce.fence_set(boolean, bigint) FROM PUBLIC`,
		`GRANT USAGE ON SCHEMA quiesce TO PUBLIC`,
		`GRANT SELECT ON quiesce.fence TO PUBLIC`,
	},
	remove: []string{`DROP SCHEMA IF EXISTS quiesce_open, quiesce_closed, quiesce CASCADE`},
	there:  `SELECT count(*) FROM pg_catalog.pg_tables WHERE schemaname = 'quiesce' AND tablename = 'fence'`,
	// All of it within the transaction: behind a pooler, the session is somebody else's afterwards. If the operator's command is gone, nobody
	// shall wait on in its name; what a server does not know, or cannot do, it does without.
	begin: []string{
		`BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE`,
		`SELECT pg_catalog.set_config(name, '0', true) FROM pg_catalog.pg_settings
			WHERE name IN ('lock_timeout', 'statement_timeout', 'transaction_timeout', 'idle_in_transaction_session_timeout')`,
		`DO $$
BEGIN
	PERFORM pg_catalog.set_config('client_connection_check_interval', '1s', true);
EXCEPTION WHEN OTHERS THEN
END $$`,
	},
	set:     `SELECT quiesce.fence_set($1, $2)`,
	keep:    `LOCK TABLE quiesce_closed.fence IN EXCLUSIVE MODE`,
	status:  `SELECT pg_catalog.to_regclass('quiesce_open.fence') IS NULL, epoch FROM quiesce.fence WHERE id = 1`,
	kept:    `SELECT pg_catalog.to_regclass('quiesce_open.fence') IS NULL, epoch FROM quiesce.fence WHERE id = 1`,
	numbers: 1,
	// The locks are those of the whole server, and a copy of a database has the numbers of its original. Who has prepared a transaction
	// has no session.
	holders: `SELECT l.pid, coalesce(a.usename, ''), coalesce(a.client_addr::text, '')
		FROM pg_catalog.pg_locks l LEFT JOIN pg_catalog.pg_stat_activity a ON a.pid = l.pid
		WHERE l.locktype = 'relation' AND l.granted AND l.pid IS NOT NULL AND l.mode = 'RowShareLock'
			AND l.database = (SELECT oid FROM pg_catalog.pg_database WHERE datname = pg_catalog.current_database())
			AND l.relation = coalesce(pg_catalog.to_regclass('quiesce_closed.fence'), pg_catalog.to_regclass('quiesce_open.fence'))`,
	end: `SELECT pg_catalog.pg_terminate_backend(%d)`,
}

var mysql = engine{
	install: []string{
		`CREATE TABLE IF NOT EXISTS quiesce_fence (id INT NOT NULL PRIMARY KEY, closed BOOLEAN NOT NULL, epoch BIGINT NOT NULL) ENGINE = InnoDB`,
		`INSERT IGNORE INTO quiesce_fence VALUES (1, FALSE, 0)`,
		// Begins a transaction that takes the fence, in one round trip. MariaDB has no NOWAIT in procedures, and no SKIP LOCKED
		// before 10.6, where it waits. It is an IF, and not SELECT … INTO, because that is cheaper by a quarter.
		// What NOT is of stands in parentheses, for the sql_mode of who installs it may be HIGH_NOT_PRECEDENCE.
		`CREATE PROCEDURE /*!80029 IF NOT EXISTS */ /*M!100300 IF NOT EXISTS */ quiesce_fence_begin() SQL SECURITY INVOKER MODIFIES SQL DATA
BEGIN
	START TRANSACTION;
	IF NOT ((SELECT closed FROM quiesce_fence WHERE id = /*!80001 1 FOR SHARE SKIP LOCKED */ /*M!100300 1 LOCK IN SHARE MODE */ /*M!100600 SKIP LOCKED */) <=> FALSE) THEN
		SIGNAL SQLSTATE '45000' SET MESSAGE_TEXT = 'the fence of Quiesce is closed';
	END IF;
END`,
	},
	remove: []string{`DROP PROCEDURE IF EXISTS quiesce_fence_begin`, `DROP TABLE IF EXISTS quiesce_fence`},
	there:  `SELECT COUNT(*) FROM information_schema.tables WHERE table_schema = DATABASE() AND table_name = 'quiesce_fence'`,
	status: `SELECT closed, epoch FROM quiesce_fence WHERE id = 1`,
	begin: []string{
		`DO GET_LOCK(CONCAT('quiesce_fence_', CONNECTION_ID()), 0)`, // says whose session it is
		`SET SESSION innodb_lock_wait_timeout = 1073741824`,
		`SET SESSION wait_timeout = 31536000 /*M!100300 , idle_transaction_timeout = 0,
			idle_readonly_transaction_timeout = 0, idle_write_transaction_timeout = 0 */`,
		`START TRANSACTION`,
	},
	set: `UPDATE quiesce_fence SET closed = ?, epoch = GREATEST(epoch, ?) WHERE id = 1 AND (? = 0 OR epoch <= ?)`,
	// A shared lock keeps the row as it is, so that whoever takes the fence reads that it is closed. With the exclusive one
	// LOCK TABLES … READ would wait, which is how mysqldump begins.
	kept: `SELECT closed, epoch FROM quiesce_fence WHERE id = 1 LOCK IN SHARE MODE`,

	numbers: 3,
	// The strong lock is asked for by the UPDATE itself. MySQL 8 tells of waits in its performance schema alone
	// (MySQL 8.4, The data_lock_waits Table), MariaDB in its information schema; each takes the other's part for a comment. To MariaDB all
	// transactions that have written nothing have the number 0: of those it is who has locked rows and is in this database. Operators are not ended.
	holders: `SELECT DISTINCT p.id, COALESCE(p.user, ''), COALESCE(p.host, '')
		FROM information_schema.innodb_trx b JOIN information_schema.processlist p ON p.id = b.trx_mysql_thread_id
		/*M!100300
			JOIN information_schema.innodb_lock_waits l ON l.blocking_trx_id = b.trx_id AND (b.trx_id <> 0 OR b.trx_rows_locked > 0 AND p.db = DATABASE())
			JOIN information_schema.innodb_locks k ON k.lock_id = l.requested_lock_id
				AND k.lock_table = CONCAT('` + "`', DATABASE(), '`.`quiesce_fence`" + `') AND k.lock_mode LIKE 'X%' */
		/*!80001
			JOIN performance_schema.data_lock_waits l ON l.blocking_engine_transaction_id = b.trx_id
			JOIN information_schema.innodb_trx w ON w.trx_id = l.requesting_engine_transaction_id AND w.trx_query LIKE 'UPDATE quiesce_fence SET closed = %'
			JOIN information_schema.processlist o ON o.id = w.trx_mysql_thread_id AND o.db = DATABASE() */
		WHERE b.trx_state <> 'LOCK WAIT' AND COALESCE(IS_USED_LOCK(CONCAT('quiesce_fence_', p.id)), 0) <> p.id`,
	end: `KILL %d`,
}

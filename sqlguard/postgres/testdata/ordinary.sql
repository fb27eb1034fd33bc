SELECT abalance FROM pgbench_accounts WHERE aid = $1

UPDATE pgbench_accounts SET abalance = abalance + $1 WHERE aid = $2

UPDATE pgbench_tellers SET tbalance = tbalance + $1 WHERE tid = $2

INSERT INTO pgbench_history (tid, bid, aid, delta, mtime) VALUES ($1, $2, $3, $4, CURRENT_TIMESTAMP)

SELECT c FROM sbtest1 WHERE id BETWEEN $1 AND $2

SELECT SUM(k) FROM sbtest1 WHERE id BETWEEN $1 AND $2

SELECT DISTINCT c FROM sbtest1 WHERE id BETWEEN $1 AND $2 ORDER BY c

UPDATE sbtest1 SET k=k+1 WHERE id=$1

DELETE FROM sbtest1 WHERE id=$1

INSERT INTO sbtest1 (id, k, c, pad) VALUES ($1, $2, $3, $4)

SELECT c_discount, c_last, c_credit, w_tax FROM customer, warehouse WHERE w_id = $1 AND c_w_id = w_id AND c_d_id = $2 AND c_id = $3

SELECT d_next_o_id, d_tax FROM district WHERE d_id = $1 AND d_w_id = $2 FOR UPDATE

UPDATE district SET d_next_o_id = $1 + 1 WHERE d_id = $2 AND d_w_id = $3

INSERT INTO oorder (o_id, o_d_id, o_w_id, o_c_id, o_entry_d, o_ol_cnt, o_all_local) VALUES ($1, $2, $3, $4, $5, $6, $7)

SELECT i_price, i_name, i_data FROM item WHERE i_id = $1

SELECT COUNT(DISTINCT (s_i_id)) AS stock_count FROM order_line, stock WHERE ol_w_id = $1 AND ol_d_id = $2 AND ol_o_id < $3 AND ol_o_id >= $4 AND s_w_id = $5 AND s_i_id = ol_i_id AND s_quantity < $6

SELECT count(c_id) FROM customer WHERE c_w_id = $1 AND c_d_id = $2 AND c_last = $3

SELECT * FROM "users" WHERE "users"."deleted_at" IS NULL AND "users"."id" = $1 ORDER BY "users"."id" LIMIT $2

INSERT INTO "users" ("created_at","updated_at","deleted_at","name","age") VALUES ($1,$2,$3,$4,$5) RETURNING "id"

UPDATE "users" SET "name"=$1,"updated_at"=$2 WHERE "users"."deleted_at" IS NULL AND "id" = $3

UPDATE "users" SET "deleted_at"=$1 WHERE "users"."id" = $2 AND "users"."deleted_at" IS NULL

SELECT count(*) FROM "orders" WHERE user_id = $1 AND "orders"."deleted_at" IS NULL

INSERT INTO "pets" ("name","owner_id") VALUES ($1,$2),($3,$4) ON CONFLICT ("id") DO UPDATE SET "owner_id"="excluded"."owner_id" RETURNING "id"

INSERT INTO "users" ("name") VALUES ($1) ON CONFLICT DO NOTHING RETURNING "id"

SELECT "users"."id","users"."name","Company"."id" AS "Company__id","Company"."name" AS "Company__name" FROM "users" LEFT JOIN "companies" "Company" ON "users"."company_id" = "Company"."id" WHERE "users"."name" LIKE $1

SELECT DISTINCT "t1"."id", "t1"."name" FROM "pets" AS "t1" JOIN (SELECT "users"."id" FROM "users" WHERE "users"."id" = $1) AS "t2" ON "t1"."user_pets" = "t2"."id"

SELECT "users"."id", "users"."age" FROM "users" WHERE "users"."id" IN ($1, $2, $3) LIMIT 2

UPDATE "users" SET "age" = COALESCE("users"."age", 0) + $1 WHERE "id" = $2 RETURNING "id", "age", "name"

-- name: GetAuthor :one
SELECT id, name, bio FROM authors
WHERE id = $1 LIMIT 1

-- name: ListAuthors :many
SELECT id, name, bio FROM authors
ORDER BY name

-- name: CreateAuthor :one
INSERT INTO authors (
  name, bio
) VALUES (
  $1, $2
)
RETURNING id, name, bio

-- name: DeleteAuthor :exec
DELETE FROM authors
WHERE id = $1

-- name: UpdateAuthor :exec
UPDATE authors
  set name = $2,
  bio = $3
WHERE id = $1

SELECT "auth_user"."id", "auth_user"."password", "auth_user"."last_login", "auth_user"."is_superuser" FROM "auth_user" WHERE "auth_user"."username" = $1 LIMIT 21

SELECT (1) AS "a" FROM "blog_entry" WHERE "blog_entry"."slug" = $1 LIMIT 1

SELECT 1 AS one FROM "posts" WHERE "posts"."id" = $1 LIMIT $2

SELECT EXISTS(SELECT 1 FROM users WHERE email = $1)

SELECT COUNT(*) AS "__count" FROM "blog_entry"

UPDATE "django_session" SET "session_data" = $1, "expire_date" = $2 WHERE "django_session"."session_key" = $3

DELETE FROM "sessions" WHERE "sessions"."expires_at" < NOW()

SELECT u.id, u.email, array_agg(r.name) AS roles FROM users u LEFT JOIN user_roles ur ON ur.user_id = u.id LEFT JOIN roles r ON r.id = ur.role_id WHERE u.id = $1 GROUP BY u.id, u.email

SELECT date_trunc('day', created_at) AS day, count(*) FROM events WHERE created_at >= now() - interval '7 days' GROUP BY 1 ORDER BY 1

SELECT id, payload FROM jobs WHERE state = 'ready' AND run_at <= now() ORDER BY priority DESC, id LIMIT 1 FOR UPDATE SKIP LOCKED

UPDATE jobs SET state = 'done', finished_at = now() WHERE id = $1 AND state = 'running'

INSERT INTO counters (name, n) VALUES ($1, 1) ON CONFLICT (name) DO UPDATE SET n = counters.n + 1

SELECT id, data->>'title' AS title FROM docs WHERE data @> $1::jsonb AND tags && $2::text[] ORDER BY updated_at DESC LIMIT 50 OFFSET $3

SELECT * FROM products WHERE to_tsvector('english', description) @@ plainto_tsquery('english', $1)

SELECT id FROM items WHERE id = ANY($1)

SELECT a.id, b.total FROM accounts a, LATERAL (SELECT sum(amount) AS total FROM payments p WHERE p.account_id = a.id) b WHERE a.org_id = $1

WITH latest AS (SELECT DISTINCT ON (device_id) device_id, at, value FROM readings ORDER BY device_id, at DESC) SELECT d.name, l.at, l.value FROM devices d JOIN latest l ON l.device_id = d.id

SELECT row_number() OVER (PARTITION BY dept ORDER BY salary DESC) AS rank, name FROM employees

SELECT CASE WHEN status = 1 THEN 'open' ELSE 'closed' END AS state, count(*) FROM tickets GROUP BY 1

SELECT pg_is_in_recovery()

SELECT version()

SELECT current_user, current_database()

SELECT lower(email) FROM users WHERE lower(email) = lower($1)

SELECT id FROM sessions WHERE token_hash = decode($1, 'hex') AND expires_at > now()

SELECT tbl.id, tbl.name FROM tbl WHERE (tbl.a = $1 OR tbl.b IS NULL) AND NOT tbl.deleted AND tbl.created_at > $2::timestamptz

SELECT count(*) FILTER (WHERE paid) AS paid, coalesce(sum(total), 0)::bigint AS total FROM invoices WHERE customer_id = $1

INSERT INTO audit_log (actor_id, action, target, at, detail) VALUES ($1, $2, $3, now(), $4::jsonb)

INSERT INTO events SELECT * FROM staging_events WHERE batch_id = $1

UPDATE carts SET items = items || $1::jsonb, updated_at = CURRENT_TIMESTAMP WHERE id = $2 RETURNING id

UPDATE inventory i SET qty = i.qty - o.qty FROM order_items o WHERE o.item_id = i.id AND o.order_id = $1

DELETE FROM tokens USING users WHERE tokens.user_id = users.id AND users.deleted

SELECT string_agg(name, ', ' ORDER BY name) FROM tags JOIN post_tags USING (tag_id) WHERE post_id = $1

SELECT extract(epoch FROM now() - started_at)::int FROM runs WHERE id = $1

SELECT substring(title, 1, 80), position('x' IN title), trim(body) FROM posts WHERE id = $1

SELECT to_char(created_at AT TIME ZONE 'UTC', 'YYYY-MM-DD') FROM orders WHERE id = $1

SELECT id FROM generate_series(1, 10) AS s(id)

SELECT u.* FROM users u WHERE u.id NOT IN (SELECT user_id FROM bans WHERE until > now()) ORDER BY random() LIMIT 5

SELECT x.id FROM (SELECT id FROM a UNION ALL SELECT id FROM b) x ORDER BY x.id

BEGIN

COMMIT

ROLLBACK

SAVEPOINT sp1

SELECT id, email FROM users WHERE email ILIKE $1 || '%' ORDER BY email ASC NULLS LAST LIMIT 20

SELECT json_build_object('id', id, 'name', name) FROM users WHERE id = $1

SELECT sum(amount) FROM ledger WHERE account_id = $1 AND currency = 'EUR' HAVING sum(amount) > 0

SELECT name FROM people WHERE age BETWEEN 18 AND 30 AND city IN ('Rome', 'Oslo')

SELECT nextval('orders_id_seq')

SELECT id, version FROM docs WHERE id = $1 FOR SHARE

INSERT INTO prices (sku, price, valid) VALUES ($1, $2, tstzrange(now(), NULL))

UPDATE users SET (first_name, last_name) = ($1, $2) WHERE id = $3

UPDATE t SET a = v.a FROM (VALUES ($1::int, $2::int)) AS v(id, a) WHERE t.id = v.id

SELECT '2024-01-01'::date + 1, $1::uuid, $2::numeric(10,2)

SELECT max(id) FROM orders

SELECT id FROM users ORDER BY created_at DESC FETCH FIRST 10 ROWS ONLY

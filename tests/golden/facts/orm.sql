SELECT "users"."id", "users"."name" FROM "users" WHERE "users"."id" = $1 LIMIT $2
SELECT users.id AS users_id, users.name AS users_name FROM users WHERE users.id = $1
SELECT users.id AS users_id FROM users LEFT OUTER JOIN orders AS orders_1 ON users.id = orders_1.user_id WHERE users.id = $1::INTEGER
INSERT INTO "orders" ("user_id", "total", "created_at") VALUES ($1, $2, $3) RETURNING "id"
INSERT INTO "booking_slot" ("doctor_id", "taken") VALUES (5, 0), (6, 1) ON CONFLICT ("doctor_id") DO UPDATE SET "taken" = EXCLUDED."taken"
UPDATE "appointments" SET "status" = 'paid' WHERE ("appointments"."patient_id" = 42 AND "appointments"."appointment_id" = 7)
DELETE FROM "appointments" WHERE "appointments"."patient_id" IN (42, 43)
SELECT COUNT(*) AS "__count" FROM "booking_slot" INNER JOIN "doctor" ON ("booking_slot"."doctor_id" = "doctor"."id") WHERE "doctor"."id" = 5
SELECT (1) AS "a" FROM "users" WHERE "users"."email" = 'a@b' LIMIT 1
select a1_0.patient_id, a1_0.status from appointments a1_0 where a1_0.patient_id=$1 and a1_0.appointment_id=$2
SELECT 1 AS one FROM "users" WHERE "users"."email" = $1 AND "users"."id" != $2 LIMIT $3
SELECT "t0"."id" FROM "public"."users" AS "t0" WHERE ("t0"."id" = $1 AND 1=1) LIMIT $2 OFFSET $3
SELECT a.attname, format_type(a.atttypid, a.atttypmod), pg_get_expr(d.adbin, d.adrelid), a.attnotnull FROM pg_attribute a LEFT JOIN pg_attrdef d ON a.attrelid = d.adrelid AND a.attnum = d.adnum WHERE a.attrelid = '"users"'::regclass AND a.attnum > 0 AND NOT a.attisdropped ORDER BY a.attnum
SELECT s FROM generate_series(1, 3) s
SELECT t.oid, typarray FROM pg_type t JOIN pg_namespace ns ON typnamespace = ns.oid WHERE typname = 'hstore'
select pg_catalog.version()
select current_schema()
show standard_conforming_strings
SELECT set_config('search_path', '', false)
BEGIN; SELECT 1; UPDATE slots SET taken = taken + 1 WHERE doctor_id = 5 AND slot_id = 1; COMMIT
SELECT * FROM slots WHERE doctor_id = 5 AND taken < capacity ORDER BY starts_at FOR UPDATE SKIP LOCKED LIMIT 1
SELECT u.*, o.* FROM users u JOIN LATERAL (SELECT * FROM orders o WHERE o.user_id = u.id ORDER BY o.id DESC LIMIT 3) o ON true WHERE u.id = 7
WITH moved AS (DELETE FROM queue WHERE id = 1 RETURNING *) INSERT INTO done SELECT * FROM moved
SELECT id, row_number() OVER (PARTITION BY user_id ORDER BY id) FROM orders WHERE user_id = ANY($1::bigint[])

-- On the key.
SELECT p.name, v.visit_id FROM patients p JOIN visits v ON v.patient_id = p.patient_id;
SELECT p.name, v.visit_id FROM patients p JOIN visits v USING (patient_id);
SELECT patient_id, p.name, v.visit_id FROM patients p JOIN visits v USING (patient_id);
SELECT * FROM patients p JOIN refunds r USING (patient_id);
SELECT * FROM refunds r NATURAL JOIN nothing;
SELECT p.name, v.visit_id FROM patients p, visits v WHERE v.patient_id = p.patient_id;
SELECT p.name, v.visit_id FROM patients p CROSS JOIN visits v WHERE v.patient_id = p.patient_id AND v.paid;
SELECT p.name, v.visit_id FROM patients p INNER JOIN visits v ON p.patient_id = v.patient_id AND v.fee > 5;
SELECT p.name, v.visit_id, b.amount FROM patients p JOIN visits v USING (patient_id)
    JOIN bills b USING (patient_id);
SELECT p.name, b.amount FROM patients p JOIN visits v ON v.patient_id = p.patient_id
    JOIN bills b ON b.patient_id = v.patient_id AND b.visit_id = v.visit_id;
SELECT p.name, b.amount FROM (patients p JOIN visits v USING (patient_id)) JOIN bills b USING (patient_id);
SELECT a.visit_id, b.visit_id FROM visits a JOIN visits b ON a.patient_id = b.patient_id AND a.visit_id < b.visit_id;
SELECT count(*) FROM visits a JOIN visits b USING (patient_id);
SELECT count(*) FROM events a JOIN events b USING (patient_id, what, n);
SELECT count(*) FROM visits a, visits b, bills c WHERE a.patient_id = b.patient_id AND b.patient_id = c.patient_id;
SELECT p.name, r.amount FROM patients p JOIN refunds r ON r.patient_id = p.patient_id;
SELECT p.name, n.x FROM patients p JOIN nothing n ON n.patient_id = p.patient_id;
SELECT count(*) FROM visits v JOIN bills b ON b.patient_id = v.patient_id AND b.visit_id = v.visit_id;
SELECT mood, count(*) FROM patients p JOIN visits v USING (patient_id, mood) GROUP BY mood;
SELECT p.mood, v.mood, count(*) FROM patients p JOIN visits v USING (patient_id) GROUP BY 1, 2;

-- Outer joins on the key.
SELECT p.patient_id, v.visit_id FROM patients p LEFT JOIN visits v USING (patient_id);
SELECT p.patient_id, v.visit_id FROM visits v RIGHT JOIN patients p USING (patient_id);
SELECT v.visit_id, b.bill_id FROM visits v FULL JOIN bills b ON b.patient_id = v.patient_id AND b.visit_id = v.visit_id;
SELECT patient_id, v.visit_id, b.bill_id FROM visits v FULL JOIN bills b USING (patient_id, visit_id);
SELECT p.patient_id, v.visit_id FROM patients p LEFT JOIN visits v ON v.patient_id = p.patient_id AND v.paid;
SELECT p.patient_id, v.visit_id FROM patients p LEFT JOIN visits v ON v.patient_id = p.patient_id AND p.vip;
SELECT p.patient_id FROM patients p LEFT JOIN visits v USING (patient_id) WHERE v.visit_id IS NULL;
SELECT p.patient_id FROM patients p LEFT JOIN visits v ON v.patient_id = p.patient_id WHERE v.paid OR p.vip;
SELECT p.patient_id, r.amount FROM patients p LEFT JOIN refunds r USING (patient_id);
SELECT p.patient_id, n.x FROM patients p LEFT JOIN nothing n USING (patient_id);
SELECT n.x, p.patient_id FROM nothing n FULL JOIN patients p USING (patient_id);
SELECT count(*), count(v.visit_id), count(b.bill_id) FROM patients p LEFT JOIN visits v USING (patient_id)
    LEFT JOIN bills b USING (patient_id);
SELECT p.name, count(v.visit_id) FROM patients p LEFT JOIN visits v USING (patient_id) GROUP BY p.name;
SELECT p.patient_id, count(v.visit_id) FROM patients p LEFT JOIN visits v USING (patient_id)
    GROUP BY p.patient_id ORDER BY 2 DESC, 1 LIMIT 4;
SELECT p.patient_id FROM patients p LEFT JOIN visits v ON v.patient_id = p.patient_id AND v.patient_id = 1;
SELECT p.patient_id, v.visit_id FROM patients p LEFT JOIN visits v ON v.patient_id = p.patient_id AND p.patient_id = 1;
SELECT count(*) FROM patients p FULL JOIN visits v ON v.patient_id = p.patient_id AND v.patient_id IN (1, 2);
SELECT p.patient_id, coalesce(sum(v.fee), 0) FROM patients p LEFT JOIN visits v USING (patient_id) GROUP BY 1;

-- Of some shards.
SELECT p.name, v.visit_id FROM patients p JOIN visits v USING (patient_id) WHERE p.patient_id IN (1, 2, 3);
SELECT p.name, v.visit_id FROM patients p JOIN visits v USING (patient_id) WHERE v.patient_id > 7;
SELECT p.name, v.visit_id FROM patients p LEFT JOIN visits v USING (patient_id) WHERE patient_id = ANY ('{3,5,77}');
SELECT p.name, v.visit_id FROM patients p, visits v WHERE p.patient_id = v.patient_id AND v.patient_id IN (6, 9);
SELECT p.name FROM patients p JOIN visits v ON p.patient_id = v.patient_id AND p.patient_id IN (1, 2) AND v.visit_id = 1;

-- In order, distinct.
SELECT p.name, v.visit_id FROM patients p JOIN visits v USING (patient_id) ORDER BY p.name, v.visit_id, patient_id;
SELECT v.visit_id FROM patients p JOIN visits v USING (patient_id) ORDER BY p.name, v.at DESC, patient_id, visit_id;
SELECT p.name, v.at FROM patients p JOIN visits v USING (patient_id) ORDER BY v.at DESC NULLS LAST, patient_id, visit_id LIMIT 5;
SELECT DISTINCT p.city, v.mood FROM patients p JOIN visits v USING (patient_id);
SELECT DISTINCT p.city FROM patients p JOIN visits v USING (patient_id) ORDER BY p.city;
SELECT DISTINCT ON (p.city) p.city, v.visit_id, p.patient_id FROM patients p JOIN visits v USING (patient_id)
    ORDER BY p.city, v.visit_id DESC, p.patient_id;

-- With what is no table.
SELECT v.visit_id, x.n FROM visits v CROSS JOIN (VALUES (1), (2)) x(n);
SELECT v.visit_id, x.word FROM visits v JOIN (VALUES (1, 'one'), (2, 'two')) x(n, word) ON x.n = v.visit_id;
SELECT v.visit_id, g FROM visits v, generate_series(1, 2) g WHERE v.paid;
SELECT v.patient_id, g FROM visits v JOIN generate_series(1, 3) g ON g = v.visit_id ORDER BY 1, 2;
SELECT p.patient_id, t FROM patients p, unnest(p.tags) t;
SELECT p.patient_id, t, n FROM patients p, unnest(p.tags) WITH ORDINALITY u(t, n);
SELECT p.patient_id, t FROM patients p LEFT JOIN unnest(p.tags) t ON true;
SELECT g, v.visit_id FROM generate_series(1, 9) g LEFT JOIN visits v ON v.visit_id = g;
SELECT x.n, count(v.visit_id) FROM (VALUES (1), (99)) x(n) LEFT JOIN visits v ON v.visit_id = x.n GROUP BY x.n;
SELECT p.patient_id, n.value FROM patients p, jsonb_array_elements(CASE WHEN jsonb_typeof(p.note) = 'array' THEN p.note END) n;

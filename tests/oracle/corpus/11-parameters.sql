-- Keys
-- $1 = int8:1 | $2 = int8:2
SELECT * FROM visits WHERE patient_id IN ($1, $2);
-- $1 = int8:1 | $2 = int8:NULL
SELECT * FROM visits WHERE patient_id IN ($1, $2);
-- $1 = int8:1 | $2 = int8:1
SELECT * FROM visits WHERE patient_id IN ($1, $2);
-- $1 = int4:6 | $2 = int2:9
SELECT * FROM visits WHERE patient_id IN ($1, $2);
-- $1 = int8[]:{1,2,3,77}
SELECT * FROM visits WHERE patient_id = ANY ($1);
-- $1 = int8[]:{1,NULL,3}
SELECT * FROM visits WHERE patient_id = ANY ($1);
-- $1 = int8[]:{}
SELECT * FROM visits WHERE patient_id = ANY ($1);
-- $1 = int8[]:NULL
SELECT * FROM visits WHERE patient_id = ANY ($1);
-- $1 = int4[]:{1,2,3}
SELECT count(*) FROM visits WHERE patient_id = ANY ($1::int4[]);
-- $1 = int8[]:{9223372036854775807,-9223372036854775808}
SELECT * FROM visits WHERE patient_id = ANY ($1) ORDER BY patient_id, visit_id;
-- $1 = int8:3 | $2 = int8:12
SELECT * FROM visits WHERE patient_id BETWEEN $1 AND $2;
-- $1 = int8:3
SELECT * FROM visits WHERE patient_id > $1;
-- $1 = int8:3
SELECT * FROM visits WHERE patient_id <> $1;
-- $1 = int8:3
SELECT * FROM visits WHERE patient_id = $1 OR patient_id = $1 + 1;
-- $1 = int8:3 | $2 = int4:1
SELECT * FROM visits WHERE patient_id = $1 OR visit_id = $2;
-- $1 = int8:1 | $2 = int8:6
SELECT name FROM patients WHERE patient_id = $1 UNION ALL SELECT name FROM patients WHERE patient_id = $2;
-- $1 = numeric:3.0
SELECT * FROM visits WHERE patient_id > $1::numeric;
-- $1 = text:3
SELECT * FROM visits WHERE patient_id::text = $1;
-- $1 = text:A1 | $2 = text:北
SELECT * FROM wards WHERE code IN ($1, $2);
-- $1 = text[]:{"",É}
SELECT * FROM wards WHERE code = ANY ($1);

-- Other values, of every type
-- $1 = text:Ada
SELECT patient_id FROM patients WHERE name = $1;
-- $1 = text:
SELECT patient_id FROM patients WHERE name = $1;
-- $1 = text:NULL
SELECT patient_id FROM patients WHERE name = $1;
-- $1 = text:%a%
SELECT patient_id FROM patients WHERE name LIKE $1;
-- $1 = mood:happy
SELECT patient_id, visit_id FROM visits WHERE mood >= $1;
-- $1 = mood[]:{sad,Zen}
SELECT patient_id, visit_id FROM visits WHERE mood = ANY ($1);
-- $1 = numeric:10
SELECT patient_id, visit_id FROM visits WHERE fee = $1;
-- $1 = float8:NaN
SELECT patient_id FROM patients WHERE height = $1;
-- $1 = float8:-0
SELECT patient_id FROM patients WHERE height = $1;
-- $1 = numeric:NaN
SELECT patient_id FROM patients WHERE weight = $1;
-- $1 = date:infinity
SELECT patient_id FROM patients WHERE born < $1;
-- $1 = timestamptz:2026-01-01 00:00+00
SELECT patient_id FROM patients WHERE seen >= $1;
-- $1 = interval:30 days
SELECT patient_id FROM patients WHERE wait = $1;
-- $1 = uuid:ffffffff-ffff-ffff-ffff-ffffffffffff
SELECT patient_id FROM patients WHERE token = $1;
-- $1 = bytea:\x00
SELECT patient_id FROM patients WHERE photo >= $1;
-- $1 = jsonb:{"a": 1}
SELECT patient_id FROM patients WHERE note @> $1;
-- $1 = text[]:{a}
SELECT patient_id FROM patients WHERE tags @> $1;
-- $1 = bool:t
SELECT patient_id FROM patients WHERE vip = $1;
-- $1 = int2:3
SELECT patient_id, visit_id FROM visits WHERE grade = $1;
-- $1 = float4:0.5
SELECT patient_id, visit_id FROM visits WHERE ratio = $1;
-- $1 = time:24:00
SELECT bill_id FROM bills WHERE due_time = $1;

-- In the output, in groups, in order
-- $1 = text:x
SELECT $1::text, patient_id FROM patients;
-- $1 = int4:5
SELECT visit_id + $1 FROM visits;
-- $1 = int4:2
SELECT visit_id % $1, count(*) FROM visits GROUP BY 1;
-- $1 = int4:2
SELECT count(*), sum(visit_id * $1), max(visit_id) + $1 FROM visits;
-- $1 = int8:5
SELECT city, count(*) FROM patients GROUP BY city HAVING count(*) > $1;
-- $1 = text:none
SELECT coalesce(max(remark), $1) FROM visits WHERE visit_id = 99;
-- $1 = text:;
SELECT string_agg(name, $1 ORDER BY patient_id) FROM patients;
-- $1 = bool:t
SELECT count(*) FILTER (WHERE paid = $1) FROM visits;
-- $1 = int4:3
SELECT patient_id FROM patients ORDER BY patient_id % $1, patient_id;
-- $1 = text:Ada
SELECT name, patient_id FROM patients ORDER BY name = $1 DESC NULLS LAST, patient_id;
-- $1 = int8:4
SELECT patient_id FROM patients ORDER BY patient_id LIMIT $1;
-- $1 = int8:4 | $2 = int8:2
SELECT patient_id FROM patients ORDER BY patient_id LIMIT $1 OFFSET $2;
-- $1 = int8:NULL | $2 = int8:NULL
SELECT patient_id FROM patients ORDER BY patient_id LIMIT $1 OFFSET $2;
-- $1 = int8:0
SELECT patient_id FROM patients ORDER BY patient_id LIMIT $1;
-- $1 = int8:9223372036854775807
SELECT patient_id FROM patients ORDER BY patient_id LIMIT $1;
-- $1 = int8:9223372036854775807 | $2 = int8:9223372036854775807
SELECT patient_id FROM patients ORDER BY patient_id LIMIT $1 OFFSET $2;
-- fails
-- $1 = int8:-1
SELECT patient_id FROM patients ORDER BY patient_id LIMIT $1;
-- fails
-- $1 = int8:-1
SELECT patient_id FROM patients ORDER BY patient_id OFFSET $1;
-- $1 = int8:3
SELECT patient_id FROM patients OFFSET $1;
-- $1 = text:x | $2 = int8:2
SELECT $1::text AS x, city FROM patients GROUP BY city ORDER BY city LIMIT $2;
-- $1 = int8:2 | $2 = int8:3
SELECT DISTINCT city FROM patients WHERE patient_id > $1 ORDER BY city LIMIT $2;
-- $1 = bool:t | $2 = int4:1
SELECT p.name, v.visit_id FROM patients p JOIN visits v USING (patient_id) WHERE v.paid = $1 AND v.visit_id > $2;
-- $1 = numeric:10
SELECT name FROM patients p WHERE EXISTS (SELECT 1 FROM visits v WHERE v.patient_id = p.patient_id AND fee >= $1);
-- $1 = int8[]:{1,2,3} | $2 = int8:2
SELECT mood, count(*) FROM visits WHERE patient_id = ANY ($1) GROUP BY mood HAVING count(*) >= $2 ORDER BY 1;
-- fails
-- $1 = int4:0
SELECT 1 / $1 FROM visits;
-- fails
-- $1 = int4:0
SELECT sum(visit_id / $1) FROM visits;
-- $1 = int4:1 | $2 = int4:2
SELECT visit_id FROM visits WHERE visit_id = $2;
-- fails
-- $1 = text:x
SELECT patient_id FROM patients WHERE patient_id = $1 || 'y';

-- family: uncounted
-- Tables of one shard beside those of several: refused, unless all is on one.
SELECT count(*) FROM patients p JOIN wards w ON w.label = p.name;
SELECT count(*) FROM patients p, wards w WHERE p.patient_id = w.floor;
SELECT count(*) FROM wards a JOIN wards b ON a.floor = b.floor;
SELECT a.code, b.code FROM wards a JOIN wards b USING (code) ORDER BY 1;
SELECT v.visit_id, d.name FROM visits v JOIN doctors d USING (doctor_id);
SELECT v.visit_id, d.name FROM visits v LEFT JOIN doctors d USING (doctor_id);
SELECT d.name, count(v.visit_id) FROM doctors d LEFT JOIN visits v USING (doctor_id) GROUP BY d.name;
SELECT d.name FROM doctors d WHERE EXISTS (SELECT 1 FROM visits v WHERE v.doctor_id = d.doctor_id);
SELECT visit_id FROM visits v WHERE doctor_id IN (SELECT doctor_id FROM doctors);
SELECT visit_id FROM visits v WHERE NOT EXISTS (SELECT 1 FROM doctors d WHERE d.doctor_id = v.doctor_id);
SELECT d.name FROM doctors d JOIN visits v USING (doctor_id) WHERE v.patient_id = 6;
SELECT name FROM doctors UNION ALL SELECT name FROM patients;
SELECT name FROM doctors EXCEPT SELECT name FROM patients;
SELECT label FROM wards UNION SELECT name FROM patients;
SELECT (SELECT count(*) FROM doctors), count(*) FROM visits;

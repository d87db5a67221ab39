/** Idempotent; run under an advisory lock. Everything that writes is one function call, so that a paused client never holds a lock. */
export const schema = `
SELECT pg_advisory_xact_lock(7306, 1);
CREATE SCHEMA IF NOT EXISTS bus;
CREATE TABLE IF NOT EXISTS bus.topic (
  id int GENERATED ALWAYS AS IDENTITY PRIMARY KEY, name text NOT NULL UNIQUE, partitions int NOT NULL CHECK (partitions > 0),
  compacted boolean NOT NULL, retention_ms bigint NOT NULL, max_bytes int NOT NULL);
CREATE TABLE IF NOT EXISTS bus.partition (
  topic int NOT NULL REFERENCES bus.topic, partition int NOT NULL, low bigint NOT NULL DEFAULT 0, next bigint NOT NULL DEFAULT 0,
  PRIMARY KEY (topic, partition)) WITH (fillfactor = 50);
CREATE TABLE IF NOT EXISTS bus.record (
  topic int NOT NULL, partition int NOT NULL, "offset" bigint NOT NULL, at bigint NOT NULL, key bytea NOT NULL, value bytea, headers bytea NOT NULL,
  PRIMARY KEY (topic, partition, "offset"));
CREATE TABLE IF NOT EXISTS bus.claim (
  "group" text NOT NULL, topic int NOT NULL REFERENCES bus.topic, partition int NOT NULL, committed bigint NOT NULL,
  member text, epoch bigint NOT NULL DEFAULT 0, until timestamptz NOT NULL DEFAULT '-infinity',
  PRIMARY KEY ("group", topic, partition)) WITH (fillfactor = 50);
CREATE TABLE IF NOT EXISTS bus.member (
  "group" text NOT NULL, topic int NOT NULL REFERENCES bus.topic, member text NOT NULL, until timestamptz NOT NULL,
  PRIMARY KEY ("group", topic, member));

CREATE OR REPLACE FUNCTION bus.append(
  p_group text, p_topic int, p_partition int, p_member text, p_epoch bigint, p_next bigint,
  topics int[], partitions int[], keys bytea[], vals bytea[], heads bytea[])
RETURNS TABLE (t int, p int, base bigint) LANGUAGE plpgsql AS $$
DECLARE part record; first bigint; stamp bigint;
BEGIN
  IF p_group IS NOT NULL THEN
    UPDATE bus.claim c SET committed = coalesce(p_next, c.committed)
      WHERE c."group" = p_group AND c.topic = p_topic AND c.partition = p_partition AND c.member = p_member AND c.epoch = p_epoch;
    IF NOT FOUND THEN RAISE EXCEPTION 'another member owns the partition' USING ERRCODE = 'CSF01'; END IF;
  END IF;
  FOR part IN SELECT u.t, u.p, count(*) AS n FROM unnest(topics, partitions) AS u(t, p) GROUP BY u.t, u.p ORDER BY u.t, u.p LOOP
    UPDATE bus.partition b SET next = b.next + part.n WHERE b.topic = part.t AND b.partition = part.p RETURNING b.next - part.n INTO first;
    IF NOT FOUND THEN RAISE EXCEPTION 'no partition % of topic %', part.p, part.t USING ERRCODE = 'CSF02'; END IF;
    stamp := floor(extract(epoch FROM clock_timestamp()) * 1000);
    INSERT INTO bus.record (topic, partition, "offset", at, key, value, headers)
      SELECT part.t, part.p, first + row_number() OVER (ORDER BY u.i) - 1, stamp, u.k, u.v, u.h
      FROM unnest(topics, partitions, keys, vals, heads) WITH ORDINALITY AS u(t, p, k, v, h, i) WHERE u.t = part.t AND u.p = part.p;
    PERFORM pg_notify('countersign_bus', 'p/' || part.t || '/' || part.p);
    t := part.t; p := part.p; base := first;
    RETURN NEXT;
  END LOOP;
END $$;

CREATE OR REPLACE FUNCTION bus.maintain() RETURNS void LANGUAGE plpgsql AS $$
DECLARE part record; keep bigint; cut bigint;
BEGIN
  IF NOT pg_try_advisory_xact_lock(7306, 2) THEN RETURN; END IF;
  DELETE FROM bus.member WHERE until < clock_timestamp() - interval '1 minute';
  FOR part IN SELECT b.topic, b.partition, b.next, b.low, o.compacted, o.retention_ms FROM bus.partition b JOIN bus.topic o ON o.id = b.topic LOOP
    cut := floor(extract(epoch FROM clock_timestamp()) * 1000) - part.retention_ms;
    IF part.compacted THEN
      DELETE FROM bus.record r USING (
        SELECT "offset", value IS NULL AND at < cut AS over, max("offset") OVER (PARTITION BY key) AS newest
        FROM bus.record WHERE topic = part.topic AND partition = part.partition) AS w
      WHERE r.topic = part.topic AND r.partition = part.partition AND r."offset" = w."offset" AND (w."offset" < w.newest OR w.over);
    ELSIF part.retention_ms >= 0 THEN
      SELECT "offset" INTO keep FROM bus.record WHERE topic = part.topic AND partition = part.partition AND at >= cut ORDER BY "offset" LIMIT 1;
      keep := coalesce(keep, part.next);
      IF keep > part.low THEN
        DELETE FROM bus.record WHERE topic = part.topic AND partition = part.partition AND "offset" < keep;
        UPDATE bus.partition SET low = keep WHERE topic = part.topic AND partition = part.partition;
      END IF;
    END IF;
  END LOOP;
END $$;
`;

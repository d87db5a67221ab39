-- One log is one row of `log`; every table carries its id, so that a database can hold several.
create table if not exists log (
  id text primary key,
  epoch bigint not null default 0,
  size bigint not null default 0,
  frontier bytea not null default ''
);
-- `mac`, here and below: that audit wrote the row, under a key that is not in this database (core/own-word.ts). Of a log it covers where each source is read from.
alter table log add column if not exists mac text;
-- Legal holds that the record has placed and not released: what `legal_hold` must still say. Null: left by a version that did not keep them here.
alter table log add column if not exists holds jsonb;
-- `said`: hash of topic and id; the same once more with another digest is an incident.
create table if not exists entry (
  log text not null, index bigint not null, leaf bytea not null, run text, action text, said bigint, digest bytea,
  primary key (log, index)
);
alter table entry add column if not exists said bigint, add column if not exists digest bytea;
create index if not exists entry_by_run on entry (log, run, index);
create index if not exists entry_by_said on entry (said);
-- Apart from the entries: erasing a payload leaves every proof as it was. One partition for each retention class and month: what is over goes whole.
-- `key` names the data key, which is kept outside this database; `body` is iv, tag, and ciphertext of salt and plaintext (AES-256-GCM).
drop table if exists payload;
create table if not exists sealed_payload (
  log text not null, index bigint not null, slot text not null, key text not null, body bytea not null,
  primary key (log, index, slot)
) partition by list (slot);
-- Ciphertext does not compress; partitions keep it in the row as far as a page allows (partitions.ts).
alter table sealed_payload alter column body set storage external;
-- What audit itself must still put on the record: written with what gave rise to it, so that a crash forgets none.
create table if not exists statement_due (
  id bigserial primary key, log text not null, kind text not null, states jsonb not null
);
alter table statement_due add column if not exists mac text;
create table if not exists tile (
  log text not null, level int not null, n bigint not null, hashes bytea not null,
  primary key (log, level, n)
);
create table if not exists source_offset (
  log text not null, source text not null, next bigint not null, seen jsonb,
  primary key (log, source)
);
alter table source_offset add column if not exists seen jsonb;
-- Every checkpoint that was signed. Readers see those that enough witnesses cosigned, or all where none are asked.
create table if not exists checkpoint (
  log text not null, size bigint not null, note text not null, at bigint not null, published boolean not null default true,
  primary key (log, size)
);
alter table checkpoint add column if not exists published boolean not null default true;
create table if not exists cosignature (
  log text not null, size bigint not null, witness text not null, line text not null,
  primary key (log, size, witness)
);
-- The size that a witness cosigned last: where its next consistency proof begins.
create table if not exists witness (
  log text not null, witness text not null, size bigint not null,
  primary key (log, witness)
);
-- Up to when everything that was appended is in the log: epoch ms, never back.
create table if not exists standing (log text primary key, complete_until bigint not null);
-- What must not be erased or expire; kept with the log, for whoever can read neither erases nothing.
create table if not exists legal_hold (
  id bigserial primary key, log text not null, scope text not null, what text, by text not null, at bigint not null, reason text not null, released bigint
);
alter table legal_hold add column if not exists released_by text, add column if not exists released_reason text;
-- An erasure is written down before any key is destroyed, so that a crash in between finishes it.
create table if not exists erasure (
  id bigserial primary key, log text not null, scope text not null, what text not null, subjects text[] not null, keys text[] not null,
  by text not null, at bigint not null, reason text not null, done boolean not null default false
);
alter table erasure add column if not exists mac text;

-- What people ask by. Made from the log and its payloads; may be dropped and is made again.
create table if not exists indexed (
  log text not null, index bigint not null, at bigint not null, type text not null, run text, agent text, action text, tool text, stream text,
  decision text, tier int, code text, outcome text, trace text, rules text[] not null, people text[] not null, words tsvector not null,
  primary key (log, index)
);
create index if not exists indexed_by_run on indexed (log, run, index) where run is not null;
create index if not exists indexed_by_agent on indexed (log, agent, index) where agent is not null;
create index if not exists indexed_by_tool on indexed (log, tool, index) where tool is not null;
create index if not exists indexed_by_stream on indexed (log, stream, index) where stream is not null;
create index if not exists indexed_by_trace on indexed (log, trace, index) where trace is not null;
create index if not exists indexed_by_time on indexed (log, at);
create index if not exists indexed_by_noticed on indexed (log, type, index) where type in ('countersign.audit.gap.v1', 'countersign.audit.incident.v1');
create index if not exists indexed_by_people on indexed using gin (people);
create index if not exists indexed_by_rule on indexed using gin (rules);
create index if not exists indexed_by_words on indexed using gin (words);
-- Chains of runtimes' messages and versions of services' streams, counted with the index and made again with it.
create table if not exists chain (
  log text not null, run text not null, agent text, started bigint, not_after bigint, ended bigint, closing int, recorded int not null, last int not null, attested int not null,
  primary key (log, run)
);
create table if not exists stream_seen (
  log text not null, topic text not null, stream text not null, last int not null, missing int not null,
  primary key (log, topic, stream)
);
-- Holes that were put on the record; not to be dropped with the index, or they are stated again.
create table if not exists stream_gap (log text not null, topic text not null, stream text not null, expected int not null, found int not null, primary key (log, topic, stream, expected));
create table if not exists indexed_to (log text primary key, next bigint not null);
-- How far each receiver outside is; unlike the index, not to be dropped.
create table if not exists delivery (
  log text not null, name text not null, next bigint not null, sent bigint not null default 0, refused bigint not null default 0,
  primary key (log, name)
);

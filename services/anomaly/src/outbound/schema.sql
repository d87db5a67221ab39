create table if not exists checkpoint (
  partition int primary key, fold int not null, next bigint not null, minute bigint not null
);
-- json and not jsonb: the bytes come back as they were written, so that the state is the same bit for bit.
drop table if exists agent_state;
create table if not exists state_part (
  partition int not null, fold int not null, part text not null, state json not null,
  primary key (partition, fold, part)
);
create table if not exists finding (
  finding text primary key, tenant text not null, agent text not null, at bigint not null, body json not null
);
create index if not exists finding_by_agent on finding (tenant, agent, at desc);
create index if not exists finding_by_time on finding (tenant, at desc);
-- What analysts said of findings, as it was taken.
create table if not exists disposition (
  place text primary key, tenant text not null, finding text not null, at bigint not null, body json not null
);
create index if not exists disposition_by_finding on disposition (tenant, finding, at);
-- What agents did by the hour and which tool followed which, for pictures.
create table if not exists behaviour_mark (partition int primary key, next bigint not null);
create table if not exists behaviour_hour (
  tenant text not null, agent text not null, hour bigint not null, actions int not null, failures int not null,
  primary key (tenant, agent, hour)
);
create table if not exists behaviour_step (
  tenant text not null, agent text not null, before text not null, tool text not null, times int not null, last bigint not null,
  primary key (tenant, agent, before, tool)
);

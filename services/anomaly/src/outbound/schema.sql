create table if not exists checkpoint (
  partition int primary key, fold int not null, next bigint not null, minute bigint not null
);
-- json and not jsonb: the bytes come back as they were written, so that the state is the same bit for bit.
create table if not exists agent_state (
  partition int not null, fold int not null, agent text not null, state json not null,
  primary key (partition, fold, agent)
);
create table if not exists finding (
  finding text primary key, tenant text not null, agent text not null, at bigint not null, body json not null
);
create index if not exists finding_by_agent on finding (tenant, agent, at desc);
create index if not exists finding_by_time on finding (tenant, at desc);

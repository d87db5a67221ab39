create table if not exists action (
  tenant text not null, run text not null, action text not null,
  agent text not null, tool text not null, status text not null,
  tier int not null, decision text not null, code text, position bigint not null, at bigint not null,
  claimed_by text, claim_jti text, claim_iat bigint, claim_exp bigint,
  primary key (tenant, run, action)
);
-- A deferred action: what it waits for, and when policy is told that its time is over.
alter table action add column if not exists deferral jsonb;
alter table action add column if not exists due_at bigint;
create index if not exists action_due on action (due_at) where due_at is not null;
-- Whether it cannot have begun before it was claimed; and what of an agent is under way, for when it is stopped.
alter table action add column if not exists claim_needed boolean;
create index if not exists action_under_way on action (agent) where status in ('open', 'granted', 'claimed');
create index if not exists action_by_run on action (run, at);
create table if not exists run (
  run text primary key, tenant text not null, agent text not null, status text not null,
  started_at bigint not null, not_after bigint not null, due_at bigint, position bigint not null, instruction text not null
);
create index if not exists run_due on run (due_at) where due_at is not null;
create index if not exists run_under_way on run (agent) where status <> 'ended';
create index if not exists run_by_start on run (tenant, started_at desc);
create table if not exists halt_notice (
  halt text not null, op text not null, notice jsonb not null,
  primary key (halt, op)
);
-- A child run: which action delegated, the runs and agents that it hangs on (the nearest first), and what it was told.
alter table run add column if not exists parent text;
alter table run add column if not exists parent_action text;
alter table run add column if not exists ancestors jsonb;
create unique index if not exists run_by_parent on run (parent, parent_action) where parent is not null;
create index if not exists run_by_ancestor on run using gin (ancestors jsonb_path_ops) where ancestors is not null;
-- What a person wants to see of an action, and what its reversal needs: rules that fired, grant, what came of it.
alter table action add column if not exists rules jsonb;
alter table action add column if not exists proposed_at bigint;
alter table action add column if not exists grant_id text;
alter table action add column if not exists granted_at bigint;
alter table action add column if not exists claimed_at bigint;
alter table action add column if not exists arguments jsonb;
alter table action add column if not exists outcome text;
alter table action add column if not exists outcome_at bigint;
alter table action add column if not exists result text;
alter table action add column if not exists cost jsonb;
-- Everything that happened to runs, one line each; positions are dense per partition. Partition -1 is supervision's own.
create table if not exists run_event (
  partition int not null, position bigint not null, tenant text not null, run text not null, agent text not null, action text, tool text,
  kind text not null, tier int, at bigint not null, fact jsonb not null,
  primary key (partition, position)
);
create index if not exists run_event_by_run on run_event (run, at);
create index if not exists run_event_by_time on run_event (at);
create table if not exists run_event_head (partition int primary key, position bigint not null);
-- Keys with which tool guards confirm halts.
create table if not exists guard_key (guard text primary key, jwk jsonb not null, by text not null, at bigint not null);
create index if not exists action_in_flight on action (tenant) where status in ('granted', 'claimed', 'unknown');
create index if not exists action_paused on action (run) where status = 'open' and code = 'paused';
-- Who may decide what people are asked about: for the senior decision of a run that stopped.
alter table action add column if not exists approval jsonb;
alter table action add column if not exists reversible_until bigint;
-- One row per action that is to be taken back, moved by compare-and-set. The lease tells which instance is at it.
create table if not exists reversal (
  tenant text not null, run text not null, action text not null, status text not null, compensator text not null, arguments jsonb,
  by text not null, reason text not null, requested_at bigint not null, granted_at bigint not null, attempt int not null default 0,
  own_run text, own_action text not null, lease_until bigint, code text, detail text, at bigint not null,
  primary key (tenant, run, action)
);
create index if not exists reversal_open on reversal (run) where status in ('requested', 'proposed', 'executing');
-- Who found out what came of an action of which nobody knew.
alter table action add column if not exists reconciled_by text;
create index if not exists action_unheard on action (claimed_at) where status = 'claimed';
-- The votes by which it was granted: counted again when it is claimed.
alter table action add column if not exists approved jsonb;
-- What agents and tools did, by slots of five seconds, for breakers; each partition's records count up to their head.
create table if not exists rate (
  tenant text not null, agent text not null, tool text not null, slot bigint not null, partition int not null,
  ended int not null, failed int not null, decided int not null, denied int not null, spend jsonb not null,
  primary key (tenant, agent, tool, slot, partition)
);
create index if not exists rate_by_slot on rate (slot);
create table if not exists rate_head (partition int primary key, position bigint not null);
-- What the record says was reserved of budgets wider than a run, by account and window.
create table if not exists budget_use (account text primary key, budget text not null, unit text not null, used bigint not null, until bigint not null);
-- Who holds a run. The fence goes up with every new holder and never down.
create table if not exists run_lease (
  run text primary key, tenant text not null, agent text not null, holder text not null, fence int not null, heard_at bigint not null, until bigint not null, released boolean not null default false
);
create index if not exists run_lease_held on run_lease (until) where not released;

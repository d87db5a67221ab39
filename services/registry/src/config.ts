import type { Terms } from './core/tend.ts';
import { baseConfig, flag, integer, postgresField, readConfig, text, url } from '@countersign/service-host';

/** Reads and checks the environment; prints every problem and exits 2 where it cannot start. */
export const loadConfig = (env: NodeJS.ProcessEnv = process.env) => {
  const config = readConfig(env, {
    ...baseConfig({ port: 7101 }), postgres: postgresField,
    /** A runtime opens a run per task, the gateway one per AuthZEN evaluation: a hundred a second and agent leave room for a replay and stop a loop gone wild. */
    tokensPerMinute: integer('CS_REGISTRY_TOKENS_PER_MINUTE', { default: 6_000, min: 1, max: 10_000_000 }),
    /** Of the system graph. Policy holds them all in memory. */
    graphNodes: integer('CS_REGISTRY_GRAPH_NODES', { default: 20_000, min: 1, max: 20_000 }),
    /** Longest life of an agent's key; it is announced as expiring 14 days before. */
    keyLifeDays: integer('CS_REGISTRY_KEY_LIFE_DAYS', { default: 90, min: 1, max: 366 }),
    /** How often expiring keys and expired revocations are looked for. */
    credentialsTickMs: integer('CS_REGISTRY_CREDENTIALS_TICK_MS', { default: 60_000, min: 100, max: 3_600_000 }),
    delegationDepth: integer('CS_DELEGATION_DEPTH', { default: 3, min: 0, max: 16 }),
    policyUrl: text('CS_POLICY_URL', { default: 'http://127.0.0.1:7102', pattern: /^https?:\/\/[^\s/?#]+(:\d+)?$/, remedy: 'Set it to the address of policy, without a path: governance reviews ask it what the rules in force say.' }),
    /** Who does not let an agent loose that may change things: its owner, or also who registered it. */
    fourEyes: text<'owner' | 'registrar'>('CS_REGISTRY_FOUR_EYES', { default: 'owner', oneOf: ['owner', 'registrar'] }),
    /** For a company of whom nobody is left to agree to new people: for an hour one operator lets them in alone, on the record. Take it away again after the start. */
    reopenFounding: flag('CS_REGISTRY_REOPEN_FOUNDING', false),
    /** How often the registry looks for agents that nobody answers for, s. */
    tendEveryS: integer('CS_REGISTRY_TEND_SECONDS', { default: 10, min: 1, max: 3_600 }),
    /** From an owner's leaving to their agents' suspension, s. */
    orphanGraceS: integer('CS_REGISTRY_ORPHAN_GRACE_SECONDS', { default: 86_400, min: 1, max: 366 * 86_400 }),
    certifyHighDays: integer('CS_REGISTRY_CERTIFY_HIGH_DAYS', { default: 90, min: 1, max: 3_660 }),
    certifyDays: integer('CS_REGISTRY_CERTIFY_DAYS', { default: 365, min: 1, max: 3_660 }),
    certifyRemindDays: integer('CS_REGISTRY_CERTIFY_REMIND_DAYS', { default: 14, min: 0, max: 365 }),
    /** From an overdue recertification to suspension. */
    certifyGraceDays: integer('CS_REGISTRY_CERTIFY_GRACE_DAYS', { default: 30, min: 1, max: 365 }),
    /** How long the registry says who answered for an action; after that the audit log does. */
    deedDays: integer('CS_REGISTRY_DEED_DAYS', { default: 3_660, min: 1, max: 36_600 }),
    unusedDays: integer('CS_REGISTRY_UNUSED_DAYS', { default: 60, min: 1, max: 3_660 }),
    /** A month end is rare and a permission for it is missed: less than four weeks say little. */
    proposalDays: integer('CS_REGISTRY_PROPOSAL_DAYS', { default: 28, min: 1, max: 365 }),
    proposalCalls: integer('CS_REGISTRY_PROPOSAL_CALLS', { default: 50, min: 1, max: 1_000_000 }),
    audience: text('CS_TOKEN_AUDIENCE', { default: 'countersign' }),
    publicUrl: url('CS_REGISTRY_URL', ['http:', 'https:'], { remedy: 'Set it to the address by which runtimes reach the registry: it is the audience of their client assertions.' }),
  });
  const day = 86_400_000;
  const terms: Terms = {
    orphanMs: config.orphanGraceS * 1_000, certifyHighMs: config.certifyHighDays * day, certifyMs: config.certifyDays * day, remindMs: config.certifyRemindDays * day,
    overdueMs: config.certifyGraceDays * day, unusedMs: config.unusedDays * day,
  };
  return Object.freeze({ ...config, terms, publicUrl: config.publicUrl.replace(/\/+$/, '') });
};

export type RegistryConfig = ReturnType<typeof loadConfig>;

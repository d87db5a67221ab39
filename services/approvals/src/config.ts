import { baseConfig, integer, optional, postgresField, readConfig, text } from '@countersign/service-host';

/** Reads and checks the environment; prints every problem and exits 2 where it cannot start. */
export const loadConfig = (env: NodeJS.ProcessEnv = process.env) => readConfig(env, {
  ...baseConfig({ port: 7103 }), postgres: postgresField,
  /** File of the channels (YAML, contracts/schemas/approvals/ChannelsConfig): Slack, tickets, mail, webhooks. */
  channels: optional('CS_CHANNELS'),
  /** Whether who approves without looking is held up, or only reported. */
  friction: text<'enforce' | 'report'>('CS_APPROVALS_FRICTION', { default: 'enforce', oneOf: ['enforce', 'report'] }),
  /** Readers of tools that may stand on private networks, or without TLS: origins or hosts, separated by commas. */
  readers: optional('CS_APPROVALS_READERS'),
  /** How long one may take: people are asked after that, and told that nobody knows. */
  readerMs: integer('CS_APPROVALS_READER_MS', { default: 2_000, min: 100, max: 30_000 }),
  /** Most that waits for people at once; what an agent asks beyond it is denied. */
  openPerAgent: integer('CS_APPROVALS_OPEN_PER_AGENT', { default: 200, min: 1, max: 1_000_000 }),
  openPerOwner: integer('CS_APPROVALS_OPEN_PER_OWNER', { default: 1_000, min: 1, max: 1_000_000 }),
});

export type ApprovalsConfig = ReturnType<typeof loadConfig>;

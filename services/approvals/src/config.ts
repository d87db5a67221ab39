import { baseConfig, optional, postgresField, readConfig } from '@countersign/service-host';

/** Reads and checks the environment; prints every problem and exits 2 where it cannot start. */
export const loadConfig = (env: NodeJS.ProcessEnv = process.env) => readConfig(env, { ...baseConfig({ port: 7103 }), postgres: postgresField,
  /** File of the channels (YAML, contracts/schemas/approvals/ChannelsConfig): Slack, tickets, mail, webhooks. */
  channels: optional('CS_CHANNELS'),
});

export type ApprovalsConfig = ReturnType<typeof loadConfig>;

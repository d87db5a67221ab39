import type { LogLevel } from '@countersign/telemetry';
import { flag, integer, optional, parseConfig, text, url } from './config.ts';
import type { Field } from './config.ts';

export interface KafkaConnection {
  readonly kind: 'kafka';
  readonly brokers: readonly string[];
  readonly ssl: boolean;
  /** PEM file of the authority that signed the brokers' certificates; without it the system's own. */
  readonly caFile?: string | undefined;
  readonly sasl: { readonly mechanism: 'plain' | 'scram-sha-256' | 'scram-sha-512'; readonly username: string; readonly password: string } | undefined;
}
export interface EmbeddedConnection { readonly kind: 'embedded'; readonly connectionString: string }
/** `namespace`: prefix of every topic and group, so that several cells share one bus. */
export type BusConfig = (KafkaConnection | EmbeddedConnection) & { readonly namespace?: string };

/** Which bus, how to reach it, and under which namespace. */
export const busField: Field<BusConfig> = (env) => {
  const connection = connectionField(env);
  const namespace = optional('CS_BUS_NAMESPACE')(env);
  if ('problem' in connection || 'problem' in namespace || namespace.value === undefined) return connection;
  if (!/^[a-z0-9][a-z0-9_-]{0,62}$/.test(namespace.value)) return { problem: 'CS_BUS_NAMESPACE has the wrong form. Use up to 63 lower-case letters, digits, - and _.' };
  return { value: { ...connection.value, namespace: namespace.value } };
};

const connectionField: Field<KafkaConnection | EmbeddedConnection> = (env) => {
  const kind = text('CS_BUS', { default: 'kafka', oneOf: ['kafka', 'embedded'] })(env);
  if ('problem' in kind) return kind;
  if (kind.value === 'embedded') {
    const address = url('CS_BUS_POSTGRES_URL', ['postgres:', 'postgresql:'], { remedy: 'The embedded bus lives in PostgreSQL: postgres://user:password@127.0.0.1:5432/countersign_bus' })(env);
    return 'problem' in address ? address : { value: { kind: 'embedded', connectionString: address.value } };
  }
  const mechanisms = ['plain', 'scram-sha-256', 'scram-sha-512'] as const;
  const read = parseConfig(env, {
    brokers: text('CS_KAFKA_BROKERS', { pattern: /^[^\s,:]+:\d+(,[^\s,:]+:\d+)*$/, remedy: 'Set it to host:port, several separated by commas.' }),
    ssl: flag('CS_KAFKA_SSL', false),
    caFile: optional('CS_KAFKA_CA_FILE'),
    mechanism: text('CS_KAFKA_SASL_MECHANISM', { default: 'none', oneOf: ['none', ...mechanisms] }),
    username: optional('CS_KAFKA_SASL_USERNAME'),
    password: optional('CS_KAFKA_SASL_PASSWORD'),
  });
  if (!read.ok) return { problem: read.problems.join(' ') };
  const { brokers, ssl, caFile, mechanism, username, password } = read.config;
  if (caFile !== undefined && !ssl) return { problem: 'CS_KAFKA_CA_FILE is set, but CS_KAFKA_SSL is not true. Set CS_KAFKA_SSL=true, or leave the file out.' };
  const known = mechanisms.find((one) => one === mechanism);
  if (known && (username === undefined || password === undefined)) return { problem: 'CS_KAFKA_SASL_MECHANISM is set, but CS_KAFKA_SASL_USERNAME or CS_KAFKA_SASL_PASSWORD is not. Set both.' };
  return { value: { kind: 'kafka', brokers: brokers.split(','), ssl, caFile, sasl: known ? { mechanism: known, username: username!, password: password! } : undefined } };
};

/** Listens on loopback only unless told otherwise. */
export const httpField = (defaultPort: number): Field<{ readonly host: string; readonly port: number }> => (env) => {
  const port = integer('CS_HTTP_PORT', { default: defaultPort, min: 0, max: 65_535 })(env);
  if ('problem' in port) return port;
  const host = text('CS_HTTP_HOST', { default: '127.0.0.1' })(env);
  return 'problem' in host ? host : { value: { host: host.value, port: port.value } };
};

/** What every service reads; spread it into the service's own spec. */
export const baseConfig = (options: { readonly port: number }) => ({
  http: httpField(options.port),
  bus: busField,
  /** Redis or Valkey; without it what is used once is remembered by this process alone. */
  redis: optional('CS_REDIS_URL'),
  secretsDir: text('CS_SECRETS_DIR', { remedy: 'Set it to the folder with the keys; the first "npm start" writes one.' }),
  tenant: text('CS_TENANT', { default: 'acme', pattern: /^[a-z0-9][a-z0-9_-]{0,62}$/ }),
  logLevel: text<LogLevel>('CS_LOG_LEVEL', { default: 'info', oneOf: ['trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent'] }),
  otlpEndpoint: optional('CS_OTLP_ENDPOINT'),
});

/** The service's own database. */
export const postgresField = url('CS_POSTGRES_URL', ['postgres:', 'postgresql:'], { remedy: "Set it to the service's own database: postgres://user:password@127.0.0.1:5432/countersign_<service>" });

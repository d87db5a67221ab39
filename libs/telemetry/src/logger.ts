import { pino } from 'pino';
import type { DestinationStream, Logger } from 'pino';
import { createLineBudget } from './line-budget.ts';

export type { Logger } from 'pino';
export type LogLevel = 'trace' | 'debug' | 'info' | 'warn' | 'error' | 'fatal' | 'silent';

export interface LoggerOptions {
  readonly service: string;
  readonly level?: LogLevel;
  /** Default stdout. */
  readonly destination?: DestinationStream;
  /** Lines of one and the same text (level and message) per window; what is above is counted and told with the next line let through. Default 20 per 10,000 ms. */
  readonly repeats?: { readonly max: number; readonly windowMs: number };
  readonly now?: () => number;
}

const secrets = ['authorization', 'cookie', 'password', 'secret', 'token', 'access_token', 'client_assertion', 'proof_key', 'proofKey', 'privateJwk', 'grant', 'claim', 'jws', 'd', 'cs_token', 'cs_proof'];

/**
 * A pino logger: one line of JSON per entry, members that hold secrets redacted (up to three levels deep), and a flood of the same
 * entry bounded, so that whoever provokes errors fills counters and not disks.
 */
export const createLogger = (options: LoggerOptions): Logger => {
  const budget = createLineBudget({ max: options.repeats?.max ?? 20, windowMs: options.repeats?.windowMs ?? 10_000, now: options.now ?? Date.now });
  return pino(
    {
      level: options.level ?? 'info',
      base: { service: options.service },
      timestamp: pino.stdTimeFunctions.isoTime,
      formatters: { level: (label) => ({ level: label }) },
      redact: { paths: secrets.flatMap((name) => [name, `*.${name}`, `*.*.${name}`]), censor: '[redacted]' },
      hooks: {
        logMethod(args, method, level) {
          const message = typeof args[0] === 'string' ? args[0] : typeof args[1] === 'string' ? args[1] : '';
          const pass = budget(`${level} ${message}`);
          if (pass === false) return;
          if (pass === 0) return method.apply(this, args);
          const fields = typeof args[0] === 'string' ? {} : args[0] instanceof Error ? { err: args[0] } : (args[0] as object);
          method.apply(this, [{ ...fields, suppressed: pass }, message]);
        },
      },
    },
    options.destination ?? pino.destination({ fd: 1, sync: true }),
  );
};

import 'reflect-metadata';
import type { DynamicModule, INestApplication, LoggerService, Type } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { FastifyAdapter } from '@nestjs/platform-fastify';
import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import type { Bus } from '@countersign/bus';
import { createMetrics, startTracing } from '@countersign/telemetry';
import type { Logger, Metrics } from '@countersign/telemetry';
import { BusStrategy } from './bus-strategy.ts';
import { errorFilter } from './error-filter.ts';
import { healthRoutes } from './health.ts';
import type { Readiness } from './health.ts';
import type { HttpDoor, LargeBodies } from './http.ts';
import { hostCheck, largeBodies, loopbackNames, maxBodyBytes, pathCheck, strictBodies } from './http.ts';
import { statusOfCode } from './status.ts';

export interface ServiceOptions {
  readonly name: string;
  readonly http: { readonly host: string; readonly port: number };
  readonly module: Type | DynamicModule;
  readonly log: Logger;
  /** Where the module's consumers listen; closed last. */
  readonly bus?: Bus;
  readonly metrics?: Metrics;
  /** Whether it can work; consumers and draining are checked besides. */
  readonly ready?: Readiness;
  /** After nothing comes in any more and before the bus is closed: stop timers, close pools. */
  readonly onDrain?: () => Promise<void>;
  readonly otlpEndpoint?: string | undefined;
  /** Hooks in front of everything, for a standard that asks more of HTTP than ours does. */
  readonly door?: HttpDoor;
  readonly largeBodies?: LargeBodies;
  /** Names it may be reached by, beside loopback. */
  readonly hosts?: readonly string[];
}

export interface RunningService {
  readonly url: string;
  readonly app: INestApplication;
  ready(): { readonly ok: boolean; readonly why: string };
  /** Stops taking, finishes what is in hand, closes. Safe to call twice. */
  close(): Promise<void>;
}

/** Starts a service in this process and waits until its consumers will miss nothing. Tests and journeys use it; `runService` adds the process around it. */
export const startService = async (options: ServiceOptions): Promise<RunningService> => {
  const started = await open(options);
  await started.consuming();
  return started;
};

/** Grace for draining, milliseconds. */
export const drainMs = 10_000;

/** Runs a service as this process: drains on SIGTERM and SIGINT within 10 s, exits 0; 1 where it could not. */
export const runService = async (options: ServiceOptions): Promise<void> => {
  const { log } = options;
  let stopping = false;
  let running: RunningService | undefined;
  const stop = (signal: string): void => {
    if (stopping) return;
    stopping = true;
    log.info({ signal }, 'draining');
    setTimeout(() => { log.error('could not drain in time'); process.exit(1); }, drainMs).unref();
    (running?.close() ?? Promise.resolve()).then(() => process.exit(0), (error: unknown) => { log.error({ err: error }, 'drain failed'); process.exit(1); });
  };
  process.on('SIGTERM', () => stop('SIGTERM'));
  process.on('SIGINT', () => stop('SIGINT'));
  // After an error nobody caught, memory cannot be trusted; a restart reads it all back.
  process.on('uncaughtException', (error) => { log.fatal({ err: error }, 'uncaught'); process.exit(1); });
  process.on('unhandledRejection', (error) => { log.fatal({ err: error }, 'unhandled rejection'); process.exit(1); });
  try {
    running = await open(options);
    log.info({ url: running.url }, 'listening');
  } catch (error) {
    log.fatal({ err: error }, 'could not start');
    process.exit(1);
  }
};

const open = async (options: ServiceOptions): Promise<RunningService & { consuming(): Promise<void> }> => {
  const { name, log, bus } = options;
  const metrics = options.metrics ?? createMetrics(name, { defaults: false });
  const tracing = await startTracing({ service: name, endpoint: options.otlpEndpoint });
  const adapter = new FastifyAdapter({ bodyLimit: maxBodyBytes, forceCloseConnections: 'idle', routerOptions: { maxParamLength: 512 } });
  const app = await NestFactory.create<NestFastifyApplication>(options.module as Type, adapter, { logger: nestLogger(log), bodyParser: false, abortOnError: false });
  const fastify = adapter.getInstance();
  // What bodies and hooks refuse before Nest sees the request has the same face: Nest sets Fastify's one error handler, and it ends in our filter.
  options.door?.(fastify as never);
  strictBodies(fastify as never);
  largeBodies(fastify as never, options.largeBodies ?? {});
  hostCheck(fastify as never, [...loopbackNames, ...(options.hosts ?? [])]);
  pathCheck(fastify as never);

  let draining = false;
  const strategy = bus && new BusStrategy({ service: name, bus, log });
  const ready: Readiness = () => {
    if (draining) return { ok: false, why: 'draining' };
    const consumers = strategy?.state() ?? { ok: true, why: '' };
    return consumers.ok ? (options.ready?.() ?? consumers) : consumers;
  };
  healthRoutes(fastify as never, { ready, metrics });
  // Before connectMicroservice, or the bus would not inherit it (FACTS 1).
  app.useGlobalFilters(errorFilter(log, statusOfCode));
  if (strategy) app.connectMicroservice({ strategy }, { inheritAppConfig: true });
  try {
    await app.listen(options.http.port, options.http.host);
    if (strategy) await app.startAllMicroservices();
  } catch (error) {
    await app.close();
    throw error;
  }

  let closing: Promise<void> | undefined;
  const close = async (): Promise<void> => {
    draining = true;
    await strategy?.close();
    await app.close();
    await options.onDrain?.();
    await bus?.close();
    await tracing.stop();
  };
  const { port } = fastify.server.address() as { port: number };
  return { url: `http://${options.http.host}:${port}`, app, ready, consuming: async () => { await strategy?.ready(); }, close: () => (closing ??= close()) };
};

const nestLogger = (log: Logger): LoggerService => ({
  log: (message: unknown) => log.debug(String(message)),
  warn: (message: unknown) => log.warn(String(message)),
  error: (message: unknown, ...rest: unknown[]) => log.error({ rest: rest.filter((one) => typeof one === 'string').slice(0, 2) }, String(message)),
});

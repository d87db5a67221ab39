import { BaseRpcContext, Server } from '@nestjs/microservices';
import type { CustomTransportStrategy, MessageHandler } from '@nestjs/microservices';
import { lastValueFrom } from 'rxjs';
import { deadLetterOf, PoisonMessage } from '@countersign/bus';
import type { BatchContext, Bus, BusMessage, Subscription } from '@countersign/bus';
import type { Logger } from '@countersign/telemetry';

/** Second argument of `@EventPattern(topic, {...})`. */
export interface ConsumerExtras {
  /** Default `<service>.<topic>`: one group per topic, since members of one group must want the same topics. */
  readonly group?: string;
  /** Where a new group begins. Default start. */
  readonly from?: 'start' | 'now';
  readonly maxBatch?: number;
  /** Default the topic's own dead letters; null stops the partition at poison. */
  readonly deadLetters?: string | null;
}

/** What `@Ctx()` gives: `context.batch`. */
export class BusContext extends BaseRpcContext<[BatchContext]> {
  get batch(): BatchContext {
    return this.getArgByIndex(0);
  }
}

export interface BusStrategyOptions { readonly service: string; readonly bus: Bus; readonly log: Logger; readonly now?: () => number }

/** By partition: since when (epoch ms) its handler fails, and how. */
type Stuck = Map<number, { readonly since: number; readonly why: string }>;

interface Consumption { readonly topic: string; readonly subscription: Subscription; readonly stuck: Stuck; ready: boolean; failed: string | undefined }

/** A partition whose handler has failed for as long is no hiccup any more, and the service is not ready; ms. */
const stuckAfterMs = 10_000;

/**
 * Nest's view of the bus. `@EventPattern('runs.governed.v1')` receives a batch: `(@Payload() messages: readonly BusMessage[], @Ctx() context: BusContext)`.
 * A handler's error reaches the bus as it was thrown: PoisonMessage dead-letters one message, anything else makes the partition wait.
 */
export class BusStrategy extends Server implements CustomTransportStrategy {
  // Nest swallows errors of event handlers otherwise (FACTS 1).
  override readonly propagatesEventHandlerErrors = true;
  readonly #options: BusStrategyOptions;
  readonly #running: Consumption[] = [];
  readonly #now: () => number;
  #started = false;

  constructor(options: BusStrategyOptions) {
    super();
    this.#options = options;
    this.#now = options.now ?? Date.now;
  }

  /** Nest hangs on a listen that rejects, so every error goes through the callback. */
  async listen(callback: (error?: unknown) => void): Promise<void> {
    try {
      for (const [topic, handler] of this.messageHandlers) await this.#consume(topic, handler);
      this.#started = true;
      callback();
    } catch (error) {
      await this.close();
      callback(error);
    }
  }

  async #consume(topic: string, handler: MessageHandler): Promise<void> {
    const { service, bus, log } = this.#options;
    const extras = (handler.extras ?? {}) as ConsumerExtras;
    const deadLetters = extras.deadLetters === undefined ? deadLetterOf(topic) : extras.deadLetters;
    const stuck: Stuck = new Map();
    const subscription = await bus.subscribe({
      group: extras.group ?? `${service}.${topic}`,
      topics: [topic],
      from: extras.from ?? 'start',
      ...(extras.maxBatch === undefined ? {} : { maxBatch: extras.maxBatch }),
      ...(deadLetters === null ? {} : { deadLetters }),
      onBatch: async (messages, context) => {
        try {
          await this.#handle(handler, messages, context);
          stuck.delete(context.partition);
        } catch (error) {
          // Poison is put aside, and the partition goes on.
          if (deadLetters === null || !(error instanceof PoisonMessage)) stuck.set(context.partition, { since: stuck.get(context.partition)?.since ?? this.#now(), why: (error as Error).message });
          throw error;
        }
      },
      onError: (error) => log.error({ err: error, topic }, 'batch failed, the partition waits'),
    });
    const running: Consumption = { topic, subscription, stuck, ready: false, failed: undefined };
    this.#running.push(running);
    subscription.ready.then(() => { running.ready = true; }, (error: Error) => { running.failed = error.message; });
    subscription.ended.catch((error: Error) => {
      running.failed = error.message;
      log.fatal({ err: error, topic }, 'consumption ended');
    });
  }

  async #handle(handler: MessageHandler, messages: readonly BusMessage[], context: BatchContext): Promise<void> {
    await lastValueFrom(this.transformToObservable(await handler(messages, new BusContext([context]))), { defaultValue: undefined });
  }

  /** For readiness: whether every consumer has its partitions and gets on in them. */
  state(): { readonly ok: boolean; readonly why: string } {
    const failed = this.#running.find((one) => one.failed !== undefined);
    if (failed) return { ok: false, why: `${failed.topic}: ${failed.failed}` };
    const waiting = this.#running.filter((one) => !one.ready).map((one) => one.topic);
    if (!this.#started || waiting.length > 0) return { ok: false, why: `waiting for ${waiting.join(', ') || 'the bus'}` };
    for (const { topic, stuck } of this.#running) for (const [partition, { since, why }] of stuck) if (this.#now() - since >= stuckAfterMs) return { ok: false, why: `${topic}/${partition} makes no progress: ${why}` };
    return { ok: true, why: '' };
  }

  /** Resolves when every consumer will miss nothing any more. */
  async ready(): Promise<void> {
    await Promise.all(this.#running.map((one) => one.subscription.ready));
  }

  /** Lets the batches in hand finish. */
  async close(): Promise<void> {
    await Promise.all(this.#running.splice(0).map((one) => one.subscription.stop()));
  }

  on(): never { throw new Error('the bus has no events of its own'); }
  unwrap<T>(): T { return this.#options.bus as T; }
}

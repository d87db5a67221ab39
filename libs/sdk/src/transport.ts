import type { Reply } from '@countersign/contracts';

/** One proved message, ready to go: sent again it is the same bytes. */
export interface InboxMessage {
  readonly topic: string;
  readonly key: string;
  readonly value: Buffer;
  readonly headers: Readonly<Record<string, string>>;
}

/** How a runtime reaches Countersign: Kafka inside one trust domain, the gateway for everybody else. */
export interface RuntimeTransport {
  /** Resolves once no reply to anything published afterwards can be missed. Called before the first publish; any number of times. */
  start(): Promise<void>;
  /** Hands over every reply to a run until the returned function is called. @param token the agent token as of the call, for transports that must authenticate */
  attach(run: string, listener: (reply: Reply) => void, token: () => string): () => void;
  /** Resolves when durable. After a rejection nothing is known: the caller publishes identical bytes again. */
  publish(message: InboxMessage): Promise<void>;
  close(): Promise<void>;
}

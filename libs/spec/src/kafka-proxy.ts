import { connect, createServer } from 'node:net';
import type { AddressInfo, Socket } from 'node:net';

/** Requests whose answers decide whether a write counts: what a client does not hear of these it must not guess. */
export const decidingRequests: ReadonlyMap<number, string> = new Map([[0, 'Produce'], [22, 'InitProducerId'], [24, 'AddPartitionsToTxn'], [25, 'AddOffsetsToTxn'], [26, 'EndTxn'], [28, 'TxnOffsetCommit']]);

export interface KafkaProxy {
  readonly port: number;
  /** Share of deciding answers to lose from now on, 0 to 1. Half of the losses also cut the connection. */
  lose(share: number): void;
  /** How many answers were lost, by request name. */
  readonly lost: Readonly<Record<string, number>>;
  close(): Promise<void>;
}

const frames = (onFrame: (frame: Buffer) => void) => {
  let held: Buffer = Buffer.alloc(0);
  return (chunk: Buffer): void => {
    held = held.length === 0 ? chunk : Buffer.concat([held, chunk]);
    while (held.length >= 4 && held.length >= 4 + held.readInt32BE(0)) {
      const end = 4 + held.readInt32BE(0);
      onFrame(held.subarray(0, end));
      held = held.subarray(end);
    }
  };
};

const metadata = 3;
const findCoordinator = 10;
const host = '127.0.0.1';

/** Puts our port where an answer tells the broker's: a host string and, after it, the port as int32. */
const redirect = (frame: Buffer, from: number, to: number): void => {
  for (let at = frame.indexOf(host); at !== -1; at = frame.indexOf(host, at + 1)) {
    const port = at + host.length;
    if (port + 4 <= frame.length && frame.readInt32BE(port) === from) frame.writeInt32BE(to, port);
  }
};

/**
 * Stands before the broker on 127.0.0.1:`broker`, passes requests on and loses some answers: the broker has done what the client does not hear of.
 * `random` (0 to 1) decides. Whoever begins at the proxy stays with it: it answers in the broker's place where brokers are looked up.
 */
export const kafkaProxy = async (broker: number, random: () => number): Promise<KafkaProxy> => {
  let share = 0;
  let port = 0;
  const lost: Record<string, number> = {};
  const sockets = new Set<Socket>();
  const server = createServer((client) => {
    const upstream = connect(broker, host);
    const swallow = new Map<number, string>();
    const lookups = new Set<number>();
    const end = (): void => { client.destroy(); upstream.destroy(); };
    for (const socket of [client, upstream]) {
      sockets.add(socket);
      socket.setNoDelay(true);
      socket.on('error', end);
      socket.on('close', () => { sockets.delete(socket); end(); });
    }
    client.on('data', frames((frame) => {
      const kind = frame.readInt16BE(4);
      if (kind === metadata || kind === findCoordinator) lookups.add(frame.readInt32BE(8));
      const name = decidingRequests.get(kind);
      if (name !== undefined && random() < share) swallow.set(frame.readInt32BE(8), name);
      upstream.write(frame);
    }));
    upstream.on('data', frames((frame) => {
      const correlation = frame.readInt32BE(4);
      const name = swallow.get(correlation);
      if (lookups.delete(correlation)) redirect(frame, broker, port);
      if (name === undefined) { client.write(frame); return; }
      swallow.delete(correlation);
      lost[name] = (lost[name] ?? 0) + 1;
      if (random() < 0.5) end();
    }));
  });
  await new Promise<void>((resolve) => { server.listen(0, host, resolve); });
  port = (server.address() as AddressInfo).port;
  return {
    port,
    lose: (next) => { share = next; },
    lost,
    close: async () => {
      for (const socket of sockets) socket.destroy();
      await new Promise((resolve) => { server.close(resolve); });
    },
  };
};

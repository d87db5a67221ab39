import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { AddressInfo } from 'node:net';
import type { ApiActivity, SubscriptionsFile } from '@countersign/contracts';

/** A SIEM on this machine that takes lists of OCSF events over HTTP. */
export interface Siem {
  /** For the environment of the services: CS_SUBSCRIPTIONS. */
  readonly file: string;
  got(): readonly ApiActivity[];
  /** Answers 503 from now on, or takes again. */
  away(is: boolean): void;
  close(): Promise<void>;
}

type Subscription = SubscriptionsFile['subscriptions'][number];

/** @param beside other receivers, in the same file */
export const startSiem = async (filter: NonNullable<Subscription['filter']> = {}, beside: readonly Subscription[] = []): Promise<Siem> => {
  const got: ApiActivity[] = [];
  let gone = false;
  const server = createServer((request, answer) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk)).on('end', () => {
      if (!gone) got.push(...JSON.parse(Buffer.concat(chunks).toString()) as ApiActivity[]);
      answer.writeHead(gone ? 503 : 200).end();
    });
  });
  await new Promise<void>((done) => { server.listen(0, '127.0.0.1', done); });
  const folder = mkdtempSync(join(tmpdir(), 'siem-'));
  const file = join(folder, 'subscriptions.json');
  const subscriptions: SubscriptionsFile = { allow: ['127.0.0.1'], subscriptions: [{ name: 'siem', to: { kind: 'ocsf-http', url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/` }, filter, from: 'start' }, ...beside] };
  writeFileSync(file, JSON.stringify(subscriptions));
  return {
    file, got: () => got, away: (is) => { gone = is; },
    close: async () => { server.closeAllConnections(); await new Promise((done) => { server.close(done); }); rmSync(folder, { recursive: true, force: true }); },
  };
};

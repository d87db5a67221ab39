import pg from 'pg';
import type { Wake } from './store.ts';
import { groupKey, partitionKey } from './store.ts';

/** Keeps one LISTEN connection; while it is away nothing is lost, because readers poll as well. */
export const listen = (connectionString: string, wake: Wake, nameOf: (id: number) => string | undefined, log: (message: string) => void): { stop(): Promise<void> } => {
  const stopping = new AbortController();
  const heard = (payload: string | undefined): void => {
    const [, kind, id, rest] = /^([pg])\/(\d+)\/(.*)$/s.exec(payload ?? '') ?? [];
    const topic = nameOf(Number(id));
    if (topic === undefined || rest === undefined) return;
    wake.changed(kind === 'p' ? partitionKey(topic, Number(rest)) : groupKey(rest, topic));
  };
  const once = async (): Promise<void> => {
    const client = new pg.Client({ connectionString, application_name: 'countersign-bus-listen', keepAlive: true, connectionTimeoutMillis: 10_000 });
    const broken = new Promise<void>((resolve) => {
      client.on('error', () => resolve());
      client.on('end', () => resolve());
      stopping.signal.addEventListener('abort', () => resolve(), { once: true });
    });
    client.on('notification', ({ payload }) => heard(payload));
    try {
      await client.connect();
      await client.query('LISTEN countersign_bus');
      wake.changedAll();
      await broken;
    } finally {
      await client.end().catch(() => undefined);
    }
  };
  const running = (async () => {
    while (!stopping.signal.aborted) {
      try { await once(); } catch (error) { log(`bus: cannot listen, polling meanwhile: ${(error as Error).message}`); }
      await wake.wait('~listen', wake.version('~listen'), stopping.signal.aborted ? 0 : 500, stopping.signal);
    }
  })();
  return { stop: async () => { stopping.abort(); await running; } };
};

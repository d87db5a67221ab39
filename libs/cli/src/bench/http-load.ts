import { Agent, request } from 'node:http';
import { percentile } from './measured.ts';

/** One POST over kept connections; throws where the answer is not 200 with decision true. */
const poster = (url: string, connections: number, headers: Readonly<Record<string, string>>) => {
  const agent = new Agent({ keepAlive: true, maxSockets: connections });
  const post = (body: string): Promise<void> => new Promise((resolve, reject) => {
    const sent = request(url, { method: 'POST', agent, headers: { ...headers, 'content-type': 'application/json', 'content-length': Buffer.byteLength(body) } }, (answer) => {
      let text = '';
      answer.setEncoding('utf8').on('data', (part: string) => { text += part; }).on('end', () => {
        if (answer.statusCode === 200 && text.includes('"decision":true')) resolve();
        else reject(new Error(`HTTP ${answer.statusCode}: ${text.slice(0, 300)}`));
      });
    });
    sent.on('error', reject).end(body);
  });
  return { post, close: () => agent.destroy() };
};

export interface HttpLoad { readonly url: string; readonly headers: Readonly<Record<string, string>>; readonly body: (n: number) => string }

/** Answers a second with so many requests always under way; the first second does not count. */
export const busyRate = async ({ url, headers, body }: HttpLoad, connections: number, seconds: number): Promise<number> => {
  const { post, close } = poster(url, connections, headers);
  const begun = performance.now();
  let sent = 0, counted = 0;
  const over = begun + (seconds + 1) * 1_000;
  try {
    await Promise.all(Array.from({ length: connections }, async () => {
      while (performance.now() < over) {
        await post(body(sent++));
        if (performance.now() > begun + 1_000) counted += 1;
      }
    }));
    return counted / ((performance.now() - begun - 1_000) / 1_000);
  } finally {
    close();
  }
};

/** 99th percentile of the time from when a request was due to its answer, ms, at `rate` a second whatever comes back; the first second does not count. */
export const openP99 = async ({ url, headers, body }: HttpLoad, rate: number, seconds: number): Promise<number> => {
  const { post, close } = poster(url, 256, headers);
  const taken: number[] = [];
  const under: Promise<void>[] = [];
  const begun = performance.now();
  try {
    for (let sent = 0; sent < rate * (seconds + 1);) {
      for (const due = Math.floor((performance.now() - begun) * rate / 1_000); sent < due; sent += 1) {
        const at = begun + sent * 1_000 / rate;
        under.push(post(body(sent)).then(() => { if (at > begun + 1_000) taken.push(performance.now() - at); }));
      }
      await new Promise((resolve) => { setTimeout(resolve, 1); });
    }
    await Promise.all(under);
    return percentile(taken.sort((a, b) => a - b), 0.99);
  } finally {
    close();
  }
};

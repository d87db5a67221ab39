import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { createAddressCheck, createOutgoing } from '@countersign/service-host';
import { createServer } from 'node:http';
import type { Server } from 'node:http';
import { createServer as createTcp } from 'node:net';
import type { AddressInfo, Server as Tcp } from 'node:net';
import type { SiemRecord } from '../../core/siem/record.ts';
import { ocsfHttp, splunkHec } from './http.ts';
import { cefSyslog } from './syslog.ts';

const records: SiemRecord[] = [1, 2].map((index) => ({ index, at: 5_000 + index, type: 'countersign.governed.action.decided.v1', run: 'r', agent: 'payer', action: 'a', tool: 't', stream: null, decision: 'deny', tier: 3, code: 'c', outcome: null, trace: null, rules: [], people: [] }));
const listening = <S extends Server | Tcp>(server: S): Promise<number> => new Promise((done) => { server.listen(0, '127.0.0.1', () => done((server.address() as AddressInfo).port)); });

/** Receivers that speak as the real ones do, on this machine. */
describe('receivers outside', () => {
  const outgoing = createOutgoing({ allow: ['127.0.0.1'] });
  const got: { authorization: string | undefined; body: string }[] = [];
  let status = 200;
  const http = createServer((request, answer) => {
    let body = '';
    request.on('data', (part: Buffer) => { body += part.toString(); }).on('end', () => { got.push({ authorization: request.headers.authorization, body }); answer.writeHead(status).end('{"code":0}'); });
  });
  const lines: string[] = [];
  const tcp = createTcp((socket) => { let text = ''; socket.on('data', (part) => { text += part.toString(); }).on('end', () => { lines.push(text); socket.end(); }); });
  let url: string;
  let port: number;
  beforeAll(async () => { url = `http://127.0.0.1:${await listening(http)}/services/collector/event`; port = await listening(tcp); });
  afterAll(() => { http.closeAllConnections(); http.close(); tcp.close(); });

  it('Splunk gets one event after another, under its token', async () => {
    expect(await splunkHec(outgoing, url, 'log', async () => 'hec-token')(records)).toBe('taken');
    const { authorization, body } = got.at(-1)!;
    expect(authorization).toBe('Splunk hec-token');
    expect(body.split('\n').map((line) => JSON.parse(line) as object)).toMatchObject([{ time: 5.001, sourcetype: 'countersign:audit:ocsf', event: { class_uid: 6003, metadata: { uid: 'log/1' } } }, { time: 5.002 }]);
  });

  it('others get a list of OCSF events; what they cannot take now is tried again, what they never will is refused', async () => {
    const send = ocsfHttp(outgoing, url, 'log', async () => 'secret');
    expect(await send(records)).toBe('taken');
    expect(got.at(-1)!.authorization).toBe('Bearer secret');
    expect(JSON.parse(got.at(-1)!.body)).toHaveLength(2);
    for (status of [401, 403, 408, 429, 500, 503, 302]) await expect(send(records)).rejects.toThrow(String(status));
    for (status of [400, 413, 422]) expect(await send(records)).toBe('refused');
    await expect(ocsfHttp(createOutgoing({ allow: [] }), url, 'log', undefined)(records)).rejects.toThrow('not https');
  });

  it('syslog gets CEF, each message behind its length', async () => {
    expect(await cefSyslog(createAddressCheck({ allow: ['127.0.0.1'] }), { host: '127.0.0.1', port, tls: false }, 'log')(records)).toBe('taken');
    const text = lines.at(-1)!;
    const first = Number(text.split(' ', 1)[0]);
    const rest = text.slice(String(first).length + 1);
    expect(rest.slice(0, first)).toMatch(/^<133>1 1970-01-01T00:00:05\.001Z log countersign - 1 - CEF:0\|Countersign\|/);
    expect(rest.slice(first)).toMatch(/^\d+ <133>1 1970-01-01T00:00:05\.002Z/);
    await expect(cefSyslog(createAddressCheck({ allow: ['127.0.0.1'] }), { host: '127.0.0.1', port: 1, tls: false }, 'log')(records)).rejects.toThrow();
  });
});

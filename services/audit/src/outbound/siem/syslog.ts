import type { Address } from '@countersign/service-host';
import { connect } from 'node:net';
import type { Socket } from 'node:net';
import { connect as connectTls } from 'node:tls';
import type { SendBatch } from '../../app/deliver.ts';
import { toSyslog } from '../../core/siem/cef.ts';

const patienceMs = 10_000;

/**
 * CEF over syslog, over TCP or TLS. Syslog has no acknowledgement: `taken` means that the receiver closed the connection after ours without
 * an error, which is as much as it can say. One connection for each batch, so that a receiver that went away is noticed.
 */
export const cefSyslog = (addressOf: (where: URL) => Promise<Address>, to: { readonly host: string; readonly port: number; readonly tls: boolean }, origin: string): SendBatch => async (records) => {
  const { address, family } = await addressOf(new URL(`http://${to.host.includes(':') ? `[${to.host}]` : to.host}:${to.port}`));
  await new Promise<void>((done, failed) => {
    const socket: Socket = to.tls ? connectTls({ host: address, port: to.port, servername: to.host }) : connect({ host: address, port: to.port, family });
    socket.setTimeout(patienceMs, () => socket.destroy(new Error('the receiver of syslog does not answer')));
    socket.once(to.tls ? 'secureConnect' : 'connect', () => socket.end(records.map((record) => toSyslog(record, origin)).join('')));
    socket.once('error', failed).once('close', (broken) => { if (!broken) done(); });
    socket.resume();
  });
  return 'taken';
};

import { connect, createServer } from 'node:net';
import type { AddressInfo, Socket } from 'node:net';

/** A way to a server that can be shut: to whoever goes through it the server is gone, while it serves everybody else. */
export interface TcpGate {
  readonly port: number;
  /** Ends every connection at once and refuses new ones. */
  shut(): void;
  open(): void;
  close(): Promise<void>;
}

export const tcpGate = async (to: { readonly host: string; readonly port: number }): Promise<TcpGate> => {
  const sockets = new Set<Socket>();
  let shut = false;
  const server = createServer((client) => {
    if (shut) { client.destroy(); return; }
    const upstream = connect(to.port, to.host);
    for (const [one, other] of [[client, upstream], [upstream, client]] as const) {
      sockets.add(one);
      one.setNoDelay(true);
      one.on('error', () => other.destroy());
      one.on('close', () => { sockets.delete(one); other.destroy(); });
    }
    client.pipe(upstream);
    upstream.pipe(client);
  });
  await new Promise<void>((resolve) => { server.listen(0, '127.0.0.1', resolve); });
  const end = (): void => { for (const socket of sockets) socket.destroy(); };
  return {
    port: (server.address() as AddressInfo).port,
    shut: () => { shut = true; end(); },
    open: () => { shut = false; },
    close: () => new Promise((resolve) => { end(); server.close(() => resolve()); }),
  };
};

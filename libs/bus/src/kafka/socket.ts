import { connect as connectPlain, isIP } from 'node:net';
import type { Socket } from 'node:net';
import { connect as connectSecure } from 'node:tls';
import type { ConnectionOptions } from 'node:tls';

/**
 * kafkajs' own sockets leave Nagle's algorithm on: a request that does not fill its last segment waits for an acknowledgement that the broker delays,
 * up to 40 ms each time.
 */
export const socketFactory = ({ host, port, ssl, onConnect }: { host: string; port: number; ssl?: ConnectionOptions; onConnect: () => void }): Socket => {
  // Without TLS kafkajs hands over null, whatever its types say; `true` spreads to nothing.
  const socket = ssl
    ? connectSecure({ host, port, ...(isIP(host) === 0 ? { servername: host } : {}), ...ssl }, onConnect)
    : connectPlain({ host, port }, onConnect);
  socket.setNoDelay(true);
  socket.setKeepAlive(true, 60_000);
  return socket;
};

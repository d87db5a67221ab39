import type { AddressInfo } from 'node:net';
import { SMTPServer } from 'smtp-server';

/** A mail server on this machine, which speaks SMTP and keeps what it is sent. */
export interface Mailbox {
  readonly port: number;
  /** Mails as they came, without the line breaks of quoted-printable. */
  readonly mails: readonly string[];
  /** Answers every mail with this code from now on; undefined: takes them again. */
  refuseWith(code: number | undefined): void;
  close(): Promise<void>;
}

export const startMailbox = async (): Promise<Mailbox> => {
  const mails: string[] = [];
  let refuse: number | undefined;
  const smtp = new SMTPServer({
    disabledCommands: ['STARTTLS'], authOptional: true,
    onData: (stream, _session, done) => {
      const chunks: Buffer[] = [];
      stream.on('data', (chunk: Buffer) => chunks.push(chunk)).on('end', () => {
        if (refuse !== undefined) return done(Object.assign(new Error('no'), { responseCode: refuse }));
        mails.push(Buffer.concat(chunks).toString().replaceAll('=\r\n', '').replaceAll('=3D', '='));
        return done();
      });
    },
  });
  await new Promise<void>((resolve) => { smtp.listen(0, '127.0.0.1', () => resolve()); });
  return { port: (smtp.server.address() as AddressInfo).port, mails, refuseWith: (code) => { refuse = code; }, close: () => new Promise((resolve) => { smtp.close(() => resolve()); }) };
};

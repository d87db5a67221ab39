import { OutgoingFailed } from '@countersign/service-host';
import type { Channel } from '../../app/channels/ports.ts';
import { plainText } from '../../core/channels/plain-text.ts';

export interface EmailOptions {
  readonly id: string; readonly host: string; readonly port: number; readonly secure: boolean; readonly user: string | undefined; readonly password: string | undefined;
  readonly from: string; readonly to: readonly { readonly person: string; readonly address: string }[]; readonly tiers: readonly number[];
  /** The address to connect to, checked. */
  readonly addressOf: (host: string, port: number) => Promise<string>;
  /** A link to the page that names for whom it is; anybody still has to log in and sign there. */
  readonly linkFor: (link: string, approval: string, person: string) => string;
}

const isLoopback = (address: string): boolean => address === '::1' || address.startsWith('127.');

/** Mail by SMTP, as plain text: what is asked, and a signed link. Nothing is decided by a mail, by following its link, or by whoever reads along. */
export const createEmail = (options: EmailOptions): Channel => ({
  id: options.id, kind: 'email', tiers: options.tiers, recipients: { of: 'listed', people: options.to }, tellsEnded: false,
  show: async ({ card, recipient, ref, id }) => {
    if (ref !== null && card.state === 'open') return ref;
    const person = options.to.find(({ address }) => address === recipient)?.person;
    if (person === undefined) throw new OutgoingFailed('nobody is at this address any more', { permanent: true });
    const host = await options.addressOf(options.host, options.port);
    const { createTransport } = await import('nodemailer');
    const transport = createTransport({
      host, port: options.port, secure: options.secure, requireTLS: !options.secure && !isLoopback(host), ignoreTLS: !options.secure && isLoopback(host), tls: { servername: options.host },
      ...(options.user !== undefined && { auth: { user: options.user, pass: options.password ?? '' } }), connectionTimeout: 10_000, greetingTimeout: 10_000, socketTimeout: 20_000, disableFileAccess: true, disableUrlAccess: true,
    });
    const messageId = `<${card.approval}.${person}@countersign>`;
    try {
      await transport.sendMail({
        from: options.from, to: { name: '', address: recipient }, subject: `[Countersign] ${card.headline}`, text: plainText({ ...card, link: options.linkFor(card.link, card.approval, person) }, 100_000).text,
        ...(ref === null ? { messageId } : { inReplyTo: messageId, references: messageId }), headers: { 'Auto-Submitted': 'auto-generated', 'X-Countersign-Id': id },
      });
    } catch (error) {
      const { responseCode, message } = error as Error & { readonly responseCode?: number };
      throw new OutgoingFailed(`${options.host}: ${message}`, { permanent: responseCode !== undefined && responseCode >= 500, cause: error });
    } finally {
      transport.close();
    }
    return messageId;
  },
});

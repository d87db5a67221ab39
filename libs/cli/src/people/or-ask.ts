import type { ChangeView, PersonChange } from '@countersign/contracts';
import { Refused } from './client.ts';
import type { Client } from './client.ts';

/** Does it, or where it takes two people asks for it: the request that somebody else approves. */
export const orAsk = async <T>(client: Client, person: string, after: PersonChange, reason: string, attempt: () => Promise<T>): Promise<T | ChangeView> => {
  try { return await attempt(); } catch (error) {
    if (!(error instanceof Refused) || error.code !== 'change_review_required') throw error;
    return client.request<ChangeView>('registry', 'POST', '/changes', { subject: { kind: 'person', id: person }, after, reason });
  }
};

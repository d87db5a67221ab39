import type { Channel, ReadBack } from '../../app/channels/ports.ts';
import { plainText } from '../../core/channels/plain-text.ts';
import { basic, listOf } from './jira.ts';
import type { TicketOptions } from './jira.ts';
import { expectJson, expectOk, OutgoingFailed } from '@countersign/service-host';

const mostText = 3_900;
const decisions: Readonly<Record<string, 'approve' | 'deny'>> = { approved: 'approve', rejected: 'deny' };
const sysId = /^[0-9a-f]{32}$/;

/**
 * Change requests of ServiceNow through its Table API. Approvers are ServiceNow's own (sysapproval_approver); what they decided is read back
 * under our credential. An account is the sys_id of a user.
 */
export const createServiceNow = (options: TicketOptions): Channel => {
  const call = (method: 'GET' | 'POST' | 'PATCH', path: string, body?: object) => options.outgoing({
    method, url: `${options.api}/api/now/table/${path}`, headers: { authorization: basic(options.user, options.secret), 'content-type': 'application/json' }, ...(body !== undefined && { body: JSON.stringify(body) }),
  });
  return {
    id: options.id, kind: 'servicenow', tiers: options.tiers, recipients: { of: 'place' }, tellsEnded: false,
    show: async ({ card, ref }) => {
      if (ref !== null) {
        if (card.state !== 'open') expectOk(await call('PATCH', `change_request/${ref}`, { work_notes: card.headline }), 'ServiceNow');
        return ref;
      }
      const { result } = expectJson(await call('POST', 'change_request', { short_description: card.headline.slice(0, 160), description: plainText(card, mostText).text, correlation_id: card.approval, correlation_display: 'Countersign', approval: 'requested' }), 'ServiceNow');
      const made = (result as { sys_id?: unknown } | undefined)?.sys_id;
      if (typeof made !== 'string' || !sysId.test(made)) throw new OutgoingFailed('ServiceNow did not say which change it made');
      return made;
    },
    reads: {
      everyMs: options.pollMs,
      shownWhole: (card) => plainText(card, mostText).whole,
      read: async (ref) => {
        const { result } = expectJson(await call('GET', `sysapproval_approver?sysparm_query=sysapproval%3D${ref}&sysparm_fields=state%2Capprover&sysparm_exclude_reference_link=true&sysparm_limit=100`), 'ServiceNow');
        return listOf(result).flatMap(({ state, approver }): ReadBack[] => {
          const vote = decisions[String(state)];
          return typeof approver === 'string' && sysId.test(approver) && vote !== undefined ? [{ account: approver, vote }] : [];
        });
      },
    },
  };
};

import { timingSafeEqual } from 'node:crypto';

/** One call of a vendor's interface, and what the vendor says. */
export interface VendorCall { readonly method: string; /** With its query. */ readonly path: string; readonly authorization: string | undefined; readonly body: Readonly<Record<string, unknown>> }
export interface VendorAnswer { readonly status: number; readonly body?: object }

export interface Ticket {
  /** As it was made: JSON. */
  readonly text: string;
  /** What each account decided there, in the vendor's own word. */
  readonly decided: Map<string, string>;
  /** What was written to it afterwards. */
  readonly notes: string[];
  /** How often its approvals were read. */
  reads: number;
}
/** A ticket system; tickets by the vendor's key. */
export interface TicketSystem { readonly tickets: ReadonlyMap<string, Ticket>; answer(call: VendorCall): VendorAnswer }
export interface Account { readonly user: string; readonly secret: string }

const isBy = ({ user, secret }: Account, given = ''): boolean => {
  const expected = Buffer.from(`Basic ${Buffer.from(`${user}:${secret}`).toString('base64')}`);
  return given.length === expected.length && timingSafeEqual(Buffer.from(given), expected);
};
const unknown: VendorAnswer = { status: 404, body: { errorMessage: 'The resource does not exist.' } };

/** Jira Service Management as its REST API documents: a request is made, commented on, and its approvals are read. Without the account's Basic authentication: 401. */
export const jiraDesk = (account: Account): TicketSystem => {
  const tickets = new Map<string, Ticket>();
  return {
    tickets,
    answer: ({ method, path, authorization, body }) => {
      if (!isBy(account, authorization)) return { status: 401, body: { errorMessage: 'Client must be authenticated to access this resource.' } };
      if (method === 'POST' && path === '/rest/servicedeskapi/request') {
        const fields = body['requestFieldValues'] as { readonly summary?: unknown } | undefined;
        if (typeof body['serviceDeskId'] !== 'string' || typeof body['requestTypeId'] !== 'string' || typeof fields?.summary !== 'string' || fields.summary.length > 255) return { status: 400, body: { errorMessage: 'Please provide a summary of at most 255 characters.' } };
        const issueKey = `PAY-${tickets.size + 1}`;
        tickets.set(issueKey, { text: JSON.stringify(body), decided: new Map(), notes: [], reads: 0 });
        return { status: 201, body: { issueId: String(10_000 + tickets.size), issueKey } };
      }
      const [, key = '', what] = /^\/rest\/servicedeskapi\/request\/([A-Z]+-\d+)\/(comment|approval)(?:\?|$)/.exec(path) ?? [];
      const ticket = tickets.get(key);
      if (ticket === undefined) return unknown;
      if (method === 'POST' && what === 'comment') return { status: 201, body: { id: String(ticket.notes.push(String(body['body']))), body: body['body'], public: body['public'] } };
      if (method !== 'GET' || what !== 'approval') return unknown;
      ticket.reads++;
      const approvers = [...ticket.decided].map(([accountId, approverDecision]) => ({ approver: { accountId, displayName: accountId }, approverDecision }));
      return { status: 200, body: { size: 1, start: 0, limit: 50, isLastPage: true, values: [{ id: '1', name: 'Waiting for approval', finalDecision: 'pending', canAnswerApproval: false, approvers }] } };
    },
  };
};

/** ServiceNow's Table API as it is documented, of change_request and sysapproval_approver. */
export const serviceNowInstance = (account: Account): TicketSystem => {
  const tickets = new Map<string, Ticket>();
  return {
    tickets,
    answer: ({ method, path, authorization, body }) => {
      if (!isBy(account, authorization)) return { status: 401, body: { error: { message: 'User Not Authenticated', detail: 'Required to provide Auth information' }, status: 'failure' } };
      const { pathname, searchParams } = new URL(path, 'http://instance');
      if (method === 'POST' && pathname === '/api/now/table/change_request') {
        const id = (tickets.size + 1).toString(16).padStart(32, '0');
        tickets.set(id, { text: JSON.stringify(body), decided: new Map(), notes: [], reads: 0 });
        return { status: 201, body: { result: { ...body, sys_id: id, number: `CHG${String(30_000 + tickets.size).padStart(7, '0')}` } } };
      }
      if (method === 'GET' && pathname === '/api/now/table/sysapproval_approver') {
        const of = tickets.get(/^sysapproval=([0-9a-f]{32})$/.exec(searchParams.get('sysparm_query') ?? '')?.[1] ?? '');
        if (of !== undefined) of.reads++;
        return { status: 200, body: { result: [...of?.decided ?? []].map(([approver, state]) => ({ state, approver })) } };
      }
      const ticket = tickets.get(/^\/api\/now\/table\/change_request\/([0-9a-f]{32})$/.exec(pathname)?.[1] ?? '');
      if (method !== 'PATCH' || ticket === undefined) return { status: 404, body: { error: { message: 'No Record found', detail: 'Record doesn\'t exist or ACL restricts the record retrieval' }, status: 'failure' } };
      ticket.notes.push(String(body['work_notes']));
      return { status: 200, body: { result: { ...body } } };
    },
  };
};

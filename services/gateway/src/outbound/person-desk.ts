import type { ApprovalList, ApprovalView, EditApprovalRequest, EnrolPersonRequest, HaltRequest, PreApprovalView, RunDetail, RunList } from '@countersign/contracts';
import { parseStrictJson, signRelay } from '@countersign/identity';
import type { SigningKey } from '@countersign/identity';
import { CodedError } from '@countersign/service-host';

type Service = 'approvals' | 'supervision' | 'registry';
export interface DeskOptions { readonly approvalsUrl: string; readonly supervisionUrl: string; readonly registryUrl: string; readonly key: SigningKey; readonly now: () => number; readonly fetch?: typeof fetch }

/** What the pages read for somebody, and what they bring on that somebody has signed. The services' answers are read as they are typed; refusals come back with their codes. */
export const createPersonDesk = (options: DeskOptions) => {
  const urls: Readonly<Record<Service, string>> = { approvals: options.approvalsUrl, supervision: options.supervisionUrl, registry: options.registryUrl };
  const send = options.fetch ?? fetch;
  const ask = async <T>(service: Service, path: string, init: { readonly method: 'GET' | 'POST'; readonly authorization?: string; readonly body?: object }): Promise<T> => {
    const answer = await send(`${urls[service]}${path}`, {
      method: init.method, redirect: 'error', signal: AbortSignal.timeout(10_000),
      headers: { accept: 'application/json', ...(init.authorization !== undefined && { authorization: init.authorization }), ...(init.body !== undefined && { 'content-type': 'application/json' }) },
      ...(init.body !== undefined && { body: JSON.stringify(init.body) }),
    }).catch((cause: unknown) => { throw new CodedError('not_ready', `${service} does not answer: try again`, { status: 503, cause }); });
    const parsed = parseStrictJson(new Uint8Array(await answer.arrayBuffer()), { maxBytes: 8_388_608 });
    if (!parsed.ok) throw new CodedError('not_ready', `${service} answered ${answer.status} and no JSON`, { status: 503 });
    if (answer.ok) return parsed.value as T;
    const { code, detail } = parsed.value as { readonly code?: unknown; readonly detail?: unknown };
    throw new CodedError(typeof code === 'string' ? code : 'not_ready', String(detail ?? `${service} refused it`), { status: answer.status });
  };
  const read = <T>(person: string, service: Service, path: string): Promise<T> => ask<T>(service, path, { method: 'GET', authorization: `Relay ${signRelay(person, service, options.now(), options.key)}` });
  return {
    /** A page of what waits, the soonest end first; what waits in one run. */
    inbox: (person: string, after?: string) => read<ApprovalList>(person, 'approvals', `/approvals?status=open${after === undefined ? '' : `&after=${encodeURIComponent(after)}`}`),
    waitingIn: async (person: string, run: string) => (await read<ApprovalList>(person, 'approvals', `/approvals?status=open&run=${encodeURIComponent(run)}`)).approvals,
    approval: (person: string, approval: string) => read<ApprovalView>(person, 'approvals', `/approvals/${approval}`),
    runs: async (person: string) => (await read<RunList>(person, 'supervision', '/runs')).runs,
    run: (person: string, run: string) => read<RunDetail>(person, 'supervision', `/runs/${run}`),
    /** The vote authenticates itself. */
    vote: (approval: string, jws: string) => ask<ApprovalView>('approvals', `/approvals/${approval}/votes`, { method: 'POST', body: { jws } }),
    /** So do an edit and a question. */
    edit: (approval: string, body: EditApprovalRequest) => ask<ApprovalView>('approvals', `/approvals/${approval}/edits`, { method: 'POST', body }),
    ask: (approval: string, jws: string) => ask<ApprovalView>('approvals', `/approvals/${approval}/questions`, { method: 'POST', body: { jws } }),
    /** And what somebody agrees to beforehand. */
    preApprove: (jws: string) => ask<PreApprovalView>('approvals', '/pre-approvals', { method: 'POST', body: { jws } }),
    /** Under a login statement for supervision that the person signed for this. */
    halt: (login: string, body: HaltRequest) => ask<{ readonly halt: string }>('supervision', '/halts', { method: 'POST', authorization: `Bearer ${login}`, body }),
    enrol: (body: EnrolPersonRequest) => ask<{ readonly person: string }>('registry', '/people/enrol', { method: 'POST', body }),
  };
};
export type PersonDesk = ReturnType<typeof createPersonDesk>;

import type { ApprovalList, ApprovalView } from '@countersign/contracts';
import { CodedError } from '@countersign/service-host';
import type { ListFilter } from '../views/approvals.ts';

/** Requests on a page of a list. */
export const pageSize = 500;
/** Most that a page is, bytes of JSON: what reads it takes 8 MB at a time. */
const mostBytes = 4_194_304;

/** Where a page before ended, as its `next` says. Throws CodedError. */
export const placeOf = (after: string | undefined): ListFilter['after'] => {
  if (after === undefined) return undefined;
  const [, expiresAt, approval] = /^(\d{1,15})\.([\w.:~-]{1,128})$/.exec(after) ?? [];
  if (expiresAt === undefined || approval === undefined) throw new CodedError('invalid_request', 'after is the next of a page before', { status: 400 });
  return { expiresAt: Number(expiresAt), approval };
};

/** A page of what was found, at most `pageSize`. Agents choose how large their arguments are: what does not fit comes with the next page; each has one at least. */
export const pageOf = (found: readonly ApprovalView[], most = pageSize, bytes = mostBytes): ApprovalList => {
  let size = 0;
  const over = found.findIndex((one, i) => { size += Buffer.byteLength(JSON.stringify(one)); return i > 0 && size > bytes; });
  const approvals = over === -1 ? [...found] : found.slice(0, over);
  const last = over === -1 && found.length < most ? undefined : approvals.at(-1);
  return { approvals, next: last === undefined ? null : `${last.expiresAt}.${last.approval}` };
};

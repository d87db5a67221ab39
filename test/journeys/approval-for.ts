import { until } from '@countersign/spec/whole';
import type { Whole } from '@countersign/spec/whole';

export interface ShownApproval { readonly approval: string; readonly digest: string; readonly status: string; readonly quorum: number; readonly requesters: readonly string[] }

/** The approval that people are shown for an action, once it is there. */
export const approvalFor = (whole: Whole, action: string): Promise<ShownApproval> => until('people see the approval', async () => {
  const { body } = await whole.people.tess.call('approvals', 'GET', '/approvals?status=open');
  return (body['approvals'] as (ShownApproval & { action: string })[]).find((one) => one.action === action);
});

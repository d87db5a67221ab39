import { errors } from '@countersign/contracts';

/** HTTP status of a code, from contracts/errors.yaml; undefined for a code that is not in it. */
export const statusOfCode = (code: string): number | undefined => (Object.hasOwn(errors, code) ? errors[code as keyof typeof errors].status : undefined);

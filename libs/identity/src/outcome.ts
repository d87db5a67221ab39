/** What a check answers: never a boolean alone, so that a refusal can be recorded and explained. Codes are those of contracts/errors.yaml. */
export type Checked<T> = ({ readonly ok: true } & T) | Refusal;

export interface Refusal {
  readonly ok: false;
  readonly code: string;
  readonly detail: string;
}

export const refuse = (code: string, detail: string): Refusal => ({ ok: false, code, detail });

import type { PipeTransform } from '@nestjs/common';
import { CodedError } from './errors.ts';

/** A generated ajv validator. */
export interface Validate<T> {
  (value: unknown): value is T;
  errors?: readonly { readonly instancePath: string; readonly message?: string | undefined }[] | null | undefined;
}

/** `@Body(validated(validateX)) body: X`: refuses with `invalid_request` and the first three complaints. */
export const validated = <T>(validate: Validate<T>): PipeTransform<unknown, T> => ({
  transform: (value) => {
    if (validate(value)) return value;
    const why = (validate.errors ?? []).slice(0, 3).map((error) => `${error.instancePath || 'body'} ${error.message ?? 'is wrong'}`).join('; ');
    throw new CodedError('invalid_request', why || 'the body does not fit its schema');
  },
});

// A process of its own, so that the solver's memory goes with it. Each message is SMT-LIB, each answer what z3 prints.
import { init } from 'z3-solver';

interface Emscripten {
  readonly HEAPU8: Uint8Array;
  _malloc(bytes: number): number;
  _free(at: number): void;
  async_call(work: unknown, ...args: readonly number[]): Promise<string>;
  readonly _async_Z3_eval_smtlib2_string: unknown;
}

const { Z3, em } = await init() as { readonly Z3: Awaited<ReturnType<typeof init>>['Z3']; readonly em: Emscripten };
let context = Z3.mk_context(Z3.mk_config());

/**
 * The wrapper's own `eval_smtlib2_string` puts the text on the stack and gives that back before z3's thread has read it: under load z3 reads
 * something else. Here the text stays where it is until the answer has come.
 */
const evaluate = async (text: string): Promise<string> => {
  const bytes = Buffer.from(`${text}\0`, 'latin1');
  const at = em._malloc(bytes.length);
  try {
    em.HEAPU8.set(bytes, at);
    return await em.async_call(em._async_Z3_eval_smtlib2_string, context as unknown as number, at);
  } finally {
    em._free(at);
  }
};

process.on('message', ({ id, text, fresh }: { readonly id: number; readonly text: string; readonly fresh: boolean }) => {
  if (fresh) {
    Z3.del_context(context);
    context = Z3.mk_context(Z3.mk_config());
  }
  evaluate(text).then((said) => process.send!({ id, said }), (error: unknown) => process.send!({ id, error: String(error) }));
});
process.on('disconnect', () => process.exit(0));
process.send!({ ready: true });

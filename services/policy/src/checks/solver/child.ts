// A process of its own, so that the solver's memory goes with it. Each message is SMT-LIB, each answer what z3 prints.
import { init } from 'z3-solver';

const { Z3 } = await init();
let context = Z3.mk_context(Z3.mk_config());
process.on('message', ({ id, text, fresh }: { readonly id: number; readonly text: string; readonly fresh: boolean }) => {
  if (fresh) {
    Z3.del_context(context);
    context = Z3.mk_context(Z3.mk_config());
  }
  Z3.eval_smtlib2_string(context, text).then((said) => process.send!({ id, said }), (error: unknown) => process.send!({ id, error: String(error) }));
});
process.on('disconnect', () => process.exit(0));
process.send!({ ready: true });

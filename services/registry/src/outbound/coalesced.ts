/** One trip to the database for everything that was asked in the same turn of the event loop; what is asked later waits for no earlier answer and shares none. */
export const coalesced = <Ask, Answer>(ask: (asked: readonly Ask[]) => Promise<readonly Answer[]>, most = 500): ((one: Ask) => Promise<Answer>) => {
  let waiting: { readonly one: Ask; readonly resolve: (answer: Answer) => void; readonly reject: (error: unknown) => void }[] = [];
  const flush = (): void => {
    const all = waiting;
    waiting = [];
    for (let i = 0; i < all.length; i += most) {
      const batch = all.slice(i, i + most);
      ask(batch.map(({ one }) => one)).then((answers) => batch.forEach(({ resolve }, at) => resolve(answers[at]!)), (error: unknown) => batch.forEach(({ reject }) => reject(error)));
    }
  };
  return (one) => new Promise((resolve, reject) => {
    if (waiting.length === 0) setImmediate(flush);
    waiting.push({ one, resolve, reject });
  });
};

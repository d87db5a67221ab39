type Block = Readonly<Record<string, unknown>>;
interface Wrong { readonly error: string; readonly errors?: readonly string[] }

const textOf = (value: unknown): { readonly type?: unknown; readonly text?: unknown } => (typeof value === 'object' && value !== null ? value : {});
const elementsOf = (block: Block): readonly Block[] => (Array.isArray(block['elements']) ? block['elements'] as Block[] : []);

/** What Slack says of blocks beyond its limits (Block Kit reference): 50 blocks, texts of 3,000 and headers of 150 characters, 25 elements, button values of 2,000 and texts of 75. */
export const blocksFault = (blocks: unknown, text: unknown): Wrong | undefined => {
  if (blocks === undefined) return typeof text === 'string' && text !== '' ? undefined : { error: 'no_text' };
  if (!Array.isArray(blocks)) return { error: 'invalid_blocks_format' };
  if (blocks.length > 50) return { error: 'invalid_blocks', errors: ['no more than 50 items allowed'] };
  const errors = (blocks as readonly Block[]).flatMap((block, i) => faultsOf(block).map((fault) => `${fault} [json-pointer:/blocks/${i}]`));
  return errors.length > 0 ? { error: 'invalid_blocks', errors } : undefined;
};

const faultsOf = (block: Block): readonly string[] => {
  const tooLong = (value: unknown, most: number, kinds: readonly string[]): readonly string[] => {
    const { type, text } = textOf(value);
    if (typeof text !== 'string' || text.length === 0 || !kinds.includes(String(type))) return ['must be a text object with text'];
    return text.length > most ? [`must be less than ${most + 1} characters`] : [];
  };
  switch (block['type']) {
    case 'header': return tooLong(block['text'], 150, ['plain_text']);
    case 'section': return tooLong(block['text'], 3_000, ['plain_text', 'mrkdwn']);
    case 'context': return elementsOf(block).length > 10 ? ['no more than 10 items allowed'] : elementsOf(block).flatMap((element) => tooLong(element, 3_000, ['plain_text', 'mrkdwn']));
    case 'actions': return elementsOf(block).length > 25 ? ['no more than 25 items allowed'] : elementsOf(block).flatMap((element) => [
      ...(element['type'] === 'button' ? tooLong(element['text'], 75, ['plain_text']) : ['unsupported type']),
      ...(String(element['value'] ?? '').length > 2_000 ? ['value must be less than 2001 characters'] : []), ...(String(element['url'] ?? '').length > 3_000 ? ['url must be less than 3001 characters'] : []),
    ]);
    case 'divider': return [];
    default: return ['unsupported type'];
  }
};

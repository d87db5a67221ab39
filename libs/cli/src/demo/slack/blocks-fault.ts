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

/** What Slack says of a modal (views.open): title and submit of 24 characters, 100 blocks, a submit button where something is asked, private_metadata of 3,000 and callback_id of 255 characters. */
export const viewFault = (view: unknown): Wrong | undefined => {
  if (typeof view !== 'object' || view === null) return { error: 'invalid_arguments' };
  const { type, title, submit, blocks, private_metadata: metadata = '', callback_id: id = '' } = view as Block;
  if (type !== 'modal' || !Array.isArray(blocks)) return { error: 'invalid_arguments', errors: ['a modal has type, title and blocks'] };
  const short = (value: unknown): boolean => { const { type: kind, text } = textOf(value); return kind === 'plain_text' && typeof text === 'string' && text.length > 0 && text.length <= 24; };
  const errors = [
    ...(short(title) ? [] : ['title: plain text of 1 to 24 characters']), ...(submit === undefined || short(submit) ? [] : ['submit: plain text of 1 to 24 characters']), ...(blocks.length > 100 ? ['no more than 100 items allowed'] : []),
    ...(submit === undefined && (blocks as readonly Block[]).some((block) => block['type'] === 'input') ? ['submit is required when an input block is within the blocks array'] : []),
    ...(String(metadata).length > 3_000 ? ['private_metadata: no more than 3000 characters'] : []), ...(String(id).length > 255 ? ['callback_id: no more than 255 characters'] : []),
    ...(blocks as readonly Block[]).flatMap((block) => (block['type'] === 'input' ? inputFaults(block) : faultsOf(block))),
  ];
  return errors.length === 0 ? undefined : { error: 'invalid_arguments', errors };
};

const inputFaults = (block: Block): readonly string[] => {
  const label = textOf(block['label']), element = (block['element'] ?? {}) as Block;
  const [least, most] = [element['min_length'] ?? 0, element['max_length'] ?? 3_000] as [number, number];
  return [
    ...(label.type === 'plain_text' && typeof label.text === 'string' && label.text.length > 0 && label.text.length <= 2_000 ? [] : ['label: plain text of 1 to 2000 characters']),
    ...(element['type'] === 'plain_text_input' && typeof element['action_id'] === 'string' ? [] : ['element: a plain_text_input with its action_id']), ...(least >= 0 && least <= most && most <= 3_000 ? [] : ['min_length and max_length: 0 to 3000']),
  ];
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

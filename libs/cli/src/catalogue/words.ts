/**
 * How people ask for what tools do: beginnings of English words, by the verb and the nouns of a tool's name. General language, written
 * from a thesaurus and not from any recorded file; a tool whose words are not here is asked for by its own words.
 */
const families: readonly { readonly verbs: readonly string[]; /** Ask alone. */ readonly alone: readonly string[]; /** Ask only beside the object's noun. */ readonly beside: readonly string[] }[] = [
  { verbs: ['send', 'email', 'mail', 'message', 'notify', 'dm', 'reply', 'forward', 'respond', 'tell', 'contact', 'text', 'comment'], alone: ['send', 'sent', 'email', 'e mail', 'mail', 'messag', 'notif', 'write', 'tell', 'inform', 'reply', 'respon', 'answer', 'forward', 'contact', 'dm', 'text', 'share', 'ask', 'remind', 'announc', 'post', 'comment'], beside: [] },
  { verbs: ['post', 'publish', 'tweet', 'announce', 'upload', 'broadcast'], alone: ['post', 'publish', 'upload', 'announc', 'tweet', 'broadcast', 'put up', 'put online'], beside: ['share', 'put', 'add', 'write'] },
  { verbs: ['pay', 'transfer', 'refund', 'wire', 'remit', 'reimburse', 'donate', 'withdraw', 'deposit', 'charge'], alone: ['pay', 'paid', 'transfer', 'refund', 'reimburs', 'remit', 'wire', 'settl', 'donat', 'withdraw', 'deposit', 'charg'], beside: ['send', 'give', 'return', 'move', 'cover'] },
  { verbs: ['buy', 'purchase', 'order', 'checkout', 'subscribe'], alone: ['buy', 'purchas', 'order', 'check out', 'checkout', 'subscri'], beside: ['get', 'add', 'pick', 'place'] },
  { verbs: ['schedule', 'plan'], alone: ['schedul', 'recurr', 'arrang', 'set up', 'standing', 'regular', 'repeat', 'automat', 'subscri', 'autopay', 'plan'], beside: ['add', 'create', 'book', 'set', 'make', 'put', 'new', 'monthly', 'weekly', 'daily', 'yearly'] },
  { verbs: ['create', 'new', 'make', 'open', 'register', 'generate', 'start', 'write', 'save', 'draft'], alone: [], beside: ['creat', 'new', 'make', 'add', 'set', 'open', 'register', 'generat', 'start', 'write', 'save', 'draft', 'put', 'schedul', 'prepar', 'book', 'plan', 'log', 'file', 'invit', 'compil', 'produc', 'block'] },
  { verbs: ['update', 'change', 'edit', 'modify', 'set', 'rename', 'adjust', 'configure', 'correct', 'replace', 'reset', 'assign', 'enable', 'disable'], alone: ['renam'], beside: ['updat', 'chang', 'edit', 'modif', 'set', 'adjust', 'configur', 'correct', 'replac', 'reset', 'assign', 'rais', 'increas', 'reduc', 'lower', 'switch', 'move', 'moving', 'amend', 'fix', 'mark', 'enabl', 'disabl', 'new'] },
  { verbs: ['append', 'add', 'insert', 'attach', 'extend', 'put', 'include'], alone: ['append'], beside: ['add', 'insert', 'attach', 'extend', 'put', 'includ', 'write', 'updat', 'invit', 'bring', 'join'] },
  { verbs: ['delete', 'remove', 'cancel', 'drop', 'erase', 'archive', 'clear', 'revoke', 'close', 'kick', 'ban', 'unsubscribe', 'uninstall', 'terminate'], alone: ['unsubscri', 'uninstall', 'kick'], beside: ['delet', 'remov', 'cancel', 'drop', 'eras', 'archiv', 'clear', 'revok', 'clos', 'ban', 'clean', 'discard', 'trash', 'get rid', 'call off', 'terminat', 'end'] },
  { verbs: ['invite', 'onboard'], alone: ['invit', 'onboard'], beside: ['add', 'ask', 'bring', 'join'] },
  { verbs: ['share', 'grant', 'allow', 'permit', 'give'], alone: ['share', 'sharing', 'grant', 'access', 'permission'], beside: ['give', 'send', 'let', 'allow'] },
  { verbs: ['reserve', 'book', 'rent', 'hire'], alone: ['book', 'reserv'], beside: ['rent', 'hire', 'get', 'make'] },
  { verbs: ['reschedule', 'move', 'postpone', 'shift', 'copy'], alone: ['reschedul', 'postpon', 'push back', 'bring forward'], beside: ['mov', 'shift', 'chang', 'copy', 'copi', 'put', 'updat', 'delay'] },
  { verbs: ['merge', 'push', 'commit', 'deploy', 'release', 'run', 'execute', 'restart', 'submit', 'approve', 'accept', 'reject', 'confirm'], alone: ['merg', 'push', 'commit', 'deploy', 'releas', 'execut', 'restart', 'submit', 'approv', 'accept', 'reject', 'confirm'], beside: ['run', 'start', 'finish', 'complet', 'ship', 'take', 'declin'] },
];

const nouns: readonly (readonly string[])[] = [
  ['calendar', 'event', 'meeting', 'appointment', 'remind', 'invit', 'agenda', 'call', 'session'],
  ['participant', 'attend', 'guest', 'invit', 'member'],
  ['email', 'e mail', 'mail', 'message', 'inbox', 'newsletter', 'spam'],
  ['message', 'dm', 'chat', 'text', 'note'],
  ['file', 'document', 'doc', 'docx', 'pdf', 'txt', 'xlsx', 'csv', 'pptx', 'spreadsheet', 'sheet', 'folder', 'drive', 'list', 'note', 'report', 'slides', 'presentation', 'attachment'],
  ['transaction', 'payment', 'transfer', 'order', 'subscription', 'bill', 'invoice', 'rent', 'money', 'fee'],
  ['money', 'payment', 'amount', 'bill', 'invoice', 'fee', 'difference', 'rent', 'fund', 'euro', 'dollar', 'pound', 'back', 'eur', 'usd', 'gbp'],
  ['user', 'member', 'colleague', 'person', 'people', 'employee', 'contact', 'team', 'account', 'everyone', 'customer'],
  ['info', 'information', 'profile', 'account', 'detail', 'address', 'name', 'phone', 'data', 'preference', 'setting'],
  ['channel', 'group', 'room', 'workspace', 'team'],
  ['password', 'passcode', 'credential', 'pin', 'login'],
  ['webpage', 'website', 'page', 'site', 'blog', 'link', 'url', 'article', 'post'],
  ['issue', 'ticket', 'bug', 'task', 'case', 'todo', 'story'],
  ['repo', 'repository', 'branch', 'code', 'project', 'pull', 'merge', 'pr'],
  ['cart', 'basket', 'item', 'product', 'order', 'purchase'],
  ['reservation', 'booking', 'table', 'room', 'stay', 'trip'],
  ['hotel', 'room', 'accommodation', 'stay'], ['restaurant', 'table', 'dinner', 'lunch'], ['car', 'vehicle', 'rental'], ['flight', 'ticket', 'plane'],
  ['alarm', 'reminder', 'timer'], ['review', 'rating', 'feedback'], ['device', 'light', 'thermostat', 'door', 'lock', 'appliance'],
];

const small: ReadonlySet<string> = new Set(['to', 'from', 'in', 'of', 'for', 'by', 'on', 'with', 'and', 'the', 'a', 'an', 'id', 'direct', 'all', 'at']);

/** `send_directMessage` → send, direct, message; lower case, a plural's s dropped from nouns. */
export const wordsOfName = (tool: string): string[] =>
  tool.split('.').pop()!.replaceAll(/([a-z])([A-Z])/g, '$1_$2').toLowerCase().split(/[^a-z0-9]+/).filter((word) => word !== '');
export const singular = (noun: string): string => (noun.length > 3 && noun.endsWith('ies') ? `${noun.slice(0, -3)}y` : noun.length > 3 && /[^s]s$/.test(noun) ? noun.slice(0, -1) : noun);
export const verbOf = (tool: string): string => wordsOfName(tool)[0] ?? '';
export const nounsOf = (tool: string): string[] => wordsOfName(tool).slice(1).filter((word) => !small.has(word)).map(singular);

const stem = (word: string): string => (word.length > 4 && word.endsWith('e') ? word.slice(0, -1) : word.length > 5 && word.endsWith('y') ? word.slice(0, -1) : word);
const unique = (words: readonly string[]): string[] => [...new Set(words)];

/** The words by which an instruction asks for this tool; `acts` alone, `verbs` in one sentence with one of `objects`. */
export const askingFor = (tool: string): { readonly acts: readonly string[]; readonly verbs: readonly string[]; readonly objects: readonly string[] } => {
  const verb = verbOf(tool);
  const own = nounsOf(tool);
  const family = families.find((one) => one.verbs.includes(verb));
  const objects = unique([...own.map(stem), ...nouns.filter((synonyms) => own.some((noun) => synonyms.includes(noun))).flat()]);
  const alone = family?.alone ?? [stem(verb)];
  const beside = family?.beside ?? [];
  // Money is sent as words are: there the object tells which, so nothing asks alone but the words for paying.
  if (verb === 'send' && own.some((noun) => ['money', 'payment', 'fund'].includes(noun))) return { ...askingFor(`pay_${own.join('_')}`), objects };
  return { acts: alone, verbs: beside, objects: objects.length > 0 ? objects : [stem(verb)] };
};

/** Plurals by which an instruction speaks of several things of the kind that a tool takes, without naming them. */
export const pluralsOf = (tool: string): string[] => {
  const own = nounsOf(tool);
  return unique(nouns.filter((synonyms) => own.some((noun) => synonyms.includes(noun))).flat().filter((noun) => /^[a-z]{3,}$/.test(noun)).map((noun) => `${noun}s`));
};

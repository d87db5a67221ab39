export const queryUsage = `countersign audit query [--run R] [--agent A] [--action ID] [--tool T] [--person P] [--tier N] [--rule ID] [--decision D] [--outcome O]
    [--trace ID] [--type TYPE] [--from TIME] [--to TIME] [--text WORDS] [--after INDEX] [--limit N] [--as PERSON] [--json]`;
export const exportUsage = 'countersign audit export --run R | --from TIME --to TIME | (any condition of query) … --out DIR [--pack oversight] [--as PERSON] [--json]';
export const siemUsage = 'countersign audit export --format ocsf|cef --out FILE [any condition of query] [--filter FILE] [--resume] [--as PERSON] [--json]';
export const storyUsage = 'countersign audit story RUN [--html FILE] [--as PERSON] [--json]';

export const receiptUsage = 'countersign receipt get RUN ACTION [--round N] [--out FILE] [--as PERSON] [--json]\n    countersign receipt get 0198c0de-0000-7000-8000-000000000001 0198c0de-0000-7000-8000-000000000002 --out receipt.json\ncountersign receipt verify FILE --offline --key FILE|VKEY [--json]\n    countersign receipt verify receipt.json --offline --key known-key\n  The receipt of an action: what was decided, for whom, under which rules, what people said and what came of it, with proofs. verify needs nothing but the file and the log\'s key. What came with a reply itself (its receipt, or its grant) in a file verifies too, under policy\'s key: --key jwks.json.';
export const eraseUsage = 'countersign audit erase --run R | --person P --reason TEXT [--as PERSON] [--json]\n    countersign audit erase --person theo --reason "theo asked for it on 3 March"';
export const holdUsage = 'countersign audit hold all | run R | person P | agent A --reason TEXT [--as PERSON] [--json]\n    countersign audit hold person theo --reason "matter 12"';
export const releaseUsage = 'countersign audit release HOLD --reason TEXT [--as PERSON] [--json]\n    countersign audit release 3 --reason "matter 12 is settled"';
export const holdsUsage = 'countersign audit holds [--as PERSON] [--json]\n    countersign audit holds';

export const completenessUsage = 'countersign audit completeness [--as PERSON] [--json]';

export const auditUsage = `countersign audit verify [DIR | --url URL] [--key FILE|VKEY] [--witnesses FILE] [--offline] [--json]
countersign audit export DIR [--url URL]
${exportUsage}
${siemUsage}
    countersign audit export --format cef --tool payments.transfer --from 90d --out payments.cef
${queryUsage}
${storyUsage}
${completenessUsage}
${eraseUsage}
${holdUsage}
${releaseUsage}
${holdsUsage}
  Indented lines are examples.
  verify recomputes the signed root from every entry. Without DIR the log of the running Countersign.
  --key: the verifier key (name+hash+key) or a file with it; without it the key must be the one in this machine's own secrets folder (made at the first start). A key that only came with the record proves nothing: exit 1.
  --witnesses: a policy of your own (lines "witness NAME VKEY", "group …", "quorum …", as tessera and torchwood read them): exit 1 where not enough of them cosigned. Without it the policy that came with the record is asked, and the result says so.
  export DIR takes the whole public log home; with --out what fits a question, opened, with a proof of each entry, rules, keys and a page that says how to check it.
  --pack oversight adds human oversight of what was exported (EU AI Act, Article 14), counted out of the entries, as JSON and as a page: --tool payments.transfer --from 90d --pack oversight --out DIR.
  --format writes what a SIEM takes, one event a line (OCSF API Activity as JSON, or CEF), without arguments and texts; --filter names a JSON file as subscriptions have it ({"decisions": ["deny", "defer"], "minTier": 3}); --resume goes on behind the last whole line of the file, which is also how a later export adds what came since.
  query, story and export --out need the role auditor, operator or supervisor. TIME: 2026-11-21T14:00 (UTC), or 2h, 3d ago. WORDS as in a web search: words, "a phrase", -without.
  story tells a run in order, with every actor, decision, vote and outcome; --html writes it as one page that loads nothing.
  completeness says up to when everything is on the record, which runs were not closed by their runtime, lack a message or end unsigned, which services' streams have holes, and what audit noticed of it or found changed (gap, incident); exit 1 where something is missing.
  erase destroys the keys of what was said in a run, or on behalf of a person: entries and proofs stay, nobody reads it again. A legal hold refuses it (exit 1). Needs the role operator, like hold, release and holds.`;

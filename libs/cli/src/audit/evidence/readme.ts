import type { EvidenceManifest } from '@countersign/contracts';
import { inertLine } from '../../people/inert.ts';

/** What an auditor reads first. Says how to check everything without us, and what cannot be shown. */
export const readmeOf = (manifest: EvidenceManifest): string => `# Evidence out of the audit log ${manifest.origin}

Made ${manifest.made} by ${manifest.by}. Asked for: ${inertLine(manifest.question) || 'everything'}.
${manifest.entries.length} entries, ${manifest.entries.filter(({ opened }) => opened).length} of them with what was said in them, under a checkpoint of ${manifest.size} entries.

## What is here
- \`checkpoint\`: the signed head of the log (C2SP tlog-checkpoint), with the cosignatures of witnesses that it had. \`witness-policy\`, where it is here: whom the log asks; only a policy of your own (\`--witnesses FILE\`) says whose keys these are.
- \`entries/N.leaf\`: entry N, byte for byte as it was hashed. \`entries/N.tlog-proof\`: that it stands in the log under that checkpoint (C2SP tlog-proof).
- \`entries/N.payload\`, \`entries/N.salt\`: what was said, byte for byte; the entry's member \`payload\` is SHA-256("countersign/payload/v1", a zero byte, salt, payload) in base64url. An entry without them was erased or is past its time: the statement that says so is among the entries, and verifying fails where there is none.
- \`policy/\`: the rules that decided, version by version. \`keys/jwks.json\`: public keys of the services. ${manifest.files.some(({ path }) => path === 'story.json') ? '`story.json`, `story.html`: the run told in order, made from the payloads here.' : ''}
- \`manifest.json\` lists every file with its SHA-256; \`SHA256SUMS\` the same for \`sha256sum -c SHA256SUMS\`. Both are a convenience: they are not signed, and prove nothing that the checkpoint does not.

## Check it, without a network and without us
Get the log's key from somewhere else than this folder: \`verifier-key\` beside this page is what the exporter handed over, and a forger would hand over his own.
\`\`\`sh
countersign audit verify . --offline --key KEYFILE
\`\`\`
With tools that the makers of this log did not write (torchwood, built from pinned modules in \`test/verifiers\` of the source):
\`\`\`sh
printf 'log %s\\nquorum none\\n' "$(cat KEYFILE)" > policy.txt     # or with your witnesses and quorum
for leaf in entries/*.leaf; do verifiers proof policy.txt "$leaf" "\${leaf%.leaf}.tlog-proof" || echo "REFUSED $leaf"; done
\`\`\`
The whole log, not only these entries: \`countersign audit export DIR\`, then \`countersign audit verify DIR --offline\`, or tessera's \`fsck --storage_url=file://DIR/ --public_key=KEYFILE\`.
Votes are compact JWS (EdDSA) by the person's own key: member \`resolved.votes[].jws\` of a decision; its \`digest\` is what the person was shown.

## What this proves, and what it cannot
- Proves that these entries were in the log when the checkpoint was signed, and that they, and the words opened here, were not changed since.
- Does not prove that all that fits the question is here: the question was answered by an index. Of a run, records missing between others are noticed: they are counted. To see that nothing is missing, verify the whole log; its dense positions show holes.
- Does not prove that a run ended with the last record here where its end is not among them, nor that nobody voted where no vote is here. The signatures of votes are checked where the registry's entries with the voters' keys are here; the result says how many were.
- Does not prove that whoever runs the log cannot have signed another history for somebody else: compare the checkpoint with one of your own, or with a witness.
- Does not prove that what was never submitted to the log did not happen, that the service's key was not stolen, nor anything about the time after the last witness signed.
- Words of agents and tools are evidence that they said so, not that it is true.
${manifest.missing.length > 0 ? `- Missing: ${manifest.missing.map(inertLine).join('; ')}.\n` : ''}`;

import { operationOf, severityOf } from './record.ts';
import type { SiemRecord } from './record.ts';

const oneLine = (text: string): string => text.toWellFormed().replaceAll(/[\p{Cc}\p{Cf}\u2028\u2029]/gu, ' ');
/** In the header `\` and `|` end a field. */
const header = (text: string): string => oneLine(text).replaceAll(/[\\|]/g, (sign) => `\\${sign}`);
/** In the extension `\` and `=` mean something; a line break would begin another event. */
const value = (text: string): string => oneLine(text).replaceAll(/[\\=]/g, (sign) => `\\${sign}`);

/** CEF severities of ours: 0 to 10. */
const severities = { 1: 2, 2: 4, 3: 6, 4: 9 } as const;

/** One entry as an ArcSight CEF:0 line. */
export const toCef = (record: SiemRecord, origin: string): string => {
  const operation = operationOf(record);
  const extension: Readonly<Record<string, string | number | null | undefined>> = {
    rt: record.at, externalId: record.index, dvchost: origin, cat: record.type, act: record.decision, outcome: record.outcome, reason: record.code, suser: record.people[0], sproc: record.agent, request: record.tool,
    ...(record.run !== null && { cs1Label: 'run', cs1: record.run }), ...(record.action !== null && { cs2Label: 'action', cs2: record.action }),
    ...(record.rules.length > 0 && { cs3Label: 'rules', cs3: record.rules.join(' ') }), ...(record.trace !== null && { cs4Label: 'trace', cs4: record.trace }), ...(record.tier !== null && { cn1Label: 'tier', cn1: record.tier }),
  };
  const pairs = Object.entries(extension).filter(([, one]) => one !== null && one !== undefined).map(([name, one]) => `${name}=${value(String(one))}`);
  return `CEF:0|Countersign|Countersign|1|${header(operation)}|${header([record.agent, operation, record.tool].filter((part) => part !== null).join(' '))}|${severities[severityOf(record)]}|${pairs.join(' ')}`;
};

/** local0.notice (RFC 5424): what security auditing is usually routed by. */
const priority = 16 * 8 + 5;

/** The line as a syslog message (RFC 5424) with its length before it (RFC 6587, octet counting): no line break can end it early. */
export const toSyslog = (record: SiemRecord, origin: string): string => {
  const host = origin.replaceAll(/[^\x21-\x7e]/g, '-').slice(0, 255) || '-';
  const message = `<${priority}>1 ${new Date(record.at).toISOString()} ${host} countersign - ${record.index} - ${toCef(record, origin)}`;
  return `${utf8Length(message)} ${message}`;
};

/** Bytes in UTF-8; the core has no Buffer. */
const utf8Length = (text: string): number => {
  let bytes = 0;
  for (const sign of text) {
    const point = sign.codePointAt(0)!;
    bytes += point < 0x80 ? 1 : point < 0x800 ? 2 : point < 0x10000 ? 3 : 4;
  }
  return bytes;
};

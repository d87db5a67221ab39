interface Record_ { readonly line: number; readonly fields: Readonly<Record<string, string>> | string }

/** RFC 4180 with a heading: quoted fields may hold commas, quotes ("") and line breaks. A record with the wrong number of fields is named, not guessed at. */
export const parseStaffCsv = (text: string): readonly Record_[] => {
  const [heading, ...records] = cells(text);
  const names = heading?.cells.map((name) => name.trim().toLowerCase()) ?? [];
  for (const needed of ['person', 'name']) if (!names.includes(needed)) throw new Error(`the heading has no column ${needed}`);
  return records.map(({ line, cells: values }) => ({
    line, fields: values.length === names.length ? Object.fromEntries(names.map((name, i) => [name, values[i]!.trim()])) : `has ${values.length} fields where the heading has ${names.length}`,
  }));
};

const cells = (text: string): readonly { readonly line: number; readonly cells: readonly string[] }[] => {
  const records: { line: number; cells: string[] }[] = [];
  let line = 1, start = 1, row: string[] = [], cell = '', quoted = false;
  const end = (): void => {
    row.push(cell);
    if (row.length > 1 || row[0]!.trim() !== '') records.push({ line: start, cells: row });
    row = []; cell = ''; start = line + 1;
  };
  for (let i = 0; i < text.length; i++) {
    const c = text[i]!;
    if (quoted) {
      if (c === '"' && text[i + 1] === '"') { cell += '"'; i++; } else if (c === '"') quoted = false; else cell += c;
    } else if (c === '"' && cell.trim() === '') { quoted = true; cell = ''; } else if (c === ',') { row.push(cell); cell = ''; } else if (c === '\n') end();
    else if (c !== '\r') cell += c;
    if (c === '\n') line++;
  }
  if (cell !== '' || row.length > 0) end();
  return records;
};

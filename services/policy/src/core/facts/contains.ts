const short = 24;

/** `text.includes(part)` in time that grows with both lengths and not with their product (Knuth, Morris, Pratt): whoever writes both may choose them badly. */
export const contains = (text: string, part: string): boolean => {
  if (part.length <= short) return text.includes(part);
  if (part.length > text.length) return false;
  const back = new Int32Array(part.length);
  for (let i = 1, k = 0; i < part.length; i++) {
    while (k > 0 && part.charCodeAt(i) !== part.charCodeAt(k)) k = back[k - 1]!;
    if (part.charCodeAt(i) === part.charCodeAt(k)) k++;
    back[i] = k;
  }
  for (let i = 0, k = 0; i < text.length; i++) {
    const at = text.charCodeAt(i);
    while (k > 0 && at !== part.charCodeAt(k)) k = back[k - 1]!;
    if (at === part.charCodeAt(k) && ++k === part.length) return true;
  }
  return false;
};

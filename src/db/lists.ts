// pg writes a list as an array's text, quoting its elements one by one, and Postgres takes the quotes off again. For thousands of rows at
// a time that costs as much as a third of adding them.

/** Texts, none empty and none with a line feed, as one text for `string_to_array($n, E'\n')`. */
export function joinedTexts(texts: readonly string[]): string {
  return texts.join('\n');
}

/** Numbers, dates and other values whose texts need no quotes, as one text for an array. */
export function plainArray(values: readonly (number | bigint | string)[]): string {
  return `{${values.join(',')}}`;
}

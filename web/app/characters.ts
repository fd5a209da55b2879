/**
 * The server counts characters. JavaScript and HTML count an emoji as two or more.
 * @returns how many characters there are in the text
 */
export function charactersIn(text: string): number {
  return [...text].length;
}

/** `November 20, 2026`, or `Friday, November 20, 2026`: as GitLab's gateway tells prompts the date. */
export function spelledDate(nowMs: number, options: { readonly weekday?: boolean } = {}): string {
  const dateStyle = options.weekday === true ? 'full' : 'long'
  return new Intl.DateTimeFormat('en-US', { dateStyle, timeZone: 'UTC' }).format(nowMs)
}
